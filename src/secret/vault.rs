//! The vault of one install: secrets by reference, learnt by the mask as they pass.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, RwLock},
    time::Duration,
};

use async_trait::async_trait;
use landfall_core::{
    event::Problem,
    plan::InstallId,
    value::{Mask, Plain, SecretRef},
};

use super::{Store, file::VaultFile, keyring::Keyring, session::Session};
use crate::{cloud::Trouble, kind::Secrets};

/// A locked keyring hangs for ever; after this it counts as locked.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why a secret cannot be kept or read. No variant ever holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultTrouble {
    /// There is no keyring here.
    #[error("there is no OS keyring here ({0})")]
    NoKeyring(String),
    /// It is locked.
    #[error("the OS keyring is locked or does not answer ({0})")]
    Locked(String),
    /// The passphrase does not open the file.
    #[error("the passphrase does not open the vault file")]
    WrongPassphrase,
    /// The vault file needs a passphrase and none was given.
    #[error("the vault file needs its passphrase")]
    NeedsPassphrase,
    /// A file cannot be read or written.
    #[error("{0}: {1}")]
    Disk(String, String),
    /// What is there is not a vault.
    #[error("the vault cannot be used: {0}")]
    Broken(String),
    /// `LANDFALL_VAULT` is wrong.
    #[error("LANDFALL_VAULT is keyring, session or file:<path>[?passphrase-file=<path>], not {0:?}")]
    Setting(String),
}

impl From<VaultTrouble> for Trouble {
    fn from(trouble: VaultTrouble) -> Self {
        let (code, fix) = match &trouble {
            VaultTrouble::NoKeyring(_) | VaultTrouble::Locked(_) => (
                "VAULT-KEYRING",
                "Unlock it, or choose another place:\n$ export LANDFALL_VAULT=file:$HOME/.local/state/landfall/vault.age\n$ export LANDFALL_VAULT=session",
            ),
            VaultTrouble::WrongPassphrase | VaultTrouble::NeedsPassphrase => (
                "VAULT-PASSPHRASE",
                "Enter the passphrase it was made with, or name a file that holds it: file:<path>?passphrase-file=<path>",
            ),
            VaultTrouble::Disk(..) => ("VAULT-DISK", "Make room or correct the file's rights."),
            VaultTrouble::Broken(_) => {
                ("VAULT-BROKEN", "Put a copy back in its place, or move it away and enter the secrets again.")
            }
            VaultTrouble::Setting(_) => ("SETTING-WRONG", "Correct LANDFALL_VAULT, or unset it."),
        };
        Problem::new(code, trouble.to_string(), fix).into()
    }
}

/// Where secrets are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The OS keyring.
    Keyring,
    /// A passphrase-encrypted file; its passphrase may stand in another file.
    File {
        /// The vault file.
        path: PathBuf,
        /// A file that holds its passphrase.
        passphrase_file: Option<PathBuf>,
    },
    /// Only this session.
    Session,
}

impl Place {
    /// What `LANDFALL_VAULT` says; the keyring where it says nothing.
    pub fn from_setting(setting: Option<&str>) -> Result<Self, VaultTrouble> {
        match setting {
            None | Some("keyring") => Ok(Self::Keyring),
            Some("session") => Ok(Self::Session),
            Some(text) => {
                let rest = text.strip_prefix("file:").ok_or_else(|| VaultTrouble::Setting(text.to_owned()))?;
                let (path, passphrase_file) = match rest.split_once('?') {
                    None => (rest, None),
                    Some((path, query)) => {
                        let file = query
                            .strip_prefix("passphrase-file=")
                            .ok_or_else(|| VaultTrouble::Setting(text.to_owned()))?;
                        (path, Some(PathBuf::from(file)))
                    }
                };
                Ok(Self::File { path: path.into(), passphrase_file })
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyring => f.write_str("the OS keyring"),
            Self::File { path, .. } => write!(f, "the encrypted file {}", path.display()),
            Self::Session => f.write_str("this session only"),
        }
    }
}

/// The vault of one install.
#[derive(Clone)]
pub struct Vault {
    store: Arc<dyn Store>,
    place: Place,
    prefix: String,
    mask: Arc<RwLock<Mask>>,
    visible: Arc<dyn Fn(&SecretRef) -> bool + Send + Sync>,
}

impl Vault {
    /// Opens a place. `passphrase` is for a file without a passphrase file.
    pub async fn open(
        place: Place,
        install: &InstallId,
        mask: Arc<RwLock<Mask>>,
        passphrase: Option<Plain>,
    ) -> Result<Self, VaultTrouble> {
        let opened = place.clone();
        let store = patiently(
            move || -> Result<Arc<dyn Store>, VaultTrouble> {
                Ok(match &opened {
                    Place::Keyring => Arc::new(Keyring::open()?),
                    Place::Session => Arc::new(Session::default()),
                    Place::File { path, passphrase_file } => {
                        let (passphrase, machine_made) = match (passphrase, passphrase_file) {
                            (Some(passphrase), _) => (passphrase, false),
                            (None, Some(file)) => {
                                let text = std::fs::read_to_string(file).map_err(|error| {
                                    VaultTrouble::Disk(file.display().to_string(), error.to_string())
                                })?;
                                (Plain::new(text.trim_end_matches(['\n', '\r']).to_owned()), true)
                            }
                            (None, None) => return Err(VaultTrouble::NeedsPassphrase),
                        };
                        Arc::new(VaultFile::open(path, &passphrase, machine_made)?)
                    }
                })
            },
            place == Place::Keyring,
        )
        .await?;
        Ok(Self { store, place, prefix: format!("{install}/"), mask, visible: Arc::new(|_| false) })
    }

