//! The story of a row: why, what to do, where it comes from. Both front ends show the same lines.

use jiff::{SignedDuration, Timestamp};

use super::{TaskRow, TaskState, VouchAs, Vouching};
use crate::{
    clock::{ago, stopwatch},
    event::{Outcome, Problem},
};

/// One line of a story; the front end wraps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoryLine {
    /// `why`, `fix`, `from` …; empty where it goes on.
    pub label: &'static str,
    /// The text.
    pub text: String,
    /// A command: wrapped with backslashes, so that it can be copied from the screen.
    pub command: bool,
    /// Something is lost by it.
    pub loss: bool,
}

impl StoryLine {
    fn text(label: &'static str, text: impl Into<String>) -> Self {
        Self { label, text: text.into(), command: false, loss: false }
    }
}

/// A row's story at this moment; `expires` is when the session ends.
pub fn story(row: &TaskRow, now: Timestamp, expires: Option<Timestamp>) -> Vec<StoryLine> {
    let mut lines = Vec::new();
    match &row.state {
        TaskState::Waits => lines.push(StoryLine::text("about", row.about.clone())),
        TaskState::Looking => lines.push(StoryLine::text("about", row.about.clone())),
        TaskState::Applying => lines.push(StoryLine::text("now", "sending the change")),
        TaskState::Answered(label) => lines.push(StoryLine::text("now", format!("answered: {label}"))),
        TaskState::Looked(outcome) => looked(outcome, row, &mut lines),
        TaskState::Waiting { why, deadline, usual } => {
            lines.push(StoryLine::text("waits", why.on.clone()));
            lines.push(StoryLine::text("since", times(row.since, now, *deadline, usual.as_deref(), expires)));
            lines.extend(why.story.iter().map(|line| StoryLine::text("", line.clone())));
            if let Some(found) = &why.problem {
                lines.push(StoryLine::text("wrong", format!("{}: {}", found.code, found.what)));
                problem(found, &mut lines);
            }
        }
        TaskState::Person { instruction, until, deadline } => {
            lines.push(StoryLine::text("do", instruction.clone()));
            lines.push(StoryLine::text("waits", until.clone()));
            lines.push(StoryLine::text("since", times(row.since, now, *deadline, None, None)));
        }
        TaskState::HandedOver { handed, until, story, deadline } => {
            lines.push(StoryLine::text("asked", format!("handed over to {}, {}", handed.to, ago(handed.at, now))));
            lines.push(StoryLine::text("why", handed.reason.clone()));
            lines.push(StoryLine::text("do", format!("what to do is written in {}", handed.file)));
            lines.push(StoryLine::text("waits", until.clone()));
            lines.extend(story.iter().map(|line| StoryLine::text("", line.clone())));
            lines.push(StoryLine::text("since", times(Some(handed.at), now, *deadline, None, None)));
        }
        TaskState::Asked(question) => {
            lines.push(StoryLine::text("asks", question.text.clone()));
            lines.extend(question.differences.iter().map(|difference| StoryLine {
                loss: difference.loses(),
                ..StoryLine::text("", difference.line("wanted"))
            }));
        }
        TaskState::Finished { how, .. } => {
            let how = match how {
                crate::event::How::Made => "made",
                crate::event::How::Changed => "changed; what was there before is kept",
                crate::event::How::Adopted => "found as planned, and taken over",
                crate::event::How::HandedOver => "done by somebody else, and seen to be so",
            };
            let took = row.since.zip(row.ended).map(|(since, ended)| format!(" in {}", passed(since, ended)));
            lines.push(StoryLine::text("done", format!("{how}{}", took.unwrap_or_default())));
        }
        TaskState::Failed(found) => {
            lines.push(StoryLine::text("wrong", format!("{}: {}", found.code, found.what)));
            problem(found, &mut lines);
        }
        TaskState::Skipped(reason) => lines.push(StoryLine::text("why", reason.clone())),
        TaskState::Undone(line) => lines.push(StoryLine::text("gone", line.clone())),
    }
    lines.retain(|line| !line.text.is_empty());
    if let Some(service) = &row.throttled {
        lines.push(StoryLine::text("slow", format!("{service} asked to be called less often")));
    }
    for known in &row.recognised {
        lines.push(StoryLine::text("known", format!("{} {}", known.code, known.what)));
        problem(known, &mut lines);
    }
    if let Some(seat) = &row.seat {
        lines.push(StoryLine::text("where", format!("looked from {seat}")));
    }
    if let Some(vouched) = &row.vouched {
        lines.push(StoryLine::text("word", format!("{}: {}", vouched.name, vouched.reason)));
    }
    for erratum in &row.errata {
        let verb = if erratum.warned { "Know" } else { "Instead" };
        lines.push(StoryLine::text("guide", format!("{} {} {verb}: {}", erratum.id, erratum.wrong, erratum.instead)));
    }
    let from = row.problem().and_then(|problem| problem.source.clone()).or_else(|| row.from.clone());
    lines.extend(from.map(|from| StoryLine::text("from", from)));
    lines
}

