//! `iam.role`: a role with its trust policy, one inline policy and AWS' own policies.

use async_trait::async_trait;
use aws_sdk_iam::types::Role;
use landfall_core::{
    event::{Difference, Found, Owner, Permissions},
    value::Tree,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    cloud::{
        Trouble,
        look::{self, marks, policy, role::attached_arns, shell::aws},
    },
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IamRole {
    /// The role's name; its inline policy has the same.
    name: String,
    /// What it is for.
    #[serde(default)]
    description: Option<String>,
    /// Who may assume it: a trust policy.
    trust: Tree,
    /// What it may do: an IAM policy document.
    #[serde(default)]
    policy: Option<Tree>,
    /// ARNs of further policies, e.g. AWS' own.
    #[serde(default)]
    attached: Vec<String>,
    /// A permissions boundary's ARN, where the company asks for one.
    #[serde(default)]
    permissions_boundary: Option<String>,
}

/// What others read.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The role's ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
}

#[async_trait]
impl Step for IamRole {
    type Outputs = Outputs;
    const ABOUT: StepAbout =
        StepAbout { fixed: &["name"], ..StepAbout::new("iam.role", "IAM-06", "makes a role with its policies") };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let Some(role) = self.find(cx).await? else { return Ok(Found::absent()) };
        let mut differences = Vec::new();
        if self.trust.unknown().is_none() {
            differences.extend(policy::difference("trust", &self.trust.0, &trust_of(&role)));
        }
        if let Some(wanted) = self.policy.as_ref().filter(|policy| policy.unknown().is_none()) {
            differences.extend(policy::difference(
                "policy",
                &wanted.0,
                &self.find_policy(cx).await?.unwrap_or(Value::Null),
            ));
        }
        let missing = self.missing(cx).await?;
        if !missing.is_empty() {
            differences.push(Difference {
                field: "attached".into(),
                wanted: missing.join(", "),
                found: "not attached".into(),
                fixed: false,
            });
        }
        let owner = owner(&role, cx);
        Ok(Found::there(Outputs { arn: role.arn, name: role.role_name }, differences, owner))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let iam = cx.cloud.aws.iam().await?;
        let mut before = None;
        match self.find(cx).await? {
            None => {
                let sent = iam
                    .create_role()
                    .role_name(&self.name)
                    .assume_role_policy_document(self.trust.0.to_string())
                    .set_description(self.description.clone())
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
            Some(role) => {
                let found = trust_of(&role);
                if owner(&role, cx) != Owner::Ours {
                    let attached = self.missing(cx).await?;
                    before =
                        Some(json!({ "trust": found, "policy": self.find_policy(cx).await?, "attached": attached }));
                }
                if !policy::same(&self.trust.0, &found) {
                    self.put_trust(cx, &self.trust.0).await?;
                }
            }
        }
        if let Some(document) = &self.policy {
            self.put_policy(cx, &document.0).await?;
        }
        for arn in self.missing(cx).await? {
            iam.attach_role_policy().role_name(&self.name).policy_arn(arn).send().await?;
        }
        Ok(Applied::Sent { before })
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let Some(role) = self.find(cx).await? else { return Ok(()) };
        let iam = cx.cloud.aws.iam().await?;
        let Some(before) = &made.before else {
            if owner(&role, cx) != Owner::Ours {
                return Err(look::changed_since(&format!("role {}", self.name)));
            }
            look::maybe(iam.delete_role_policy().role_name(&self.name).policy_name(&self.name).send().await)?;
            for arn in &self.attached {
                look::maybe(iam.detach_role_policy().role_name(&self.name).policy_arn(arn).send().await)?;
            }
            iam.delete_role().role_name(&self.name).send().await?;
            return Ok(());
        };
        if policy::same(&self.trust.0, &trust_of(&role)) && !before["trust"].is_null() {
            self.put_trust(cx, &before["trust"]).await?;
        }
        let ours = self.policy.as_ref().map(|policy| &policy.0);
        if let (Some(found), Some(ours)) = (self.find_policy(cx).await?, ours)
            && policy::same(ours, &found)
        {
            match &before["policy"] {
                Value::Null => {
                    iam.delete_role_policy().role_name(&self.name).policy_name(&self.name).send().await?;
                }
                document => self.put_policy(cx, document).await?,
            }
        }
        for arn in before["attached"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            look::maybe(iam.detach_role_policy().role_name(&self.name).policy_arn(arn).send().await)?;
        }
        Ok(())
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        let region = &cx.target.region;
        let create = aws("iam create-role")
            .with("--role-name", &self.name)
            .json("--assume-role-policy-document", &self.trust.shown())
            .maybe("--permissions-boundary", self.permissions_boundary.as_ref());
        let mut commands = vec![create.region(region).to_string()];
        if let Some(document) = &self.policy {
            let put = aws("iam put-role-policy")
                .with("--role-name", &self.name)
                .with("--policy-name", &self.name)
                .json("--policy-document", &document.shown());
            commands.push(put.region(region).to_string());
        }
        for arn in &self.attached {
            let attach = aws("iam attach-role-policy").with("--role-name", &self.name).with("--policy-arn", arn);
            commands.push(attach.region(region).to_string());
        }
        commands
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        format!("deletes the role {} and its inline policy", self.name)
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        Permissions::default().iam(
            &cx.target.arn("iam", &format!("role/{}", self.name)),
            [
                "iam:GetRole",
                "iam:CreateRole",
                "iam:TagRole",
                "iam:UpdateAssumeRolePolicy",
                "iam:GetRolePolicy",
                "iam:PutRolePolicy",
                "iam:DeleteRolePolicy",
                "iam:ListAttachedRolePolicies",
                "iam:AttachRolePolicy",
                "iam:DetachRolePolicy",
                "iam:DeleteRole",
            ],
        )
    }
}

