//! `kube.namespaces`: which namespaces are there?

use async_trait::async_trait;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, ResourceExt, api::ListParams};
use landfall_core::event::{Row, Table};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::Trouble,
    kind::{Context, Lookup, LookupAbout},
};

/// No parameters.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubeNamespaces {}

#[async_trait]
impl Lookup for KubeNamespaces {
    const ABOUT: LookupAbout = LookupAbout { name: "kube.namespaces", about: "namespaces of the cluster" };

    async fn rows(&self, cx: &Context) -> Result<Table, Trouble> {
        let namespaces: Api<Namespace> = Api::all(cx.cloud.kube.client().await?);
        let found = namespaces.list(&ListParams::default()).await?.items;
        let rows = found.iter().map(|namespace| row(namespace, &cx.target.namespace)).collect();
        Ok(Table { columns: vec!["namespace".into(), "state".into()], rows, note: "Kubernetes".into() })
    }
}

fn row(namespace: &Namespace, wanted: &str) -> Row {
    let name = namespace.name_any();
    let state = namespace.status.as_ref().and_then(|status| status.phase.clone()).unwrap_or_default();
    let rejected = if state == "Terminating" {
        Some("it is being deleted".to_owned())
    } else if name.starts_with("kube-") {
        Some("it belongs to Kubernetes itself".to_owned())
    } else {
        None
    };
    Row { value: name.clone().into(), suggested: rejected.is_none() && name == wanted, cells: vec![name, state], rejected }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_nobody_should_install_into_stays_visible_with_the_reason() {
        let namespace = |name: &str, phase: &str| -> Namespace {
            serde_json::from_value(json!({"metadata": {"name": name}, "status": {"phase": phase}})).unwrap()
        };
        assert!(row(&namespace("kube-system", "Active"), "shield").rejected.is_some());
        assert!(row(&namespace("old", "Terminating"), "shield").rejected.is_some());
        assert!(row(&namespace("shield", "Active"), "shield").suggested);
    }
}
