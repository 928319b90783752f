//! Vendors' values files that a person fills in: what is still open in them, where nobody sits in front of the screen.

use landfall_core::{
    event::Problem,
    guide::InputType,
    mapping::{Mapping, State, VendorFile, VendorKey, candidates, suggested, written},
    wizard::known,
};

use super::Session;
use crate::cloud::Trouble;

impl Session {
    /// Reads the files that mappings fill in; tells what nobody decided yet, each key by its path and the answer's name.
    pub async fn mappings(&mut self) -> Result<Vec<Problem>, Trouble> {
        let mut open = Vec::new();
        let settled = self.settle();
        let scope = self.scope_without_steps();
        let guide = self.guide.clone();
        let known = known(&guide.guide, &settled, &scope);
        let mappings = guide.guide.inputs.iter().filter(|input| input.kind == InputType::Mapping);
        for input in mappings.filter(|input| settled.asked.contains(&input.id)) {
            let Some(suggest) = &input.suggest else { continue };
            let table = self.lookup(&suggest.lookup, &suggest.with).await?;
            let file = VendorFile::of_table(&table).map_err(|why| {
                Trouble::guide(
                    format!("{}: {why}", input.id),
                    "Name a look-up that reads values files, such as helm.chart.",
                )
            })?;
            let answer = settled.values.get(&input.id).cloned().unwrap_or_default();
            let mut mapping = Mapping::read(&answer).map_err(|why| Trouble::guide(why, "Correct the answer."))?;
            let has = |name: &str| scope.has(name);
            for (path, state) in mapping.open(&file, &has) {
                let key = file.key(&path);
                let best = key.and_then(|key| suggested(&candidates(key, &known)).map(|best| best.expression.clone()));
                open.push(missing(&input.id, &path.to_string(), key, &state, best));
            }
            mapping.met(&file, &has);
            self.answers.inputs.insert(input.id.clone(), mapping.answer());
        }
        Ok(open)
    }
}

fn missing(input: &str, path: &str, key: Option<&VendorKey>, state: &State, best: Option<String>) -> Problem {
    let now = key.map(VendorKey::shown).unwrap_or_default();
    let what = match state {
        State::Dangling(name) => format!("{input}: {path} points to {name}, which has no value here"),
        State::Changed(_) => format!("{input}: {path} was decided for an earlier version of the chart's values file"),
        _ => format!("{input}: nobody said what becomes of {path} in the chart's values file"),
    };
    let why = key.map(|key| match state {
        State::Changed(seen) => {
            format!("Line {} has {now} ({}); it had {} ({}).", key.line, key.comment, written(&seen.now), seen.says)
        }
        _ if key.comment.is_empty() => format!("Line {} has {now}.", key.line),
        _ => format!("Line {} has {now}: {}", key.line, key.comment),
    });
    let key = serde_json::Value::from(path);
    let value = best.unwrap_or_else(|| "…".into());
    let fix = format!(
        "Say so under inputs: in the answers file, by reference or as a value, or say why it stays as it is:\n\
         $ {input}: {{ set: {{ {key}: {} }} }}\n$ {input}: {{ leave: {{ {key}: \"the reason\" }} }}",
        serde_json::Value::from(value)
    );
    Problem::new("ANSWER-MISSING", what, fix).why(why.unwrap_or_default())
}
