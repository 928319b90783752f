//! `iam.oidc_provider`: lets IAM trust the cluster's service accounts.

use async_trait::async_trait;
use aws_sdk_eks::types::Cluster;
use landfall_core::event::{Difference, Found, Owner, Permissions, Problem, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    cloud::{
        Trouble,
        look::{self, cluster, hcl, marks, shell::aws},
    },
    kind::{Applied, Context, Made, PlanView, Rendered, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OidcProvider {
    /// The cluster; the target's where left out.
    #[serde(default)]
    cluster: Option<String>,
}

/// What others read.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// The provider's ARN.
    pub arn: String,
    /// The cluster's issuer, `https://…`.
    pub issuer: String,
}

/// Whom tokens are for, as IAM roles for service accounts use it.
const AUDIENCE: &str = "sts.amazonaws.com";

#[async_trait]
impl Step for OidcProvider {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        fixed: &["cluster"],
        ..StepAbout::new("iam.oidc_provider", "IAM-02", "lets IAM trust the cluster's service accounts")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let outputs = self.outputs(cx).await?;
        let iam = cx.cloud.aws.iam().await?;
        let answer = iam.get_open_id_connect_provider().open_id_connect_provider_arn(&outputs.arn).send().await;
        let Some(found) = look::maybe(answer)? else { return Ok(Found::absent()) };
        let owner = marks::owner(&cx.install, found.tags().iter().map(|tag| (tag.key(), tag.value())));
        let mut differences = Vec::new();
        if !found.client_id_list().iter().any(|id| id == AUDIENCE) {
            differences.push(Difference {
                field: "audience".into(),
                wanted: AUDIENCE.into(),
                found: found.client_id_list().join(", "),
                fixed: false,
            });
        }
        Ok(Found::there(outputs, differences, owner))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let outputs = self.outputs(cx).await?;
        let iam = cx.cloud.aws.iam().await?;
        let answer = iam.get_open_id_connect_provider().open_id_connect_provider_arn(&outputs.arn).send().await;
        if let Some(found) = look::maybe(answer)? {
            if !found.client_id_list().iter().any(|id| id == AUDIENCE) {
                iam.add_client_id_to_open_id_connect_provider()
                    .open_id_connect_provider_arn(&outputs.arn)
                    .client_id(AUDIENCE)
                    .send()
                    .await?;
                let owner = marks::owner(&cx.install, found.tags().iter().map(|tag| (tag.key(), tag.value())));
                let before = (owner != Owner::Ours).then(|| json!({ "audience": null }));
                return Ok(Applied::Sent { before });
            }
            return Ok(Applied::made());
        }
        let sent = iam
            .create_open_id_connect_provider()
            .url(&outputs.issuer)
            .client_id_list(AUDIENCE)
            .set_tags(Some(marks::iam(&cx.tags())?))
            .send()
            .await
            .map_err(Trouble::from);
        match sent {
            // The answer was lost, and the call repeated.
            Err(trouble) if trouble.code() == Some("EntityAlreadyExists") && self.is_ours(cx).await? => {}
            other => drop(other?),
        }
        Ok(Applied::made())
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let arn = made.outputs["arn"].as_str().unwrap_or_default();
        let iam = cx.cloud.aws.iam().await?;
        if made.before.is_some() {
            iam.remove_client_id_from_open_id_connect_provider()
                .open_id_connect_provider_arn(arn)
                .client_id(AUDIENCE)
                .send()
                .await?;
            return Ok(());
        }
        iam.delete_open_id_connect_provider().open_id_connect_provider_arn(arn).send().await?;
        Ok(())
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        let name = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        let issuer = aws("eks describe-cluster")
            .with("--name", name)
            .with("--query", "cluster.identity.oidc.issuer")
            .with("--output", "text")
            .region(&cx.target.region);
        let create = aws("iam create-open-id-connect-provider")
            .shell("--url", &format!("\"$({})\"", issuer.one_line()))
            .with("--client-id-list", AUDIENCE)
            .region(&cx.target.region);
        vec![create.to_string()]
    }

    fn render(&self, cx: &PlanView<'_>) -> Vec<Rendered> {
        let name = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        let cluster = hcl::data("aws_eks_cluster", name).text("name", name);
        let issuer = format!("data.aws_eks_cluster.{}.identity[0].oidc[0].issuer", hcl::label(name));
        let provider = hcl::resource("aws_iam_openid_connect_provider", name)
            .expression("url", &issuer)
            .expression("client_id_list", &format!("[\"{AUDIENCE}\"]"));
        vec![Rendered::terraform(format!("{cluster}\n{provider}"))]
    }

    fn undo_line(&self, cx: &PlanView<'_>) -> String {
        let name = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        format!("deletes the OIDC provider of cluster {name}; roles that trust it can no longer be assumed")
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let name = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        let provider = cx.target.arn("iam", "oidc-provider/*");
        Permissions::default().iam(&cx.target.arn("eks", &format!("cluster/{name}")), ["eks:DescribeCluster"]).iam(
            &provider,
            [
                "iam:GetOpenIDConnectProvider",
                "iam:CreateOpenIDConnectProvider",
                "iam:DeleteOpenIDConnectProvider",
                "iam:AddClientIDToOpenIDConnectProvider",
                "iam:TagOpenIDConnectProvider",
            ],
        )
    }
}

impl OidcProvider {
    async fn is_ours(&self, cx: &Context) -> Result<bool, Trouble> {
        let found = self.inspect(cx).await?;
        Ok(found.owner == Owner::Ours && found.state != State::Absent)
    }

    async fn outputs(&self, cx: &Context) -> Result<Outputs, Trouble> {
        let name = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        let cluster = cluster::cluster(&cx.cloud, name).await?;
        of(&cluster).ok_or_else(|| {
            Problem::new(
                "EKS-NO-ISSUER",
                format!("cluster {name} has no OIDC issuer yet"),
                "Wait until the cluster is ACTIVE, then try again.",
            )
            .into()
        })
    }
}

/// The provider a cluster has or would have.
fn of(cluster: &Cluster) -> Option<Outputs> {
    let issuer = cluster::issuer(cluster)?;
    let (partition, account) = cluster::partition_and_account(cluster)?;
    let path = issuer.strip_prefix("https://")?;
    let arn = format!("arn:{partition}:iam::{account}:oidc-provider/{path}");
    Some(Outputs { arn, issuer: issuer.to_owned() })
}

#[cfg(test)]
mod tests {
    use aws_sdk_eks::types::{Identity, Oidc};

    use super::*;

    #[test]
    fn the_provider_follows_from_the_issuer() {
        let oidc = Oidc::builder().issuer("https://oidc.eks.us-east-2.amazonaws.com/id/ABC").build();
        let cluster = Cluster::builder()
            .arn("arn:aws-cn:eks:cn-north-1:123456789012:cluster/pay-1")
            .identity(Identity::builder().oidc(oidc).build())
            .build();
        let outputs = of(&cluster).unwrap();
        assert_eq!(outputs.arn, "arn:aws-cn:iam::123456789012:oidc-provider/oidc.eks.us-east-2.amazonaws.com/id/ABC");
    }
}
