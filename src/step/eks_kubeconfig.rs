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

use crate::{
    cloud::{Trouble, eks_kubeconfig_if_there, values::written as yaml, written},
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
}

#[async_trait]
impl Step for EksKubeconfig {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        again: Again::Upsert,
        fixed: &["path"],
        deadline: Span::minutes(10),
        ..StepAbout::new("eks.kubeconfig", "EKS-14", "a kubeconfig for an EKS cluster")
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
        let outputs = Outputs { path: self.path.display().to_string(), context };
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
        let before = written::read(&self.path)?;
        written::write(&self.path, &self.text(cx, &kubeconfig)?)?;
        cx.cloud.kube.use_own(kubeconfig, name);
        Ok(match before {
            Some(before) => Applied::changed(serde_json::json!({ "text": before })),
            None => Applied::made(),
        })
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let there = written::read(&self.path)?.unwrap_or_default();
        match made.before.as_ref().and_then(|before| before["text"].as_str()) {
            Some(text) => written::write(&self.path, text),
            None if written::owner(&there, &cx.install) == Owner::Ours => written::remove(&self.path),
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
        Permissions::default().iam(&cx.target.arn("eks", &format!("cluster/{name}")), ["eks:DescribeCluster"])
    }
}

impl EksKubeconfig {
    fn text(&self, cx: &Context, kubeconfig: &kube::config::Kubeconfig) -> Result<String, Trouble> {
        let tree = serde_json::to_value(kubeconfig).map_err(|error| written::unusable(&self.path, &error))?;
        Ok(written::mark(&PathBuf::from("kubeconfig.yaml"), &cx.install) + &yaml(&tree))
    }
}
