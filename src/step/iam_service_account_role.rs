//! `iam.service_account_role`: an IAM role that certain Kubernetes service accounts may assume, and nobody else.

use async_trait::async_trait;
use aws_sdk_iam::types::Role;
use landfall_core::{
    event::{Difference, Found, Owner, Permissions, Problem},
    value::{Late, Tree},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    cloud::{
        Trouble,
        look::{
            self, hcl, marks, policy,
            role::{attached_arns, web_identity_trust},
            shell::aws,
        },
    },
    kind::{Applied, Context, Made, PlanView, Rendered, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceAccountRole {
    /// The role's name; its inline policy has the same.
    name: String,
    /// The service account's namespace; the target's where left out.
    #[serde(default)]
    namespace: Option<String>,
    /// The service account, or several of them.
    service_account: Accounts,
    /// What it may do: an IAM policy document.
    #[serde(default)]
    policy: Option<Tree>,
    /// ARNs of further policies, e.g. AWS' own.
    #[serde(default)]
    attached: Vec<String>,
    /// ARN of the cluster's OIDC provider.
    oidc_provider: Late<String>,
    /// The cluster's issuer, `https://…`.
    issuer: Late<String>,
    /// A permissions boundary's ARN, where the company asks for one.
    #[serde(default)]
    permissions_boundary: Option<String>,
}

/// One service account or several.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Accounts {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Accounts {
    fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

impl std::fmt::Display for Accounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.names().join(", "))
    }
}

/// What others read.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The role's ARN, for the service account's annotation.
    pub arn: String,
}

#[async_trait]
impl Step for ServiceAccountRole {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        fixed: &["name"],
        ..StepAbout::new("iam.service_account_role", "IAM-03", "makes a role for a Kubernetes service account")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let Some(role) = self.find(cx).await? else { return Ok(Found::absent()) };
        let owner = owner(&role, cx);
        let mut differences = Vec::new();
        let trust = role.assume_role_policy_document().and_then(policy::decoded).unwrap_or(Value::Null);
        if let Some(wanted) = self.trust(&cx.target.namespace) {
            differences.extend(policy::difference("trust", &wanted, &trust));
        }
        if let Some(wanted) = self.policy.as_ref().filter(|policy| policy.unknown().is_none()) {
            let found = self.find_policy(cx).await?.unwrap_or(Value::Null);
            differences.extend(policy::difference("policy", &wanted.0, &found));
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
        Ok(Found::there(Outputs { arn: role.arn }, differences, owner))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let trust = self.trust(&cx.target.namespace).ok_or_else(|| unknown("oidc_provider and issuer"))?;
        let iam = cx.cloud.aws.iam().await?;
        let mut before = None;
        match self.find(cx).await? {
            None => {
                let sent = iam
                    .create_role()
                    .role_name(&self.name)
                    .assume_role_policy_document(trust.to_string())
                    .description(format!("Kubernetes service account {}", self.service_account))
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
                let found = role.assume_role_policy_document().and_then(policy::decoded).unwrap_or(Value::Null);
                if owner(&role, cx) != Owner::Ours {
                    let attached = self.missing(cx).await?;
                    before =
                        Some(json!({ "trust": found, "policy": self.find_policy(cx).await?, "attached": attached }));
                }
                if !policy::same(&trust, &found) {
                    iam.update_assume_role_policy()
                        .role_name(&self.name)
                        .policy_document(trust.to_string())
                        .send()
                        .await?;
                }
            }
        }
        if let Some(document) = &self.policy {
            self.put(cx, &document.0).await?;
        }
        for arn in self.missing(cx).await? {
            iam.attach_role_policy().role_name(&self.name).policy_arn(arn).send().await?;
        }
        Ok(Applied::Sent { before })
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let Some(role) = self.find(cx).await? else { return Ok(()) };
        let iam = cx.cloud.aws.iam().await?;
        if owner(&role, cx) == Owner::Ours {
            let policy = iam.delete_role_policy().role_name(&self.name).policy_name(&self.name).send().await;
            look::maybe(policy)?;
            for arn in &self.attached {
                look::maybe(iam.detach_role_policy().role_name(&self.name).policy_arn(arn).send().await)?;
            }
            iam.delete_role().role_name(&self.name).send().await?;
            return Ok(());
        }
        let Some(before) = &made.before else { return Ok(()) };
        for arn in before["attached"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            look::maybe(iam.detach_role_policy().role_name(&self.name).policy_arn(arn).send().await)?;
        }
        let wanted = self.policy.as_ref().map_or(&Value::Null, |policy| &policy.0);
        let ours = self.find_policy(cx).await?.is_some_and(|found| policy::same(&found, wanted));
        match &before["policy"] {
            Value::Null if ours => {
                iam.delete_role_policy().role_name(&self.name).policy_name(&self.name).send().await?;
            }
            document if ours => self.put(cx, document).await?,
            _ => {}
        }
        let trust = role.assume_role_policy_document().and_then(policy::decoded).unwrap_or(Value::Null);
        if self.trust(&cx.target.namespace).is_some_and(|ours| policy::same(&ours, &trust))
            && !before["trust"].is_null()
        {
            let document = before["trust"].to_string();
            iam.update_assume_role_policy().role_name(&self.name).policy_document(document).send().await?;
        }
        Ok(())
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        let trust = web_identity_trust(
            &self.oidc_provider.to_string(),
            &self.issuer.to_string(),
            self.namespace.as_deref().unwrap_or(&cx.target.namespace),
            self.service_account.names(),
        );
        let create = aws("iam create-role")
            .with("--role-name", &self.name)
            .json("--assume-role-policy-document", &trust)
            .maybe("--permissions-boundary", self.permissions_boundary.as_ref())
            .region(&cx.target.region);
        let mut commands = vec![create.to_string()];
        if let Some(document) = &self.policy {
            let put = aws("iam put-role-policy")
                .with("--role-name", &self.name)
                .with("--policy-name", &self.name)
                .json("--policy-document", &document.shown());
            commands.push(put.region(&cx.target.region).to_string());
        }
        for arn in &self.attached {
            let attach = aws("iam attach-role-policy").with("--role-name", &self.name).with("--policy-arn", arn);
            commands.push(attach.region(&cx.target.region).to_string());
        }
        commands
    }

