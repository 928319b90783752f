//! Which helm of this install is at work? A file beside the journal names its process and the revision it makes, so that a
//! later run knows one that was left behind.

use std::path::{Path, PathBuf};

use crate::cloud::{outlived, process};

/// Where it is written down which helm changes a release: its process id and the revision.
pub fn mark(folder: &Path, release: &str) -> PathBuf {
    outlived::mark(folder, "helm", release)
}

/// Whether the helm that this install started, now or in an earlier run, still works on this revision of a release; none
/// where somebody else's did.
pub fn at_work(folder: &Path, release: &str, revision: i64) -> Option<bool> {
    let (pid, known) = marked(folder, release)?;
    (known == revision).then(|| process::alive(pid, release))
}

/// The revision that a helm of this install makes at this moment.
pub fn working_on(folder: &Path, release: &str) -> Option<i64> {
    let (pid, revision) = marked(folder, release)?;
    process::alive(pid, release).then_some(revision)
}

fn marked(folder: &Path, release: &str) -> Option<(u32, i64)> {
    let text = std::fs::read_to_string(mark(folder, release)).ok()?;
    let (pid, revision) = text.trim().split_once(' ')?;
    Some((pid.parse().ok()?, revision.parse().ok()?))
}

/// Removes the temporary folders of runs that are over, unless a helm they left behind may still read there.
pub fn sweep(folder: &Path) {
    let names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let mut releases = names.iter().filter_map(|name| name.strip_prefix("helm-")?.strip_suffix(".pid"));
    if releases.any(|release| working_on(folder, release).is_some()) {
        return;
    }
    outlived::sweep(folder, "helm-");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_helm_that_was_left_behind_reads_stays_as_long_as_it_works() {
        let folder = tempfile::tempdir().unwrap();
        // No process has this number; this one's command line names the program under test.
        let (left, ours) = (folder.path().join("helm-4194999-a"), mark(folder.path(), "landfall"));
        std::fs::create_dir(&left).unwrap();
        std::fs::write(&ours, format!("{} 2", std::process::id())).unwrap();
        assert_eq!(working_on(folder.path(), "landfall"), Some(2));
        assert_eq!((at_work(folder.path(), "landfall", 2), at_work(folder.path(), "landfall", 1)), (Some(true), None));
        sweep(folder.path());
        assert!(left.exists());
        std::fs::write(&ours, "4194999 2").unwrap();
        assert_eq!((working_on(folder.path(), "landfall"), at_work(folder.path(), "landfall", 2)), (None, Some(false)));
        sweep(folder.path());
        assert!(!left.exists());
    }
}