    /// The same vault, told which fields are not secret in themselves (user names): the mask leaves those alone.
    #[must_use]
    pub fn knowing(mut self, visible: impl Fn(&SecretRef) -> bool + Send + Sync + 'static) -> Self {
        self.visible = Arc::new(visible);
        self
    }

    /// Where its secrets are.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The secret; `None` where there is none. The mask learns it.
    pub async fn read(&self, reference: &SecretRef) -> Result<Option<Plain>, VaultTrouble> {
        let (store, name) = (self.store.clone(), self.name(reference));
        let secret = patiently(move || store.get(&name), self.place == Place::Keyring).await?;
        if let Some(secret) = &secret {
            self.learn(reference, secret);
        }
        Ok(secret)
    }

    /// Keeps a secret. The mask learns it first.
    pub async fn keep(&self, reference: &SecretRef, secret: Plain) -> Result<(), VaultTrouble> {
        self.learn(reference, &secret);
        let (store, name) = (self.store.clone(), self.name(reference));
        patiently(move || store.put(&name, &secret), self.place == Place::Keyring).await
    }

    /// Forgets a secret.
    pub async fn forget(&self, reference: &SecretRef) -> Result<(), VaultTrouble> {
        let (store, name) = (self.store.clone(), self.name(reference));
        patiently(move || store.remove(&name), self.place == Place::Keyring).await
    }

    fn name(&self, reference: &SecretRef) -> String {
        format!("{}{reference}", self.prefix)
    }

    fn learn(&self, reference: &SecretRef, secret: &Plain) {
        if (self.visible)(reference) {
            return;
        }
        if let Ok(mut mask) = self.mask.write() {
            mask.learn(&reference.to_string(), secret);
        }
    }
}

/// Runs a call that may block; one that may hang gets a thread nobody waits for longer than [`PATIENCE`].
async fn patiently<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, VaultTrouble> + Send + 'static,
    may_hang: bool,
) -> Result<T, VaultTrouble> {
    let (sender, heard) = tokio::sync::oneshot::channel();
    // Not spawn_blocking: a hung keyring would keep the runtime from ending.
    std::thread::Builder::new()
        .name("vault".into())
        .spawn(move || {
            let _ = sender.send(call());
        })
        .map_err(|error| VaultTrouble::Broken(error.to_string()))?;
    let stopped = || VaultTrouble::Broken("its thread stopped".into());
    if may_hang {
        match tokio::time::timeout(PATIENCE, heard).await {
            Ok(answer) => answer.map_err(|_| stopped())?,
            Err(_) => Err(VaultTrouble::Locked("no answer in 3 s".into())),
        }
    } else {
        heard.await.map_err(|_| stopped())?
    }
}

#[async_trait]
impl Secrets for Vault {
    async fn get(&self, reference: &SecretRef) -> Result<Option<Plain>, Trouble> {
        Ok(self.read(reference).await?)
    }

    async fn put(&self, reference: &SecretRef, secret: Plain) -> Result<(), Trouble> {
        Ok(self.keep(reference, secret).await?)
    }

    async fn forget(&self, reference: &SecretRef) -> Result<(), Trouble> {
        Ok(Self::forget(self, reference).await?)
    }

    fn lasts(&self) -> bool {
        self.place != Place::Session
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_names_a_place() {
        assert_eq!(Place::from_setting(None).unwrap(), Place::Keyring);
        let file = Place::from_setting(Some("file:/x/v.age?passphrase-file=/x/p")).unwrap();
        assert_eq!(file, Place::File { path: "/x/v.age".into(), passphrase_file: Some("/x/p".into()) });
        assert!(Place::from_setting(Some("keychain")).is_err());
    }

    #[tokio::test]
    async fn what_passes_through_the_vault_is_masked_from_then_on() {
        let mask = Arc::new(RwLock::new(Mask::default()));
        let vault = Vault::open(Place::Session, &InstallId::random(), mask.clone(), None).await.unwrap();
        let reference = SecretRef::field("postgres", "password");
        vault.keep(&reference, Plain::new("canary-word".into())).await.unwrap();
        assert_eq!(mask.read().unwrap().hide("login canary-word"), "login <secret postgres.password>");
        assert_eq!(vault.read(&reference).await.unwrap().unwrap().reveal(), "canary-word");
        vault.forget(&reference).await.unwrap();
        assert!(vault.read(&reference).await.unwrap().is_none());
    }
}
