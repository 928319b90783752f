//! Where are the secrets? In the OS keyring; where there is none, in a passphrase-encrypted file or only in this session,
//! never silently one for the other.
//!
//! [`Vault`] is what the engine and the wizard see; [`sources`] is how a secret comes in.

mod file;
mod keyring;
mod session;
pub mod sources;
mod vault;

pub use vault::{Place, Vault, VaultTrouble};

use landfall_core::value::Plain;

/// A place that keeps secrets by name. Calls may block: the vault makes them on a thread of their own.
pub(crate) trait Store: Send + Sync {
    /// The secret; `None` where there is none.
    fn get(&self, name: &str) -> Result<Option<Plain>, VaultTrouble>;
    /// Keeps it, in place of one of the same name.
    fn put(&self, name: &str, secret: &Plain) -> Result<(), VaultTrouble>;
    /// Forgets it; no error where there is none.
    fn remove(&self, name: &str) -> Result<(), VaultTrouble>;
}
