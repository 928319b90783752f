//! `iam.access_key`: an access key of a user. IAM tells its secret half once; it goes straight into the vault.

use async_trait::async_trait;
use aws_sdk_iam::types::{AccessKeyMetadata, StatusType};
use landfall_core::{
    catalogue::Again,
    event::{Difference, Found, Owner, Permissions, Problem},
    value::{Plain, SecretRef, SecretText},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    cloud::{
        Trouble,
        look::{
            self,
            shell::{aws, fix},
        },
        unheard,
    },
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessKey {
    /// The user's name.
    user: String,
}

/// What others read.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The key's id, which is no secret.
    pub id: String,
    /// Where the secret half is: a reference into the vault, for a field that takes secrets.
    pub secret: String,
}

#[async_trait]
impl Step for AccessKey {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        again: Again::Once,
        fixed: &["user"],
        ..StepAbout::new("iam.access_key", "IAM-05", "makes an access key")
    };

    /// Keys carry no marks: the one whose id the vault has is ours.
    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let Some(ours) = cx.secrets.get(&half(cx, "id")).await? else { return Ok(Found::absent()) };
        let keys = self.keys(cx).await?;
        let Some(key) = keys.iter().find(|key| key.access_key_id() == Some(ours.reveal())) else {
            return Ok(Found::absent());
        };
        let mut differences = Vec::new();
        if key.status() != Some(&StatusType::Active) {
            differences.push(Difference {
                field: "status".into(),
                wanted: "Active".into(),
                found: key.status().map_or("unknown", StatusType::as_str).into(),
                fixed: false,
            });
        }
        let outputs = Outputs { id: ours.reveal().to_owned(), secret: SecretText::stand_in(&half(cx, "secret")) };
        Ok(Found::there(outputs, differences, Owner::Ours))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let iam = cx.cloud.aws.iam().await?;
        let keys = self.keys(cx).await?;
        if let Some(ours) = cx.secrets.get(&half(cx, "id")).await?
            && let Some(key) = keys.iter().find(|key| key.access_key_id() == Some(ours.reveal()))
        {
            let before = serde_json::json!({ "status": key.status().map(StatusType::as_str) });
            iam.update_access_key()
                .user_name(&self.user)
                .access_key_id(ours.reveal())
                .status(StatusType::Active)
                .send()
                .await?;
            return Ok(Applied::changed(before));
        }
        // IAM knows no token here: sent twice, it makes two, and tells the secret half of the second alone.
        let sender = cx.cloud.aws.once().iam().await?;
        let made = sender.create_access_key().user_name(&self.user).send().await.map_err(|error| {
            let trouble = unheard(error);
            if trouble.code() == Some("LimitExceeded") { self.full(&keys).into() } else { trouble }
        })?;
        for id in keys.iter().filter_map(|key| key.access_key_id()) {
            cx.say(format!("{} has another key, {id}; if no answer told its secret half, delete it", self.user));
        }
        let Some(key) = made.access_key else {
            return Err(Trouble::guide("IAM made an access key without telling it", "Look at the user's keys."));
        };
        // The secret half first: an id without it is of no use to anybody.
        cx.secrets.put(&half(cx, "secret"), Plain::new(key.secret_access_key)).await?;
        cx.secrets.put(&half(cx, "id"), Plain::new(key.access_key_id)).await?;
        Ok(Applied::made())
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let iam = cx.cloud.aws.iam().await?;
        let id = made.outputs["id"].as_str().unwrap_or_default();
        if let Some(before) = &made.before {
            let status = StatusType::from(before["status"].as_str().unwrap_or("Inactive"));
            iam.update_access_key().user_name(&self.user).access_key_id(id).status(status).send().await?;
            return Ok(());
        }
        look::maybe(iam.delete_access_key().user_name(&self.user).access_key_id(id).send().await)?;
        // It opens nothing any more. The id first: half a key is found by it.
        cx.secrets.forget(&half(cx, "id")).await?;
        cx.secrets.forget(&half(cx, "secret")).await
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        vec![aws("iam create-access-key").with("--user-name", &self.user).region(&cx.target.region).to_string()]
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        format!("deletes the access key of {}; whoever still uses it is refused", self.user)
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        Permissions::default().iam(
            &cx.target.arn("iam", &format!("user/{}", self.user)),
            ["iam:ListAccessKeys", "iam:CreateAccessKey", "iam:UpdateAccessKey", "iam:DeleteAccessKey"],
        )
    }
}

impl AccessKey {
    async fn keys(&self, cx: &Context) -> Result<Vec<AccessKeyMetadata>, Trouble> {
        let answer = cx.cloud.aws.iam().await?.list_access_keys().user_name(&self.user).send().await;
        Ok(look::maybe(answer)?.map(|answer| answer.access_key_metadata).unwrap_or_default())
    }

    fn full(&self, keys: &[AccessKeyMetadata]) -> Problem {
        let ids: Vec<&str> = keys.iter().filter_map(|key| key.access_key_id()).collect();
        let delete = aws("iam delete-access-key")
            .with("--user-name", &self.user)
            .with("--access-key-id", ids.first().copied().unwrap_or("ID"));
        Problem::new(
            "IAM-KEYS-FULL",
            format!("{} has two access keys already", self.user),
            fix("Delete the one that nobody uses, and continue.", [delete]),
        )
        .why(format!("A user can have two. There are {}.", ids.join(" and ")))
    }
}

/// `id` and `secret` of this task's key.
fn half(cx: &Context, which: &str) -> SecretRef {
    SecretRef::field(&cx.path.id, which)
}
