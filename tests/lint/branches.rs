//! Each way that a guide offers is gone by at least one of its scenarios, and every scenario answers all that it is asked.

use std::{collections::BTreeSet, sync::LazyLock};

use landfall::guides;
use landfall_core::{
    guide::{Input, InputType, LoadedGuide},
    plan::{Answers, Facts, Settled, settle},
    value::Document,
};
use serde_json::{Value, json};

/// What is to happen to an input, and which answers do that.
type Way<'a> = (&'a str, &'a dyn Fn(&Value) -> bool);

/// A guide with what its scenarios' answers settle to.
struct Gone {
    loaded: LoadedGuide,
    settled: Vec<Settled>,
}

impl Gone {
    fn by(loaded: LoadedGuide) -> Self {
        let scenarios = loaded.folder.scenarios().into_iter();
        let settled = scenarios.flat_map(|scenario| [true, false].map(|found| settled(&loaded, scenario, found)));
        Self { settled: settled.collect(), loaded }
    }
}

/// Every guide: to settle them all takes long, and each test reads it.
static ALL: LazyLock<Vec<Gone>> = LazyLock::new(|| {
    guides::embedded().into_iter().map(|folder| Gone::by(LoadedGuide::read(folder).unwrap())).collect()
});

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
fn missing(Gone { loaded, settled }: &Gone) -> Vec<String> {
    let mut gone: BTreeSet<(String, String)> = BTreeSet::new();
    for settled in settled {
        gone.extend(settled.asked.iter().map(|id| (id.clone(), settled.values[id].to_string())));
    }
    let ways = loaded.guide.inputs.iter().flat_map(|input| ways(input).into_iter().map(move |way| (&input.id, way)));
    ways.filter(|(id, way)| !gone.contains(&((*id).clone(), way.to_string())))
        .map(|(id, way)| format!("{}: no scenario goes by {id} = {way}", loaded.guide.id))
        .collect()
}

#[test]
fn every_way_that_a_guide_offers_is_gone_by_some_scenario() {
    let wrong: Vec<String> = ALL.iter().flat_map(missing).collect();
    assert!(wrong.is_empty(), "add a scenario for each:\n{}", wrong.join("\n"));
}

#[test]
fn a_choice_that_no_scenario_takes_is_told() {
    let mut folder = guides::folder("arthur-shield").unwrap();
    folder.files.retain(|path, _| !path.ends_with("scenarios/karpenter.yaml"));
    let told = missing(&Gone::by(LoadedGuide::read(folder).unwrap()));
    assert!(told.iter().any(|line| line.ends_with("scaling = \"karpenter\"")), "{told:?}");
}

#[test]
fn every_scenario_answers_all_that_it_is_asked() {
    let mut wrong = Vec::new();
    for Gone { loaded, settled } in ALL.iter() {
        for (scenario, settled) in loaded.folder.scenarios().iter().zip(settled.iter().step_by(2)) {
            wrong.extend(settled.open.iter().map(|(id, why)| format!("{} {scenario}: {id}: {why}", loaded.guide.id)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What nobody is asked, or nobody fills in where it may stay empty.
fn unasked(Gone { loaded, settled }: &Gone) -> Vec<String> {
    let goes = |id: &str, fits: &dyn Fn(&Value) -> bool| {
        settled.iter().any(|settled| settled.asked.iter().any(|asked| asked == id) && fits(&settled.values[id]))
    };
    let mut wrong = Vec::new();
    for input in &loaded.guide.inputs {
        let ways: [Way<'_>; 3] = [
            ("is asked", &|_| true),
            ("fills in", &|value| !value.is_null()),
            ("leaves out", &|value| value.is_null()),
        ];
        let ways = if input.optional { &ways[..] } else { &ways[..1] };
        let missing = ways.iter().filter(|(_, fits)| !goes(&input.id, fits));
        wrong.extend(missing.map(|(what, _)| format!("{}: no scenario {what} {}", loaded.guide.id, input.id)));
    }
    wrong
}

#[test]
fn every_question_is_asked_by_a_scenario_and_what_may_stay_empty_is_filled_in_and_left_out() {
    let wrong: Vec<String> = ALL.iter().flat_map(unasked).collect();
    assert!(wrong.is_empty(), "add a scenario for each, or extend one:\n{}", wrong.join("\n"));
}

#[test]
fn what_no_scenario_leaves_out_or_fills_in_is_told() {
    let mut folder = guides::folder("arthur-platform").unwrap();
    folder.files.retain(|path, _| !path.starts_with("scenarios/") || path.ends_with("/smooth.yaml"));
    let told = unasked(&Gone::by(LoadedGuide::read(folder).unwrap()));
    for line in
        ["no scenario fills in volume_key", "no scenario leaves out probe_image", "no scenario is asked csi_role"]
    {
        assert!(told.iter().any(|told| told.ends_with(line)), "{line}: {told:?}");
    }
}
