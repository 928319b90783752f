//! What is in a zip archive? It is looked through before anything of it is written: nothing may lead out of its folder.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, Read},
    path::{Component, Path, PathBuf},
};

use landfall_core::event::Problem;
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::Trouble;

/// More than this nobody delivers as configuration.
const LARGEST: u64 = 512 << 20;

/// An archive whose entries were looked at.
pub struct Archive {
    /// SHA-256 of the file.
    pub digest: String,
    /// Its files: path inside, size, checksum.
    pub files: Vec<Entry>,
    zip: ZipArchive<File>,
}

/// A file in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Path inside.
    pub path: PathBuf,
    /// Size once unpacked.
    pub size: u64,
    index: usize,
}

impl Archive {
    /// Opens it and looks at every entry.
    pub fn open(path: &Path) -> Result<Self, Trouble> {
        let digest = digest(path).map_err(|error| unreadable(path, &error))?;
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        let mut zip = ZipArchive::new(file).map_err(|error| unreadable(path, &error))?;
        let mut files = Vec::new();
        let mut total = 0_u64;
        for index in 0..zip.len() {
            let entry = zip.by_index(index).map_err(|error| unreadable(path, &error))?;
            let name = entry.name().map_err(|error| unreadable(path, &error))?.into_owned();
            let inside = inside(&name).filter(|_| !entry.is_symlink()).ok_or_else(|| escapes(path, &name))?;
            total = total.saturating_add(entry.size());
            if entry.is_file() {
                files.push(Entry { path: inside, size: entry.size(), index });
            }
        }
        if total > LARGEST {
            return Err(Problem::new(
                "ARCHIVE-LARGE",
                format!("{} would unpack to {} MB", path.display(), total >> 20),
                "Ask who sent it whether it is the right file.",
            )
            .into());
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { digest, files, zip })
    }

    /// Whether it holds a file, or a folder with something in it, of that name.
    pub fn holds(&self, name: &str) -> bool {
        let name = Path::new(name.trim_end_matches('/'));
        self.files.iter().any(|entry| entry.path.starts_with(name))
    }

    /// Writes everything into a folder that is empty.
    pub fn unpack(&mut self, into: &Path) -> io::Result<()> {
        for entry in self.files.clone() {
            let target = into.join(&entry.path);
            if let Some(parent) = target.parent() {
                std::fs::create_dir_all(parent)?;
            }
            // A size that was lied about must not fill the disk.
            let mut from = self.zip.by_index(entry.index).map_err(io::Error::other)?.take(entry.size + 1);
            let written = io::copy(&mut from, &mut File::create_new(&target)?)?;
            if written != entry.size {
                return Err(io::Error::other(format!("{} is not as long as it says", entry.path.display())));
            }
        }
        Ok(())
    }

    /// Files that are missing in a folder or differ there.
    pub fn differing(&mut self, folder: &Path) -> Vec<PathBuf> {
        let mut differing = Vec::new();
        for entry in self.files.clone() {
            let there = std::fs::read(folder.join(&entry.path)).ok();
            let mut wanted = Vec::new();
            let read = self.zip.by_index(entry.index).ok().map(|file| file.take(entry.size).read_to_end(&mut wanted));
            if !matches!(read, Some(Ok(_))) || there.as_ref() != Some(&wanted) {
                differing.push(entry.path);
            }
        }
        differing
    }

    /// Files in a folder that are not of it.
    pub fn further(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let plain = |path: &Path| -> PathBuf {
            path.components().filter(|part| matches!(part, Component::Normal(_))).collect()
        };
        let known: BTreeSet<PathBuf> = self.files.iter().map(|file| plain(&file.path)).collect();
        let mut further = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in std::fs::read_dir(&next)? {
                let path = entry?.path();
                let inside = path.strip_prefix(folder).unwrap_or(&path).to_owned();
                if path.is_dir() && !path.is_symlink() {
                    folders.push(path);
                } else if !known.contains(&inside) {
                    further.push(inside);
                }
            }
        }
        Ok(further)
    }
}

