//! How far is it? The lines of terraform's JSON stream (`apply -json`), folded.

use std::collections::BTreeMap;

use landfall_core::event::Waiting;
use serde_json::Value;

use super::Lock;

/// What terraform complained about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Complaint {
    /// In one line.
    pub summary: String,
    /// The rest of it.
    pub detail: String,
    /// Whose.
    pub address: Option<String>,
}

/// What was heard so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// What is to be done, by address.
    planned: BTreeMap<String, String>,
    /// How many of these are done.
    done: u32,
    /// What is being done: address to a line.
    current: BTreeMap<String, String>,
    /// Errors.
    pub complaints: Vec<Complaint>,
}

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
        let line: Value = serde_json::from_str(line).ok()?;
        let message = line["@message"].as_str().unwrap_or_default().trim().to_owned();
        let hook = &line["hook"];
        let address = hook["resource"]["addr"].as_str().unwrap_or_default().to_owned();
        match line["type"].as_str()? {
            "planned_change" => {
                let action = line["change"]["action"].as_str().unwrap_or_default();
                if !matches!(action, "noop" | "read" | "move") {
                    let address = line["change"]["resource"]["addr"].as_str().unwrap_or_default();
                    self.planned.insert(address.to_owned(), action.to_owned());
                }
                None
            }
            "apply_start" if hook["action"] == "read" => None,
            "apply_start" | "apply_progress" => {
                self.current.insert(address, message.clone());
                // What goes on is shown while it waits; only its beginning is worth a line.
                (line["type"] == "apply_start").then_some(message)
            }
            "apply_complete" | "apply_errored" => {
                self.current.remove(&address);
                let half =
                    hook["action"] == "delete" && self.planned.get(&address).is_some_and(|plan| plan == "replace");
                if line["type"] == "apply_complete" && !half && self.planned.contains_key(&address) {
                    self.done += 1;
                }
                (hook["action"] != "read").then_some(message)
            }
            "diagnostic" => {
                let told = &line["diagnostic"];
                let text = |key: &str| told[key].as_str().unwrap_or_default().to_owned();
                if told["severity"] == "error" {
                    let address = told["address"].as_str().map(str::to_owned);
                    self.complaints.push(Complaint { summary: text("summary"), detail: text("detail"), address });
                }
                Some(message)
            }
            "change_summary" => Some(message),
            "log" if message.contains("Interrupt received") => {
                Some("interrupted: it finishes what is under way and writes the state".to_owned())
            }
            _ => None,
        }
    }

    /// What it waits for.
    pub fn waiting(&self) -> Waiting {
        let total = u32::try_from(self.planned.len()).unwrap_or(u32::MAX);
        let now = self.current.values().next().cloned().unwrap_or_else(|| "at work".to_owned());
        Waiting {
            on: now,
            // The first is what it waits for.
            story: self.current.values().skip(1).cloned().collect(),
            problem: None,
            done: (total > 0).then_some((self.done, total)),
        }
    }

    /// The lock that could not be had.
    pub fn lock(&self) -> Option<Lock> {
        self.complaints
            .iter()
            .find(|complaint| complaint.summary.contains("acquiring the state lock"))
            .map(|complaint| Lock::of(&complaint.detail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(kind: &str, address: &str, action: &str) -> String {
        let half = if kind == "planned_change" { "change" } else { "hook" };
        format!(
            r#"{{"@message":"{address}: {kind}","type":"{kind}","{half}":{{"resource":{{"addr":"{address}"}},"action":"{action}"}}}}"#
        )
    }

    #[test]
    fn a_replaced_resource_is_done_once_it_is_made_again() {
        let heard = |lines: &[(&str, &str, &str)]| {
            let text: Vec<String> = lines.iter().map(|(kind, address, action)| line(kind, address, action)).collect();
            Progress::of(&text.join("\n")).waiting()
        };
        let mut lines = vec![
            ("planned_change", "a", "replace"),
            ("planned_change", "b", "create"),
            ("apply_start", "a", "delete"),
            ("apply_complete", "a", "delete"),
            ("apply_start", "a", "create"),
        ];
        assert_eq!(heard(&lines).done, Some((0, 2)));
        assert_eq!(heard(&lines).on, "a: apply_start");
        lines.push(("apply_complete", "a", "create"));
        assert_eq!(heard(&lines).done, Some((1, 2)));
    }

    #[test]
    fn what_is_no_json_is_passed_over() {
        assert_eq!(Progress::of("panic: oh\n{\n"), Progress::default());
    }
}
