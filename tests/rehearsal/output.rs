//! Whoever reads our output may stop reading, may be a full disk, and copies what is printed.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use crate::rehearsed::{Served, run};

/// Runs it with a reader that has gone before the first word; gives the exit code and what was complained of.
fn unread(command: &mut Command) -> (Option<i32>, String) {
    let mut running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(running.stdout.take());
    let output = running.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn nobody_reads_and_nobody_complains() {
    let served = Served::start("smooth");
    for words in [
        "--help",
        "guide list",
        "guide needs arthur-shield",
        "guide show arthur-shield",
        "guide schema",
        "guide lint arthur-shield",
        "explain AWS-QUOTA-LOW",
        "completions bash",
        "status",
        "plan arthur-shield --yes",
        "plan arthur-shield --yes --output json",
        "plan arthur-shield --yes --output markdown",
        "secrets list arthur-shield --yes",
    ] {
        let arguments: Vec<&str> = words.split(' ').collect();
        let (code, complaint) = unread(&mut served.command(&arguments));
        assert_eq!((code, complaint.as_str()), (Some(0), ""), "landfall {words}");
    }
}

#[test]
fn head_gets_its_line_and_the_rest_is_dropped() {
    let served = Served::start("smooth");
    let mut command = served.command(&["guide", "schema"]);
    let mut running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    // More than a pipe holds follows.
    BufReader::with_capacity(16, running.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let output = running.wait_with_output().unwrap();
    assert_eq!((first.as_str(), output.status.code(), output.stderr), ("{\n", Some(0), Vec::new()));
}

#[test]
fn an_install_goes_on_when_nobody_listens_any_more() {
    let served = Served::start("smooth");
    let (code, complaint) = unread(&mut served.command(&["install", "arthur-shield", "--yes", "--output", "ndjson"]));
    assert_eq!((code, complaint.as_str()), (Some(0), ""));
    assert!(served.journal().contains(r#""path":"steps/gpu_node_group""#));
}

#[test]
#[cfg(target_os = "linux")]
fn output_that_cannot_be_written_is_a_failure() {
    let served = Served::start("smooth");
    for words in ["guide list", "plan arthur-shield --yes --output json"] {
        let mut command = served.command(&words.split(' ').collect::<Vec<_>>());
        command.stdout(File::options().write(true).open("/dev/full").unwrap());
        let output = command.output().unwrap();
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "landfall {words}: {complaint}");
        assert!(complaint.contains("standard output cannot be written"), "landfall {words}: {complaint}");
    }
}

#[test]
fn what_is_there_to_be_copied_is_never_wrapped() {
    let served = Served::start("smooth");
    let permissions = run(&mut served.command(&["plan", "arthur-shield", "--yes", "--permissions"]));
    permissions.ends_with(0);
    let (from, to) = (permissions.out.find("{\n").unwrap(), permissions.out.find("\n}\n").unwrap() + 3);
    let policy: serde_json::Value = serde_json::from_str(&permissions.out[from..to]).unwrap();
    assert_eq!(policy["Version"], "2012-10-17");

    let commands = run(&mut served.command(&["plan", "arthur-shield", "--yes", "--commands"]));
    commands.ends_with(0);
    let longest = commands.out.lines().map(str::len).max().unwrap_or_default();
    assert!(longest > 200, "the longest line has {longest} signs");
}

#[test]
fn what_a_step_will_bring_is_said_in_words() {
    let served = Served::start("smooth");
    for format in ["text", "markdown", "ndjson"] {
        let plan = served.landfall(&["plan", "arthur-shield", "--yes", "--output", format]);
        plan.ends_with(0);
        assert!(!plan.out.contains("steps."), "{format}: {}", plan.out);
        let words: Vec<&str> = plan.out.split_whitespace().collect();
        assert!(words.join(" ").contains("known after"), "{format}: {}", plan.out);
    }
    let plan = served.landfall(&["plan", "arthur-shield", "--yes", "--output", "markdown"]).out;
    for part in [
        "<address of shield.mycompany.example, known after step \"Install the chart\">",
        "--launch-template '<id and version, known after step Launch template of the GPU nodes>'",
        "<ARN, known after step Policy that adds a node for GPU use>",
    ] {
        assert!(plan.contains(part), "{part}: {plan}");
    }
}

#[test]
fn a_task_stands_with_the_path_that_names_it() {
    let served = Served::start("denied-lookups");
    let plan = served.landfall(&["plan", "arthur-shield", "--yes"]);
    plan.ends_with(0);
    for path in ["(steps/gpu_launch_template)", "(steps/node_role_metrics)", "(verify/gpu_nodes_healthy)"] {
        let words = plan.out.split_whitespace().any(|word| word == path);
        assert!(words, "{path}, unbroken: {}", plan.out);
    }
    let check = served.landfall(&["check", "arthur-shield", "--yes"]);
    assert!(check.out.lines().any(|line| line.trim() == "task checks/gpu_quota"), "{}", check.out);
    assert!(!check.out.contains("task checks/identity"), "nobody has to name what passed: {}", check.out);
}
