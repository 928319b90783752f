//! `guide show`: the corrected guide as Markdown, for whoever wants to read it before anything is done by it.

use std::fmt::Write as _;

use landfall_core::{
    catalogue::Room,
    guide::{Input, Lines, LoadedGuide, Severity, Task},
    plan::{Answers, Facts, known_problem, words},
};
use serde_json::Value;

use super::{
    Common, Exit,
    guide::load,
    guide_words::{fields, indented, instead, only_when, plain, sentence},
    say::text,
    yaml,
};
use crate::kinds::Kinds;

/// The corrected guide as readable Markdown, with its errata.
pub fn show(common: &Common, guide: &str) -> i32 {
    match load(common, guide) {
        Ok(loaded) => {
            text(&page(&loaded));
            Exit::Done.code()
        }
        Err(code) => code,
    }
}

/// The whole page.
fn page(loaded: &LoadedGuide) -> String {
    let page = Page { loaded, kinds: Kinds::all() };
    let mut out = String::new();
    page.head(&mut out);
    page.needs(&mut out);
    page.inputs(&mut out);
    page.secrets(&mut out);
    page.hosts(&mut out);
    let guide = &loaded.guide;
    page.tasks(&mut out, "Checks", "Looked at before anything is touched.", Room::Check, &guide.checks);
    page.tasks(
        &mut out,
        "Steps",
        "Done in this order where one needs the other, else side by side.",
        Room::Step,
        &guide.steps,
    );
    page.tasks(&mut out, "Verification", "What proves it.", Room::Check, &guide.verify);
    page.problems(&mut out);
    page.after(&mut out);
    page.errata(&mut out);
    out
}

struct Page<'a> {
    loaded: &'a LoadedGuide,
    kinds: Kinds,
}

/// Writing into a text cannot fail.
macro_rules! put {
    ($out:expr, $($words:tt)*) => { { let _ = writeln!($out, $($words)*); } };
}

