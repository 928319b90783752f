//! Each way that a guide offers is gone by at least one of its scenarios, and every scenario answers all that it is asked.

use std::collections::BTreeSet;

use landfall::guides;
use landfall_core::{
    guide::{Input, InputType, LoadedGuide},
    plan::{Answers, Facts, Settled, settle},
    value::Document,
};
use serde_json::{Value, json};

/// Guides that are still being written: what is missing there is shown and fails nothing yet. One that lacks nothing has to
/// leave the list.
const NOT_WHOLE: &[&str] = &["deeploy-aws"];

fn all() -> Vec<LoadedGuide> {
    guides::embedded().into_iter().map(|folder| LoadedGuide::read(folder).unwrap()).collect()
}

/// What look-ups may have found: something ordinary, or nothing.
fn facts(guide: &LoadedGuide, found: bool) -> Facts {
    let cluster = json!({
        "version": "1.31", "auto_mode": false, "issuer": "https://oidc.eks.us-east-2.amazonaws.com/id/0A",
        "vpc_id": "vpc-0a1b2c3d", "security_group": "sg-0a1b2c3d",
    });
    let value = |id: &str| if found && id == "cluster" { cluster.clone() } else { Value::Null };
    guide.guide.facts.iter().map(|fact| (fact.id.clone(), value(&fact.id))).collect()
}

/// What a scenario's sample answers settle to.
fn settled(loaded: &LoadedGuide, scenario: &str, found: bool) -> Settled {
    let tree = loaded.folder.scenario(scenario).unwrap();
    // The rehearsal's own folder.
    let said = tree["answers"].to_string().replace("{{ rehearsal }}", "/tmp/rehearsal");
    let document = Document::of(format!("scenarios/{scenario}.yaml"), serde_json::from_str(&said).unwrap());
    let answers = Answers::read(&document, &loaded.guide).unwrap();
    let target = json!({
        "account": "123456789012", "region": "us-east-2", "cluster": "pay-1", "namespace": "somewhere", "partition": "aws",
    });
    settle(&loaded.guide, &answers, &facts(loaded, found), &target)
}

/// What can be answered to a question that has only so many answers.
fn ways(input: &Input) -> Vec<Value> {
    match input.kind {
        InputType::Choice => input.choices.iter().map(|choice| json!(choice.id())).collect(),
        InputType::Boolean => vec![json!(true), json!(false)],
        _ => Vec::new(),
    }
}

/// The ways that no scenario goes.
fn missing(loaded: &LoadedGuide) -> Vec<String> {
    let mut gone: BTreeSet<(String, String)> = BTreeSet::new();
    for scenario in loaded.folder.scenarios() {
        for found in [true, false] {
            let settled = settled(loaded, scenario, found);
            gone.extend(settled.asked.iter().map(|id| (id.clone(), settled.values[id].to_string())));
        }
    }
    let ways = loaded.guide.inputs.iter().flat_map(|input| ways(input).into_iter().map(move |way| (&input.id, way)));
    ways.filter(|(id, way)| !gone.contains(&((*id).clone(), way.to_string())))
        .map(|(id, way)| format!("{}: no scenario goes by {id} = {way}", loaded.guide.id))
        .collect()
}

#[test]
fn every_way_that_a_guide_offers_is_gone_by_some_scenario() {
    let mut wrong = Vec::new();
    for loaded in all() {
        let missing = missing(&loaded);
        if !NOT_WHOLE.contains(&loaded.guide.id.as_str()) {
            wrong.extend(missing);
        } else if missing.is_empty() {
            wrong.push(format!("{}: nothing is missing; take it from NOT_WHOLE", loaded.guide.id));
        } else {
            eprintln!("not whole yet:\n{}", missing.join("\n"));
        }
    }
    assert!(wrong.is_empty(), "add a scenario for each:\n{}", wrong.join("\n"));
}

#[test]
fn a_choice_that_no_scenario_takes_is_told() {
    let mut folder = guides::folder("arthur-shield").unwrap();
    folder.files.retain(|path, _| !path.ends_with("scenarios/karpenter.yaml"));
    let told = missing(&LoadedGuide::read(folder).unwrap());
    assert!(told.iter().any(|line| line.ends_with("scaling = \"karpenter\"")), "{told:?}");
}

#[test]
fn every_scenario_answers_all_that_it_is_asked() {
    let mut wrong = Vec::new();
    for loaded in all() {
        for scenario in loaded.folder.scenarios() {
            let open = settled(&loaded, scenario, true).open;
            wrong.extend(open.iter().map(|(id, why)| format!("{} {scenario}: {id}: {why}", loaded.guide.id)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
fn every_question_of_the_gateway_guide_is_asked_by_a_scenario_and_what_may_stay_empty_is_filled_in() {
    let gateway = gateway();
    let settled = gateways(&gateway);
    let goes = |id: &str, fits: &dyn Fn(&Value) -> bool| {
        settled.iter().any(|(_, settled)| settled.asked.iter().any(|asked| asked == id) && fits(&settled.values[id]))
    };
    for input in &gateway.guide.inputs {
        // A digest of the rehearsal's own archive would only repeat how it was made.
        if input.optional && input.id != "module_sha256" {
            assert!(goes(&input.id, &|value| !value.is_null()), "no scenario fills in {}", input.id);
        }
        assert!(goes(&input.id, &|_| true), "no scenario is asked {}", input.id);
    }
}
