//! The fixed graph of tasks: which there are, with which parameters, in which order.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    HandOver,
    texts::{Texts, texts},
};
use crate::{
    clock::Span,
    event::{Section, TaskPath},
    guide::{Lines, LoadedGuide, Severity, Task},
    value::{Fault, Scope, SecretRef, Tree, references},
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

/// One task of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedTask {
    /// Stable name.
    pub path: TaskPath,
    /// Which kind.
    pub kind: String,
    /// For lists.
    pub title: String,
    /// For the story.
    pub about: String,
    /// As the guide writes them; evaluated again once step outputs are known.
    pub template: Value,
    /// Evaluated while planning: outputs of steps stand as unknown, secrets as references.
    pub parameters: Value,
    /// The row, where the task repeats.
    pub row: Option<Value>,
    /// Tasks that must be finished before.
    pub after: BTreeSet<TaskPath>,
    /// How bad a failure is.
    pub severity: Severity,
    /// Asked again until then.
    pub within: Option<Span>,
    /// What ends a wait for a person.
    pub until: Vec<PlannedUntil>,
    /// The statement a person may answer with.
    pub attest: Option<String>,
    /// Paths of steps it proves.
    pub proves: Vec<TaskPath>,
    /// A verification that runs in the middle of the install.
    pub early: bool,
    /// May be left for later.
    pub optional: bool,
    /// Who does it instead of us, as the guide says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hand_over: Option<HandOver>,
    /// The template files that its parameters name, as they come out.
    #[serde(default)]
    pub texts: Texts,
    /// Lines of the source.
    pub from: Vec<Lines>,
    /// JSON pointer of its parameters in the guide, for messages.
    pub pointer: String,
}

impl PlannedTask {
    /// A task of which only the name is known.
    pub fn bare(path: TaskPath) -> Self {
        Self {
            kind: String::new(),
            title: path.id.replace('_', " "),
            path,
            about: String::new(),
            template: Value::Null,
            parameters: Value::Null,
            row: None,
            after: BTreeSet::new(),
            severity: Severity::Stop,
            within: None,
            until: Vec::new(),
            attest: None,
            proves: Vec::new(),
            early: false,
            optional: false,
            hand_over: None,
            texts: Texts::new(),
            from: Vec::new(),
            pointer: String::new(),
        }
    }

    /// Every secret that stands in its parameters and in the texts they name.
    pub fn secrets(&self) -> BTreeSet<SecretRef> {
        let texts = self.texts.values().flat_map(|text| text.secrets.iter().cloned());
        Tree(self.parameters.clone()).references().into_iter().chain(texts).collect()
    }
}

