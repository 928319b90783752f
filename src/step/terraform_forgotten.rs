//! `terraform.forgotten`: does Terraform's state let go of things that somebody manages by hand from now on? Only after a copy
//! of the state was kept.

use std::path::PathBuf;

use async_trait::async_trait;
use landfall_core::{
    catalogue::Again,
    clock::Span,
    event::{Found, Problem},
    value::{Late, Plain, Tree},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    cloud::{Trouble, keep_private, terraform::Terraform},
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TerraformForgotten {
    /// The folder that holds the configuration.
    folder: PathBuf,
    /// `terraform` or `tofu`.
    #[serde(default = "usual")]
    tool: String,
    /// Addresses at which everything is let go, e.g. `module.gateway.module.vpc`: this one and all below it.
    addresses: Vec<String>,
    /// Variables, as for `terraform.module`.
    #[serde(default)]
    variables: Tree,
    /// Where the copy of the state is kept (0600). It holds secrets.
    copy: PathBuf,
    /// Digests of the files it is made of.
    #[serde(default)]
    made_of: Vec<Late<String>>,
}

fn usual() -> String {
    "terraform".into()
}

/// What others may read.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Where the copy of the state is.
    pub copy: String,
}

#[async_trait]
impl Step for TerraformForgotten {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        again: Again::Upsert,
        keeps_data: true,
        fixed: &["folder"],
        deadline: Span::minutes(5),
        ..StepAbout::new("terraform.forgotten", "TF-12", "things that Terraform lets go of")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        if self.made_of.iter().any(|digest| digest.known().is_none()) || !self.folder.is_dir() {
            return Ok(Found::absent());
        }
        let outputs = Outputs { copy: self.copy.display().to_string() };
        let held = self.held(&self.open(cx).await?, cx).await?;
        Ok(if held.is_empty() {
            Found::there(outputs, Vec::new(), landfall_core::event::Owner::Unmarked)
        } else {
            Found::absent()
        })
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let terraform = self.open(cx).await?;
        let held = self.held(&terraform, cx).await?;
        if held.is_empty() {
            return Ok(Applied::made());
        }
        let state = terraform.state(&cx.cancel).await?;
        if state.is_empty() {
            return Err(
                Problem::new("TF-STATE-EMPTY", "the state could not be copied", "See what `state pull` says.").into()
            );
        }
        if let Some(folder) = self.copy.parent() {
            crate::cloud::written::make_folder(folder)
                .map_err(|error| crate::cloud::written::unusable(folder, &error))?;
        }
        let copy = self.free(cx);
        keep_private(&copy, state.reveal().as_bytes())?;
        cx.say(format!("a copy of the state, which holds secrets, is in {}", copy.display()));
        terraform.let_go(&held, &cx.cancel).await?;
        for address in &held {
            cx.say(format!("let go: {address}"));
        }
        Ok(Applied::changed(json!({ "addresses": held, "copy": copy.display().to_string() })))
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let Some(before) = &made.before else { return Ok(()) };
        let copy = before["copy"].as_str().unwrap_or_default();
        cx.say(format!("the copy of the state stays in {copy}"));
        Err(Problem::new(
            "TF-LET-GO",
            "what was let go stays so: somebody manages it by hand since",
            format!(
                "Only if nothing was applied since, take the copy back:\n$ {} -chdir={} state push {}",
                self.tool,
                self.folder.display(),
                copy
            ),
        )
        .into())
    }

    fn commands(&self, _cx: &PlanView<'_>) -> Vec<String> {
        let (tool, folder) = (&self.tool, shell_words::quote(&self.folder.display().to_string()).into_owned());
        let copy = shell_words::quote(&self.copy.display().to_string()).into_owned();
        let mut commands = vec![format!("(umask 077 && {tool} -chdir={folder} state pull > {copy})")];
        commands.extend(self.addresses.iter().map(|address| format!("{tool} -chdir={folder} state rm '{address}'")));
        commands
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        "leaves them to whoever manages them since; the copy of the state stays".into()
    }
}

impl TerraformForgotten {
    async fn open(&self, cx: &Context) -> Result<Terraform, Trouble> {
        let variables = match self.variables.0.as_object().is_some_and(|all| !all.is_empty()) {
            true => Some(Plain::new(cx.reveal_tree(&self.variables).await?.to_string())),
            false => None,
        };
        Terraform::open(&cx.cloud, &self.tool, &self.folder, (&cx.folder, &cx.path.id), variables).await
    }

    /// Where the copy goes: what an earlier run copied is not overwritten.
    fn free(&self, cx: &Context) -> PathBuf {
        if !self.copy.exists() {
            return self.copy.clone();
        }
        let name = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
        let at = cx.cloud.clock().now().strftime("%Y%m%dT%H%M%SZ");
        let (stem, ending) = (name(self.copy.file_stem()), name(self.copy.extension()));
        self.copy.with_file_name(format!("{stem}-{at}.{ending}"))
    }

    /// What the state still holds of it.
    async fn held(&self, terraform: &Terraform, cx: &Context) -> Result<Vec<String>, Trouble> {
        let all = terraform.addresses(&cx.cancel).await?;
        Ok(all.into_iter().filter(|address| self.addresses.iter().any(|wanted| below(address, wanted))).collect())
    }
}

/// Whether an address is this one or below it; `module.vpc` is not `module.vpc_endpoints`.
fn below(address: &str, wanted: &str) -> bool {
    address.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbour_with_a_longer_name_is_not_meant() {
        assert!(below("module.gateway.module.vpc[0].aws_vpc.this", "module.gateway.module.vpc"));
        assert!(below("module.gateway.module.vpc.aws_vpc.this", "module.gateway.module.vpc"));
        assert!(!below("module.gateway.module.vpc_endpoints.x", "module.gateway.module.vpc"));
    }
}
