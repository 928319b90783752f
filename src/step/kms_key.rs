//! `kms.key`: a symmetric customer key under an alias, with a policy that KMS takes.

use async_trait::async_trait;
use aws_sdk_kms::types::{KeyMetadata, KeyState, Tag};
use landfall_core::{
    catalogue::Again,
    event::{Difference, Found, Owner, Permissions, Problem, Recovery},
    value::Tree,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    cloud::{
        Trouble,
        look::{
            self, marks, policy,
            shell::{aws, fix},
        },
        unheard,
    },
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Its alias, without `alias/`.
    alias: String,
    /// What it is for.
    #[serde(default)]
    description: Option<String>,
    /// Its policy; where left out, the account's IAM policies alone decide.
    #[serde(default)]
    policy: Option<Tree>,
    /// Whether KMS makes new key material every year.
    #[serde(default = "yes")]
    rotation: bool,
}

fn yes() -> bool {
    true
}

/// What others read.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
    /// Its id.
    pub id: String,
}

/// KMS keeps a key this long after somebody asked for its deletion; the longest it offers.
const WINDOW_DAYS: i32 = 30;

#[async_trait]
impl Step for Key {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        again: Again::ByMark,
        keeps_data: true,
        costs: Some("the key by the month, its use by the request"),
        fixed: &["alias"],
        ..StepAbout::new("kms.key", "KMS-01", "makes a customer key")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let Some(key) = self.find(cx).await? else { return Ok(Found::absent()) };
        let owner = self.owner(cx, key.key_id()).await?;
        if key.key_state() == Some(&KeyState::PendingDeletion) {
            return Ok(Found::broken(self.going(&key, &cx.target.region), vec![keep()], owner));
        }
        let mut differences = Vec::new();
        let differing = |field: &str, wanted: String, found: String| Difference {
            field: field.into(),
            wanted,
            found,
            fixed: false,
        };
        if let Some(wanted) = self.policy.as_ref().filter(|policy| policy.unknown().is_none()) {
            let found = self.policy_of(cx, key.key_id()).await?;
            if !policy::same(&wanted.0, &found) {
                differences.push(differing("policy", policy::short(&wanted.0), policy::short(&found)));
            }
        }
        if self.rotation && !self.rotates(cx, key.key_id()).await? {
            differences.push(differing("rotation", "every year".into(), "off".into()));
        }
        if !key.enabled() {
            differences.push(differing("state", "Enabled".into(), "Disabled".into()));
        }
        let outputs = Outputs { arn: key.arn.clone().unwrap_or_default(), id: key.key_id };
        Ok(Found::there(outputs, differences, owner))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let kms = cx.cloud.aws.kms().await?;
        if let Some(key) = self.find(cx).await? {
            let ours = self.owner(cx, key.key_id()).await? == Owner::Ours;
            let before = json!({ "policy": self.policy_of(cx, key.key_id()).await? });
            self.settle(cx, &key).await?;
            return Ok(if ours { Applied::made() } else { Applied::changed(before) });
        }
        // A key whose alias was lost with the answer is found by its tags.
        let id = match self.marked(cx).await? {
            Some(id) => id,
            None => {
                // KMS knows neither token nor name of a key: sent twice, it makes two.
                let made = cx
                    .cloud
                    .aws
                    .once()
                    .kms()
                    .await?
                    .create_key()
                    .set_description(self.description.clone())
                    .set_policy(self.policy.as_ref().map(|policy| policy.0.to_string()))
                    .set_tags(Some(tags(cx)?))
                    .send()
                    .await
                    .map_err(unheard)?;
                made.key_metadata.map(|key| key.key_id).unwrap_or_default()
            }
        };
        match kms.create_alias().alias_name(self.alias()).target_key_id(&id).send().await.map_err(Trouble::from) {
            // The answer was lost, and the call repeated.
            Err(trouble)
                if trouble.code() == Some("AlreadyExistsException")
                    && self.find(cx).await?.is_some_and(|key| key.key_id() == id) => {}
            other => drop(other?),
        }
        if self.rotation {
            kms.enable_key_rotation().key_id(&id).send().await?;
        }
        Ok(Applied::made())
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let Some(key) = self.find(cx).await? else { return Ok(()) };
        let kms = cx.cloud.aws.kms().await?;
        if let Some(before) = &made.before {
            let Some(ours) = &self.policy else { return Ok(()) };
            if policy::same(&ours.0, &self.policy_of(cx, key.key_id()).await?) {
                kms.put_key_policy().key_id(key.key_id()).policy(before["policy"].to_string()).send().await?;
            }
            return Ok(());
        }
        if key.key_state() != Some(&KeyState::PendingDeletion) {
            let call = kms.schedule_key_deletion().key_id(key.key_id()).pending_window_in_days(WINDOW_DAYS);
            match call.send().await.map_err(Trouble::from) {
                // The answer was lost, and the call repeated.
                Err(trouble) if trouble.code() == Some("KMSInvalidStateException") && self.goes(cx).await? => {}
                other => drop(other?),
            }
            let back = aws("kms cancel-key-deletion").with("--key-id", key.key_id()).region(&cx.target.region);
            cx.say(format!("{} goes in {WINDOW_DAYS} days; until then it can be had back: {back}", self.alias()));
        }
        kms.delete_alias().alias_name(self.alias()).send().await?;
        Ok(())
    }

    async fn recover(&self, cx: &Context, recovery: &str) -> Result<(), Trouble> {
        if recovery != keep().id {
            return Err(Trouble::guide(
                format!("kms.key has no way out called {recovery}"),
                "Choose one of those offered.",
            ));
        }
        let Some(key) = self.find(cx).await? else { return Ok(()) };
        let kms = cx.cloud.aws.kms().await?;
        kms.cancel_key_deletion().key_id(key.key_id()).send().await?;
        kms.enable_key().key_id(key.key_id()).send().await?;
        Ok(())
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        let region = &cx.target.region;
        let policy = self.policy.as_ref().map(|policy| policy.shown().to_string());
        let create = aws("kms create-key")
            .maybe("--description", self.description.as_ref())
            .maybe("--policy", policy)
            .with("--query", "KeyMetadata.KeyId")
            .with("--output", "text")
            .region(region);
        let alias = aws("kms create-alias").with("--alias-name", self.alias()).shell("--target-key-id", "\"$key\"");
        let mut commands = vec![format!("key=$({})", create.one_line()), alias.region(region).to_string()];
        if self.rotation {
            commands.push(aws("kms enable-key-rotation").shell("--key-id", "\"$key\"").region(region).to_string());
        }
        commands
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        format!(
            "schedules {} for deletion in {WINDOW_DAYS} days: what it encrypted can then never be read again",
            self.alias()
        )
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        Permissions::default().iam("*", ["kms:CreateKey", "kms:ListKeys"]).iam(
            &cx.target.arn("kms", "key/*"),
            [
                "kms:DescribeKey",
                "kms:GetKeyPolicy",
                "kms:PutKeyPolicy",
                "kms:TagResource",
                "kms:ListResourceTags",
                "kms:CreateAlias",
                "kms:DeleteAlias",
                "kms:EnableKey",
                "kms:EnableKeyRotation",
                "kms:GetKeyRotationStatus",
                "kms:ScheduleKeyDeletion",
                "kms:CancelKeyDeletion",
            ],
        )
    }
}

