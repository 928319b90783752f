//! `registry.mirror`: are the images in the company's own registry, bit for bit?

use std::collections::BTreeMap;

use async_trait::async_trait;
use landfall_core::{
    clock::Span,
    event::{Difference, Found, Host, Owner, Problem},
    value::SecretText,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    cloud::{
        Trouble,
        registry::{Registry, host},
    },
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistryMirror {
    /// What is copied where.
    images: Vec<Copy>,
    /// Login of the registries copied from.
    #[serde(default)]
    from_username: Option<SecretText>,
    /// Its password.
    #[serde(default)]
    from_password: Option<SecretText>,
    /// Login of the registries copied to.
    #[serde(default)]
    to_username: Option<SecretText>,
    /// Its password.
    #[serde(default)]
    to_password: Option<SecretText>,
}

/// One image.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Copy {
    /// Where it is, e.g. `docker.example.com/app:1.0`.
    from: String,
    /// Where it goes.
    to: String,
}

/// What others may read.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Image in the own registry to its digest.
    digests: BTreeMap<String, String>,
}

#[async_trait]
impl Step for RegistryMirror {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        interval: Span::seconds(5),
        deadline: Span::minutes(60),
        ..StepAbout::new("registry.mirror", "REG-11", "images in the company's own registry")
    };
    const NAMES_HOSTS: bool = true;

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let (source, target) = self.registries(cx).await?;
        let mut digests = BTreeMap::new();
        let mut differences = Vec::new();
        for Copy { from, to } in &self.images {
            let Some(there) = target.digest(to).await? else { return Ok(Found::absent()) };
            // Who cannot see the source any more goes on with what was copied.
            if let Ok(Some(wanted)) = source.digest(from).await
                && wanted != there
            {
                let (wanted, found) = (wanted, there.clone());
                differences.push(Difference { field: to.clone(), wanted, found, fixed: false });
            }
            digests.insert(to.clone(), there);
        }
        Ok(Found::there(Outputs { digests }, differences, Owner::Unmarked))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let (source, target) = self.registries(cx).await?;
        let (images, cx) = (self.images.clone(), cx.clone());
        Ok(Applied::Started(Box::pin(async move {
            for Copy { from, to } in &images {
                cx.say(format!("copying {from} to {to}"));
                tokio::select! {
                    copied = source.mirror(from, &target, to, |line| cx.say(line)) => drop(copied?),
                    () = cx.cancel.cancelled() => return Err(Trouble::Interrupted),
                }
            }
            Ok(())
        })))
    }

    async fn undo(&self, _cx: &Context, made: &Made) -> Result<(), Trouble> {
        let images: Vec<String> =
            made.outputs["digests"].as_object().into_iter().flatten().map(|(image, _)| image.clone()).collect();
        Err(Problem::new(
            "REG-KEPT",
            format!("{} mirrored images stay in the registry", images.len()),
            format!("Delete them with the registry's own tools if nobody else uses them: {}", images.join(", ")),
        )
        .why("Registries have no common way to delete, and others may have begun to use them.")
        .into())
    }

    fn commands(&self, _cx: &PlanView<'_>) -> Vec<String> {
        self.images.iter().map(|Copy { from, to }| format!("skopeo copy --all docker://{from} docker://{to}")).collect()
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        "leaves the mirrored images in the registry".into()
    }

    fn hosts(&self, _cx: &PlanView<'_>) -> Vec<Host> {
        let from = self.images.iter().map(|copy| host(&copy.from, "here", "images are copied from it"));
        from.chain(self.images.iter().map(|copy| host(&copy.to, "here", "images are copied into it"))).collect()
    }
}

impl RegistryMirror {
    async fn registries(&self, cx: &Context) -> Result<(Registry, Registry), Trouble> {
        let from = cx.login(self.from_username.as_ref(), self.from_password.as_ref()).await?;
        let to = cx.login(self.to_username.as_ref(), self.to_password.as_ref()).await?;
        let endpoints = &cx.cloud.endpoints;
        Ok((Registry::new(endpoints, from)?, Registry::new(endpoints, to)?))
    }
}
