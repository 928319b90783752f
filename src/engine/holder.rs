//! Who has an install open now? What its lock says of whoever took it.

use std::{fmt, fs, path::Path};

use jiff::Timestamp;
use landfall_core::journal::Story;
use serde::Serialize;

/// Whoever has an install open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// The process.
    pub process: i32,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Which user's it is.
    pub by: Option<String>,
    /// On which machine it runs, where that is another one.
    pub host: Option<String>,
}

impl Holder {
    /// What this process writes into the lock it has taken.
    pub(super) fn line(since: Timestamp) -> String {
        let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).ok().filter(|user| !user.is_empty());
        let by = user.map(|user| format!(" by {user}")).unwrap_or_default();
        let on = host().map(|host| format!(" on {host}")).unwrap_or_default();
        format!("process {} since {since}{by}{on}", std::process::id())
    }

    /// Whom a lock names.
    pub(super) fn read(lock: &str) -> Option<Self> {
        let words: Vec<&str> = lock.split_whitespace().collect();
        let named =
            |name: &str| words.chunks(2).find(|pair| pair.first() == Some(&name)).and_then(|pair| pair.get(1).copied());
        Some(Self {
            process: named("process")?.parse().ok()?,
            since: named("since").and_then(|since| since.parse().ok()),
            by: named("by").map(str::to_owned),
            host: named("on").map(str::to_owned).filter(|host| Some(host) != self::host().as_ref()),
        })
    }

    /// Whether this very process is meant.
    pub fn is_this_process(&self) -> bool {
        self.host.is_none() && u32::try_from(self.process) == Ok(std::process::id())
    }

    /// The process, where it can be reached from this machine.
    pub(super) fn here(&self) -> Option<i32> {
        self.host.is_none().then_some(self.process)
    }
}

/// `process 4711 (ada, since 2026-11-20 09:00Z)`.
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.process)?;
        let since = self.since.map(|since| since.strftime("since %Y-%m-%d %H:%MZ").to_string());
        let on = self.host.as_ref().map(|host| format!("on {host}"));
        let known: Vec<&str> = [&self.by, &on, &since].into_iter().flatten().map(String::as_str).collect();
        if known.is_empty() { Ok(()) } else { write!(f, " ({})", known.join(", ")) }
    }
}

/// Who has an install open now, as its lock says. The lock itself is left alone: trying it, even for a moment, could turn away
/// a run that begins just then.
pub fn holder(folder: &Path) -> Option<Holder> {
    let holder = Holder::read(&fs::read_to_string(folder.join("lock")).ok()?)?;
    // Another machine's processes cannot be seen; whoever ends there in order empties the lock.
    holder.here().is_none_or(is_alive).then_some(holder)
}

/// Where an install stands: while somebody is at it, how the run before ended is no news.
pub fn standing(story: &Story, holder: Option<&Holder>) -> String {
    match holder {
        // A run that was killed there leaves its lock, too.
        Some(elsewhere) if elsewhere.here().is_none() => {
            format!("{}; its lock names {elsewhere}, which cannot be seen from here", story.state())
        }
        Some(_) => format!("going on: {}", story.steps_done()),
        None => story.state(),
    }
}

/// This machine's name, where the system tells it in a file.
fn host() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.split_whitespace().next()?.to_owned())
}

#[cfg(unix)]
fn is_alive(id: i32) -> bool {
    let Some(id) = rustix::process::Pid::from_raw(id) else { return false };
    // Somebody else's process is there, too.
    !matches!(rustix::process::test_kill_process(id), Err(rustix::io::Errno::SRCH))
}

#[cfg(not(unix))]
fn is_alive(_: i32) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_says_who_where_and_since_when() {
        let holder =
            Holder::read("process 4711 since 2026-11-20T09:00:03.5Z by ada on no-host-is-called-so\n").unwrap();
        assert_eq!(holder.to_string(), "process 4711 (ada, on no-host-is-called-so, since 2026-11-20 09:00Z)");
        assert_eq!(holder.here(), None, "nobody can stop it from here");
        let state = standing(&Story::default(), Some(&holder));
        assert!(state.starts_with(&Story::default().state()) && state.contains("no-host-is-called-so"), "{state}");
        let bare = Holder::read("process 4711").unwrap();
        assert_eq!((bare.to_string().as_str(), bare.here()), ("process 4711", Some(4711)));
        assert_eq!(Holder::read(""), None);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let now: Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
        let holder = Holder::read(&Holder::line(now)).unwrap();
        assert!(holder.is_this_process() && holder.since == Some(now), "{holder}");
    }
}
