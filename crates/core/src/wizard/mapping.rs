//! A vendor's values file, filled in key by key: the rows of its table, and what a person decides for each.

use serde_json::Value;

use super::{AnsweredBy, Effect, Field, Line, Secrets, Suggestions, Wizard, fields::plain};
use crate::{
    event::Problem,
    guide::{Guide, InputType},
    mapping::{Candidate, Decision, KeyPath, Known, Mapping, State, VendorFile, VendorKey, candidates},
    plan::Settled,
    value::{Scope, SecretRef, Tree, references},
};

/// One key on the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct MapRow {
    /// Where it stands.
    pub path: KeyPath,
    /// What the vendor has there; none for a key of the person's own.
    pub key: Option<VendorKey>,
    /// What was decided.
    pub state: State,
    /// What it becomes once references are followed; secrets stay references.
    pub becomes: String,
    /// What may belong there, what fits best first.
    pub candidates: Vec<Candidate>,
}

impl MapRow {
    /// Whether something has to be said about it before the stage can be left.
    pub fn is_open(&self) -> bool {
        match self.state {
            State::Dangling(_) => true,
            State::Set(_) | State::Left(_) => false,
            State::Open | State::Changed(_) => self.key.as_ref().is_some_and(|key| key.gap),
        }
    }
}

impl MapRow {
    /// All that is known of it.
    pub(super) fn explained(&self) -> Vec<String> {
        let mut lines = vec![self.path.to_string()];
        if let Some(key) = &self.key {
            lines.push(format!("The vendor's file, line {}: {}", key.line, key.shown()));
            lines.extend((!key.comment.is_empty()).then(|| format!("The vendor says: {}", key.comment)));
        }
        match &self.state {
            State::Open => {}
            State::Changed(seen) => {
                lines.push("It was decided for an earlier version of the file, which had:".into());
                lines.push(format!("  {}", plain(&seen.now)));
                lines.push(format!("  {}", seen.says));
            }
            State::Dangling(name) => lines.push(format!("It points to {name}, which has no value here.")),
            State::Set(value) => {
                lines.push(format!("It becomes {}, that is {}", crate::mapping::written(value), self.becomes))
            }
            State::Left(reason) => lines.push(format!("It stays as it is: {reason}")),
        }
        for candidate in &self.candidates {
            lines.push(format!(
                "{} = {}: {} ({})",
                candidate.expression, candidate.shown, candidate.label, candidate.why
            ));
        }
        lines.push("In an answers file it stands under set: or leave: of this input.".into());
        lines
    }
}

/// A values file being filled in.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// The selected row.
    pub at: usize,
    /// What is being done with it.
    pub doing: Option<Doing>,
    /// Why the last decision was not taken.
    pub refusal: Option<String>,
}

/// What is being done with a key.
#[derive(Clone, Debug)]
pub enum Doing {
    /// A value is typed.
    Typing(Line),
    /// The reason why it stays as it is is typed.
    Leaving(Line),
    /// An answer or a secret is chosen: the selected one, and what the list is filtered by.
    Pointing(usize, String),
    /// Another key of the file is chosen.
    Adding(usize, String),
    /// The path of a key is typed.
    Naming(Line),
}

impl Field {
    /// The values file, once it was read.
    pub fn vendor(&self) -> Option<&VendorFile> {
        match &self.suggestions {
            Suggestions::Vendor(file) => Some(file),
            _ => None,
        }
    }

    /// What was decided so far.
    pub fn mapping(&self) -> Mapping {
        Mapping::read(&self.answer).unwrap_or_default()
    }

    /// Keys decided, and keys that have to be.
    pub fn mapped_of(&self) -> (usize, usize) {
        let asked = || self.mapped.iter().filter(|row| row.is_open() || row.key.as_ref().is_some_and(|key| key.gap));
        (asked().filter(|row| !row.is_open()).count(), asked().count())
    }

