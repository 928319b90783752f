//! What do answers alone tell, before anybody is asked? What is open stands in it as `<answer database_host>` or `<look-up ami>`.
//!
//! [`Alone`] is the scope with such stand-ins; [`Partly`] the plan that can be made of it, and what cannot be told yet.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    Answers, Facts, InstallId, Plan,
    planned_task::{planned, rows},
    scope, settle,
};
use crate::{
    event::{Section, TaskPath},
    guide::{Guide, Input, InputType, LoadedGuide},
    value::{References, Scope, references},
};

/// Names that templates may read and that nobody has answered or looked up yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Open(BTreeSet<String>);

impl Open {
    /// What is open of what a tree's templates read: `answer database_host`, `look-up ami`.
    pub fn of(&self, tree: &Value) -> Vec<String> {
        references(tree).map(|read| self.among(&read)).unwrap_or_default()
    }

    /// What is open of what a condition, or another expression without braces, reads.
    pub fn of_condition(&self, condition: &str) -> Vec<String> {
        References::of_condition(condition).map(|read| self.among(&read)).unwrap_or_default()
    }

    fn among(&self, read: &References) -> Vec<String> {
        let is_read = |open: &str| {
            let below =
                |name: &String| name == open || name.strip_prefix(open).is_some_and(|rest| rest.starts_with('.'));
            read.names.iter().any(below)
        };
        let open: BTreeSet<String> = self.0.iter().filter(|open| is_read(open)).map(|open| words(open)).collect();
        open.into_iter().collect()
    }

    fn add(&mut self, name: &str) {
        self.0.insert(name.to_owned());
    }
}

/// A name for people.
fn words(name: &str) -> String {
    match name.strip_prefix("facts.") {
        Some(fact) => format!("look-up {fact}"),
        None if ["account", "target.account"].contains(&name) => "look-up account".to_owned(),
        None if ["region", "cluster"].contains(&name) => format!("answer target.{name}"),
        None => format!("answer {name}"),
    }
}

/// What stands for a name that is open.
fn stand_in(name: &str) -> String {
    format!("<{}>", words(name))
}

/// What templates may read when nobody is asked.
#[derive(Clone, Debug)]
pub struct Alone {
    /// Answers, defaults, and stand-ins for what is open.
    pub scope: Scope,
    /// Where it goes, with stand-ins.
    pub target: Value,
    /// What is open.
    pub open: Open,
}

impl Alone {
    /// Answers, and what a journal knows of facts and target; nothing else.
    pub fn of(guide: &Guide, answers: &Answers, facts: &Facts, target: &Value, install: &InstallId) -> Self {
        let mut open = Open::default();
        let target = known_target(guide, target, &mut open);
        let mut all = Facts::new();
        for fact in &guide.facts {
            let known = facts.get(&fact.id);
            if known.is_none() {
                open.add(&format!("facts.{}", fact.id));
            }
            all.insert(fact.id.clone(), known.cloned().unwrap_or(Value::Null));
        }
        let settled = settle(guide, answers, &all, &target);
        let mut scope = scope(guide, &settled, &all, &target, install);
        for input in &guide.inputs {
            let said = answers.inputs.get(&input.id).filter(|answer| !answer.is_null());
            let undecided = input.when.as_deref().is_some_and(|condition| !open.of_condition(condition).is_empty());
            let asked = settled.asked.contains(&input.id);
            let refused = settled.open.iter().any(|(id, _)| *id == input.id);
            let empty = settled.values.get(&input.id).is_none_or(Value::is_null);
            match said {
                Some(answer) if undecided && !asked => scope.set(input.id.clone(), answer.clone()),
                // Without one, what is suggested may come of a look-up.
                _ if (refused || undecided || !open.of(&input.default).is_empty()) && (asked || undecided) && empty => {
                    scope.set(input.id.clone(), in_the_place_of(input));
                    open.add(&input.id);
                }
                _ => {}
            }
        }
        Self { scope, target, open }
    }
}

