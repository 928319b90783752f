//! From the first frame to the summary by keyboard alone.

use landfall_core::{
    event::Outcome,
    wizard::{Effect, Ended, Input, Key, Look, Over, Stage, Vault},
};

use super::given::{Led, enter, looked, paste};

#[test]
fn the_whole_way_by_keyboard_alone() {
    let mut led = Led::start();
    // The unfinished install stands first, the guide second.
    led.press(&[Key::Down]);
    let effects = led.input(Input::Key(enter()));
    assert_eq!(effects, [Effect::Look(Look::Guide("arthur-shield".into()))]);
    led.input(Input::Opened(Ok(super::given::guide())));
    led.input(Input::TargetSeen(Ok(super::given::seen())));
    led.type_in("n");
    led.input(Input::FactsSeen(Default::default()));
    assert_eq!(led.0.stage, Stage::Inputs);
    // The host names are typed, the rest has defaults or is chosen.
    led.press(&[Key::Down, enter()]).type_in("shield.corp.example").press(&[enter()]);
    led.press(&[enter()]).type_in("shield-auth.corp.example").press(&[enter()]);
    led.type_in("n");
    assert_eq!(led.0.stage, Stage::Inputs, "image and subnets are missing");
    assert!(led.0.notice.as_deref().unwrap_or_default().contains("GPU node image"));
    led.press(&[enter()]).type_in("{ image_id: ami-0aa1 }").press(&[enter()]);
    assert_eq!(led.0.inputs.selected().unwrap().name, "subnets");
    led.press(&[enter()]).type_in("subnet-0a1b, subnet-0c2d").press(&[enter()]);
    led.type_in("n");
    assert_eq!(led.0.stage, Stage::Secrets, "{:?}", led.0.notice);
    led.press(&[enter()]);
    let effects = led.input(Input::Key(paste("shielda")));
    assert_eq!(effects, []);
    let effects = led.input(Input::Key(enter()));
    assert!(
        matches!(&effects[..], [Effect::Vault(Vault::Put { reference, .. })] if reference.0 == "postgres.username"),
        "{effects:?}"
    );
    for reference in [
        "postgres.username",
        "postgres.password",
        "app_key.key",
        "openai.0.deployment",
        "openai.0.endpoint",
        "openai.0.key",
    ] {
        led.vault(reference, 12, |_| ());
    }
    led.type_in("n");
    assert_eq!(led.0.stage, Stage::Checks, "{:?}", led.0.notice);
    for row in led.0.checks.rows.clone() {
        led.say(10, &row.path.to_string(), looked(Outcome::pass("good")));
    }
    led.input(Input::LookedAll);
    led.press(&[enter()]);
    assert_eq!(led.0.stage, Stage::Plan, "{:?}", led.0.notice);
    led.input(Input::PlanReady(led.0.plan.plan.clone().unwrap_or_default()));
    led.type_in("a");
    assert_eq!(led.0.stage, Stage::Install);
    led.input(Input::Ended(Ended::Done));
    led.press(&[enter()]);
    assert_eq!(led.0.stage, Stage::Verify);
    for row in led.0.verify.tasks.rows.clone() {
        led.say(20, &row.path.to_string(), looked(Outcome::pass("good")));
    }
    led.input(Input::LookedAll);
    led.press(&[enter()]);
    assert_eq!(led.0.stage, Stage::Summary);
    assert_eq!(led.input(Input::Key(enter())), [Effect::Quit]);
}

#[test]
fn who_leaves_is_told_where_the_secrets_are() {
    let mut led = Led::secrets();
    led.input(Input::Bound("3fa9c1d2".into()));
    assert!(!led.0.when_left().contains("Secrets"), "none were entered: {}", led.0.when_left());
    let mut led = Led::secrets_in();
    led.input(Input::Bound("3fa9c1d2".into()));
    assert!(led.0.when_left().ends_with("Secrets are kept in the encrypted file."), "{}", led.0.when_left());
    for store in &mut led.0.secrets.stores {
        store.chosen = store.id == "session";
    }
    assert!(led.0.secrets_go());
    assert!(led.0.when_left().contains("Secrets are in this session only"), "{}", led.0.when_left());
}

#[test]
fn what_an_earlier_step_brings_is_explained_in_words() {
    let mut led = Led::plan();
    let tasks = &led.0.plan.plan.as_ref().unwrap().tasks;
    led.0.plan.at = tasks.iter().position(|task| task.path.id == "gpu_node_group").unwrap();
    led.type_in("e");
    let Some(Over::Explain(lines)) = &led.0.over else { panic!("{:?}", led.0.over) };
    let parameter = "  launch_template: <id, known after step \"GPU launch template\">";
    assert!(lines.iter().any(|line| line == parameter), "{lines:#?}");
}
