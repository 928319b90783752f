//! Install, Verify, Summary.

use std::sync::Arc;

use landfall_core::{
    event::{Choice, Difference, Happened, How, Outcome, Problem, Question, Waiting},
    why::{EventRow, Link, LogLine, NodeRow, PodRow, PodWait, Snapshot},
    wizard::{Ended, Input, Key},
};
use serde_json::json;

use super::given::{Led, at, enter, looked};

fn waiting() -> Led {
    let mut led = Led::install();
    led.say(400, "steps/gpu_launch_template", Happened::Applying);
    led.say(402, "steps/gpu_launch_template", Happened::Finished { how: How::Made, outputs: json!({}) });
    led.say(403, "steps/gpu_node_group", Happened::Applying);
    let issue = Problem::new(
        "AsgInstanceLaunchFailures",
        "InsufficientInstanceCapacity in us-east-2a",
        "Offer another zone or instance type, or wait.",
    );
    let why = Waiting {
        on: "CREATING".into(),
        story: vec!["scaling: Launching a new EC2 instance, failed".into()],
        problem: Some(issue.why("AWS has no g4dn.2xlarge left in that zone now.")),
        done: Some((0, 2)),
    };
    let deadline = Some(at(403 + 25 * 60));
    led.say(404, "steps/gpu_node_group", Happened::Waiting { why, deadline, usual: Some("3 to 6 minutes".into()) });
    led.input(Input::Tick(at(403 + 6 * 60)));
    led.input(Input::Snapshot(Arc::new(snapshot())));
    led
}

pub fn snapshot() -> Snapshot {
    let node = |name: &str| {
        Arc::new(NodeRow {
            name: name.into(),
            ready: true,
            since: Some(at(-86_400 * 40)),
            instance_type: Some("m6i.large".into()),
            zone: Some("us-east-2a".into()),
            node_group: Some("cpu".into()),
            ..NodeRow::default()
        })
    };
    let pending = PodRow {
        name: "shield-auth-7c9b8d6f5-2xkqp".into(),
        status: "Pending".into(),
        containers: 1,
        since: Some(at(700)),
        requests: [("nvidia.com/gpu".into(), 1)].into(),
        waits: Some(Box::new(PodWait {
            unschedulable: Some("0/2 nodes are available: 2 Insufficient nvidia.com/gpu.".into()),
            ..PodWait::default()
        })),
        ..PodRow::default()
    };
    let running = PodRow {
        name: "shield-genai-0".into(),
        status: "Running".into(),
        ready: 1,
        containers: 1,
        since: Some(at(690)),
        node: Some("ip-10-0-1-17".into()),
        ..PodRow::default()
    };
    let event = EventRow {
        name: "a".into(),
        at: Some(at(705)),
        warning: true,
        about: "Pod/shield-auth-7c9b8d6f5-2xkqp".into(),
        reason: "FailedScheduling".into(),
        message: "0/2 nodes are available: 2 Insufficient nvidia.com/gpu.".into(),
        count: 3,
    };
    Snapshot {
        namespace: "shield".into(),
        link: Link::Live,
        nodes: vec![node("ip-10-0-1-17.us-east-2.compute.internal"), node("ip-10-0-2-40.us-east-2.compute.internal")],
        pods: vec![Arc::new(pending), Arc::new(running)],
        events: vec![Arc::new(event)],
        logs: [
            "==> Validating environment variables",
            "==> Running database migration",
            "==> Starting the GenAI Engine server",
        ]
        .map(|line| Arc::new(LogLine { pod: "shield-genai-0".into(), line: line.into() }))
        .to_vec(),
        ..Snapshot::default()
    }
}

#[test]
fn install_says_why_it_waits() {
    waiting().snapshot("install");
}

#[test]
fn install_pods() {
    let mut led = waiting();
    led.type_in("3");
    led.snapshot("install_pods");
}

#[test]
fn install_nodes() {
    let mut led = waiting();
    led.type_in("2");
    led.snapshot("install_nodes");
}

#[test]
fn install_logs_while_reconnecting() {
    let mut led = waiting();
    let mut snapshot = snapshot();
    snapshot.link = Link::Lost { since: at(740), why: "connection reset by peer".into() };
    led.input(Input::Snapshot(Arc::new(snapshot)));
    led.type_in("5");
    led.snapshot("install_logs");
}

