//! What does a health issue of a node group mean, and what helps? EKS User Guide, "Managed node group errors".

use aws_sdk_eks::types::{Issue, Nodegroup};
use landfall_core::event::Problem;

use super::launch;

struct Known {
    issue: &'static str,
    code: &'static str,
    why: &'static str,
    fix: &'static str,
}

const fn known(issue: &'static str, code: &'static str, why: &'static str, fix: &'static str) -> Known {
    Known { issue, code, why, fix }
}

const KNOWN: &[Known] = &[
    known(
        "NodeCreationFailure",
        "EKS-NODES-NOT-JOINING",
        "Instances were launched but did not join the cluster within 15 minutes: user data that fails, no route to the cluster's endpoint or to the registries, or a node role the cluster does not accept.",
        "Read the console output of one instance, then check route tables, NAT and endpoints, security groups and the node role's access entry.",
    ),
    known(
        "AccessDenied",
        "EKS-NODES-DENIED",
        "The cluster refuses the nodes' role, or EKS may not do what it needs in the cluster.",
        "Restore the node role's access entry (or its line in the aws-auth ConfigMap) and the eks:node-manager ClusterRole.",
    ),
    known(
        "ClusterUnreachable",
        "EKS-CLUSTER-UNREACHABLE",
        "EKS cannot reach the cluster's API server, often because of a failing admission webhook or a broken network path.",
        "Check the cluster's status, its subnets and security group, and webhooks without a running service.",
    ),
    known(
        "InstanceLimitExceeded",
        "AWS-QUOTA-LOW",
        "The account may not run that many vCPU of this instance family.",
        "Ask for a higher quota, or choose a smaller maximum.",
    ),
    known(
        "LimitExceeded",
        "AWS-LIMIT",
        "A limit of the account was reached.",
        "Read which in the message, and ask for more in Service Quotas.",
    ),
    known(
        "InsufficientFreeAddresses",
        "EC2-NO-ADDRESSES",
        "A subnet has no free addresses left for nodes and their pods.",
        "Choose larger subnets, or free addresses in these.",
    ),
    known(
        "Ec2InstanceTypeDoesNotExist",
        "EC2-INSTANCE-TYPE-UNKNOWN",
        "The instance type does not exist in this region.",
        "Choose an instance type this region has.",
    ),
    known(
        "AmiIdNotFound",
        "EC2-AMI-MISSING",
        "The image of the launch template does not exist, or the account may not use it.",
        "Choose another image in Inputs; an approved image must be shared with this account and its key, too.",
    ),
    known(
        "Ec2LaunchTemplateNotFound",
        "EC2-TEMPLATE-MISSING",
        "The launch template behind the node group was deleted; EKS cannot launch or replace nodes.",
        "Create the node group again: a deleted template cannot be put back under the same id.",
    ),
    known(
        "Ec2LaunchTemplateVersionMismatch",
        "EC2-TEMPLATE-VERSION",
        "The auto scaling group uses another version of the launch template than EKS expects: somebody changed it outside EKS.",
        "Set the version back through EKS (update-nodegroup-version).",
    ),
    known(
        "Ec2LaunchTemplateInvalidConfiguration",
        "EC2-TEMPLATE-INVALID",
        "The launch template holds a setting EKS does not allow.",
        "Remove it: no subnet, instance profile or shutdown behaviour; InstanceType in one place only.",
    ),
    known(
        "IamInstanceProfileNotFound",
        "IAM-PROFILE-MISSING",
        "The instance profile EKS made for the node role is gone.",
        "Recreate it under the same name, or create the node group again.",
    ),
    known(
        "IamNodeRoleNotFound",
        "IAM-ROLE-MISSING",
        "The node role was deleted.",
        "Create the role again with the same name and its policies, or create the node group with another role.",
    ),
    known(
        "IamLimitExceeded",
        "AWS-LIMIT",
        "An IAM limit of the account was reached (roles, instance profiles).",
        "Remove what is no longer used, or ask for more.",
    ),
    known(
        "Ec2SubnetNotFound",
        "EC2-SUBNET-MISSING",
        "A subnet of the node group no longer exists.",
        "Create the node group again with subnets that exist.",
    ),
    known(
        "Ec2SubnetInvalidConfiguration",
        "EC2-SUBNET-INVALID",
        "A public subnet does not give its instances public addresses, so nodes cannot reach the cluster.",
        "Turn on auto-assigned public addresses for the subnet, or use private subnets with a NAT.",
    ),
    known(
        "Ec2SecurityGroupNotFound",
        "EC2-SECURITY-GROUP-MISSING",
        "The cluster's security group is gone.",
        "Restore it; EKS cannot run the cluster without it.",
    ),
    known(
        "AutoScalingGroupNotFound",
        "EKS-SCALING-GROUP-MISSING",
        "The auto scaling group behind the node group was deleted.",
        "Create the node group again.",
    ),
    known(
        "AutoScalingGroupInvalidConfiguration",
        "EKS-SCALING-GROUP-CHANGED",
        "Somebody changed the auto scaling group outside EKS.",
        "Put its launch template, size limits and subnets back as EKS made them.",
    ),
    known(
        "NodeTerminationFailure",
        "EKS-NODE-STUCK",
        "A node could not be taken away.",
        "Look for termination protection and lifecycle hooks of the instance.",
    ),
    known(
        "PodEvictionFailure",
        "EKS-EVICTION-BLOCKED",
        "A PodDisruptionBudget or a toleration of every taint keeps pods on a node that is to go.",
        "Scale the workload or relax its budget, then try the update again.",
    ),
];

