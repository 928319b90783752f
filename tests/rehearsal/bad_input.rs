//! What is wrong is said with its place and its fix, and nothing is changed.

use std::path::Path;

use crate::rehearsed::{Said, Served};

fn check_with(served: &Served, name: &str, answers: &str) -> Said {
    let path = served.file(name, answers);
    served.landfall(&["check", "arthur-shield", "--yes", "--answers", path.to_str().unwrap()])
}

fn says(said: &Said, words: &[&str]) {
    // Wrapped or not.
    let text = format!("{}{}", said.out, said.err).split_whitespace().collect::<Vec<_>>().join(" ");
    for word in words {
        assert!(text.contains(word.trim()), "no {word} in:\n{text}");
    }
}

#[test]
fn wrong_answers_are_told_with_their_line() {
    let served = Served::start("smooth");
    let right = served.answers();

    let unknown =
        check_with(&served, "unknown.yaml", &right.replace("\"inputs\": {", "\"inputs\": {\n    \"colour\": \"red\","));
    unknown.ends_with(2);
    says(&unknown, &["ANSWERS-WRONG", "unknown.yaml:11:5", "colour", "fix"]);

    let mistyped = check_with(&served, "mistyped.yaml", &right.replace("60000", "\"many\""));
    mistyped.ends_with(2);
    says(&mistyped, &["ANSWERS-WRONG", "mistyped.yaml:", "is a whole number", "many"]);

    let without: Vec<&str> = right.lines().filter(|line| !line.contains("\"database_host\"")).collect();
    let missing = check_with(&served, "missing.yaml", &without.join("\n"));
    missing.ends_with(2);
    says(&missing, &["ANSWER-MISSING", "database_host"]);

    let torn = check_with(&served, "torn.yaml", "guide: arthur-shield\ninputs: [\n");
    torn.ends_with(2);
    says(&torn, &["torn.yaml:"]);
}

#[test]
fn all_that_is_wrong_with_an_answers_file_is_told_at_once_with_lines_and_the_nearest_names() {
    let served = Served::start("smooth");
    let answers = "\
guide: arthur-shield
taget: { region: us-east-2 }
inputs:
  chart_versoin: 3.2.1
  gpu_max: many
  auth_host: shield-auth.mycompany.example
secrets:
  postgres.pasword: { file: /x }
  app_key.key: { generat: uuid }
attest:
  - { task: checks/licnce, name: Ada, reason: order, ticket: 7 }
  - { task: checks/licence, name: Ada }
probes: perhaps
";
    let said = check_with(&served, "many.yaml", answers);
    said.ends_with(2);
    says(
        &said,
        &[
            "many.yaml:2:1: nothing here is called taget; did you mean target?",
            "many.yaml:4:3: Arthur Shield asks nothing called chart_versoin; did you mean chart_version?",
            "many.yaml:5:3:",
            "is a whole number",
            "many.yaml:8:3:",
            "did you mean postgres.password?",
            "many.yaml:9:3:",
            "did you mean generate?",
            "many.yaml:11:",
            "the guide has no task checks/licnce; did you mean checks/licence?",
            "nothing here is called ticket; there are: task, name, reason, choice",
            "many.yaml:12:",
            "reason is missing",
            "many.yaml:13:1:",
            // What it leaves unanswered, too, with where the answers stand.
            "many.yaml:3:1: shield_host:",
        ],
    );
    assert!(!said.out.contains("auth_host:"), "it is answered: {}", said.out);
    assert!(!said.out.contains("many.yaml:3:1: gpu_max"), "it is there, and wrong: {}", said.out);
}

#[test]
fn missing_answers_and_missing_secrets_are_told_together_with_the_line_of_the_answers() {
    let served = Served::start("smooth");
    let mut answers: serde_json::Value = serde_json::from_str(&served.answers()).unwrap();
    for (section, gone) in [("inputs", "database_host"), ("inputs", "shield_host"), ("secrets", "postgres.password")] {
        answers[section].as_object_mut().unwrap().remove(gone).unwrap();
    }
    let without = serde_json::to_string_pretty(&answers).unwrap();
    let missing = check_with(&served, "missing.yaml", &without);
    missing.ends_with(2);
    let line = without.lines().position(|line| line.contains("\"inputs\"")).unwrap() + 1;
    let place = format!("missing.yaml:{line}: ");
    says(
        &missing,
        &["ANSWER-MISSING", &place, "database_host:", "shield_host:", "SECRET-MISSING", "postgres.password"],
    );
}

