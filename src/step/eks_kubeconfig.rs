//! `eks.kubeconfig`: is there a kubeconfig for a cluster that was made on the way? From here on Landfall goes to that cluster.

use std::path::PathBuf;

use async_trait::async_trait;
use landfall_core::{
    catalogue::Again,
    clock::Span,
    event::{Difference, Found, Owner, Permissions, Problem},
    value::Late,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::overwritten;
use crate::{
    cloud::{
        Trouble, eks_kubeconfig_if_there,
        look::{cluster, network},
        values::written as yaml,
        written,
    },
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EksKubeconfig {
    /// The cluster's name.
    cluster: Late<String>,
    /// Where the kubeconfig is written.
    path: PathBuf,
}

/// What others may read.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Where it is.
    pub path: String,
    /// Its context.
    pub context: String,
    /// The cluster's Kubernetes version.
    pub version: String,
    /// Issuer of its service accounts' tokens.
    pub issuer: String,
    /// Its VPC.
    pub vpc: String,
    /// The security group that EKS gives the cluster and its managed nodes.
    pub security_group: String,
    /// Its private subnets.
    pub private_subnets: Vec<String>,
    /// Its public subnets.
    pub public_subnets: Vec<String>,
    /// Route tables of its private subnets.
    pub route_tables: Vec<String>,
}

#[async_trait]
impl Step for EksKubeconfig {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        again: Again::Upsert,
        fixed: &["path"],
        deadline: Span::minutes(10),
        ..StepAbout::new("eks.kubeconfig", "EKS-15", "a kubeconfig for an EKS cluster")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let Some(name) = self.cluster.known() else { return Ok(Found::absent()) };
        let Some(kubeconfig) = eks_kubeconfig_if_there(&cx.cloud, name).await? else { return Ok(Found::absent()) };
        let context = kubeconfig.current_context.clone().unwrap_or_default();
        let wanted = self.text(cx, &kubeconfig)?;
        cx.cloud.kube.use_own(kubeconfig, name);
        let Some(there) = written::read(&self.path)? else { return Ok(Found::absent()) };
        let difference = || Difference {
            field: "content".into(),
            wanted: format!("leads to {name}"),
            found: "something else".into(),
            fixed: false,
        };
        let differences = (there != wanted).then(difference).into_iter().collect();
        let outputs = self.outputs(cx, name, context).await?;
        Ok(Found::there(outputs, differences, written::owner(&there, &cx.install)))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let missing = || {
            Problem::new(
                "EKS-CLUSTER-MISSING",
                format!("there is no EKS cluster {} in {}", self.cluster, cx.target.region),
                "See what the step before made, and in which account and region.\n$ aws eks list-clusters",
            )
        };
        let name = self.cluster.known().ok_or_else(missing)?;
        let kubeconfig = eks_kubeconfig_if_there(&cx.cloud, name).await?.ok_or_else(missing)?;
        // A kubeconfig may hold tokens and keys.
        let before = overwritten::kept(cx, written::read(&self.path)?).await?;
        let text = self.text(cx, &kubeconfig)?;
        written::write(&self.path, &text)?;
        cx.cloud.kube.use_own(kubeconfig, name);
        Ok(match before {
            Some(before) => Applied::changed(serde_json::json!({ "secret": before, "wrote": written::digest(&text) })),
            None => Applied::made(),
        })
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let Some(there) = written::read(&self.path)? else { return Ok(()) };
        let Some(before) = &made.before else {
            // What kubectl writes loses the line that says whose it is.
            return match written::owner(&there, &cx.install) {
                Owner::Ours => written::remove(&self.path),
                _ => Err(overwritten::changed(&self.path)),
            };
        };
        if before["wrote"].as_str().is_some_and(|wrote| wrote != written::digest(&there)) {
            return Err(overwritten::changed(&self.path));
        }
        match overwritten::before(cx, before).await? {
            Some(text) => written::write(&self.path, text.reveal()),
            None => Ok(()),
        }
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        vec![format!(
            "aws eks update-kubeconfig --name {} --region {} --kubeconfig {}",
            self.cluster,
            cx.target.region,
            shell_words::quote(&self.path.display().to_string())
        )]
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        format!("removes {}", self.path.display())
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let name = self.cluster.known().map_or("*", String::as_str);
        Permissions::default()
            .iam(&cx.target.arn("eks", &format!("cluster/{name}")), ["eks:DescribeCluster"])
            .iam("*", ["ec2:DescribeRouteTables", "ec2:DescribeSubnets"])
    }
}

impl EksKubeconfig {
    async fn outputs(&self, cx: &Context, name: &str, context: String) -> Result<Outputs, Trouble> {
        let found = cluster::cluster(&cx.cloud, name).await?;
        let network = network::of(&cx.cloud, &found).await?;
        Ok(Outputs {
            path: self.path.display().to_string(),
            context,
            version: found.version().unwrap_or_default().to_owned(),
            issuer: cluster::issuer(&found).unwrap_or_default().to_owned(),
            vpc: network.vpc,
            security_group: network.security_group,
            private_subnets: network.private_subnets,
            public_subnets: network.public_subnets,
            route_tables: network.route_tables,
        })
    }

    fn text(&self, cx: &Context, kubeconfig: &kube::config::Kubeconfig) -> Result<String, Trouble> {
        let tree = serde_json::to_value(kubeconfig).map_err(|error| written::unusable(&self.path, &error))?;
        Ok(written::mark(&PathBuf::from("kubeconfig.yaml"), &cx.install) + &yaml(&tree))
    }
}
