//! While a container runs: its log, what it waits for, and how it ends.

use jiff::SignedDuration;
use serde_json::json;

use super::{
    gpu,
    it::It,
    needs,
    pod::{Line, Step, names},
    prepare::{backoff, configure},
    status,
};
use crate::{
    kube::{object, objects::Key, rule::LogLine, state::State},
    outside::psql::Ended,
    world::Happening,
};

/// Its containers run.
pub fn start(state: &mut State, it: It<'_>) {
    for container in names(it.pod) {
        it.tell(state, &container, false, "Created", &format!("Created container: {container}"));
        it.tell(state, &container, false, "Started", &format!("Started container {container}"));
    }
    let (now, restarts) = (state.now, it.run(state).restarts);
    let count = state.made.entry("addresses".into()).or_default();
    *count += 1;
    let address = format!("10.0.{}.{}", 64 + *count / 250 % 128, 2 + *count % 250);
    state.objects.change(it.key, |pod| {
        status::running(pod, restarts, now);
        object::default(pod, &["status", "podIP"], address.clone());
        object::default(pod, &["status", "podIPs"], json!([{ "ip": address }]));
    });
    let rule = it.rule(state);
    let mut lines = rule.logs.clone();
    if lines.is_empty() && status::runs(it.pod, "nvidia-smi") {
        lines = use_gpu(state, it).into_iter().map(LogLine::Plain).collect();
    }
    let asks = lines.is_empty() && status::runs(it.pod, "psql");
    let spoken = speak(state, it, &lines);
    let run = it.run(state);
    if let Some(crash) = rule.crash.as_ref().filter(|crash| crash.times.is_none_or(|times| run.crashes < times)) {
        it.then(state, crash.after, Step::Crash);
        return;
    }
    if asks {
        let asked = Box::new(needs::program(state, it.pod));
        let (namespace, pod, uid) = (it.key.namespace.to_string(), it.key.name.to_string(), it.uid.to_owned());
        state.told.push(Happening::ContainerStarted { namespace, pod, uid, asked });
        return;
    }
    let completes = rule
        .completes_after
        .or_else(|| (object::text(it.pod, "/spec/restartPolicy") != "Always").then_some(state.setup.times.job));
    if let Some(takes) = completes {
        it.then(state, takes.max(spoken), Step::Finish);
    }
    it.then(state, spoken, Step::Wait);
}

/// What it waited for outside is over: it says what came of it, and ends.
pub fn ends(state: &mut State, key: &Key, uid: &str, ended: Ended) {
    let Some(epoch) = state.runs.get(key).filter(|run| run.uid == uid).map(|run| run.epoch) else { return };
    let Some(object) = state.objects.get(key).cloned() else { return };
    let it = It { key, pod: &object.value, uid, epoch };
    for line in ended.lines {
        say(state, it, line);
    }
    it.run(state).exit_code = Some(ended.code);
    it.then(state, state.setup.times.job, Step::Finish);
}

/// What `nvidia-smi` prints; without a GPU there is no such command, and the container ends with 127.
fn use_gpu(state: &mut State, it: It<'_>) -> Vec<String> {
    let gpus = it.run(state).requests.get(gpu::RESOURCE).copied().unwrap_or(0) / 1000;
    let node = it.node(state);
    match state.machines.get(&node).filter(|machine| machine.gpus > 0 && gpus > 0) {
        Some(machine) => gpu::table(machine, u32::try_from(gpus).unwrap_or(1)),
        None => {
            it.run(state).exit_code = Some(127);
            vec!["sh: nvidia-smi: not found".into()]
        }
    }
}

/// Puts lines on the agenda; how long does it take to say them?
fn speak(state: &mut State, it: It<'_>, lines: &[LogLine]) -> SignedDuration {
    let mut at = SignedDuration::ZERO;
    for line in lines {
        at += line.after();
        if at.is_zero() {
            say(state, it, line.text().to_owned());
        } else {
            it.then(state, at, Step::Say(line.text().to_owned()));
        }
    }
    at
}

/// A line of its log.
pub fn say(state: &mut State, it: It<'_>, text: String) {
    let line = Line { at: state.now, container: it.main(state), text };
    it.run(state).lines.push(line);
    state.lines += 1;
}

