//! `kube.version`: is the cluster's Kubernetes neither too old nor too new?

use async_trait::async_trait;
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        look::kubernetes::{self, Minor, Server},
    },
    kind::{Check, CheckAbout, Context},
};

/// The version of the API server. Charts and APIs fit only a range of versions.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubeVersion {
    /// The oldest minor version that works, e.g. `1.27`.
    #[serde(default)]
    at_least: Option<String>,
    /// The first minor version that does not, e.g. `1.34`.
    #[serde(default)]
    below: Option<String>,
}

#[async_trait]
impl Check for KubeVersion {
    const ABOUT: CheckAbout = CheckAbout {
        name: "kube.version",
        code: "K8S-16",
        about: "the cluster's Kubernetes is neither too old nor too new",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &["K8S-VERSION-NEW", "K8S-VERSION-OLD"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let (oldest, newest) = (minor(self.at_least.as_deref())?, minor(self.below.as_deref())?);
        let server = kubernetes::server(&cx.cloud.kube.client().await?).await?;
        Ok(judge(&server, oldest, newest))
    }
}

fn minor(text: Option<&str>) -> Result<Option<Minor>, Trouble> {
    let parsed = text.map(str::parse::<Minor>).transpose();
    parsed.map_err(|error| Trouble::guide(error.to_string(), "Write it as 1.27."))
}

fn judge(server: &Server, oldest: Option<Minor>, newest: Option<Minor>) -> Outcome {
    let Server { minor, whole } = server;
    let told = |code: &str, what: String, fix: String| Outcome::Fail {
        problem: Problem::new(code, what, fix).why(format!("The API server says {whole}.")),
    };
    if let Some(oldest) = oldest.filter(|oldest| minor < oldest) {
        let fix = format!(
            "Have the cluster upgraded to {oldest} or later, one minor version at a time, or choose another one.\n$ kubectl version"
        );
        return told("K8S-VERSION-OLD", format!("Kubernetes {minor} is too old: {oldest} or later is needed"), fix);
    }
    if let Some(newest) = newest.filter(|newest| minor >= newest) {
        let fix = format!(
            "Ask the vendor for a release that is made for {minor}, or choose a cluster older than {newest}.\n$ kubectl version"
        );
        return told("K8S-VERSION-NEW", format!("Kubernetes {minor} is too new: it has to be below {newest}"), fix);
    }
    Outcome::pass(format!("Kubernetes {minor} ({whole})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_judged_by_the_minor_version() {
        let code = |version: &str| {
            let server = Server { minor: version.parse().unwrap(), whole: version.into() };
            let bound = |text: &str| minor(Some(text)).unwrap();
            judge(&server, bound("1.27"), bound("1.34")).problem().map(|problem| problem.code.clone())
        };
        assert_eq!(code("v1.26.15").as_deref(), Some("K8S-VERSION-OLD"));
        assert_eq!(code("v1.27.0"), None);
        assert_eq!(code("v1.33.9"), None);
        assert_eq!(code("v1.34.0").as_deref(), Some("K8S-VERSION-NEW"));
        assert!(minor(Some("new")).is_err());
    }
}
