//! The program line by line, through pipes: the same stages as the full screen, without a terminal.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "line/conversation.rs"]
mod conversation;
#[path = "common/rehearsed.rs"]
mod rehearsed;
#[path = "common/same_world.rs"]
mod same_world;

#[path = "line/steps.rs"]
mod steps;

use conversation::Conversation;
use rehearsed::Served;

/// What no rehearsal may ever print.
const SECRETS: [&str; 4] =
    ["rehearsed-database-password", "rehearsed-admin-key", "rehearsed-openai-key-1", "typed-by-hand"];

/// The last words of a rehearsal whose folder goes: nothing in it is named as if it could be used afterwards.
fn assert_names_nothing_that_goes(text: &str) {
    let last = text.rfind("of 9: ").map_or(text, |at| &text[at..]);
    for gone in ["landfall undo ", "summary.md", "expiries.ics", "It can go on later", "lookup-events"] {
        assert!(!last.contains(gone), "{gone} is offered:\n{last}");
    }
    assert!(last.contains("This rehearsal's world ends here"), "{last}");
}

fn to_inputs(talk: &mut Conversation) {
    talk.until("2 of 9: Target");
    let seen = talk.answer("Is this where it goes", "");
    assert!(seen.contains("same certificate authority"), "{seen}");
    talk.until("3 of 9: Inputs");
}

fn to_install(talk: &mut Conversation) {
    to_inputs(talk);
    talk.answer("Answers", "");
    talk.until("4 of 9: Secrets");
    let secrets = talk.answer("Secrets", "");
    assert!(secrets.contains("27 characters"), "the length of the database's password:\n{secrets}");
    talk.until("5 of 9: Checks");
    let checks = talk.answer("Checks", "");
    assert!(
        checks.contains("Rehearsal answers for it: the order says so"),
        "the answers attest the licence:\n{checks}"
    );
    talk.until("6 of 9: Plan");
    let plan = talk.answer("The plan", "agree");
    assert!(plan.contains("GPU node group"), "{plan}");
    talk.until("7 of 9: Install");
}

#[test]
fn the_smooth_rehearsal_is_walked_from_the_first_line_to_the_summary() {
    let folder = tempfile::tempdir().unwrap();
    let left = folder.path().join("left.json");
    let mut talk = Conversation::rehearse("arthur-shield", &["--snapshot", left.to_str().unwrap()]);
    to_install(&mut talk);
    let install = talk.until("8 of 9: Verify");
    for line in ["GPU node group: made", "Install the chart: made", "Make the DNS record", "gives up in"] {
        assert!(install.contains(line), "{line} is not in\n{install}");
    }
    talk.answer("Verify", "go");
    talk.until("9 of 9: Summary");
    let summary = talk.answer("Done", "");
    assert!(summary.contains("As printed, this guide would have failed here"), "{summary}");
    assert_eq!(talk.end(), 0);
    assert_names_nothing_that_goes(&talk.text);
    for secret in SECRETS {
        assert!(!talk.text.contains(secret), "{secret} was printed");
    }
    assert!(!talk.text.contains('\u{1b}'), "a pipe gets no terminal sequences");

    let alone = rehearsed::rehearse("smooth");
    alone.said.ends_with(0);
    same_world::is_the_same(&same_world::left(&left), &alone.left);
}

#[test]
fn the_inference_guide_is_walked_line_by_line() {
    let text = walked("inference-model-manager");
    for line in ["Let EKS know Dex: made", "First tenant: made", "As printed, this guide would have failed here"] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    for secret in ["rehearsed-minio-secret", "rehearsed-bind-password", "PRIVATE KEY"] {
        assert!(!text.contains(secret), "{secret} was printed");
    }
}