/// A check that ends a wait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedUntil {
    /// Which kind of check.
    pub kind: String,
    /// As the guide writes its parameters.
    pub template: Value,
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

    fn order(&mut self, loaded: &LoadedGuide) -> Result<(), Fault> {
        let steps: BTreeMap<String, Vec<TaskPath>> =
            self.section(Section::Steps).fold(BTreeMap::new(), |mut all, task| {
                all.entry(task.path.id.clone()).or_insert_with(Vec::new).push(task.path.clone());
                all
            });
        let known: BTreeSet<&str> = loaded.guide.steps.iter().map(|task| task.id.as_str()).collect();
        let mut early: Vec<(TaskPath, Vec<String>)> = Vec::new();
        for task in &mut self.tasks {
            let fault = |message: String| loaded.document.fault(&task.pointer, format!("{}: {message}", task.path.id));
            let list = match task.path.section {
                Section::Checks => &loaded.guide.checks,
                Section::Steps => &loaded.guide.steps,
                Section::Verify => &loaded.guide.verify,
            };
            let Some(written) = list.iter().find(|written| written.id == task.path.id) else { continue };
            let mut read = references(&task.template).map_err(|error| fault(error.to_string()))?;
            for until in &task.until {
                read.names.extend(references(&until.template).map_err(|error| fault(error.to_string()))?.names);
            }
            for id in read.steps() {
                // An `until` that reads the task's own outputs asks once they are there.
                if id == task.path.id {
                    continue;
                }
                let paths = steps.get(id).ok_or_else(|| {
                    fault(if known.contains(id) {
                        format!("it reads steps.{id}, which these answers leave out")
                    } else {
                        format!("it reads steps.{id}, which does not exist")
                    })
                })?;
                task.after.extend(paths.iter().cloned());
            }
            for id in written.after.iter().chain(&written.proves) {
                if !known.contains(id.as_str()) {
                    return Err(fault(format!("there is no step {id}")));
                }
                task.after.extend(steps.get(id).into_iter().flatten().cloned());
            }
            task.proves = written.proves.iter().flat_map(|id| steps.get(id).into_iter().flatten().cloned()).collect();
            task.early = !written.before.is_empty();
            if task.early {
                early.push((task.path.clone(), written.before.clone()));
            }
        }
        for (path, before) in early {
            for task in self
                .tasks
                .iter_mut()
                .filter(|task| before.contains(&task.path.id) && task.path.section == Section::Steps)
            {
                task.after.insert(path.clone());
            }
        }
        match self.circle() {
            None => Ok(()),
            Some(path) => {
                let pointer = self.task(&path).map(|task| task.pointer.clone()).unwrap_or_default();
                Err(loaded
                    .document
                    .fault(&pointer, format!("{path} waits for itself, through the tasks it comes after")))
            }
        }
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

/// A repetition's key and row; neither where a task stands once.
type Repeated = (Option<String>, Option<Value>);

fn rows(task: &Task, scope: &Scope) -> Result<Vec<Repeated>, String> {
    let Some(each) = &task.each else { return Ok(vec![(None, None)]) };
    let list = scope.render_text(&format!("{{{{ {each} }}}}")).map_err(|error| format!("each: {error}"))?;
    let Value::Array(items) = list else { return Err(format!("each: {each} is not a list")) };
    let mut seen = BTreeSet::new();
    items
        .into_iter()
        .map(|item| {
            let key = match &task.key {
                Some(field) => item.get(field).cloned().unwrap_or(Value::Null),
                None => item.clone(),
            };
            let key = match key {
                Value::String(text) => text,
                Value::Number(number) => number.to_string(),
                _ => return Err("each: a row has no name; give its field with key".into()),
            };
            if !seen.insert(key.clone()) {
                return Err(format!("each: two rows are called {key}"));
            }
            Ok((Some(key), Some(item)))
        })
        .collect()
}

fn planned(
    loaded: &LoadedGuide,
    task: &Task,
    path: TaskPath,
    row: Option<Value>,
    scope: &Scope,
    pointer: &str,
) -> Result<PlannedTask, String> {
    let mut scope = scope.clone();
    if let Some(row) = &row {
        scope.set("row", row.clone());
    }
    let parameters = scope.render(&task.with).map_err(|error| error.to_string())?;
    let words = |text: &str| match scope.render_text(text) {
        Ok(Value::String(text)) => text,
        _ => text.to_owned(),
    };
    Ok(PlannedTask {
        title: words(task.title.as_deref().unwrap_or(&task.id.replace('_', " "))),
        texts: texts(&loaded.folder, &parameters, &scope),
        about: words(&task.about),
        path,
        kind: task.kind.clone(),
        template: task.with.clone(),
        parameters,
        row,
        after: BTreeSet::new(),
        severity: task.severity,
        within: task.within,
        until: task
            .until
            .iter()
            .map(|until| PlannedUntil { kind: until.kind.clone(), template: until.with.clone() })
            .collect(),
        attest: task.attest.as_ref().map(|attest| words(&attest.statement)),
        proves: Vec::new(),
        early: false,
        optional: task.optional,
        hand_over: handed_over(task, &scope, words)?,
        from: task.from.clone(),
        pointer: format!("{pointer}/with"),
    })
}

/// Who does it by the guide's own rule.
fn handed_over(task: &Task, scope: &Scope, words: impl Fn(&str) -> String) -> Result<Option<HandOver>, String> {
    let Some(other) = &task.hand_over else { return Ok(None) };
    if let Some(condition) = &other.when
        && !scope.holds(condition).map_err(|error| format!("hand_over: {error}"))?
    {
        return Ok(None);
    }
    Ok(Some(HandOver { to: words(&other.to), reason: words(&other.reason), ..HandOver::default() }))
}

/// SHA-256 of a tree, keys in order, in hex.
pub fn digest(tree: &Value) -> String {
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let ordered: BTreeMap<&String, Value> = map.iter().map(|(key, value)| (key, sorted(value))).collect();
                Value::Object(ordered.into_iter().map(|(key, value)| (key.clone(), value)).collect())
            }
            Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
            other => other.clone(),
        }
    }
    Sha256::digest(sorted(tree).to_string()).iter().map(|byte| format!("{byte:02x}")).collect()
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

    #[test]
    fn a_digest_does_not_depend_on_the_order_of_keys() {
        assert_eq!(digest(&json!({"a": 1, "b": 2})), digest(&json!({"b": 2, "a": 1})));
    }
}
