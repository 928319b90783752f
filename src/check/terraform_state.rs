//! `terraform.state`: can the state be read, does nobody hold it, and is everything still as it was applied?

use std::path::PathBuf;

use async_trait::async_trait;
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Problem},
    value::{Plain, Tree},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        terraform::{Planned, Terraform},
        written,
    },
    kind::{Check, CheckAbout, Context},
};

/// The state: whether it can be read, whether somebody holds its lock, and whether the world is still as it was
/// applied.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TerraformState {
    /// `terraform` or `tofu`.
    #[serde(default = "usual")]
    tool: String,
    /// The folder of an applied configuration: then it is planned, and what differs is told.
    #[serde(default)]
    folder: Option<PathBuf>,
    /// Variables, as for `terraform.module`.
    #[serde(default)]
    variables: Tree,
    /// Without a folder: one of the guide's template files that holds the backend; only that it can be opened is looked at.
    #[serde(default)]
    backend: Option<String>,
}

fn usual() -> String {
    "terraform".into()
}

#[async_trait]
impl Check for TerraformState {
    const ABOUT: CheckAbout = CheckAbout {
        name: "terraform.state",
        code: "TF-01",
        about: "a Terraform state can be read, nobody holds it, and nothing drifted",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &["TF-DRIFT", "TF-LOCKED"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        match (&self.folder, &self.backend) {
            (Some(folder), _) => self.drift(cx, folder).await,
            (None, Some(backend)) => self.reach(cx, backend).await,
            (None, None) => Ok(Outcome::skip("neither a folder nor a backend is named")),
        }
    }
}

impl TerraformState {
    async fn reach(&self, cx: &Context, backend: &str) -> Result<Outcome, Trouble> {
        let place = tempfile::tempdir().map_err(|error| written::unusable(&std::env::temp_dir(), &error))?;
        written::write(&place.path().join("backend.tf"), &cx.template(backend)?)?;
        let terraform = Terraform::open(&cx.cloud, &self.tool, place.path(), (place.path(), &cx.path.id), None).await?;
        terraform.init(false, &cx.cancel, |_| {}).await?;
        Ok(Outcome::pass(match terraform.held(&cx.cancel).await? {
            0 => "the state's place can be read; nothing is in it yet".to_owned(),
            held => format!("the state's place can be read; {held} resources are in it"),
        }))
    }

    async fn drift(&self, cx: &Context, folder: &std::path::Path) -> Result<Outcome, Trouble> {
        let variables = match self.variables.0.as_object().is_some_and(|all| !all.is_empty()) {
            true => Some(Plain::new(cx.reveal_tree(&self.variables).await?.to_string())),
            false => None,
        };
        let terraform =
            Terraform::open(&cx.cloud, &self.tool, folder, (&cx.folder, &format!("look-{}", cx.path.id)), variables)
                .await?;
        Ok(match terraform.look(&cx.cancel).await? {
            Planned::Reviewed(reviewed) if reviewed.nothing() => Outcome::pass("nothing differs from what was applied"),
            Planned::Reviewed(reviewed) => Outcome::Warn {
                problem: Problem::new(
                    "TF-DRIFT",
                    format!("it is no longer as it was applied: {}", reviewed.summary()),
                    "Look at the list; install again to have it as planned, or take over what was changed by hand.",
                )
                .why(reviewed.text()),
            },
            Planned::Locked(lock) => Outcome::NotYet {
                problem: Problem::new("TF-LOCKED", lock.line(), "Wait for that run, or ask them what they do."),
            },
        })
    }
}
