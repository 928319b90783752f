//! What a run without a person says: one line after the other, seen by one of several observers.
//!
//! [`Line`] is public: its NDJSON form is versioned and its schema tested. Text, JSON, JUnit and Markdown are other
//! observers of the same lines.

mod calendar;
mod json;
mod junit;
mod markdown;
mod page;
mod text;
mod transcript;
mod watched;

use std::collections::BTreeMap;

use landfall_core::{
    event::{Fact, Problem, TaskPath},
    plan::Plan,
    wizard::{PlanShown, SummaryShown},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

pub use calendar::calendar;
pub use page::page;
pub use text::{explained, row};
pub use transcript::Transcript;
pub use watched::Seen;

/// The version of [`Line`].
pub const VERSION: u32 = 1;

/// One line of a report.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line {
    /// Where it goes.
    Target {
        /// Which guide.
        guide: String,
        /// The install's id.
        install: String,
        /// Account, region, cluster, namespace.
        target: Value,
        /// The rehearsal's name, where the endpoints are simulated.
        rehearsal: Option<String>,
    },
    /// A stage begins.
    Stage {
        /// Its name.
        stage: String,
    },
    /// A task said something.
    Fact {
        /// The row's code, e.g. `AWS-04`.
        code: String,
        /// The task's title.
        title: String,
        /// `at`, `path`, `fact` and what belongs to it.
        #[serde(flatten)]
        #[schemars(with = "BTreeMap<String, Value>")]
        fact: Box<Fact>,
    },
    /// What would be done.
    Plan {
        /// The plan in plain words.
        #[schemars(with = "Value")]
        plan: Box<PlanShown>,
    },
    /// Something that is watched is new, changed or is gone.
    Watched {
        /// When, on the install's clock.
        #[schemars(with = "String")]
        at: jiff::Timestamp,
        /// The row's short code, the same on every screen; of a problem where it is one.
        code: String,
        /// What.
        #[serde(flatten)]
        seen: Box<Seen>,
    },
    /// Something to know.
    Notice {
        /// It.
        text: String,
    },
    /// Something is wrong beside the tasks.
    Problem {
        /// What, why and how to mend it.
        problem: Problem,
    },
    /// It is over.
    End {
        /// The exit code.
        code: i32,
        /// In words.
        outcome: String,
        /// The summary, where there is one.
        #[schemars(with = "Option<Value>")]
        summary: Option<Box<SummaryShown>>,
    },
}

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON document at the end.
    Json,
    /// One JSON object a line, as it happens.
    Ndjson,
    /// JUnit XML at the end: checks and verifications are test cases.
    Junit,
    /// One Markdown page at the end.
    Markdown,
}

/// Sees every line of a run.
pub trait Observer: Send {
    /// One line.
    fn see(&mut self, line: &Line) -> std::io::Result<()>;
}

/// The observer of a format, writing to `out`.
pub fn observer(format: Format, look: Look, out: Box<dyn std::io::Write + Send>) -> Box<dyn Observer> {
    match format {
        Format::Text => Box::new(text::Text::new(out, look)),
        Format::Json => Box::new(json::Json::new(out)),
        Format::Ndjson => Box::new(json::Ndjson::new(out)),
        Format::Junit => Box::new(junit::Junit::new(out)),
        Format::Markdown => Box::new(markdown::Markdown::new(out)),
    }
}

/// How text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// With colours.
    pub color: bool,
    /// Only ASCII.
    pub ascii: bool,
    /// Columns to wrap at.
    pub width: usize,
}

/// Codes and titles of a plan's tasks, for lines.
#[derive(Clone, Debug, Default)]
pub struct Titles(BTreeMap<TaskPath, (String, String)>);

impl Titles {
    /// Of a plan, with each kind's code; a code used twice carries the task's id.
    pub fn of(plan: &Plan, kinds: &crate::kinds::Kinds) -> Self {
        let mut codes: Vec<(TaskPath, String, String)> = plan
            .tasks
            .iter()
            .map(|task| {
                let code = kinds
                    .checks
                    .get(&task.kind)
                    .map(|kind| kind.describe().code)
                    .filter(|_| task.path.section != landfall_core::event::Section::Steps)
                    .or_else(|| kinds.steps.get(&task.kind).map(|kind| kind.describe().code))
                    .unwrap_or_default();
                (task.path.clone(), code, task.title.clone())
            })
            .collect();
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for (_, code, _) in &codes {
            *times.entry(code.clone()).or_default() += 1;
        }
        for (path, code, _) in &mut codes {
            if times.get(code).is_some_and(|times| *times > 1) {
                *code = format!("{code}/{}", path.id);
            }
        }
        Self(codes.into_iter().map(|(path, code, title)| (path, (code, title))).collect())
    }

    /// A fact as a line.
    pub fn line(&self, fact: Fact) -> Line {
        let (code, title) =
            self.0.get(&fact.path).cloned().unwrap_or_else(|| (String::new(), fact.path.id.replace('_', " ")));
        Line::Fact { code, title, fact: Box::new(fact) }
    }
}
