//! A file only a passphrase opens: `<path>.key` holds a key encrypted with the passphrase, `<path>` the secrets encrypted
//! to that key, so that the slow passphrase work is done once a session.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    iter,
    path::{Path, PathBuf},
    sync::Mutex,
};

use age::{
    scrypt,
    secrecy::{ExposeSecret, SecretString},
    x25519,
};
use landfall_core::value::Plain;
use zeroize::Zeroizing;

use super::{Store, VaultTrouble};

/// An open vault file.
pub(super) struct VaultFile {
    path: PathBuf,
    key: x25519::Identity,
    secrets: Mutex<BTreeMap<String, Plain>>,
}

impl VaultFile {
    /// Opens the file, or makes it where there is none. `machine_made` passphrases (from a file) get a light work factor:
    /// they are as strong as that file's rights, not as a person's memory.
    pub(super) fn open(path: &Path, passphrase: &Plain, machine_made: bool) -> Result<Self, VaultTrouble> {
        let key_path = key_path(path);
        let secret = || SecretString::from(passphrase.reveal().to_owned());
        let key = if key_path.exists() {
            let text = read(&key_path)?;
            let mut identity = scrypt::Identity::new(secret());
            identity.set_max_work_factor(22);
            let opened = age::decrypt(&identity, &text).map_err(|error| match error {
                age::DecryptError::DecryptionFailed | age::DecryptError::KeyDecryptionFailed => {
                    VaultTrouble::WrongPassphrase
                }
                error => VaultTrouble::Broken(format!("{}: {error}", key_path.display())),
            })?;
            let opened = Zeroizing::new(opened);
            std::str::from_utf8(&opened)
                .ok()
                .and_then(|text| text.trim().parse().ok())
                .ok_or_else(|| VaultTrouble::Broken(format!("{} holds no key", key_path.display())))?
        } else {
            let key = x25519::Identity::generate();
            let mut recipient = scrypt::Recipient::new(secret());
            if machine_made {
                recipient.set_work_factor(12);
            }
            let text = key.to_string();
            let sealed = age::encrypt(&recipient, text.expose_secret().as_bytes())
                .map_err(|error| VaultTrouble::Broken(error.to_string()))?;
            write(&key_path, &sealed)?;
            key
        };
        let secrets = if path.exists() {
            let opened = age::decrypt(&key, &read(path)?)
                .map_err(|error| VaultTrouble::Broken(format!("{}: {error}", path.display())))?;
            let opened = Zeroizing::new(opened);
            let plain: BTreeMap<String, String> = serde_json::from_slice(&opened)
                .map_err(|_| VaultTrouble::Broken(format!("{} is not a vault", path.display())))?;
            plain.into_iter().map(|(name, secret)| (name, Plain::new(secret))).collect()
        } else {
            BTreeMap::new()
        };
        Ok(Self { path: path.to_owned(), key, secrets: Mutex::new(secrets) })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Plain>> {
        self.secrets.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn save(&self, secrets: &BTreeMap<String, Plain>) -> Result<(), VaultTrouble> {
        let plain: BTreeMap<&str, &str> =
            secrets.iter().map(|(name, secret)| (name.as_str(), secret.reveal())).collect();
        let text =
            Zeroizing::new(serde_json::to_vec(&plain).map_err(|_| VaultTrouble::Broken("not serialisable".into()))?);
        let recipient = self.key.to_public();
        let mut sealed = Vec::new();
        let encryptor = age::Encryptor::with_recipients(iter::once(&recipient as &dyn age::Recipient))
            .map_err(|error| VaultTrouble::Broken(error.to_string()))?;
        let disk = |error: std::io::Error| VaultTrouble::Disk(self.path.display().to_string(), error.to_string());
        let mut writer = encryptor.wrap_output(&mut sealed).map_err(disk)?;
        writer.write_all(&text).map_err(disk)?;
        writer.finish().map_err(disk)?;
        write(&self.path, &sealed)
    }
}

impl Store for VaultFile {
    fn get(&self, name: &str) -> Result<Option<Plain>, VaultTrouble> {
        Ok(self.lock().get(name).cloned())
    }

    fn put(&self, name: &str, secret: &Plain) -> Result<(), VaultTrouble> {
        let mut secrets = self.lock();
        secrets.insert(name.to_owned(), secret.clone());
        self.save(&secrets)
    }

    fn remove(&self, name: &str) -> Result<(), VaultTrouble> {
        let mut secrets = self.lock();
        if secrets.remove(name).is_some() { self.save(&secrets) } else { Ok(()) }
    }
}

fn key_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".key");
    path.with_file_name(name)
}

fn read(path: &Path) -> Result<Vec<u8>, VaultTrouble> {
    fs::read(path).map_err(|error| VaultTrouble::Disk(path.display().to_string(), error.to_string()))
}

/// Written whole or not at all, and readable by nobody else from its first byte.
fn write(path: &Path, bytes: &[u8]) -> Result<(), VaultTrouble> {
    let disk = |error: std::io::Error| VaultTrouble::Disk(path.display().to_string(), error.to_string());
    // Only the mode is set, which is Unix's.
    #[cfg_attr(not(unix), expect(unused_mut))]
    let mut options = atomic_write_file::OpenOptions::new();
    #[cfg(unix)]
    {
        use atomic_write_file::unix::OpenOptionsExt;
        use std::os::unix::fs::OpenOptionsExt as _;
        options.preserve_mode(false);
        options.mode(0o600);
    }
    let mut file = options.open(path).map_err(disk)?;
    file.write_all(bytes).map_err(disk)?;
    file.commit().map_err(disk)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vault_file_opens_again_with_its_passphrase_only_and_shows_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.age");
        let passphrase = Plain::new("correct horse".into());
        let vault = VaultFile::open(&path, &passphrase, true).unwrap();
        vault.put("a/b", &Plain::new("canary-123".into())).unwrap();
        drop(vault);
        let bytes = fs::read(&path).unwrap();
        assert!(!bytes.windows(10).any(|window| window == b"canary-123"));
        let again = VaultFile::open(&path, &passphrase, true).unwrap();
        assert_eq!(again.get("a/b").unwrap().unwrap().reveal(), "canary-123");
        let wrong = VaultFile::open(&path, &Plain::new("wrong".into()), true);
        assert!(matches!(wrong.err(), Some(VaultTrouble::WrongPassphrase)));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            for file in [path.clone(), key_path(&path)] {
                assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
            }
        }
    }

    #[test]
    fn a_cut_vault_file_is_a_clear_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.age");
        let passphrase = Plain::new("x".into());
        VaultFile::open(&path, &passphrase, true).unwrap().put("a", &Plain::new("b".into())).unwrap();
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        assert!(matches!(VaultFile::open(&path, &passphrase, true).err(), Some(VaultTrouble::Broken(_))));
    }
}
