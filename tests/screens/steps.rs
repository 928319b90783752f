//! Steps handed over, and a plan reviewed after steps have run.

use std::sync::Arc;

use landfall_core::{
    event::{Difference, Handed, Happened, How},
    wizard::{Change, Ended, Input, Key, PlanShown, ReviewLine},
};
use serde_json::json;

use super::given::{Led, at, enter};

fn handed() -> Box<Handed> {
    Box::new(Handed {
        to: "IAM team".into(),
        reason: "only they may make roles, IAM-311".into(),
        at: at(320),
        file: "/home/sam/.local/state/landfall/3f3ecb3c/handed-over/steps-gpu_node_group.md".into(),
        page: "# Arthur Shield: GPU node group".into(),
    })
}

#[test]
fn plan_handing_a_step_over() {
    let mut led = Led::plan();
    led.press(&[Key::Down, Key::letter('h')]);
    led.type_in("IAM team");
    led.press(&[enter()]);
    led.type_in("IAM-311");
    led.snapshot("plan_handing_over");
}

#[test]
fn install_of_a_step_that_was_handed_over() {
    let mut led = Led::install();
    let until = "it is there, but not as asked: labels".to_owned();
    let story = vec!["labels: planned capability=gpu, found none".to_owned()];
    let deadline = Some(at(320 + 2 * 86_400));
    led.say(330, "steps/gpu_node_group", Happened::HandedOver { handed: handed(), until, story, deadline });
    led.input(Input::Tick(at(320 + 7_300)));
    led.snapshot("install_handed_over");
}

#[test]
fn plan_reviewed_after_an_answer_changed() {
    let mut led = Led::install();
    led.say(400, "steps/gpu_launch_template", Happened::Finished { how: How::Made, outputs: json!({}) });
    led.say(500, "steps/gpu_node_group", Happened::Finished { how: How::Made, outputs: json!({}) });
    led.input(Input::Ended(Ended::Done));
    let shown = led.0.plan.plan.clone().unwrap_or_default();
    let mut shown = PlanShown::clone(&shown);
    shown.notes.clear();
    shown.unchanged = 21;
    for task in &mut shown.tasks {
        task.what = Change::Unchanged;
    }
    shown.tasks[1].what = Change::Change;
    shown.tasks[1].changes =
        vec![Difference { field: "scaling.max".into(), wanted: "4".into(), found: "2".into(), fixed: false }];
    let line = |path: &str, what: Change, why: &str| ReviewLine {
        path: path.parse().unwrap(),
        what,
        why: why.into(),
        keeps_data: false,
    };
    shown.review = vec![
        line("steps/gpu_node_group", Change::Change, "the answer gpu_max changed from 2 to 4 (scaling)"),
        line("steps/cpu_alarm", Change::Unwanted, "these answers no longer want it"),
    ];
    led.input(Input::Go(landfall_core::wizard::Stage::Plan));
    led.input(Input::PlanReady(Arc::new(shown)));
    led.press(&[Key::Down, Key::letter('u')]);
    led.snapshot("plan_review");
}
