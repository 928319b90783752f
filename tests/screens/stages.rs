//! The stages before the install.

use landfall_core::{
    event::{Happened, Outcome, Problem},
    wizard::{Input, Key},
};

use super::given::{Led, at, enter, looked, paste, quota};

/// The drawing of the design, line by line.
const DRAWN: &str = r#" REHEARSAL │ Arthur Shield │ 123456789012 corp-prod │ us-east-2 │ pay-1/shield
 ✓✓✓✓ ● Checks 5/9, next Plan │ 9 of 14 looked at, 1 stop, 1 warning      00:41
────────────────────────────────────────────────────────────────────────────────
   AWS-01 ✓ Identity           role/admin via corp-prod, expires in 52 min
   AWS-03 ✓ Node role          3 of 3 policies
 ▶ AWS-04 ✗ GPU quota          0 of 16 vCPU in us-east-2
   AWS-06 ! Kubernetes 1.31    support ends in 5 days
   K8S-02 ⠼ Metrics server     asking the cluster, 4 s
   K8S-03 ○ Ingress class      after: cluster reachable
   NET-01 ? Postgres           seen from here only; pods may differ
──────────────────────────────────────────────────────────────── AWS-04 ────────
 why   2 × g4dn.2xlarge need 16 vCPU; quota L-DB2E81BA is 0.
 fix   aws service-quotas request-service-quota-increase --service-code ec2 \
         --quota-code L-DB2E81BA --desired-value 16 --region us-east-2
 else  press w to go on in spite of it, with your name and reason
 from  Pre-requisites › EKS Cluster, "GPU node group"
────────────────────────────────────────────────────────────────────────────────
 Enter next  Esc back  ↑↓ move  r retry  y copy fix  e explain  ! shell  ? help"#;

fn checks() -> Led {
    let mut led = Led::checks();
    led.say(301, "checks/identity", looked(Outcome::pass("role/admin via corp-prod, expires in 52 min")));
    led.say(302, "checks/node_role", looked(Outcome::pass("3 of 3 policies")));
    led.say(303, "checks/gpu_quota", looked(Outcome::Fail { problem: quota() }));
    let support = Problem::new("EKS-SUPPORT", "support ends in 5 days", "Plan the upgrade.");
    led.say(304, "checks/version", looked(Outcome::Warn { problem: support }));
    led.say(337, "checks/metrics", Happened::Looking);
    let denied = "seen from here only; pods may differ".to_owned();
    led.say(310, "checks/database", looked(Outcome::Unknown { denied, ask: "the database team".into() }));
    led.input(Input::Tick(at(341)));
    led.press(&[Key::Down, Key::Down]);
    led
}

#[test]
fn checks_are_drawn_exactly_as_designed() {
    let mut led = checks();
    // The design shows 14 checks, 9 of them looked at, and one that waits for another.
    let tasks = &mut led.0.checks;
    tasks.rows[2].from = Some("Pre-requisites › EKS Cluster, \"GPU node group\"".into());
    let mut reachable = tasks.rows[0].clone();
    reachable.path.id = "reachable".into();
    reachable.title = "cluster reachable".into();
    reachable.code = "K8S-01".into();
    reachable.state = landfall_core::wizard::TaskState::Waits;
    tasks.rows[5].after = vec![reachable.path.clone()];
    let (mut passed, waits) = (tasks.rows[0].clone(), reachable);
    passed.code = "NET-02".into();
    passed.title = "Routes".into();
    for index in 0..4 {
        passed.path.id = format!("route_{index}");
        tasks.rows.push(passed.clone());
    }
    for index in 0..2 {
        let mut waits = waits.clone();
        waits.path.id = format!("reachable{}", ["", "_2"][index]);
        tasks.rows.push(waits);
    }
    let mut waits = tasks.rows[5].clone();
    waits.path.id = "last".into();
    tasks.rows.push(waits);
    let screen = led.screen((80, 24));
    let lines: Vec<&str> = screen.lines().collect();
    let mut rest = lines.iter();
    for drawn in DRAWN.lines() {
        assert!(rest.any(|line| *line == drawn), "not on the screen, or out of order:\n{drawn}\n\n{screen}");
    }
    assert_eq!(lines[0], DRAWN.lines().next().unwrap());
    assert_eq!(lines[23], DRAWN.lines().last().unwrap());
}