    fn render(&self, cx: &PlanView<'_>) -> Vec<Rendered> {
        let trust = web_identity_trust(
            &self.oidc_provider.to_string(),
            &self.issuer.to_string(),
            self.namespace.as_deref().unwrap_or(&cx.target.namespace),
            self.service_account.names(),
        );
        let role = hcl::resource("aws_iam_role", &self.name)
            .text("name", &self.name)
            .text("description", &format!("Kubernetes service account {}", self.service_account))
            .maybe("permissions_boundary", self.permissions_boundary.as_deref())
            .json("assume_role_policy", &trust);
        let mut blocks = vec![role.to_string()];
        let of = format!("aws_iam_role.{}.name", hcl::label(&self.name));
        if let Some(document) = &self.policy {
            let policy = hcl::resource("aws_iam_role_policy", &self.name)
                .text("name", &self.name)
                .expression("role", &of)
                .json("policy", &document.shown());
            blocks.push(policy.to_string());
        }
        for arn in &self.attached {
            let name = arn.rsplit('/').next().unwrap_or(arn);
            let attached = hcl::resource("aws_iam_role_policy_attachment", &format!("{}_{name}", self.name));
            blocks.push(attached.expression("role", &of).text("policy_arn", arn).to_string());
        }
        vec![Rendered::terraform(blocks.join("\n"))]
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
                "iam:GetRolePolicy",
                "iam:PutRolePolicy",
                "iam:UpdateAssumeRolePolicy",
                "iam:DeleteRolePolicy",
                "iam:ListAttachedRolePolicies",
                "iam:AttachRolePolicy",
                "iam:DetachRolePolicy",
                "iam:DeleteRole",
            ],
        )
    }
}

impl ServiceAccountRole {
    /// The trust policy, once provider and issuer are known.
    fn trust(&self, namespace: &str) -> Option<Value> {
        let namespace = self.namespace.as_deref().unwrap_or(namespace);
        Some(web_identity_trust(
            self.oidc_provider.known()?,
            self.issuer.known()?,
            namespace,
            self.service_account.names(),
        ))
    }

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

    async fn put(&self, cx: &Context, document: &Value) -> Result<(), Trouble> {
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

fn owner(role: &Role, cx: &Context) -> Owner {
    marks::owner(&cx.install, role.tags().iter().map(|tag| (tag.key(), tag.value())))
}

fn unknown(what: &str) -> Trouble {
    Problem::new(
        "GUIDE-BROKEN",
        format!("{what} are not known yet"),
        "Make the step run after the one that tells them.",
    )
    .into()
}
