//! Thousands of pods watched: the first rows, all rows, memory, idle work, and keys while pods come and go.
//!
//! The cluster is the rehearsal's, in this process and on the same cores.

#[path = "../crates/rehearsal/tests/kube_common/mod.rs"]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the tests' own cluster, which fails by panicking"
)]
mod kube_common;
#[path = "common/program.rs"]
mod program;
#[path = "common/terminal.rs"]
mod terminal;

use std::{fs, path::Path, time::Duration};

use kube_common::Cluster;
use landfall_core::{
    journal::{Record, Stamped},
    plan::InstallId,
};
use program::{Done, about, against, ms, program, spread};
use serde_json::{Value, json};
use terminal::Terminal;

const KEYS: usize = 50;
const IDLE: Duration = Duration::from_secs(10);
const NODES: &str = "
nodes:
  - { name: cpu, count: 200, cpu: 64, memory_gib: 256 }
history: 100000
";

fn main() -> Done {
    about("watch: nodes, pods, events and logs of a namespace, live");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    for pods in [1_000, 5_000] {
        println!("\n{pods} pods");
        let cluster = runtime.block_on(full(pods))?;
        measure(&runtime, &cluster, pods)?;
    }
    Ok(())
}

/// A cluster in which so many pods are ready.
async fn full(pods: usize) -> Done<Cluster> {
    let cluster = Cluster::start(NODES).await;
    cluster.namespace("shield").await;
    for number in 0..pods / 50 {
        let name = format!("web-{number:03}");
        let deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name },
            "spec": { "replicas": 50, "selector": { "matchLabels": { "app": name } }, "template": {
                "metadata": { "labels": { "app": name } },
                "spec": { "containers": [{ "name": "main", "image": "nginx:1", "env": env() }] },
            } },
        });
        let (code, answer) = cluster.post("/apis/apps/v1/namespaces/shield/deployments", &deployment).await;
        if code != 201 {
            return Err(format!("{code}: {answer}").into());
        }
    }
    let wanted = format!("web-{:03}", pods / 50 - 1);
    let ready = |list: &Value| list["status"]["readyReplicas"] == 50;
    for number in 0..pods / 50 {
        cluster.until(&format!("/apis/apps/v1/namespaces/shield/deployments/web-{number:03}"), ready).await;
    }
    cluster.until(&format!("/apis/apps/v1/namespaces/shield/deployments/{wanted}"), ready).await;
    Ok(cluster)
}

/// Real pods are not small.
fn env() -> Value {
    (0..20).map(|number| json!({ "name": format!("SETTING_{number}"), "value": "x".repeat(60) })).collect()
}

fn measure(runtime: &tokio::runtime::Runtime, cluster: &Cluster, pods: usize) -> Done {
    let state = tempfile::tempdir()?;
    journal(state.path())?;
    let kubeconfig = cluster.kubeconfig();
    let environment = [
        ("KUBECONFIG", kubeconfig.to_str().ok_or("a path that is no text")?),
        ("LANDFALL_STATE_DIR", state.path().to_str().ok_or("a path that is no text")?),
        ("NO_PROXY", "127.0.0.1"),
    ];
    let mut terminal = Terminal::start_in(&program(), &["status", "3fa9c1d2", "--watch"], &environment)?;
    terminal.until("the first frame", |screen| screen.contents().contains("Status of 3fa9c1d2"))?;
    terminal.press("3")?;
    let rows = |screen: &vt100::Screen| {
        screen.rows(0, 120).filter(|row| row.trim_start_matches([' ', '▶']).starts_with("P-")).count()
    };
    let first = terminal.until("ten rows", |screen| rows(screen) >= 10)? - terminal.begun;
    let count = format!("/{pods}");
    let all = terminal.until("all pods", |screen| screen.contents().contains(&count))? - terminal.begun;
    against("program started to ten pod rows", ms(first), "ms", 300.0);
    against("program started to all pods known", ms(all), "ms", 1_200.0);

    terminal.rest(Duration::from_secs(2));
    settled(&mut terminal)?;
    let (before, written) = (cpu(terminal.process()?)?, terminal.written());
    terminal.rest_for(IDLE);
    let idle = cpu(terminal.process()?)? - before;
    against("resident", resident(terminal.process()?)?, "MB", 64.0);
    against("processor, idle", idle.as_secs_f64() / IDLE.as_secs_f64() * 100.0, "%", 1.0);
    println!(
        "{:<44} {:>8} bytes in {} s",
        "written to the terminal, idle",
        terminal.written() - written,
        IDLE.as_secs()
    );

    keys(&mut terminal, "idle")?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let churning = runtime.spawn(churn(cluster.client.clone(), cluster.server.clone(), stopped));
    terminal.rest_for(Duration::from_secs(1));
    keys(&mut terminal, "pods churning")?;
    drop(stop);
    let churned = runtime.block_on(churning)??;
    println!("{:<44} {churned:>8}", "pods deleted meanwhile");
    against("resident afterwards", resident(terminal.process()?)?, "MB", 64.0);
    Ok(())
}

