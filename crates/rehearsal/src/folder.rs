//! A rehearsal's folder: what is put there before it starts.

use std::{
    io,
    path::{Component, Path, PathBuf},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::tools;

/// The folder; a temporary one goes away with it.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    // Held for its Drop.
    _temporary: Option<TempDir>,
}

impl Folder {
    /// A new temporary folder, or this one.
    pub fn open(path: Option<PathBuf>) -> io::Result<Self> {
        let (path, temporary) = match path {
            Some(path) => (path, None),
            None => {
                let temporary = tempfile::Builder::new().prefix("landfall-rehearsal-").tempdir()?;
                (temporary.path().to_owned(), Some(temporary))
            }
        };
        private_folder(&path)?;
        // Tools find the folder from wherever they are called.
        let folder = Self { path: path.canonicalize()?, _temporary: temporary };
        for inside in ["bin", "kube", "aws", "state"] {
            private_folder(&folder.path.join(inside))?;
        }
        Ok(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Something inside.
    pub fn join(&self, inside: &str) -> PathBuf {
        self.path.join(inside)
    }

    /// Writes a file that only its owner can read; `inside` may not lead out of the folder.
    pub fn write(&self, inside: &str, content: impl AsRef<[u8]>) -> io::Result<PathBuf> {
        if !Path::new(inside).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(io::Error::other(format!("{inside:?} leads out of the rehearsal's folder")));
        }
        let path = self.path.join(inside);
        if let Some(parent) = path.parent() {
            private_folder(parent)?;
        }
        std::fs::write(&path, content)?;
        private_file(&path)?;
        Ok(path)
    }

    /// Puts links to the program into `bin`, under the names of the tools that it stands in for.
    pub fn link_tools(&self, program: &Path, names: &[&str]) -> io::Result<()> {
        for name in names {
            let link = self.path.join("bin").join(name);
            match std::fs::remove_file(&link) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => link_to(program, &link)?,
            }
        }
        Ok(())
    }

    /// The text with `{{ rehearsal }}` replaced by the folder.
    pub fn named_in(&self, text: &str) -> String {
        let path = self.path.to_string_lossy();
        text.replace("{{ rehearsal }}", &path).replace("{{rehearsal}}", &path)
    }

    /// The value with `{{ rehearsal }}` replaced in all its strings.
    pub fn named_in_all(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.named_in(text)),
            Value::Array(items) => Value::Array(items.iter().map(|item| self.named_in_all(item)).collect()),
            Value::Object(map) => {
                Value::Object(map.iter().map(|(key, item)| (key.clone(), self.named_in_all(item))).collect())
            }
            other => other.clone(),
        }
    }

    /// Writes what tools need to know.
    pub fn mark(&self, place: &tools::place::Place) -> io::Result<()> {
        self.write(tools::place::MARKER, serde_json::to_vec_pretty(place)?).map(drop)
    }
}

#[cfg(unix)]
fn private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir_all(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
}

#[cfg(unix)]
fn private_file(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

#[cfg(unix)]
fn link_to(program: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(program, link)
}

#[cfg(not(unix))]
fn private_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

#[cfg(not(unix))]
fn private_file(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn link_to(program: &Path, link: &Path) -> io::Result<()> {
    std::fs::copy(program, link.with_extension("exe")).map(drop)
}
