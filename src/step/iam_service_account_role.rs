//! `iam.service_account_role`: an IAM role that certain Kubernetes service accounts may assume, and nobody else.

use async_trait::async_trait;
use landfall_core::{
    event::{Found, Permissions},
    value::{Late, Tree},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wanted_role::{WantedRole, owner};
use crate::{
    cloud::{
        Trouble,
        look::{hcl, role::web_identity_trust},
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
        let wanted = self.wanted(&cx.target.namespace);
        let Some(role) = wanted.find(cx).await? else { return Ok(Found::absent()) };
        let (differences, owner) = (wanted.differences(cx, &role).await?, owner(&role, cx));
        Ok(Found::there(Outputs { arn: role.arn }, differences, owner))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        self.wanted(&cx.target.namespace).make(cx).await
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        self.wanted(&cx.target.namespace).take_away(cx, made).await
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        self.wanted(&cx.target.namespace).commands(cx, &self.shown_trust(&cx.target.namespace))
    }

    fn render(&self, cx: &PlanView<'_>) -> Vec<Rendered> {
        let trust = self.shown_trust(&cx.target.namespace);
        let role = hcl::resource("aws_iam_role", &self.name)
            .text("name", &self.name)
            .text("description", &self.description())
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
        self.wanted(&cx.target.namespace).permissions(cx)
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

    /// The same for people; what is not known yet stands as where it comes from.
    fn shown_trust(&self, namespace: &str) -> Value {
        web_identity_trust(
            &self.oidc_provider.to_string(),
            &self.issuer.to_string(),
            self.namespace.as_deref().unwrap_or(namespace),
            self.service_account.names(),
        )
    }

    fn wanted(&self, namespace: &str) -> WantedRole<'_> {
        WantedRole {
            name: &self.name,
            description: Some(self.description()),
            trust: self.trust(namespace),
            policy: self.policy.as_ref(),
            attached: &self.attached,
            boundary: self.permissions_boundary.as_ref(),
        }
    }

    fn description(&self) -> String {
        format!("Kubernetes service account {}", self.service_account)
    }
}
