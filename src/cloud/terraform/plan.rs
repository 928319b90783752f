//! What would it do? A saved plan as `show -json` tells it, as a list a person can review.

use std::collections::BTreeMap;

use landfall_core::event::{Choice, Difference, Question};
use serde_json::Value;

/// The root output by which a state carries the install that applied it.
pub const MARK: &str = "landfall_install";

/// What happens to one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// It is taken away.
    Destroy,
    /// It is taken away and made anew.
    Replace,
    /// It is changed in place.
    Change,
    /// It is made.
    Add,
    /// It is only forgotten.
    Forget,
}

impl Action {
    fn of(actions: &Value) -> Option<Self> {
        let has = |word: &str| actions.as_array().is_some_and(|all| all.iter().any(|one| one == word));
        match (has("create"), has("delete")) {
            (true, true) => Some(Self::Replace),
            (true, false) => Some(Self::Add),
            (false, true) => Some(Self::Destroy),
            _ if has("update") => Some(Self::Change),
            _ if has("forget") => Some(Self::Forget),
            _ => None,
        }
    }

    /// What is lost by it stands in capitals.
    pub fn word(self) -> &'static str {
        match self {
            Self::Destroy => "DESTROY",
            Self::Replace => "REPLACE",
            Self::Change => "change",
            Self::Add => "add",
            Self::Forget => "forget",
        }
    }

    /// Whether something is taken away.
    pub fn destroys(self) -> bool {
        matches!(self, Self::Destroy | Self::Replace)
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Of what.
    pub address: String,
    /// Its type, e.g. `helm_release`.
    pub kind: String,
    /// What happens to it.
    pub action: Action,
    /// Which fields change: name to "before → after"; what is sensitive or long is only named.
    pub fields: BTreeMap<String, String>,
    /// Why it has to be replaced.
    pub because: Option<String>,
    /// Namespace and name, where it has them.
    pub named: Option<(String, String)>,
}

impl Change {
    fn of(change: &Value) -> Option<Self> {
        if change["mode"] == "data" {
            return None;
        }
        let action = Action::of(&change["change"]["actions"])?;
        let after = &change["change"]["after"];
        let named = after["name"]
            .as_str()
            .map(|name| (after["namespace"].as_str().unwrap_or("default").to_owned(), name.to_owned()));
        Some(Self {
            address: change["address"].as_str().unwrap_or_default().to_owned(),
            kind: change["type"].as_str().unwrap_or_default().to_owned(),
            action,
            fields: if action == Action::Add { BTreeMap::new() } else { fields(&change["change"]) },
            because: change["action_reason"].as_str().map(|reason| {
                let paths = change["change"]["replace_paths"].as_array().into_iter().flatten();
                let paths: Vec<&str> = paths.filter_map(|path| path[0].as_str()).collect();
                let reason = reason.trim_start_matches("replace_because_").trim_start_matches("delete_because_");
                let reason = reason.replace('_', " ");
                if paths.is_empty() { reason } else { format!("{reason}: {}", paths.join(", ")) }
            }),
            named,
        })
    }

    /// In a few words, after its address.
    pub fn words(&self) -> String {
        let mut words = self.action.word().to_owned();
        let fields: Vec<String> = self.fields.iter().map(|(name, values)| format!("{name}{values}")).collect();
        if !fields.is_empty() && self.action != Action::Destroy {
            words.push_str(&format!(": {}", fields.join(", ")));
        }
        if let Some(because) = &self.because {
            words.push_str(&format!(" ({because})"));
        }
        words
    }
}

/// A plan, reviewed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reviewed {
    /// What changes; what is lost comes first.
    pub changes: Vec<Change>,
    /// Root outputs that change.
    pub outputs: Vec<String>,
    /// Whether the state holds anything yet.
    pub stands: bool,
    /// Which install applied it last, as the state says.
    pub install: Option<String>,
    /// What the root outputs will say, as far as that is known before.
    pub will_say: BTreeMap<String, String>,
}

