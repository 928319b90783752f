//! `explain` of a check's code: what is checked and why, what usually fails and what to do, and which guides use it.

use landfall_core::{
    catalogue::Descriptor,
    event::Section,
    guide::{Guide, Task},
    plan::{Answers, Facts, filled, words},
};
use serde_json::{Value, json};

use crate::{guides, problems, report::Look};

/// A task of a guide that looks by this kind.
struct Use {
    guide: String,
    path: String,
    title: String,
    about: String,
}

/// What a check means for whoever sees its row. `only` is a task's id: then it alone is told of those who use it.
pub(super) struct CheckPage<'a> {
    kind: &'a Descriptor,
    problems: &'static [&'static str],
    uses: Vec<Use>,
}

impl<'a> CheckPage<'a> {
    /// Gathers it from the kind, its problems' pages, and the guides there are.
    pub fn of(kind: &'a Descriptor, problems: &'static [&'static str], only: Option<&str>) -> Self {
        let loaded = guides::all().into_iter().flatten();
        let mut uses: Vec<Use> = loaded.flat_map(|loaded| uses(&loaded.guide, &kind.name)).collect();
        if let Some(only) = only {
            uses.retain(|used| used.path.rsplit('/').next() == Some(only));
        }
        Self { kind, problems, uses }
    }

    /// Whether a guide uses it.
    pub fn is_used(&self) -> bool {
        !self.uses.is_empty()
    }

    /// For people: all but what only authors of guides need.
    pub fn text(&self, look: Look) -> String {
        let width = look.width.max(40);
        let fill = |text: &str, indent: &str| {
            let options = textwrap::Options::new(width).initial_indent(indent).subsequent_indent(indent);
            textwrap::fill(text, options.break_words(false))
        };
        let mut text = format!("{}: {} (the check {})\n", self.kind.code, self.kind.about, self.kind.name);
        for paragraph in self.meaning().split("\n\n") {
            let words = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
            text.push_str(&format!("\n{}\n", fill(&words, "")));
        }
        if !self.problems.is_empty() {
            text.push_str("\nWhat it may find, and what to do (landfall explain CODE says more of each):\n");
        }
        for code in self.problems {
            text.push_str(&format!("\n  {code}: {}\n", problems::title(code).unwrap_or_default()));
            text.push_str(&format!("{}\n", fill(&problems::fix(code).unwrap_or_default(), "    ")));
        }
        if self.is_used() {
            text.push_str("\nWhere guides use it:\n");
        }
        for Use { guide, path, title, about } in &self.uses {
            text.push_str(&format!("\n  {guide}, {path}: {title}\n"));
            if !about.is_empty() {
                text.push_str(&format!("{}\n", fill(about, "    ")));
            }
        }
        text
    }

    /// The same for machines.
    pub fn json(&self) -> Value {
        let problems = self
            .problems
            .iter()
            .map(|code| json!({ "code": code, "title": problems::title(code), "fix": problems::fix(code) }));
        let uses = self
            .uses
            .iter()
            .map(|used| json!({ "guide": used.guide, "path": used.path, "title": used.title, "about": used.about }));
        json!({
            "meaning": self.meaning(),
            "problems": problems.collect::<Vec<_>>(),
            "used_by": uses.collect::<Vec<_>>(),
        })
    }

    /// The docstring where the check lives.
    fn meaning(&self) -> &str {
        self.kind.parameters["description"].as_str().unwrap_or_default()
    }
}

/// The tasks of a guide that look by a kind, waits among them.
fn uses(guide: &Guide, kind: &str) -> Vec<Use> {
    let scope = words(guide, &Answers::default(), &Facts::default(), &Value::Null);
    let sections = [(Section::Checks, &guide.checks), (Section::Steps, &guide.steps), (Section::Verify, &guide.verify)];
    let tasks = sections.into_iter().flat_map(|(section, tasks)| tasks.iter().map(move |task| (section, task)));
    let looks = |section: Section, task: &Task| {
        section != Section::Steps && task.kind == kind || task.until.iter().any(|until| until.kind == kind)
    };
    tasks
        .filter(|(section, task)| looks(*section, task))
        .map(|(section, task)| Use {
            guide: guide.id.clone(),
            path: format!("{section}/{}", task.id),
            title: filled(task.title.as_deref().unwrap_or(&task.id.replace('_', " ")), &scope),
            about: filled(&task.about, &scope).split_whitespace().collect::<Vec<_>>().join(" "),
        })
        .collect()
}