#[test]
fn the_deeploy_guide_is_walked_line_by_line() {
    let text = walked("deeploy-aws");
    for line in ["PostgreSQL in RDS: made", "secret-values.yaml: made", "As printed, this guide would have failed here"]
    {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    for secret in ["rehearsed-admin-password", "rehearsed-user-password", "PRIVATE KEY"] {
        assert!(!text.contains(secret), "{secret} was printed");
    }
}

#[test]
fn the_platform_guide_is_walked_line_by_line() {
    let text = walked("arthur-platform");
    for line in ["S3 bucket: made", "As printed, this guide would have failed here"] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

/// A guide from the first line to the summary, with the answers a scenario brings; everything it said.
fn walked(guide: &str) -> String {
    let mut talk = Conversation::rehearse(guide, &[]);
    for (stage, question, answer) in [
        ("2 of 9: Target", "Is this where it goes", ""),
        ("3 of 9: Inputs", "Answers", ""),
        ("4 of 9: Secrets", "Secrets", ""),
        ("5 of 9: Checks", "Checks", ""),
        ("6 of 9: Plan", "The plan", "agree"),
        ("8 of 9: Verify", "Verify", "go"),
        ("9 of 9: Summary", "Done", ""),
    ] {
        talk.until(stage);
        talk.answer(question, answer);
    }
    assert_eq!(talk.end(), 0);
    talk.text.clone()
}

#[test]
fn the_gateway_guide_is_walked_line_by_line_and_its_plan_agreed_to_by_typing() {
    let mut talk = Conversation::rehearse("apheris-gateway", &["--scenario", "plan-to-read"]);
    for (stage, question, answer) in [
        ("2 of 9: Target", "Is this where it goes", ""),
        ("3 of 9: Inputs", "Answers", ""),
        ("4 of 9: Secrets", "Secrets", ""),
        ("5 of 9: Checks", "Checks", ""),
        ("6 of 9: Plan", "The plan", "agree"),
    ] {
        talk.until(stage);
        talk.answer(question, answer);
    }
    let plan = talk.answer("The gateway: terraform would do this: 7 to add, 0 to change, 0 to destroy.", "apply");
    assert!(plan.contains("module.gateway.module.eks.aws_eks_cluster.this: add"), "{plan}");
    talk.answer("Type apply to choose this", "apply");
    talk.answer("Why (may stay empty)", "OPS-7");
    for (stage, question, answer) in [("8 of 9: Verify", "Verify", "go"), ("9 of 9: Summary", "Done", "")] {
        talk.until(stage);
        talk.answer(question, answer);
    }
    assert_eq!(talk.end(), 0);
    for line in ["The gateway: made", "As printed, this guide would have failed here"] {
        assert!(talk.text.contains(line), "{line} is not in\n{}", talk.text);
    }
    for secret in ["rehearsed-client-secret", "rehearsed-helm-password"] {
        assert!(!talk.text.contains(secret), "{secret} was printed");
    }
}

#[test]
fn an_answer_that_does_not_fit_is_refused_and_a_secret_typed_by_hand_is_never_shown() {
    let mut talk = Conversation::rehearse("arthur-shield", &[]);
    to_inputs(&mut talk);
    talk.answer("Answers", "one");
    talk.answer("Which one", "shield_host");
    talk.answer("Shield's host name", "?");
    talk.answer("Shield's host name", "https://nowhere");
    let refused = talk.answer("Shield's host name", "<");
    assert!(refused.contains("is a host name such as shield.example.com"), "{refused}");
    talk.answer("Answers", "go");
    talk.until("4 of 9: Secrets");
    talk.answer("Secrets", "one");
    talk.answer("Which one", "postgres.password");
    talk.answer("Postgres login of Shield, password: where from", "type");
    talk.answer("Postgres login of Shield, password", "typed-by-hand ");
    let known = talk.answer("Remove the space or newline at its ends", "yes");
    assert!(known.contains("14 characters, with space"), "{known}");
    let secrets = talk.answer("Secrets", "more");
    assert!(secrets.contains("password: 13 characters"), "{secrets}");
    // Any stage that was reached can be gone back to.
    talk.answer("What else", "inputs");
    talk.until("3 of 9: Inputs");
    talk.until("? Answers");
    talk.hang_up();
    assert_eq!(talk.end(), 130);
    assert_names_nothing_that_goes(&talk.text);
    for secret in SECRETS {
        assert!(!talk.text.contains(secret), "{secret} was printed");
    }
}

#[test]
fn a_check_that_says_stop_shows_its_fix_and_is_waived_with_name_and_reason() {
    let mut talk = Conversation::rehearse("arthur-shield", &["--scenario", "no-quota"]);
    to_inputs(&mut talk);
    talk.answer("Answers", "go");
    talk.answer("Secrets", "go");
    talk.until("5 of 9: Checks");
    let checks = talk.answer("Checks", "go");
    assert!(checks.contains("in the way"), "{checks}");
    // Nothing goes on over a stop: the menu has no such answer.
    talk.until("go is none of these");
    talk.answer("Checks", "checks/gpu_quota");
    talk.answer("GPU quota", "fix");
    talk.until("\naws service-quotas request-service-quota-increase");
    talk.answer("GPU quota", "waive");
    talk.answer("Your name", "");
    talk.answer("Reason", "");
    let refused = talk.answer("Checks", "checks/gpu_quota");
    assert!(refused.contains("it needs a reason"), "{refused}");
    talk.answer("GPU quota", "waive");
    talk.answer("Your name", "Ada");
    talk.answer("Reason", "CLOUD-7 comes tomorrow");
    let waived = talk.answer("Checks", "go");
    assert!(waived.contains("Ada answers for it: CLOUD-7 comes tomorrow"), "{waived}");
    talk.until("6 of 9: Plan");
    talk.until("? The plan");
    talk.hang_up();
    assert_eq!(talk.end(), 130);
}

#[cfg(unix)]
#[test]
fn ctrl_c_pauses_the_install_which_goes_on_where_it_was_and_twice_leaves() {
    let mut talk = Conversation::rehearse("arthur-shield", &[]);
    to_install(&mut talk);
    talk.until("GPU node group: CREATING");
    talk.interrupt();
    talk.until("It stops at the next safe point");
    talk.answer("It is paused", "go");
    talk.until("GPU node group: made");
    talk.interrupt();
    talk.until("It stops at the next safe point");
    // Whether it is still on its way to the safe point or already there, the second one leaves.
    talk.interrupt();
    assert_eq!(talk.end(), 130);
    assert_names_nothing_that_goes(&talk.text);
}

#[test]
fn a_values_file_is_filled_in_key_by_key() {
    let mut talk = Conversation::rehearse("arthur-shield", &[]);
    to_inputs(&mut talk);
    talk.answer("Answers", "one");
    talk.answer("Which one", "chart_values");
    let keys = talk.answer("What the chart wants to be told", "auth.host");
    assert!(keys.contains("auth.host: {{ auth_host }} = shield-auth.mycompany.example"), "{keys}");
    assert!(keys.contains("shield.tag: stays \"\" (empty)"), "{keys}");
    let key = talk.answer("auth.host becomes", "undo");
    assert!(key.contains("The host name people sign in at"), "{key}");
    // It is open again, and asked until something is said.
    talk.answer("auth.host becomes", "leave");
    talk.answer("Why it stays as it is", "");
    talk.answer("auth.host becomes", "value");
    talk.answer("Value", "[a");
    talk.until("this is not YAML");
    talk.answer("Value", "{{ auth_hots }}");
    let again = talk.answer("auth.host becomes", "point");
    assert!(again.contains("auth_hots has no value here"), "{again}");
    let offers = talk.answer("Which one", "{{ auth_host }}");
    assert!(offers.contains("a secret; only its name is written down"), "{offers}");
    talk.answer("What the chart wants to be told", "more");
    talk.answer("Which key", "auth.replicas");
    talk.answer("auth.replicas becomes", "value");
    talk.answer("Value", "2");
    let done = talk.answer("What the chart wants to be told", "done");
    assert!(done.contains("auth.replicas: 2") && done.contains("auth.host: {{ auth_host }}"), "{done}");
    talk.until("? Answers");
    talk.hang_up();
    assert_eq!(talk.end(), 130);
    for secret in SECRETS {
        assert!(!talk.text.contains(secret), "{secret} was printed");
    }
}

#[test]
fn an_answer_is_changed_from_the_plan_and_only_what_hung_on_it_is_looked_at_again() {
    let mut talk = Conversation::rehearse("arthur-shield", &[]);
    to_inputs(&mut talk);
    talk.answer("Answers", "go");
    talk.answer("Secrets", "go");
    talk.until("5 of 9: Checks");
    talk.answer("Checks", "go");
    talk.until("6 of 9: Plan");
    talk.answer("The plan", "more");
    talk.answer("What else", "inputs");
    talk.until("3 of 9: Inputs");
    talk.answer("Answers", "one");
    talk.answer("Which one", "gpu_max");
    talk.answer("Most GPU nodes", "6");
    talk.answer("Answers", "go");
    talk.answer("Secrets", "go");
    talk.until("5 of 9: Checks");
    let checks = talk.answer("Checks", "go");
    assert!(checks.contains("GPU quota"), "what reads the answer is looked at again:\n{checks}");
    assert!(!checks.contains("Helm:"), "the rest is not:\n{checks}");
    talk.until("6 of 9: Plan");
    let plan = talk.answer("The plan", "all");
    assert!(plan.contains("GPU node group"), "it is made anew:\n{plan}");
    talk.until("? The plan");
    talk.hang_up();
    assert_eq!(talk.end(), 130);
}

#[test]
fn what_nobody_may_look_at_is_attested_with_name_and_reason() {
    let served = Served::start("denied-lookups");
    let mut answers: serde_json::Value = serde_json::from_str(&served.answers()).unwrap();
    answers["attest"].as_array_mut().unwrap().retain(|said| said["task"] != "checks/gpu_quota");
    let file = served.file("answers.yaml", &answers.to_string());
    let install = ["install", "arthur-shield", "--line", "--answers", file.to_str().unwrap()];
    let mut talk = Conversation::with(served.command(&install));
    to_inputs(&mut talk);
    talk.answer("Answers", "go");
    talk.answer("Secrets", "go");
    talk.until("5 of 9: Checks");
    talk.answer("Checks", "go");
    talk.until("go is none of these");
    talk.answer("Checks", "checks/gpu_quota");
    let story = talk.answer("GPU quota", "attest");
    assert!(story.contains("servicequotas:GetServiceQuota") && !story.contains("press a"), "{story}");
    talk.answer("Your name", "Ada");
    talk.answer("Ticket or reason", "CLOUD-1205: 64 vCPU, 32 free");
    let attested = talk.answer("Checks", "go");
    assert!(attested.contains("Ada answers for it: CLOUD-1205"), "{attested}");
    talk.until("6 of 9: Plan");
    talk.until("? The plan");
    talk.hang_up();
    assert_eq!(talk.end(), 130);
    assert!(served.journal().contains("CLOUD-1205: 64 vCPU, 32 free"), "it stands in the journal");
}

#[test]
fn back_from_the_last_menu_is_back_at_the_stage_and_leaving_is_chosen() {
    let mut talk = Conversation::rehearse("arthur-shield", &[]);
    to_inputs(&mut talk);
    talk.answer("Answers", "<");
    talk.answer("What else", "<");
    talk.answer("Answers", "<");
    let offered = talk.answer("What else", "leave");
    assert!(offered.contains("Leave; nothing of it stays"), "{offered}");
    assert_eq!(talk.end(), 0);
    assert_names_nothing_that_goes(&talk.text);
}

#[test]
fn ctrl_d_at_a_question_leaves_and_says_how_it_goes_on() {
    let served = Served::start("smooth");
    let mut talk = Conversation::with(served.command(&["install", "arthur-shield", "--line"]));
    to_inputs(&mut talk);
    talk.answer("Answers", "one");
    talk.until("? Which one");
    talk.hang_up();
    assert_eq!(talk.end(), 130);
    assert!(talk.text.contains("It can go on later: landfall install arthur-shield --line"), "{}", talk.text);
    assert!(!talk.text.contains("landfall undo "), "nothing was made: {}", talk.text);
}

#[test]
fn what_was_installed_line_by_line_is_taken_away_as_its_last_words_say() {
    let served = Served::start("smooth");
    let mut talk = Conversation::with(served.command(&["install", "arthur-shield", "--line"]));
    to_install(&mut talk);
    talk.until("8 of 9: Verify");
    talk.answer("Verify", "go");
    talk.until("9 of 9: Summary");
    let summary = talk.answer("Done", "finish");
    assert!(summary.contains("summary.md") && summary.contains("expiries.ics"), "these stay:\n{summary}");
    assert_eq!(talk.end(), 0);
    let words = talk
        .text
        .lines()
        .find_map(|line| Some(line.split_once("landfall ")?.1).filter(|rest| rest.starts_with("undo ")));
    let mut words: Vec<&str> = words.unwrap().split_whitespace().collect();
    words.extend(["--yes", "--lose", "steps/namespace"]);
    served.landfall(&words).ends_with(0);
    let left = served.end();
    assert_eq!(rehearsed::aws(&left, "node_groups"), ["pay-1/cpu-1"], "nothing of it is left");
}
