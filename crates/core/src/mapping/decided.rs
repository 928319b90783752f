//! What was decided for each key? As it stands in the answers, so that another run or another cluster uses it again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Decision, KeyPath, Of, Part, Seen, State, VendorFile, VendorKey, exposed, exposes};
use crate::value::references;

/// An answer of the type `mapping`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// The file it was last held against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<Of>,
    /// What a key becomes: a value, or a text that refers, such as `{{ auth_host }}`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<KeyPath, Value>,
    /// Keys left as the vendor has them, on purpose; why.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub leave: BTreeMap<KeyPath, String>,
    /// What the vendor's file had when a key was decided: a key that changed since is asked again.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub seen: BTreeMap<KeyPath, Seen>,
}

impl Mapping {
    /// From an answer; or why it is none.
    pub fn read(answer: &Value) -> Result<Self, String> {
        if answer.is_null() {
            return Ok(Self::default());
        }
        let mapping: Self = serde_json::from_value(answer.clone()).map_err(|error| {
            format!("it holds `set` (auth.host: \"{{{{ auth_host }}}}\") and `leave` (auth.tag: the reason), and nothing else: {error}")
        })?;
        for (path, value) in &mapping.set {
            if let Some(list) = path.list() {
                return Err(format!("{path} is an item of a list, and helm replaces lists whole: set {list}"));
            }
            if mapping.leave.contains_key(path) {
                return Err(format!("{path} stands under `set` and under `leave`"));
            }
            if let Some(above) = mapping.set.keys().find(|above| *above != path && path.below(above).is_some()) {
                return Err(format!("{path} is set already by {above}"));
            }
            let read = references(value).map_err(|fault| format!("{path}: {fault}"))?;
            if read.steps().next().is_some() {
                return Err(format!("{path}: what a step brings is not known yet; refer to an answer or a secret"));
            }
        }
        match mapping.leave.iter().find(|(_, reason)| reason.trim().is_empty()) {
            Some((path, _)) => Err(format!("{path} is left as it is without a reason")),
            None => Ok(mapping),
        }
    }

    /// As an answer.
    pub fn answer(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Nothing was decided.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.leave.is_empty()
    }

    /// The tree to lay over the vendor's file; references in it are still to be evaluated.
    pub fn tree(&self) -> Value {
        let mut tree = Value::Object(serde_json::Map::new());
        for (path, value) in &self.set {
            KeyPath::put(&mut tree, path.parts(), value.clone());
        }
        tree
    }

    /// Names it refers to.
    pub fn names(&self) -> BTreeSet<String> {
        self.set.values().filter_map(|value| references(value).ok()).flat_map(|read| read.names).collect()
    }

    /// What becomes of a key, where that was decided: itself, or a mapping or list it lies in.
    fn set_at(&self, key: &VendorKey) -> Option<Value> {
        let (above, value) = self.set.iter().find(|(above, _)| key.path.below(above).is_some())?;
        let rest = key.path.below(above)?;
        let value = KeyPath::find(value, rest)?;
        // An item nobody touched stands in the list only because helm replaces lists whole.
        let untouched = rest.iter().any(|part| matches!(part, Part::Item(_))) && *value == key.value;
        (!untouched).then(|| value.clone())
    }

    /// Where a key stands; `known` says whether a name has a value now.
    pub fn state(&self, key: &VendorKey, known: &dyn Fn(&str) -> bool) -> State {
        let left = || self.leave.iter().find(|(above, _)| key.path.below(above).is_some());
        let state = match (self.set_at(key), left()) {
            (Some(value), _) => match dangling(&value, known) {
                Some(name) => return State::Dangling(name),
                None => State::Set(value),
            },
            (None, Some((_, reason))) => State::Left(reason.clone()),
            (None, None) => return State::Open,
        };
        match self.seen.get(&key.path) {
            Some(seen) if *seen != Seen::of(key) => State::Changed(seen.clone()),
            _ => state,
        }
    }

    /// Names that keys outside the file's gaps refer to and that have no value, by the key.
    pub fn dangling(&self, known: &dyn Fn(&str) -> bool) -> Vec<(KeyPath, String)> {
        self.set.iter().filter_map(|(path, value)| Some((path.clone(), dangling(value, known)?))).collect()
    }

