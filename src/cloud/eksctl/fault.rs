//! What did eksctl complain about?

use landfall_core::event::Problem;

use super::progress::Progress;
use crate::cloud::{Door, Trouble, process::Output};

/// The trouble behind a run that failed.
pub(super) fn of(what: &str, heard: &Progress, output: &Output) -> Trouble {
    let text = heard.complaint(&output.stderr);
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let problem = |code: &str, line: &str, fix: &str| -> Trouble {
        Problem::new(code, format!("{what}: {line}"), fix).why(text.clone()).into()
    };
    if says(&["ExpiredToken", "security token included in the request is expired", "UnrecognizedClientException"]) {
        return Trouble::expired(Door::Aws, text);
    }
    if says(&["No cluster found", "ResourceNotFoundException"]) {
        return Trouble::Service { code: "ResourceNotFoundException".to_owned(), message: text, request: None };
    }
    if says(&["AlreadyExistsException", "already exists"]) {
        return problem(
            "EKSCTL-LEFT",
            "stacks of an earlier attempt are in the way",
            "See what they hold; if nobody needs it, delete them and start again:\n$ eksctl delete cluster --name <name> --wait",
        );
    }
    if says(&[
        "loading config file",
        "unknown field",
        "cannot unmarshal",
        "validating",
        "invalid version",
        "is not supported",
    ]) {
        return problem(
            "EKSCTL-CONFIG",
            "it refuses the config",
            "Correct what it names; a newer eksctl may know what an older one does not.\n$ eksctl version",
        );
    }
    if says(&[
        "UnsupportedAvailabilityZone",
        "does not support creating",
        "does not currently have sufficient capacity to support the cluster",
    ]) {
        return problem("EKSCTL-ZONES", "EKS has no room in one of the zones", "Choose other zones in Inputs.");
    }
    if says(&["LimitExceeded", "maximum number of"]) {
        return problem(
            "AWS-LIMIT",
            "a limit of the account is reached",
            "Ask for a higher limit, or remove what is no longer needed.",
        );
    }
    if says(&["is not authorized to perform", "AccessDenied", "UnauthorizedOperation"]) {
        let action = text.split("not authorized to perform: ").nth(1).and_then(|rest| rest.split_whitespace().next());
        return Trouble::Denied {
            action: action.unwrap_or("what eksctl does").trim_end_matches([',', '.']).to_owned(),
            message: text.clone(),
            ask: "whoever gives permissions in this account".into(),
        };
    }
    problem(
        "EKSCTL-FAILED",
        "it ended with an error",
        "Read what it said and the failed events of its stacks in CloudFormation; then start again and choose a way out.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(stderr: &str) -> Option<String> {
        let output = Output { code: Some(1), stdout: String::new(), stderr: stderr.to_owned() };
        let trouble = of("eksctl create cluster", &Progress::default(), &output);
        trouble.code().map(str::to_owned)
    }

    #[test]
    fn each_complaint_has_its_own_code() {
        assert_eq!(
            code("Error: creating CloudFormation stack \"eksctl-pay-cluster\": operation error CloudFormation: CreateStack, AlreadyExistsException: Stack [eksctl-pay-cluster] already exists").as_deref(),
            Some("EKSCTL-LEFT")
        );
        assert_eq!(
            code("Error: loading config file \"c.yaml\": unknown field \"spec\"").as_deref(),
            Some("EKSCTL-CONFIG")
        );
        let full = "Cannot create cluster 'pay' because us-east-1e, the targeted availability zone, does not currently have sufficient capacity to support the cluster.";
        assert_eq!(code(full).as_deref(), Some("EKSCTL-ZONES"));
        assert_eq!(code("The maximum number of VPCs has been reached.").as_deref(), Some("AWS-LIMIT"));
        assert_eq!(code("Error: failed to create cluster \"pay\"").as_deref(), Some("EKSCTL-FAILED"));
    }
}