/// Waits until every list is read: there are several events to a pod, and idle is what comes after them.
fn settled(terminal: &mut Terminal) -> Done {
    let process = terminal.process()?;
    let mut quiet = 0;
    for _ in 0..60 {
        let before = cpu(process)?;
        terminal.rest_for(Duration::from_secs(1));
        quiet = if cpu(process)? - before <= Duration::from_millis(10) { quiet + 1 } else { 0 };
        if quiet == 3 {
            break;
        }
    }
    Ok(())
}

fn keys(terminal: &mut Terminal, when: &str) -> Done {
    let mut times = Vec::new();
    terminal.press("\x1b[H")?;
    terminal.rest_for(Duration::from_millis(300));
    for _ in 0..KEYS {
        let before = highlighted(terminal.screen());
        let pressed = terminal.press("\x1b[B")?;
        let moved = terminal.until("the moved highlight", |screen| {
            let now = highlighted(screen);
            now.is_some() && now != before
        })?;
        times.push(moved - pressed);
        terminal.rest_for(Duration::from_millis(30));
    }
    let worst = *times.iter().max().ok_or("no key was pressed")?;
    let middle = spread(&format!("key to moved highlight, {when}"), times);
    against(&format!("middle, {when}"), ms(middle), "ms", if when == "idle" { 2.0 } else { 4.0 });
    against(&format!("worst of {KEYS}, {when}"), ms(worst), "ms", 16.0);
    Ok(())
}

/// The row of pods that is highlighted, by its code.
fn highlighted(screen: &vt100::Screen) -> Option<String> {
    let row = screen.rows(0, 120).find(|row| row.trim_start().starts_with("▶ P-"))?;
    row.split_whitespace().nth(1).map(str::to_owned)
}

/// Deletes pods, about eighteen a second; their deployments make new ones.
async fn churn(
    client: reqwest::Client,
    server: String,
    mut stopped: tokio::sync::oneshot::Receiver<()>,
) -> Done<usize> {
    let path = format!("{server}/api/v1/namespaces/shield/pods");
    let mut deleted = 0;
    let mut turns = tokio::time::interval(Duration::from_millis(55));
    loop {
        let list: Value = client.get(format!("{path}?limit=50")).send().await?.json().await?;
        let items = list["items"].as_array().into_iter().flatten();
        let names: Vec<&str> = items.filter_map(|pod| pod["metadata"]["name"].as_str()).collect();
        for name in names {
            let _ = client.delete(format!("{path}/{name}")).send().await;
            deleted += 1;
            tokio::select! {
                _ = turns.tick() => {}
                _ = &mut stopped => return Ok(deleted),
            }
        }
    }
}

fn journal(state: &Path) -> Done {
    let folder = state.join("3fa9c1d2");
    fs::create_dir_all(&folder)?;
    let target = json!({
        "account": "", "region": "", "cluster": "test", "cluster_id": "test", "namespace": "shield", "partition": "aws",
    });
    let opened = Record::Opened {
        install: InstallId::of("3fa9c1d2"),
        guide: "arthur-shield".into(),
        guide_digest: "d".into(),
        program: "landfall bench".into(),
        target,
    };
    let line = serde_json::to_string(&Stamped::now(jiff::Timestamp::now(), opened))?;
    fs::write(folder.join("journal.jsonl"), line + "\n")?;
    Ok(())
}

/// Memory in MB, as the system counts it.
fn resident(process: u32) -> Done<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<f64>()? / 1_024.0)
}

/// Processor time so far, in steps of 10 ms.
fn cpu(process: u32) -> Done<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 10))
}
