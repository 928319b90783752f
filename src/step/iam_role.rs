//! `iam.role`: a role with its trust policy, one inline policy and AWS' own policies.

use async_trait::async_trait;
use landfall_core::{
    event::{Found, Permissions},
    value::Tree,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::wanted_role::{WantedRole, owner};
use crate::{
    cloud::Trouble,
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
        let wanted = self.wanted();
        let Some(role) = wanted.find(cx).await? else { return Ok(Found::absent()) };
        let (differences, owner) = (wanted.differences(cx, &role).await?, owner(&role, cx));
        Ok(Found::there(Outputs { arn: role.arn, name: role.role_name }, differences, owner))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        self.wanted().make(cx).await
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        self.wanted().take_away(cx, made).await
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        self.wanted().commands(cx, &self.trust.shown())
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        format!("deletes the role {} and its inline policy", self.name)
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        self.wanted().permissions(cx)
    }
}

impl IamRole {
    fn wanted(&self) -> WantedRole<'_> {
        WantedRole {
            name: &self.name,
            description: self.description.clone(),
            trust: self.trust.unknown().is_none().then(|| self.trust.0.clone()),
            policy: self.policy.as_ref(),
            attached: &self.attached,
            boundary: self.permissions_boundary.as_ref(),
        }
    }
}