    /// How far a mapping is, for people.
    pub(super) fn shown_mapping(&self) -> String {
        let own = self.mapping().set.len();
        match &self.suggestions {
            Suggestions::Vendor(file) => {
                let (done, all) = self.mapped_of();
                format!("{done} of {all} keys mapped, {} {}", file.of.chart, file.of.version).trim_end().to_owned()
            }
            Suggestions::Needs(_, label) => format!("after: {label} (a secret, at the next stage)"),
            _ if own > 0 => format!("{own} keys set"),
            _ => String::new(),
        }
    }
}

impl Wizard {
    /// The row of the values file that is selected.
    pub fn map_row(&self) -> Option<&MapRow> {
        let field = self.inputs.selected()?;
        field.mapped.get(self.inputs.keys()?.at)
    }

    /// What a key can point to: answers, the target, secrets, and what the guide offers.
    pub fn pointable(&self) -> Vec<Known> {
        let settled = self.settled();
        let scope = self.scope();
        self.loaded.as_ref().map(|loaded| known(&loaded.guide, &settled, &scope)).unwrap_or_default()
    }

    /// Decides one key of a values file.
    pub(super) fn map_key(&mut self, name: &str, path: &KeyPath, decision: Decision) -> Result<Vec<Effect>, String> {
        let field = self.inputs.named(name).ok_or_else(|| format!("this guide asks nothing called {name}"))?;
        let file = field.vendor().cloned().unwrap_or_default();
        if let Decision::Set(value) = &decision {
            let scope = self.scope();
            let names = references(value).map_err(|fault| fault.to_string())?.names;
            if let Some(name) = names.iter().find(|name| !scope.has(name)) {
                return Err(format!("{name} has no value here"));
            }
        }
        let mut mapping = field.mapping();
        mapping.decide(&file, path, decision)?;
        Ok(self.set_input(name, mapping.answer(), AnsweredBy::Person))
    }

    /// Lays every mapping's rows out anew.
    pub(super) fn refresh_mappings(&mut self, settled: &Settled, scope: &Scope) {
        let Some(loaded) = self.loaded.clone() else { return };
        let has = |name: &str| scope.has(name);
        let mut all = None;
        for field in self.inputs.all.iter_mut().filter(|field| field.asked.kind == InputType::Mapping) {
            let Some(file) = field.vendor().cloned().filter(|_| field.wanted) else {
                field.mapped.clear();
                continue;
            };
            let mut mapping = field.mapping();
            if !mapping.is_empty() && mapping.of.as_ref() != Some(&file.of) {
                mapping.met(&file, &has);
                field.answer = mapping.answer();
                field.given = field.answer.clone();
            }
            let known = all.get_or_insert_with(|| known(&loaded.guide, settled, scope));
            field.mapped = rows(&file, &mapping, known, scope);
        }
    }

    /// A look-up read a values file.
    pub(super) fn vendor_read(field: &mut Field, table: &crate::event::Table) {
        field.suggestions = match VendorFile::of_table(table) {
            Ok(file) => Suggestions::Vendor(file),
            Err(why) => Suggestions::Failed(Problem::new(
                "GUIDE-BROKEN",
                format!("{}: {why}", field.label()),
                "The guide has to name a look-up that reads values files, such as helm.chart.",
            )),
        };
    }
}

fn rows(file: &VendorFile, mapping: &Mapping, known: &[Known], scope: &Scope) -> Vec<MapRow> {
    let has = |name: &str| scope.has(name);
    let row = |path: &KeyPath, key: Option<&VendorKey>, state: State| MapRow {
        path: path.clone(),
        becomes: becomes(&state, scope),
        candidates: key.map(|key| candidates(key, known)).unwrap_or_default(),
        key: key.cloned(),
        state,
    };
    let mut rows: Vec<MapRow> = file
        .keys
        .iter()
        .map(|key| (key, mapping.state(key, &has)))
        .filter(|(key, state)| key.gap || *state != State::Open)
        .map(|(key, state)| row(&key.path, Some(key), state))
        .collect();
    for (path, value) in &mapping.set {
        if file.keys.iter().any(|key| key.path.below(path).is_some()) {
            continue;
        }
        let names = references(value).map(|read| read.names).unwrap_or_default();
        let state = match names.into_iter().find(|name| !has(name)) {
            Some(name) => State::Dangling(name),
            None => State::Set(value.clone()),
        };
        rows.push(row(path, None, state));
    }
    rows
}

