//! `kube.context`: is the kubeconfig's context really the EKS cluster that was chosen?

use async_trait::async_trait;
use aws_sdk_eks::types::Cluster;
use base64::{Engine, engine::general_purpose::STANDARD};
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    cloud::{Trouble, look::cluster},
    kind::{Check, CheckAbout, Context, PlanView},
};

/// The certificate authority of the kubeconfig's context beside the one EKS names for the cluster. With another
/// cluster's context everything would be installed there.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubeContext {
    /// The cluster; the target's where left out.
    #[serde(default)]
    cluster: Option<String>,
}

/// What the context says of its API server.
struct Here {
    context: String,
    host: String,
    roots: Vec<Vec<u8>>,
}

#[async_trait]
impl Check for KubeContext {
    const ABOUT: CheckAbout = CheckAbout {
        name: "kube.context",
        code: "K8S-01",
        about: "the kubeconfig's context is the chosen cluster",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &["K8S-CONTEXT-NOWHERE", "K8S-OTHER-CLUSTER"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let name = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        if name.is_empty() {
            return Ok(Outcome::skip("no EKS cluster was chosen"));
        }
        let config = cx.cloud.kube.config(cx.cloud.kube.context()).await?;
        let here = Here {
            context: cx.cloud.kube.context().unwrap_or_default(),
            host: config.cluster_url.host().unwrap_or_default().to_owned(),
            roots: config.root_cert.clone().unwrap_or_default(),
        };
        let there = cluster::cluster(&cx.cloud, name).await?;
        if authority_is(&there, &here) {
            // The right authority is no proof that we are let in.
            let answer = cx.cloud.kube.client().await?.apiserver_version().await.map_err(Trouble::from);
            let elsewhere = host_of(&there).is_some_and(|host| host != here.host);
            match answer {
                Err(Trouble::Unreachable { message, .. }) if elsewhere => {
                    return Ok(Outcome::Fail { problem: nowhere(name, &here, &message) });
                }
                answer => answer?,
            };
            return Ok(Outcome::pass(format!("{} is {name}: same certificate authority", here.context)));
        }
        if host_of(&there) == Some(here.host.as_str()) {
            return Ok(Outcome::Fail { problem: other(name, &here, "its certificate authority is not the cluster's") });
        }
        // Behind a tunnel, host and authority are the tunnel's; the issuer of service accounts is the cluster's own.
        let issuer = match issuer(cx).await {
            Err(Trouble::Unreachable { .. }) => {
                let why = "it does not answer, and its certificate authority is not the cluster's";
                return Ok(Outcome::Fail { problem: other(name, &here, why) });
            }
            issuer => issuer?,
        };
        let wanted = there.identity().and_then(|identity| identity.oidc()).and_then(|oidc| oidc.issuer());
        Ok(match wanted {
            Some(wanted) if wanted == issuer => {
                Outcome::pass(format!("{} is {name}: same service-account issuer, through {}", here.context, here.host))
            }
            _ => Outcome::Fail { problem: other(name, &here, &format!("its service-account issuer is {issuer}")) },
        })
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let name = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        Permissions::default().iam(&cx.target.arn("eks", &format!("cluster/{name}")), ["eks:DescribeCluster"])
    }
}

async fn issuer(cx: &Context) -> Result<String, Trouble> {
    let client = cx.cloud.kube.client().await?;
    let request = http::Request::get("/.well-known/openid-configuration")
        .body(Vec::new())
        .map_err(|error| Trouble::guide(error.to_string(), "Report this."))?;
    let answer: Value = client.request(request).await?;
    Ok(answer["issuer"].as_str().unwrap_or("unknown").to_owned())
}

/// Whether the context trusts exactly the authority that EKS names.
fn authority_is(there: &Cluster, here: &Here) -> bool {
    let authority = there
        .certificate_authority()
        .and_then(|authority| authority.data())
        .and_then(|data| STANDARD.decode(data).ok())
        .and_then(|pem| CertificateDer::from_pem_slice(&pem).ok());
    authority.is_some_and(|authority| here.roots.iter().any(|root| root.as_slice() == authority.as_ref()))
}

fn host_of(there: &Cluster) -> Option<&str> {
    let rest = there.endpoint()?.split_once("://").map(|(_, rest)| rest)?;
    rest.split(['/', ':']).next()
}

fn other(name: &str, here: &Here, why: &str) -> Problem {
    Problem::new(
        "K8S-OTHER-CLUSTER",
        format!("the context {} is not the cluster {name}", here.context),
        format!(
            "Choose the right context, or let one be built from EKS: k in Target, or build_kubeconfig: true below target: in the answers.\n$ aws eks update-kubeconfig --name {name}"
        ),
    )
    .why(format!("It leads to {}, and {why}.", here.host))
}

/// It was the cluster's once: a tunnel that is closed, a port that moved.
fn nowhere(name: &str, here: &Here, message: &str) -> Problem {
    Problem::new(
        "K8S-CONTEXT-NOWHERE",
        format!("the context {} knows the cluster {name}, and nobody answers at {}", here.context, here.host),
        "Open the tunnel it goes through, or let a kubeconfig be built from EKS, which goes to the cluster's own address: k in Target, or build_kubeconfig: true below target: in the answers.",
    )
    .why(message.to_owned())
}

#[cfg(test)]
mod tests {
    use aws_sdk_eks::types::Certificate;

    use super::*;

    fn cluster(pem: &str) -> Cluster {
        Cluster::builder()
            .endpoint("https://ABC.gr7.us-east-2.eks.amazonaws.com")
            .certificate_authority(Certificate::builder().data(STANDARD.encode(pem)).build())
            .build()
    }

    #[test]
    fn the_same_authority_is_the_same_cluster() {
        let made = rcgen::generate_simple_self_signed(["kubernetes".to_owned()]).unwrap();
        let other = rcgen::generate_simple_self_signed(["kubernetes".to_owned()]).unwrap();
        let there = cluster(&made.cert.pem());
        let here = |root: &rcgen::Certificate| Here {
            context: "c".into(),
            host: "h".into(),
            roots: vec![root.der().to_vec()],
        };
        assert!(authority_is(&there, &here(&made.cert)));
        assert!(!authority_is(&there, &here(&other.cert)));
        assert_eq!(host_of(&there), Some("ABC.gr7.us-east-2.eks.amazonaws.com"));
    }
}