#[test]
fn install_asks_about_drift() {
    let mut led = waiting();
    let question = Question {
        about: "drift".into(),
        text: "It is there already, made by somebody else, and differs. What shall be done?".into(),
        choices: vec![
            Choice { id: "use_as_is".into(), label: "leave it as it is and go on".into(), typed: None },
            Choice { id: "change".into(), label: "change it to what the plan says".into(), typed: None },
            Choice { id: "stop".into(), label: "stop here".into(), typed: None },
        ],
        differences: vec![Difference {
            field: "scaling.max".into(),
            wanted: "2".into(),
            found: "4".into(),
            fixed: false,
        }],
    };
    led.say(770, "steps/gpu_node_group", Happened::Asked { question });
    led.press(&[enter(), Key::Down]);
    led.snapshot("install_question");
}

#[test]
fn install_waits_for_a_person() {
    let mut led = waiting();
    led.say(800, "steps/gpu_node_group", Happened::Finished { how: How::Made, outputs: json!({}) });
    led.say(900, "steps/release", Happened::Finished { how: How::Made, outputs: json!({}) });
    led.input(Input::Snapshot(Arc::new(Snapshot::default())));
    led.say(
        901,
        "steps/auth_dns",
        Happened::Person {
            instruction: "Make a CNAME: shield-auth.corp.example → k8s-shield-1234.elb.us-east-2.amazonaws.com".into(),
            until: "shield-auth.corp.example has no record yet".into(),
            deadline: Some(at(901 + 2 * 86_400)),
        },
    );
    led.input(Input::Tick(at(960)));
    led.snapshot("install_person");
}

#[test]
fn install_that_failed() {
    let mut led = waiting();
    let problem = Problem::new(
        "EKS-JOIN-FAILED",
        "no node joined within 25 minutes",
        "Look at the instances' system log, correct the user data, then press r.",
    )
    .why("NodeCreationFailure: instances failed to join the kubernetes cluster.");
    led.say(1_900, "steps/gpu_node_group", Happened::Failed { problem });
    led.say(1_901, "steps/release", Happened::Skipped { reason: "GPU node group failed".into() });
    led.say(1_901, "steps/auth_dns", Happened::Skipped { reason: "GPU node group failed".into() });
    led.input(Input::Snapshot(Arc::new(Snapshot::default())));
    led.input(Input::Ended(Ended::Failed));
    led.snapshot("install_failed");
}

#[test]
fn verify() {
    let mut led = Led::verify();
    led.say(610, "verify/pods", looked(Outcome::pass("3 of 3 ready")));
    let problem = Problem::new(
        "TLS-NAME",
        "the certificate is for *.corp.internal",
        "Use a certificate that names shield.corp.example.",
    )
    .why("People would be warned.");
    led.say(612, "verify/docs", Happened::Looked { outcome: Outcome::Fail { problem }, seat: Some("here".into()) });
    led.input(Input::LookedAll);
    led.snapshot("verify");
}

#[test]
fn summary() {
    Led::summary().snapshot("summary");
}

#[test]
fn install_that_is_done_says_where_it_goes_on() {
    let mut led = waiting();
    for path in ["steps/gpu_node_group", "steps/release", "steps/auth_dns"] {
        led.say(900, path, Happened::Finished { how: How::Made, outputs: json!({}) });
    }
    led.input(Input::Ended(Ended::Done));
    led.snapshot("install_done");
    led.type_in("3");
    let screen = led.screen((80, 24));
    assert!(screen.contains("Enter or n goes on to Verify") && screen.contains("Enter next"), "{screen}");
    led.type_in("n");
    assert_eq!(led.0.stage, landfall_core::wizard::Stage::Verify);
}

#[test]
fn a_namespace_that_is_not_there_yet_is_waited_for() {
    let mut led = waiting();
    let picture = Snapshot {
        namespace: "shield".into(),
        namespace_there: Some(false),
        link: Link::Live,
        nodes: snapshot().nodes,
        ..Snapshot::default()
    };
    led.input(Input::Snapshot(Arc::new(picture)));
    led.type_in("3");
    for size in super::given::SIZES {
        let screen = led.screen(size);
        assert!(screen.contains("waiting for the namespace") && !screen.contains("reconnecting"), "{screen}");
    }
    led.type_in("2");
    assert!(led.screen((80, 24)).contains("m6i.large"), "nodes need no namespace");
}

#[test]
fn a_person_who_has_done_it_is_not_counted_any_more() {
    let mut led = waiting();
    let what = Happened::Person { instruction: "Make it.".into(), until: "it is there".into(), deadline: None };
    led.say(901, "steps/auth_dns", what);
    assert!(led.0.progress().contains("1 for a person"));
    led.say(902, "steps/auth_dns", Happened::Finished { how: How::HandedOver, outputs: json!({}) });
    assert!(!led.0.progress().contains("for a person") && !led.0.needs_person());
}
