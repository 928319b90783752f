//! Which answers could a person give? Enough of them that every branch of a task is walked once.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::{
    guide::{Guide, Input, InputType},
    plan::{self, InstallId},
    value::{References, Scope, references},
};

/// More than so many ways through one task are not tried.
const MOST: usize = 384;

/// Everything a branch can depend on, and an example of everything else.
pub(super) struct Examples<'a> {
    guide: &'a Guide,
    /// Fields of each fact that templates read.
    facts: BTreeMap<String, BTreeSet<String>>,
    /// The most ordinary way: every input's default or an example, whatever is asked then.
    ordinary: Scope,
}

/// One way through the guide: the scope it gives.
pub(super) type Branch = Scope;

impl<'a> Examples<'a> {
    /// Examples for a guide whose templates read these names altogether.
    pub fn of(guide: &'a Guide, read: &BTreeSet<String>) -> Self {
        let mut facts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for fact in &guide.facts {
            facts.insert(fact.id.clone(), BTreeSet::new());
        }
        for name in read.iter().filter_map(|name| name.strip_prefix("facts.")) {
            let (id, field) = name.split_once('.').unwrap_or((name, ""));
            if let Some(fields) = facts.get_mut(id).filter(|_| !field.is_empty()) {
                fields.insert(field.split('.').next().unwrap_or(field).to_owned());
            }
        }
        let mut examples = Self { guide, facts, ordinary: Scope::new() };
        let target = json!({
            "account": "123456789012", "region": "us-east-2", "cluster": "pay-1", "namespace": "example", "partition": "aws",
            "cluster_id": "arn:aws:eks:us-east-2:123456789012:cluster/pay-1",
        });
        let facts = examples.facts.keys().map(|id| (id.clone(), examples.fact(id))).collect();
        let install = InstallId::of("example");
        examples.ordinary = plan::scope(guide, &plan::Settled::default(), &facts, &target, &install).with_late_steps();
        examples.ordinary = examples.scope(&BTreeMap::new(), &|_| true);
        examples
    }

    /// Every way through what reads these names: choices, yes and no, facts that may be missing, answers left empty.
    pub fn branches(&self, roots: &BTreeSet<String>) -> Vec<Branch> {
        let read = self.closure(roots);
        let mut ways: Vec<BTreeMap<String, Value>> = vec![BTreeMap::new()];
        for (name, values) in self.open(&read) {
            let fewer = if ways.len() * values.len() > MOST { &values[..1] } else { &values[..] };
            ways = ways
                .iter()
                .flat_map(|way| {
                    fewer.iter().map(|value| {
                        let mut way = way.clone();
                        way.insert(name.clone(), value.clone());
                        way
                    })
                })
                .collect();
        }
        let of_secret = |id: &str| read.iter().any(|name| name.starts_with(&format!("secrets.{id}.")));
        let touched = |name: &str| read.iter().any(|other| other.split('.').next() == Some(name)) || of_secret(name);
        ways.into_iter().map(|way| self.scope(&way, &touched)).collect()
    }

    /// The names read, and those that decide whether what they name is asked.
    fn closure(&self, roots: &BTreeSet<String>) -> BTreeSet<String> {
        let mut all = roots.clone();
        loop {
            let mut more = BTreeSet::new();
            let root = |name: &str| name.split('.').next().unwrap_or(name).to_owned();
            let names: BTreeSet<String> = all.iter().map(|name| root(name)).collect();
            for input in self.guide.inputs.iter().filter(|input| names.contains(&input.id)) {
                more.extend(of_condition(input.when.as_deref()));
            }
            for secret in &self.guide.secrets {
                if all.iter().any(|name| name.starts_with(&format!("secrets.{}.", secret.id))) {
                    more.extend(of_condition(secret.when.as_deref()));
                }
            }
            for step in &self.guide.steps {
                if all.iter().any(|name| name.starts_with(&format!("steps.{}.", step.id))) {
                    more.extend(of_condition(step.when.as_deref()));
                }
            }
            let before = all.len();
            all.extend(more);
            if all.len() == before {
                return all;
            }
        }
    }

    /// What can be one way or another, with the ways.
    fn open(&self, read: &BTreeSet<String>) -> Vec<(String, Vec<Value>)> {
        let roots: BTreeSet<&str> = read.iter().map(|name| name.split('.').next().unwrap_or(name)).collect();
        let inputs = self.guide.inputs.iter().filter(|input| roots.contains(input.id.as_str()));
        let mut open: Vec<(String, Vec<Value>)> =
            inputs.map(|input| (input.id.clone(), self.values(input))).filter(|(_, values)| values.len() > 1).collect();
        for id in self.facts.keys().filter(|id| read.contains(&format!("facts.{id}"))) {
            open.push((format!("facts.{id}"), vec![self.fact(id), Value::Null]));
        }
        // Those with most ways first, so that only small ones are cut short.
        open.sort_by_key(|(_, values)| std::cmp::Reverse(values.len()));
        open
    }

