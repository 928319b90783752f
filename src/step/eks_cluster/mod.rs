//! `eks.cluster`: is there an EKS cluster with its node groups? The person's own eksctl makes it; EKS itself tells how far it is.

mod allowed;
mod half_made;

use async_trait::async_trait;
use aws_sdk_eks::types::{Cluster, ClusterStatus, Nodegroup, NodegroupStatus};
use landfall_core::{
    clock::Span,
    event::{Difference, Found, Happened, Owner, Permissions, Problem, State, Waiting},
    value::Tree,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::{allowed::allowed, half_made::DELETE};
use crate::{
    cloud::{
        Trouble,
        eksctl::{self, Eksctl, Progress},
        look::{aside, cluster, health, marks, network, node_group},
        values::written,
    },
    kind::{Applied, Context, Job, Made, PlanView, Rendered, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EksCluster {
    /// The cluster's name.
    name: String,
    /// Its region; the target's where left out.
    #[serde(default)]
    region: Option<String>,
    /// eksctl's config of it (`ClusterConfig`). Name, region and this install's tags are put into its metadata.
    config: Tree,
}

/// What others may read.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Address of its API server.
    #[schemars(extend("x-words" = "address of the API server"))]
    pub endpoint: String,
    /// Its Kubernetes version.
    pub version: String,
    /// Issuer of its service accounts' tokens.
    pub oidc_issuer: String,
    /// Its managed node groups.
    pub node_groups: Vec<String>,
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
impl Step for EksCluster {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        keeps_data: true,
        costs: Some("the cluster by the hour; its nodes, their volumes, NAT gateways and load balancers, too"),
        fixed: &["name", "region"],
        interval: Span::seconds(20),
        deadline: Span::minutes(75),
        usual: Some("15 to 25 minutes"),
        ..StepAbout::new("eks.cluster", "EKS-20", "an EKS cluster, made by eksctl")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        if let Some(waiting) = eksctl::at_work(&cx.folder, &cx.label()) {
            return Ok(Found::pending(self.story(cx, waiting).await?, Owner::Ours));
        }
        let Some(found) = cluster::find(&cx.cloud, &self.name).await? else {
            return Ok(match eksctl::failure(&cx.folder, &cx.label()) {
                Some(why) => self.half_made(&why),
                None => Found::absent(),
            });
        };
        let owner = owner(cx, &found);
        match found.status() {
            Some(ClusterStatus::Active | ClusterStatus::Updating) => self.active(cx, &found, owner).await,
            Some(ClusterStatus::Failed) => {
                let why = "EKS could not make its control plane.";
                let mut found = self.half_made(why);
                // Somebody else's is not offered to be deleted.
                if let (State::Broken { recoveries, .. }, true) = (&mut found.state, owner != Owner::Ours) {
                    recoveries.retain(|recovery| recovery.id != DELETE);
                }
                Ok(Found { owner, ..found })
            }
            status => {
                let status = status.map_or("UNKNOWN", |status| status.as_str());
                Ok(Found::pending(Waiting::on(format!("the cluster is {status}")), owner))
            }
        }
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let there = cluster::find(&cx.cloud, &self.name).await?;
        let config = self.config(cx).await?;
        let eksctl = Eksctl::open(&cx.cloud, &cx.folder, &cx.label())?;
        let cx = cx.clone();
        let job: Job = Box::pin(async move {
            let heard = |progress: &Progress, said: Option<String>| tell(&cx, progress, said);
            match there {
                None => eksctl.create(&config, &cx.cancel, heard).await,
                Some(_) => eksctl.create_node_groups(&config, &cx.cancel, heard).await,
            }
        });
        Ok(Applied::Started(job))
    }

    async fn undo(&self, cx: &Context, _made: &Made) -> Result<(), Trouble> {
        self.delete(cx).await
    }

    async fn recover(&self, cx: &Context, recovery: &str) -> Result<(), Trouble> {
        if recovery == DELETE {
            self.delete(cx).await?;
        }
        eksctl::forget_failure(&cx.folder, &cx.label());
        Ok(())
    }

    async fn preview(&self, cx: &Context) -> Result<String, Trouble> {
        // What is there has differences instead.
        if cluster::find(&cx.cloud, &self.name).await?.is_some() {
            return Ok(String::new());
        }
        Ok(written(&self.config.shown()).lines().map(|line| format!("+ {line}\n")).collect())
    }

    fn commands(&self, _cx: &PlanView<'_>) -> Vec<String> {
        vec!["eksctl create cluster --config-file cluster.yaml --write-kubeconfig=false".to_owned()]
    }

    fn render(&self, _cx: &PlanView<'_>) -> Vec<Rendered> {
        vec![Rendered { title: "eksctl's config", language: "yaml", text: written(&self.config.shown()) }]
    }

    fn undo_line(&self, cx: &PlanView<'_>) -> String {
        let region = self.region.as_deref().unwrap_or(&cx.target.region);
        format!("deletes the EKS cluster {} in {region} with its nodes and its VPC (eksctl delete cluster)", self.name)
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        allowed(cx.target, &self.name, self.config.0["cloudWatch"]["clusterLogging"]["logRetentionInDays"].is_number())
    }
}

impl EksCluster {
    /// The config with what is ours in its metadata.
    async fn config(&self, cx: &Context) -> Result<Value, Trouble> {
        let mut config = cx.reveal_tree(&self.config).await?;
        let wrong = |what: String| Trouble::guide(what, "Correct the config in the guide.");
        if !config.is_object() {
            return Err(wrong("eksctl's config is no mapping".into()));
        }
        let region = self.region.clone().unwrap_or_else(|| cx.target.region.clone());
        let metadata = &mut config["metadata"];
        if metadata.is_null() {
            *metadata = json!({});
        }
        for (key, ours) in [("name", &self.name), ("region", &region)] {
            match metadata[key].as_str() {
                None => metadata[key] = json!(ours),
                Some(there) if there == ours => {}
                Some(there) => return Err(wrong(format!("metadata.{key} is {there}, and the step says {ours}"))),
            }
        }
        if !metadata["tags"].is_object() {
            metadata["tags"] = json!({});
        }
        for (key, value) in cx.tags() {
            metadata["tags"][key] = value.into();
        }
        Ok(config)
    }

    /// Names of the managed node groups it is to have.
    fn wanted(&self) -> Vec<String> {
        let groups = self.config.0["managedNodeGroups"].as_array().into_iter().flatten();
        groups.filter_map(|group| group["name"].as_str()).map(str::to_owned).collect()
    }

    async fn active(&self, cx: &Context, found: &Cluster, owner: Owner) -> Result<Found<Outputs>, Trouble> {
        let eks = cx.cloud.aws.eks().await?;
        let pages = eks.list_nodegroups().cluster_name(&self.name).into_paginator().items().send();
        let mut there: Vec<String> = pages.collect::<Result<_, _>>().await?;
        there.sort();
        let mut missing = Vec::new();
        for name in self.wanted() {
            let Some(group) = node_group::find(&cx.cloud, &self.name, &name).await? else {
                missing.push(name);
                continue;
            };
            match group.status() {
                Some(NodegroupStatus::Active | NodegroupStatus::Updating) => {}
                Some(NodegroupStatus::CreateFailed | NodegroupStatus::Degraded | NodegroupStatus::DeleteFailed) => {
                    return Ok(Found::broken(down(&group, &name), Vec::new(), owner));
                }
                _ => {
                    let mut waiting = Waiting::on(format!("node group {name}: {}", node_group::status(&group)));
                    waiting.problem = health::problems(&group).into_iter().next();
                    return Ok(Found::pending(waiting, owner));
                }
            }
        }
        let ours = owner == Owner::Ours;
        let mut differences: Vec<Difference> = missing
            .into_iter()
            .map(|name| Difference {
                field: format!("node_groups.{name}"),
                wanted: "a node group".into(),
                found: "nothing".into(),
                // eksctl adds node groups to its own clusters; another one's owner adds them.
                fixed: !ours,
            })
            .collect();
        let wanted = self.config.0["metadata"]["version"].as_str().unwrap_or_default();
        if let (Some(wanted), Some(found)) = (minor(wanted), minor(found.version().unwrap_or_default()))
            && found < wanted
        {
            differences.push(Difference {
                field: "version".into(),
                wanted: format!("1.{wanted}"),
                found: format!("1.{found}"),
                fixed: true,
            });
        }
        Ok(Found::there(self.outputs(cx, found, there).await?, differences, owner))
    }

    async fn outputs(&self, cx: &Context, found: &Cluster, node_groups: Vec<String>) -> Result<Outputs, Trouble> {
        let network = network::of(&cx.cloud, found).await?;
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        Ok(Outputs {
            name: self.name.clone(),
            arn: text(found.arn()),
            endpoint: text(found.endpoint()),
            version: text(found.version()),
            oidc_issuer: text(cluster::issuer(found)),
            node_groups,
            vpc: network.vpc,
            security_group: network.security_group,
            private_subnets: network.private_subnets,
            public_subnets: network.public_subnets,
            route_tables: network.route_tables,
        })
    }

    /// What eksctl is at, and what EKS says of it.
    async fn story(&self, cx: &Context, mut waiting: Waiting) -> Result<Waiting, Trouble> {
        let found = aside(cluster::find(&cx.cloud, &self.name).await)?.flatten();
        let status = found.as_ref().and_then(|found| found.status()).map_or("not there yet", |status| status.as_str());
        waiting.story.push(format!("EKS: the cluster is {status}"));
        Ok(waiting)
    }
}

/// The second part of `1.33`.
fn minor(version: &str) -> Option<u32> {
    version.split('.').nth(1)?.parse().ok()
}

fn tell(cx: &Context, progress: &Progress, said: Option<String>) {
    if let Some(line) = said {
        cx.say(line);
    }
    (cx.tell)(Happened::Waiting { why: progress.waiting(), deadline: None, usual: None });
}

fn down(group: &Nodegroup, name: &str) -> Problem {
    let known = health::problems(group).into_iter().next();
    known.unwrap_or_else(|| {
        Problem::new(
            "EKS-NODE-GROUP-DOWN",
            format!("node group {name} is {}", node_group::status(group)),
            "Read its health issues in EKS; delete it once the cause is gone, then start again: it is made anew.",
        )
    })
}

fn owner(cx: &Context, found: &Cluster) -> Owner {
    let tags = found.tags().into_iter().flatten();
    marks::owner(&cx.install, tags.map(|(key, value)| (key.as_str(), value.as_str())))
}
