//! `ec2.launch_template`: what the nodes are started from. A name that exists gets a new version; nothing is overwritten.

mod contents;
mod parameters;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_ec2::types::{LaunchTemplate as Described, LaunchTemplateVersion, ResourceType, TagSpecification};
use landfall_core::{
    catalogue::Again,
    event::{Found, Owner, Permissions, Problem},
    value::{Late, SecretText, late_reference},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::contents::Contents;
pub use self::parameters::LaunchTemplate;
use crate::{
    cloud::{
        Trouble,
        look::{
            self, marks,
            shell::{aws, quoted},
        },
    },
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// What others read.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The template's id.
    pub id: String,
    /// The version that is as planned.
    pub version: i64,
    /// `id:version`, for `eks.node_group`.
    #[schemars(extend("x-words" = "id and version"))]
    pub reference: String,
    /// Names the contents.
    pub digest: String,
}

/// EC2 takes no more, before base64: EC2 User Guide, "Run commands at launch".
const LARGEST: usize = 16 * 1024;

#[async_trait]
impl Step for LaunchTemplate {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        again: Again::Token,
        fixed: &["name"],
        ..StepAbout::new("ec2.launch_template", "EC2-01", "makes a launch template, or a new version of it")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let wanted = self.wanted(cx)?;
        let Some((template, versions)) = self.find(cx).await? else { return Ok(Found::absent()) };
        let owner = owner(&template, cx);
        let id = template.launch_template_id().unwrap_or_default();
        let Some(latest) = versions.first() else { return Ok(Found::absent()) };
        let Some(wanted) = wanted else {
            let found = of(latest);
            return Ok(Found::there(outputs(id, latest, &found), Vec::new(), owner));
        };
        // The newest that is as planned: someone else's later version does not change ours.
        if let Some(version) = versions.iter().find(|version| of(version) == wanted) {
            return Ok(Found::there(outputs(id, version, &wanted), Vec::new(), owner));
        }
        let found = of(latest);
        Ok(Found::there(outputs(id, latest, &found), wanted.differences(&found), owner))
    }

    async fn apply(&self, cx: &Context, token: &str) -> Result<Applied, Trouble> {
        let wanted = self.wanted(cx)?.ok_or_else(|| {
            Trouble::guide("the image is not known yet", "Make the step run after the one that tells it.")
        })?;
        let ec2 = cx.cloud.aws.ec2().await?;
        let description = self.version_description(&wanted);
        let data = wanted.request(self, &cx.tags());
        let Some((template, versions)) = self.find(cx).await? else {
            let tags = TagSpecification::builder()
                .resource_type(ResourceType::LaunchTemplate)
                .set_tags(Some(marks::ec2(&cx.tags())))
                .build();
            ec2.create_launch_template()
                .client_token(token)
                .launch_template_name(&self.name)
                .version_description(description)
                .launch_template_data(data)
                .tag_specifications(tags)
                .send()
                .await?;
            return Ok(Applied::made());
        };
        let ours = owner(&template, cx) == Owner::Ours;
        let before = (!ours).then(|| {
            json!({
                "id": template.launch_template_id(),
                "latest_version": template.latest_version_number(),
                "default_version": template.default_version_number(),
            })
        });
        if !versions.iter().any(|version| of(version) == wanted) {
            ec2.create_launch_template_version()
                .client_token(token)
                .set_launch_template_id(template.launch_template_id)
                .version_description(description)
                .launch_template_data(data)
                .send()
                .await?;
        }
        Ok(Applied::Sent { before })
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let Some((template, versions)) = self.find(cx).await? else { return Ok(()) };
        let ec2 = cx.cloud.aws.ec2().await?;
        if owner(&template, cx) == Owner::Ours {
            ec2.delete_launch_template().set_launch_template_id(template.launch_template_id).send().await?;
            return Ok(());
        }
        // The template was there before: only our version goes, and only while it is what we made.
        let version = made.outputs["version"].as_i64();
        let digest = made.outputs["digest"].as_str();
        let ours = versions.iter().find(|found| found.version_number() == version);
        let (Some(_), Some(ours), Some(version)) = (&made.before, ours, version) else { return Ok(()) };
        if digest != Some(of(ours).digest().as_str()) {
            return Err(look::changed_since(&format!("version {version} of launch template {}", self.name)));
        }
        ec2.delete_launch_template_versions()
            .set_launch_template_id(template.launch_template_id)
            .versions(version.to_string())
            .send()
            .await?;
        Ok(())
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        let image = self.image_id.as_ref().map(ToString::to_string);
        let user_data = self.user_data.as_ref().map(|name| cx.template(name));
        let contents = Contents::wanted(self, image.as_deref(), user_data.clone());
        let description = self.version_description(&contents);
        let create = aws("ec2 create-launch-template")
            .with("--launch-template-name", &self.name)
            .with("--version-description", description);
        let mut commands = Vec::new();
        let create = match &self.user_data {
            None => create.json("--launch-template-data", &contents.json(self, None)),
            Some(name) => {
                // `base64 -w 0` is GNU's, `-b 0` macOS's; without its newlines both are the same.
                let file = name.rsplit('/').next().unwrap_or(name).trim_end_matches(".j2");
                let text = user_data.unwrap_or_default();
                let end = if text.ends_with('\n') { "" } else { "\n" };
                commands.push(format!("cat > {} <<'END_OF_USER_DATA'\n{text}{end}END_OF_USER_DATA", quoted(file)));
                let marker = "@USER_DATA@";
                let data = contents.json(self, Some(marker.into())).to_string();
                let (before, after) = data.split_once(marker).unwrap_or((&data, ""));
                let encoded = format!("\"$(base64 < {} | tr -d '\\n')\"", quoted(file));
                create.shell("--launch-template-data", &format!("{}{encoded}{}", quoted(before), quoted(after)))
            }
        };
        commands.push(create.region(&cx.target.region).to_string());
        commands
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        format!(
            "deletes the launch template {}, or only the version made here if the template was there before",
            self.name
        )
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        Permissions::default()
            .iam(
                &cx.target.arn("ec2", "launch-template/*"),
                [
                    "ec2:CreateLaunchTemplate",
                    "ec2:CreateLaunchTemplateVersion",
                    "ec2:DeleteLaunchTemplate",
                    "ec2:DeleteLaunchTemplateVersions",
                    "ec2:CreateTags",
                ],
            )
            .iam("*", ["ec2:DescribeLaunchTemplates", "ec2:DescribeLaunchTemplateVersions"])
    }
}

