//! `file.split`: a values file that arrived with secrets in it is split: its secrets are in the vault, the rest is a plain file,
//! and what arrived is gone.

use std::{collections::BTreeMap, path::PathBuf};

use async_trait::async_trait;
use landfall_core::{
    catalogue::Again,
    event::{Difference, Found, Problem},
    value::SecretText,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::overwritten;
use crate::{
    cloud::{Trouble, arrived, values::written as yaml, written},
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSplit {
    /// The file that arrived; left out where an earlier run has split it.
    #[serde(default)]
    from: Option<PathBuf>,
    /// Where the rest is written.
    to: PathBuf,
    /// Which dotted keys are secret, and the secret that holds each.
    secrets: BTreeMap<String, SecretText>,
    /// Further keys that look secret and are not.
    #[serde(default)]
    plain: Vec<String>,
    /// Whether the file that arrived is removed once all of its secrets are in the vault, and these last.
    #[serde(default)]
    remove: bool,
}

/// What others may read.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Where the rest is.
    pub path: String,
    /// Its SHA-256.
    #[schemars(extend("x-words" = "SHA-256"))]
    pub digest: String,
}

#[async_trait]
impl Step for FileSplit {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        again: Again::Upsert,
        keeps_data: true,
        fixed: &["to"],
        ..StepAbout::new("file.split", "FILE-13", "a values file without its secrets")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        self.apart()?;
        let there = written::read(&self.to)?;
        let outputs = |text: &str| Outputs { path: self.to.display().to_string(), digest: written::digest(text) };
        let Some(from) = self.arrived() else {
            return Ok(match there {
                Some(text) => Found::there(outputs(&text), Vec::new(), written::owner(&text, &cx.install)),
                None => Found::absent(),
            });
        };
        let Some(there) = there else { return Ok(Found::absent()) };
        let wanted = self.rest(cx, from)?;
        let differs = |field: &str, wanted: &str, found: &str| Difference {
            field: field.into(),
            wanted: wanted.into(),
            found: found.into(),
            fixed: false,
        };
        let mut differences = Vec::new();
        if there != wanted {
            differences.push(differs("content", "the rest of what arrived", "something else"));
        }
        if self.removes(cx) {
            differences.push(differs("what arrived", "removed", &from.display().to_string()));
        }
        Ok(Found::there(outputs(&wanted), differences, written::owner(&there, &cx.install)))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        self.apart()?;
        let Some(from) = self.arrived() else { return Err(gone(self).into()) };
        let mut secrets = BTreeMap::new();
        for (key, text) in &self.secrets {
            secrets.insert(key.clone(), cx.reveal(text).await?);
        }
        let tree = arrived::tree(from)?;
        if let Some(problem) = arrived::fault(from, &tree, &secrets, &[], &self.plain) {
            return Err(problem.into());
        }
        let text = self.rest(cx, from)?;
        // What was there may never have been split.
        let before = overwritten::kept(cx, written::read(&self.to)?).await?;
        written::write(&self.to, &text)?;
        if self.removes(cx) {
            std::fs::remove_file(from).map_err(|error| written::unusable(from, &error))?;
            cx.say(format!("{} was removed: its secrets are in the vault", from.display()));
        } else if self.remove {
            cx.say(format!("{} stays: the vault is of this session only, and would lose its secrets", from.display()));
        }
        Ok(match before {
            Some(before) => Applied::changed(serde_json::json!({ "secret": before, "wrote": written::digest(&text) })),
            None => Applied::made(),
        })
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let Some(there) = written::read(&self.to)? else { return Ok(()) };
        let wrote = made.before.as_ref().map_or(&made.outputs["digest"], |before| &before["wrote"]);
        if wrote.as_str().is_some_and(|wrote| wrote != written::digest(&there)) {
            return Err(overwritten::changed(&self.to));
        }
        let before = match &made.before {
            Some(before) => overwritten::before(cx, before).await?,
            None => None,
        };
        self.together(cx).await?;
        match before {
            Some(text) => written::write(&self.to, text.reveal()),
            None => written::remove(&self.to),
        }
    }

    fn commands(&self, _cx: &PlanView<'_>) -> Vec<String> {
        let keys: Vec<&str> = self.secrets.keys().map(String::as_str).collect();
        let from = self.from.as_ref().map_or_else(|| "what arrived".into(), |from| from.display().to_string());
        vec![format!("# {from} without {} becomes {}; these go into the vault", keys.join(", "), self.to.display())]
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        let to = self.to.display();
        match &self.from {
            Some(from) if self.remove => {
                format!("puts {} together again, secrets and all (0600), and removes {to}", from.display())
            }
            _ => format!("removes {to}; the secrets stay in the vault until they are removed there"),
        }
    }
}

impl FileSplit {
    /// What arrived once may never arrive again: where it was removed, it is made of its parts.
    async fn together(&self, cx: &Context) -> Result<(), Trouble> {
        let Some(from) = self.from.as_ref().filter(|from| self.remove && !from.exists()) else { return Ok(()) };
        if !self.to.exists() {
            return Ok(());
        }
        let mut tree = arrived::tree(&self.to)?;
        for (key, text) in &self.secrets {
            let Ok(secret) = cx.reveal(text).await else {
                cx.say(format!("{} is not put together: the vault lacks {key}", from.display()));
                return Ok(());
            };
            arrived::put(&mut tree, key, secret.reveal());
        }
        written::write(from, &yaml(&tree))?;
        cx.say(format!("{} is together again; it holds secrets", from.display()));
        Ok(())
    }

    /// Were they the same file, it would be emptied of its secrets, and then removed.
    fn apart(&self) -> Result<(), Trouble> {
        let Some(from) = &self.from else { return Ok(()) };
        match (from.canonicalize(), self.to.canonicalize()) {
            (Ok(from), Ok(to)) if from == to => Err(Problem::new(
                "FILE-SAME",
                format!("{} is both what arrived and where the rest would be written", to.display()),
                "Move what arrived into another folder, and answer with its new place.",
            )
            .into()),
            _ => Ok(()),
        }
    }

    fn removes(&self, cx: &Context) -> bool {
        self.remove && cx.secrets.lasts()
    }

    fn arrived(&self) -> Option<&PathBuf> {
        self.from.as_ref().filter(|from| !from.as_os_str().is_empty() && from.exists())
    }

    fn rest(&self, cx: &Context, from: &std::path::Path) -> Result<String, Trouble> {
        let rest = arrived::without(arrived::tree(from)?, self.secrets.keys().map(String::as_str));
        Ok(written::mark(&self.to, &cx.install) + &yaml(&rest))
    }
}

fn gone(step: &FileSplit) -> Problem {
    Problem::new(
        "VALUES-GONE",
        format!("neither {} nor the file that arrived is there", step.to.display()),
        "Ask for the values again, and answer with the new file.",
    )
}