impl IamRole {
    async fn is_ours(&self, cx: &Context) -> Result<bool, Trouble> {
        Ok(self.find(cx).await?.is_some_and(|role| owner(&role, cx) == Owner::Ours))
    }

    async fn find(&self, cx: &Context) -> Result<Option<Role>, Trouble> {
        let answer = cx.cloud.aws.iam().await?.get_role().role_name(&self.name).send().await;
        Ok(look::maybe(answer)?.and_then(|answer| answer.role))
    }

    async fn find_policy(&self, cx: &Context) -> Result<Option<Value>, Trouble> {
        let iam = cx.cloud.aws.iam().await?;
        let answer = iam.get_role_policy().role_name(&self.name).policy_name(&self.name).send().await;
        Ok(look::maybe(answer)?.and_then(|found| policy::decoded(found.policy_document())))
    }

    /// Those of its policies that are not attached.
    async fn missing(&self, cx: &Context) -> Result<Vec<String>, Trouble> {
        if self.attached.is_empty() {
            return Ok(Vec::new());
        }
        let there = attached_arns(&cx.cloud, &self.name).await?;
        Ok(self.attached.iter().filter(|arn| !there.contains(arn)).cloned().collect())
    }

    async fn put_trust(&self, cx: &Context, document: &Value) -> Result<(), Trouble> {
        let iam = cx.cloud.aws.iam().await?;
        iam.update_assume_role_policy().role_name(&self.name).policy_document(document.to_string()).send().await?;
        Ok(())
    }

    async fn put_policy(&self, cx: &Context, document: &Value) -> Result<(), Trouble> {
        let iam = cx.cloud.aws.iam().await?;
        iam.put_role_policy()
            .role_name(&self.name)
            .policy_name(&self.name)
            .policy_document(document.to_string())
            .send()
            .await?;
        Ok(())
    }
}

fn trust_of(role: &Role) -> Value {
    role.assume_role_policy_document().and_then(policy::decoded).unwrap_or(Value::Null)
}

fn owner(role: &Role, cx: &Context) -> Owner {
    marks::owner(&cx.install, role.tags().iter().map(|tag| (tag.key(), tag.value())))
}
