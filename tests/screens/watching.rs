//! An install that is watched: `status --watch`.

use std::sync::Arc;

use landfall_core::{
    event::{Fact, Happened, How, Outcome, Problem, Waiting},
    journal::{Record, Stamped, Story},
    plan::Approved,
    why::{EventRow, Link, LogLine, PodLog, PodRow, Snapshot},
    wizard::{Effect, Input, Key, Resumed, Stage, Standing, TargetChoice},
};
use serde_json::json;

use super::{
    given::{Led, at, enter, guide, looked, seen},
    install::snapshot,
};

fn said(second: i64, path: &str, what: Happened) -> Fact {
    Fact { at: at(second), path: path.parse().unwrap(), what }
}

fn resumed(facts: Vec<Fact>) -> Input {
    let answers = json!({ "shield_host": "shield.corp.example", "auth_host": "shield-auth.corp.example" });
    let resumed = Resumed {
        install: "3fa9c1d2".into(),
        guide: guide(),
        target: seen(),
        choice: TargetChoice::default(),
        answers: answers.as_object().unwrap().clone(),
        facts: Default::default(),
        waivers: Vec::new(),
        attestations: Vec::new(),
        open: Vec::new(),
        said: facts,
        begun: true,
        plan: None,
        stage: Stage::Install,
    };
    let standing = Standing {
        install: "3fa9c1d2".into(),
        state: "going on: 2 of 4 steps done".into(),
        held_by: Some("process 4711".into()),
        last: Some(at(420)),
    };
    Input::Watching(Box::new(resumed), standing)
}

fn facts() -> Vec<Fact> {
    let quota = Problem::new("AWS-QUOTA-LOW", "0 of 16 vCPU in us-east-2", "Ask for more.");
    vec![
        said(100, "checks/version", looked(Outcome::Warn { problem: quota })),
        said(300, "steps/gpu_launch_template", Happened::Applying),
        said(302, "steps/gpu_launch_template", Happened::Finished { how: How::Made, outputs: json!({}) }),
        said(303, "steps/gpu_node_group", Happened::Applying),
        said(640, "steps/gpu_node_group", Happened::Finished { how: How::Made, outputs: json!({}) }),
        said(
            642,
            "steps/release",
            Happened::Waiting { why: Waiting::on("begun, no result written down yet"), deadline: None, usual: None },
        ),
    ]
}

fn watching() -> Led {
    let mut led = Led(landfall_core::wizard::Wizard::new(Led::start().0.catalogue.clone(), at(0), "sam"));
    let effects = led.input(resumed(facts()));
    assert_eq!(effects, [Effect::Watch(true)]);
    led.input(Input::Rehearsal("smooth".into()));
    led.input(Input::Tick(at(760)));
    led.input(Input::Snapshot(Arc::new(snapshot())));
    led
}

#[test]
fn watching_shows_where_the_install_stands() {
    watching().snapshot("watching");
}

#[test]
fn watching_pods() {
    let mut led = watching();
    led.type_in("3");
    led.snapshot("watching_pods");
}

#[test]
fn watching_events() {
    let mut led = watching();
    led.type_in("4");
    led.snapshot("watching_events");
}

#[test]
fn watching_while_reconnecting() {
    let mut led = watching();
    let lost = Snapshot { link: Link::Lost { since: at(748), why: "connection reset by peer".into() }, ..snapshot() };
    led.input(Input::Snapshot(Arc::new(lost)));
    led.type_in("3");
    led.snapshot("watching_reconnecting");
}

#[test]
fn watching_help() {
    let mut led = watching();
    led.type_in("3?");
    led.snapshot("watching_help");
}

#[test]
fn the_log_of_a_chosen_pod_is_followed() {
    let mut led = watching();
    led.type_in("3").press(&[Key::Down]);
    let effects = led.input(Input::Key(enter()));
    assert_eq!(effects, [Effect::Follow(Some("shield-genai-0".into()))]);
    let lines = (0..40).map(|number| {
        Arc::new(LogLine {
            pod: "shield-genai-0".into(),
            line: format!(
                "INFO request {number} answered in 12 ms, model gpt-4, 812 tokens in, 64 tokens out, no rule was hit"
            ),
        })
    });
    let log = PodLog { pod: "shield-genai-0".into(), lines: lines.collect(), logged: 40 };
    led.input(Input::Snapshot(Arc::new(Snapshot { pod_log: Some(Arc::new(log)), ..snapshot() })));
    led.snapshot("watching_log");
    led.type_in("w");
    assert!(led.screen((80, 24)).contains("request 39 answered"), "one line each");
    led.press(&[Key::Right]);
    assert!(!led.screen((80, 24)).contains("request 39 answered"), "further right");
    let effects = led.input(Input::Key(Key::letter('l')));
    assert_eq!(effects, [Effect::Follow(None)], "all pods again");
}