/// EKS's code for launches that failed; the cause is in its message.
pub const LAUNCH_FAILURES: &str = "AsgInstanceLaunchFailures";

/// The problem behind one health issue.
pub fn problem(issue: &Issue) -> Problem {
    let name = issue.code().map_or("Unknown", |code| code.as_str());
    let message = issue.message().unwrap_or_default();
    let resources = issue.resource_ids().join(", ");
    if name == LAUNCH_FAILURES {
        let mut problem = launch::problem(message);
        problem.what = format!("{name}: {}", problem.what);
        return problem;
    }
    let found = KNOWN.iter().find(|known| known.issue == name);
    let on = if resources.is_empty() { String::new() } else { format!(" ({resources})") };
    let (code, why, fix) = match found {
        Some(known) => (known.code, known.why, known.fix),
        None => (
            "EKS-HEALTH",
            "EKS reports it for this node group.",
            "Look it up under \"Managed node group errors\" in the EKS User Guide.",
        ),
    };
    Problem::new(code, format!("{name}{on}: {}", first_sentence(message)), fix)
        .why(format!("{why} EKS says: {message}"))
}

/// The problems behind all of a node group's health issues.
pub fn problems(group: &Nodegroup) -> Vec<Problem> {
    group.health().map_or(&[][..], |health| health.issues()).iter().map(problem).collect()
}

fn first_sentence(text: &str) -> &str {
    text.split_once(". ").map_or(text, |(sentence, _)| sentence).trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use aws_sdk_eks::types::NodegroupIssueCode;

    use super::*;

    fn issue(code: &str, message: &str) -> Issue {
        Issue::builder().code(NodegroupIssueCode::from(code)).message(message).resource_ids("i-0abc").build()
    }

    #[test]
    fn a_join_failure_names_eks_own_code() {
        let problem = problem(&issue("NodeCreationFailure", "Instances failed to join the kubernetes cluster"));
        assert_eq!(problem.code, "EKS-NODES-NOT-JOINING");
        assert_eq!(problem.what, "NodeCreationFailure (i-0abc): Instances failed to join the kubernetes cluster");
    }

    #[test]
    fn a_launch_failure_is_told_by_its_cause() {
        let text = "Could not launch On-Demand Instances. InsufficientInstanceCapacity - We currently do not have sufficient g4dn.2xlarge capacity in the Availability Zone you requested (us-east-2a).";
        assert_eq!(problem(&issue("AsgInstanceLaunchFailures", text)).code, "EC2-NO-CAPACITY");
    }

    #[test]
    fn an_unknown_issue_is_still_told() {
        assert_eq!(problem(&issue("SomethingNew", "x")).code, "EKS-HEALTH");
    }
}
