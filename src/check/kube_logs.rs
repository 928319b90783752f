//! `kube.logs`: does a start-up's log show its markers in order, and nothing fatal?

use async_trait::async_trait;
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, ResourceExt, api::LogParams};
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
};
use regex::Regex;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{Trouble, pods::Which},
    kind::{Check, CheckAbout, Context, PlanView},
};

/// So much of each log is read, from its beginning.
const READ: i64 = 4 << 20;

/// The log of a start-up, for its markers in order and for what is fatal. A pod can be Running long before the product
/// works.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubeLogs {
    /// The pods' namespace; the install's where left out.
    #[serde(default)]
    namespace: Option<String>,
    /// Label selector.
    #[serde(default)]
    selector: Option<String>,
    /// How their names begin, or what follows the release's name in them.
    #[serde(default)]
    name_prefix: Option<String>,
    /// Which container; the first where left out.
    #[serde(default)]
    container: Option<String>,
    /// Whether there may be no such pod: then there is nothing to read.
    #[serde(default)]
    may_be_absent: bool,
    /// Texts that must appear, in this order.
    #[serde(default)]
    markers: Vec<String>,
    /// Regular expressions that must not match a line.
    #[serde(default)]
    fatal: Vec<String>,
}

#[async_trait]
impl Check for KubeLogs {
    const ABOUT: CheckAbout = CheckAbout {
        name: "kube.logs",
        code: "K8S-10",
        about: "a log shows its markers in order",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &["K8S-LOG-FATAL", "K8S-LOG-MARKER", "K8S-PODS-MISSING"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let fatal = self.fatal()?;
        let client = cx.cloud.kube.client().await?;
        let which = self.which(&cx.target.namespace);
        let found = which.list(&client).await?;
        if found.is_empty() && self.may_be_absent {
            return Ok(Outcome::skip(format!("no pod is there ({})", which.shown())));
        }
        if found.is_empty() {
            let problem = Problem::new(
                "K8S-PODS-MISSING",
                format!("no pod is there yet ({})", which.shown()),
                format!("See what makes them.\n$ kubectl get pods --namespace {}", which.namespace),
            );
            return Ok(Outcome::NotYet { problem });
        }
        let pods: Api<Pod> = Api::namespaced(client, &which.namespace);
        for pod in &found {
            let name = pod.name_any();
            let first = pod.spec.iter().flat_map(|spec| &spec.containers).next().map(|first| first.name.clone());
            let wanted = LogParams {
                container: self.container.clone().or(first),
                limit_bytes: Some(READ),
                ..LogParams::default()
            };
            let log = match pods.logs(&name, &wanted).await {
                Ok(log) => log,
                // A container that has not started has no log yet.
                Err(kube::Error::Api(status)) if status.code == 400 => String::new(),
                Err(error) => return Err(error.into()),
            };
            if let Some(outcome) = self.judge(&name, &which.namespace, &log, &fatal) {
                return Ok(outcome);
            }
        }
        Ok(Outcome::pass(match self.markers.len() {
            0 => format!("nothing of this in {} logs", found.len()),
            markers => format!("{markers} markers in order in {} logs", found.len()),
        }))
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let namespace = self.namespace.as_deref().unwrap_or(&cx.target.namespace);
        Permissions::default().rbac(Some(namespace), "", "pods", &["list"]).rbac(
            Some(namespace),
            "",
            "pods/log",
            &["get"],
        )
    }
}

impl KubeLogs {
    fn which(&self, default: &str) -> Which {
        Which {
            namespace: self.namespace.clone().unwrap_or_else(|| default.to_owned()),
            selector: self.selector.clone(),
            name_prefix: self.name_prefix.clone(),
        }
    }

    fn fatal(&self) -> Result<Vec<Regex>, Trouble> {
        let compiled = self.fatal.iter().map(|pattern| Regex::new(pattern));
        compiled
            .collect::<Result<_, _>>()
            .map_err(|error| Trouble::guide(format!("fatal: {error}"), "Correct the expression."))
    }

    /// None where this log is as it should be.
    fn judge(&self, pod: &str, namespace: &str, log: &str, fatal: &[Regex]) -> Option<Outcome> {
        let command = format!("$ kubectl logs {pod} --namespace {namespace}");
        if let Some(line) = log.lines().find(|line| fatal.iter().any(|pattern| pattern.is_match(line))) {
            let at = log.lines().position(|other| other == line).unwrap_or_default();
            let story: Vec<&str> = log.lines().skip(at).take(4).collect();
            let problem = Problem::new(
                "K8S-LOG-FATAL",
                format!("the log of {pod} names what is wrong"),
                format!("Correct what its log names.\n{command}"),
            );
            return Some(Outcome::Fail { problem: problem.why(story.join(" ⏎ ")) });
        }
        let mut rest = log;
        for (at, marker) in self.markers.iter().enumerate() {
            match rest.split_once(marker.as_str()) {
                Some((_, after)) => rest = after,
                None => {
                    let last = log.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("nothing yet");
                    let problem = Problem::new(
                        "K8S-LOG-MARKER",
                        format!("{pod}: {at} of {} markers seen, next {marker:?}", self.markers.len()),
                        format!("Read its log; what stands last is what it waits for.\n{command}"),
                    );
                    return Some(Outcome::NotYet { problem: problem.why(format!("Its last line: {last}")) });
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn looked(log: &str) -> Option<Outcome> {
        let check: KubeLogs = serde_json::from_value(
            json!({"markers": ["==> Validating", "==> Starting"], "fatal": ["==> Missing required .*:"]}),
        )
        .unwrap();
        check.judge("shield-0", "shield", log, &check.fatal().unwrap())
    }

    #[test]
    fn markers_must_come_in_order() {
        assert_eq!(looked("==> Validating\nx\n==> Starting\n"), None);
        let outcome = looked("==> Starting\n==> Validating\nwaiting for auth.example.com\n").unwrap();
        assert!(outcome.problem().unwrap().why.contains("waiting for auth.example.com"));
        assert!(matches!(looked(""), Some(Outcome::NotYet { .. })));
    }

    #[test]
    fn a_fatal_line_fails_at_once_and_is_shown_with_what_follows() {
        let outcome = looked("==> Validating\n==> Missing required values:\nPOSTGRES_URL\n").unwrap();
        assert!(matches!(outcome, Outcome::Fail { .. }));
        assert!(outcome.problem().unwrap().why.contains("POSTGRES_URL"));
    }
}
