//! What did helm complain about? Its words are passed on, but never the data of a Secret (helm/helm#12176).

use std::sync::LazyLock;

use landfall_core::event::Problem;
use regex::Regex;

use crate::cloud::{Door, Trouble};

/// Texts a Secret's data shows up in: `data: {…}`, quoted invalid values, long base64.
static DATA: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?s)(?:stringData|data)"?\s*:\s*(?:map)?[\[{].*?[\]}]|Invalid value: "(?:[^"\\]|\\.)*"|[A-Za-z0-9+/=]{60,}"#,
    )
    .ok()
});

/// Lines that say nothing of what went wrong.
const NOISE: [&str; 4] = ["WARNING:", "walk.go", "Hang tight while we grab", "Update Complete."];

/// helm's complaint, without anything of a Secret.
pub fn cleaned(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty() && !NOISE.iter().any(|noise| line.starts_with(noise)))
        .collect();
    let mut text = lines.join("\n");
    if text.contains("Secret") || text.contains("secret") || text.contains("data") {
        text = match DATA.as_ref() {
            Some(data) => data.replace_all(&text, "<not shown>").into_owned(),
            // Rather nothing than a Secret.
            None => "helm named a Secret in its complaint, which is not shown".into(),
        };
    }
    let text = text.strip_prefix("Error: ").unwrap_or(&text);
    text.chars().take(2_000).collect()
}

/// The trouble behind a helm that failed.
pub(super) fn fault(what: &str, text: &str, code: Option<i32>) -> Trouble {
    let text = cleaned(text);
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let problem = |code: &str, line: &str, fix: &str| -> Trouble {
        Problem::new(code, format!("{what}: {line}"), fix).why(text.clone()).into()
    };
    if says(&["cluster unreachable", "Kubernetes cluster unreachable"]) {
        return Trouble::Unreachable { door: Door::Kubernetes, what: "the cluster's API server".into(), message: text };
    }
    if says(&["status code 401", "403 Forbidden", "unauthorized", "Unauthorized", "denied: "])
        && !says(&["is forbidden:"])
    {
        return problem(
            "HELM-LOGIN",
            "the repository did not accept the user name and password",
            "Ask the vendor for working credentials and enter them again at the Secrets stage.",
        );
    }
    if says(&["is forbidden:"]) {
        return Trouble::Denied { action: what.into(), message: text, ask: "your cluster's administrators".into() };
    }
    if says(&["no such host", "connection refused", "i/o timeout", "TLS handshake timeout", "deadline exceeded"]) {
        return Trouble::Unreachable { door: Door::Network, what: "the Helm repository".into(), message: text };
    }
    if says(&["certificate signed by unknown authority", "x509:"]) {
        return problem(
            "HELM-TLS",
            "the repository's certificate is not trusted",
            "If a proxy re-signs connections, point SSL_CERT_FILE at a bundle with its authority; else ask the vendor.",
        );
    }
    if says(&["another operation (install/upgrade/rollback) is in progress"]) {
        return problem(
            "HELM-PENDING",
            "another helm is changing this release, or was stopped while it did",
            "Wait for it, or choose rollback or uninstall when the step offers them.",
        );
    }
    if says(&[
        "no chart version found",
        "no chart name found",
        "improper constraint",
        "not found in",
        "manifest unknown",
    ]) || (what == "helm pull" && says(&["not found", "404"]))
    {
        return problem(
            "HELM-CHART-MISSING",
            "the repository has no such chart or version",
            "Check the chart's name and version with the vendor; leave the version out for the newest.",
        );
    }
    if says(&["values don't meet the specifications of the schema"]) {
        return problem(
            "HELM-VALUES",
            "the chart refuses these values",
            "Correct the values that the message names, at the Inputs stage.",
        );
    }
    if says(&["cannot re-use a name", "invalid ownership metadata"]) {
        return problem(
            "HELM-OWNED",
            "something it would make belongs to somebody else",
            "See whose it is: labels and annotations of what helm names tell (Argo CD, Flux, another release). Have its owner let go of it, or choose another name.\n$ helm list --all-namespaces",
        );
    }
    match code {
        Some(code) => problem("HELM-FAILED", &format!("it failed with exit code {code}"), "Read helm's words below."),
        None => problem("HELM-FAILED", "it was ended by a signal", "Start again: what it left is looked at first."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secrets_data_never_stays_in_a_complaint() {
        for text in [
            r#"Error: UPGRADE FAILED: Secret "x" is invalid: data[password]: Invalid value: "hunter2-canary": bad"#,
            r#"Error: cannot patch "x" with kind Secret: map: {"apiVersion":"v1","data":{"password":"Y2FuYXJ5"},"kind":"Secret"}"#,
            "Error: Secret in version \"v1\" cannot be handled as a Secret: data: map[password:canary]",
        ] {
            let cleaned = cleaned(text);
            assert!(!cleaned.contains("canary") && !cleaned.contains("Y2FuYXJ5"), "{cleaned}");
            assert!(cleaned.contains("Secret"), "{cleaned}");
        }
    }

    #[test]
    fn complaints_are_told_apart() {
        let code = |what: &str, text: &str| fault(what, text, Some(1)).problem().code;
        assert_eq!(code("helm repo update", "Error: ... 401 Unauthorized"), "HELM-LOGIN");
        assert_eq!(code("helm pull", "Error: dial tcp 10.0.0.1:4401: connect: connection refused"), "UNREACHABLE");
        assert_eq!(
            code("helm pull", "Error: chart \"x\" version \"9\" not found in https://r repository"),
            "HELM-CHART-MISSING"
        );
        assert_eq!(
            code("helm upgrade", "Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress"),
            "HELM-PENDING"
        );
        assert_eq!(code("helm upgrade", "Error: secrets is forbidden: User \"v\" cannot list resource"), "DENIED");
        assert_eq!(code("helm upgrade", "Error: something else"), "HELM-FAILED");
        assert_eq!(code("helm upgrade", "Error: Kubernetes cluster unreachable: Get …"), "UNREACHABLE");
    }
}