/// An entry's path, where it stays inside the folder.
fn inside(name: &str) -> Option<PathBuf> {
    let plain = |part: &Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    let path = Path::new(name);
    (!name.is_empty() && !name.contains(['\\', '\0', ':']) && path.components().all(|part| plain(&part)))
        .then(|| path.to_owned())
}

/// SHA-256 of a file.
pub fn digest(path: &Path) -> io::Result<String> {
    let mut digest = Sha256::new();
    io::copy(&mut File::open(path)?, &mut digest)?;
    Ok(format!("{:x}", digest.finalize()))
}

/// Checks what was expected of it.
pub fn expected(path: &Path, archive: &Archive, sha256: Option<&str>, holds: &[String]) -> Result<(), Problem> {
    if let Some(wanted) = sha256.map(str::trim).filter(|wanted| !wanted.is_empty())
        && !wanted.eq_ignore_ascii_case(&archive.digest)
    {
        return Err(Problem::new(
            "ARCHIVE-DIGEST",
            format!("{} is not the file that was announced", path.display()),
            "Fetch it again, and compare the digest with who sent it over another channel.",
        )
        .why(format!("Its SHA-256 is {}, announced was {wanted}.", archive.digest)));
    }
    let missing: Vec<&str> = holds.iter().map(String::as_str).filter(|name| !archive.holds(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Problem::new(
        "ARCHIVE-INCOMPLETE",
        format!("{} holds no {}", path.display(), missing.join(", ")),
        "Check that it is the right archive, and that it was not packed inside another folder.",
    ))
}

fn escapes(path: &Path, entry: &str) -> Trouble {
    Problem::new(
        "ARCHIVE-ESCAPES",
        format!("{} holds {entry:?}, which leads out of its folder or is a link", path.display()),
        "Do not use it. Ask who sent it for an archive of plain files.",
    )
    .into()
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> Trouble {
    Problem::new(
        "ARCHIVE-UNREADABLE",
        format!("{} cannot be read as a zip archive", path.display()),
        "Check the path; fetch it again if it is not complete.",
    )
    .why(error.to_string())
    .into()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    fn packed(entries: &[(&str, &str)]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut zip = ZipWriter::new(file.reopen().unwrap());
        for (name, text) in entries {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
        file
    }

    #[test]
    fn what_is_in_it_is_unpacked_and_compared() {
        let file = packed(&[("main.tf", "# a"), ("modules/agent/main.tf", "# b")]);
        let mut archive = Archive::open(file.path()).unwrap();
        assert!(archive.holds("modules/") && archive.holds("main.tf") && !archive.holds("outputs.tf"));
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(archive.differing(folder.path()).len(), 2);
        archive.unpack(folder.path()).unwrap();
        assert!(archive.differing(folder.path()).is_empty());
        assert!(archive.further(folder.path()).unwrap().is_empty());
        std::fs::write(folder.path().join("modules/agent/notes.md"), "mine").unwrap();
        assert_eq!(archive.further(folder.path()).unwrap(), [Path::new("modules/agent/notes.md")]);
        std::fs::write(folder.path().join("main.tf"), "# by hand").unwrap();
        assert_eq!(archive.differing(folder.path()), [Path::new("main.tf")]);
    }

    #[test]
    fn an_entry_that_leads_out_is_refused_before_anything_is_written() {
        for name in ["../outside", "/etc/passwd", "a/../../outside"] {
            let file = packed(&[("main.tf", ""), (name, "")]);
            let refused = Archive::open(file.path()).map(drop).unwrap_err();
            assert_eq!(refused.problem().code, "ARCHIVE-ESCAPES", "{name}");
        }
    }

    #[test]
    fn another_file_than_announced_is_refused() {
        let file = packed(&[("main.tf", "")]);
        let archive = Archive::open(file.path()).unwrap();
        let told =
            |sha: Option<&str>, holds: &[String]| expected(file.path(), &archive, sha, holds).map_err(|p| p.code);
        assert_eq!(told(Some(&archive.digest.to_uppercase()), &["main.tf".into()]), Ok(()));
        assert_eq!(told(Some("00"), &[]), Err("ARCHIVE-DIGEST".into()));
        assert_eq!(told(None, &["outputs.tf".into()]), Err("ARCHIVE-INCOMPLETE".into()));
    }
}
