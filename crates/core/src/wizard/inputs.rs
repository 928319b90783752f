//! Inputs: what the guide asks, in groups; questions come and go with the answers they depend on.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{
    AnsweredBy, Effect, Field, Keys, Line, Record, Suggestions, Vault, Wizard,
    edit::Edited,
    mapping::{Waits, waits},
};
use crate::{
    guide::Suggest,
    plan::{Answers, InstallId, Settled, scope, settle},
    value::{Scope, SecretRef, references},
};

/// Fields with a selection, and one of them perhaps being edited. Target and Inputs are both this.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// All of them, wanted or not, in the guide's order.
    pub all: Vec<Field>,
    /// The selected one: an index into `all`, always a wanted one.
    pub at: usize,
    /// What is being done with the selected one.
    pub editing: Option<Editing>,
}

/// How a field is being answered.
#[derive(Clone, Debug)]
pub enum Editing {
    /// By typing.
    Line(Line),
    /// By choosing from its choices or its table; the selected row, and the rows ticked where several can be.
    Pick {
        /// The selected row.
        at: usize,
        /// Rows ticked.
        ticked: Vec<usize>,
        /// Only rows that contain this are shown.
        filter: String,
    },
    /// A values file is being filled in, key by key.
    Keys(Keys),
    /// Rows of columns: the cell being typed.
    Cells {
        /// Cells typed so far, a row each.
        rows: Vec<Vec<Line>>,
        /// Row.
        row: usize,
        /// Column.
        column: usize,
    },
}

impl Wizard {
    /// The guide's inputs as fields, nothing answered.
    pub(super) fn lay_out_inputs(&mut self) {
        let Some(loaded) = self.loaded.clone() else { return };
        let fields = loaded.guide.inputs.iter().map(|input| Field {
            name: input.id.clone(),
            asked: input.clone(),
            given: Value::Null,
            answer: Value::Null,
            by: AnsweredBy::Nobody,
            refusal: None,
            suggestions: Suggestions::None,
            wanted: false,
            locked: None,
            replaces: None,
            errata: self.errata_at(&input.id),
            from: loaded.place(&input.from),
            looked_with: None,
            mapped: Vec::new(),
        });
        self.inputs = Fields { all: fields.collect(), ..Fields::default() };
    }

    /// All answers, as an answers file would hold them.
    pub fn answers(&self) -> Answers {
        let inputs: Map<String, Value> = self
            .inputs
            .all
            .iter()
            .filter(|field| !field.given.is_null())
            .map(|field| (field.name.clone(), field.given.clone()))
            .collect();
        Answers {
            guide: self.loaded.as_ref().map(|loaded| loaded.guide.id.clone()),
            target: self.target.answers(),
            inputs,
            ..Answers::default()
        }
    }

    /// Answers with defaults filled in, and what is asked.
    pub(super) fn settled(&self) -> Settled {
        match &self.loaded {
            Some(loaded) => settle(&loaded.guide, &self.answers(), &self.facts, &self.target_value()),
            None => Settled::default(),
        }
    }

    /// What templates may read now.
    pub fn scope(&self) -> Scope {
        self.scope_of(&self.settled())
    }

    fn scope_of(&self, settled: &Settled) -> Scope {
        let install = InstallId::of(self.install_id.clone().unwrap_or_else(|| "00000000".into()));
        match &self.loaded {
            Some(loaded) => scope(&loaded.guide, settled, &self.facts, &self.target_value(), &install),
            None => Scope::new(),
        }
    }

    /// The target as templates read it.
    pub(super) fn target_value(&self) -> Value {
        self.target.seen.as_ref().map_or_else(|| json!({}), |seen| serde_json::to_value(seen).unwrap_or_default())
    }

