//! Which kubeconfig does a child get? One context, with its credentials in it, so that the child starts no helper of its own.
//!
//! A helper such as `aws eks get-token` needs the person's AWS variables, which a child must not see.

use std::process::Stdio;

use base64::{Engine, engine::general_purpose::STANDARD};
use kube::config::{AuthInfo, ExecConfig, Kubeconfig};
use landfall_core::{event::Problem, value::Plain};
use serde_json::Value;

use super::{Door, Kubernetes, Process, Trouble};

/// The chosen context alone, as a kubeconfig. It holds credentials: for a 0600 file that is removed afterwards.
pub async fn child_kubeconfig(kube: &Kubernetes, process: &Process) -> Result<Plain, Trouble> {
    let mut config = only(kube.kubeconfig()?, kube.context().as_deref())?;
    if let Some(user) = config.auth_infos.iter_mut().find_map(|named| named.auth_info.as_mut())
        && let Some(helper) = user.exec.take()
    {
        ask(&helper, process, user).await?;
    }
    let broken = |error: &dyn std::fmt::Display| unusable("it cannot be written out", error);
    // Through a tree, whose scalars are quoted so that every reader takes them for what they are.
    let tree = serde_json::to_value(&config).map_err(|error| broken(&error))?;
    serde_json::to_string(&tree).map(Plain::new).map_err(|error| broken(&error))
}

/// The named context, its cluster and its user.
fn only(mut config: Kubeconfig, context: Option<&str>) -> Result<Kubeconfig, Trouble> {
    let name = context.unwrap_or_default().to_owned();
    config.contexts.retain(|named| named.name == name);
    let Some(context) = config.contexts.first().and_then(|named| named.context.clone()) else {
        return Err(unusable("it has no such context", &format!("context {name:?}")));
    };
    config.clusters.retain(|named| named.name == context.cluster);
    config.auth_infos.retain(|named| Some(&named.name) == context.user.as_ref());
    config.current_context = Some(name);
    config.extensions = None;
    config.preferences = None;
    Ok(config)
}

/// Runs the helper as kubectl would, and puts its answer in its place.
async fn ask(helper: &ExecConfig, process: &Process, user: &mut AuthInfo) -> Result<(), Trouble> {
    let command = helper.command.clone().unwrap_or_default();
    let api_version = helper.api_version.as_deref().unwrap_or("client.authentication.k8s.io/v1beta1");
    let question = serde_json::json!({
        "apiVersion": api_version, "kind": "ExecCredential", "spec": { "interactive": false },
    });
    let environment = helper
        .env
        .iter()
        .flatten()
        .filter_map(|pair| Some((pair.get("name")?.clone(), pair.get("value").cloned().unwrap_or_default())));
    // The helper belongs to the person's own surroundings: it sees their variables, as under kubectl.
    let output = tokio::process::Command::new(process.which(&command)?)
        .args(helper.args.iter().flatten())
        .envs(environment)
        .env("KUBERNETES_EXEC_INFO", question.to_string())
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(|error| expired(&command, &error))?;
    if !output.status.success() {
        return Err(expired(&command, &String::from_utf8_lossy(&output.stderr).trim()));
    }
    let answer: Value =
        serde_json::from_slice(&output.stdout).map_err(|_| expired(&command, &"it printed no ExecCredential"))?;
    let field = |name: &str| answer["status"][name].as_str().map(str::to_owned);
    if let Some(token) = field("token") {
        user.token = Some(token.into());
    }
    if let (Some(certificate), Some(key)) = (field("clientCertificateData"), field("clientKeyData")) {
        user.client_certificate_data = Some(STANDARD.encode(certificate));
        user.client_key_data = Some(STANDARD.encode(key).into());
    }
    Ok(())
}

fn expired(command: &str, message: &dyn std::fmt::Display) -> Trouble {
    Trouble::expired(Door::Kubernetes, format!("{command}: {message}"))
}

fn unusable(what: &str, why: &dyn std::fmt::Display) -> Trouble {
    Problem::new(
        "KUBECONFIG-CONTEXT",
        format!("the kubeconfig's context cannot be handed on: {what}"),
        "Choose another context with --context, or rebuild it:\n$ aws eks update-kubeconfig --name <cluster>",
    )
    .why(why.to_string())
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "
clusters:
- { name: a, cluster: { server: https://a } }
- { name: b, cluster: { server: https://b } }
users:
- { name: ua, user: { token: one } }
- { name: ub, user: { token: two } }
contexts:
- { name: ca, context: { cluster: a, user: ua } }
- { name: cb, context: { cluster: b, user: ub } }
current-context: ca
";

    #[test]
    fn a_child_sees_one_context_and_nobody_elses_credentials() {
        let config = only(Kubeconfig::from_yaml(TWO).unwrap(), Some("cb")).unwrap();
        let text = serde_json::to_value(&config).unwrap().to_string();
        assert!(text.contains("https://b") && text.contains("two"));
        assert!(!text.contains("https://a") && !text.contains("one"), "{text}");
    }

    #[test]
    fn a_context_that_is_not_there_is_named() {
        let trouble = only(Kubeconfig::from_yaml(TWO).unwrap(), Some("cc")).unwrap_err();
        assert!(trouble.problem().why.contains("cc"));
    }
}
