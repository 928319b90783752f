//! Which values does a release get? The vendor's file with ours laid over it; secrets are put in at the last moment.

use std::{collections::BTreeMap, path::Path};

use landfall_core::{
    event::{Difference, Problem},
    mapping::{KeyPath, is_hushed},
    value::{Mask, Plain, SecretRef, SecretText, Tree},
};

use serde_json::Value;

use crate::{
    cloud::Trouble,
    cloud::values::{Values, differences, laid_over, merged},
    kind::Context,
};

/// The vendor's text and our tree over it.
pub struct HelmValues {
    vendor: Option<String>,
    whole: Tree,
    ours: Tree,
}

impl HelmValues {
    /// Reads the vendor's file, if there is one.
    pub async fn of(ours: &Tree, vendor: Option<&Path>) -> Result<Self, Trouble> {
        let ours = if ours.0.is_null() { Tree(serde_json::json!({})) } else { ours.clone() };
        let Some(path) = vendor else { return Ok(Self { vendor: None, whole: ours.clone(), ours }) };
        let unreadable = |error: &dyn std::fmt::Display| -> Trouble {
            Problem::new(
                "HELM-VALUES-FILE",
                format!("{} cannot be used as a values file", path.display()),
                "Correct the file, or name another at the Inputs stage.",
            )
            .why(error.to_string())
            .into()
        };
        let text = tokio::fs::read_to_string(path).await.map_err(|error| unreadable(&error))?;
        let read = Values::read(&text).map_err(|fault| unreadable(&fault))?;
        Ok(Self { whole: Tree(laid_over(read.tree, &ours.0)), vendor: Some(text), ours })
    }

    /// The file helm gets, secrets and all: for a 0600 file that is removed afterwards.
    pub async fn text(&self, cx: &Context) -> Result<Plain, Trouble> {
        let ours = cx.reveal_tree(&self.ours).await?;
        let text = merged(self.vendor.as_deref().unwrap_or_default(), &ours)
            .map_err(|fault| Trouble::guide(format!("the values file: {fault}"), "Correct the vendor's file."))?;
        Ok(Plain::new(text))
    }

    /// The same for people, beside the journal: secrets stand as `<secret x.y>`.
    pub fn show(&self, cx: &Context, release: &str) -> Result<(), Trouble> {
        let path = cx.folder.join(format!("{release}-values.yaml"));
        crate::cloud::keep_private(&path, self.shown().reveal().as_bytes())
    }

    /// The file as people see it, for rendering: secrets and what is not known yet stand as `<secret x.y>` and `<steps.x.y>`.
    pub fn shown(&self) -> Plain {
        Plain::new(merged(self.vendor.as_deref().unwrap_or_default(), &self.ours.shown()).unwrap_or_default())
    }

    /// What these values change in the vendor's file, key by key; `chart` is the chart's own file.
    pub fn over(&self, chart: &str) -> String {
        let vendor = Values::read(self.vendor.as_deref().unwrap_or(chart)).map(|read| read.tree).unwrap_or_default();
        let mut lines = Vec::new();
        leaves(&self.ours.shown(), &vendor, &KeyPath::of(Vec::new()), &mut lines);
        lines.join("\n")
    }

    /// Takes every secret of these values out of a text, and what a release has in their places: an older one, perhaps.
    pub async fn hide(&self, cx: &Context, release: &Value, text: &str) -> Result<String, Trouble> {
        let mut mask = Mask::default();
        for reference in self.whole.references() {
            if let Some(secret) = cx.secrets.get(&reference).await? {
                mask.learn(&reference.to_string(), &secret);
            }
        }
        older(&self.whole.0, release, &mut mask);
        Ok(mask.hide(text))
    }

    /// Every secret in it.
    pub async fn secrets(&self, cx: &Context) -> Result<Vec<Plain>, Trouble> {
        let mut all = Vec::new();
        for reference in self.whole.references() {
            all.extend(cx.secrets.get(&reference).await?);
        }
        Ok(all)
    }

    /// Where a release's values are not these.
    pub async fn differences(&self, cx: &Context, found: &Value) -> Result<Vec<Difference>, Trouble> {
        let mut known: BTreeMap<SecretRef, Plain> = BTreeMap::new();
        for reference in self.whole.references() {
            if let Some(secret) = cx.secrets.get(&reference).await? {
                known.insert(reference, secret);
            }
        }
        let reveal = |text: &SecretText| {
            text.reveal(|reference| known.get(reference).map(|secret| secret.reveal().to_owned()).ok_or(())).ok()
        };
        // helm keeps no values at all as null.
        let nothing = serde_json::json!({});
        let found = if found.is_null() { &nothing } else { found };
        let mut all = differences(&self.whole, found, &reveal);
        for difference in &mut all {
            difference.field = format!("values.{}", difference.field);
        }
        Ok(all)
    }
}

/// Each key that changes: what stands there, and what comes instead.
fn leaves(ours: &Value, vendor: &Value, path: &KeyPath, lines: &mut Vec<String>) {
    match ours {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                leaves(value, vendor.get(key).unwrap_or(&Value::Null), &path.key(key), lines);
            }
        }
        ours if ours == vendor => {}
        ours => {
            let hushed = is_hushed(path) && vendor.as_str().is_some_and(|text| !text.is_empty());
            let was = if hushed { "(set)".into() } else { vendor.to_string() };
            lines.extend([format!("- {path}: {was}"), format!("+ {path}: {ours}")]);
        }
    }
}

/// Learns what stands in a release where a secret is wanted.
fn older(wanted: &Value, found: &Value, mask: &mut Mask) {
    match (wanted, found) {
        (Value::String(text), Value::String(found)) if SecretText::is_in(text) => {
            mask.learn("as it was", &Plain::new(found.clone()));
        }
        (Value::Object(wanted), Value::Object(found)) => {
            for (key, value) in wanted {
                older(value, found.get(key).unwrap_or(&Value::Null), mask);
            }
        }
        (Value::Array(wanted), Value::Array(found)) => {
            for (wanted, found) in wanted.iter().zip(found) {
                older(wanted, found, mask);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_changes_in_the_vendors_file_is_told_key_by_key_without_secrets() {
        let secret = SecretText::stand_in(&SecretRef::field("postgres", "password"));
        let ours = Tree(json!({"auth": {"host": "a.example", "replicas": 1}, "list": [1], "password": secret}));
        let values = HelmValues { vendor: None, whole: ours.clone(), ours };
        let told = values.over("auth:\n  host:\n  replicas: 1\npassword: changeme\n");
        assert!(!told.contains("changeme"), "it may have come with the file");
        assert_eq!(
            told,
            "- auth.host: null\n+ auth.host: \"a.example\"\n- list: null\n+ list: [1]\n\
             - password: (set)\n+ password: \"<secret postgres.password>\""
        );
    }
}