impl Reviewed {
    /// From `show -json`.
    pub fn of(plan: &Value) -> Self {
        let mut changes: Vec<Change> =
            plan["resource_changes"].as_array().into_iter().flatten().filter_map(Change::of).collect();
        changes.sort_by(|a, b| (a.action, &a.address).cmp(&(b.action, &b.address)));
        let outputs = plan["output_changes"].as_object().into_iter().flatten();
        let before = &plan["prior_state"]["values"];
        let some = |key: &str| before["root_module"][key].as_array().is_some_and(|all| !all.is_empty());
        Self {
            changes,
            outputs: outputs
                .filter(|(_, change)| change["actions"] != serde_json::json!(["no-op"]))
                .map(|(name, _)| name.clone())
                .collect(),
            stands: some("resources") || some("child_modules"),
            install: before["outputs"][MARK]["value"].as_str().map(str::to_owned),
            will_say: plan["planned_values"]["outputs"]
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(_, output)| output["sensitive"] != true)
                .filter_map(|(name, output)| Some((name.clone(), output["value"].as_str()?.to_owned())))
                .collect(),
        }
    }

    /// A plan that another run saved and wrote down with `show -json`; none where that is no such file.
    pub fn written(text: &str) -> Option<Self> {
        let plan: Value = serde_json::from_str(text).ok()?;
        plan["format_version"].is_string().then_some(())?;
        plan["resource_changes"].is_array().then(|| Self::of(&plan))
    }

    /// The plan as a question; what is lost has to be typed out. `does` is what agreeing means, in one word.
    pub fn question(&self, tool: &str, does: &str) -> Question {
        let stop = Choice { id: "stop".into(), label: "stop here; nothing is applied".into(), typed: None };
        let destroyed = self.destroyed();
        let agree = if destroyed == 0 {
            Choice { id: does.into(), label: format!("{does} exactly this"), typed: Some(does.into()) }
        } else {
            Choice {
                // Agreed to beforehand, it holds for this many and no more.
                id: format!("{does}_and_destroy_{destroyed}"),
                label: format!("{does} exactly this, and DESTROY {destroyed}"),
                typed: Some(format!("destroy {destroyed}")),
            }
        };
        Question {
            about: "approve".into(),
            text: format!("{tool} would do this: {}.", self.summary()),
            choices: vec![stop, agree],
            differences: self.differences(),
        }
    }

    /// Whether nothing is to be done.
    pub fn nothing(&self) -> bool {
        self.changes.is_empty() && self.outputs.is_empty()
    }

    /// How many are taken away, replaced ones included.
    pub fn destroyed(&self) -> usize {
        self.changes.iter().filter(|change| change.action.destroys()).count()
    }

    /// `3 to add, 1 to change, 0 to destroy`, as terraform counts.
    pub fn summary(&self) -> String {
        let count = |wanted: &[Action]| self.changes.iter().filter(|change| wanted.contains(&change.action)).count();
        let add = count(&[Action::Add, Action::Replace]);
        format!("{add} to add, {} to change, {} to destroy", count(&[Action::Change]), self.destroyed())
    }

    /// For people, a change a row.
    pub fn differences(&self) -> Vec<Difference> {
        let outputs = self.outputs.iter().map(|name| Difference {
            field: format!("output {name}"),
            wanted: "set".into(),
            found: String::new(),
            fixed: false,
        });
        let changes = self.changes.iter().map(|change| Difference {
            field: change.address.clone(),
            wanted: change.words(),
            found: String::new(),
            fixed: false,
        });
        changes.chain(outputs).collect()
    }

    /// For people, as a text: `- ` is lost, `~ ` changed, `+ ` made.
    pub fn text(&self) -> String {
        let mut lines = vec![self.summary()];
        for change in &self.changes {
            let sign = match change.action {
                Action::Destroy => "-",
                Action::Replace => "-/+",
                Action::Change | Action::Forget => "~",
                Action::Add => "+",
            };
            lines.push(format!("{sign} {}  {}", change.address, change.words()));
        }
        lines.extend(self.outputs.iter().map(|name| format!("~ output {name}")));
        lines.join("\n")
    }
}

