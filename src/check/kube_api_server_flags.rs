//! `kube.api_server_flags`: was the API server started with these flags? Seen where it runs as a pod.

use std::collections::BTreeMap;

use async_trait::async_trait;
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        api_server::{self, ApiServer},
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// The command line of the API server, where it runs as a pod that can be read. Without these flags it does not take
/// the tokens of the issuer.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubeApiServerFlags {
    /// Flags without their dashes, and the value of each; an empty one must not be set.
    flags: BTreeMap<String, String>,
}

#[async_trait]
impl Check for KubeApiServerFlags {
    const ABOUT: CheckAbout = CheckAbout {
        name: "kube.api_server_flags",
        code: "K8S-14",
        about: "the API server runs with these flags",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &["K8S-API-SERVER-FLAG"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let servers = api_server::seen(&cx.cloud.kube.client().await?).await?;
        Ok(self.judged(&servers))
    }

    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        Permissions::default().rbac(Some("kube-system"), "", "pods", &["list"])
    }
}

impl KubeApiServerFlags {
    fn judged(&self, servers: &[ApiServer]) -> Outcome {
        if servers.is_empty() {
            return Outcome::Unknown {
                denied: "the API server's flags (it does not run as a pod here)".into(),
                ask: "whoever runs the control plane".into(),
            };
        }
        for server in servers {
            for (flag, wanted) in &self.flags {
                let found = server.flags.get(flag).and_then(|values| values.last()).map_or("", String::as_str);
                if found == wanted {
                    continue;
                }
                let (what, why) = match (found, wanted.as_str()) {
                    ("", _) => (format!("--{flag} is not set"), format!("It should be {wanted}.")),
                    (_, "") => (format!("--{flag} is set"), format!("It is {found}.")),
                    _ => (format!("--{flag} is {found}"), format!("It should be {wanted}.")),
                };
                let problem = Problem::new(
                    "K8S-API-SERVER-FLAG",
                    what,
                    format!(
                        "Correct it on every control-plane node, in /etc/kubernetes/manifests/kube-apiserver.yaml; the kubelet restarts the API server by itself:\n$ --{flag}={wanted}"
                    ),
                );
                return Outcome::NotYet { problem: problem.why(format!("{why} Seen in the pod {}.", server.pod)) };
            }
        }
        Outcome::pass(format!("{} flags on {} API servers", self.flags.len(), servers.len()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_server_must_have_every_flag() {
        let server = |issuer: &str| ApiServer {
            pod: "kube-apiserver-1".into(),
            flags: BTreeMap::from([("oidc-issuer-url".to_owned(), vec![issuer.to_owned()])]),
        };
        let check: KubeApiServerFlags =
            serde_json::from_value(json!({"flags": {"oidc-issuer-url": "https://a/dex", "oidc-ca-file": ""}})).unwrap();
        assert!(matches!(check.judged(&[server("https://a/dex")]), Outcome::Pass { .. }));
        let outcome = check.judged(&[server("https://a/dex"), server("https://a/dex/")]);
        assert_eq!(outcome.problem().unwrap().code, "K8S-API-SERVER-FLAG");
        assert!(matches!(check.judged(&[]), Outcome::Unknown { .. }));
    }
}
