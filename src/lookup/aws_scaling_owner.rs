//! `aws.scaling_owner`: who decides how many nodes there are? What is already in the cluster is suggested:
//! two autoscalers on one group fight.

use async_trait::async_trait;
use k8s_openapi::{
    api::apps::v1::Deployment, apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{Api, ResourceExt, api::ListParams};
use landfall_core::event::{Row, Table};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{Trouble, look::aside},
    kind::{Context, Lookup, LookupAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScalingOwner {
    /// The cluster; the target's where left out. Only named in the note: what runs is asked of the cluster itself.
    #[serde(default)]
    cluster: Option<String>,
}

#[derive(Default)]
struct Seen {
    cluster_autoscaler: Option<String>,
    karpenter: Option<String>,
    blind: bool,
}

#[async_trait]
impl Lookup for ScalingOwner {
    const ABOUT: LookupAbout = LookupAbout { name: "aws.scaling_owner", about: "who scales the nodes" };

    async fn rows(&self, cx: &Context) -> Result<Table, Trouble> {
        let cluster = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        Ok(table(&look(cx).await?, cluster))
    }
}

async fn look(cx: &Context) -> Result<Seen, Trouble> {
    let Some(client) = aside(cx.cloud.kube.client().await)? else { return Ok(Seen { blind: true, ..Seen::default() }) };
    let mut seen = Seen::default();
    let pages = ListParams::default().limit(500);
    match aside(Api::<Deployment>::all(client.clone()).list_metadata(&pages).await)? {
        Some(deployments) => {
            let place = |name: &str| {
                let found = deployments.items.iter().find(|item| item.name_any().contains(name))?;
                Some(format!("{}/{}", found.namespace().unwrap_or_default(), found.name_any()))
            };
            seen.cluster_autoscaler = place("cluster-autoscaler");
            seen.karpenter = place("karpenter");
        }
        None => seen.blind = true,
    }
    let definitions: Api<CustomResourceDefinition> = Api::all(client);
    if seen.karpenter.is_none()
        && let Some(Some(_)) = aside(definitions.get_metadata_opt("nodepools.karpenter.sh").await)?
    {
        // Karpenter may run outside the cluster, as it does in EKS Auto Mode.
        seen.karpenter = Some("NodePools".into());
    }
    Ok(seen)
}

fn table(seen: &Seen, cluster: &str) -> Table {
    let suggested = match seen {
        Seen { cluster_autoscaler: Some(_), .. } => "cluster_autoscaler",
        Seen { karpenter: Some(_), .. } => "karpenter",
        _ => "step_policies",
    };
    let found = |place: &Option<String>| place.as_ref().map_or_else(String::new, |place| format!("found: {place}"));
    let row = |value: &str, what: &str, found: String| Row {
        value: value.into(),
        cells: vec![what.to_owned(), found],
        suggested: value == suggested,
        ..Row::default()
    };
    let note = if seen.blind {
        format!("cluster {cluster} could not be asked what runs in it: say it yourself")
    } else {
        format!("what runs in cluster {cluster}; two autoscalers on one group fight")
    };
    Table {
        columns: vec!["who".into(), "seen".into()],
        rows: vec![
            row("step_policies", "alarms and step policies of the guide", String::new()),
            row("cluster_autoscaler", "cluster-autoscaler", found(&seen.cluster_autoscaler)),
            row("karpenter", "Karpenter", found(&seen.karpenter)),
            row("nobody", "nobody: a fixed number of nodes", String::new()),
        ],
        note,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suggested(seen: &Seen) -> String {
        let table = table(seen, "pay-1");
        table.rows.iter().find(|row| row.suggested).unwrap().value.as_str().unwrap().to_owned()
    }

    #[test]
    fn what_runs_already_is_suggested() {
        assert_eq!(suggested(&Seen::default()), "step_policies");
        let autoscaler = Seen { cluster_autoscaler: Some("kube-system/cluster-autoscaler".into()), ..Seen::default() };
        assert_eq!(suggested(&autoscaler), "cluster_autoscaler");
        assert_eq!(suggested(&Seen { karpenter: Some("NodePools".into()), ..Seen::default() }), "karpenter");
    }

    #[test]
    fn not_having_been_let_in_is_said() {
        assert!(table(&Seen { blind: true, ..Seen::default() }, "pay-1").note.contains("say it yourself"));
    }
}
