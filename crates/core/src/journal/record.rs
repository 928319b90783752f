//! The records of a journal.

use std::{collections::BTreeMap, path::Path};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    event::{How, Outcome, Problem, TaskPath},
    plan::{Answers, Approved, HandOver, InstallId, Said},
};

/// The version this program writes.
pub const VERSION: u32 = 1;

/// A record with its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stamped {
    /// Version of the record's shape.
    pub v: u32,
    /// When, on the install's clock.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub record: Record,
}

impl Stamped {
    /// A record of now.
    pub fn now(at: Timestamp, record: Record) -> Self {
        Self { v: VERSION, at, record }
    }
}

/// What happened. Secrets are references; nothing here is secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// The install came to be: Target was confirmed.
    Opened {
        /// Its id.
        install: InstallId,
        /// The guide.
        guide: String,
        /// Digest of the guide's files.
        guide_digest: String,
        /// Program and version.
        program: String,
        /// Account, region, cluster, namespace.
        target: Value,
    },
    /// All answers as they are now.
    Answered {
        /// They.
        answers: Box<Answers>,
    },
    /// Facts were frozen and the plan approved.
    Planned {
        /// Digest of what would be done.
        digest: String,
        /// Frozen look-ups.
        facts: Value,
        /// Steps, answers and fingerprints it was agreed to with: what a later plan is compared with.
        #[serde(default)]
        approved: Box<Approved>,
        /// Who agreed.
        #[serde(default)]
        name: String,
        /// Steps that are taken away and made anew, also those agreed to earlier that are still to come.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        replace: Vec<TaskPath>,
    },
    /// A check or verification ended.
    Looked {
        /// Which.
        path: TaskPath,
        /// How.
        outcome: Outcome,
    },
    /// A person goes past a failed check.
    Waived {
        /// Who, what, why.
        said: Said,
    },
    /// A person answers for what nobody lets us look at.
    Attested {
        /// Who, what, why.
        said: Said,
    },
    /// A person decided a question.
    Decided {
        /// Which task asked.
        path: TaskPath,
        /// What was asked.
        about: String,
        /// What was chosen.
        choice: String,
        /// Who.
        name: String,
        /// Why.
        reason: String,
    },
    /// A change is about to be sent.
    Intent {
        /// Which step.
        path: TaskPath,
        /// Which kind.
        kind: String,
        /// Its parameters; secrets as references.
        parameters: Value,
        /// Their digest.
        digest: String,
        /// Client token, reused only with the same digest.
        token: String,
    },
    /// What was there before a change, where something was.
    Before {
        /// Which step.
        path: TaskPath,
        /// Enough to restore it.
        before: Value,
    },
    /// A step is finished.
    Result {
        /// Which.
        path: TaskPath,
        /// Its kind.
        kind: String,
        /// How it came about.
        how: How,
        /// Parameters it was finished with.
        parameters: Value,
        /// Its outputs.
        outputs: Value,
        /// Keyed fingerprints of the secrets in its parameters.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        secrets: BTreeMap<String, String>,
    },
    /// A step failed.
    Failed {
        /// Which.
        path: TaskPath,
        /// Why.
        problem: Problem,
    },
    /// A step was handed over: somebody else does it.
    HandedOver {
        /// Which.
        path: TaskPath,
        /// Who was asked, by whom and why.
        #[serde(flatten)]
        what: HandOver,
        /// Where what to do is written.
        file: String,
    },
    /// A step that was handed over is ours again.
    TakenBack {
        /// Which.
        path: TaskPath,
    },
    /// A person was told what only a person can do, and is waited for.
    Person {
        /// Which step.
        path: TaskPath,
        /// What to do.
        instruction: String,
    },
    /// A step is about to be taken away.
    Undoing {
        /// Which.
        path: TaskPath,
    },
    /// A step was taken away.
    Undone {
        /// Which.
        path: TaskPath,
        /// What that meant.
        line: String,
    },
    /// The program stopped: finished, failed, interrupted.
    Closed {
        /// Exit code.
        code: i32,
    },
}

/// Why a journal cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct JournalFault {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

/// Reads a journal. A torn last line is left out (the crash it comes from is what a journal is for); the second value
/// says whether there was one.
pub fn read(file: &Path, text: &str) -> Result<(Vec<Stamped>, bool), JournalFault> {
    let mut records = Vec::new();
    let lines: Vec<&str> = text.split('\n').collect();
    let last = lines.iter().rposition(|line| !line.trim().is_empty()).unwrap_or(0);
    let whole = text.ends_with('\n');
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let fault = |message: String| JournalFault { file: file.display().to_string(), line: index + 1, message };
        match serde_json::from_str::<Stamped>(line) {
            Ok(record) if record.v > VERSION => {
                return Err(fault(format!(
                    "this record has version {}; it was written by a newer Landfall, use that one",
                    record.v
                )));
            }
            Ok(record) => records.push(record),
            Err(_) if index == last && !whole => return Ok((records, true)),
            Err(error) => {
                return Err(fault(format!(
                    "this line is not a journal record ({}); move the line away to go on with what the others say",
                    error.to_string().split(" at line").next().unwrap_or("")
                )));
            }
        }
    }
    Ok((records, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(record: Record) -> String {
        serde_json::to_string(&Stamped::now(Timestamp::UNIX_EPOCH, record)).unwrap() + "\n"
    }

    #[test]
    fn a_torn_last_line_is_left_out_and_any_other_is_named() {
        let first = line(Record::Undoing { path: "steps/a".parse().unwrap() });
        let second = line(Record::Closed { code: 130 });
        let torn = format!("{first}{}", &second[..second.len() / 2]);
        let (records, cut) = read(Path::new("journal.jsonl"), &torn).unwrap();
        assert_eq!((records.len(), cut), (1, true));
        let broken = format!("{first}{{\"v\":1\n{second}");
        let fault = read(Path::new("journal.jsonl"), &broken).unwrap_err();
        assert!(fault.to_string().starts_with("journal.jsonl:2:"), "{fault}");
    }

    #[test]
    fn a_journal_cut_anywhere_is_read_as_far_as_it_goes() {
        let text: String = (0..4).map(|code| line(Record::Closed { code })).collect();
        for cut in 0..text.len() {
            let (records, _) = read(Path::new("j"), &text[..cut]).unwrap();
            let whole = text[..cut].matches('\n').count();
            assert!(records.len() == whole || records.len() == whole + 1);
        }
    }

    #[test]
    fn a_newer_version_is_refused() {
        let text = line(Record::Closed { code: 0 }).replace("\"v\":1", "\"v\":9");
        assert!(read(Path::new("j"), &text).unwrap_err().message.contains("newer Landfall"));
    }
}