/// Account, region and cluster, as far as somebody said them.
fn known_target(guide: &Guide, target: &Value, open: &mut Open) -> Value {
    let mut target = target.as_object().cloned().unwrap_or_default();
    let said = |target: &serde_json::Map<String, Value>, name: &str| {
        target.get(name).and_then(Value::as_str).filter(|said| !said.is_empty()).map(str::to_owned)
    };
    for name in ["account", "region", "cluster"] {
        if said(&target, name).is_none() {
            target.insert(name.to_owned(), stand_in(name).into());
            open.add(name);
            open.add(&format!("target.{name}"));
        }
    }
    if said(&target, "namespace").is_none() {
        let suggested = guide.target.namespace.clone().unwrap_or_else(|| "default".to_owned());
        target.insert("namespace".to_owned(), suggested.into());
    }
    if said(&target, "partition").is_none() {
        let region = said(&target, "region").unwrap_or_default();
        let partition = match region.split('-').take(2).collect::<Vec<_>>().as_slice() {
            ["cn", ..] => "aws-cn",
            ["us", "gov"] => "aws-us-gov",
            _ => "aws",
        };
        target.insert("partition".to_owned(), partition.into());
    }
    Value::Object(target)
}

/// What stands for an answer: a text wherever a text fits.
fn in_the_place_of(input: &Input) -> Value {
    let text = stand_in(&input.id);
    match input.kind {
        InputType::List | InputType::Subnets => json!([text]),
        InputType::Integer | InputType::Boolean | InputType::Rows | InputType::Tree | InputType::Mapping => Value::Null,
        InputType::Text
        | InputType::Choice
        | InputType::HostName
        | InputType::File
        | InputType::Url
        | InputType::RoleArn
        | InputType::Ami => text.into(),
    }
}

/// The tasks there will be, as far as that is known; in the guide's order, which says nothing of who comes after whom.
#[derive(Clone, Debug, Default)]
pub struct Partly {
    /// Those that can be told.
    pub plan: Plan,
    /// What decides whether one of them is wanted, where that is open.
    pub undecided: BTreeMap<TaskPath, Vec<String>>,
    /// Those that cannot be told.
    pub untold: Vec<Untold>,
}

/// A task of which too much is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untold {
    /// Where in the guide it stands.
    pub section: Section,
    /// Which kind.
    pub kind: String,
    /// For people.
    pub title: String,
    /// What is open: `answer mirror`, `look-up ami`.
    pub on: Vec<String>,
}

