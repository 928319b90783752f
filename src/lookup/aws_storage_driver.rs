//! `aws.storage_driver`: how did the EBS CSI driver come into the cluster, if it did?

use async_trait::async_trait;
use k8s_openapi::api::storage::v1::CSIDriver;
use kube::{Api, ResourceExt};
use landfall_core::event::{Row, Table};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        look::{addon, aside, cluster},
    },
    kind::{Context, Lookup, LookupAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StorageDriver {
    /// The cluster; the target's where left out.
    #[serde(default)]
    cluster: Option<String>,
}

/// The driver's name in the cluster, and its add-on's.
const DRIVER: &str = "ebs.csi.aws.com";
const ADDON: &str = "aws-ebs-csi-driver";

#[derive(Debug, Default, PartialEq)]
struct Seen {
    auto_mode: bool,
    addon: Option<String>,
    release: Option<String>,
    driver: bool,
}

#[async_trait]
impl Lookup for StorageDriver {
    const ABOUT: LookupAbout =
        LookupAbout { name: "aws.storage_driver", about: "how the EBS CSI driver came into the cluster" };
    const SERVICES: &'static [&'static str] = &["eks"];

    async fn rows(&self, cx: &Context) -> Result<Table, Trouble> {
        let name = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        let cluster = cluster::cluster(&cx.cloud, name).await?;
        let mut seen = Seen {
            auto_mode: cluster.compute_config().and_then(|compute| compute.enabled()).unwrap_or_default(),
            ..Seen::default()
        };
        seen.addon = aside(addon::find(&cx.cloud, name, ADDON).await)?.flatten().and_then(|addon| addon.addon_version);
        if let Some(client) = aside(cx.cloud.kube.client().await)?
            && let Some(Some(driver)) = aside(Api::<CSIDriver>::all(client).get_opt(DRIVER).await)?
        {
            seen.driver = true;
            let helm = driver.labels().get("app.kubernetes.io/managed-by").is_some_and(|by| by == "Helm");
            seen.release = driver.annotations().get("meta.helm.sh/release-name").cloned().filter(|_| helm);
        }
        Ok(table(&seen))
    }
}

fn table(seen: &Seen) -> Table {
    let suggested = match seen {
        Seen { auto_mode: true, .. } => "auto_mode",
        Seen { addon: Some(_), .. } => "addon",
        Seen { release: Some(_), .. } => "helm",
        Seen { driver: true, .. } => "other",
        _ => "addon",
    };
    let row = |value: &str, what: &str, seen: String| Row {
        value: value.into(),
        cells: vec![what.to_owned(), seen],
        suggested: value == suggested,
        ..Row::default()
    };
    let found = |what: &Option<String>| what.as_ref().map_or_else(String::new, |what| format!("found: {what}"));
    let other =
        if seen.driver && seen.addon.is_none() && seen.release.is_none() { "found: the driver itself" } else { "" };
    Table {
        columns: vec!["how".into(), "seen".into()],
        rows: vec![
            row("addon", "an EKS add-on", found(&seen.addon)),
            row("helm", "a Helm release", found(&seen.release)),
            row(
                "auto_mode",
                "EKS Auto Mode brings its own",
                if seen.auto_mode { "found".into() } else { String::new() },
            ),
            row("other", "manifests, or another tool", other.into()),
        ],
        note: "`helm list -A` shows no add-ons, and EKS lists no Helm releases".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suggested(seen: &Seen) -> String {
        let table = table(seen);
        table.rows.iter().find(|row| row.suggested).unwrap().value.as_str().unwrap().to_owned()
    }

    #[test]
    fn what_is_there_is_suggested() {
        assert_eq!(suggested(&Seen::default()), "addon");
        assert_eq!(suggested(&Seen { auto_mode: true, ..Seen::default() }), "auto_mode");
        let helm = Seen { release: Some("aws-ebs-csi-driver".into()), driver: true, ..Seen::default() };
        assert_eq!(suggested(&helm), "helm");
        assert_eq!(suggested(&Seen { driver: true, ..Seen::default() }), "other");
    }
}
