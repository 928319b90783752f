//! A task in lines: its row, its times, its story.

use jiff::Timestamp;
use landfall_core::{
    event::Happened,
    wizard::{StoryLine, TaskRow, TaskState, story},
};

use crate::report::{Look, row};

/// What a row's state would be as something that happened; none for what is only interesting while it lasts.
fn happened(row: &TaskRow) -> Option<Happened> {
    Some(match &row.state {
        TaskState::Waits | TaskState::Looking | TaskState::Answered(_) => return None,
        TaskState::Looked(outcome) => Happened::Looked { outcome: outcome.clone(), seat: row.seat.clone() },
        TaskState::Applying => Happened::Applying,
        TaskState::Waiting { why, deadline, usual } => {
            Happened::Waiting { why: why.clone(), deadline: *deadline, usual: usual.clone() }
        }
        TaskState::Person { instruction, until, deadline } => {
            Happened::Person { instruction: instruction.clone(), until: until.clone(), deadline: *deadline }
        }
        TaskState::HandedOver { handed, until, story, deadline } => Happened::HandedOver {
            handed: handed.clone(),
            until: until.clone(),
            story: story.clone(),
            deadline: *deadline,
        },
        TaskState::Asked(question) => Happened::Asked { question: question.clone() },
        TaskState::Finished { how, outputs } => Happened::Finished { how: *how, outputs: outputs.clone() },
        TaskState::Failed(problem) => Happened::Failed { problem: problem.clone() },
        TaskState::Skipped(reason) => Happened::Skipped { reason: reason.clone() },
        TaskState::Undone(line) => Happened::Undone { line: line.clone() },
    })
}

/// A row with what is wrong and how it is mended, and a person's word on it.
pub(super) fn lines(task: &TaskRow, look: Look) -> Option<String> {
    let mut text = row(&task.code, &task.title, &happened(task)?, look)?;
    if let Some(vouched) = &task.vouched {
        text.push_str(&format!("\n             {} answers for it: {}", vouched.name, vouched.reason));
    }
    Some(text)
}

/// How long it takes already, what is usual and when the other side gives up.
pub(super) fn times(task: &TaskRow, now: Timestamp, expires: Option<Timestamp>) -> Option<String> {
    let waits =
        matches!(task.state, TaskState::Waiting { .. } | TaskState::Person { .. } | TaskState::HandedOver { .. });
    let line = story(task, now, expires).into_iter().find(|line| line.label == "since");
    line.filter(|_| waits).map(|line| line.text)
}

/// The whole story, a label before each part; commands stand alone, to be copied.
pub(super) fn told(task: &TaskRow, now: Timestamp, expires: Option<Timestamp>) -> Vec<String> {
    let line = |line: StoryLine| match (line.label, line.command) {
        (_, true) => line.text,
        ("", false) => format!("    {}", line.text),
        (label, false) => format!("  {label}: {}", line.text),
    };
    // What names a key of the full screen stands in the menu here.
    let of_keys = |line: &StoryLine| matches!(line.label, "fix" | "else") && line.text.starts_with("press ");
    story(task, now, expires).into_iter().filter(|line| !of_keys(line)).map(line).collect()
}

/// The commands of a fix, as they are typed.
pub(super) fn commands(fix: &str) -> Vec<&str> {
    fix.lines().filter_map(|line| line.strip_prefix("$ ")).collect()
}
