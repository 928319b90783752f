//! Who must reach whom: one list, which is there before there is an account, and which the check tries.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::rehearsed::{Served, landfall, run};

/// A list as text, wrapped or not.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn says(text: &str, wanted: &[&str]) {
    let text = words(text);
    for line in wanted {
        assert!(text.contains(line), "no {line} in:\n{text}");
    }
}

#[test]
fn the_list_is_there_without_credentials_or_network_and_names_what_is_missing() {
    let served = Served::start("smooth");
    let without: Vec<String> =
        served.answers().lines().filter(|line| !line.contains("\"database_host\"")).map(str::to_owned).collect();
    let answers = served.file("before.yaml", &without.join("\n"));
    let home = tempfile::tempdir().unwrap();
    // None of the rehearsal's settings: no account, no cluster, and a proxy that nobody answers at.
    let list = |more: &[&str]| {
        let mut command = landfall(home.path());
        command.env("HTTPS_PROXY", "http://127.0.0.1:9").env("AWS_EC2_METADATA_DISABLED", "true");
        command.args(["plan", "arthur-shield", "--hosts", "--answers"]).arg(&answers).args(more);
        let said = run(&mut command);
        said.ends_with(0);
        said.out
    };
    says(
        &list(&["--region", "us-east-2"]),
        &[
            "this machine → ec2.us-east-2.amazonaws.com:443 AWS's API: ec2:",
            "this machine → iam.amazonaws.com:443",
            "this machine → monitoring.us-east-2.amazonaws.com:443",
            "this machine → *.us-east-2.eks.amazonaws.com:443 the API server of the cluster",
            "nodes → *.us-east-2.eks.amazonaws.com:443",
            "nodes → api.ecr.us-east-2.amazonaws.com:443 EKS's own images are pulled",
            "pods → mycompany-east.openai.azure.com:443 Azure OpenAI answers",
            "pods → mycompany-sweden.openai.azure.com:443",
            "pods → <answer database_host>:5432 the database",
            "users' browsers → shield.mycompany.example:443",
            "from the answers.",
        ],
    );
    says(&list(&[]), &["this machine → ec2.<answer target.region>.amazonaws.com:443"]);
}

#[test]
fn a_secret_that_is_not_given_yet_is_named_where_its_host_would_stand() {
    let home = tempfile::tempdir().unwrap();
    let said = run(landfall(home.path()).args(["plan", "arthur-shield", "--hosts"]));
    said.ends_with(0);
    says(&said.out, &["pods → <secret openai.value>:443 Azure OpenAI answers; known once the secret openai is given"]);
}

/// The list inside a JSON document.
fn hosts(tree: &Value) -> Option<Vec<String>> {
    match tree {
        Value::Object(fields) => match fields.get("hosts").and_then(Value::as_array) {
            Some(lines) => Some(lines.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
            None => fields.values().find_map(hosts),
        },
        Value::Array(items) => items.iter().find_map(hosts),
        _ => None,
    }
}

#[test]
fn the_check_tries_what_the_list_holds() {
    let served = Served::start("smooth");
    let checked = served.landfall(&["check", "arthur-shield", "--yes", "--only", "checks/hosts", "--output", "ndjson"]);
    checked.ends_with(0);
    let planned = served.landfall(&["plan", "arthur-shield", "--yes", "--output", "json"]);
    planned.ends_with(0);
    let all = hosts(&serde_json::from_str(&planned.out).unwrap()).unwrap();
    let server = served.setting("AWS_REGION");
    says(&all.join("\n"), &["this machine → 127.0.0.1:", &format!("this machine → eks.{server}.amazonaws.com:443")]);
    // Before an install is there, this machine tries for nodes and pods, too.
    let tried: BTreeSet<&str> = all
        .iter()
        .filter(|line| ["this machine →", "nodes →", "pods →"].iter().any(|who| line.starts_with(who)))
        .filter_map(|line| line.split_once("→ ")?.1.split("  ").next())
        .filter(|host| !host.contains(['*', '<']))
        .collect();
    let outcome = checked.of("checks/hosts").last().unwrap()["fact"].as_str().unwrap().to_owned();
    assert!(outcome.starts_with(&format!("{} hosts answer", tried.len())), "{outcome}\n{tried:?}");
}

#[test]
fn the_message_to_the_network_team_holds_the_list() {
    let served = Served::start("smooth");
    let answers = served.world().join("answers.yaml");
    let home = tempfile::tempdir().unwrap();
    let mut command = landfall(home.path());
    let said =
        run(command.args(["guide", "needs", "arthur-shield", "--region", "us-east-2", "--answers"]).arg(answers));
    said.ends_with(0);
    let (_, message) = said.out.split_once("## Network routes").unwrap();
    says(
        message,
        &[
            "- this machine → servicequotas.us-east-2.amazonaws.com:443",
            "- pods → mycompany-east.openai.azure.com:443",
            "- users' browsers → shield.mycompany.example:443",
        ],
    );
}