    fn values(&self, input: &Input) -> Vec<Value> {
        let mut values = match input.kind {
            InputType::Choice => input.choices.iter().map(|choice| json!(choice.id())).collect(),
            InputType::Boolean => vec![json!(true), json!(false)],
            InputType::List if input.pattern.is_some() => self.lists(input),
            _ => vec![example(input)],
        };
        if input.optional {
            values.push(Value::Null);
        }
        values
    }

    /// Words of the conditions that a list would accept: one of them alone, and all of them.
    fn lists(&self, input: &Input) -> Vec<Value> {
        let guide = self.guide;
        let conditions = guide.checks.iter().chain(&guide.steps).chain(&guide.verify).map(|task| &task.when);
        let conditions = conditions.chain(guide.secrets.iter().map(|secret| &secret.when));
        let mut words: Vec<Value> = Vec::new();
        for condition in conditions.flatten() {
            for word in condition.split('\'').skip(1).step_by(2) {
                let word = json!([word]);
                if input.accept(&word).is_ok() && !words.contains(&word[0]) {
                    words.push(word[0].clone());
                }
            }
        }
        match words.first() {
            Some(first) => vec![json!([first]), json!(words)],
            None => vec![example(input)],
        }
    }

    fn fact(&self, id: &str) -> Value {
        let fields = self.facts.get(id).into_iter().flatten();
        Value::Object(fields.map(|field| (field.clone(), json!("1.31"))).collect())
    }

    /// The scope of one way; only what the way touches is worked out again.
    fn scope(&self, way: &BTreeMap<String, Value>, touched: &dyn Fn(&str) -> bool) -> Scope {
        let mut scope = self.ordinary.clone();
        let facts: Map<String, Value> = self
            .facts
            .keys()
            .map(|id| (id.clone(), way.get(&format!("facts.{id}")).cloned().unwrap_or_else(|| self.fact(id))))
            .collect();
        scope.set("facts", Value::Object(facts));
        for input in self.guide.inputs.iter().filter(|input| touched(&input.id)) {
            let value = match asked(input.when.as_deref(), &scope) {
                false => Value::Null,
                true => way.get(&input.id).cloned().unwrap_or_else(|| self.answer(input, &scope)),
            };
            scope.set(input.id.clone(), value);
        }
        for secret in self.guide.secrets.iter().filter(|secret| touched(&secret.id)) {
            let asked = asked(secret.when.as_deref(), &scope);
            for field in secret.field_ids() {
                if asked { scope.secret(&secret.id, field) } else { scope.no_secret(&secret.id, field) }
            }
        }
        scope
    }

    fn answer(&self, input: &Input, scope: &Scope) -> Value {
        let default = scope.render(&input.default).unwrap_or(Value::Null);
        match input.accept(&default) {
            Ok(value) if !value.is_null() => value,
            _ => self.values(input).into_iter().next().unwrap_or(Value::Null),
        }
    }
}

fn asked(condition: Option<&str>, scope: &Scope) -> bool {
    condition.is_none_or(|condition| scope.holds(condition).unwrap_or(false))
}

/// An answer of an input's type.
fn example(input: &Input) -> Value {
    match input.kind {
        InputType::Integer => json!(input.min.unwrap_or(1)),
        InputType::Boolean => json!(true),
        InputType::Choice => input.choices.first().map_or(Value::Null, |choice| json!(choice.id())),
        InputType::List => json!(["example"]),
        InputType::Rows => {
            let row: Map<String, Value> =
                input.columns.iter().map(|column| (column.id.clone(), example(column))).collect();
            json!([row])
        }
        InputType::HostName => json!("host.example.com"),
        InputType::Url => json!("https://example.com/path"),
        InputType::File => json!("/tmp/example"),
        InputType::Tree | InputType::Mapping => json!({}),
        InputType::RoleArn => json!("arn:aws:iam::123456789012:role/example"),
        InputType::Subnets => json!(["subnet-0a1b2c3d", "subnet-0b1c2d3e"]),
        InputType::Ami => json!({
            "family": "AL2023", "ami_type": "AL2023_x86_64_NVIDIA", "image_id": "ami-0123456789abcdef0",
            "release_version": "1.31.0-20251101", "version": "1.31",
        }),
        InputType::Text => {
            let guesses =
                ["example", "1.2.3", "g4dn.2xlarge", "ami-0123456789abcdef0", "sre@example.com", "example.tgz"];
            let arns =
                ["arn:aws:acm:us-east-2:123456789012:certificate/0a1b", "arn:aws:kms:us-east-2:123456789012:key/0a1b"];
            let fits = guesses.iter().chain(&arns).find(|guess| input.accept(&json!(guess)).is_ok());
            json!(fits.unwrap_or(&"example"))
        }
    }
}

/// Names a condition reads; none where it does not parse (that is told elsewhere).
pub(super) fn of_condition(condition: Option<&str>) -> BTreeSet<String> {
    condition
        .and_then(|text| References::of_condition(text).ok())
        .map(|references| references.names)
        .unwrap_or_default()
}

/// Names a tree reads.
pub(super) fn of_tree(tree: &Value) -> BTreeSet<String> {
    references(tree).map(|references| references.names).unwrap_or_default()
}
