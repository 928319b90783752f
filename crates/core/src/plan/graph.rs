//! The fixed graph of tasks: which there are, with which parameters, in which order.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    PlannedTask, digest,
    planned_task::{planned, rows},
};
use crate::{
    event::{Section, TaskPath},
    guide::{LoadedGuide, Task},
    value::{Fault, Scope, references},
};

/// Guide and answers, resolved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The guide's id.
    pub guide: String,
    /// Where it goes, as templates read it.
    #[serde(default)]
    pub target: Value,
    /// Every task that is wanted, in the guide's order: checks, steps, verifications.
    pub tasks: Vec<PlannedTask>,
}

impl Plan {
    /// Resolves a guide: `scope` holds answers, facts and target (see [`super::scope`]).
    pub fn build(loaded: &LoadedGuide, scope: &Scope) -> Result<Self, Fault> {
        let guide = &loaded.guide;
        let late = scope.clone().with_late_steps();
        let mut tasks = Vec::new();
        let sections =
            [(Section::Checks, &guide.checks), (Section::Steps, &guide.steps), (Section::Verify, &guide.verify)];
        for (section, list) in sections {
            for (index, task) in list.iter().enumerate() {
                let pointer = format!("/{section}/{index}");
                let fault = |message: String| loaded.document.fault(&pointer, format!("{}: {message}", task.id));
                let wanted = match &task.when {
                    None => true,
                    Some(condition) => late.holds(condition).map_err(|error| fault(format!("when: {error}")))?,
                };
                if !wanted {
                    continue;
                }
                for (key, row) in rows(task, &late).map_err(fault)? {
                    let path = TaskPath { section, id: task.id.clone(), key };
                    tasks.push(planned(loaded, task, path, row, &late, &pointer).map_err(fault)?);
                }
            }
        }
        let target = scope.render_text("{{ target }}").unwrap_or_default();
        let mut plan = Self { guide: guide.id.clone(), target, tasks };
        plan.order(loaded)?;
        Ok(plan)
    }

    /// A task by its path.
    pub fn task(&self, path: &TaskPath) -> Option<&PlannedTask> {
        self.tasks.iter().find(|task| task.path == *path)
    }

    /// Tasks of a section, in order.
    pub fn section(&self, section: Section) -> impl Iterator<Item = &PlannedTask> {
        self.tasks.iter().filter(move |task| task.path.section == section)
    }

    /// What the install runs: steps, and verifications that stand in the middle of it.
    pub fn runs(&self) -> impl Iterator<Item = &PlannedTask> {
        self.tasks.iter().filter(|task| task.path.section == Section::Steps || task.early)
    }

    /// Tasks that cannot run without `path`.
    pub fn dependants(&self, path: &TaskPath) -> BTreeSet<TaskPath> {
        let mut found = BTreeSet::new();
        let mut look = vec![path.clone()];
        while let Some(next) = look.pop() {
            for task in self.tasks.iter().filter(|task| task.after.contains(&next)) {
                if found.insert(task.path.clone()) {
                    look.push(task.path.clone());
                }
            }
        }
        found
    }

    /// Digest of everything that would be done; a frozen plan refuses to run if it differs.
    pub fn digest(&self) -> String {
        let tasks: Vec<Value> =
            self.runs().map(|task| serde_json::json!([task.path, task.kind, task.parameters, task.texts])).collect();
        digest(&serde_json::json!([self.target, tasks]))
    }

    /// What comes after what: by what is read and proven, by what the guide says, and by proofs in the middle.
    fn order(&mut self, loaded: &LoadedGuide) -> Result<(), Fault> {
        let mut steps: BTreeMap<String, Vec<TaskPath>> = BTreeMap::new();
        for task in self.section(Section::Steps) {
            steps.entry(task.path.id.clone()).or_default().push(task.path.clone());
        }
        let mut early: Vec<(TaskPath, &[String])> = Vec::new();
        for task in &mut self.tasks {
            let Some(written) = written(loaded, &task.path) else { continue };
            let after = comes_after(task, written, loaded, &steps)
                .map_err(|message| loaded.document.fault(&task.pointer, format!("{}: {message}", task.path.id)))?;
            task.after.extend(after);
            task.proves = written.proves.iter().filter_map(|id| steps.get(id)).flatten().cloned().collect();
            task.early = !written.before.is_empty();
            if task.early {
                early.push((task.path.clone(), &written.before));
            }
        }
        for (path, before) in early {
            let steps = self.tasks.iter_mut().filter(|task| task.path.section == Section::Steps);
            for task in steps.filter(|task| before.contains(&task.path.id)) {
                task.after.insert(path.clone());
            }
        }
        let Some(path) = self.circle() else { return Ok(()) };
        let pointer = self.task(&path).map(|task| task.pointer.clone()).unwrap_or_default();
        Err(loaded.document.fault(&pointer, format!("{path} waits for itself, through the tasks it comes after")))
    }