impl LaunchTemplate {
    /// The template and its versions, newest first.
    async fn find(&self, cx: &Context) -> Result<Option<(Described, Vec<LaunchTemplateVersion>)>, Trouble> {
        let ec2 = cx.cloud.aws.ec2().await?;
        let answer = ec2.describe_launch_templates().launch_template_names(&self.name).send().await;
        let found = look::maybe(answer)?.and_then(|answer| answer.launch_templates).unwrap_or_default();
        let Some(template) = found.into_iter().next() else { return Ok(None) };
        let pages = ec2
            .describe_launch_template_versions()
            .set_launch_template_id(template.launch_template_id.clone())
            .into_paginator()
            .items()
            .send();
        let mut versions = pages.collect::<Result<Vec<_>, _>>().await?;
        versions.sort_by_key(|version| std::cmp::Reverse(version.version_number()));
        Ok(Some((template, versions)))
    }

    /// What the guide asks for; nothing while an output it reads is not known.
    fn wanted(&self, cx: &Context) -> Result<Option<Contents>, Trouble> {
        let image = match &self.image_id {
            None => None,
            Some(Late::Known(image)) => Some(image.as_str()),
            Some(Late::Unknown(_)) => return Ok(None),
        };
        let user_data = match &self.user_data {
            None => None,
            Some(name) => {
                let text = cx.template(name)?;
                if late_reference(&text).is_some() {
                    return Ok(None);
                }
                self.refuse(name, &text, image.is_some())?;
                Some(text)
            }
        };
        Ok(Some(Contents::wanted(self, image, user_data)))
    }

    /// User data that EC2 or EKS would refuse, or that would only fail on the node.
    fn refuse(&self, name: &str, text: &str, image: bool) -> Result<(), Trouble> {
        if SecretText::is_in(text) {
            return Err(Trouble::guide(
                format!("{name}: user data must not hold secrets"),
                "Everyone who may describe the template reads them; fetch them on the node instead.",
            ));
        }
        if text.trim().is_empty() {
            return Err(Trouble::guide(format!("{name} is empty"), "Mend the template, or leave user_data out."));
        }
        if text.len() > LARGEST {
            let what = format!("{name}: {} bytes of user data, EC2 takes {LARGEST}", text.len());
            return Err(
                Problem::new("EC2-USER-DATA-LARGE", what, "Shorten it, or fetch parts of it on the node.").into()
            );
        }
        // EKS merges its own part in, and takes nothing else: EKS User Guide, "Customize managed nodes with launch templates".
        if !image && !text.starts_with("MIME-Version:") && !text.starts_with("Content-Type: multipart/") {
            let what = format!("{name}: user data without an image must be MIME multipart");
            return Err(
                Problem::new("EC2-USER-DATA-MIME", what, "Write it as MIME multipart, or name an image.").into()
            );
        }
        Ok(())
    }

    /// The description of a version: at most 255 characters, ending in the digest.
    fn version_description(&self, contents: &Contents) -> String {
        let what: String = self.description.as_deref().unwrap_or(&self.name).chars().take(220).collect();
        format!("{what} (landfall {})", contents.digest())
    }

    fn instance_tags(&self) -> BTreeMap<String, String> {
        let mut tags = self.tags.clone();
        if let Some(name) = &self.name_tag {
            tags.insert("Name".into(), name.clone());
        }
        tags
    }
}

fn of(version: &LaunchTemplateVersion) -> Contents {
    version.launch_template_data().map(Contents::found).unwrap_or_default()
}

fn outputs(id: &str, version: &LaunchTemplateVersion, contents: &Contents) -> Outputs {
    let number = version.version_number().unwrap_or_default();
    Outputs { id: id.to_owned(), version: number, reference: format!("{id}:{number}"), digest: contents.digest() }
}

fn owner(template: &Described, cx: &Context) -> Owner {
    let tags = template.tags().iter().filter_map(|tag| Some((tag.key()?, tag.value()?)));
    marks::owner(&cx.install, tags)
}
