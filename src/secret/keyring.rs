//! The OS keyring: Secret Service, macOS keychain, Windows credential manager.

use std::sync::Arc;

use keyring_core::{CredentialStore, Entry, Error};
use landfall_core::value::Plain;

use super::{Store, VaultTrouble};

/// Under this name all items stand.
const SERVICE: &str = "landfall";

/// The store of this system.
pub(super) struct Keyring(Arc<CredentialStore>);

impl Keyring {
    /// Opens it; any error means that there is none here. May hang where it is locked: call it on a thread of its own.
    pub(super) fn open() -> Result<Self, VaultTrouble> {
        store().map(Self).map_err(|error| VaultTrouble::NoKeyring(error.to_string()))
    }

    fn entry(&self, name: &str) -> Result<Entry, VaultTrouble> {
        self.0.build(SERVICE, name, None).map_err(|error| trouble(&error))
    }
}

#[cfg(target_os = "linux")]
fn store() -> Result<Arc<CredentialStore>, Error> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

#[cfg(target_os = "macos")]
fn store() -> Result<Arc<CredentialStore>, Error> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(target_os = "windows")]
fn store() -> Result<Arc<CredentialStore>, Error> {
    Ok(windows_native_keyring_store::Store::new()?)
}

#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "windows")))]
fn store() -> Result<Arc<CredentialStore>, Error> {
    Err(Error::NoDefaultStore)
}

impl Store for Keyring {
    fn get(&self, name: &str) -> Result<Option<Plain>, VaultTrouble> {
        match self.entry(name)?.get_password() {
            Ok(secret) => Ok(Some(Plain::new(secret))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(trouble(&error)),
        }
    }

    fn put(&self, name: &str, secret: &Plain) -> Result<(), VaultTrouble> {
        self.entry(name)?.set_password(secret.reveal()).map_err(|error| trouble(&error))
    }

    fn remove(&self, name: &str) -> Result<(), VaultTrouble> {
        match self.entry(name)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(trouble(&error)),
        }
    }
}

fn trouble(error: &Error) -> VaultTrouble {
    match error {
        Error::NoStorageAccess(error) => VaultTrouble::Locked(error.to_string()),
        // The other variants' texts name the item, never its content; BadEncoding carries bytes and is not shown.
        Error::BadEncoding(_) | Error::BadDataFormat(..) => VaultTrouble::Broken("an item is not text".into()),
        error => VaultTrouble::Broken(error.to_string()),
    }
}