    fn circle(&self) -> Option<TaskPath> {
        let mut done: BTreeSet<&TaskPath> = BTreeSet::new();
        loop {
            let ready: Vec<&TaskPath> = self
                .tasks
                .iter()
                .filter(|task| !done.contains(&task.path) && task.after.iter().all(|path| done.contains(path)))
                .map(|task| &task.path)
                .collect();
            if ready.is_empty() {
                return self.tasks.iter().map(|task| &task.path).find(|path| !done.contains(path)).cloned();
            }
            done.extend(ready);
        }
    }
}

/// The task as the guide writes it.
fn written<'a>(loaded: &'a LoadedGuide, path: &TaskPath) -> Option<&'a Task> {
    let list = match path.section {
        Section::Checks => &loaded.guide.checks,
        Section::Steps => &loaded.guide.steps,
        Section::Verify => &loaded.guide.verify,
    };
    list.iter().find(|written| written.id == path.id)
}

/// The steps a task reads, proves or is said to come after.
fn comes_after(
    task: &PlannedTask,
    written: &Task,
    loaded: &LoadedGuide,
    steps: &BTreeMap<String, Vec<TaskPath>>,
) -> Result<BTreeSet<TaskPath>, String> {
    let known = |id: &str| loaded.guide.steps.iter().any(|step| step.id == id);
    let mut after = BTreeSet::new();
    for template in std::iter::once(&task.template).chain(task.until.iter().map(|until| &until.template)) {
        let read = references(template).map_err(|error| error.to_string())?;
        // An `until` that reads the task's own outputs asks once they are there.
        for id in read.steps().filter(|id| *id != task.path.id) {
            let paths = steps.get(id).ok_or_else(|| match known(id) {
                true => format!("it reads steps.{id}, which these answers leave out"),
                false => format!("it reads steps.{id}, which does not exist"),
            })?;
            after.extend(paths.iter().cloned());
        }
    }
    for id in written.after.iter().chain(&written.proves) {
        if !known(id) {
            return Err(format!("there is no step {id}"));
        }
        after.extend(steps.get(id).into_iter().flatten().cloned());
    }
    Ok(after)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::guide::Folder;

    fn loaded(steps: &str) -> LoadedGuide {
        let text = format!(
            "id: small\ntitle: Small\ncode_prefix: SMALL\nsource: {{ document: none }}\ntarget: {{ cluster: kubernetes }}\n{steps}"
        );
        let folder = Folder { name: "small".into(), files: BTreeMap::from([("guide.yaml".to_owned(), text)]) };
        LoadedGuide::read(folder).unwrap()
    }

    fn names(paths: &BTreeSet<TaskPath>) -> Vec<String> {
        paths.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_step_comes_after_what_it_reads_and_an_early_proof_stands_between() {
        let loaded = loaded(
            "steps:\n- { id: group, kind: x }\n- { id: alarm, kind: x, with: { asg: '{{ steps.group.name }}' } }\n- { id: release, kind: x }\nverify:\n- { id: gpu, kind: y, proves: [group], before: [release] }\n",
        );
        let plan = Plan::build(&loaded, &Scope::new()).unwrap();
        let path = |text: &str| text.parse::<TaskPath>().unwrap();
        assert_eq!(names(&plan.task(&path("steps/alarm")).unwrap().after), ["steps/group"]);
        assert_eq!(names(&plan.task(&path("steps/release")).unwrap().after), ["verify/gpu"]);
        assert!(plan.task(&path("verify/gpu")).unwrap().early);
        assert_eq!(names(&plan.dependants(&path("steps/group"))), ["steps/alarm", "steps/release", "verify/gpu"]);
    }

    #[test]
    fn a_circle_is_named_with_its_line() {
        let loaded = loaded("steps:\n- { id: a, kind: x, after: [b] }\n- { id: b, kind: x, after: [a] }\n");
        let fault = Plan::build(&loaded, &Scope::new()).unwrap_err();
        assert!(fault.message.contains("waits for itself"), "{fault}");
        assert_eq!(fault.position.line, 7);
    }

    #[test]
    fn a_row_a_task() {
        let loaded =
            loaded("steps:\n- { id: tenant, kind: x, each: tenants, key: name, with: { name: '{{ row.name }}' } }\n");
        let mut scope = Scope::new();
        scope.set("tenants", json!([{"name": "acme"}, {"name": "beta"}]));
        let plan = Plan::build(&loaded, &scope).unwrap();
        assert_eq!(plan.tasks[0].path.to_string(), "steps/tenant[acme]");
        assert_eq!(plan.tasks[1].parameters, json!({"name": "beta"}));
    }

    #[test]
    fn reading_a_step_that_is_left_out_is_an_error() {
        let loaded = loaded(
            "steps:\n- { id: a, kind: x, when: '1 == 2' }\n- { id: b, kind: x, with: { a: '{{ steps.a.id }}' } }\n",
        );
        let fault = Plan::build(&loaded, &Scope::new()).unwrap_err();
        assert!(fault.message.contains("leave out"), "{fault}");
    }
}
