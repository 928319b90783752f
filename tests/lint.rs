//! The built-in guides are clean, and every broken guide is told what is wrong with it, at its line.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "lint/branches.rs"]
mod branches;

use std::{fs, path::Path};

use landfall::{
    guides,
    kinds::Kinds,
    lint::{self, lint},
};

/// Every branch that answers can open is rendered; its IAM policies are read, too.
#[test]
fn every_built_in_guide_is_clean() {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/guides");
    let kinds = Kinds::all();
    let mut seen = Vec::new();
    for entry in fs::read_dir(place).unwrap() {
        let entry = entry.unwrap();
        if !entry.path().is_dir() {
            continue;
        }
        let name = entry.file_name().into_string().unwrap();
        let folder = guides::folder(&name).unwrap();
        let messages = lint(&folder, &kinds, None);
        let told: Vec<String> = messages.iter().map(ToString::to_string).collect();
        assert!(told.is_empty(), "{}", told.join("\n"));
        seen.push(name);
    }
    assert!(seen.contains(&"arthur-shield".to_owned()) && seen.contains(&"arthur-platform".to_owned()), "{seen:?}");
}

/// One word of each policy changed, whatever branch it stands in: lint tells.
#[test]
fn a_policy_that_iam_would_refuse_is_told_in_every_branch() {
    for (from, to, words) in [
        ("'Sid': 'ListBucket', 'Effect': 'Allow'", "'Sid': 'ListBucket', 'Effect': 'Yes'", "Effect is Allow or Deny"),
        ("'Action': 'sts:AssumeRole', 'Resource'", "'Action': 'AssumeRole', 'Resource'", "not an action"),
        ("'Sid': 'SendMail', 'Effect': 'Allow',", "'Sid': 'SendMail',", "Effect is Allow or Deny"),
        ("{ Service: pods.eks.amazonaws.com }", "{ Pods: pods.eks.amazonaws.com }", "not Pods"),
        (
            "{ Bool: { \"kms:GrantIsForAWSResource\"",
            "{ Is: { \"kms:GrantIsForAWSResource\"",
            "not a condition operator",
        ),
        (
            "\"Sid\":\"Account\",\"Effect\":\"Allow\"",
            "\"Sid\":\"Account\",\"Effect\":\"May\"",
            "Effect is Allow or Deny",
        ),
        ("\"Sid\":\"Cluster\",\"Effect\":\"Allow\",", "\"Sid\":\"Cluster\",,", "not JSON"),
    ] {
        let messages = changed_in("arthur-platform", "guide.yaml", from, to);
        assert!(told(&messages, "policy", words), "{from}: {messages:?}");
    }
}

#[test]
fn a_key_policy_that_kms_would_refuse_is_told_in_every_branch() {
    for (from, to, words) in [
        ("'Sid': 'DeeployUses', 'Effect': 'Allow'", "'Sid': 'DeeployUses', 'Effect': 'Yes'", "Effect is Allow or Deny"),
        ("'Action': 'kms:*', 'Resource'", "'Action': 'kms', 'Resource'", "not an action"),
        ("'ForAnyValue:StringEquals'", "'ForAnyValue:Is'", "not a condition operator"),
    ] {
        let messages = changed_in("deeploy-aws", "guide.yaml", from, to);
        assert!(told(&messages, "policy", words), "{from}: {messages:?}");
    }
}

