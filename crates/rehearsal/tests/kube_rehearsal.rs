//! The cluster of a whole rehearsal, reached by what the rehearsal hands out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use base64::{Engine, engine::general_purpose::STANDARD};
use landfall_rehearsal::{Options, Rehearsal, Scenario};
use serde_json::Value;

#[tokio::test]
async fn the_kubeconfig_leads_to_the_accounts_cluster() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let scenario: Scenario = serde_yaml::from_str("id: smooth").unwrap();
    let rehearsal = Rehearsal::start(Options { scenario, ..Options::default() }).await.unwrap();
    let config = std::fs::read_to_string(&rehearsal.environment()["KUBECONFIG"]).unwrap();
    let config: Value = serde_yaml::from_str(&config).unwrap();
    let cluster = &config["clusters"][0]["cluster"];
    let authority = STANDARD.decode(cluster["certificate-authority-data"].as_str().unwrap()).unwrap();
    let client = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&authority).unwrap()])
        .no_proxy()
        .build()
        .unwrap();
    let get = |path: &str| {
        let url = format!("{}{path}", cluster["server"].as_str().unwrap());
        let request = client.get(url).bearer_auth(config["users"][0]["user"]["token"].as_str().unwrap());
        async move { request.send().await.unwrap().json::<Value>().await.unwrap() }
    };
    let account = &rehearsal.world().aws;
    assert_eq!(
        get("/.well-known/openid-configuration").await["issuer"].as_str(),
        account.issuer(&account.clusters()[0]).as_deref()
    );
    let nodes = get("/api/v1/nodes?labelSelector=eks.amazonaws.com%2Fnodegroup%3Dcpu-1").await;
    let ready = |node: &&Value| {
        node["status"]["conditions"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["type"] == "Ready" && one["status"] == "True")
    };
    assert_eq!(nodes["items"].as_array().unwrap().iter().filter(ready).count(), 2, "{nodes:#}");
    let coredns = get("/apis/apps/v1/namespaces/kube-system/deployments/coredns").await;
    assert_eq!(coredns["status"]["availableReplicas"], 2);
    assert_eq!(rehearsal.world().cluster.troubles(), Vec::<String>::new());
}
