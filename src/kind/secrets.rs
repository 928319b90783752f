//! Where are the secrets?

use async_trait::async_trait;
use landfall_core::value::{Plain, SecretRef};

use crate::cloud::Trouble;

/// Where the secrets are. Only [`Context::secret`] and its siblings reach it.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The secret's text; `None` where it was never entered.
    async fn get(&self, reference: &SecretRef) -> Result<Option<Plain>, Trouble>;
    /// Keeps a secret (a value made or replaced by a step).
    async fn put(&self, reference: &SecretRef, secret: Plain) -> Result<(), Trouble>;
    /// Forgets a secret that is of no use any more.
    async fn forget(&self, reference: &SecretRef) -> Result<(), Trouble>;
    /// Whether they are still there in a later run: only then may it be their only place.
    fn lasts(&self) -> bool {
        true
    }
}
