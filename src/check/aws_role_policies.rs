//! `aws.role_policies`: does the nodes' role exist, with the policies nodes need?

use async_trait::async_trait;
use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, PolicyEvaluationDecisionType, Role};
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

/// The IAM role of the nodes: whether it exists, whether EC2 may take it on, and which policies it has. Nodes without
/// them do not join the cluster, or pull no images.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RolePolicies {
    /// The role's ARN.
    role: String,
    /// Names of AWS managed policies it needs; `A|B` where either will do.
    policies: Vec<String>,
    /// Whether it must be allowed to send metrics to CloudWatch.
    #[serde(default)]
    cloudwatch: bool,
}

/// The agent's usual namespace: policies often allow metrics only there.
const NAMESPACE: &str = "CWAgent";

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
    const PROBLEMS: &'static [&'static str] =
        &["IAM-CLOUDWATCH-MISSING", "IAM-POLICIES-MISSING", "IAM-ROLE-MISSING", "IAM-ROLE-TRUST"];

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
        Ok(Outcome::pass(self.fact()))
    }

    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        let wanted = Permissions::default().iam(&self.role, ["iam:GetRole", "iam:ListAttachedRolePolicies"]);
        if self.cloudwatch { wanted.iam(&self.role, ["iam:SimulatePrincipalPolicy"]) } else { wanted }
    }
}

impl RolePolicies {
    fn fact(&self) -> String {
        let count = self.policies.len();
        let mut facts = Vec::new();
        if count > 0 {
            facts.push(format!("{count} of {count} policies"));
        }
        if self.cloudwatch {
            facts.push("may send metrics to CloudWatch".to_owned());
        }
        if facts.is_empty() { "there, and EC2 may assume it".into() } else { facts.join(", ") }
    }

    fn absent(&self, attached: &[String]) -> Vec<&str> {
        let attached_one = |name: &str| attached.iter().any(|policy| policy == name);
        let stands_for =
            |name: &str| ALSO.iter().find(|(wanted, _)| *wanted == name).map_or(&[][..], |(_, others)| others);
        let has = |name: &str| attached_one(name) || stands_for(name).iter().any(|other| attached_one(other));
        self.policies
            .iter()
            .map(String::as_str)
            .filter(|wanted| !wanted.split('|').any(|name| has(name.trim())))
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
            let policy = policy.split('|').next().unwrap_or(policy).trim();
            aws("iam attach-role-policy")
                .with("--role-name", name)
                .with("--policy-arn", format!("arn:{partition}:iam::aws:policy/{policy}"))
        });
        let what = format!("{name} lacks {}", absent.join(", ").replace('|', " or "));
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
    let namespace = ContextEntry::builder()
        .context_key_name("cloudwatch:namespace")
        .context_key_type(ContextKeyTypeEnum::String)
        .context_key_values(NAMESPACE)
        .build();
    let iam = cx.cloud.aws.iam().await?;
    let call = iam.simulate_principal_policy().policy_source_arn(role).action_names("cloudwatch:PutMetricData");
    let answer = call.context_entries(namespace).send().await?;
    let results = answer.evaluation_results();
    Ok(results.iter().all(|result| *result.eval_decision() == PolicyEvaluationDecisionType::Allowed))
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
    fn either_of_two_will_do() {
        let mut check = check();
        check.policies = vec!["AmazonEKSWorkerNodePolicy|AmazonEKSWorkerNodeMinimalPolicy".into()];
        assert!(check.absent(&["AmazonEKSWorkerNodeMinimalPolicy".to_owned()]).is_empty());
        assert_eq!(check.absent(&[]).len(), 1);
        let problem = check.lacks(&check.absent(&[]), "");
        assert_eq!(problem.what, "pay-1-nodes lacks AmazonEKSWorkerNodePolicy or AmazonEKSWorkerNodeMinimalPolicy");
        assert!(problem.fix.ends_with("policy/AmazonEKSWorkerNodePolicy"), "{}", problem.fix);
    }

    #[test]
    fn each_missing_policy_has_its_command() {
        let problem = check().lacks(&["AmazonEKSWorkerNodePolicy"], "aws-us-gov");
        assert!(problem.fix.contains(
            "\n$ aws iam attach-role-policy --role-name pay-1-nodes --policy-arn arn:aws-us-gov:iam::aws:policy/AmazonEKSWorkerNodePolicy"
        ));
    }
}