impl Key {
    fn alias(&self) -> String {
        format!("alias/{}", self.alias.trim_start_matches("alias/"))
    }

    async fn find(&self, cx: &Context) -> Result<Option<KeyMetadata>, Trouble> {
        let kms = cx.cloud.aws.kms().await?;
        let answer = look::maybe(kms.describe_key().key_id(self.alias()).send().await)?;
        Ok(answer.and_then(|answer| answer.key_metadata))
    }

    async fn goes(&self, cx: &Context) -> Result<bool, Trouble> {
        Ok(self.find(cx).await?.is_some_and(|key| key.key_state() == Some(&KeyState::PendingDeletion)))
    }

    async fn owner(&self, cx: &Context, id: &str) -> Result<Owner, Trouble> {
        let kms = cx.cloud.aws.kms().await?;
        let answer = kms.list_resource_tags().key_id(id).send().await?;
        Ok(marks::owner(&cx.install, answer.tags().iter().map(|tag| (tag.tag_key(), tag.tag_value()))))
    }

    /// Our key that has no alias.
    async fn marked(&self, cx: &Context) -> Result<Option<String>, Trouble> {
        let kms = cx.cloud.aws.kms().await?;
        let keys = kms.list_keys().into_paginator().items().send().collect::<Result<Vec<_>, _>>().await?;
        let task = cx.tags();
        for id in keys.iter().filter_map(|key| key.key_id()) {
            // Keys of other teams may keep their tags to themselves.
            let Some(answer) = look::aside(kms.list_resource_tags().key_id(id).send().await)? else { continue };
            let has = |(key, value): (&String, &String)| {
                answer.tags().iter().any(|tag| tag.tag_key() == key && tag.tag_value() == value)
            };
            if task.iter().all(has) {
                let described = kms.describe_key().key_id(id).send().await?;
                if described.key_metadata.is_some_and(|key| key.enabled()) {
                    return Ok(Some(id.to_owned()));
                }
            }
        }
        Ok(None)
    }

