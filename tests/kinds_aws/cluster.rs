//! Where the cluster can be asked, too: nodes that joined, and who scales.

use std::{path::PathBuf, sync::Arc};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use landfall::{
    cloud::{AwsEndpoint, Cloud, Endpoints},
    kind::Context,
};
use landfall_core::event::State;
use landfall_rehearsal::{Options, Rehearsal};
use serde_json::json;

use crate::{
    account::{Account, node_group, outputs, template},
    until,
};

/// A whole rehearsal, and the doors into it.
async fn start(speed: f64) -> (Rehearsal, Arc<Cloud>) {
    let _installed_before = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let scenario = serde_yaml::from_str("{ id: a-test, start: 2026-11-20T10:00:00Z }").unwrap();
    let rehearsal = Rehearsal::start(Options { scenario, speed: Some(speed), ..Options::default() }).await.unwrap();
    let environment = rehearsal.environment();
    let credentials = Credentials::new("ASIATEST", "secret", None, None, "a test");
    let endpoints = Endpoints {
        aws: Some(AwsEndpoint {
            url: environment["AWS_ENDPOINT_URL"].clone(),
            credentials: SharedCredentialsProvider::new(credentials),
        }),
        region: Some("us-east-2".into()),
        kubeconfig: Some(PathBuf::from(&environment["KUBECONFIG"])),
        no_proxy: environment["NO_PROXY"].clone(),
        clock: environment["LANDFALL_CLOCK"].parse().unwrap(),
        ..Endpoints::default()
    };
    (rehearsal, Arc::new(Cloud::new(endpoints)))
}

#[tokio::test]
async fn nodes_are_counted_as_they_join() {
    let (_rehearsal, cloud) = start(60.0).await;
    let account = Account::open("").await;
    let cx = Context { cloud: Arc::clone(&cloud), ..account.context() };
    let (templates, groups) = (&account.kinds.steps["ec2.launch_template"], &account.kinds.steps["eks.node_group"]);
    templates.apply(&cx, &template(60), "t-1").await.unwrap();
    let made = outputs(&templates.inspect(&cx, &template(60)).await.unwrap());
    let parameters = node_group(made["reference"].as_str().unwrap());
    groups.apply(&cx, &parameters, "t-2").await.unwrap();
    let mut told = Vec::new();
    until::given("the node group is there", async || match groups.inspect(&cx, &parameters).await.unwrap().state {
        State::Present { .. } => Ok(()),
        State::Pending { why } => {
            if !told.contains(&why.on) {
                told.push(why.on.clone());
            }
            Err(why)
        }
        other => panic!("{other:?}"),
    })
    .await;
    assert_eq!(told.first().map(String::as_str), Some("CREATING, 0 of 2 nodes joined"));
    assert!(told.contains(&"CREATING, 2 of 2 nodes joined".to_owned()), "{told:?}");
}

#[tokio::test]
async fn a_cluster_without_an_autoscaler_suggests_the_guides_own() {
    let (_rehearsal, cloud) = start(1.0).await;
    let account = Account::open("").await;
    let cx = Context { cloud, ..account.context() };
    let table = account.kinds.lookups["aws.scaling_owner"].rows(&cx, &json!({})).await.unwrap();
    let suggested: Vec<_> = table.rows.iter().filter(|row| row.suggested).map(|row| &row.value).collect();
    assert_eq!(suggested, [&json!("step_policies")]);
    assert!(table.note.starts_with("what runs in cluster pay-1"), "{}", table.note);
}