/// The first part of its log is written: what does it wait for?
pub fn wait(state: &mut State, it: It<'_>) {
    let rule = it.rule(state);
    let name = rule.ready_when.as_ref().map(|when| when.dns.trim_end_matches('.').to_lowercase());
    match name.filter(|name| !state.resolvable.contains(name)) {
        Some(name) => {
            it.run(state).waits_for = Some(name);
            still_waiting(state, it);
        }
        None => go_on(state, it),
    }
}

/// It says once more that it waits.
pub fn still_waiting(state: &mut State, it: It<'_>) {
    let rule = it.rule(state);
    let Some(when) = &rule.ready_when else { return };
    if it.run(state).waits_for.is_none() {
        return;
    }
    if let Some(line) = &when.waiting {
        say(state, it, line.clone());
        it.then(state, when.every.max(SignedDuration::from_secs(1)), Step::StillWaiting);
    }
}

/// What it waited for is there.
pub fn go_on(state: &mut State, it: It<'_>) {
    let rule = it.rule(state);
    let spoken = speak(state, it, &rule.then);
    if !rule.never_ready {
        it.then(state, spoken + rule.ready_after.unwrap_or(state.setup.times.ready), Step::Ready);
    }
}

/// It is ready.
pub fn ready(state: &mut State, it: It<'_>) {
    if object::text(it.pod, "/status/phase") != "Running" {
        return;
    }
    let now = state.now;
    state.objects.change(it.key, |pod| status::ready(pod, now));
    let node = it.node(state);
    gpu::pod_changed(state, it.pod, &node);
}

/// It completed.
pub fn finish(state: &mut State, it: It<'_>) {
    let rule = it.rule(state);
    let code = it.run(state).exit_code.unwrap_or(rule.exit_code);
    let policy = object::text(it.pod, "/spec/restartPolicy");
    if policy == "Always" || (policy == "OnFailure" && code != 0) {
        end(state, it, code, if code == 0 { "Completed" } else { "Error" });
        return;
    }
    let now = state.now;
    state.objects.change(it.key, |pod| status::over(pod, code, if code == 0 { "Completed" } else { "Error" }, now));
    it.run(state).epoch += 1;
}

/// It crashed.
pub fn crash(state: &mut State, it: It<'_>) {
    let rule = it.rule(state);
    let Some(crash) = &rule.crash else { return };
    for line in &crash.log {
        say(state, it, line.clone());
    }
    if object::text(it.pod, "/spec/restartPolicy") == "Never" {
        let now = state.now;
        state.objects.change(it.key, |pod| status::over(pod, crash.exit_code, &crash.reason, now));
        it.run(state).epoch += 1;
        return;
    }
    end(state, it, crash.exit_code, &crash.reason);
}

/// The container ended and will be started again.
fn end(state: &mut State, it: It<'_>, code: i64, reason: &str) {
    let now = state.now;
    let container = it.main(state);
    let run = it.run(state);
    run.crashes += 1;
    run.epoch += 1;
    run.waits_for = None;
    let (crashes, epoch) = (run.crashes, run.epoch);
    // The first restart comes at once.
    let pause = if crashes == 1 { SignedDuration::from_secs(1) } else { backoff(crashes - 1) };
    let message = format!(
        "back-off {}s restarting failed container={container} pod={}_{}({})",
        pause.as_secs(),
        it.key.name,
        it.key.namespace,
        it.uid
    );
    state.objects.change(it.key, |pod| {
        status::unready(pod, now);
        status::ended(pod, &container, code, reason, (crashes > 1).then_some(&message), now);
    });
    if crashes > 1 {
        let message = format!(
            "Back-off restarting failed container {container} in pod {}_{}({})",
            it.key.name, it.key.namespace, it.uid
        );
        it.tell(state, &container, true, "BackOff", &message);
    }
    It { epoch, ..it }.then(state, pause, Step::Restart);
}

/// Its container is started again.
pub fn restart(state: &mut State, it: It<'_>) {
    let run = it.run(state);
    run.restarts += 1;
    run.previous = std::mem::take(&mut run.lines);
    for (container, image) in status::images(it.pod) {
        it.tell(state, &container, false, "Pulled", &format!("Container image \"{image}\" already present on machine"));
    }
    configure(state, it);
}
