//! What is looked up: the guide's facts, frozen into the plan, and tables for inputs.

use std::collections::BTreeMap;

use landfall_core::{
    event::{Section, Table, TaskPath},
    guide::Severity,
    plan::{Facts, Plan, PlannedTask},
    value::references,
};
use serde_json::Value;

use super::Session;
use crate::cloud::Trouble;

impl Session {
    /// Looks the guide's facts up. Those of an approved plan stay frozen.
    pub async fn gather(&mut self) -> Result<(), Trouble> {
        let story = self.story();
        self.frozen = match story.facts {
            Some(Value::Object(frozen)) => frozen,
            _ => Facts::new(),
        };
        let (agreed, now) = (story.approved.inputs, self.settle().values);
        // A look-up that reads an answer is made again where that answer is another now.
        let reads_another = |with: &Value| reads_another(with, &agreed, &now);
        for fact in self.guide.guide.facts.clone() {
            if self.frozen.contains_key(&fact.id) && !reads_another(&fact.with) {
                continue;
            }
            let with = self.scope_without_steps().render(&fact.with).unwrap_or_default();
            let seen = match self.house.kinds.lookups.get(&fact.lookup) {
                None => {
                    Err(Trouble::guide(format!("there is no look-up called {}", fact.lookup), "Correct the guide."))
                }
                Some(lookup) => {
                    let engine = self.engine(&Plan::default())?;
                    let task = bare_task(&fact.id);
                    lookup.rows(&engine.context(&task, &BTreeMap::new()), &with).await
                }
            };
            match seen {
                Ok(table) => {
                    let value = table.rows.into_iter().next().map_or(Value::Null, |row| row.value);
                    self.frozen.insert(fact.id, value);
                }
                Err(Trouble::Interrupted) => return Err(Trouble::Interrupted),
                Err(trouble) => {
                    self.frozen.insert(fact.id.clone(), Value::Null);
                    self.unknown_facts.insert(fact.id, trouble.problem());
                }
            }
        }
        Ok(())
    }

    /// Whether a fact reads an answer that was another before.
    pub fn facts_read_another(&self, before: &Facts) -> bool {
        let now = self.settle().values;
        self.guide.guide.facts.iter().any(|fact| reads_another(&fact.with, before, &now))
    }

    /// One look-up, for an input's table; parameters are rendered with the answers so far.
    pub async fn lookup(&self, name: &str, with: &Value) -> Result<Table, Trouble> {
        let lookup = self
            .house
            .kinds
            .lookups
            .get(name)
            .ok_or_else(|| Trouble::guide(format!("there is no look-up called {name}"), "Correct the guide."))?;
        let with = self
            .scope_without_steps()
            .render(with)
            .map_err(|fault| Trouble::guide(format!("{name}: {fault}"), "Answer what it reads first."))?;
        let task = bare_task(name);
        let cx = match &self.bound {
            Some(_) => self.engine(&Plan::default())?.context(&task, &BTreeMap::new()),
            // Target's own tables are asked for before anything is bound.
            None => self.preview(
                &self.cloud,
                self.proven.as_ref().map(|proven| proven.target.clone()).unwrap_or_default(),
                task,
            ),
        };
        lookup.rows(&cx, &with).await
    }
}

/// Whether parameters read an answer that is another now.
fn reads_another(with: &Value, before: &Facts, now: &Facts) -> bool {
    let names = references(with).map(|references| references.names).unwrap_or_default();
    let mut inputs = names.iter().filter_map(|name| name.split('.').next());
    inputs.any(|input| before.get(input) != now.get(input))
}

/// A task for look-ups outside the plan.
pub(super) fn bare_task(id: &str) -> PlannedTask {
    PlannedTask {
        title: id.to_owned(),
        severity: Severity::Warn,
        ..PlannedTask::bare(TaskPath::new(Section::Checks, id))
    }
}
