//! `tool.version`: is a tool on the search path, and is it neither too old nor too new?

use async_trait::async_trait;
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Problem},
};
use schemars::JsonSchema;
use semver::Version;
use serde::Deserialize;

use crate::{
    cloud::Trouble,
    kind::{Check, CheckAbout, Context},
};

/// The version that a tool on this machine's PATH prints. An older one lacks what the install asks of it, and a newer
/// one may have changed it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolVersion {
    /// Its name on the search path, e.g. `helm`.
    tool: String,
    /// The oldest version that works, e.g. `3.12`.
    at_least: String,
    /// The first version that is not known to work, e.g. `5`.
    #[serde(default)]
    below: Option<String>,
}

#[async_trait]
impl Check for ToolVersion {
    const ABOUT: CheckAbout = CheckAbout {
        name: "tool.version",
        code: "TOOL-01",
        about: "a tool on this machine has a version that works",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &["TOOL-NEW", "TOOL-OLD"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let oldest = padded(&self.at_least)?;
        let newest = self.below.as_deref().map(padded).transpose()?;
        let process = &cx.cloud.process;
        let path = process.which(&self.tool)?;
        let found = process.version(&self.tool, asking(&self.tool)).await?;
        Ok(judge(&self.tool, &path.display().to_string(), &found, &oldest, newest.as_ref()))
    }
}

fn judge(tool: &str, path: &str, found: &Version, oldest: &Version, newest: Option<&Version>) -> Outcome {
    if found < oldest {
        let problem = Problem::new(
            "TOOL-OLD",
            format!("{tool} {found} is too old"),
            format!("Install {tool} {oldest} or newer and put it first on PATH."),
        );
        return Outcome::Fail {
            problem: problem.why(format!("{path} is {found}; {oldest} is the oldest that works.")),
        };
    }
    if let Some(newest) = newest.filter(|newest| found >= newest) {
        let problem = Problem::new(
            "TOOL-NEW",
            format!("{tool} {found} is newer than what is known to work"),
            format!("Go on if you accept that, or put a {tool} older than {newest} first on PATH."),
        );
        return Outcome::Warn { problem: problem.why(format!("{path} is {found}.")) };
    }
    Outcome::pass(format!("{found} at {path}"))
}

/// How each tool is asked.
fn asking(tool: &str) -> &'static [&'static str] {
    match tool {
        "helm" => &["version", "--template", "{{.Version}}"],
        "kubectl" => &["version", "--client"],
        "terraform" | "tofu" | "eksctl" => &["version"],
        _ => &["--version"],
    }
}

/// `3` and `3.12` are meant as `3.0.0` and `3.12.0`.
fn padded(text: &str) -> Result<Version, Trouble> {
    let missing = 2_usize.saturating_sub(text.matches('.').count());
    Version::parse(&format!("{text}{}", ".0".repeat(missing)))
        .map_err(|_| Trouble::guide(format!("{text:?} is not a version"), "Write it as 3.12 or 3.12.0."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(found: &str) -> Outcome {
        let version = |text: &str| padded(text).unwrap();
        judge("helm", "/bin/helm", &version(found), &version("3.12"), Some(&version("5")))
    }

    #[test]
    fn a_version_in_between_passes() {
        assert!(matches!(looked("3.12"), Outcome::Pass { .. }));
        assert!(matches!(looked("4.3.0"), Outcome::Pass { .. }));
    }

    #[test]
    fn too_old_fails_and_too_new_warns() {
        assert_eq!(looked("3.11.9").problem().unwrap().code, "TOOL-OLD");
        assert_eq!(looked("5.0.0").problem().unwrap().code, "TOOL-NEW");
    }

    #[test]
    fn what_is_no_version_is_the_guides_mistake() {
        assert!(padded("three").is_err());
    }
}
