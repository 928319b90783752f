//! `registry.image`: do the images exist, can they be pulled with this login, and for the nodes' architectures?

use std::collections::BTreeSet;

use async_trait::async_trait;
use futures::{StreamExt, stream};
use landfall_core::{
    catalogue::Touches,
    event::{Host, Outcome, Problem},
    value::SecretText,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        registry::{Registry, host},
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// The manifests of the images in their registry, with the given login, for the nodes' architectures. Otherwise pods
/// end in ImagePullBackOff.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistryImage {
    /// The images, e.g. `docker.example.com/app:1.0`.
    images: Vec<String>,
    /// User name of the registry.
    #[serde(default)]
    username: Option<SecretText>,
    /// Its password.
    #[serde(default)]
    password: Option<SecretText>,
    /// What the nodes are: `amd64`, `arm64`.
    #[serde(default)]
    architectures: BTreeSet<String>,
}

#[async_trait]
impl Check for RegistryImage {
    const ABOUT: CheckAbout = CheckAbout {
        name: "registry.image",
        code: "REG-01",
        about: "images exist for the nodes' architectures",
        touches: Touches::Nothing,
    };
    const NAMES_HOSTS: bool = true;
    const PROBLEMS: &'static [&'static str] = &["REG-ARCHITECTURE"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        if self.images.is_empty() {
            return Ok(Outcome::skip("the plan runs no image from here"));
        }
        let login = cx.login(self.username.as_ref(), self.password.as_ref()).await?;
        let registry = Registry::new(&cx.cloud.endpoints, login)?;
        let registry = &registry;
        let look = |image: String| async move {
            let found = registry.architectures(&image).await;
            (image, found)
        };
        let mut found = stream::iter(self.images.clone()).map(look).buffered(4);
        let mut seen = Vec::new();
        while let Some((image, architectures)) = found.next().await {
            let architectures = architectures?;
            if let Some(problem) = self.lacking(&image, &architectures) {
                return Ok(Outcome::Fail { problem });
            }
            let name = image.rsplit('/').next().unwrap_or(&image);
            seen.push(format!("{name} ({})", architectures.into_iter().collect::<Vec<_>>().join(", ")));
        }
        Ok(Outcome::pass(seen.join("; ")))
    }

    fn hosts(&self, _cx: &PlanView<'_>) -> Vec<Host> {
        let mut hosts: Vec<Host> = Vec::new();
        for image in &self.images {
            for (from, why) in [("here", "images are looked at"), ("nodes", "images are pulled from it")] {
                let host = host(image, from, why);
                if !hosts.contains(&host) {
                    hosts.push(host);
                }
            }
        }
        hosts
    }
}

impl RegistryImage {
    fn lacking(&self, image: &str, there: &BTreeSet<String>) -> Option<Problem> {
        let missing: Vec<&str> = self.architectures.difference(there).map(String::as_str).collect();
        if missing.is_empty() {
            return None;
        }
        let there: Vec<&str> = there.iter().map(String::as_str).collect();
        let problem = Problem::new(
            "REG-ARCHITECTURE",
            format!("{image} does not exist for {}", missing.join(", ")),
            "Choose nodes of an architecture the image exists for, or ask the vendor for one.",
        );
        Some(problem.why(format!("It exists for {}; pods on other nodes end at once.", there.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_architecture_of_the_nodes_must_be_there() {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let check = RegistryImage {
            images: Vec::new(),
            username: None,
            password: None,
            architectures: set(&["amd64", "arm64"]),
        };
        assert!(check.lacking("x", &set(&["amd64", "arm64", "s390x"])).is_none());
        assert!(check.lacking("x", &set(&["amd64"])).unwrap().what.contains("arm64"));
    }
}