#[test]
fn guide() {
    Led::start().snapshot("guide");
}

#[test]
fn guide_without_credentials_offers_the_rehearsal_first() {
    let mut led = Led::start();
    led.input(Input::Credentials(false));
    led.snapshot("guide_no_credentials");
}

#[test]
fn target() {
    Led::target().snapshot("target");
}

#[test]
fn target_that_is_another_cluster() {
    let mut led = Led::target();
    let mut seen = super::given::seen();
    seen.proof = None;
    seen.doubt = Some(
        Problem::new(
            "TARGET-OTHER-CLUSTER",
            "the context pay-1 is not the EKS cluster pay-1",
            "Choose the right context, or build one from EKS (k):\n$ aws eks update-kubeconfig --name pay-1 --region us-east-2 --alias pay-1",
        )
        .why("Its certificate authority differs from the one EKS names."),
    );
    led.input(Input::TargetSeen(Ok(seen)));
    led.input(Input::Next);
    led.snapshot("target_other_cluster");
}

#[test]
fn target_choosing_a_cluster() {
    let mut led = Led::target();
    led.press(&[Key::Down, Key::Down, enter(), Key::Down]);
    led.snapshot("target_choosing");
}

#[test]
fn inputs() {
    Led::inputs().snapshot("inputs");
}

#[test]
fn inputs_choosing_an_image() {
    let mut led = Led::inputs();
    led.press(&[Key::Down, Key::Down, Key::Down, enter()]);
    led.snapshot("inputs_choosing");
}

#[test]
fn inputs_refusing_a_host_name() {
    let mut led = Led::inputs();
    led.press(&[Key::Down, enter()]).type_in("https://shield").press(&[enter()]);
    led.snapshot("inputs_refused");
}

#[test]
fn secrets() {
    let mut led = Led::secrets();
    led.vault("postgres.username", 7, |said| said.shown = Some("shielda".into()));
    led.vault("postgres.password", 25, |said| said.stray_space = true);
    led.vault("app_key.key", 36, |said| (said.in_cluster, said.equals_cluster) = (Some(true), Some(true)));
    led.press(&vec![Key::Down; 4]);
    led.snapshot("secrets");
}

#[test]
fn secrets_being_pasted_show_only_their_length() {
    let mut led = Led::secrets();
    led.press(&[Key::Down, Key::Down, Key::Down, Key::Down, enter(), paste("hunter2hunter2\n")]);
    assert!(led.0.typing_secret());
    assert!(!led.screen((80, 24)).contains("hunter2"));
    led.snapshot("secrets_pasting");
}

#[test]
fn secrets_from_somewhere() {
    let mut led = Led::secrets();
    led.press(&vec![Key::Down; 4]).type_in("f").press(&[Key::Down]);
    led.snapshot("secrets_from");
}

#[test]
fn checks_with_a_stop() {
    checks().snapshot("checks");
}

#[test]
fn checks_waiving_a_stop() {
    let mut led = checks();
    led.type_in("w").type_in("quota request 4711 is approved").press(&[]);
    led.snapshot("checks_waiving");
}

#[test]
fn checks_attesting_an_unknown() {
    let mut led = checks();
    led.press(&vec![Key::Down; 4]);
    led.snapshot("checks_unknown");
}

#[test]
fn plan() {
    Led::plan().snapshot("plan");
}

#[test]
fn plan_commands() {
    let mut led = Led::plan();
    led.press(&[Key::Tab, Key::Tab]);
    led.snapshot("plan_commands");
}