#[test]
fn a_kubeconfig_that_cannot_be_read_or_leads_elsewhere_stops_it() {
    let served = Served::start("smooth");
    let check = ["check", "arthur-shield", "--yes"];
    let broken = served.landfall_with("KUBECONFIG", &served.file("broken", "clusters: ["), &check);
    broken.ends_with(3);
    says(&broken, &["KUBECONFIG-UNREADABLE", "line 1", "fix"]);

    let none = served.landfall_with("KUBECONFIG", Path::new("/nonexistent/kubeconfig"), &check);
    none.ends_with(3);
    says(&none, &["KUBECONFIG-UNREADABLE", "/nonexistent/kubeconfig", "there is no such file"]);

    let config = std::fs::read_to_string(served.world().join("kube/config")).unwrap();
    let config = config
        .replace("clusters:\n", "clusters:\n- {name: other, cluster: {server: \"https://127.0.0.1:1\"}}\n")
        .replace(
            "contexts:\n",
            "contexts:\n- {name: other, context: {cluster: other, user: \"arn:aws:eks:us-east-2:123456789012:cluster/pay-1\"}}\n",
        );
    let other = ["check", "arthur-shield", "--yes", "--context", "other"];
    let other = served.landfall_with("KUBECONFIG", &served.file("other", &config), &other);
    other.ends_with(3);
    says(&other, &["K8S-OTHER-CLUSTER", "pay-1", "aws eks update-kubeconfig"]);
}

#[test]
fn without_a_terminal_it_says_how_to_run_alone() {
    let served = Served::start("smooth");
    let said = served.landfall(&["install", "arthur-shield"]);
    said.ends_with(2);
    says(&said, &["NO-TERMINAL", "--answers", "--line"]);
}

#[test]
fn another_scenario_name_is_refused_with_the_fix() {
    let served = Served::start("smooth");
    let said = served.landfall(&["rehearse", "arthur-shield", "--scenario", "rough", "--yes"]);
    said.ends_with(2);
    says(&said, &["rough", "fix"]);
}

#[test]
fn a_key_of_the_values_file_that_nobody_mapped_is_named_with_the_answer_it_needs() {
    let served = Served::start("smooth");
    let right = served.answers();
    let with = |name: &str, answers: &str| {
        let path = served.file(name, answers);
        served.landfall(&["install", "arthur-shield", "--yes", "--answers", path.to_str().unwrap()])
    };
    let without: Vec<&str> = right.lines().filter(|line| !line.contains("\"auth.host\"")).collect();
    let open = with("open.yaml", &without.join("\n"));
    open.ends_with(2);
    says(&open, &["ANSWER-MISSING", "chart_values", "auth.host", "The host name people sign in at", "{{ auth_host }}"]);
    assert!(served.journal().is_empty() || !served.journal().contains("intent"), "nothing was begun");

    let strange = with("strange.yaml", &right.replace("{{ database_host }}", "{{ databse_host }}"));
    strange.ends_with(2);
    says(&strange, &["ANSWERS-WRONG", "strange.yaml:", "databse_host", "did you mean database_host"]);

    let step = with("step.yaml", &right.replace("{{ database_host }}", "{{ steps.release.status }}"));
    step.ends_with(2);
    says(&step, &["ANSWERS-WRONG", "database.host"]);
}

#[test]
fn a_region_without_the_cluster_is_named() {
    let served = Served::start("smooth");
    let said = served.landfall(&["check", "arthur-shield", "--yes", "--region", "eu-west-1"]);
    said.ends_with(2);
    says(&said, &["EKS-NOT-FOUND", "pay-1 in eu-west-1", "fix", "aws eks list-clusters --region eu-west-1"]);
}

#[test]
fn a_region_that_is_none_is_told_with_the_nearest() {
    let served = Served::start("smooth");
    let misspelt = served.landfall(&["check", "arthur-shield", "--yes", "--region", "us-esat-2"]);
    misspelt.ends_with(2);
    says(&misspelt, &["EKS-NOT-FOUND", "us-esat-2 is no AWS region that is known here; did you mean us-east-2?"]);
    let none = served.landfall(&["check", "arthur-shield", "--yes", "--region", "us east 2"]);
    none.ends_with(2);
    says(&none, &["AWS-REGION-UNKNOWN", "did you mean us-east-2?", "export AWS_REGION=us-east-2"]);
}

