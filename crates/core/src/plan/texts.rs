//! What do the template files that a task's parameters name come out as? Whoever agrees to a task agrees to these texts, too.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::digest;
use crate::{
    guide::Folder,
    value::{Scope, SecretRef, Tree, references, render_file},
};

/// Texts by the name of their file.
pub type Texts = BTreeMap<String, Text>;

/// One template file as it comes out; what other steps bring stands as unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// Digest of the text; secrets count by their names.
    pub digest: String,
    /// Names it reads, without what stands behind the first dot.
    pub reads: BTreeSet<String>,
    /// Secrets in it.
    pub secrets: BTreeSet<SecretRef>,
}

/// The texts of every template file that a tree names.
pub fn texts(folder: &Folder, parameters: &Value, scope: &Scope) -> Texts {
    let mut all = Texts::new();
    for name in named(parameters, &|name| folder.file(name).is_some()) {
        let Some(source) = folder.file(&name) else { continue };
        let names = references(&json!(source)).map(|references| references.names).unwrap_or_default();
        let reads = names.iter().filter_map(|name| name.split('.').next().map(str::to_owned)).collect();
        let text = match render_file(scope, source) {
            Ok(text) => Text {
                digest: digest(&json!(text)),
                reads,
                secrets: Tree(Value::String(text)).references().into_iter().collect(),
            },
            // It does something with what a step brings: then what it is made from has to do.
            Err(_) => {
                let value = |name: &String| scope.render_text(&format!("{{{{ {name} }}}}")).unwrap_or_default();
                let from: BTreeMap<&String, Value> =
                    reads.iter().filter(|name| *name != "steps").map(|name| (name, value(name))).collect();
                let secrets = names.iter().filter_map(|name| name.strip_prefix("secrets."));
                Text {
                    digest: digest(&json!([source, from])),
                    secrets: secrets.map(|name| SecretRef(name.to_owned())).collect(),
                    reads,
                }
            }
        };
        all.insert(name, text);
    }
    all
}

/// Names of files in a tree; a guide in one file calls its templates as it likes.
fn named(tree: &Value, is_file: &dyn Fn(&str) -> bool) -> BTreeSet<String> {
    match tree {
        Value::String(name) if is_file(name) => BTreeSet::from([name.clone()]),
        Value::Array(items) => items.iter().flat_map(|item| named(item, is_file)).collect(),
        Value::Object(fields) => fields.values().flat_map(|item| named(item, is_file)).collect(),
        _ => BTreeSet::new(),
    }
}

/// Top-level fields that name a file whose text is another now; what was agreed to before texts were kept tells nothing.
pub(super) fn other_texts(parameters: &Value, was: &Texts, is: &Texts) -> BTreeSet<String> {
    let other = |name: &String| was.get(name).zip(is.get(name)).is_some_and(|(was, is)| was.digest != is.digest);
    let fields = parameters.as_object().into_iter().flatten();
    let known = |name: &str| is.contains_key(name);
    fields.filter(|(_, value)| named(value, &known).iter().any(other)).map(|(field, _)| field.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(text: &str) -> Folder {
        Folder { name: "small".into(), files: BTreeMap::from([("settings.j2".to_owned(), text.to_owned())]) }
    }

    fn scope(retries: u64) -> Scope {
        let mut scope = Scope::new();
        scope.set("retries", json!(retries));
        scope.set("other", json!("x"));
        scope.secret("db", "password");
        scope.with_late_steps()
    }

    #[test]
    fn another_answer_makes_another_text() {
        let folder = folder("retries: {{ retries }}\npassword: {{ secrets.db.password }}\n");
        let of = |retries| texts(&folder, &json!({ "template": "settings.j2" }), &scope(retries));
        let (one, other) = (of(12), of(16));
        assert_eq!(one, of(12));
        assert_eq!(one["settings.j2"].secrets, BTreeSet::from([SecretRef("db.password".into())]));
        assert!(one["settings.j2"].reads.contains("retries"));
        let parameters = json!({ "template": "settings.j2", "namespace": "a" });
        assert_eq!(other_texts(&parameters, &one, &other), BTreeSet::from(["template".to_owned()]));
        assert!(other_texts(&parameters, &Texts::new(), &other).is_empty(), "an old journal has no texts");
    }

    #[test]
    fn what_cannot_be_rendered_yet_counts_by_what_it_is_made_from() {
        let folder = folder("{% for zone in steps.network.zones %}{{ zone.id + retries }}{% endfor %}");
        let of = |retries| texts(&folder, &json!(["settings.j2"]), &scope(retries));
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }
}