#[test]
fn a_filter_takes_names_and_codes() {
    let mut led = watching();
    led.type_in("3/genai");
    led.snapshot("watching_filter");
    led.press(&[enter()]);
    let screen = led.screen((80, 24));
    assert!(screen.contains("filter genai: 1 shown") && !screen.contains("0/1"), "{screen}");
    let code = snapshot().pods[0].code();
    led.type_in("/").press(&[const { Key::Backspace }; 5]).type_in(&code.to_lowercase()).press(&[enter()]);
    let screen = led.screen((80, 24));
    assert!(screen.contains(&code) && screen.contains("1 shown"), "{screen}");
    led.type_in("/").press(&[Key::Esc]);
    assert!(!led.screen((80, 24)).contains("1 shown"));
}

#[test]
fn a_held_picture_stays_and_the_newest_one_comes_back() {
    let mut led = watching();
    led.type_in("3 ");
    led.input(Input::Snapshot(Arc::new(Snapshot { link: Link::Live, ..Snapshot::default() })));
    let screen = led.screen((80, 24));
    assert!(screen.contains("shield-genai-0") && screen.contains("held for"), "{screen}");
    led.type_in(" ");
    assert!(!led.screen((80, 24)).contains("shield-genai-0"));
}

#[test]
fn the_selection_stays_on_its_pod_while_others_come_and_go() {
    let mut led = watching();
    let pod = |name: &str| Arc::new(PodRow { name: name.into(), status: "Running".into(), ..PodRow::default() });
    let picture = |names: &[&str]| Snapshot { pods: names.iter().map(|name| pod(name)).collect(), ..snapshot() };
    led.input(Input::Snapshot(Arc::new(picture(&["b", "d", "f"]))));
    led.type_in("3").press(&[Key::Down]);
    led.input(Input::Snapshot(Arc::new(picture(&["a", "b", "c", "d", "e", "f"]))));
    let panels = &led.0.install.panels;
    assert_eq!((panels.selected.as_deref(), panels.at(&led.0.snapshot)), (Some("d"), 3));
    led.input(Input::Snapshot(Arc::new(picture(&["a", "b", "c", "e", "f"]))));
    assert_eq!(led.0.install.panels.selected.as_deref(), Some("e"), "the one in its place");
}

#[test]
fn lines_scrolled_to_stay_in_sight_while_new_ones_come() {
    let mut led = watching();
    let picture = |last: u64| {
        let lines = (0..last).map(|number| Arc::new(LogLine { pod: "a".into(), line: format!("line {number};") }));
        Snapshot { logs: lines.collect(), logged: last, ..snapshot() }
    };
    led.input(Input::Snapshot(Arc::new(picture(60))));
    led.type_in("5").press(&[Key::PageUp]);
    assert!(led.screen((80, 24)).contains("line 49;") && !led.screen((80, 24)).contains("line 50;"));
    led.input(Input::Snapshot(Arc::new(picture(75))));
    assert!(led.screen((80, 24)).contains("line 49;") && !led.screen((80, 24)).contains("line 50;"));
    led.press(&[Key::End]);
    assert!(led.screen((80, 24)).contains("line 74;"));
}

#[test]
fn what_the_journal_says_next_is_shown_and_the_selection_stays() {
    let mut led = watching();
    led.press(&[Key::Up]);
    let selected = led.0.install.tasks.selected().unwrap().path.clone();
    let mut facts = facts();
    facts.pop();
    facts.push(said(
        700,
        "steps/release",
        Happened::Failed { problem: Problem::new("HELM-FAILED", "it failed", "Look.") },
    ));
    assert_eq!(led.input(resumed(facts)), []);
    assert_eq!(led.0.install.tasks.selected().unwrap().path, selected);
    assert!(led.screen((80, 24)).contains("it failed"));
}

