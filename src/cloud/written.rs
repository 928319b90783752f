//! Files on this machine that a step writes: whose are they, and is what stands there still what was written?

use std::path::Path;

use landfall_core::{
    event::{Owner, Problem},
    plan::InstallId,
};
use sha2::{Digest, Sha256};

use super::{Trouble, private};

const OURS: &str = "Written by Landfall, install ";

/// The line that says whose a file is; nothing where its format has no comments.
pub fn mark(path: &Path, install: &InstallId) -> String {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("tf" | "tfvars" | "hcl" | "yaml" | "yml" | "conf" | "env" | "sh" | "ini" | "toml") => {
            format!("# {OURS}{install}. What is changed here by hand is shown before it is overwritten.\n")
        }
        _ => String::new(),
    }
}

/// Whose a file's text is.
pub fn owner(text: &str, install: &InstallId) -> Owner {
    let first = text.lines().next().unwrap_or_default();
    match first.strip_prefix("# ").and_then(|line| line.strip_prefix(OURS)) {
        Some(rest) => {
            let id = rest.split('.').next().unwrap_or(rest);
            if id == install.as_str() { Owner::Ours } else { Owner::Other(format!("Landfall's install {id}")) }
        }
        None => Owner::Unmarked,
    }
}

/// A text's digest.
pub fn digest(text: &str) -> String {
    format!("{:x}", Sha256::digest(text.as_bytes()))
}

/// Reads a file; none where there is none.
pub fn read(path: &Path) -> Result<Option<String>, Trouble> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(path, &error)),
    }
}

/// Writes a file only its owner may read, and the folders above it.
pub fn write(path: &Path, text: &str) -> Result<(), Trouble> {
    let folder = path.parent().unwrap_or(Path::new("."));
    make_folder(folder).and_then(|()| private::replace(path, text.as_bytes())).map_err(|error| unusable(path, &error))
}

/// Makes a folder that only its owner may enter, where it is not there.
pub fn make_folder(folder: &Path) -> std::io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// Removes a file, and the folder it was in where nothing else is there.
pub fn remove(path: &Path) -> Result<(), Trouble> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(unusable(path, &error)),
        _ => {}
    }
    if let Some(folder) = path.parent() {
        // It stays where something else is in it.
        let _ = std::fs::remove_dir(folder);
    }
    Ok(())
}

/// What cannot be read or written.
pub fn unusable(path: &Path, error: &dyn std::fmt::Display) -> Trouble {
    Problem::new(
        "FILE-UNUSABLE",
        format!("{} cannot be read or written", path.display()),
        "Correct the path, the rights of its folder, or free some space; then start again.",
    )
    .why(error.to_string())
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_whose_it_is() {
        let (ours, other) = (InstallId::of("abc"), InstallId::of("xyz"));
        let text = format!("{}a = 1\n", mark(Path::new("main.tf"), &ours));
        assert_eq!(owner(&text, &ours), Owner::Ours);
        assert_eq!(owner(&text, &other), Owner::Other("Landfall's install abc".into()));
        assert_eq!(owner("a = 1\n", &ours), Owner::Unmarked);
        assert_eq!(mark(Path::new("policy.json"), &ours), "");
    }
}
