//! What is one task of a plan? The guide's task with its parameters evaluated, once for each row.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    HandOver,
    texts::{Texts, texts},
};
use crate::{
    clock::Span,
    event::TaskPath,
    guide::{Lines, LoadedGuide, Severity, Task},
    value::{Scope, SecretRef, Tree},
};

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

    /// Every secret that stands in its parameters and in the texts they name, also where only its fingerprint does.
    pub fn secrets(&self) -> BTreeSet<SecretRef> {
        let texts = self.texts.values().flat_map(|text| text.secrets.iter().cloned());
        let all = Tree(self.parameters.clone()).references().into_iter().chain(texts);
        all.map(|reference| reference.fingerprint_of().unwrap_or(reference)).collect()
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

/// A repetition's key and row; neither where a task stands once.
type Repeated = (Option<String>, Option<Value>);

/// One task, or one for each row.
pub(super) fn rows(task: &Task, scope: &Scope) -> Result<Vec<Repeated>, String> {
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

/// The task with its parameters evaluated.
pub(super) fn planned(
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