    /// Decides anew what is asked, what counts as answered and which tables are wanted.
    pub(super) fn refresh_inputs(&mut self) -> Vec<Effect> {
        let settled = self.settled();
        let scope = self.scope_of(&settled);
        let open: BTreeMap<&str, &str> =
            settled.open.iter().map(|(id, reason)| (id.as_str(), reason.as_str())).collect();
        let mut effects = Vec::new();
        let confirmed = self.target.confirmed;
        // What look-ups wait for: asked, needed and not answered.
        let missing: BTreeMap<String, String> = self
            .inputs
            .all
            .iter()
            .filter(|field| settled.asked.contains(&field.name) && !field.asked.optional)
            .filter(|field| settled.values.get(&field.name).is_none_or(Value::is_null))
            .map(|field| (field.name.clone(), field.label()))
            .collect();
        for field in &mut self.inputs.all {
            field.wanted = settled.asked.contains(&field.name);
            field.answer = settled.values.get(&field.name).cloned().unwrap_or(Value::Null);
            if field.given.is_null() {
                field.by = if field.answer.is_null() { AnsweredBy::Nobody } else { AnsweredBy::Default };
            }
            field.refusal = match open.get(field.name.as_str()) {
                Some(reason) if !field.given.is_null() => Some((*reason).to_owned()),
                _ => field.rejected(&field.answer),
            };
            // Before the target is confirmed, a look-up would ask the wrong account.
            let Some(suggest) = field.asked.suggest.clone().filter(|_| field.wanted && confirmed) else { continue };
            let names = references(&suggest.with).map(|references| references.names).unwrap_or_default();
            match waits(names.iter(), &scope, &self.secrets) {
                Waits::Not => {}
                // Asked about again while what it was looked up with still stands.
                Waits::Busy if field.looked_with.is_some() => continue,
                Waits::Busy => {
                    field.suggestions = Suggestions::Asked;
                    continue;
                }
                Waits::For(reference, label) => {
                    field.looked_with = None;
                    field.suggestions = Suggestions::Needs(reference, label);
                    continue;
                }
            }
            match with(&suggest, &names, &scope, &missing) {
                Err(missing) => {
                    field.looked_with = None;
                    field.suggestions = Suggestions::After(missing);
                }
                Ok(parameters) if field.looked_with.as_ref() == Some(&parameters) => {}
                Ok(parameters) => {
                    field.looked_with = Some(parameters.clone());
                    field.suggestions = Suggestions::Asked;
                    effects.push(Effect::Lookup {
                        field: field.name.clone(),
                        lookup: suggest.lookup,
                        with: parameters,
                    });
                }
            }
        }
        if self.inputs.selected().is_none() {
            self.inputs.move_by(0);
        }
        self.refresh_mappings(&settled, &scope);
        effects
    }

    /// Asks the vault whether it has what look-ups read, and asks those look-ups again that waited for a secret.
    pub(super) fn secrets_of_lookups(&self) -> Vec<Effect> {
        let suggests = self.inputs.all.iter().filter_map(|field| field.asked.suggest.as_ref());
        let names: BTreeSet<String> = suggests
            .filter_map(|suggest| references(&suggest.with).ok())
            .flat_map(|read| read.names)
            .filter_map(|name| name.strip_prefix("secrets.").map(str::to_owned))
            .collect();
        let mut effects = Vec::new();
        for field in self.secrets.groups.iter().flat_map(|group| &group.fields) {
            if names.contains(&field.reference.0) && !field.known && !field.is_busy() {
                let reference = field.reference.clone();
                effects.push(Effect::Vault(Vault::Compare { reference, kubernetes: None }));
            }
        }
        effects
    }

    /// A secret came or changed: look-ups that wait for it, or failed with the one before, are asked again.
    pub(super) fn secret_came(&mut self, reference: &SecretRef) -> Vec<Effect> {
        let name = format!("secrets.{reference}");
        let mut waited = false;
        for field in &mut self.inputs.all {
            let reads = field.asked.suggest.as_ref().and_then(|suggest| references(&suggest.with).ok());
            if !reads.is_some_and(|read| read.names.contains(&name)) {
                continue;
            }
            waited |= field.wanted;
            if matches!(field.suggestions, Suggestions::Failed(_)) {
                field.looked_with = None;
            }
        }
        if waited { self.refresh_inputs() } else { Vec::new() }
    }

