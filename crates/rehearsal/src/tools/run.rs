//! Behaving as the tool that one was called as.

use std::{collections::BTreeMap, ffi::OsStr, path::Path};

use super::{aws, credentials, eksctl, helm, place::Place, terraform};

/// Names under which the program stands in for a tool.
pub const NAMES: [&str; 6] = ["helm", "terraform", "tofu", "eksctl", "aws", "landfall-credentials"];

/// Behaves as the tool of that name where one is called as such from a rehearsal's `bin` folder, and returns its
/// exit code; none where this is not so and the program should go on as itself.
///
/// `program_name` is `argv[0]`, `arguments` what follows it.
pub fn run_as(program_name: &str, arguments: &[String], environment: &BTreeMap<String, String>) -> Option<i32> {
    let name = Path::new(program_name).file_name().and_then(OsStr::to_str)?;
    if !NAMES.contains(&name) {
        return None;
    }
    let place = Place::of(program_name, environment.get("PATH").map(String::as_str))?;
    Some(match name {
        "helm" => helm::run(&place, arguments, environment),
        "terraform" | "tofu" => terraform::run(&place, name, arguments, environment),
        "eksctl" => eksctl::run(&place, arguments, environment),
        "aws" => aws::run(arguments),
        _ => credentials::run(&place, arguments),
    })
}
