//! How is a value said that is known only once an earlier step has run? By what it is and by the step that brings it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Plan;
use crate::event::Section;

/// What steps bring, to say `<steps.x.y>` in words.
#[derive(Clone, Debug, Default)]
pub struct Brought {
    /// Title and schema of the outputs by the name templates read: the step's id, with its key where it repeats.
    steps: BTreeMap<String, (String, Value)>,
}

impl Brought {
    /// Of a plan's steps; `outputs` is the schema of what a kind brings. Its `x-words` say an output where its name does
    /// not, with `{}` for what stands below it.
    pub fn of(plan: &Plan, outputs: impl Fn(&str) -> Value) -> Self {
        let steps = plan.section(Section::Steps).map(|task| {
            let key = task.path.key.as_ref().map(|key| format!(".{key}")).unwrap_or_default();
            (format!("{}{key}", task.path.id), (task.title.clone(), outputs(&task.kind)))
        });
        Self { steps: steps.collect() }
    }

    /// Prose: `<ARN, known after step "Role of the tracker">`.
    pub fn in_prose(&self, text: &str) -> String {
        self.told(text, |what, title| format!("{what}, known after step \"{title}\""))
    }

    /// Commands and documents, where a quote would end an argument or a string.
    pub fn in_code(&self, text: &str) -> String {
        self.told(text, |what, title| format!("{what}, known after step {title}").replace(['\'', '"'], "’"))
    }

    fn told(&self, text: &str, words: impl Fn(&str, &str) -> String) -> String {
        let mut told = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("<steps.") {
            told.push_str(before);
            let named =
                after.split_once('>').filter(|(name, _)| !name.contains(|c: char| c == '<' || c.is_whitespace()));
            rest = match named.and_then(|(name, behind)| Some((self.output(name)?, behind))) {
                Some(((what, title), behind)) => {
                    told.push_str(&format!("<{}>", words(&what, title)));
                    behind
                }
                None => {
                    told.push_str("<steps.");
                    after
                }
            };
        }
        told.push_str(rest);
        told
    }

    /// What `x.y` is, and the title of the step that brings it.
    fn output(&self, name: &str) -> Option<(String, &str)> {
        let below = |id: &str| match name.strip_prefix(id)? {
            "" => Some(""),
            rest => rest.strip_prefix('.'),
        };
        // A row's name holds the step's own: the longest is meant.
        let found = self.steps.iter().filter_map(|(id, step)| Some((id.len(), below(id)?, step)));
        let (_, path, (title, outputs)) = found.max_by_key(|(length, ..)| *length)?;
        let (output, below) = path.split_once('.').unwrap_or((path, ""));
        let said = outputs.get("properties").and_then(|all| all.get(output)).and_then(|one| one.get("x-words"));
        let what = match said.and_then(Value::as_str) {
            Some(words) => words.replace("{}", below),
            None if output.is_empty() => "what it brings".to_owned(),
            None => format!("{} {below}", plain(output)),
        };
        Some((what.trim_end().to_owned(), title.as_str()))
    }
}

/// A field's name as people write it.
fn plain(field: &str) -> String {
    let words = field.split('_').map(|word| match word {
        "arn" | "oidc" | "url" | "vpc" => word.to_uppercase(),
        other => other.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::PlannedTask;

    fn brought() -> Brought {
        let task =
            |path: &str, title: &str| PlannedTask { title: title.into(), ..PlannedTask::bare(path.parse().unwrap()) };
        let tasks = vec![
            task("steps/role", "Role of the tracker"),
            task("steps/chart", "Vendor's \"chart\""),
            task("steps/tenant[acme]", "Tenant acme"),
        ];
        let outputs = json!({ "properties": { "ingresses": { "x-words": "address of {}" }, "arn": {} } });
        Brought::of(&Plan { tasks, ..Plan::default() }, |_| outputs.clone())
    }

    #[test]
    fn what_is_not_known_yet_is_said_with_the_step_that_brings_it() {
        let brought = brought();
        assert_eq!(
            brought.in_prose("a CNAME to <steps.chart.ingresses.auth.example.com>, please; by <steps.role.arn>."),
            "a CNAME to <address of auth.example.com, known after step \"Vendor's \"chart\"\">, please; by <ARN, known after \
             step \"Role of the tracker\">."
        );
        assert_eq!(
            brought.in_prose("<steps.tenant.acme.oidc_issuer>"),
            "<OIDC issuer, known after step \"Tenant acme\">"
        );
    }

    #[test]
    fn a_command_stays_one_argument() {
        assert_eq!(
            brought().in_code(r#"--x '{"Value":"<steps.chart.release_name>"}'"#),
            r#"--x '{"Value":"<release name, known after step Vendor’s ’chart’>"}'"#
        );
    }

    #[test]
    fn what_names_no_step_stays() {
        for text in ["<steps.gone.arn>", "<steps…>", "a <steps.role.arn without an end", "<steps.role\n.arn>"] {
            assert_eq!(brought().in_prose(text), text);
        }
    }
}
