//! `iam.user`: a user for a program that cannot assume a role, with one inline policy.

use async_trait::async_trait;
use aws_sdk_iam::types::User;
use landfall_core::{
    event::{Found, Owner, Permissions},
    value::Tree,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::wanted_role::boundary_difference;
use crate::{
    cloud::{
        Trouble,
        look::{self, marks, policy, shell::aws},
    },
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IamUser {
    /// The user's name; its inline policy has the same.
    name: String,
    /// What it may do: an IAM policy document.
    policy: Tree,
    /// A permissions boundary's ARN, where the company asks for one.
    #[serde(default)]
    permissions_boundary: Option<String>,
}

/// What others read.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
}

#[async_trait]
impl Step for IamUser {
    type Outputs = Outputs;
    const ABOUT: StepAbout =
        StepAbout { fixed: &["name"], ..StepAbout::new("iam.user", "IAM-04", "makes a user for a program") };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let Some(user) = self.find(cx).await? else { return Ok(Found::absent()) };
        let mut differences = Vec::new();
        if self.policy.unknown().is_none() {
            let found = self.find_policy(cx).await?.unwrap_or(Value::Null);
            differences.extend(policy::difference("policy", &self.policy.0, &found));
        }
        differences.extend(boundary_difference(self.permissions_boundary.as_ref(), boundary_of(&user)));
        let owner = owner(&user, cx);
        Ok(Found::there(Outputs { arn: user.arn, name: user.user_name }, differences, owner))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let iam = cx.cloud.aws.iam().await?;
        let mut before = None;
        match self.find(cx).await? {
            None => {
                let sent = iam
                    .create_user()
                    .user_name(&self.name)
                    .set_permissions_boundary(self.permissions_boundary.clone())
                    .set_tags(Some(marks::iam(&cx.tags())?))
                    .send()
                    .await
                    .map_err(Trouble::from);
                match sent {
                    // The answer was lost, and the call repeated.
                    Err(trouble) if trouble.code() == Some("EntityAlreadyExists") && self.is_ours(cx).await? => {}
                    other => drop(other?),
                }
            }
            Some(user) => {
                let bound = boundary_of(&user);
                if owner(&user, cx) != Owner::Ours {
                    before = Some(json!({ "policy": self.find_policy(cx).await?, "boundary": bound }));
                }
                if let Some(wanted) = self.permissions_boundary.as_deref().filter(|wanted| bound != Some(*wanted)) {
                    self.put_boundary(cx, wanted).await?;
                }
            }
        }
        self.put(cx, &self.policy.0).await?;
        Ok(Applied::Sent { before })
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let Some(user) = self.find(cx).await? else { return Ok(()) };
        let iam = cx.cloud.aws.iam().await?;
        let Some(before) = &made.before else {
            if owner(&user, cx) != Owner::Ours {
                return Err(look::changed_since(&format!("user {}", self.name)));
            }
            look::maybe(iam.delete_user_policy().user_name(&self.name).policy_name(&self.name).send().await)?;
            iam.delete_user().user_name(&self.name).send().await?;
            return Ok(());
        };
        // Where there was none, ours stays: companies that ask for one forbid to take it away, and it only narrows.
        if let (Some(was), Some(ours)) = (before["boundary"].as_str(), self.permissions_boundary.as_deref())
            && was != ours
            && boundary_of(&user) == Some(ours)
        {
            self.put_boundary(cx, was).await?;
        }
        if !self.find_policy(cx).await?.is_some_and(|found| policy::same(&found, &self.policy.0)) {
            return Ok(());
        }
        match &before["policy"] {
            Value::Null => {
                iam.delete_user_policy().user_name(&self.name).policy_name(&self.name).send().await?;
                Ok(())
            }
            document => self.put(cx, document).await,
        }
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        let create = aws("iam create-user")
            .with("--user-name", &self.name)
            .maybe("--permissions-boundary", self.permissions_boundary.as_ref())
            .region(&cx.target.region);
        let put = aws("iam put-user-policy")
            .with("--user-name", &self.name)
            .with("--policy-name", &self.name)
            .json("--policy-document", &self.policy.shown())
            .region(&cx.target.region);
        vec![create.to_string(), put.to_string()]
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        format!("deletes the user {} and its inline policy", self.name)
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let arn = cx.target.arn("iam", &format!("user/{}", self.name));
        let permissions = Permissions::default().iam(
            &arn,
            [
                "iam:GetUser",
                "iam:CreateUser",
                "iam:TagUser",
                "iam:GetUserPolicy",
                "iam:PutUserPolicy",
                "iam:DeleteUserPolicy",
                "iam:DeleteUser",
            ],
        );
        match self.permissions_boundary {
            Some(_) => permissions.iam(&arn, ["iam:PutUserPermissionsBoundary"]),
            None => permissions,
        }
    }
}

impl IamUser {
    async fn is_ours(&self, cx: &Context) -> Result<bool, Trouble> {
        Ok(self.find(cx).await?.is_some_and(|user| owner(&user, cx) == Owner::Ours))
    }

    async fn find(&self, cx: &Context) -> Result<Option<User>, Trouble> {
        let answer = cx.cloud.aws.iam().await?.get_user().user_name(&self.name).send().await;
        Ok(look::maybe(answer)?.and_then(|answer| answer.user))
    }

    async fn find_policy(&self, cx: &Context) -> Result<Option<Value>, Trouble> {
        let iam = cx.cloud.aws.iam().await?;
        let answer = iam.get_user_policy().user_name(&self.name).policy_name(&self.name).send().await;
        Ok(look::maybe(answer)?.and_then(|found| policy::decoded(found.policy_document())))
    }

    async fn put_boundary(&self, cx: &Context, arn: &str) -> Result<(), Trouble> {
        let iam = cx.cloud.aws.iam().await?;
        iam.put_user_permissions_boundary().user_name(&self.name).permissions_boundary(arn).send().await?;
        Ok(())
    }

    async fn put(&self, cx: &Context, document: &Value) -> Result<(), Trouble> {
        let iam = cx.cloud.aws.iam().await?;
        iam.put_user_policy()
            .user_name(&self.name)
            .policy_name(&self.name)
            .policy_document(document.to_string())
            .send()
            .await?;
        Ok(())
    }
}

fn boundary_of(user: &User) -> Option<&str> {
    user.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn())
}

fn owner(user: &User, cx: &Context) -> Owner {
    marks::owner(&cx.install, user.tags().iter().map(|tag| (tag.key(), tag.value())))
}