    /// Takes over what an answers file or an earlier run says. Nothing is written down: that is where it came from.
    pub(super) fn answers_brought(&mut self, answers: Map<String, Value>) -> Vec<Effect> {
        for (name, answer) in answers {
            if let Some(field) = self.inputs.named_mut(&name).filter(|field| field.locked.is_none()) {
                field.given = answer;
                field.by = AnsweredBy::Person;
            }
        }
        let mut effects = self.refresh_inputs();
        effects.extend(self.answers_changed());
        effects
    }

    /// Answers an input; everything that depended on it is looked at anew.
    pub(super) fn set_input(&mut self, name: &str, value: Value, by: AnsweredBy) -> Vec<Effect> {
        let Some(field) = self.inputs.named_mut(name) else {
            self.notice = Some(format!("this guide asks nothing called {name}"));
            return Vec::new();
        };
        if let Some(why) = &field.locked {
            self.notice = Some(format!("{} cannot change any more: {why}", field.label()));
            return Vec::new();
        }
        let before = field.given.clone();
        let by_before = field.by;
        match field.asked.accept(&value) {
            Err(refused) if !value.is_null() => {
                field.refusal = Some(refused.0);
                return Vec::new();
            }
            Err(_) | Ok(Value::Null) => {
                field.given = Value::Null;
                field.by = AnsweredBy::Nobody;
            }
            Ok(value) => {
                field.given = value;
                field.by = by;
            }
        }
        let locked: Vec<(String, Value, String)> = self
            .inputs
            .all
            .iter()
            .filter_map(|field| Some((field.name.clone(), field.answer.clone(), field.locked.clone()?)))
            .collect();
        let mut effects = self.refresh_inputs();
        // A default that follows another answer is locked with what was made of it.
        let follows = locked.iter().find(|(name, was, _)| {
            self.inputs.named_mut(name).is_some_and(|field| field.wanted && !was.is_null() && field.answer != *was)
        });
        if let Some((follower, _, why)) = follows {
            let notice = format!("it cannot change any more: {} follows it, and {why}", follower.replace('_', " "));
            if let Some(field) = self.inputs.named_mut(name) {
                (field.given, field.by) = (before, by_before);
            }
            let effects = self.refresh_inputs();
            self.notice = Some(notice);
            return effects;
        }
        effects.push(Effect::Record(Record::Answers(self.answers().inputs)));
        effects.extend(self.answers_changed());
        effects
    }

    /// What a key did in the field being answered.
    pub(super) fn inputs_edited(&mut self, edited: Edited) -> Vec<Effect> {
        match edited {
            Edited::Nothing => Vec::new(),
            Edited::Answered(name, value) => {
                let effects = self.set_input(&name, value, AnsweredBy::Person);
                // On to what is still open below, else the next one.
                let here = self.inputs.at;
                let open = self.inputs.wanted().find(|(index, field)| *index > here && !field.settled());
                match open {
                    Some((index, _)) => self.inputs.at = index,
                    None => self.inputs.move_by(1),
                }
                effects
            }
        }
    }
}

/// A look-up's parameters, or which answer they still wait for. What is not asked, or may stay empty, is not waited for.
fn with(
    suggest: &Suggest,
    names: &BTreeSet<String>,
    scope: &Scope,
    missing: &BTreeMap<String, String>,
) -> Result<Value, String> {
    for name in names.iter().filter(|name| !scope.has(name)) {
        match missing.get(name) {
            Some(label) => return Err(label.clone()),
            None if name.starts_with("facts.") => return Err(name.replace('_', " ")),
            None => {}
        }
    }
    scope.render(&suggest.with).map_err(|fault| fault.to_string())
}
