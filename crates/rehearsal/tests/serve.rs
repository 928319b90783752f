//! Starting, handing out, stopping.

mod common;

use landfall_rehearsal::{Options, Rehearsal, Scenario};

const SCENARIO: &str = r#"
id: handed-out
start: 2026-11-20T09:00:00Z
speed: 60
answers:
  certificate: "{{ rehearsal }}/certs/shield.crt"
  word: "yes"
  number: "0777"
  text: "one\ntwo: ünï"
files: { sample/note.txt: "in {{ rehearsal }}" }
outside:
  certificates: [{ file: certs/shield, certificate: { names: [shield.corp.example] } }]
"#;

#[tokio::test]
async fn everything_a_client_needs_is_handed_out() {
    let rehearsal = common::start(SCENARIO).await;
    let environment = rehearsal.environment();
    for name in ["AWS_CONFIG_FILE", "KUBECONFIG", "SSL_CERT_FILE", "LANDFALL_STATE_DIR", "LANDFALL_ANSWERS"] {
        assert!(std::fs::exists(&environment[name]).expect("readable"), "{name}={}", environment[name]);
    }
    assert!(environment["PATH"].starts_with(&rehearsal.folder().join("bin").display().to_string()));
    assert!(environment["LANDFALL_CLOCK"].starts_with("2026-11-20T09:00:00Z@"), "{}", environment["LANDFALL_CLOCK"]);
    assert!(std::fs::exists(rehearsal.folder().join("certs/shield.key")).expect("readable"));
    assert_eq!(rehearsal.exports().lines().count(), environment.len());
}

#[tokio::test]
async fn answers_survive_and_name_the_folder() {
    let rehearsal = common::start(SCENARIO).await;
    let text = std::fs::read_to_string(&rehearsal.environment()["LANDFALL_ANSWERS"]).expect("answers");
    let answers: serde_json::Value = serde_yaml::from_str(&text).expect("YAML");
    let folder = rehearsal.folder().display();
    assert_eq!(answers["certificate"], format!("{folder}/certs/shield.crt"));
    assert_eq!(
        (&answers["word"], &answers["number"], &answers["text"]),
        (&"yes".into(), &"0777".into(), &"one\ntwo: ünï".into())
    );
    let note = std::fs::read_to_string(rehearsal.folder().join("sample/note.txt")).expect("a file");
    assert_eq!(note, format!("in {folder}"));
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_folder() {
    use std::os::unix::fs::PermissionsExt;
    let rehearsal = common::start(SCENARIO).await;
    let mode = |path: std::path::PathBuf| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(rehearsal.folder().to_owned()), 0o700);
    assert_eq!(mode(rehearsal.folder().join("vault-passphrase")), 0o600);
}

#[tokio::test]
async fn nothing_stays_behind() {
    let rehearsal = common::start(SCENARIO).await;
    let (folder, dns) = (rehearsal.folder().to_owned(), rehearsal.environment()["LANDFALL_DNS"].clone());
    drop(rehearsal);
    assert!(!folder.exists());
    // Aborted tasks are dropped by the runtime at its next turn.
    while tokio::net::TcpStream::connect(&dns).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_file_may_not_leave_the_folder() {
    let scenario: Scenario = serde_yaml::from_str("{ id: escape, files: { ../outside.txt: x } }").expect("a scenario");
    let error = Rehearsal::start(Options { scenario, ..Options::default() }).await.expect_err("refused");
    assert!(error.to_string().contains("leads out"), "{error}");
}

#[tokio::test]
async fn a_scenario_that_contradicts_itself_is_refused_with_all_that_is_wrong() {
    let text = r#"
id: odd
kubernetes: { objects: [{ apiVersion: v1, kind: ConfigMap }] }
outside:
  dns: [{ name: a.example, type: A, value: nowhere }, { name: b.example, type: CNAME }]
  hosts:
    c.example: { kind: refused, certificate: { signed_by: Nobody } }
    d.example: { kind: helm_repository, charts: [missing] }
"#;
    let scenario: Scenario = serde_yaml::from_str(text).expect("a scenario");
    let error = Rehearsal::start(Options { scenario, ..Options::default() }).await.expect_err("refused").to_string();
    for word in ["scenario odd", "kubernetes.objects", "a.example", "b.example", "Nobody", "missing"] {
        assert!(error.contains(word), "{word}: {error}");
    }
}
