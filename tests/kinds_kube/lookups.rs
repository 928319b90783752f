//! Look-ups.

use landfall_core::mapping::VendorFile;
use serde_json::json;

use super::{place::Place, release::SCENARIO};

fn chart(place: &Place) -> serde_json::Value {
    let password = place.secret("helm.password", "repository-canary");
    json!({"chart": "web", "repository": "https://charts.example.com/stable", "username": "team", "password": password})
}

#[tokio::test]
async fn a_charts_keys_come_with_comments_digests_and_the_gaps_marked() {
    let place = Place::simulated(SCENARIO).await;
    let table = place.rows("helm.chart", chart(&place)).await;
    assert!(table.note.starts_with("web 1.2.0, sha256:"), "{}", table.note);
    let file = VendorFile::of_table(&table).unwrap();
    assert_eq!((file.of.chart.as_str(), file.of.version.as_str()), ("web", "1.2.0"));
    assert_eq!((file.of.digest.len(), file.of.values.len()), (64, 64));
    let gaps: Vec<_> = file.gaps().map(|key| (key.path.to_string(), key.comment.clone())).collect();
    assert_eq!(gaps, [("host".to_owned(), "the name people open".to_owned())]);
    assert!(file.keys.len() > 1, "keys that have a value can be set, too: {file:?}");
}

#[tokio::test]
async fn a_charts_versions_and_facts_are_listed() {
    let place = Place::simulated(SCENARIO).await;
    let table = place.rows("helm.chart_versions", chart(&place)).await;
    assert_eq!(table.rows[0].cells, ["1.2.0", "7"]);
    assert!(table.rows[0].suggested);
    let facts = place.rows("helm.chart_facts", chart(&place)).await;
    assert_eq!(facts.rows[0].value["version"], "1.2.0");
    let brought = json!({"chart": "web", "chart_file": facts.rows[0].value["file"]});
    assert_eq!(place.rows("helm.chart_versions", brought).await.rows[0].cells[0], "1.2.0");
}

#[tokio::test]
async fn contexts_namespaces_and_who_offers_gpus_are_listed() {
    let place = Place::simulated("kubernetes: { gpu: operator }").await;
    let contexts = place.rows("kube.contexts", json!({})).await;
    assert!(contexts.rows.iter().any(|row| row.suggested), "{contexts:?}");
    let namespaces = place.rows("kube.namespaces", json!({})).await;
    assert!(namespaces.rows.iter().any(|row| row.value == "kube-system" && row.rejected.is_some()), "{namespaces:?}");
    let offer = place.rows("kube.gpu_offer", json!({})).await;
    assert_eq!(offer.rows[0].value["by"], "gpu_operator", "{offer:?}");
    let nobody = Place::simulated("").await;
    assert!(nobody.rows("kube.gpu_offer", json!({})).await.rows.is_empty());
}
