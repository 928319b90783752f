//! Who holds the state? terraform names them when it cannot have the lock.

use jiff::Timestamp;

/// A state's lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// Its id, for `force-unlock`.
    pub id: String,
    /// `user@machine`.
    pub who: String,
    /// What they do, e.g. `apply`.
    pub operation: String,
    /// Since when.
    pub since: Option<Timestamp>,
}

impl Lock {
    /// Reads the lines under `Lock Info:`.
    pub fn of(text: &str) -> Self {
        let field = |name: &str| {
            text.lines().find_map(|line| line.trim().strip_prefix(name)).map(str::trim).unwrap_or_default().to_owned()
        };
        let operation = field("Operation:");
        Self {
            id: field("ID:"),
            who: field("Who:"),
            operation: operation.strip_prefix("OperationType").unwrap_or(&operation).to_lowercase(),
            since: moment(&field("Created:")),
        }
    }

    /// One line: who, what, since when.
    pub fn line(&self) -> String {
        let who = if self.who.is_empty() { "somebody" } else { &self.who };
        let what = if self.operation.is_empty() { "another run" } else { &self.operation };
        let since = self.since.map_or_else(|| "unknown".to_owned(), |since| since.strftime("%F %T UTC").to_string());
        format!("{who} holds the state's lock ({what}, since {since})")
    }
}

/// `2026-11-21 08:18:07.533467897 +0000 UTC`
fn moment(text: &str) -> Option<Timestamp> {
    let mut words = text.split_whitespace();
    format!("{}T{}Z", words.next()?, words.next()?).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    // As terraform 1.11.4 wrote it.
    const HELD: &str = "Error message: resource temporarily unavailable\nLock Info:\n  ID:        dc8aa99b\n  Path:      \
                        terraform.tfstate\n  Operation: OperationTypeApply\n  Who:       sre@jump-host\n  Version:   1.11.4\n  \
                        Created:   2026-11-21 08:18:07.533467897 +0000 UTC\n  Info:      \n";

    #[test]
    fn a_lock_says_who_holds_it_and_since_when() {
        let lock = Lock::of(HELD);
        assert_eq!((lock.id.as_str(), lock.operation.as_str()), ("dc8aa99b", "apply"));
        assert_eq!(lock.line(), "sre@jump-host holds the state's lock (apply, since 2026-11-21 08:18:07 UTC)");
    }

    #[test]
    fn a_lock_that_says_nothing_is_still_a_lock() {
        assert!(Lock::of("").line().contains("somebody holds"));
    }
}
