//! A rehearsed install against the critical path of its steps, both from what the engine says of itself.

#[path = "common/events.rs"]
mod events;
#[path = "common/program.rs"]
mod program;

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use events::{critical_path, events, tasks, wall};
use program::{Done, about, against, program};
use serde_json::Value;

/// Slow enough that the machine's own time hardly counts: a second of it is ten of the install's.
const SPEED: &str = "10";

fn main() -> Done {
    about("install: Shield, smooth, against the critical path");
    let home = tempfile::tempdir()?;
    let mut command = Command::new(program());
    command
        .args(["rehearse", "arthur-shield", "--yes", "--output", "ndjson", "--speed", SPEED])
        .env("HOME", home.path());
    let said = events(&mut command)?;
    let stage =
        |name: &str| said.iter().position(|event| event["stage"] == name).ok_or_else(|| format!("no stage {name}"));
    let installed = tasks(&said[stage("Install")?..stage("Verify")?])?;
    let plan = said.iter().find(|event| event["type"] == "plan").ok_or("no plan was told")?;
    let after: BTreeMap<_, _> = plan["plan"]["tasks"].as_array().into_iter().flatten().filter_map(edges).collect();
    let (critical, way) = critical_path(&installed, &after);
    let wall = wall(&installed);
    println!("{} tasks, {wall:.1} s on the install's clock; the critical path takes {critical:.1} s:", installed.len());
    for path in &way {
        println!("  {path:<40} {:>8.1} s", installed[path].seconds());
    }
    let waits: f64 = installed.values().map(events::Took::seconds).sum();
    println!("one after the other it would have been {waits:.1} s");
    against("install / critical path", wall / critical, "", 1.05);
    Ok(())
}

fn edges(task: &Value) -> Option<(String, BTreeSet<String>)> {
    let after = task["after"].as_array().into_iter().flatten().filter_map(Value::as_str);
    Some((task["path"].as_str()?.to_owned(), after.map(str::to_owned).collect()))
}
