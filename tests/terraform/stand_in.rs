//! The rehearsal's terraform beside the real one: the same exit codes, and nothing in its answers that the real one would not say.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use super::{apply::configuration, bench::Bench};
use crate::rehearsed::Served;

/// A terraform in its folder.
struct Tool {
    program: PathBuf,
    folder: PathBuf,
    settings: Vec<(String, String)>,
}

impl Tool {
    fn run(&self, words: &[&str]) -> (i32, String) {
        let chdir = format!("-chdir={}", self.folder.display());
        let mut command = Command::new(&self.program);
        command.arg(chdir).args(words).env("CHECKPOINT_DISABLE", "1").env_remove("TF_CLI_CONFIG_FILE");
        let output = command.envs(self.settings.iter().cloned()).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    }

    /// Every answer of a whole life, by command.
    fn life(&self, variables: &Path) -> Vec<(&'static str, i32, String)> {
        let (saved, file) = (self.folder.join("saved.plan"), format!("-var-file={}", variables.display()));
        let (saved, out) = (saved.display().to_string(), format!("-out={}", saved.display()));
        let plan = ["plan", "-json", "-input=false", "-detailed-exitcode", &out, &file];
        let told = |name, (code, said): (i32, String)| (name, code, said);
        vec![
            told("plan", self.run(&["plan", "-json", "-input=false", "-detailed-exitcode", &out, &file])),
            told("init", self.run(&["init", "-input=false", "-no-color"])),
            told("first plan", self.run(&plan)),
            told("show", self.run(&["show", "-json", &saved])),
            told("apply", self.run(&["apply", "-json", "-input=false", &saved])),
            told("output", self.run(&["output", "-json"])),
            told("state list", self.run(&["state", "list"])),
            told("stale apply", self.run(&["apply", "-json", "-input=false", &saved])),
            told("second plan", self.run(&plan)),
        ]
    }
}

fn lines(said: &str) -> Vec<Value> {
    said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The sorts of lines, and the fields of each.
fn shape(said: &str) -> BTreeSet<(String, String)> {
    let named = |line: &Value| line["type"].as_str().unwrap_or_default().to_owned();
    let fields = |line: &Value| {
        let keys = line.as_object().into_iter().flatten().map(|(key, _)| key.clone());
        let below = line["hook"].as_object().into_iter().flatten().map(|(key, _)| format!("hook.{key}"));
        keys.chain(below).collect::<Vec<_>>()
    };
    lines(said)
        .iter()
        .flat_map(|line| fields(line).into_iter().map(|key| (named(line), key)).collect::<Vec<_>>())
        .collect()
}

#[test]
fn the_stand_in_says_nothing_that_the_real_one_would_not() {
    let Some(bench) = Bench::new() else { return };
    configuration(&bench, "gateway");
    bench.write("go", "");
    bench.write("real.json", &json!({ "password": "a" }).to_string());
    let real = Tool { program: bench.program.clone(), folder: bench.work.path().to_owned(), settings: Vec::new() };
    let real = real.life(&bench.work.path().join("real.json"));

    let served = Served::start_with("apheris-gateway", &["--scenario", "plan-to-read", "--speed", "600"], None);
    served.landfall(&["install", "apheris-gateway", "--yes", "--output", "ndjson"]).ends_with(5);
    let variables = served.file(
        "variables.json",
        &json!({
            "helm_repository_username": "mycompany", "helm_repository_password": "rehearsed-helm-password",
            "orchestrator_client_secret": "rehearsed-client-secret",
        })
        .to_string(),
    );
    let folder = served.world().join("deployment");
    std::fs::remove_dir_all(folder.join(".terraform")).unwrap();
    let settings = served.settings().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let stand_in = Tool { program: served.world().join("bin/terraform"), folder, settings }.life(&variables);

    for ((name, code, said), (_, stand_in_code, stand_in_said)) in real.iter().zip(&stand_in) {
        assert_eq!(code, stand_in_code, "{name}: {said}\n{stand_in_said}");
        let (known, told) = (shape(said), shape(stand_in_said));
        let more: Vec<_> = told.difference(&known).filter(|(kind, _)| kind != "apply_progress").collect();
        assert!(more.is_empty(), "{name}: {more:?}\n{said}");
    }
    let tree = |all: &[(&str, i32, String)], name: &str| -> Value {
        serde_json::from_str(&all.iter().find(|(known, ..)| *known == name).unwrap().2).unwrap()
    };
    for pointer in [
        "/format_version",
        "/resource_changes/0/address",
        "/resource_changes/0/type",
        "/resource_changes/0/mode",
        "/resource_changes/0/change/actions/0",
        "/output_changes/cluster_name/actions/0",
        "/planned_values/outputs/landfall_install/value",
    ] {
        for all in [&real, &stand_in] {
            assert!(tree(all, "show").pointer(pointer).is_some(), "{pointer}");
        }
    }
    for all in [&real, &stand_in] {
        assert!(tree(all, "output").pointer("/cluster_name/value").is_some());
    }
}