impl Page<'_> {
    fn head(&self, out: &mut String) {
        let guide = &self.loaded.guide;
        put!(out, "# {}\n", guide.title);
        if !guide.about.trim().is_empty() {
            put!(out, "{}\n", guide.about.trim());
        }
        let url = guide.source.url.as_deref().map(|url| format!(", <{url}>")).unwrap_or_default();
        put!(out, "- After: {}{url}", guide.source.document);
        if let Some(version) = &guide.source.tested_on.kubernetes {
            put!(out, "- The vendor tested it with Kubernetes {version}");
        }
        if let Some(takes) = &guide.takes {
            put!(out, "- Takes: {takes}");
        }
        let whereto = match guide.target.cluster.as_str() {
            "eks" => "a cluster of Amazon EKS",
            "none" => "no cluster",
            _ => "a Kubernetes cluster",
        };
        let namespace = guide.target.namespace.as_ref().map(|name| format!(", namespace {name}")).unwrap_or_default();
        put!(out, "- Goes to: {whereto}{namespace}");
    }

    fn needs(&self, out: &mut String) {
        let needs = &self.loaded.guide.needs;
        if needs.is_empty() {
            return;
        }
        put!(out, "\n## What other people bring\n");
        for need in needs {
            let takes = need.takes.as_ref().map(|takes| format!(", takes {takes}")).unwrap_or_default();
            put!(out, "- **{}**: ask {}{takes}{}", need.title, need.ask, only_when(need.when.as_deref()));
        }
    }

    fn inputs(&self, out: &mut String) {
        put!(out, "\n## What is asked");
        let mut group: Option<&Option<String>> = None;
        for input in &self.loaded.guide.inputs {
            if group != Some(&input.group) {
                // Those without a heading come first, or after the others.
                let heading = input.group.as_deref().or(group.map(|_| "Other"));
                put!(out, "{}", heading.map(|heading| format!("\n### {heading}\n")).unwrap_or_default());
                group = Some(&input.group);
            }
            self.input(out, input);
        }
    }

    fn input(&self, out: &mut String, input: &Input) {
        let optional = if input.optional { ", may be left empty" } else { "" };
        put!(
            out,
            "- **{}** (`{}`{optional}){}{}",
            input.label(),
            input.id,
            only_when(input.when.as_deref()),
            sentence(&input.help)
        );
        for choice in &input.choices {
            let label = if choice.label() == choice.id() { String::new() } else { format!(": {}", choice.label()) };
            put!(out, "  - `{}`{label}{}", choice.id(), sentence(choice.help()));
        }
        if !input.default.is_null() {
            put!(out, "  - Suggested: `{}`", plain(&input.default));
        }
        self.corrections(out, &input.id, "  ");
    }

    fn secrets(&self, out: &mut String) {
        let secrets = &self.loaded.guide.secrets;
        if secrets.is_empty() {
            return;
        }
        put!(out, "\n## Secrets\n");
        for secret in secrets {
            put!(
                out,
                "- **{}** (`{}`){}{}",
                secret.label,
                secret.id,
                only_when(secret.when.as_deref()),
                sentence(&secret.help)
            );
            put!(out, "  - {}", fields(secret));
            self.corrections(out, &secret.id, "  ");
        }
    }

    fn hosts(&self, out: &mut String) {
        let hosts = &self.loaded.guide.hosts;
        if hosts.is_empty() {
            return;
        }
        put!(out, "\n## What must be reached\n");
        for when in hosts {
            let host = &when.host;
            put!(
                out,
                "- `{}:{}` from {}: {}{}",
                host.host,
                host.port,
                host.from,
                host.why,
                only_when(when.when.as_deref())
            );
        }
    }

    fn tasks(&self, out: &mut String, heading: &str, about: &str, room: Room, tasks: &[Task]) {
        if tasks.is_empty() {
            return;
        }
        put!(out, "\n## {heading}\n\n{about}");
        let catalogue = self.kinds.catalogue();
        for (index, task) in tasks.iter().enumerate() {
            let title = task.title.clone().unwrap_or_else(|| task.id.replace('_', " "));
            put!(out, "\n### {}. {title}\n", index + 1);
            let kind = catalogue.find(room, &task.kind).map(|kind| format!(": {}", kind.about)).unwrap_or_default();
            put!(out, "`{}`, kind `{}`{kind}.{}", task.id, task.kind, only_when(task.when.as_deref()));
            if let Some(each) = &task.each {
                put!(out, "Once for each of `{each}`.");
            }
            if task.severity == Severity::Warn && room == Room::Check {
                put!(out, "Only a warning.");
            }
            if !task.about.trim().is_empty() {
                put!(out, "\n{}", task.about.trim());
            }
            if let Some(attest) = &task.attest {
                put!(out, "\nWhere nobody can look, a person states: {}", attest.statement);
            }
            parameters(out, task);
            self.templates(out, task);
            if let Some(within) = task.within {
                put!(out, "\nAsked again for up to {within}.");
            }
            if !task.proves.is_empty() {
                put!(out, "\nProves: {}", task.proves.join(", "));
            }
            if let Some(places) = self.places(&task.from) {
                put!(out, "\nFrom: {places}");
            }
            let mut corrections = String::new();
            self.corrections(&mut corrections, &task.id, "");
            if !corrections.is_empty() {
                put!(out, "\n{}", corrections.trim_end());
            }
        }
    }

    /// The texts of the templates that a task names.
    fn templates(&self, out: &mut String, task: &Task) {
        let with = task.with.to_string();
        for (name, text) in self.loaded.templates().filter(|(name, _)| with.contains(name)) {
            let fence = if text.contains("```") { "````" } else { "```" };
            put!(out, "\nThe template `{name}`:\n\n{fence}\n{}\n{fence}", text.trim_end());
        }
    }

    /// Every passage that is cited.
    fn places(&self, cited: &[Lines]) -> Option<String> {
        let places: Vec<String> = self.loaded.source.iter().flat_map(|source| source.places(cited)).collect();
        (!places.is_empty()).then(|| places.join("; "))
    }

    fn problems(&self, out: &mut String) {
        let guide = &self.loaded.guide;
        if guide.problems.is_empty() {
            return;
        }
        put!(out, "\n## When it goes wrong\n");
        let words = words(guide, &Answers::default(), &Facts::default(), &Value::Null);
        for problem in guide.problems.iter().map(|problem| known_problem(self.loaded, problem, &words)) {
            put!(out, "- **{}**: {}", problem.code, problem.what.trim());
            put!(out, "  - Why: {}", indented(&problem.why));
            put!(out, "  - Fix: {}", indented(&problem.fix));
        }
    }

    fn after(&self, out: &mut String) {
        let guide = &self.loaded.guide;
        if guide.after.is_empty() {
            return;
        }
        put!(out, "\n## From now on\n");
        for after in &guide.after {
            put!(out, "- **{}**{}: {}", after.title, only_when(after.when.as_deref()), indented(&after.text));
        }
    }

    fn errata(&self, out: &mut String) {
        let guide = &self.loaded.guide;
        if guide.errata.is_empty() {
            return;
        }
        put!(out, "\n## Where the vendor's text is wrong\n");
        for erratum in &guide.errata {
            let place = self.places(&erratum.at).map(|places| format!(" ({places})")).unwrap_or_default();
            put!(out, "- **{}**{place}: {}", erratum.id, erratum.wrong.trim());
            put!(out, "  - {}: {}", instead(erratum), erratum.instead.trim());
        }
    }

    /// The errata that are shown at an input, a secret or a task.
    fn corrections(&self, out: &mut String, id: &str, indent: &str) {
        for erratum in self.loaded.guide.errata.iter().filter(|erratum| erratum.shown_at.iter().any(|at| at == id)) {
            put!(
                out,
                "{indent}- {}: {} {}: {}",
                erratum.id,
                erratum.wrong.trim(),
                instead(erratum),
                erratum.instead.trim()
            );
        }
    }
}

/// What a task is given, as the guide writes it.
fn parameters(out: &mut String, task: &Task) {
    let Some(with) = task.with.as_object().filter(|with| !with.is_empty()) else { return };
    let text = yaml::lines(&Value::Object(with.clone()), 0);
    let fence = if text.contains("```") { "````" } else { "```" };
    put!(out, "\n{fence}yaml\n{}\n{fence}", text.trim_end());
}
