//! The stand-in helm beside the real ones, on a real API server: the same words, the same exit codes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../../../tests/common/testbed.rs"]
mod testbed;

mod common;

use std::{
    path::Path,
    process::{Command, Output},
};

use landfall_rehearsal::{Options, Rehearsal, tools::chart::Chart};
use regex::Regex;
use testbed::{Cluster, Testbed};

/// One chart for both: templates for the real one, the recorded manifests for ours.
fn chart(more: (&str, &str)) -> Chart {
    let own =
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: NAME-settings\ndata:\n  word: \"WORD\"\n  a: \"NESTED\"\n";
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: NAME\n";
    let template = |text: &str| {
        text.replace("NAME", "{{ .Release.Name }}")
            .replace("WORD", "{{ .Values.word }}")
            .replace("NESTED", "{{ .Values.nested.a }}")
    };
    let recorded = |text: &str| {
        text.replace("NAME", "{{ release.name }}")
            .replace("WORD", "{{ values.word }}")
            .replace("NESTED", "{{ values.nested.a }}")
    };
    let mut files = vec![
        ("templates/settings.yaml".to_owned(), template(own)),
        ("templates/account.yaml".to_owned(), template(account)),
    ];
    let mut manifests = format!("{}---\n{}", recorded(own), recorded(account));
    if !more.0.is_empty() {
        files.push((format!("templates/{}.yaml", more.0), template(more.1)));
        manifests += &format!("---\n{}", recorded(more.1));
    }
    Chart {
        version: "1.2.3".into(),
        also: Vec::new(),
        app_version: Some("9.9".into()),
        description: Some("A demo".into()),
        values: "# a comment\nreplicas: 1\nword: x\nnested: { a: 1, b: 2 }\n".into(),
        manifests,
        files: files.into_iter().collect(),
    }
}

const REFUSED: &str = "apiVersion: v1\nkind: Service\nmetadata:\n  name: NAME\nspec:\n  ports: [{ port: 99999 }]\n";

/// What both are told, in this order.
const COMMANDS: [&str; 40] = [
    "status demo -n NS -o json",
    "list -n NS -o json",
    "history demo -n NS",
    "upgrade --install demo DIR/good.tgz -n NS -f DIR/values.yaml",
    "upgrade --install demo DIR/good.tgz -n NS -f DIR/values.yaml --create-namespace --description made --labels install=abc --timeout 5m",
    "upgrade --install demo DIR/good.tgz -n NS -f DIR/values.yaml --history-max 5",
    "list -n NS",
    "list -n NS -o json",
    "history demo -n NS",
    "history demo -n NS -o json",
    "get values demo -n NS -o json",
    "get values demo -n NS -a -o json",
    "get manifest demo -n NS",
    "get manifest nope -n NS",
    "install demo DIR/good.tgz -n NS",
    "template demo DIR/good.tgz -n NS -f DIR/values.yaml",
    "show values DIR/good.tgz",
    "rollback demo 1 -n NS",
    "rollback demo 9 -n NS",
    "rollback nope 1 -n NS",
    "history demo -n NS -o json",
    "upgrade --install bad DIR/bad.tgz -n NS",
    "history bad -n NS -o json",
    "upgrade --install bad DIR/good.tgz -n NS",
    "upgrade --install gone DIR/bad.tgz -n NS ATOMIC --timeout 3s",
    "status gone -n NS",
    "upgrade --install other DIR/good.tgz -n NS --set word=z --dry-run=client",
    "upgrade --install DIR/good.tgz -n NS",
    "upgrade --install Bad_Name DIR/good.tgz -n NS",
    "upgrade demo2 DIR/good.tgz -n NS",
    "upgrade --install demo2 DIR/none.tgz -n NS",
    "upgrade --install demo2 DIR/good.tgz -n NS -f DIR/none.yaml",
    "upgrade --frob",
    "frob",
    "uninstall bad -n NS --keep-history",
    "history bad -n NS -o json",
    "uninstall bad -n NS",
    "uninstall nope -n NS",
    "uninstall nope -n NS --ignore-not-found",
    "uninstall demo -n NS",
];

fn run(program: &Path, cluster: &Cluster, home: &Path, told: &str) -> String {
    let Output { status, stdout, stderr } = Command::new(program)
        .args(told.split(' '))
        .env_clear()
        .env("HOME", home)
        .env("KUBECONFIG", cluster.kubeconfig())
        .output()
        .unwrap();
    format!("{}\n{}\n{}", status.code().unwrap(), String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr))
}

/// Without what differs from one run to the next, and without where a template came from.
fn comparable(text: &str) -> String {
    let patterns = [
        (r"\b(real|ours)\b", "NS"),
        (r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}", "DATE"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \+0000 UTC *", "MOMENT"),
        (r"UPDATED +", "UPDATED "),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "INSTANT"),
        (r"# Source: [^\n\\]*", "# Source"),
        (r"(?m)^(Usage|Run|level)\b.*$", ""),
        // Between documents version 4 leaves more empty lines than ours in a template's output.
        (r"\n{2,}", "\n"),
    ];
    patterns.iter().fold(text.to_owned(), |text, (pattern, with)| {
        Regex::new(pattern).unwrap().replace_all(&text, *with).trim_end().to_owned()
    })
}

async fn compare(part: &str, version: &str, atomic: &str) {
    let (Some(real), Some(cluster)) = (Testbed::require(part), Cluster::start()) else { return };
    let mut scenario: landfall_rehearsal::Scenario = serde_yaml::from_str("id: compared").unwrap();
    scenario.tools.helm.version = version.into();
    let program = Some(env!("CARGO_BIN_EXE_rehearsal-tool").into());
    let rehearsal = Rehearsal::start(Options { scenario, program, ..Options::default() }).await.unwrap();
    let (folder, ours) = (rehearsal.folder(), rehearsal.folder().join("bin/helm"));
    for (name, more) in [("good", ("", "")), ("bad", ("refused", REFUSED))] {
        std::fs::write(folder.join(format!("{name}.tgz")), chart(more).archive("demo").unwrap()).unwrap();
    }
    std::fs::write(folder.join("values.yaml"), "word: \"yes\"\nnested: { b: null, c: 3 }\n").unwrap();
    for told in COMMANDS {
        let told = told.replace("DIR", &folder.display().to_string()).replace("ATOMIC", atomic);
        let by_real = run(&real, &cluster, folder, &told.replace("NS", "real"));
        let by_ours = run(&ours, &cluster, folder, &told.replace("NS", "ours"));
        assert_eq!(comparable(&by_ours), comparable(&by_real), "helm {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_what_helm_3_says() {
    compare("helm3", "3.21.4", "--atomic").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_what_helm_4_says() {
    compare("helm4", "4.3.0", "--rollback-on-failure").await;
}
