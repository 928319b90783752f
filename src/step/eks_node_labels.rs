//! `eks.node_labels`: labels on a node group that is there already. `kubectl label` would be lost when a node is replaced.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_eks::types::{Nodegroup, NodegroupStatus, UpdateLabelsPayload};
use landfall_core::{
    catalogue::Again,
    clock::Span,
    event::{Difference, Found, Owner, Permissions, Problem, Waiting},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    cloud::{
        Trouble,
        look::{
            node_group,
            shell::{aws, fix},
        },
    },
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeLabels {
    /// The node group.
    node_group: String,
    /// The cluster; the target's where left out.
    #[serde(default)]
    cluster: Option<String>,
    /// Labels it gets; its others stay.
    labels: BTreeMap<String, String>,
}

/// Nothing that others need.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {}

#[async_trait]
impl Step for NodeLabels {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        again: Again::Token,
        fixed: &["node_group", "cluster"],
        interval: Span::seconds(5),
        deadline: Span::minutes(10),
        usual: Some("under a minute"),
        ..StepAbout::new("eks.node_labels", "EKS-11", "labels the nodes of a node group")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        Ok(match node_group::find(&cx.cloud, self.cluster(&cx.target.cluster), &self.node_group).await? {
            Some(group) => self.judge(&group),
            None => Found::absent(),
        })
    }

    async fn apply(&self, cx: &Context, token: &str) -> Result<Applied, Trouble> {
        let cluster = self.cluster(&cx.target.cluster);
        let Some(group) = node_group::find(&cx.cloud, cluster, &self.node_group).await? else {
            let list = aws("eks list-nodegroups").with("--cluster-name", cluster).region(&cx.target.region);
            let what = format!("there is no node group {} in cluster {cluster}", self.node_group);
            return Err(Problem::new("EKS-NODE-GROUP-MISSING", what, fix("Choose another in Inputs.", [list])).into());
        };
        let before: BTreeMap<&String, Option<&String>> =
            self.labels.keys().map(|key| (key, group.labels().and_then(|labels| labels.get(key)))).collect();
        let labels = self.labels.clone().into_iter().collect();
        let eks = cx.cloud.aws.eks().await?;
        eks.update_nodegroup_config()
            .client_request_token(token)
            .cluster_name(cluster)
            .nodegroup_name(&self.node_group)
            .labels(UpdateLabelsPayload::builder().set_add_or_update_labels(Some(labels)).build())
            .send()
            .await?;
        Ok(Applied::changed(json!(before)))
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let cluster = self.cluster(&cx.target.cluster);
        let Some(group) = node_group::find(&cx.cloud, cluster, &self.node_group).await? else { return Ok(()) };
        let before: BTreeMap<String, Option<String>> =
            made.before.clone().and_then(|before| serde_json::from_value(before).ok()).unwrap_or_default();
        let before = before.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        let there = |key: &str| group.labels().and_then(|labels| labels.get(key)).cloned();
        let Some(labels) = node_group::labels_back(&self.labels, &before, there) else { return Ok(()) };
        let eks = cx.cloud.aws.eks().await?;
        eks.update_nodegroup_config()
            .cluster_name(cluster)
            .nodegroup_name(&self.node_group)
            .labels(labels)
            .send()
            .await?;
        Ok(())
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        let update = aws("eks update-nodegroup-config")
            .with("--cluster-name", self.cluster(&cx.target.cluster))
            .with("--nodegroup-name", &self.node_group)
            .json("--labels", &json!({ "addOrUpdateLabels": self.labels }))
            .region(&cx.target.region);
        vec![update.to_string()]
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        let keys: Vec<&str> = self.labels.keys().map(String::as_str).collect();
        format!("puts {} of node group {} back as it was", keys.join(", "), self.node_group)
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let cluster = self.cluster(&cx.target.cluster);
        let group = cx.target.arn("eks", &format!("nodegroup/{cluster}/{}/*", self.node_group));
        Permissions::default().iam(&group, ["eks:DescribeNodegroup", "eks:UpdateNodegroupConfig"])
    }
}

impl NodeLabels {
    fn cluster<'a>(&'a self, target: &'a str) -> &'a str {
        self.cluster.as_deref().unwrap_or(target)
    }

    fn judge(&self, group: &Nodegroup) -> Found<Outputs> {
        let there = |key: &str| group.labels().and_then(|labels| labels.get(key));
        let wrong: Vec<(&String, &String)> =
            self.labels.iter().filter(|(key, value)| there(key) != Some(*value)).collect();
        // Labels carry no mark of who set them.
        let owner = Owner::Unmarked;
        if wrong.is_empty() {
            return Found::there(Outputs {}, Vec::new(), owner);
        }
        if group.status() == Some(&NodegroupStatus::Updating) {
            return Found::pending(Waiting::on("UPDATING"), owner);
        }
        let other: Vec<Difference> = wrong
            .iter()
            .filter_map(|(key, wanted)| {
                let found = there(key)?.clone();
                Some(Difference { field: format!("labels.{key}"), wanted: (*wanted).clone(), found, fixed: false })
            })
            .collect();
        // A label that is simply missing is ours to add; another value is somebody's.
        if other.is_empty() { Found::absent() } else { Found::there(Outputs {}, other, owner) }
    }
}

#[cfg(test)]
mod tests {
    use landfall_core::event::State;

    use super::*;

    fn state(status: NodegroupStatus, labels: &[(&str, &str)]) -> State<Outputs> {
        let step = NodeLabels {
            node_group: "cpu-1".into(),
            cluster: None,
            labels: BTreeMap::from([("capability".to_owned(), "cpu".to_owned())]),
        };
        let mut group = Nodegroup::builder().status(status);
        for (key, value) in labels {
            group = group.labels(*key, *value);
        }
        step.judge(&group.build()).state
    }

    #[test]
    fn missing_there_other_and_on_its_way_are_told_apart() {
        use NodegroupStatus::{Active, Updating};
        assert_eq!(state(Active, &[("team", "ai")]), State::Absent);
        assert_eq!(state(Active, &[("capability", "cpu")]), State::Present { outputs: Outputs {} });
        assert!(matches!(state(Active, &[("capability", "gpu")]), State::Drifted { .. }));
        assert!(matches!(state(Updating, &[]), State::Pending { .. }));
    }
}
