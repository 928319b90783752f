//! Planned, agreed to, applied, interrupted, resumed, destroyed.

use landfall_core::event::{Owner, State};
use serde_json::json;

use super::bench::{Bench, CANARY, files};
use crate::{
    place::{INSTALL, present},
    until,
};

/// A module whose second resource is being made for as long as there is no file `go`.
pub fn configuration(bench: &Bench, name: &str) {
    bench.write(
        "module/main.tf",
        r#"
variable "name" { type = string }
variable "password" {
  type      = string
  sensitive = true
}
resource "terraform_data" "first" { input = var.name }
resource "terraform_data" "second" {
  input = var.password
  provisioner "local-exec" { command = "touch begun; while [ ! -e go ]; do sleep 0.1; done" }
}
output "cluster_name" { value = terraform_data.first.output }
"#,
    );
    bench.write(
        "main.tf",
        &format!(
            r#"
variable "password" {{
  type      = string
  sensitive = true
}}
module "gateway" {{
  source   = "./module"
  name     = "{name}"
  password = var.password
}}
output "cluster_name" {{ value = module.gateway.cluster_name }}
output "landfall_install" {{ value = "{INSTALL}" }}
"#
        ),
    );
}

#[tokio::test]
async fn a_plan_is_shown_agreed_to_and_applied_and_nothing_differs_afterwards() {
    let Some(bench) = Bench::new() else { return };
    configuration(&bench, "gateway");
    bench.write("go", "");
    assert_eq!(bench.inspect().await.state, State::Absent);
    let question = bench.agreed().await;
    assert!(question["text"].as_str().unwrap().contains("2 to add, 0 to change, 0 to destroy"), "{question}");
    assert_eq!(question["choices"][0]["id"], "stop", "the careful choice comes first");
    assert_eq!(question["choices"][1]["typed"], "apply");
    assert!(!question.to_string().contains(CANARY), "{question}");
    let (_, job) = bench.start().await;
    job.await.unwrap().unwrap();
    let found = bench.inspect().await;
    assert_eq!(found.owner, Owner::Ours);
    assert_eq!(present(&found)["outputs"]["cluster_name"], "gateway");
    assert!(bench.place.said().contains("terraform_data.first: Creation complete"), "{}", bench.place.said());

    // Another name is a change in place; one that is lost has to be typed out.
    configuration(&bench, "other");
    let State::Drifted { differences, .. } = bench.inspect().await.state else { panic!("no drift") };
    assert!(
        differences.iter().any(|one| one.field.ends_with("first") && one.wanted.starts_with("change")),
        "{differences:?}"
    );
    bench.write("main.tf", "output \"landfall_install\" { value = \"x\" }\nvariable \"password\" { type = string }\n");
    let question = bench.agreed().await;
    assert_eq!(question["choices"][1]["typed"], "destroy 2", "{question}");
    assert!(question["differences"][0]["wanted"].as_str().unwrap().starts_with("DESTROY"), "{question}");
}

#[tokio::test]
async fn an_interrupted_apply_ends_by_itself_and_is_resumed() {
    let Some(bench) = Bench::new() else { return };
    configuration(&bench, "gateway");
    bench.agreed().await;
    let (cx, job) = bench.start().await;
    until::so("the second resource is begun", || bench.work.path().join("begun").exists()).await;
    // terraform's own line about the first one may come a moment after the second has begun.
    let why = until::given("the first one is told", async || {
        let State::Pending { why } = bench.inspect().await.state else { panic!("not at work") };
        if why.done == Some((1, 2)) { Ok(why) } else { Err(why) }
    })
    .await;
    assert!(why.on.contains("terraform_data.second"), "{why:?}");
    cx.cancel.cancel();
    assert!(job.await.unwrap().is_err());
    let found = bench.inspect().await;
    assert_eq!(found.owner, Owner::Ours, "half an apply is still this install's");
    let State::Drifted { differences, .. } = found.state else { panic!("{:?}", found.state) };
    assert!(
        differences.iter().any(|one| one.wanted.contains("REPLACE") && one.wanted.contains("tainted")),
        "{differences:?}"
    );

    bench.write("go", "");
    bench.applied().await;
    present(&bench.inspect().await);
}