#[test]
fn nothing_can_be_done_from_this_seat() {
    let mut led = watching();
    for panel in ["1", "3"] {
        led.type_in(panel);
        for key in ["n", "a", "r", "w", "g", "k"] {
            let effects = led.input(Input::Key(Key::letter(key.chars().next().unwrap())));
            assert!(effects.iter().all(|effect| matches!(effect, Effect::Follow(_))), "{key}: {effects:?}");
        }
        assert_eq!(led.input(Input::Key(Key::Esc)), []);
    }
    assert_eq!(led.0.stage, Stage::Install);
    assert_eq!(led.input(Input::Key(Key::letter('q'))), [Effect::Quit]);
}

#[test]
fn thousands_of_events_scroll_to_the_last() {
    let mut led = watching();
    let event = |number: i64| {
        Arc::new(EventRow {
            name: format!("e{number}"),
            at: Some(at(-number)),
            about: format!("Pod/p-{number}"),
            reason: "Pulled".into(),
            message: "Container image is already present on machine and can be accessed by the pod".into(),
            count: 1,
            ..EventRow::default()
        })
    };
    led.input(Input::Snapshot(Arc::new(Snapshot { events: (0..3_000).map(event).collect(), ..snapshot() })));
    led.type_in("4").press(&[Key::End]);
    for size in super::given::SIZES {
        assert!(led.screen(size).contains("p-2999"), "{}", led.screen(size));
    }
}

#[test]
fn the_count_is_the_same_on_the_installs_own_screen_beside_it_and_in_its_journal() {
    let mut own = Led::install();
    let plan = own.0.resolved.clone().unwrap();
    let planned = Record::Planned {
        digest: "d1".into(),
        facts: json!({}),
        approved: Box::new(Approved::of(&plan, Default::default(), Default::default())),
        name: "sam".into(),
        replace: Vec::new(),
    };
    let result = |path: &str| Record::Result {
        path: path.parse().unwrap(),
        kind: "x".into(),
        how: How::Made,
        parameters: json!({}),
        outputs: json!({}),
        secrets: Default::default(),
    };
    let looked_at = Record::Looked { path: "verify/gpu_job".parse().unwrap(), outcome: Outcome::pass("it runs") };
    let mut records = vec![planned, result("steps/gpu_launch_template"), result("steps/gpu_node_group"), looked_at];
    let told = |records: &[Record]| {
        let records: Vec<Stamped> = records.iter().map(|record| Stamped::now(at(400), record.clone())).collect();
        Story::fold(&records)
    };
    for fact in told(&records).facts_watched() {
        own.input(Input::Fact(fact));
    }
    let story = told(&records);
    let count = story.steps_done().to_string();
    assert!(count.starts_with("2 of "), "{count}");
    assert!(own.screen((120, 40)).contains(&format!("│ {count} ")), "{count}\n{}", own.screen((120, 40)));
    assert!(story.state().ends_with(&count), "{}", story.state());

    // Looking again takes nothing back; failing does.
    own.say(500, "steps/gpu_node_group", Happened::Looking);
    assert_eq!(own.0.steps_done(), story.steps_done());
    let problem = Problem::new("EKS-JOIN", "no node joined", "Look at its log.");
    records.push(Record::Failed { path: "steps/gpu_node_group".parse().unwrap(), problem: problem.clone() });
    own.say(510, "steps/gpu_node_group", Happened::Failed { problem });
    let story = told(&records);
    assert_eq!(own.0.steps_done(), story.steps_done());
    assert_eq!(story.steps_done().done, 1);

    // From beside it, checks and verifications stand in the same list, and are not counted.
    let mut beside = Led(landfall_core::wizard::Wizard::new(Led::start().0.catalogue.clone(), at(0), "sam"));
    let Input::Watching(resumed, standing) = resumed(story.facts_watched()) else { panic!("it is watched") };
    let state = format!("going on: {}", story.steps_done());
    beside.input(Input::Watching(resumed, Standing { state: state.clone(), ..standing }));
    assert!(beside.screen((120, 40)).contains(&format!("│ {state}")), "{}", beside.screen((120, 40)));
}
