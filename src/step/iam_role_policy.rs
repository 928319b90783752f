//! `iam.role_policy`: one inline policy on a role that is there already; its other policies are left alone.

use async_trait::async_trait;
use landfall_core::{
    event::{Difference, Found, Owner, Permissions},
    value::Tree,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    cloud::{
        Trouble,
        look::{
            self, hcl, policy,
            role::{delete_inline, inline, put_inline, role_name},
            shell::{self, aws},
        },
    },
    kind::{Applied, Context, Made, PlanView, Rendered, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RolePolicy {
    /// The role's ARN.
    role: String,
    /// The policy's name on that role.
    name: String,
    /// The IAM policy document.
    document: Tree,
}

/// Nothing that others need.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {}

#[async_trait]
impl Step for RolePolicy {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        fixed: &["role", "name"],
        ..StepAbout::new("iam.role_policy", "IAM-01", "adds an inline policy to a role")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let Some(found) = inline(&cx.cloud, role_name(&self.role), &self.name).await? else {
            return Ok(Found::absent());
        };
        let known = self.document.unknown().is_none();
        let mut differences = Vec::new();
        if known && !policy::same(&self.document.0, &found) {
            differences.push(Difference {
                field: "document".into(),
                wanted: policy::short(&self.document.0),
                found: policy::short(&found),
                fixed: false,
            });
        }
        // Inline policies carry no tags.
        Ok(Found::there(Outputs {}, differences, Owner::Unmarked))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let before = inline(&cx.cloud, role_name(&self.role), &self.name).await?;
        put_inline(&cx.cloud, role_name(&self.role), &self.name, &self.document.0).await?;
        Ok(Applied::Sent { before: before.filter(|before| !policy::same(&self.document.0, before)) })
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let Some(found) = inline(&cx.cloud, role_name(&self.role), &self.name).await? else { return Ok(()) };
        if !policy::same(&self.document.0, &found) {
            return Err(look::changed_since(&format!("policy {} of {}", self.name, role_name(&self.role))));
        }
        match &made.before {
            Some(before) => put_inline(&cx.cloud, role_name(&self.role), &self.name, before).await,
            None => delete_inline(&cx.cloud, role_name(&self.role), &self.name).await,
        }
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        let put = aws("iam put-role-policy")
            .with("--role-name", role_name(&self.role))
            .with("--policy-name", &self.name)
            .json("--policy-document", &self.document.shown())
            .region(&cx.target.region);
        vec![put.to_string()]
    }

    fn render(&self, _cx: &PlanView<'_>) -> Vec<Rendered> {
        let resource = hcl::resource("aws_iam_role_policy", &self.name)
            .text("name", &self.name)
            .text("role", role_name(&self.role))
            .json("policy", &self.document.shown());
        vec![Rendered::terraform(resource.to_string())]
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        format!("deletes the inline policy {} of {}", shell::quoted(&self.name), role_name(&self.role))
    }

    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        Permissions::default().iam(&self.role, ["iam:GetRolePolicy", "iam:PutRolePolicy", "iam:DeleteRolePolicy"])
    }
}
