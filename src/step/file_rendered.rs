//! `file.rendered`: does a file on this machine hold what the answers say?

use std::path::PathBuf;

use async_trait::async_trait;
use landfall_core::{
    catalogue::Again,
    event::{Difference, Found},
    value::{Plain, SecretRef, SecretText, Tree, render_file},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::overwritten;
use crate::{
    cloud::{Trouble, values::written as yaml, written},
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileRendered {
    /// Where it is written.
    path: PathBuf,
    /// One of the guide's template files (`.j2`), rendered with the answers.
    #[serde(default)]
    template: Option<String>,
    /// What it holds, where there is no template: a text, or a tree that is written as YAML (as JSON where the name ends so).
    #[serde(default)]
    content: Tree,
    /// Another file on this machine whose content it is, where neither is given.
    #[serde(default)]
    copy: Option<PathBuf>,
    /// Whether it may hold secrets. Then nothing of it is shown, and what was there before is kept in the vault.
    #[serde(default)]
    secret: bool,
}

/// What others may read.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Where it is.
    pub path: String,
    /// SHA-256 of what it holds.
    #[schemars(extend("x-words" = "SHA-256"))]
    pub digest: String,
}

#[async_trait]
impl Step for FileRendered {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        again: Again::Upsert,
        fixed: &["path"],
        ..StepAbout::new("file.rendered", "FILE-11", "a file on this machine")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let Some(there) = written::read(&self.path)? else { return Ok(Found::absent()) };
        let wanted = self.text(cx).await?;
        let differences = if there == wanted { Vec::new() } else { vec![self.difference(&wanted, &there)] };
        let outputs = Outputs { path: self.path.display().to_string(), digest: written::digest(&wanted) };
        Ok(Found::there(outputs, differences, written::owner(&there, &cx.install)))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let before = written::read(&self.path)?;
        let text = self.text(cx).await?;
        written::write(&self.path, &text)?;
        let Some(before) = before else { return Ok(Applied::made()) };
        let wrote = written::digest(&text);
        if !self.secret {
            return Ok(Applied::changed(json!({ "text": before, "wrote": wrote })));
        }
        let reference = SecretRef(format!("before.{}", cx.path));
        cx.secrets.put(&reference, Plain::new(before)).await?;
        Ok(Applied::changed(json!({ "secret": reference, "wrote": wrote })))
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let Some(there) = written::read(&self.path)? else { return Ok(()) };
        let digest = written::digest(&there);
        let Some(before) = &made.before else {
            if made.outputs["digest"] != digest.as_str() {
                cx.say(format!("{} was changed since; it is left", self.path.display()));
                return Err(overwritten::changed(&self.path));
            }
            return written::remove(&self.path);
        };
        if before["wrote"] != digest.as_str() {
            return Err(overwritten::changed(&self.path));
        }
        let text = match (before["text"].as_str(), before["secret"].as_str()) {
            (Some(text), _) => text.to_owned(),
            (None, Some(reference)) => cx.secret(&SecretRef(reference.to_owned())).await?.reveal().to_owned(),
            (None, None) => return Ok(()),
        };
        written::write(&self.path, &text)
    }

    async fn preview(&self, cx: &Context) -> Result<String, Trouble> {
        if self.secret {
            return Ok("It holds secrets and is not shown.".into());
        }
        let there = written::read(&self.path)?.unwrap_or_default();
        let wanted = self.text(cx).await?;
        let name = self.path.display().to_string();
        let diff = similar::TextDiff::from_lines(there.as_str(), wanted.as_str());
        Ok(diff.unified_diff().context_radius(3).header(&name, &name).to_string())
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        let path = shell_words::quote(&self.path.display().to_string()).into_owned();
        match (&self.copy, self.secret) {
            (Some(copy), _) => vec![format!("cp {} {path}", shell_words::quote(&copy.display().to_string()))],
            (None, true) => vec![format!("# write {path} (0600); it holds secrets")],
            (None, false) => vec![format!("cat > {path} <<'EOF'\n{}EOF", self.shown(cx))],
        }
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        format!("removes {}, unless it was changed since", self.path.display())
    }
}

impl FileRendered {
    async fn text(&self, cx: &Context) -> Result<String, Trouble> {
        let body = match (&self.template, &self.copy) {
            (Some(name), _) => SecretText::split(&cx.template(name)?),
            (None, Some(from)) => {
                let text = written::read(from)?.ok_or_else(|| written::unusable(from, &"it is not there"))?;
                SecretText::split(&text)
            }
            (None, None) => SecretText::default(),
        };
        if !self.secret && (body.references().next().is_some() || !self.content.references().is_empty()) {
            return Err(Trouble::guide(
                format!("{} would hold a secret", self.path.display()),
                "Keep secrets out of it, or say `secret: true`.",
            ));
        }
        let mark = written::mark(&self.path, &cx.install);
        if self.template.is_none() && self.copy.is_none() {
            return Ok(mark + &self.tree(&cx.reveal_tree(&self.content).await?));
        }
        Ok(mark + cx.reveal(&body).await?.reveal())
    }

    fn tree(&self, tree: &Value) -> String {
        match tree {
            Value::String(text) => text.clone(),
            tree if self.path.extension().is_some_and(|ending| ending == "json") => {
                serde_json::to_string_pretty(tree).unwrap_or_default() + "\n"
            }
            tree => yaml(tree),
        }
    }

    /// For people; what is not known yet and what is secret is only named.
    fn shown(&self, cx: &PlanView<'_>) -> String {
        match &self.template {
            Some(name) => match cx.files.file(name).map(|text| render_file(cx.scope, text)) {
                Some(Ok(text)) => SecretText::split(&text).to_string(),
                _ => format!("<{name}>\n"),
            },
            None => self.tree(&self.content.shown()),
        }
    }

    fn difference(&self, wanted: &str, there: &str) -> Difference {
        let lines = |text: &str| format!("{} lines", text.lines().count());
        if self.secret {
            let (wanted, found) = ("as planned (not shown)".into(), "something else (not shown)".into());
            return Difference { field: "content".into(), wanted, found, fixed: false };
        }
        let diff = similar::TextDiff::from_lines(there, wanted);
        let first = |tag: similar::ChangeTag| {
            let change =
                diff.iter_all_changes().find(|change| change.tag() == tag && !change.value().trim().is_empty());
            change.map(|change| change.value().trim().to_owned())
        };
        Difference {
            field: "content".into(),
            wanted: first(similar::ChangeTag::Insert).unwrap_or_else(|| lines(wanted)),
            found: first(similar::ChangeTag::Delete).unwrap_or_else(|| lines(there)),
            fixed: false,
        }
    }
}
