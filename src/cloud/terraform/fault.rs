//! What did terraform complain about?

use landfall_core::event::Problem;

use super::progress::{Complaint, Progress};
use crate::cloud::{Door, Trouble, process::Output};

/// It has to be initialised first.
pub(super) const NOT_INITIALISED: &str = "TF-NOT-INITIALISED";

/// The trouble behind a run that told JSON.
pub(super) fn of(what: &str, heard: &Progress, output: &Output) -> Trouble {
    match heard.complaints.first() {
        Some(_) => judged(what, &heard.complaints),
        None => of_text(what, &output.stderr),
    }
}

/// The trouble behind a run that told only text.
pub(super) fn of_text(what: &str, text: &str) -> Trouble {
    let lines: Vec<&str> = text
        .lines()
        .map(|line| line.trim_start_matches(['│', '╷', '╵', ' ']).trim_end())
        .filter(|line| !line.is_empty())
        .collect();
    // What comes before the first error is a warning or a greeting.
    let from = lines.iter().position(|line| line.starts_with("Error")).unwrap_or(0);
    let summary = lines.get(from).map(|line| line.trim_start_matches("Error: ")).unwrap_or("it said nothing");
    let detail = lines.get(from + 1..).unwrap_or_default().join("\n");
    judged(what, &[Complaint { summary: summary.to_owned(), detail, address: None }])
}

/// An answer of it that makes no sense.
pub(super) fn unreadable(what: &str, why: &str) -> Trouble {
    Problem::new(
        "TF-UNREADABLE",
        format!("{what}: its answer is not as expected"),
        "See whether a released terraform (1.6 or newer) or OpenTofu is first on PATH.",
    )
    .why(why.to_owned())
    .into()
}

fn judged(what: &str, complaints: &[Complaint]) -> Trouble {
    let shown: Vec<String> = complaints
        .iter()
        .filter(|complaint| complaint.summary != "execution halted")
        .map(|complaint| {
            let place = complaint.address.as_ref().map(|address| format!(" ({address})")).unwrap_or_default();
            format!("{}{place}\n{}", complaint.summary, complaint.detail).trim_end().to_owned()
        })
        .collect();
    let text: String = shown.join("\n").chars().take(3_000).collect();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let problem = |code: &str, line: &str, fix: &str| -> Trouble {
        Problem::new(code, format!("{what}: {line}"), fix).why(text.clone()).into()
    };
    if says(&["Backend configuration changed", "Backend type changed", "Backend configuration block has changed"]) {
        return problem(
            "TF-BACKEND-CHANGED",
            "the state was kept somewhere else before",
            "Move it by hand, then start again; or answer with the old place.\n$ terraform init -migrate-state",
        );
    }
    if says(&[
        "Module not installed",
        "Module source has changed",
        "Module version requirements have changed",
        "Required plugins are not installed",
        "Missing required provider",
        "Inconsistent dependency lock file",
        "Backend initialization required",
        "Could not load plugin",
        "Uninitialized modules",
    ]) {
        return problem(NOT_INITIALISED, "it has to be initialised first", "Start again: it is initialised.");
    }
    if says(&[
        "ExpiredToken",
        "token has expired",
        "session has expired",
        "security token included in the request is expired",
    ]) {
        return Trouble::expired(Door::Aws, text);
    }
    if says(&["No valid credential sources found", "failed to refresh cached credentials", "no EC2 IMDS role found"]) {
        return problem(
            "TF-NO-CREDENTIALS",
            "it found no AWS credentials",
            "Sign in to a profile and choose it in Target: terraform is given the profile's name.\n$ aws sso login",
        );
    }
    if says(&["S3 bucket \"", "NoSuchBucket", "error loading state", "Failed to get existing workspaces"]) {
        return problem(
            "TF-BACKEND-UNREACHABLE",
            "the state's bucket does not exist or may not be read",
            "Make the bucket (with versioning and encryption), or correct its name, region and policy.",
        );
    }
    if says(&["Saved plan is stale"]) {
        return problem(
            "TF-PLAN-STALE",
            "somebody changed the state after the plan was shown",
            "Start again: it is planned and shown afresh.",
        );
    }
    if says(&["cannot re-use a name that is still in use", "cannot reuse a name that is still in use"]) {
        return problem(
            "TF-NAME-IN-USE",
            "a Helm release of that name is there, and the state does not know it",
            "Start again: Landfall looks whose it is and offers the ways out.",
        );
    }
    if says(&["invalid ownership metadata"]) {
        return problem(
            "HELM-OWNED",
            "something its Helm release would make belongs to somebody else",
            "See whose it is by the labels and annotations of what its message names; have its owner let go of it, or choose another name.",
        );
    }
    if says(&[
        "dial tcp",
        "no such host",
        "connection refused",
        "TLS handshake timeout",
        "i/o timeout",
        "Failed to query available provider packages",
    ]) {
        return Trouble::Unreachable { door: Door::Network, what: format!("a host that {what} needs"), message: text };
    }
    let first = complaints.first().map(|complaint| complaint.summary.as_str()).unwrap_or("it failed");
    problem("TF-FAILED", first, "Correct what its message names, then start again; what it made already stays.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_found_among_warnings_and_frames() {
        let text = "There are some problems with the CLI configuration:\n╷\n│ Warning: x\n╵\n╷\n│ Error: Unsupported argument\n│ \n│   on main.tf line 3\n╵\n";
        let problem = of_text("terraform init", text).problem();
        assert_eq!(problem.what, "terraform init: Unsupported argument");
        assert_eq!(problem.why, "Unsupported argument\non main.tf line 3");
    }

    #[test]
    fn complaints_are_told_apart() {
        let code = |summary: &str, detail: &str| {
            let all = [Complaint { summary: summary.into(), detail: detail.into(), address: Some("m.x".into()) }];
            judged("terraform apply", &all).problem().code
        };
        assert_eq!(code("Module not installed", ""), NOT_INITIALISED);
        assert_eq!(code("cannot re-use a name that is still in use", ""), "TF-NAME-IN-USE");
        let owned = "ConfigMap \"a\" in namespace \"b\" exists and cannot be imported into the current release: invalid ownership metadata";
        assert_eq!(code("installation failed", owned), "HELM-OWNED");
        assert_eq!(code("creating X", "api error ExpiredToken: over"), "AWS-EXPIRED");
        assert_eq!(code("Saved plan is stale", ""), "TF-PLAN-STALE");
        assert_eq!(code("Unsupported argument", ""), "TF-FAILED");
    }
}
