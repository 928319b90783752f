//! Are two secrets equal? Answered by a keyed fingerprint, so that what is written down tells nothing about a secret.

use std::{io, path::Path};

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::{Trouble, private};

/// A key of one install; made on first use, kept in its folder.
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The install's key.
    pub fn of(folder: &Path) -> Result<Self, Trouble> {
        let path = folder.join("fingerprint.key");
        let unusable = |error: &dyn std::fmt::Display| private::folder_unusable(&path, error);
        for _ in 0..2 {
            match std::fs::read(&path) {
                Ok(bytes) => match bytes.try_into() {
                    Ok(key) => return Ok(Self(key)),
                    Err(_) => std::fs::remove_file(&path).map_err(|error| unusable(&error))?,
                },
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(unusable(&error)),
            }
            let mut key = [0; 32];
            key[..16].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
            key[16..].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
            std::fs::create_dir_all(folder).map_err(|error| unusable(&error))?;
            match private::create(&path, &key) {
                Ok(()) => return Ok(Self(key)),
                // Another task was quicker: its key counts.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(unusable(&error)),
            }
        }
        Err(unusable(&"it changes while it is read"))
    }

    /// A secret's fingerprint.
    pub fn mark(&self, secret: &[u8]) -> String {
        let mut mac = match Hmac::<Sha256>::new_from_slice(&self.0) {
            Ok(mac) => mac,
            // HMAC takes keys of every length.
            Err(_) => return String::new(),
        };
        mac.update(secret);
        mac.finalize().into_bytes().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether two secrets are equal.
    pub fn same(&self, one: &[u8], other: &[u8]) -> bool {
        self.mark(one) == self.mark(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_the_installs_own_and_stays_the_same() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let first = Fingerprint::of(one.path()).unwrap();
        let again = Fingerprint::of(one.path()).unwrap();
        let other = Fingerprint::of(two.path()).unwrap();
        assert_eq!(first.mark(b"hunter2"), again.mark(b"hunter2"));
        assert_ne!(first.mark(b"hunter2"), other.mark(b"hunter2"));
        assert!(first.same(b"a", b"a") && !first.same(b"a", b"a\n"));
    }

    #[cfg(unix)]
    #[test]
    fn the_key_is_nobody_elses_to_read() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        Fingerprint::of(folder.path()).unwrap();
        let mode = std::fs::metadata(folder.path().join("fingerprint.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