#[test]
fn a_misspelt_profile_is_told_with_the_files_and_the_nearest_one() {
    let served = Served::start("smooth");
    let config = served.world().join("aws/config").display().to_string();
    let told = [
        "AWS-PROFILE-MISSING",
        "why",
        config.as_str(),
        "AWS_CONFIG_FILE",
        "corp-prod",
        "fix",
        "aws configure list-profiles",
    ];
    let flag = served.landfall(&["check", "arthur-shield", "--yes", "--profile", "corp-prd"]);
    flag.ends_with(2);
    says(&flag, &told);
    says(&flag, &["the AWS profile corp-prd is not there; did you mean corp-prod?", "export AWS_PROFILE=corp-prod"]);
    let mut answers: serde_json::Value = serde_json::from_str(&served.answers()).unwrap();
    // What the answers say counts more.
    answers["target"].as_object_mut().unwrap().remove("profile").unwrap();
    let unsaid = served.file("unsaid.yaml", &answers.to_string());
    let check = ["check", "arthur-shield", "--yes", "--answers", unsaid.to_str().unwrap()];
    let variable = served.landfall_with("AWS_PROFILE", Path::new("nosuch"), &check);
    variable.ends_with(2);
    says(&variable, &told);
    answers["target"]["profile"] = "nosuch".into();
    let answer = check_with(&served, "profile.yaml", &answers.to_string());
    answer.ends_with(2);
    says(&answer, &told);
    for said in [flag, variable, answer] {
        assert!(!said.out.contains("AWS-EXPIRED") && !said.out.contains("goes on by itself"), "{}", said.out);
    }
}

#[test]
fn without_credentials_it_says_how_to_sign_in() {
    let served = Served::start("smooth");
    let check = ["check", "arthur-shield", "--yes"];
    let config = served.world().join("aws/config");
    let with = |profile: &str| {
        std::fs::write(&config, format!("[profile corp-prod]\nregion = us-east-2\n{profile}")).unwrap();
        let said = served.landfall(&check);
        said.ends_with(2);
        said
    };
    let empty = with("");
    says(
        &empty,
        &["AWS-NO-CREDENTIALS", "its profile corp-prod brings none", "fix", "aws configure sso --profile corp-prod"],
    );
    let others = with("[profile corp-test]\nregion = us-east-2\n");
    says(&others, &["AWS-NO-CREDENTIALS", "others are: corp-test", "export AWS_PROFILE=corp-test"]);

    // The session's own file stands below HOME, which has none of this name.
    let account = "sso_account_id = 123456789012\nsso_role_name = admin\n";
    let session = "[sso-session nobody-signed-in]\nsso_start_url = https://x.invalid/start\nsso_region = us-east-2\n";
    let signed_out = with(&format!("sso_session = nobody-signed-in\n{account}{session}"));
    says(&signed_out, &["AWS-SIGNED-OUT", "nobody is signed in", "aws sso login --profile corp-prod"]);
    let nowhere = with(&format!("sso_session = nowhere\n{account}"));
    says(&nowhere, &["AWS-PROFILE-BROKEN", "nowhere", "aws configure list --profile corp-prod"]);
    let half = with("aws_access_key_id = AKIA\n");
    says(&half, &["AWS-PROFILE-BROKEN", "aws_secret_access_key"]);
    let helper = with("credential_process = /nonexistent/helper --with secret\n");
    says(&helper, &["AWS-HELPER-FAILED", "/nonexistent/helper", "correct credential_process"]);
    let source = with("role_arn = arn:aws:iam::123456789012:role/x\nsource_profile = gone\n");
    says(&source, &["AWS-PROFILE-MISSING", "the AWS profile gone, to which corp-prod refers"]);
    for said in [&empty, &signed_out, &nowhere, &half, &helper, &source] {
        assert!(!said.out.contains("AWS-EXPIRED"), "{}", said.out);
    }

    std::fs::write(&config, "[profile corp-prod\nregion").unwrap();
    let broken = served.landfall(&check);
    broken.ends_with(2);
    says(&broken, &["AWS-CONFIG-UNREADABLE", "why", "on line 1", "fix", "AWS_CONFIG_FILE"]);
}