    async fn policy_of(&self, cx: &Context, id: &str) -> Result<Value, Trouble> {
        let kms = cx.cloud.aws.kms().await?;
        let answer = kms.get_key_policy().key_id(id).send().await?;
        Ok(answer.policy().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null))
    }

    async fn rotates(&self, cx: &Context, id: &str) -> Result<bool, Trouble> {
        let kms = cx.cloud.aws.kms().await?;
        Ok(kms.get_key_rotation_status().key_id(id).send().await?.key_rotation_enabled())
    }

    /// Makes what is there as it should be.
    async fn settle(&self, cx: &Context, key: &KeyMetadata) -> Result<(), Trouble> {
        let kms = cx.cloud.aws.kms().await?;
        if let Some(wanted) = &self.policy
            && !policy::same(&wanted.0, &self.policy_of(cx, key.key_id()).await?)
        {
            kms.put_key_policy().key_id(key.key_id()).policy(wanted.0.to_string()).send().await?;
        }
        if !key.enabled() {
            kms.enable_key().key_id(key.key_id()).send().await?;
        }
        if self.rotation && !self.rotates(cx, key.key_id()).await? {
            kms.enable_key_rotation().key_id(key.key_id()).send().await?;
        }
        Ok(())
    }

    fn going(&self, key: &KeyMetadata, region: &str) -> Problem {
        let when = key.deletion_date().map_or_else(String::new, |date| format!(" on {date}"));
        let cancel = aws("kms cancel-key-deletion").with("--key-id", key.key_id()).region(region);
        Problem::new(
            "KMS-KEY-GOING",
            format!("{} will be deleted{when}", self.alias()),
            fix("Have it back while it can be had, or choose another alias.", [cancel]),
        )
        .why("Somebody asked for its deletion; what it encrypted can then never be read again.")
    }
}

fn keep() -> Recovery {
    Recovery { id: "keep".into(), does: "cancels the deletion and enables the key".into(), loses: "nothing".into() }
}

fn tags(cx: &Context) -> Result<Vec<Tag>, Trouble> {
    cx.tags()
        .into_iter()
        .map(|(key, value)| Tag::builder().tag_key(key).tag_value(value).build())
        .collect::<Result<_, _>>()
        .map_err(|error| Trouble::guide(error.to_string(), "Correct the tags."))
}