    /// Decides a key of the file, or one of the person's own.
    pub fn decide(&mut self, file: &VendorFile, path: &KeyPath, decision: Decision) -> Result<(), String> {
        if let Decision::Set(value) = &decision
            && let Some(exposed) = exposed(path, value, Some(file))
        {
            return Err(exposes(&exposed));
        }
        let key = file.key(path);
        if path.list().is_some() && key.is_none() {
            return Err(format!("the vendor's file has no {path}; set the whole list"));
        }
        let place = path.list().unwrap_or_else(|| path.clone());
        let mut after = self.clone();
        after.leave.remove(path);
        after.seen.remove(path);
        match (decision, key.filter(|_| place != *path)) {
            (Decision::Leave(reason), item) => {
                after.take_back(file, &place, path, item);
                after.leave.insert(path.clone(), reason);
            }
            (Decision::Undo, item) => after.take_back(file, &place, path, item),
            (Decision::Set(value), None) => {
                after.set.insert(place, value);
            }
            (Decision::Set(value), Some(item)) => {
                let list = after.set.entry(place.clone()).or_insert_with(|| item.list.clone());
                KeyPath::put(list, path.below(&place).unwrap_or_default(), value);
            }
        }
        if let (Some(key), true) = (key, after.set_at_path(path) || after.leave.contains_key(path)) {
            after.seen.insert(path.clone(), Seen::of(key));
        }
        after.of = Some(file.of.clone());
        *self = Self::read(&after.answer())?;
        Ok(())
    }

    fn set_at_path(&self, path: &KeyPath) -> bool {
        self.set.keys().any(|above| path.below(above).is_some())
    }

    /// Takes a key out of what is set; an item of a list becomes what the vendor has.
    fn take_back(&mut self, file: &VendorFile, place: &KeyPath, path: &KeyPath, item: Option<&VendorKey>) {
        let Some(item) = item else {
            self.set.remove(place);
            return;
        };
        if let Some(list) = self.set.get_mut(place) {
            KeyPath::put(list, path.below(place).unwrap_or_default(), item.value.clone());
        }
        let untouched =
            file.keys.iter().filter(|key| key.path.below(place).is_some()).all(|key| self.set_at(key).is_none());
        if untouched {
            self.set.remove(place);
        }
    }

    /// Holds the mapping against a file: what was decided without having seen one has seen this one now, and once nothing
    /// is open any more this is the file it belongs to.
    pub fn met(&mut self, file: &VendorFile, known: &dyn Fn(&str) -> bool) {
        for key in &file.keys {
            if self.state(key, known).is_decided() {
                self.seen.entry(key.path.clone()).or_insert_with(|| Seen::of(key));
            }
        }
        if self.open(file, known).is_empty() {
            self.of = Some(file.of.clone());
        }
    }

    /// Gaps nobody decided yet, and keys that refer to nothing, with where they stand.
    pub fn open(&self, file: &VendorFile, known: &dyn Fn(&str) -> bool) -> Vec<(KeyPath, State)> {
        let mut open: Vec<(KeyPath, State)> = file
            .gaps()
            .map(|key| (key.path.clone(), self.state(key, known)))
            .filter(|(_, state)| !state.is_decided())
            .collect();
        for (path, name) in self.dangling(known) {
            if !open.iter().any(|(known, _)| known.below(&path).is_some()) {
                open.push((path, State::Dangling(name)));
            }
        }
        open
    }
}

