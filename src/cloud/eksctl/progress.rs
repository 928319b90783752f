//! How far is it? eksctl's lines, `2026-11-20 10:12:31 [ℹ]  building cluster stack "eksctl-pay-cluster"`, folded.

use std::sync::LazyLock;

use landfall_core::event::Waiting;
use regex::Regex;

/// What was heard so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Whether it began to make something that stays when it fails.
    pub began: bool,
    /// What it is at.
    now: String,
    /// What it complained about.
    complaints: Vec<String>,
}

/// Time, sign, text; the sign has changed between versions, the brackets have not.
static LINE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[(.)\]\s+(.*)$").ok());

impl Progress {
    /// Of a whole log.
    pub fn of(text: &str) -> Self {
        let mut progress = Self::default();
        for line in text.lines() {
            progress.hear(line);
        }
        progress
    }

    /// Hears one line; returns what is worth telling.
    pub fn hear(&mut self, line: &str) -> Option<String> {
        let parts = LINE.as_ref()?.captures(line);
        let (sign, text) = match &parts {
            Some(parts) => (parts.get(1).map_or("", |sign| sign.as_str()), parts[2].trim().to_owned()),
            None => ("", line.trim().to_owned()),
        };
        if text.is_empty() {
            return None;
        }
        if sign == "✖" || text.starts_with("Error: ") {
            self.complaints.push(text.trim_start_matches("Error: ").to_owned());
            return Some(text);
        }
        let again = text == self.now;
        self.began |= ["deploying stack", "building ", "creating addon", "will delete stack"]
            .iter()
            .any(|beginning| text.starts_with(beginning));
        self.now.clone_from(&text);
        // It says every half minute that it still waits.
        (!again).then_some(text)
    }

    /// What it waits for.
    pub fn waiting(&self) -> Waiting {
        Waiting::on(if self.now.is_empty() { "eksctl begins".to_owned() } else { self.now.clone() })
    }

    /// What it complained about; `stderr` is what it said there.
    pub fn complaint(&self, stderr: &str) -> String {
        let mut all = self.complaints.clone();
        for line in stderr.lines().map(|line| line.trim().trim_start_matches("Error: ")) {
            if !line.is_empty() && !all.iter().any(|known| known == line) {
                all.push(line.to_owned());
            }
        }
        let text = if all.is_empty() { "It said nothing.".to_owned() } else { all.join("\n") };
        text.chars().take(3_000).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "2026-11-20 10:12:31 ";

    #[test]
    fn what_is_said_again_is_told_once_and_stays_what_it_waits_for() {
        let mut progress = Progress::default();
        let waits = format!("{AT}[ℹ]  waiting for CloudFormation stack \"eksctl-pay-cluster\"");
        assert!(progress.hear(&waits).is_some());
        assert!(progress.hear(&waits).is_none());
        assert_eq!(progress.waiting().on, "waiting for CloudFormation stack \"eksctl-pay-cluster\"");
        assert!(!progress.began);
        progress.hear(&format!("{AT}[ℹ]  deploying stack \"eksctl-pay-cluster\""));
        assert!(progress.began);
    }

    #[test]
    fn complaints_of_both_streams_are_heard_once() {
        let mut progress = Progress::default();
        progress.hear(&format!("{AT}[✖]  unexpected status \"ROLLBACK_IN_PROGRESS\""));
        let text = progress
            .complaint("Error: failed to create cluster \"pay\"\nError: unexpected status \"ROLLBACK_IN_PROGRESS\"\n");
        assert_eq!(text, "unexpected status \"ROLLBACK_IN_PROGRESS\"\nfailed to create cluster \"pay\"");
    }
}