fn looked(outcome: &Outcome, row: &TaskRow, lines: &mut Vec<StoryLine>) {
    match outcome {
        Outcome::Pass { fact, .. } => {
            lines.push(StoryLine::text("seen", fact.clone()));
            lines.push(StoryLine::text("about", row.about.clone()));
        }
        Outcome::Skip { reason } => lines.push(StoryLine::text("why", reason.clone())),
        Outcome::Unknown { denied, ask } => {
            lines.push(StoryLine::text("why", format!("nobody let us look: {denied}")));
            lines.push(StoryLine::text("ask", ask.clone()));
            lines.push(StoryLine::text("says", row.attest.clone().unwrap_or_default()));
            if row.vouched.is_none() {
                lines.push(StoryLine::text("fix", "press a to answer for it, with your name and reason"));
            }
        }
        Outcome::Warn { problem: found } | Outcome::Fail { problem: found } | Outcome::NotYet { problem: found } => {
            problem(found, lines);
            if row.stops() {
                lines.push(StoryLine::text("else", "press w to go on in spite of it, with your name and reason"));
            }
        }
    }
}

fn problem(found: &Problem, lines: &mut Vec<StoryLine>) {
    if !found.why.is_empty() {
        lines.push(StoryLine::text("why", found.why.clone()));
    }
    let mut label = "fix";
    for line in found.fix.lines().filter(|line| !line.trim().is_empty()) {
        let command = line.strip_prefix("$ ");
        lines.push(StoryLine { command: command.is_some(), ..StoryLine::text(label, command.unwrap_or(line)) });
        label = "";
    }
}

/// The commands of a fix, or the whole fix where there are none.
pub(super) fn commands(fix: &str) -> String {
    let commands: Vec<&str> = fix.lines().filter_map(|line| line.strip_prefix("$ ")).collect();
    if commands.is_empty() { fix.to_owned() } else { commands.join("\n") }
}

/// `2:10 so far, usual 3 to 6 minutes, gives up in 12:50, session ends in 52 min`.
fn times(
    since: Option<Timestamp>,
    now: Timestamp,
    deadline: Option<Timestamp>,
    usual: Option<&str>,
    expires: Option<Timestamp>,
) -> String {
    let mut parts = Vec::new();
    parts.extend(since.map(|since| format!("{} so far", passed(since, now))));
    parts.extend(usual.map(|usual| format!("usual {usual}")));
    parts.extend(deadline.map(|deadline| format!("gives up in {}", passed(now, deadline))));
    parts.extend(expires.map(|expires| {
        let minutes = expires.duration_since(now).as_secs().max(0) / 60;
        format!("session ends in {minutes} min")
    }));
    parts.join(", ")
}

/// From then to then, on a clock.
pub fn passed(from: Timestamp, to: Timestamp) -> String {
    let duration = to.duration_since(from).max(SignedDuration::ZERO);
    stopwatch(duration.unsigned_abs())
}

impl Vouching {
    /// What it means to say this.
    pub fn meaning(&self, row: &TaskRow) -> String {
        match self.how {
            VouchAs::Waiver => {
                let why = row.problem().map(|problem| problem.what.clone()).unwrap_or_default();
                format!(
                    "You go on although: {why}. What needs it will fail later. It stands in the record with your name."
                )
            }
            VouchAs::Attestation => {
                let statement = row.attest.clone().unwrap_or_else(|| format!("{} is as it should be", row.title));
                format!("You answer for this: {statement}. It stands in the record with your name.")
            }
        }
    }
}
