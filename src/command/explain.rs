//! `explain`: what a code means; what a check looks for; what a kind does, and what it takes.

use landfall_core::{
    catalogue::{Catalogue, Descriptor, Room},
    event::Problem,
    plan::{Answers, Facts, known_problem, nearest_few, words},
};
use serde_json::{Value, json};

use super::{Common, Exit, explain_check::CheckPage, guide::refuse, say::say};
use crate::{guides, kinds::Kinds, problems, report::explained};

/// How many codes are named where one is not known.
const NEAREST: usize = 5;

/// What a code means: a problem's page, kinds, or a guide's problem or erratum.
pub fn explain(common: &Common, code: &str) -> i32 {
    if let Some(page) = problems::page(code) {
        say!("{page}");
        return Exit::Done.code();
    }
    let all = Kinds::all();
    let kinds = all.catalogue();
    // A row of which there are several has its task's id behind the code.
    let (of_kind, only) = code.split_once('/').map_or((code, None), |(code, task)| (code, Some(task)));
    let mut named: Vec<Named<'_>> = every_kind(&kinds)
        .filter(|(_, kind)| kind.code == of_kind || kind.name == of_kind)
        .map(|(room, kind)| Named { room, kind, page: page(&all, room, kind, only) })
        .collect();
    if only.is_some() {
        named.retain(|named| named.page.as_ref().is_some_and(CheckPage::is_used));
    }
    if !named.is_empty() {
        tell(common, &named);
        return Exit::Done.code();
    }
    for loaded in guides::all().into_iter().flatten() {
        let guide = &loaded.guide;
        let words = words(guide, &Answers::default(), &Facts::default(), &Value::Null);
        let mut known = guide.problems.iter().map(|problem| known_problem(&loaded, problem, &words));
        if let Some(problem) = known.find(|problem| problem.code == code) {
            say!("{}", explained(&problem, common.look()));
            return Exit::Done.code();
        }
        if let Some(erratum) = guide.errata.iter().find(|erratum| erratum.id == code) {
            say!("{code} ({}): {}\nInstead: {}", guide.title, erratum.wrong, erratum.instead);
            return Exit::Done.code();
        }
    }
    let near = nearest(code, &kinds);
    refuse(
        common,
        &Problem::new(
            "CODE-UNKNOWN",
            format!("nothing is known as {code}"),
            format!("Name a code as it is shown, or a kind. Nearest: {}", near.join(", ")),
        ),
    )
}

fn every_kind(kinds: &Catalogue) -> impl Iterator<Item = (Room, &Descriptor)> {
    [Room::Check, Room::Step, Room::Lookup]
        .into_iter()
        .flat_map(move |room| kinds.room(room).map(move |kind| (room, kind)))
}

fn word(room: Room) -> &'static str {
    match room {
        Room::Check => "check",
        Room::Step => "step",
        Room::Lookup => "look-up",
    }
}

/// A kind that is meant.
struct Named<'a> {
    room: Room,
    kind: &'a Descriptor,
    /// What it means for whoever sees its row.
    page: Option<CheckPage<'a>>,
}

fn page<'a>(all: &Kinds, room: Room, kind: &'a Descriptor, only: Option<&str>) -> Option<CheckPage<'a>> {
    let check = all.checks.get(&kind.name).filter(|_| room == Room::Check)?;
    Some(CheckPage::of(kind, check.problems(), only))
}

/// One name may be a check, a step and a look-up.
fn tell(common: &Common, named: &[Named<'_>]) {
    if common.output != crate::report::Format::Text {
        let all: serde_json::Map<String, Value> = named
            .iter()
            .map(|Named { room, kind, page }| {
                let mut about = json!({ "code": kind.code, "name": kind.name, "about": kind.about,
                    "parameters": kind.parameters, "outputs": kind.outputs });
                if let (Some(about), Some(Value::Object(page))) =
                    (about.as_object_mut(), page.as_ref().map(CheckPage::json))
                {
                    about.extend(page);
                }
                (word(*room).to_owned(), about)
            })
            .collect();
        say!("{}", serde_json::to_string_pretty(&all).unwrap_or_default());
        return;
    }
    for (index, Named { room, kind, page }) in named.iter().enumerate() {
        let gap = if index == 0 { "" } else { "\n" };
        if let Some(page) = page {
            say!("{gap}{}\nFor authors of guides, its parameters:", page.text(common.look()));
        } else {
            let code = if kind.code.is_empty() { String::new() } else { format!("{} ", kind.code) };
            say!("{gap}{code}({}, a {}): {}\n\nParameters:", kind.name, word(*room), kind.about);
        }
        fields(&kind.parameters).iter().for_each(|line| say!("{line}"));
        if *room == Room::Step {
            say!("\nOutputs, read as steps.ID.NAME:");
            fields(&kind.outputs).iter().for_each(|line| say!("{line}"));
        }
    }
}

/// A schema's fields, one to a line: name, type, whether it has to be there, what it is.
fn fields(schema: &Value) -> Vec<String> {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema["properties"].as_object();
    let lines = properties.into_iter().flatten().map(|(name, about)| {
        let kind = match &about["type"] {
            Value::String(kind) => kind.clone(),
            Value::Array(kinds) => {
                kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null").collect::<Vec<_>>().join(" or ")
            }
            _ => String::new(),
        };
        let kind = if kind.is_empty() { kind } else { format!(", {kind}") };
        let needed = if required.contains(&name.as_str()) { "" } else { ", may be left out" };
        let text = about["description"].as_str().unwrap_or_default().replace('\n', " ");
        format!("  {name}{kind}{needed}: {text}").trim_end_matches([':', ' ']).to_owned()
    });
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() { vec!["  none".into()] } else { lines }
}

/// The few names that are most like one.
fn nearest(code: &str, kinds: &Catalogue) -> Vec<String> {
    let of_guides: Vec<String> = guides::all()
        .into_iter()
        .flatten()
        .flat_map(|loaded| {
            let prefix = loaded.guide.code_prefix.clone();
            let codes = loaded.guide.problems.into_iter();
            codes.map(move |problem| format!("{prefix}-{}", problem.id.to_uppercase().replace('_', "-")))
        })
        .collect();
    let mut all: Vec<&str> = problems::codes().collect();
    all.extend(every_kind(kinds).flat_map(|(_, kind)| [kind.code.as_str(), kind.name.as_str()]));
    all.extend(of_guides.iter().map(String::as_str));
    all.retain(|name| !name.is_empty());
    nearest_few(code, all.into_iter(), NEAREST).into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_code_gives_the_few_nearest() {
        let kinds = Kinds::all().catalogue();
        let near = nearest("K8S-CLASS-NO-DEFALT", &kinds);
        assert_eq!((near[0].as_str(), near.len()), ("K8S-CLASS-NO-DEFAULT", NEAREST));
        assert_eq!(nearest("kube.secrets", &kinds)[0], "kube.secret");
    }
}