fn becomes(state: &State, scope: &Scope) -> String {
    let State::Set(value) = state else { return String::new() };
    match scope.render(value) {
        Ok(value) => plain(&Tree(value).shown()),
        Err(fault) => fault.to_string(),
    }
}

/// What a key of a values file can point to.
pub fn known(guide: &Guide, settled: &Settled, scope: &Scope) -> Vec<Known> {
    let mut all = Vec::new();
    for input in guide.inputs.iter().filter(|input| input.kind == InputType::Mapping) {
        for offer in &input.offers {
            let offered = offer.when.as_deref().is_none_or(|when| scope.holds(when).unwrap_or(false));
            if let Some(value) = scope.render_text(&offer.value).ok().filter(|value| offered && !value.is_null()) {
                all.push(Known {
                    expression: offer.value.clone(),
                    label: offer.label.clone(),
                    shown: plain(&Tree(value).shown()),
                    belongs: Some(offer.keys.clone()),
                    choice: false,
                });
            }
        }
    }
    let of = |name: &str, label: String, value: &Value| Known {
        expression: format!("{{{{ {name} }}}}"),
        label,
        shown: plain(value),
        belongs: None,
        choice: false,
    };
    for input in guide.inputs.iter().filter(|input| settled.asked.contains(&input.id)) {
        let value = settled.values.get(&input.id).unwrap_or(&Value::Null);
        let simple = !matches!(input.kind, InputType::Mapping | InputType::Tree | InputType::Rows | InputType::Ami);
        if simple && !value.is_null() {
            let choice = matches!(input.kind, InputType::Choice | InputType::Boolean);
            all.push(Known { choice, ..of(&input.id, input.label(), value) });
        }
    }
    for name in ["account", "region", "cluster", "namespace", "partition"] {
        if let Some(value) = scope.get(name).filter(|value| value.as_str().is_some_and(|text| !text.is_empty())) {
            all.push(of(name, format!("the target's {name}"), value));
        }
    }
    for secret in &guide.secrets {
        for field in secret.field_ids() {
            let name = format!("secrets.{}.{field}", secret.id);
            if scope.has(&name) {
                let label = format!("{}: {}", secret.label, field.replace('_', " "));
                all.push(of(&name, label, &Value::from("a secret; only its name is written down")));
            }
        }
    }
    all
}

/// Whether the secrets a look-up reads are there: nothing, that they are being looked for, or which is missing.
pub(super) enum Waits {
    /// All are there, or none is read.
    Not,
    /// The vault was asked.
    Busy,
    /// This one is missing.
    For(SecretRef, String),
}

/// Whether the secrets among these names are there.
pub(super) fn waits<'a>(names: impl Iterator<Item = &'a String>, scope: &Scope, secrets: &Secrets) -> Waits {
    for name in names {
        let Some(reference) = name.strip_prefix("secrets.").filter(|_| scope.has(name)) else { continue };
        let found = secrets.groups.iter().find_map(|group| {
            let field = group.fields.iter().find(|field| field.reference.0 == reference)?;
            Some((group, field))
        });
        match found {
            Some((_, field)) if field.is_busy() || !field.known => return Waits::Busy,
            Some((_, field)) if field.length.is_some() => {}
            Some((group, field)) => return Waits::For(field.reference.clone(), group.label.clone()),
            None => {}
        }
    }
    Waits::Not
}
