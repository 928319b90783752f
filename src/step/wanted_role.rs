//! An IAM role as a step wants it: its trust policy, one inline policy that is called like it, and further policies attached.

use aws_sdk_iam::types::Role;
use landfall_core::{
    event::{Difference, Owner, Permissions},
    value::Tree,
};
use serde_json::{Value, json};

use crate::{
    cloud::{
        Trouble,
        look::{
            self, marks, policy,
            role::{attached_arns, delete_inline, inline, put_inline},
            shell::aws,
        },
    },
    kind::{Applied, Context, Made, PlanView},
};

/// A role that a step makes.
pub(super) struct WantedRole<'a> {
    /// Its name, and its inline policy's.
    pub(super) name: &'a str,
    /// What it is for.
    pub(super) description: Option<String>,
    /// Who may assume it; none while that is not known yet.
    pub(super) trust: Option<Value>,
    /// What it may do.
    pub(super) policy: Option<&'a Tree>,
    /// ARNs of further policies.
    pub(super) attached: &'a [String],
    /// A permissions boundary's ARN.
    pub(super) boundary: Option<&'a String>,
}

impl WantedRole<'_> {
    /// The role of that name.
    pub(super) async fn find(&self, cx: &Context) -> Result<Option<Role>, Trouble> {
        let answer = cx.cloud.aws.iam().await?.get_role().role_name(self.name).send().await;
        Ok(look::maybe(answer)?.and_then(|answer| answer.role))
    }

    /// How the role that is there differs.
    pub(super) async fn differences(&self, cx: &Context, role: &Role) -> Result<Vec<Difference>, Trouble> {
        let mut differences = Vec::new();
        if let Some(wanted) = &self.trust {
            differences.extend(policy::difference("trust", wanted, &trust_of(role)));
        }
        if let Some(wanted) = self.policy.filter(|policy| policy.unknown().is_none()) {
            let found = self.inline(cx).await?.unwrap_or(Value::Null);
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
        differences.extend(boundary_difference(self.boundary, boundary_of(role)));
        Ok(differences)
    }

    /// Makes it, or changes what is there.
    pub(super) async fn make(&self, cx: &Context) -> Result<Applied, Trouble> {
        let trust = self.trust.as_ref().ok_or_else(|| {
            Trouble::guide("who may assume the role is not known yet", "Make the step run after the one that tells it.")
        })?;
        let mut before = None;
        match self.find(cx).await? {
            None => self.create(cx, trust).await?,
            Some(role) => {
                let (found, bound) = (trust_of(&role), boundary_of(&role));
                if owner(&role, cx) != Owner::Ours {
                    let (policy, attached) = (self.inline(cx).await?, self.missing(cx).await?);
                    before = Some(json!({ "trust": found, "policy": policy, "attached": attached, "boundary": bound }));
                }
                if !policy::same(trust, &found) {
                    self.put_trust(cx, trust).await?;
                }
                if let Some(wanted) = self.boundary.filter(|wanted| bound != Some(wanted.as_str())) {
                    self.put_boundary(cx, wanted).await?;
                }
            }
        }
        if let Some(document) = self.policy {
            put_inline(&cx.cloud, self.name, self.name, &document.0).await?;
        }
        let iam = cx.cloud.aws.iam().await?;
        for arn in self.missing(cx).await? {
            iam.attach_role_policy().role_name(self.name).policy_arn(arn).send().await?;
        }
        Ok(Applied::Sent { before })
    }

    async fn create(&self, cx: &Context, trust: &Value) -> Result<(), Trouble> {
        let iam = cx.cloud.aws.iam().await?;
        let sent = iam
            .create_role()
            .role_name(self.name)
            .assume_role_policy_document(trust.to_string())
            .set_description(self.description.clone())
            .set_permissions_boundary(self.boundary.cloned())
            .set_tags(Some(marks::iam(&cx.tags())?))
            .send()
            .await
            .map_err(Trouble::from);
        match sent {
            // The answer was lost, and the call repeated.
            Err(trouble) if trouble.code() == Some("EntityAlreadyExists") && self.is_ours(cx).await? => Ok(()),
            other => other.map(drop),
        }
    }

    /// Deletes what was made; of what was there, puts back what still has our value.
    pub(super) async fn take_away(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let Some(role) = self.find(cx).await? else { return Ok(()) };
        let Some(before) = &made.before else {
            if owner(&role, cx) != Owner::Ours {
                return Err(look::changed_since(&format!("role {}", self.name)));
            }
            delete_inline(&cx.cloud, self.name, self.name).await?;
            self.detach(cx, self.attached.iter().map(String::as_str).collect()).await?;
            cx.cloud.aws.iam().await?.delete_role().role_name(self.name).send().await?;
            return Ok(());
        };
        let ours = self.trust.as_ref().is_some_and(|trust| policy::same(trust, &trust_of(&role)));
        if ours && !before["trust"].is_null() {
            self.put_trust(cx, &before["trust"]).await?;
        }
        // Where there was none, ours stays: companies that ask for one forbid to take it away, and it only narrows.
        if let (Some(was), Some(ours)) = (before["boundary"].as_str(), self.boundary)
            && was != ours
            && boundary_of(&role) == Some(ours.as_str())
        {
            self.put_boundary(cx, was).await?;
        }
        if let (Some(found), Some(ours)) = (self.inline(cx).await?, self.policy)
            && policy::same(&ours.0, &found)
        {
            match &before["policy"] {
                Value::Null => delete_inline(&cx.cloud, self.name, self.name).await?,
                document => put_inline(&cx.cloud, self.name, self.name, document).await?,
            }
        }
        self.detach(cx, before["attached"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()).await
    }

    /// What a person would type instead, with the trust policy as it is shown.
    pub(super) fn commands(&self, cx: &PlanView<'_>, trust: &Value) -> Vec<String> {
        let region = &cx.target.region;
        let create = aws("iam create-role")
            .with("--role-name", self.name)
            .json("--assume-role-policy-document", trust)
            .maybe("--permissions-boundary", self.boundary);
        let mut commands = vec![create.region(region).to_string()];
        if let Some(document) = self.policy {
            let put = aws("iam put-role-policy")
                .with("--role-name", self.name)
                .with("--policy-name", self.name)
                .json("--policy-document", &document.shown());
            commands.push(put.region(region).to_string());
        }
        for arn in self.attached {
            let attach = aws("iam attach-role-policy").with("--role-name", self.name).with("--policy-arn", arn);
            commands.push(attach.region(region).to_string());
        }
        commands
    }

    /// What it takes to make it and to take it away.
    pub(super) fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let arn = cx.target.arn("iam", &format!("role/{}", self.name));
        let permissions = Permissions::default().iam(
            &arn,
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
        );
        match self.boundary {
            Some(_) => permissions.iam(&arn, ["iam:PutRolePermissionsBoundary"]),
            None => permissions,
        }
    }

    async fn is_ours(&self, cx: &Context) -> Result<bool, Trouble> {
        Ok(self.find(cx).await?.is_some_and(|role| owner(&role, cx) == Owner::Ours))
    }

    async fn inline(&self, cx: &Context) -> Result<Option<Value>, Trouble> {
        inline(&cx.cloud, self.name, self.name).await
    }

    /// Those of its policies that are not attached.
    async fn missing(&self, cx: &Context) -> Result<Vec<String>, Trouble> {
        if self.attached.is_empty() {
            return Ok(Vec::new());
        }
        let there = attached_arns(&cx.cloud, self.name).await?;
        Ok(self.attached.iter().filter(|arn| !there.contains(arn)).cloned().collect())
    }

    async fn detach(&self, cx: &Context, arns: Vec<&str>) -> Result<(), Trouble> {
        let iam = cx.cloud.aws.iam().await?;
        for arn in arns {
            look::maybe(iam.detach_role_policy().role_name(self.name).policy_arn(arn).send().await)?;
        }
        Ok(())
    }

    async fn put_boundary(&self, cx: &Context, arn: &str) -> Result<(), Trouble> {
        let iam = cx.cloud.aws.iam().await?;
        iam.put_role_permissions_boundary().role_name(self.name).permissions_boundary(arn).send().await?;
        Ok(())
    }

    async fn put_trust(&self, cx: &Context, document: &Value) -> Result<(), Trouble> {
        let iam = cx.cloud.aws.iam().await?;
        iam.update_assume_role_policy().role_name(self.name).policy_document(document.to_string()).send().await?;
        Ok(())
    }
}

/// Whose the role is.
pub(super) fn owner(role: &Role, cx: &Context) -> Owner {
    marks::owner(&cx.install, role.tags().iter().map(|tag| (tag.key(), tag.value())))
}

/// What to tell of a permissions boundary that is not as wanted; where none is wanted, any may be there.
pub(super) fn boundary_difference(wanted: Option<&String>, found: Option<&str>) -> Option<Difference> {
    let wanted = wanted.filter(|wanted| found != Some(wanted.as_str()))?;
    Some(Difference {
        field: "permissions_boundary".into(),
        wanted: wanted.clone(),
        found: found.unwrap_or("none").into(),
        fixed: false,
    })
}

fn boundary_of(role: &Role) -> Option<&str> {
    role.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn())
}

fn trust_of(role: &Role) -> Value {
    role.assume_role_policy_document().and_then(policy::decoded).unwrap_or(Value::Null)
}
