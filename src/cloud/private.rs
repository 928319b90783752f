//! Files nobody else may read.

use std::{
    io::{self, Write},
    path::Path,
};

use landfall_core::event::Problem;

use super::Trouble;

/// Creates a file only its owner may read, all at once; an error if it is there already.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Temporary files are made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(bytes)?;
    file.persist_noclobber(path).map(drop).map_err(|error| error.error)
}

/// Creates or replaces a file only its owner may read, all at once.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(bytes)?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// Keeps a file only its owner may read.
pub fn keep_private(path: &Path, bytes: &[u8]) -> Result<(), Trouble> {
    replace(path, bytes).map_err(|error| folder_unusable(path, &error))
}

/// A folder of the install, or a file in it, that cannot be read or written.
pub fn folder_unusable(path: &Path, error: &dyn std::fmt::Display) -> Trouble {
    Problem::new(
        "FOLDER-UNUSABLE",
        format!("{} cannot be used", path.display()),
        "Free some space, or make the folder yours again; then start again.",
    )
    .why(error.to_string())
    .into()
}