#[test]
fn the_gateway_guide_is_clean() {
    let folder = guides::folder("apheris-gateway").unwrap();
    let told: Vec<String> = lint(&folder, &Kinds::all(), None).iter().map(ToString::to_string).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[test]
fn the_inference_guide_is_clean() {
    let folder = guides::folder("inference-model-manager").unwrap();
    let told: Vec<String> = lint(&folder, &Kinds::all(), None).iter().map(ToString::to_string).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

/// Each broken guide says in its first lines what must be told of it: `# lint: LINE RULE words of the message`.
#[test]
fn a_broken_guide_is_told_what_is_wrong_and_where() {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken-guides");
    let kinds = Kinds::all();
    let mut guides = 0;
    for entry in fs::read_dir(place).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let folder = guides::folder(path.to_str().unwrap()).unwrap();
        let messages = lint(&folder, &kinds, None);
        let told: Vec<String> = messages.iter().map(ToString::to_string).collect();
        let expected: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# lint: ")).collect();
        assert!(!expected.is_empty(), "{} expects nothing", path.display());
        for wanted in &expected {
            let mut words = wanted.splitn(3, ' ');
            let (line, rule, rest) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
            let there = messages.iter().any(|message| {
                message.line.to_string() == line && message.rule == rule && message.message.contains(rest)
            });
            assert!(there, "{}: expected {wanted:?} among\n{}", path.display(), told.join("\n"));
        }
        assert_eq!(messages.len(), expected.len(), "{}:\n{}", path.display(), told.join("\n"));
        guides += 1;
    }
    assert!(guides > 11, "{guides}");
}

#[test]
fn a_changed_document_is_noticed_passage_by_passage() {
    let folder = guides::folder("arthur-shield").unwrap();
    let told = lint(&folder, &Kinds::all(), Some("another document\n"));
    let changed = told.iter().filter(|message| message.rule == "source-changed").count();
    assert!(changed > 60, "{changed} passages");
    assert!(told.iter().all(|message| message.line > 0 && message.column > 0));
}

/// The Shield guide with one text of one file changed.
fn changed(file: &str, from: &str, to: &str) -> Vec<lint::LintMessage> {
    changed_in("arthur-shield", file, from, to)
}

fn changed_in(guide: &str, file: &str, from: &str, to: &str) -> Vec<lint::LintMessage> {
    let mut folder = guides::folder(guide).unwrap();
    let text = folder.files.get_mut(file).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    *text = text.replacen(from, to, 1);
    lint::lint(&folder, &Kinds::all(), None)
}

fn told(messages: &[lint::LintMessage], rule: &str, words: &str) -> bool {
    messages.iter().any(|message| message.rule == rule && message.message.contains(words) && message.line > 1)
}

#[test]
fn a_citation_outside_the_document_and_a_passage_nobody_cites_are_told() {
    let messages = changed("guide.yaml", "from: [28]", "from: [374]");
    assert!(told(&messages, "outside-source", "374"), "{messages:?}");
    let uncited = messages.iter().find(|message| message.rule == "uncited").unwrap();
    assert!(uncited.message.contains("EKS Cluster") && uncited.file.ends_with("source.yaml"), "{uncited}");
}

#[test]
fn an_erratum_that_is_shown_nowhere_is_told() {
    let messages = changed("guide.yaml", "shown_at: [kubernetes_version]", "shown_at: [kubernetes_versions]");
    assert!(told(&messages, "unknown-name", "kubernetes_versions"), "{messages:?}");
}

#[test]
fn a_template_that_reads_an_unknown_name_is_told() {
    let messages = changed("gpu-user-data.mime.j2", "\"{{ gpu_node_group_name }}\"", "\"{{ node_group }}\"");
    assert!(told(&messages, "undefined", "node_group"), "{messages:?}");
}

/// In a file beside the guide: at its own line and column.
#[test]
fn a_template_that_reads_an_unknown_output_is_told_in_its_file() {
    let text = guides::folder("arthur-shield").unwrap().files["gpu-user-data.mime.j2"].clone();
    let from = "\"{{ gpu_node_group_name }}\"";
    let messages = changed("gpu-user-data.mime.j2", from, "\"{{ steps.namespace.zzz }}\"");
    let message = messages.iter().find(|message| message.rule == "unknown-output").unwrap();
    let line = text.lines().position(|line| line.contains(from)).unwrap() + 1;
    assert_eq!((message.line, message.file.ends_with("gpu-user-data.mime.j2")), (line, true), "{message}");
    assert!(message.message.contains("kube.namespace brings name; there is no zzz"), "{message}");
}

#[test]
fn a_wrong_line_of_a_log_is_told_its_two_forms() {
    let text = "id: smooth\nkubernetes: { pods: [{ name: x, logs: [{ line: late }] }] }\n";
    let mut folder = guides::folder("arthur-shield").unwrap();
    folder.files.insert("scenarios/odd.yaml".into(), text.replace("smooth", "odd"));
    let messages = lint::lint(&folder, &Kinds::all(), None);
    assert!(told(&messages, "unreadable", "LINE or as { after: DURATION, line: LINE }"), "{messages:?}");
}

#[test]
fn a_scenario_with_a_wrong_key_or_answer_is_told() {
    let messages = changed("scenarios/no-quota.yaml", "quotas:", "quota:");
    assert!(told(&messages, "unreadable", "quota"), "{messages:?}");
    let messages = changed("scenarios/smooth.yaml", "    install_mode: full", "    instal_mode: full");
    assert!(told(&messages, "scenario", "did you mean install_mode?"), "{messages:?}");
    let messages = changed("scenarios/smooth.yaml", "task: checks/licence", "task: checks/license");
    assert!(told(&messages, "scenario", "did you mean checks/licence?"), "{messages:?}");
}

#[test]
fn a_failure_that_is_recognised_by_a_code_nobody_tells_is_told() {
    let messages = changed("guide.yaml", "problem: \"^AI-(TOKENS|BUSY)$\"", "problem: \"^AI-TOKEN$\"");
    assert!(told(&messages, "unknown-problem", "did you mean AI-TOKENS?"), "{messages:?}");
}

#[test]
fn messages_are_read_by_machines() {
    let folder = guides::folder("tests/broken-guides/unknown-kind.yaml").unwrap();
    let told = serde_json::to_value(lint(&folder, &Kinds::all(), None)).unwrap();
    assert_eq!(told[0]["code"], "unknown-kind");
    assert!(told[0]["line"].as_u64().unwrap() > 1);
    assert!(told[0]["file"].as_str().unwrap().ends_with("unknown-kind.yaml"));
}