/// Top-level fields that differ.
fn fields(change: &Value) -> BTreeMap<String, String> {
    let (before, after) = (&change["before"], &change["after"]);
    let empty = serde_json::Map::new();
    let known = before.as_object().unwrap_or(&empty);
    let wanted = after.as_object().unwrap_or(&empty);
    let unknown = change["after_unknown"].as_object().unwrap_or(&empty);
    let names = known.keys().chain(wanted.keys()).chain(unknown.keys());
    let hidden = |name: &str| {
        let marked =
            |tree: &Value| tree == &Value::Bool(true) || !matches!(tree[name], Value::Null | Value::Bool(false));
        marked(&change["before_sensitive"]) || marked(&change["after_sensitive"])
    };
    names
        .filter(|name| before[name.as_str()] != after[name.as_str()])
        .map(|name| {
            let values = match (scalar(&before[name.as_str()]), scalar(&after[name.as_str()])) {
                _ if hidden(name) => " (sensitive)".to_owned(),
                (Some(before), Some(after)) => format!(" {before} → {after}"),
                _ => String::new(),
            };
            (name.clone(), values)
        })
        .collect()
}

fn scalar(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        _ => return None,
    };
    (text.len() <= 60 && !text.contains('\n')).then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan() -> Value {
        json!({
            "resource_changes": [
                {"address": "a.new", "type": "a", "mode": "managed", "change": {"actions": ["create"], "before": null, "after": {"name": "n", "namespace": "ns"}}},
                {"address": "a.kept", "type": "a", "mode": "managed", "change": {"actions": ["no-op"], "before": {}, "after": {}}},
                {"address": "a.read", "type": "a", "mode": "data", "change": {"actions": ["read"]}},
                {"address": "a.other", "type": "a", "mode": "managed", "change": {"actions": ["update"],
                    "before": {"size": 1, "password": "canary-1"}, "after": {"size": 2, "password": "canary-2"},
                    "before_sensitive": {"password": true}, "after_sensitive": {"password": true}}},
                {"address": "a.gone", "type": "a", "mode": "managed", "change": {"actions": ["delete", "create"],
                    "before": {"zone": "a"}, "after": {"zone": "b"}, "replace_paths": [["zone"]]},
                    "action_reason": "replace_because_cannot_update"},
            ],
            "output_changes": {"x": {"actions": ["create"]}, "y": {"actions": ["no-op"]}},
            "prior_state": {"values": {"outputs": {"landfall_install": {"value": "abcd"}}, "root_module": {"child_modules": [{}]}}},
        })
    }

    #[test]
    fn what_is_lost_comes_first_and_nothing_sensitive_is_shown() {
        let reviewed = Reviewed::of(&plan());
        let addresses: Vec<&str> = reviewed.changes.iter().map(|change| change.address.as_str()).collect();
        assert_eq!(addresses, ["a.gone", "a.other", "a.new"]);
        assert_eq!(reviewed.summary(), "2 to add, 1 to change, 1 to destroy");
        let text = reviewed.text();
        assert!(text.contains("-/+ a.gone  REPLACE: zone a → b (cannot update: zone)"), "{text}");
        assert!(text.contains("size 1 → 2") && text.contains("password (sensitive)"), "{text}");
        assert!(!text.contains("canary"), "{text}");
        assert_eq!(reviewed.changes[2].named, Some(("ns".into(), "n".into())));
    }

    #[test]
    fn the_state_says_whether_it_holds_something_and_who_applied_it() {
        let reviewed = Reviewed::of(&plan());
        assert!(reviewed.stands);
        assert_eq!(reviewed.install.as_deref(), Some("abcd"));
        assert_eq!(reviewed.outputs, ["x"]);
        assert!(Reviewed::of(&json!({})).nothing());
    }

    #[test]
    fn what_another_run_wrote_down_is_a_plan_or_nothing() {
        let text = json!({
            "format_version": "1.2", "resource_changes": plan()["resource_changes"],
            "planned_values": {"outputs": {"version": {"value": "0.8.2"}, "key": {"sensitive": true, "value": "canary"}}},
        });
        let reviewed = Reviewed::written(&text.to_string()).unwrap();
        assert_eq!(reviewed.will_say, BTreeMap::from([("version".to_owned(), "0.8.2".to_owned())]));
        let question = reviewed.question("terraform", "agree");
        assert_eq!(question.choices[1].id, "agree_and_destroy_1");
        assert_eq!(question.choices[1].typed.as_deref(), Some("destroy 1"));
        assert_eq!(Reviewed::written("{\"resource_changes\": [").map(drop), None);
        assert_eq!(Reviewed::written("[]").map(drop), None);
    }
}
