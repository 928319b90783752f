//! What does a child leave in the install's folder that may outlive this program? A mark with its process id, what it said,
//! and the homes of runs that are over, whose files may hold secrets.

use std::{
    io,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::process;

/// Where the process id of the `tool` that works for `id` is written down, first in its line.
pub fn mark(keep: &Path, tool: &str, id: &str) -> PathBuf {
    keep.join(format!("{tool}-{id}.pid"))
}

/// The folder that it writes to what it says.
pub fn said(keep: &Path, tool: &str, id: &str) -> PathBuf {
    keep.join(format!("{tool}-{id}.said"))
}

/// What it has said so far; empty where nothing is there.
pub fn heard(keep: &Path, tool: &str, id: &str) -> String {
    std::fs::read_to_string(said(keep, tool, id).join("said.out")).unwrap_or_default()
}

/// Puts both away.
pub fn put_away(keep: &Path, tool: &str, id: &str) {
    let _ = std::fs::remove_file(mark(keep, tool, id));
    let _ = std::fs::remove_dir_all(said(keep, tool, id));
}

/// A folder for one run of the tool, which goes with it; those of runs that are over go now.
pub fn home(keep: &Path, tool: &str) -> io::Result<TempDir> {
    let prefix = format!("{tool}-home-");
    sweep(keep, &prefix);
    std::fs::create_dir_all(keep)?;
    tempfile::Builder::new().prefix(&format!("{prefix}{}-", std::process::id())).tempdir_in(keep)
}

/// Removes the folders called after this prefix and a process of ours (`<prefix><pid>-…`) that is over.
pub fn sweep(keep: &Path, prefix: &str) {
    for entry in std::fs::read_dir(keep).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let pid = name.strip_prefix(prefix).and_then(|rest| rest.split_once('-')).and_then(|(pid, _)| pid.parse().ok());
        if pid.is_some_and(|pid: u32| pid != std::process::id() && !process::alive(pid, "")) {
            // What cannot be removed now is tried again next time.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_of_runs_that_are_over_go_and_our_own_stays() {
        let keep = tempfile::tempdir().unwrap();
        // No process has this number: the kernel's highest is 4194304.
        let over = keep.path().join("eksctl-home-4294967294-x");
        let others = keep.path().join("terraform-home-4294967294-x");
        std::fs::create_dir(&over).unwrap();
        std::fs::create_dir(&others).unwrap();
        let first = home(keep.path(), "eksctl").unwrap();
        assert!(!over.exists() && others.exists());
        let second = home(keep.path(), "eksctl").unwrap();
        assert!(first.path().exists() && second.path().exists());
    }
}
