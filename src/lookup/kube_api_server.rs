//! `kube.api_server`: can the API server's flags be seen? One row a server that runs as a pod; none elsewhere.

use async_trait::async_trait;
use landfall_core::event::{Row, Table};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::{
    cloud::{Trouble, api_server},
    kind::{Context, Lookup, LookupAbout},
};

/// No parameters.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubeApiServer {}

#[async_trait]
impl Lookup for KubeApiServer {
    const ABOUT: LookupAbout =
        LookupAbout { name: "kube.api_server", about: "API servers that run as pods, whose flags can be seen" };

    async fn rows(&self, cx: &Context) -> Result<Table, Trouble> {
        let servers = match api_server::seen(&cx.cloud.kube.client().await?).await {
            Ok(servers) => servers,
            // Who may not look is as if there were none to see.
            Err(Trouble::Denied { .. }) => Vec::new(),
            Err(trouble) => return Err(trouble),
        };
        let row = |server: api_server::ApiServer| {
            let issuer = server.flags.get("oidc-issuer-url").and_then(|values| values.last()).cloned();
            Row {
                value: json!({ "pod": server.pod, "oidc_issuer": issuer }),
                cells: vec![server.pod, issuer.unwrap_or_default()],
                suggested: true,
                rejected: None,
            }
        };
        Ok(Table {
            columns: ["pod", "OIDC issuer"].map(str::to_owned).to_vec(),
            rows: servers.into_iter().map(row).collect(),
            note: String::new(),
        })
    }
}
