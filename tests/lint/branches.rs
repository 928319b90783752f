//! Each branch that the Shield guide offers is gone by at least one scenario: which one stands in this table. For the gateway
//! guide it is worked out.

use landfall::guides;
use landfall_core::{
    guide::{InputType, LoadedGuide},
    plan::{Answers, Settled, settle},
    value::Document,
};
use serde_json::{Value, json};

/// An input, what is chosen, and a scenario that goes that way.
const BRANCHES: [(&str, &str, &str); 56] = [
    ("install_mode", "full", "smooth"),
    ("install_mode", "api_only", "api-only"),
    ("chart_source", "repository", "smooth"),
    ("chart_source", "file", "brought-chart"),
    ("shield_tls", "pem", "smooth"),
    ("shield_tls", "secret", "brought-chart"),
    ("shield_tls", "cert_manager", "own-ami"),
    ("shield_tls", "acm", "idle-nodes-go"),
    ("auth_tls", "pem", "smooth"),
    ("auth_tls", "secret", "idle-nodes-go"),
    ("auth_tls", "cert_manager", "brought-chart"),
    ("auth_tls", "acm", "own-ami"),
    ("issuer_kind", "ClusterIssuer", "brought-chart"),
    ("issuer_kind", "Issuer", "own-ami"),
    ("database_tls", "require", "smooth"),
    ("database_tls", "verify_full", "own-ami"),
    ("database_tls", "disable", "idle-nodes-go"),
    ("registry", "vendor", "smooth"),
    ("registry", "mirror", "own-registry"),
    ("mirror_copy", "true", "own-registry"),
    ("mirror_copy", "false", "idle-nodes-go"),
    ("mirror_login", "login", "own-registry"),
    ("mirror_login", "node_role", "idle-nodes-go"),
    ("gpu_nodes", "managed", "smooth"),
    ("gpu_nodes", "custom_ami", "own-ami"),
    ("gpu_nodes", "existing", "by-hand"),
    ("gpu_taint", "false", "smooth"),
    ("gpu_taint", "true", "own-ami"),
    ("warm_pool", "false", "smooth"),
    ("warm_pool", "true", "brought-chart"),
    ("scaling", "step_policies", "smooth"),
    ("scaling", "cluster_autoscaler", "brought-chart"),
    ("scaling", "karpenter", "karpenter"),
    ("scaling", "nobody", "by-hand"),
    ("scale_in", "never", "smooth"),
    ("scale_in", "both_low", "own-ami"),
    ("scale_in", "separate", "idle-nodes-go"),
    ("detailed_monitoring", "false", "smooth"),
    ("detailed_monitoring", "true", "own-ami"),
    ("cpu_architecture", "arm64", "smooth"),
    ("cpu_architecture", "amd64", "karpenter"),
    ("secret_destination", "create", "smooth"),
    ("secret_destination", "verify", "brought-secrets"),
    ("secret_destination", "mixed", "brought-chart"),
    ("usage_tracker", "make_role", "smooth"),
    ("usage_tracker", "existing_role", "own-ami"),
    ("usage_tracker", "disabled", "brought-chart"),
    ("first_api_key", "file", "smooth"),
    ("first_api_key", "later", "brought-chart"),
    ("first_api_key", "show", "karpenter"),
    ("first_user", "false", "smooth"),
    ("first_user", "true", "idle-nodes-go"),
    // What may stay empty, and what is then there.
    ("cpu_node_group", "", "karpenter"),
    ("node_proxy", "http://proxy.mycompany.example:3128", "own-ami"),
    ("node_no_proxy", "[\"10.0.0.0/16\"]", "own-ami"),
    ("warm_pool_size", "1", "brought-chart"),
];

fn shield() -> LoadedGuide {
    LoadedGuide::read(guides::folder("arthur-shield").unwrap()).unwrap()
}

