//! Only this session: gone when the program ends.

use std::{collections::BTreeMap, sync::Mutex};

use landfall_core::value::Plain;

use super::{Store, VaultTrouble};

/// Secrets in memory.
#[derive(Default)]
pub(super) struct Session(Mutex<BTreeMap<String, Plain>>);

impl Session {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Plain>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Store for Session {
    fn get(&self, name: &str) -> Result<Option<Plain>, VaultTrouble> {
        Ok(self.lock().get(name).cloned())
    }

    fn put(&self, name: &str, secret: &Plain) -> Result<(), VaultTrouble> {
        self.lock().insert(name.to_owned(), secret.clone());
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), VaultTrouble> {
        self.lock().remove(name);
        Ok(())
    }
}
