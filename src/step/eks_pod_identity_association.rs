//! `eks.pod_identity_association`: lets the pods of one service account take on a role, without an OIDC provider.

use async_trait::async_trait;
use aws_sdk_eks::types::PodIdentityAssociation as Described;
use landfall_core::{
    catalogue::Again,
    event::{Difference, Found, Owner, Permissions},
    value::Late,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    cloud::{
        Trouble,
        look::{self, marks, shell::aws},
    },
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PodIdentityAssociation {
    /// The cluster; the target's where left out.
    #[serde(default)]
    cluster: Option<String>,
    /// The service account's namespace; the target's where left out.
    #[serde(default)]
    namespace: Option<String>,
    /// The service account.
    service_account: String,
    /// ARN of the role.
    role: Late<String>,
}

/// What others read.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
}

#[async_trait]
impl Step for PodIdentityAssociation {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        again: Again::Token,
        fixed: &["cluster", "namespace", "service_account"],
        ..StepAbout::new("eks.pod_identity_association", "EKS-13", "gives a service account's pods a role")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let Some(found) = self.find(cx).await? else { return Ok(Found::absent()) };
        let mut differences = Vec::new();
        if let Some(role) = self.role.known()
            && found.role_arn() != Some(role)
        {
            differences.push(Difference {
                field: "role".into(),
                wanted: role.clone(),
                found: found.role_arn().unwrap_or("none").into(),
                fixed: false,
            });
        }
        let tags = found.tags().into_iter().flatten();
        let owner = match found.owner_arn() {
            Some(arn) => Owner::Other(format!("the add-on {arn}")),
            None => marks::owner(&cx.install, tags.map(|(key, value)| (&**key, &**value))),
        };
        let outputs =
            Outputs { id: found.association_id.unwrap_or_default(), arn: found.association_arn.unwrap_or_default() };
        Ok(Found::there(outputs, differences, owner))
    }

    async fn apply(&self, cx: &Context, token: &str) -> Result<Applied, Trouble> {
        let role = self.role.known().ok_or_else(|| {
            Trouble::guide("the role is not known yet", "Make the step run after the one that makes the role.")
        })?;
        let eks = cx.cloud.aws.eks().await?;
        let (cluster, namespace) = self.place(&cx.target);
        if let Some(found) = self.find(cx).await? {
            eks.update_pod_identity_association()
                .cluster_name(cluster)
                .set_association_id(found.association_id.clone())
                .role_arn(role)
                .client_request_token(token)
                .send()
                .await?;
            return Ok(Applied::changed(json!({ "role": found.role_arn() })));
        }
        eks.create_pod_identity_association()
            .cluster_name(cluster)
            .namespace(namespace)
            .service_account(&self.service_account)
            .role_arn(role)
            .set_tags(Some(cx.tags().into_iter().collect()))
            .client_request_token(token)
            .send()
            .await?;
        Ok(Applied::made())
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let Some(found) = self.find(cx).await? else { return Ok(()) };
        let eks = cx.cloud.aws.eks().await?;
        let (cluster, _) = self.place(&cx.target);
        let id = found.association_id.clone().unwrap_or_default();
        match &made.before {
            None => {
                eks.delete_pod_identity_association().cluster_name(cluster).association_id(id).send().await?;
            }
            Some(before) => {
                let ours = self.role.known().is_some_and(|role| found.role_arn() == Some(role));
                if let Some(role) = before["role"].as_str().filter(|_| ours) {
                    let call = eks.update_pod_identity_association().cluster_name(cluster).association_id(id);
                    call.role_arn(role).send().await?;
                }
            }
        }
        Ok(())
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        let (cluster, namespace) = self.place(cx.target);
        let create = aws("eks create-pod-identity-association")
            .with("--cluster-name", cluster)
            .with("--namespace", namespace)
            .with("--service-account", &self.service_account)
            .with("--role-arn", &self.role);
        vec![create.region(&cx.target.region).to_string()]
    }

    fn undo_line(&self, cx: &PlanView<'_>) -> String {
        let (_, namespace) = self.place(cx.target);
        format!(
            "takes the role from {namespace}/{}; running pods lose it when their session ends",
            self.service_account
        )
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let (cluster, _) = self.place(cx.target);
        let role = self.role.known().cloned().unwrap_or_else(|| cx.target.arn("iam", "role/*"));
        Permissions::default()
            .iam(
                &cx.target.arn("eks", &format!("cluster/{cluster}")),
                ["eks:CreatePodIdentityAssociation", "eks:ListPodIdentityAssociations"],
            )
            .iam(
                &cx.target.arn("eks", &format!("podidentityassociation/{cluster}/*")),
                [
                    "eks:DescribePodIdentityAssociation",
                    "eks:UpdatePodIdentityAssociation",
                    "eks:DeletePodIdentityAssociation",
                    "eks:TagResource",
                ],
            )
            .iam(&role, ["iam:PassRole", "iam:GetRole"])
    }
}

impl PodIdentityAssociation {
    fn place<'a>(&'a self, target: &'a crate::kind::Target) -> (&'a str, &'a str) {
        let cluster = self.cluster.as_deref().unwrap_or(&target.cluster);
        (cluster, self.namespace.as_deref().unwrap_or(&target.namespace))
    }

    async fn find(&self, cx: &Context) -> Result<Option<Described>, Trouble> {
        let eks = cx.cloud.aws.eks().await?;
        let (cluster, namespace) = self.place(&cx.target);
        let listed = eks
            .list_pod_identity_associations()
            .cluster_name(cluster)
            .namespace(namespace)
            .service_account(&self.service_account)
            .send()
            .await?;
        let Some(id) = listed.associations().first().and_then(|found| found.association_id()) else { return Ok(None) };
        let answer = eks.describe_pod_identity_association().cluster_name(cluster).association_id(id).send().await;
        Ok(look::maybe(answer)?.and_then(|answer| answer.association))
    }
}
