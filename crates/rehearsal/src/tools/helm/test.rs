//! `helm test`: runs a chart's test pods.

use std::{thread, time::Duration};

use serde_json::{Value, json};

use super::{Failure, Helm, change::listed, objects::Objects, print, release};
use crate::tools::cluster::Cluster;

/// `helm test`.
pub fn run(helm: &Helm<'_>) -> Result<String, Failure> {
    let [name] = helm.arguments.exactly::<1>()?;
    let cluster = helm.cluster()?;
    let namespace = helm.namespace(&cluster);
    let mut release =
        release::revisions(&cluster, &namespace, name)?.pop().ok_or_else(|| Failure::said("release: not found"))?;
    let mut hooks = release.body["hooks"].as_array().cloned().unwrap_or_default();
    let mut failed = None;
    for hook in
        hooks.iter_mut().filter(|hook| hook["events"].as_array().is_some_and(|events| events.contains(&json!("test"))))
    {
        let object: Value = serde_yaml::from_str(hook["manifest"].as_str().unwrap_or_default()).unwrap_or_default();
        let objects = Objects::new(helm, &cluster, name, &namespace);
        let path = objects.path(&object)?;
        cluster.delete(&path)?;
        while cluster.get(&path)?.is_some() {
            thread::sleep(Duration::from_millis(20));
        }
        let started = helm.now().to_string();
        let phase = match objects.write(std::slice::from_ref(&object), &[]) {
            Ok(()) => wait_for(helm, &cluster, &path)?,
            Err(error) => {
                failed = Some(listed(helm, &error));
                "Failed".to_owned()
            }
        };
        if phase != "Succeeded" && failed.is_none() {
            failed = Some(format!("pod {} failed", object["metadata"]["name"].as_str().unwrap_or_default()));
        }
        hook["last_run"] = json!({"started_at": started, "completed_at": helm.now().to_string(), "phase": phase});
        if failed.is_some() {
            failed = failed.map(|why| format!("Hook test {} failed: {why}", hook["path"].as_str().unwrap_or_default()));
            break;
        }
    }
    release.body["hooks"] = json!(hooks);
    release.save(helm, &cluster)?;
    let said = print::made(helm, &release);
    match failed {
        None => Ok(said),
        Some(why) => {
            print!("{said}");
            Err(Failure::said(format!("warning: {why}")))
        }
    }
}

/// Waits until a pod or job has come to its end.
fn wait_for(helm: &Helm<'_>, cluster: &Cluster, path: &str) -> Result<String, Failure> {
    let limit =
        helm.arguments.last("timeout").and_then(|text| text.parse().ok()).unwrap_or(jiff::SignedDuration::from_mins(5));
    let started = helm.now();
    loop {
        let there = cluster.get(path)?.unwrap_or_default();
        let phase = there["status"]["phase"].as_str().unwrap_or_default();
        if matches!(phase, "Succeeded" | "Failed") {
            return Ok(phase.to_owned());
        }
        if there["status"]["succeeded"].as_u64().is_some_and(|count| count > 0) {
            return Ok("Succeeded".to_owned());
        }
        if helm.now().duration_since(started) > limit {
            return Ok("Failed".to_owned());
        }
        thread::sleep(Duration::from_millis(50));
    }
}