fn dangling(value: &Value, known: &dyn Fn(&str) -> bool) -> Option<String> {
    references(value).ok()?.names.into_iter().find(|name| !known(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(path: &str, value: Value, comment: &str) -> VendorKey {
        VendorKey { path: path.parse().unwrap(), value, gap: true, comment: comment.into(), line: 1, list: Value::Null }
    }

    fn file() -> VendorFile {
        let list = json!([{"name": "YOUR_TENANT", "tier": ""}]);
        let item = |path: &str, value: Value| VendorKey { list: list.clone(), ..key(path, value, "") };
        VendorFile {
            of: Of { chart: "web".into(), version: "1.0.0".into(), ..Of::default() },
            keys: vec![
                key("auth.host", Value::Null, "people sign in here"),
                key("shield.tag", json!(""), "the chart's own where empty"),
                item("tenants[0].name", json!("YOUR_TENANT")),
                item("tenants[0].tier", json!("")),
            ],
        }
    }

    fn path(text: &str) -> KeyPath {
        text.parse().unwrap()
    }

    fn open(mapping: &Mapping, file: &VendorFile) -> Vec<String> {
        mapping.open(file, &|_| true).into_iter().map(|(path, _)| path.to_string()).collect()
    }

    #[test]
    fn what_is_set_by_reference_becomes_a_tree_and_what_is_left_stays_out_of_it() {
        let (file, mut mapping) = (file(), Mapping::default());
        assert_eq!(open(&mapping, &file).len(), 4);
        mapping.decide(&file, &path("auth.host"), Decision::Set(json!("{{ auth_host }}"))).unwrap();
        mapping.decide(&file, &path("shield.tag"), Decision::Leave("the chart's own".into())).unwrap();
        assert_eq!(mapping.tree(), json!({"auth": {"host": "{{ auth_host }}"}}));
        assert_eq!(open(&mapping, &file), ["tenants[0].name", "tenants[0].tier"]);
        assert_eq!(Mapping::read(&mapping.answer()).unwrap(), mapping);
        assert!(mapping.names().contains("auth_host"));
    }

    #[test]
    fn an_item_of_a_list_is_set_in_the_whole_list_and_given_back() {
        let (file, mut mapping) = (file(), Mapping::default());
        mapping.decide(&file, &path("tenants[0].name"), Decision::Set(json!("acme"))).unwrap();
        assert_eq!(mapping.tree(), json!({"tenants": [{"name": "acme", "tier": ""}]}));
        assert!(open(&mapping, &file).contains(&"tenants[0].tier".to_owned()), "its neighbour is still open");
        mapping.decide(&file, &path("tenants[0].tier"), Decision::Leave("none".into())).unwrap();
        assert!(!open(&mapping, &file).contains(&"tenants[0].name".to_owned()));
        mapping.decide(&file, &path("tenants[0].name"), Decision::Undo).unwrap();
        assert_eq!(mapping.tree(), json!({}));
        assert!(open(&mapping, &file).contains(&"tenants[0].name".to_owned()));
    }

    #[test]
    fn another_version_asks_only_what_is_new_or_changed() {
        let (file, mut mapping) = (file(), Mapping::default());
        for gap in ["auth.host", "shield.tag", "tenants[0].name", "tenants[0].tier"] {
            mapping.decide(&file, &path(gap), Decision::Set(json!("x"))).unwrap();
        }
        let mut next = file.clone();
        next.of.version = "1.1.0".into();
        next.keys[0].comment = "people sign in here; with https://".into();
        next.keys.push(key("database.host", Value::Null, ""));
        mapping.met(&next, &|_| true);
        assert_eq!(mapping.of.as_ref().unwrap().version, "1.0.0", "it was not mapped for that one yet");
        assert_eq!(open(&mapping, &next), ["auth.host", "database.host"]);
        assert!(
            matches!(mapping.state(&next.keys[0], &|_| true), State::Changed(seen) if seen.says == "people sign in here")
        );
        for gap in ["auth.host", "database.host"] {
            mapping.decide(&next, &path(gap), Decision::Set(json!("x"))).unwrap();
        }
        mapping.met(&next, &|_| true);
        assert_eq!((open(&mapping, &next).len(), mapping.of.unwrap().version.as_str()), (0, "1.1.0"));
    }

    #[test]
    fn what_refers_to_nothing_is_open_again() {
        let (file, mut mapping) = (file(), Mapping::default());
        mapping.decide(&file, &path("auth.host"), Decision::Set(json!("{{ auth_host }}"))).unwrap();
        mapping.decide(&file, &path("extra"), Decision::Set(json!("{{ auth_host }}"))).unwrap();
        let open = mapping.open(&file, &|name| name != "auth_host");
        let dangling: Vec<String> = open
            .iter()
            .filter(|(_, state)| *state == State::Dangling("auth_host".into()))
            .map(|(path, _)| path.to_string())
            .collect();
        assert_eq!(dangling, ["auth.host", "extra"]);
    }

    #[test]
    fn what_came_with_the_file_is_not_written_down() {
        let arrived = VendorKey { gap: false, ..key("database.password", json!("canary-1"), "") };
        let file = VendorFile { keys: vec![arrived], ..file() };
        let mut mapping = Mapping::default();
        mapping.decide(&file, &path("database.password"), Decision::Set(json!("{{ secrets.a.b }}"))).unwrap();
        mapping.met(&file, &|_| true);
        assert!(!mapping.answer().to_string().contains("canary"), "{mapping:?}");
        assert_eq!(file.keys[0].shown(), "(set)");
    }

    #[test]
    fn an_answer_written_by_hand_is_taken_or_refused_with_the_reason() {
        for (answer, wrong) in [
            (json!({"auth": {"host": "x"}}), "`set`"),
            (json!({"set": {"a[0]": 1}}), "set a"),
            (json!({"set": {"a": 1}, "leave": {"a": "why"}}), "`leave`"),
            (json!({"set": {"a": {}, "a.b": 1}}), "already by a"),
            (json!({"set": {"a": "{{ secrets.x.y | upper }}"}}), "filter"),
            (json!({"set": {"a": "{{ steps.role.arn }}"}}), "step"),
            (json!({"leave": {"a": " "}}), "reason"),
            (json!({"set": {"a..b": 1}}), "no path"),
        ] {
            let said = Mapping::read(&answer).unwrap_err();
            assert!(said.contains(wrong), "{answer}: {said}");
        }
        let by_hand =
            Mapping::read(&json!({"set": {"tenants": [{"name": "acme"}]}, "leave": {"shield": "ok"}})).unwrap();
        assert_eq!(
            open(&by_hand, &file()),
            ["auth.host", "tenants[0].tier"],
            "a whole list, and what lies below a key"
        );
    }
}