/// What a scenario's sample answers settle to.
fn settled(shield: &LoadedGuide, scenario: &str) -> Settled {
    let tree = shield.folder.scenario(scenario).unwrap();
    let document = Document::of(format!("scenarios/{scenario}.yaml"), tree["answers"].clone());
    let answers = Answers::read(&document, &shield.guide).unwrap();
    let facts = json!({"cluster": {"version": "1.31"}, "gpu_offer": null});
    let target = json!({"account": "123456789012", "region": "us-east-2", "cluster": "pay-1", "namespace": "shield"});
    settle(&shield.guide, &answers, facts.as_object().unwrap(), &target)
}

fn said(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[test]
fn each_scenario_goes_the_way_the_table_says() {
    let shield = shield();
    for (input, choice, scenario) in BRANCHES {
        let settled = settled(&shield, scenario);
        assert!(settled.asked.contains(&input.to_owned()), "{scenario} is not asked {input}");
        assert_eq!(said(&settled.values[input]), choice, "{input} in {scenario}");
    }
}

#[test]
fn every_choice_of_the_guide_is_in_the_table() {
    for input in &shield().guide.inputs {
        let choices: Vec<String> = match input.kind {
            InputType::Choice => input.choices.iter().map(|choice| choice.id().to_owned()).collect(),
            InputType::Boolean => vec!["true".into(), "false".into()],
            _ => continue,
        };
        for choice in choices {
            let there = BRANCHES.iter().any(|(id, value, _)| *id == input.id && *value == choice);
            assert!(there, "no scenario goes by {} = {choice}: add one, and its row", input.id);
        }
    }
}

#[test]
fn every_scenario_answers_all_that_it_is_asked() {
    let shield = shield();
    for scenario in shield.folder.scenarios() {
        assert_eq!(settled(&shield, scenario).open, [], "{scenario}");
    }
}

fn gateway() -> LoadedGuide {
    LoadedGuide::read(guides::folder("apheris-gateway").unwrap()).unwrap()
}

/// What the gateway's scenarios settle to.
fn gateways(gateway: &LoadedGuide) -> Vec<(String, Settled)> {
    let target =
        json!({"account": "123456789012", "region": "us-east-2", "cluster": "gateway", "namespace": "apheris"});
    let settled = |scenario: &str| {
        let answers = gateway.folder.scenario(scenario).unwrap()["answers"].to_string();
        let answers = serde_json::from_str(&answers.replace("{{ rehearsal }}", "/rehearsal")).unwrap();
        let document = Document::of(format!("scenarios/{scenario}.yaml"), answers);
        let answers = Answers::read(&document, &gateway.guide).unwrap();
        settle(&gateway.guide, &answers, &serde_json::Map::new(), &target)
    };
    gateway.folder.scenarios().into_iter().map(|scenario| (scenario.to_owned(), settled(scenario))).collect()
}

#[test]
fn every_way_of_the_gateway_guide_is_gone_by_a_scenario() {
    let gateway = gateway();
    let settled = gateways(&gateway);
    let goes = |id: &str, fits: &dyn Fn(&Value) -> bool| {
        settled.iter().any(|(_, settled)| settled.asked.iter().any(|asked| asked == id) && fits(&settled.values[id]))
    };
    for input in &gateway.guide.inputs {
        let choices: Vec<Value> = match input.kind {
            InputType::Choice => input.choices.iter().map(|choice| json!(choice.id())).collect(),
            InputType::Boolean => vec![json!(true), json!(false)],
            _ => Vec::new(),
        };
        for choice in choices {
            assert!(goes(&input.id, &|value| *value == choice), "no scenario goes by {} = {choice}", input.id);
        }
        // A digest of the rehearsal's own archive would only repeat how it was made.
        if input.optional && input.id != "module_sha256" {
            assert!(goes(&input.id, &|value| !value.is_null()), "no scenario fills in {}", input.id);
        }
        assert!(goes(&input.id, &|_| true), "no scenario is asked {}", input.id);
    }
}

#[test]
fn every_scenario_of_the_gateway_guide_answers_all_that_it_is_asked() {
    for (scenario, settled) in gateways(&gateway()) {
        assert_eq!(settled.open, [], "{scenario}");
    }
}
