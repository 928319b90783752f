//! What does a terraform leave that was killed, or is still at work for an earlier run?

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use landfall_core::event::Waiting;
use serde_json::Value;

use super::{Lock, NAME, PROVIDERS, Progress, UNSAVED, outlived, process, written};

/// Whether a lock is of a terraform of ours that is no longer at work: it was taken when that one began. What is left of a
/// run says nothing of a lock that somebody took weeks later.
pub fn left_behind(keep: &Path, id: &str, lock: &Lock) -> bool {
    let Ok(text) = std::fs::read_to_string(outlived::mark(keep, NAME, id)) else { return false };
    let begun = text.split_whitespace().nth(1).and_then(|at| at.parse::<Timestamp>().ok());
    begun.zip(lock.since).is_some_and(|(begun, since)| taken_by(begun, since)) && at_work(keep, id).is_none()
}

/// Whether a run that began then took a lock of that time. It reads the plan and opens the backend first.
fn taken_by(begun: Timestamp, since: Timestamp) -> bool {
    (SignedDuration::from_mins(-1)..=SignedDuration::from_mins(5)).contains(&since.duration_since(begun))
}

/// Whether terraform could not save the state (a session that expired meanwhile) and left it in the folder.
pub fn unsaved(folder: &Path) -> bool {
    folder.join(UNSAVED).exists()
}

/// Puts away what a terraform that was killed left in the install's folder.
pub fn put_away(keep: &Path, id: &str) {
    outlived::put_away(keep, NAME, id);
}

/// Puts away what terraform left in a folder once all is destroyed: what it fetched, and a state in which nothing is any
/// more (the one before it still holds secrets). What cannot be removed does no harm. The lock file of the providers, which
/// people commit, goes only where this install (`keep`) brought it.
pub fn clear(folder: &Path, keep: &Path) {
    let _ = std::fs::remove_dir_all(folder.join(".terraform"));
    let own = own_providers(keep, folder);
    if own.exists() {
        let _ = std::fs::remove_file(folder.join(PROVIDERS));
        let _ = std::fs::remove_file(own);
    }
    let state = folder.join("terraform.tfstate");
    let text = std::fs::read_to_string(&state).unwrap_or_default();
    let tree: Value = serde_json::from_str(&text).unwrap_or_default();
    if tree["resources"].as_array().is_some_and(Vec::is_empty) {
        let _ = std::fs::remove_file(&state);
        let _ = std::fs::remove_file(folder.join("terraform.tfstate.backup"));
    }
}

/// Tells that the providers' lock file in a folder came with our own `init`.
pub(super) fn own_providers(keep: &Path, folder: &Path) -> PathBuf {
    keep.join(format!("terraform-{}.providers", &written::digest(&folder.display().to_string())[..16]))
}

/// How far the terraform is that works for `id`, if one does.
pub fn at_work(keep: &Path, id: &str) -> Option<Waiting> {
    let text = std::fs::read_to_string(outlived::mark(keep, NAME, id)).ok()?;
    let pid = text.split_whitespace().next()?.parse().ok()?;
    if !process::alive(pid, "apply") {
        return None;
    }
    Some(Progress::of(&outlived::heard(keep, NAME, id)).waiting())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lock_that_our_own_run_took_is_left_behind() {
        let keep = tempfile::tempdir().unwrap();
        let at = |text: &str| Lock { since: Some(text.parse().unwrap()), ..Lock::default() };
        let ours = at("2026-11-21T08:18:07Z");
        assert!(!left_behind(keep.path(), "gateway", &ours), "nothing was begun");
        // Its number is of no process: it was killed.
        std::fs::write(outlived::mark(keep.path(), NAME, "gateway"), "4294967294 2026-11-21T08:18:05Z").unwrap();
        assert!(left_behind(keep.path(), "gateway", &ours));
        assert!(!left_behind(keep.path(), "gateway", &at("2026-12-12T08:18:07Z")), "somebody else's, weeks later");
        assert!(!left_behind(keep.path(), "gateway", &at("2026-11-21T07:00:00Z")), "it was held before");
        assert!(!left_behind(keep.path(), "gateway", &Lock::default()), "nobody knows");
        put_away(keep.path(), "gateway");
        assert!(!left_behind(keep.path(), "gateway", &ours));
    }
}
