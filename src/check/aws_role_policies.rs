//! `aws.role_policies`: does the nodes' role exist, with the policies nodes need?

use async_trait::async_trait;
use aws_sdk_iam::types::{PolicyEvaluationDecisionType, Role};
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        look::{
            self, policy,
            role::{attached_policies, role_name},
            shell::{aws, fix},
        },
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RolePolicies {
    /// The role's ARN.
    role: String,
    /// Names of AWS managed policies it needs.
    policies: Vec<String>,
    /// Whether it must be allowed to send metrics to CloudWatch.
    #[serde(default)]
    cloudwatch: bool,
}

/// Policies that allow what another does, and more or the same for nodes.
const ALSO: &[(&str, &[&str])] = &[(
    "AmazonEC2ContainerRegistryReadOnly",
    &[
        "AmazonEC2ContainerRegistryPullOnly",
        "AmazonEC2ContainerRegistryPowerUser",
        "AmazonEC2ContainerRegistryFullAccess",
    ],
)];

#[async_trait]
impl Check for RolePolicies {
    const ABOUT: CheckAbout = CheckAbout {
        name: "aws.role_policies",
        code: "AWS-03",
        about: "the nodes' role and its policies",
        touches: Touches::Nothing,
    };

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let iam = cx.cloud.aws.iam().await?;
        let answer = iam.get_role().role_name(role_name(&self.role)).send().await;
        let Some(role) = look::maybe(answer)?.and_then(|answer| answer.role) else {
            return Ok(Outcome::Fail { problem: self.missing() });
        };
        if let Some(problem) = self.untrusted(&role) {
            return Ok(Outcome::Fail { problem });
        }
        let attached = attached_policies(&cx.cloud, &self.role).await?;
        let absent = self.absent(&attached);
        if !absent.is_empty() {
            return Ok(Outcome::Fail { problem: self.lacks(&absent, &cx.target.partition) });
        }
        if self.cloudwatch && !sends_metrics(cx, role.arn()).await? {
            return Ok(Outcome::Fail { problem: self.lacks_cloudwatch() });
        }
        Ok(Outcome::pass(format!("{} of {} policies", self.policies.len(), self.policies.len())))
    }

    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        let wanted = Permissions::default().iam(&self.role, ["iam:GetRole", "iam:ListAttachedRolePolicies"]);
        if self.cloudwatch { wanted.iam(&self.role, ["iam:SimulatePrincipalPolicy"]) } else { wanted }
    }
}

impl RolePolicies {
    fn absent(&self, attached: &[String]) -> Vec<&str> {
        let has = |name: &str| attached.iter().any(|policy| policy == name);
        self.policies
            .iter()
            .map(String::as_str)
            .filter(|name| {
                let others = ALSO.iter().find(|(wanted, _)| wanted == name).map_or(&[][..], |(_, others)| others);
                !has(name) && !others.iter().any(|other| has(other))
            })
            .collect()
    }

    fn missing(&self) -> Problem {
        let what = format!("there is no role {}", role_name(&self.role));
        Problem::new("IAM-ROLE-MISSING", what, "Choose another role in Inputs, or have it made.")
            .why("Nodes start as this role; without it none can join.")
    }

    fn untrusted(&self, role: &Role) -> Option<Problem> {
        let document = policy::decoded(role.assume_role_policy_document()?)?;
        if document.to_string().contains("ec2.amazonaws.com") {
            return None;
        }
        let name = role_name(&self.role);
        let advice = "Choose a node role, or add ec2.amazonaws.com to its trust policy.";
        let look = aws("iam get-role").with("--role-name", name).with("--query", "Role.AssumeRolePolicyDocument");
        let what = format!("EC2 may not assume {name}");
        Some(
            Problem::new("IAM-ROLE-TRUST", what, fix(advice, [look]))
                .why("A node is an EC2 instance; it can use only a role that trusts ec2.amazonaws.com."),
        )
    }

    fn lacks(&self, absent: &[&str], partition: &str) -> Problem {
        let partition = if partition.is_empty() { "aws" } else { partition };
        let name = role_name(&self.role);
        let attach = absent.iter().map(|policy| {
            aws("iam attach-role-policy")
                .with("--role-name", name)
                .with("--policy-arn", format!("arn:{partition}:iam::aws:policy/{policy}"))
        });
        let what = format!("{name} lacks {}", absent.join(", "));
        Problem::new("IAM-POLICIES-MISSING", what, fix("Have them attached.", attach))
            .why("Without them nodes cannot join, get addresses for pods, or pull images.")
    }

    fn lacks_cloudwatch(&self) -> Problem {
        let name = role_name(&self.role);
        let what = format!("{name} may not send metrics to CloudWatch");
        Problem::new(
            "IAM-CLOUDWATCH-MISSING",
            what,
            "Let the guide's step add its inline policy, or have CloudWatchAgentServerPolicy attached.",
        )
        .why("Without cloudwatch:PutMetricData no GPU metric arrives, and no alarm can act.")
    }
}

async fn sends_metrics(cx: &Context, role: &str) -> Result<bool, Trouble> {
    let iam = cx.cloud.aws.iam().await?;
    let answer =
        iam.simulate_principal_policy().policy_source_arn(role).action_names("cloudwatch:PutMetricData").send().await?;
    Ok(answer
        .evaluation_results()
        .iter()
        .all(|result| *result.eval_decision() == PolicyEvaluationDecisionType::Allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check() -> RolePolicies {
        RolePolicies {
            role: "arn:aws:iam::123456789012:role/pay-1-nodes".into(),
            policies: vec!["AmazonEKSWorkerNodePolicy".into(), "AmazonEC2ContainerRegistryReadOnly".into()],
            cloudwatch: false,
        }
    }

    #[test]
    fn pull_only_stands_for_read_only() {
        let attached = ["AmazonEKSWorkerNodePolicy".to_owned(), "AmazonEC2ContainerRegistryPullOnly".to_owned()];
        assert!(check().absent(&attached).is_empty());
        assert_eq!(check().absent(&attached[..1]), ["AmazonEC2ContainerRegistryReadOnly"]);
    }

    #[test]
    fn each_missing_policy_has_its_command() {
        let problem = check().lacks(&["AmazonEKSWorkerNodePolicy"], "aws-us-gov");
        assert!(problem.fix.contains(
            "\n$ aws iam attach-role-policy --role-name pay-1-nodes --policy-arn arn:aws-us-gov:iam::aws:policy/AmazonEKSWorkerNodePolicy"
        ));
    }
}
