//! `guide list|needs|lint`: what there is, without touching anything.

use std::sync::Arc;

use landfall_core::{
    event::Problem,
    guide::LoadedGuide,
    plan::{Answers, Facts, TargetAnswers, filled, words},
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{
    Common, Exit,
    say::{complain, say},
};
use crate::{
    guides,
    kinds::Kinds,
    report::explained,
    session::{House, Session},
};

pub(super) fn refuse(common: &Common, problem: &Problem) -> i32 {
    complain!("{}", explained(problem, common.look()));
    Exit::Usage.code()
}

pub(super) fn load(common: &Common, guide: &str) -> Result<LoadedGuide, i32> {
    guides::find(guide).map_err(|fault| {
        refuse(common, &Problem::new("GUIDE-UNUSABLE", fault.to_string(), "See what there is:\n$ landfall guide list"))
    })
}

/// Which guides there are: what each asks for, of whom, and how long it takes.
pub fn list(common: &Common) -> i32 {
    let (mut known, mut broken) = (Vec::new(), Vec::new());
    for loaded in guides::all() {
        match loaded {
            Ok(loaded) => known.push(loaded),
            Err(fault) => broken.push(fault),
        }
    }
    if common.output == crate::report::Format::Text {
        known.iter().for_each(listed);
    } else {
        let all: Vec<Value> = known.iter().map(summary).collect();
        say!("{}", serde_json::to_string_pretty(&all).unwrap_or_default());
    }
    for fault in broken {
        let problem = Problem::new("GUIDE-UNUSABLE", fault.to_string(), "Mend it:\n$ landfall guide lint PATH");
        complain!("{}", explained(&problem, common.look()));
    }
    Exit::Done.code()
}

fn listed(loaded: &LoadedGuide) {
    let guide = &loaded.guide;
    say!("{}  {}", guide.id, guide.title);
    say!("    takes {}", guide.takes.as_deref().unwrap_or("a time that nobody has said yet"));
    let secrets: Vec<&str> = guide.secrets.iter().map(|secret| secret.label.as_str()).collect();
    let secrets = if secrets.is_empty() { String::new() } else { format!(" ({})", secrets.join("; ")) };
    say!(
        "    asks you for {} and {}{secrets}",
        count(guide.inputs.len(), "answer"),
        count(guide.secrets.len(), "secret")
    );
    for need in &guide.needs {
        let takes = need.takes.as_ref().map(|takes| format!(", {takes}")).unwrap_or_default();
        let when = if need.when.is_some() { ", by your answers" } else { "" };
        say!("    needs of {}: {}{takes}{when}", need.ask, need.title);
    }
    say!(
        "    {}, {}, {}, {}",
        count(guide.checks.len(), "check"),
        count(guide.steps.len(), "step"),
        count(guide.verify.len(), "verification"),
        count(guide.errata.len(), "correction")
    );
    let scenarios = count(loaded.folder.scenarios().len(), "scenario");
    say!("    rehearse it, {scenarios}: landfall rehearse {} --scenarios", guide.id);
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// The same for machines.
fn summary(loaded: &LoadedGuide) -> Value {
    let guide = &loaded.guide;
    let inputs = guide.inputs.iter().map(|input| {
        json!({ "id": input.id, "label": input.label(), "type": input.kind, "optional": input.optional, "when": input.when })
    });
    let secrets = guide.secrets.iter().map(
        |secret| json!({ "id": secret.id, "label": secret.label, "fields": secret.field_ids(), "when": secret.when }),
    );
    let needs = guide.needs.iter().map(
        |need| json!({ "id": need.id, "title": need.title, "ask": need.ask, "takes": need.takes, "when": need.when }),
    );
    json!({
        "id": guide.id,
        "title": guide.title,
        "about": guide.about.trim(),
        "takes": guide.takes,
        "document": guide.source.document,
        "target": guide.target.cluster,
        "inputs": inputs.collect::<Vec<_>>(),
        "secrets": secrets.collect::<Vec<_>>(),
        "needs": needs.collect::<Vec<_>>(),
        "checks": guide.checks.len(),
        "steps": guide.steps.len(),
        "verify": guide.verify.len(),
        "errata": guide.errata.len(),
        "scenarios": loaded.folder.scenarios(),
    })
}

/// The list of hosts as a message holds it, from these answers alone.
async fn hosts(common: &Common, loaded: &LoadedGuide, answers: &Answers) -> String {
    let (facts, _nobody) = mpsc::unbounded_channel();
    // Whatever is wrong with the surroundings, the message can be written.
    let endpoints = common.endpoints().unwrap_or_default();
    let house = House { kinds: Arc::new(Kinds::all()), endpoints, mask: Arc::default(), facts };
    let mut session = Session::new(house, Arc::new(loaded.clone()), answers.clone());
    let said = &answers.target;
    let region = common.region.clone().or_else(|| said.region.clone());
    let choice =
        TargetAnswers { region, context: common.context.clone().or_else(|| said.context.clone()), ..said.clone() };
    let told = session.hosts_alone(&choice, None).await;
    told.hosts.iter().map(|host| format!("- {host}")).collect::<Vec<_>>().join("\n")
}

/// What other teams have to bring, each with a message ready to send.
pub async fn needs(common: &Common, guide: &str) -> i32 {
    let loaded = match load(common, guide) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let answers = match common.answers.as_ref() {
        None => Answers::default(),
        Some(path) => {
            let read = std::fs::read_to_string(path).map_err(|error| error.to_string()).and_then(|text| {
                let document = landfall_core::value::Document::parse(path, &text).map_err(|fault| fault.to_string())?;
                Answers::read(&document, &loaded.guide)
                    .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
            });
            match read {
                Ok(answers) => answers,
                Err(error) => {
                    return refuse(common, &Problem::new("ANSWERS-WRONG", error, "Correct the answers file."));
                }
            }
        }
    };
    let mut scope = words(&loaded.guide, &answers, &Facts::default(), &Value::Null);
    let hosts = hosts(common, &loaded, &answers).await;
    scope.set("hosts", hosts.into());
    let text = |text: &str| filled(text, &scope);
    let wanted = loaded.guide.needs.iter().filter(|need| {
        let holds = |condition: &str| scope.holds(condition).unwrap_or(true);
        need.when.as_deref().is_none_or(holds)
    });
    if common.output != crate::report::Format::Text {
        let all: Vec<Value> = wanted
            .map(|need| {
                json!({
                    "id": need.id,
                    "title": text(&need.title),
                    "ask": text(&need.ask),
                    "takes": need.takes,
                    "message": text(&need.message),
                })
            })
            .collect();
        say!("{}", serde_json::to_string_pretty(&all).unwrap_or_default());
        return Exit::Done.code();
    }
    say!("# {}: what other teams have to bring\n", loaded.guide.title);
    if let Some(takes) = &loaded.guide.takes {
        say!("The install itself takes {takes}.\n");
    }
    let mut nothing = true;
    for need in wanted {
        nothing = false;
        say!("## {} (ask: {})", text(&need.title), text(&need.ask));
        if let Some(takes) = &need.takes {
            say!("Usually takes {takes}.");
        }
        say!("\n{}\n", text(&need.message));
    }
    if nothing {
        say!("Nothing.");
    }
    Exit::Done.code()
}

/// Checks a guide; with `source`, its passages' digests against the vendor's document.
pub fn lint(common: &Common, guide: &str, source: Option<&std::path::Path>) -> i32 {
    let kinds = Kinds::all();
    let folder = match guides::folder(guide) {
        Ok(folder) => folder,
        Err(fault) => {
            return refuse(common, &Problem::new("GUIDE-UNUSABLE", fault.to_string(), "Correct the place it names."));
        }
    };
    let text = match source.map(|path| std::fs::read_to_string(path).map_err(|error| (path, error))).transpose() {
        Ok(text) => text,
        Err((path, error)) => {
            return refuse(
                common,
                &Problem::new("GUIDE-UNUSABLE", format!("{}: {error}", path.display()), "Correct the path."),
            );
        }
    };
    let messages = crate::lint::lint(&folder, &kinds, text.as_deref());
    if common.output != crate::report::Format::Text {
        say!("{}", serde_json::to_string_pretty(&messages).unwrap_or_default());
    } else {
        for message in &messages {
            say!("{message}");
        }
        say!("{guide}: {}", count(messages.len(), "message"));
    }
    if messages.is_empty() { Exit::Done.code() } else { Exit::Usage.code() }
}
