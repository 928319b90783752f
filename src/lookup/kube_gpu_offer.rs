//! `kube.gpu_offer`: who offers GPUs to pods: a device plugin, or the GPU Operator? No row where nobody does.

use async_trait::async_trait;
use landfall_core::event::{Row, Table};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::{
    cloud::{
        Trouble,
        offer::{By, Offer, offers},
    },
    kind::{Context, Lookup, LookupAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubeGpuOffer {
    /// The resource.
    #[serde(default = "gpu")]
    resource: String,
}

fn gpu() -> String {
    "nvidia.com/gpu".into()
}

#[async_trait]
impl Lookup for KubeGpuOffer {
    const ABOUT: LookupAbout = LookupAbout { name: "kube.gpu_offer", about: "who offers GPUs to pods" };

    async fn rows(&self, cx: &Context) -> Result<Table, Trouble> {
        let client = cx.cloud.kube.client().await?;
        let mut rows = Vec::new();
        for offer in offers(&client, &self.resource).await? {
            // What this install made is no reason to leave it out of the next plan.
            if !offer.ours(&client, &cx.install).await {
                rows.push(row(&offer, rows.is_empty()));
            }
        }
        Ok(Table {
            columns: ["who", "what", "ready"].map(str::to_owned).to_vec(),
            rows,
            note: format!("DaemonSets and Deployments that offer {}", self.resource),
        })
    }
}

fn row(offer: &Offer, suggested: bool) -> Row {
    let what = match offer.by {
        By::DevicePlugin => "device plugin",
        By::GpuOperator => "GPU Operator",
    };
    Row {
        value: json!(offer),
        cells: vec![offer.name.clone(), what.into(), format!("{} of {}", offer.ready, offer.desired)],
        rejected: None,
        suggested,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_says_who_and_what() {
        let offer = Offer {
            by: By::GpuOperator,
            name: "gpu-operator/gpu-operator".into(),
            release: None,
            desired: 1,
            ready: 1,
        };
        assert_eq!(row(&offer, true).value, json!({"by": "gpu_operator", "name": "gpu-operator/gpu-operator"}));
    }
}
