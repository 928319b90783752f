//! `kube.secret`: is a Secret there with the right keys, and without a paste's stray newline?

use async_trait::async_trait;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::Trouble,
    kind::{Check, CheckAbout, Context, PlanView},
};

/// The keys of a Secret, its type, and whether a value ends in a newline that came with a paste. Pods read it as it is,
/// and a password with a newline is another password.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubeSecret {
    /// Its name.
    name: String,
    /// Its namespace; the install's where left out.
    #[serde(default)]
    namespace: Option<String>,
    /// Its type, where that matters.
    #[serde(default, rename = "type")]
    type_: Option<String>,
    /// Keys it must have.
    keys: Vec<String>,
}

#[async_trait]
impl Check for KubeSecret {
    const ABOUT: CheckAbout = CheckAbout {
        name: "kube.secret",
        code: "K8S-07",
        about: "a Secret has the right keys",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &["SEC-KEYS", "SEC-MISSING", "SEC-NEWLINE", "SEC-TYPE"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let namespace = self.namespace.as_deref().unwrap_or(&cx.target.namespace);
        let secrets: Api<Secret> = Api::namespaced(cx.cloud.kube.client().await?, namespace);
        Ok(self.judge(secrets.get_opt(&self.name).await?.as_ref(), namespace))
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let namespace = self.namespace.as_deref().unwrap_or(&cx.target.namespace);
        Permissions::default().rbac(Some(namespace), "", "secrets", &["get"])
    }
}

impl KubeSecret {
    fn judge(&self, found: Option<&Secret>, namespace: &str) -> Outcome {
        let name = &self.name;
        let Some(found) = found else {
            let problem = Problem::new(
                "SEC-MISSING",
                format!("there is no Secret {name} in {namespace}"),
                format!(
                    "Let whatever brings it (a step, External Secrets, Sealed Secrets) make it with the keys {}.",
                    self.keys.join(", ")
                ),
            );
            return Outcome::NotYet { problem };
        };
        let type_ = found.type_.as_deref().unwrap_or("Opaque");
        if let Some(wanted) = self.type_.as_deref().filter(|wanted| *wanted != type_) {
            let problem = Problem::new(
                "SEC-TYPE",
                format!("the Secret {name} is of type {type_}, not {wanted}"),
                "A Secret's type cannot be changed: delete it and make it anew.",
            );
            return Outcome::Fail { problem };
        }
        let value = |key: &String| found.data.as_ref().and_then(|data| data.get(key)).map(|value| value.0.as_slice());
        let missing: Vec<&str> =
            self.keys.iter().filter(|key| value(key).is_none_or(<[u8]>::is_empty)).map(String::as_str).collect();
        if !missing.is_empty() {
            let there: Vec<&str> = found.data.iter().flatten().map(|(key, _)| key.as_str()).collect();
            let problem = Problem::new(
                "SEC-KEYS",
                format!("the Secret {name} has no {}", missing.join(", ")),
                "Add the keys exactly as written here.",
            );
            return Outcome::NotYet { problem: problem.why(format!("It has: {}.", there.join(", "))) };
        }
        // Texts of several lines (certificates, documents) end in a newline by right.
        let stray = |value: &[u8]| value.trim_ascii_end() != value && !value.trim_ascii_end().contains(&b'\n');
        let files = ["kubernetes.io/tls", "kubernetes.io/dockerconfigjson"].contains(&type_);
        let stray: Vec<&str> =
            self.keys.iter().filter(|key| !files && value(key).is_some_and(stray)).map(String::as_str).collect();
        if !stray.is_empty() {
            let problem = Problem::new(
                "SEC-NEWLINE",
                format!("{} of the Secret {name} ends in a newline or space", stray.join(", ")),
                "Write it again without; `echo -n` or a file without a last newline does it.",
            );
            return Outcome::Fail { problem: problem.why("It counts as part of the password, and nothing shows it.") };
        }
        Outcome::pass(format!("{name} has {}", self.keys.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::ByteString;

    use super::*;

    fn looked(type_: &str, data: &[(&str, &str)]) -> Outcome {
        let check = KubeSecret {
            name: "postgres-secret".into(),
            namespace: None,
            type_: Some("Opaque".into()),
            keys: vec!["username".into(), "password".into()],
        };
        let data = data.iter().map(|(key, value)| ((*key).to_owned(), ByteString(value.as_bytes().to_vec()))).collect();
        let secret = Secret { type_: Some(type_.into()), data: Some(data), ..Secret::default() };
        check.judge(Some(&secret), "shield")
    }

    #[test]
    fn the_right_keys_pass_and_no_value_is_shown() {
        let outcome = looked("Opaque", &[("username", "ann"), ("password", "canary")]);
        assert!(matches!(outcome, Outcome::Pass { .. }) && !format!("{outcome:?}").contains("canary"));
    }

    #[test]
    fn a_missing_key_a_wrong_type_and_a_newline_are_told_apart() {
        let code = |outcome: Outcome| outcome.problem().unwrap().code.clone();
        assert_eq!(code(looked("Opaque", &[("username", "ann")])), "SEC-KEYS");
        assert_eq!(code(looked("kubernetes.io/tls", &[])), "SEC-TYPE");
        assert_eq!(code(looked("Opaque", &[("username", "ann"), ("password", "canary\n")])), "SEC-NEWLINE");
        let lines = looked("Opaque", &[("username", "ann"), ("password", "-----BEGIN\nMII\n-----END\n")]);
        assert!(matches!(lines, Outcome::Pass { .. }), "{lines:?}");
    }
}