impl Partly {
    /// Resolves a guide with what is known. What cannot be decided yet counts as wanted.
    pub fn of(loaded: &LoadedGuide, alone: &Alone) -> Self {
        let guide = &loaded.guide;
        let late = alone.scope.clone().with_late_steps();
        let mut partly = Self { plan: Plan { guide: guide.id.clone(), ..Plan::default() }, ..Self::default() };
        let sections =
            [(Section::Checks, &guide.checks), (Section::Steps, &guide.steps), (Section::Verify, &guide.verify)];
        for (section, list) in sections {
            for (index, task) in list.iter().enumerate() {
                let on = task.when.as_deref().map(|when| alone.open.of_condition(when)).unwrap_or_default();
                if on.is_empty() && !task.when.as_deref().is_none_or(|when| late.holds(when).unwrap_or(true)) {
                    continue;
                }
                let untold = |on: Vec<String>| Untold {
                    section,
                    kind: task.kind.clone(),
                    title: task.title.clone().unwrap_or_else(|| task.id.replace('_', " ")),
                    on,
                };
                let rows_open = task.each.as_deref().map(|each| alone.open.of_condition(each)).unwrap_or_default();
                let repeated = if rows_open.is_empty() { rows(task, &late).ok() } else { None };
                let Some(repeated) = repeated else {
                    partly.untold.push(untold(rows_open));
                    continue;
                };
                for (key, row) in repeated {
                    let path = TaskPath { section, id: task.id.clone(), key };
                    match planned(loaded, task, path.clone(), row, &late, &format!("/{section}/{index}")) {
                        Ok(task) => {
                            partly.plan.tasks.push(task);
                            if !on.is_empty() {
                                partly.undecided.insert(path, on.clone());
                            }
                        }
                        Err(_) => partly.untold.push(untold(alone.open.of(&task.with))),
                    }
                }
            }
        }
        partly
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guide::Folder;

    fn loaded(text: &str) -> LoadedGuide {
        let text = format!(
            "id: small\ntitle: Small\ncode_prefix: SMALL\nsource: {{ document: none }}\ntarget: {{ cluster: eks }}\n{text}"
        );
        let folder = Folder { name: "small".into(), files: BTreeMap::from([("guide.yaml".to_owned(), text)]) };
        LoadedGuide::read(folder).unwrap()
    }

    fn alone(loaded: &LoadedGuide, answers: &[(&str, Value)]) -> Alone {
        let mut said = Answers::default();
        said.inputs.extend(answers.iter().map(|(id, answer)| ((*id).to_owned(), answer.clone())));
        let target = json!({ "region": "cn-north-1" });
        Alone::of(&loaded.guide, &said, &Facts::new(), &target, &InstallId::of("i"))
    }

    #[test]
    fn what_is_open_stands_by_its_name_and_what_is_answered_as_itself() {
        let loaded = loaded(
            "facts:\n- { id: driver, lookup: x }\ninputs:\n- { id: database_host, type: host }\n- { id: mirror, type: host }\n- { id: class, type: text, default: '{{ facts.driver.name }}' }\n- { id: note, type: text, optional: true }\n",
        );
        let alone = alone(&loaded, &[("mirror", json!("r.example"))]);
        let text = |template: &str| alone.scope.render_text(template).unwrap();
        assert_eq!(text("{{ database_host }}/{{ mirror }}"), json!("<answer database_host>/r.example"));
        assert_eq!(
            text("{{ account }} {{ cluster }} {{ region }}"),
            json!("<look-up account> <answer target.cluster> cn-north-1")
        );
        assert_eq!((text("{{ partition }}"), text("{{ note }}")), (json!("aws-cn"), Value::Null));
        let open = alone.open.of(&json!(["{{ class }}", "{{ facts.driver.name }}", "{{ mirror }}", "{{ note }}"]));
        assert_eq!(open, ["answer class", "look-up driver"]);
    }

    #[test]
    fn what_cannot_be_decided_counts_as_wanted_and_says_on_what_it_depends() {
        let loaded = loaded(
            "facts:\n- { id: driver, lookup: x }\ninputs:\n- { id: way, type: choice, choices: [a, b] }\n- { id: rows, type: rows, columns: [{ id: n, type: text }] }\n- { id: mirror, type: host, when: \"way == 'b'\" }\nsteps:\n- { id: open, kind: k, when: facts.driver.there }\n- { id: copied, kind: k, when: \"way == 'b'\", with: { to: '{{ mirror }}' } }\n- { id: never, kind: k, when: \"region == 'x'\" }\n- { id: each, kind: k, each: rows, key: n, with: { a: '{{ row.n }}' } }\n- { id: reads, kind: k, with: { a: '{{ facts.driver.name }}' } }\n",
        );
        let partly = Partly::of(&loaded, &alone(&loaded, &[]));
        let tasks: Vec<String> = partly.plan.tasks.iter().map(|task| task.path.to_string()).collect();
        assert_eq!(tasks, ["steps/open", "steps/copied"]);
        let undecided = |path: &str| &partly.undecided[&path.parse::<TaskPath>().unwrap()];
        assert_eq!(*undecided("steps/open"), ["look-up driver"]);
        assert_eq!(*undecided("steps/copied"), ["answer way"]);
        assert_eq!(partly.plan.tasks[1].parameters, json!({ "to": "<answer mirror>" }));
        let untold: Vec<(&str, &[String])> =
            partly.untold.iter().map(|untold| (untold.title.as_str(), untold.on.as_slice())).collect();
        let (rows, driver) = (["answer rows".to_owned()], ["look-up driver".to_owned()]);
        assert_eq!(untold, [("each", rows.as_slice()), ("reads", driver.as_slice())]);
    }
}