#[tokio::test]
async fn a_lock_somebody_holds_is_told_and_waited_for() {
    let Some(bench) = Bench::new() else { return };
    configuration(&bench, "gateway");
    let (initialised, said) = bench.run(&["init", "-input=false"]);
    assert!(initialised, "{said}");
    let mut other = std::process::Command::new(&bench.program)
        .arg(format!("-chdir={}", bench.work.path().display()))
        .args(["apply", "-auto-approve", "-input=false", "-var=password=another"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    until::so("the other run is at work", || bench.work.path().join("begun").exists()).await;
    let State::Pending { why } = bench.inspect().await.state else { panic!("not held") };
    assert!(why.on.contains('@') && why.on.contains("holds the state's lock (apply, since 20"), "{why:?}");
    assert_eq!(why.problem.unwrap().code, "TF-LOCKED");
    bench.write("go", "");
    assert!(other.wait().unwrap().success());
    assert!(!matches!(bench.inspect().await.state, State::Pending { .. }));
}

#[tokio::test]
async fn the_secret_is_in_no_file_but_the_state_and_on_no_command_line() {
    let Some(bench) = Bench::new() else { return };
    configuration(&bench, "gateway");
    bench.agreed().await;
    let (_, job) = bench.start().await;
    until::so("the second resource is begun", || bench.work.path().join("begun").exists()).await;
    let mut looked_at = 0;
    for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let read = |name: &str| std::fs::read(process.path().join(name)).unwrap_or_default();
        let line = String::from_utf8_lossy(&read("cmdline")).into_owned();
        if line.contains(&*bench.work.path().to_string_lossy()) {
            looked_at += 1;
            assert!(!line.contains(CANARY), "{line}");
            assert!(!String::from_utf8_lossy(&read("environ")).contains(CANARY), "the environment of {line}");
        }
    }
    assert!(looked_at > 0 || !cfg!(target_os = "linux"), "no terraform was seen at work");
    #[cfg(unix)]
    for file in files(bench.place.folder.path()) {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{} can be read by others", file.display());
    }
    bench.write("go", "");
    job.await.unwrap().unwrap();
    present(&bench.inspect().await);
    let holding: Vec<String> = files(bench.place.folder.path())
        .into_iter()
        .chain(files(bench.work.path()))
        .filter(|file| {
            let bytes = std::fs::read(file).unwrap();
            bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes())
        })
        .map(|file| file.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(holding, ["terraform.tfstate"], "and nothing else");
    assert!(!files(bench.place.folder.path()).iter().any(|file| file.to_string_lossy().contains(".plan")));
    assert!(!bench.place.said().contains(CANARY));
}

#[tokio::test]
async fn undo_destroys_what_was_made_and_leaves_what_was_there_before() {
    let Some(bench) = Bench::new() else { return };
    configuration(&bench, "gateway");
    bench.write("go", "");
    bench.applied().await;
    let kind = &bench.place.kinds.steps["terraform.module"];
    let made = |before| landfall::kind::Made { outputs: json!({}), before };
    let kept = kind.undo(&bench.place.context(), &bench.parameters(), &made(Some(json!({})))).await.unwrap_err();
    assert_eq!(kept.problem().code, "TF-WAS-THERE");
    let shown = kind.undo_preview(&bench.place.context(), &bench.parameters(), &made(None)).await.unwrap();
    assert!(
        shown.contains("2 to destroy") && shown.contains("- module.gateway.terraform_data.first  DESTROY"),
        "{shown}"
    );
    kind.undo(&bench.place.context(), &bench.parameters(), &made(None)).await.unwrap();
    assert_eq!(bench.inspect().await.state, State::Absent);
    assert!(
        files(bench.work.path()).iter().all(|file| !std::fs::read_to_string(file).unwrap_or_default().contains(CANARY))
    );
}

#[tokio::test]
async fn things_are_let_go_of_only_after_a_copy_of_the_state() {
    let Some(bench) = Bench::new() else { return };
    configuration(&bench, "gateway");
    bench.write("go", "");
    bench.applied().await;
    let copy = bench.work.path().join("copy.json");
    let forgotten = json!({
        "folder": bench.work.path(), "tool": bench.tool, "addresses": ["module.gateway.terraform_data.first"], "copy": copy,
        "variables": bench.parameters()["variables"],
    });
    assert_eq!(bench.place.inspect("terraform.forgotten", &forgotten).await.state, State::Absent);
    bench.place.apply("terraform.forgotten", &forgotten).await.unwrap();
    present(&bench.place.inspect("terraform.forgotten", &forgotten).await);
    assert!(std::fs::read_to_string(&copy).unwrap().contains("\"first\""));
    assert!(!std::fs::read_to_string(bench.work.path().join("terraform.tfstate")).unwrap().contains("\"first\""));
}
