//! Pods on their nodes: what a kubelet does with them, step by step.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    Work,
    event::{self, From},
    fit::{self, Amounts},
    gpu, needs, status,
};
use crate::kube::{
    object,
    objects::Key,
    rule::{LogLine, Rule},
    state::State,
};

/// What a kubelet knows of a pod beside its object.
#[derive(Debug, Default)]
pub struct Run {
    /// uid of the pod.
    pub uid: String,
    /// Where it runs.
    pub node: String,
    /// Log lines of the running containers.
    pub lines: Vec<Line>,
    /// Log lines before the last restart.
    pub previous: Vec<Line>,
    requests: Amounts,
    counted: bool,
    rule: Rule,
    epoch: u32,
    restarts: u32,
    pulls: u32,
    crashes: u32,
    waits_for: Option<String>,
    exit_code: Option<i64>,
    terminating: bool,
}

/// One line of a container's log.
#[derive(Clone, Debug)]
pub struct Line {
    /// When it was written.
    pub at: Timestamp,
    /// Which container wrote it.
    pub container: String,
    /// What it says.
    pub text: String,
}

/// What comes next in a pod's life.
#[derive(Clone, Debug)]
pub enum Step {
    /// Volumes.
    Mount,
    /// Images.
    Pull,
    /// The image could not be pulled; wait before the next try.
    HoldPull,
    /// Environment.
    Configure,
    /// Containers run.
    Start,
    /// A line of the log.
    Say(String),
    /// The log so far is written: what does it wait for?
    Wait,
    /// It says once more that it waits.
    StillWaiting,
    /// What it waited for is there.
    GoOn,
    /// Ready.
    Ready,
    /// Completed.
    Finish,
    /// Crashed.
    Crash,
    /// Started again after a crash.
    Restart,
    /// Terminated.
    Gone,
}

/// A pod gets its node.
pub fn bind(state: &mut State, key: &Key, node: &str, requests: Amounts) {
    let now = state.now;
    state.objects.change(key, |pod| {
        object::set(pod, &["spec", "nodeName"], node);
        object::set_condition(pod, "PodScheduled", true, "", "", now);
    });
    let claims: Vec<String> = state.objects.value(key).map(|pod| {
        object::list(pod, "/spec/volumes").iter().map(|volume| object::text(volume, "/persistentVolumeClaim/claimName")).filter(|name| !name.is_empty()).map(Into::into).collect()
    }).unwrap_or_default();
    for claim in claims {
        state.objects.touch(Key::new("persistentvolumeclaims", &key.namespace, &claim));
    }
    begin(state, key, requests);
}

fn begin(state: &mut State, key: &Key, requests: Amounts) {
    let Some(pod) = state.objects.value(key) else { return };
    let node = object::text(pod, "/spec/nodeName").to_owned();
    let uid = object::uid(pod).to_owned();
    let rule = state.setup.pods.iter().find(|rule| rule.matches(pod)).cloned().unwrap_or_default();
    let as_given = !matches!(object::text(pod, "/status/phase"), "" | "Pending");
    let of_node = state.requested.entry(node.clone()).or_default();
    for (what, amount) in &requests {
        *of_node.entry(what.clone()).or_default() += amount;
    }
    state.runs.insert(key.clone(), Run { uid: uid.clone(), node, requests, counted: true, rule, ..Run::default() });
    if as_given {
        return;
    }
    let now = state.now;
    state.objects.change(key, |pod| {
        pod["status"]["startTime"] = object::stamp(now).into();
        object::set_condition(pod, "Initialized", true, "", "", now);
        status::unready(pod, now);
        status::containers(pod, None, |status| status["state"] = json!({ "waiting": { "reason": "ContainerCreating" } }));
    });
    state.later(SignedDuration::ZERO, Work::Pod(key.clone(), uid, 0, Step::Mount));
}

/// A pod came, changed or went.
pub fn touched(state: &mut State, key: &Key) {
    let Some(pod) = state.objects.value(key).cloned() else {
        state.unscheduled.remove(key);
        if let Some(run) = state.runs.remove(key) {
            release(state, &run.node, run.counted, &run.requests);
            state.schedule = true;
            if state.machines.get(&run.node).is_some_and(|machine| machine.gpus > 0) {
                state.later(SignedDuration::ZERO, Work::Gpus(run.node));
            }
        }
        return;
    };
    if state.runs.get(key).is_some_and(|run| run.uid != object::uid(&pod))
        && let Some(run) = state.runs.remove(key)
    {
        release(state, &run.node, run.counted, &run.requests);
    }
    if object::text(&pod, "/spec/nodeName").is_empty() {
        if object::is_deleting(&pod) {
            state.objects.remove(key);
        } else if state.unscheduled.insert(key.clone()) {
            state.schedule = true;
        }
        return;
    }
    if !state.runs.contains_key(key) {
        begin(state, key, fit::requests(&pod["spec"]));
    }
    let Some(run) = state.runs.get_mut(key) else { return };
    let over = matches!(object::text(&pod, "/status/phase"), "Succeeded" | "Failed");
    if over && std::mem::take(&mut run.counted) {
        let (node, requests) = (run.node.clone(), run.requests.clone());
        release(state, &node, true, &requests);
        state.schedule = true;
    }
    let Some(run) = state.runs.get_mut(key) else { return };
    if object::is_deleting(&pod) && !std::mem::replace(&mut run.terminating, true) {
        let (node, uid, epoch) = (run.node.clone(), run.uid.clone(), run.epoch);
        let grace = object::int(&pod, "/metadata/deletionGracePeriodSeconds").unwrap_or(30);
        let takes = if over { SignedDuration::ZERO } else { state.setup.times.terminate.min(SignedDuration::from_secs(grace)) };
        if !over {
            for container in names(&pod) {
                event::normal(state, &pod, From::Kubelet(&node, &container), "Killing", &format!("Stopping container {container}"));
            }
        }
        state.later(takes, Work::Pod(key.clone(), uid, epoch, Step::Gone));
    }
}

fn release(state: &mut State, node: &str, counted: bool, requests: &Amounts) {
    if let Some(of_node) = state.requested.get_mut(node).filter(|_| counted) {
        for (what, amount) in requests {
            *of_node.entry(what.clone()).or_default() -= amount;
        }
    }
}

fn names(pod: &Value) -> Vec<String> {
    object::list(pod, "/spec/containers").iter().map(|container| object::text(container, "/name").to_owned()).collect()
}

/// A DNS name started to resolve.
pub fn name_resolves(state: &mut State, name: &str) {
    let name = name.trim_end_matches('.').to_lowercase();
    let waiting: Vec<(Key, String, u32)> = state
        .runs
        .iter_mut()
        .filter(|(_, run)| run.waits_for.as_deref() == Some(&name))
        .map(|(key, run)| {
            run.waits_for = None;
            (key.clone(), run.uid.clone(), run.epoch)
        })
        .collect();
    state.resolvable.insert(name);
    for (key, uid, epoch) in waiting {
        state.later(SignedDuration::ZERO, Work::Pod(key, uid, epoch, Step::GoOn));
    }
}

/// A step is due.
pub fn happen(state: &mut State, key: &Key, uid: &str, epoch: u32, step: Step) {
    let Some(run) = state.runs.get(key).filter(|run| run.uid == uid) else { return };
    if run.terminating && !matches!(step, Step::Gone | Step::Say(_)) || run.epoch != epoch && !matches!(step, Step::Gone) {
        return;
    }
    let Some(pod) = state.objects.value(key).cloned() else { return };
    let it = It { key, pod: &pod, uid, epoch };
    match step {
        Step::Mount => mount(state, it),
        Step::Pull => pull(state, it),
        Step::HoldPull => hold_pull(state, it),
        Step::Configure => configure(state, it),
        Step::Start => start(state, it),
        Step::Say(text) => say(state, it, text),
        Step::Wait => wait(state, it),
        Step::StillWaiting => still_waiting(state, it),
        Step::GoOn => go_on(state, it),
        Step::Ready => ready(state, it),
        Step::Finish => finish(state, it),
        Step::Crash => crash(state, it),
        Step::Restart => restart(state, it),
        Step::Gone => drop(state.objects.remove(key)),
    }
}

/// The pod whose step is due.
#[derive(Clone, Copy)]
struct It<'a> {
    key: &'a Key,
    pod: &'a Value,
    uid: &'a str,
    epoch: u32,
}

impl It<'_> {
    fn then(self, state: &mut State, after: SignedDuration, step: Step) {
        state.later(after, Work::Pod(self.key.clone(), self.uid.to_owned(), self.epoch, step));
    }

    fn run<'a>(&self, state: &'a mut State) -> &'a mut Run {
        state.runs.entry(self.key.clone()).or_default()
    }

    fn rule(&self, state: &State) -> Rule {
        state.runs.get(self.key).map(|run| run.rule.clone()).unwrap_or_default()
    }

    fn node(&self, state: &State) -> String {
        state.runs.get(self.key).map(|run| run.node.clone()).unwrap_or_default()
    }

    /// The container that a rule speaks of.
    fn main(&self, state: &State) -> String {
        self.rule(state).container.or_else(|| names(self.pod).into_iter().next()).unwrap_or_default()
    }

    fn tell(self, state: &mut State, container: &str, warning: bool, reason: &str, message: &str) {
        let node = self.node(state);
        let from = From::Kubelet(&node, container);
        if warning { event::warning(state, self.pod, from, reason, message) } else { event::normal(state, self.pod, from, reason, message) }
    }

    fn waiting(self, state: &mut State, container: Option<&str>, reason: &str, message: &str) {
        let now = state.now;
        state.objects.change(self.key, |pod| {
            status::containers(pod, container, |status| status["state"] = json!({ "waiting": { "reason": reason, "message": message } }));
            status::unready(pod, now);
        });
    }
}

fn mount(state: &mut State, it: It<'_>) {
    if let Some(message) = needs::mounts(state, it.pod) {
        it.tell(state, "", true, "FailedMount", &message);
        it.then(state, state.setup.times.retry, Step::Mount);
        return;
    }
    if needs::unbound(state, it.pod) {
        it.then(state, SignedDuration::from_secs(1), Step::Mount);
        return;
    }
    if let Some(missing) = needs::pull_secrets(state, it.pod) {
        let message = format!("Unable to retrieve some image pull secrets ({missing}); attempting to pull the image may not succeed.");
        it.tell(state, "", true, "FailedToRetrieveImagePullSecret", &message);
    }
    for (container, image) in status::images(it.pod) {
        it.tell(state, &container, false, "Pulling", &format!("Pulling image \"{image}\""));
    }
    let takes = it.rule(state).pull.unwrap_or(state.setup.times.pull);
    it.then(state, takes, Step::Pull);
}

fn pull(state: &mut State, it: It<'_>) {
    let run = it.run(state);
    run.pulls += 1;
    let pulls = run.pulls;
    let told = it.rule(state).image_pull_failure.filter(|failure| failure.times.is_none_or(|times| pulls <= times)).map(|failure| failure.reason);
    for (container, image) in status::images(it.pod) {
        if let Some(reason) = told.clone().or_else(|| needs::pull_refusal(state, it.pod, &image)) {
            it.tell(state, &container, true, "Failed", &format!("Failed to pull image \"{image}\": {reason}"));
            it.tell(state, &container, true, "Failed", "Error: ErrImagePull");
            it.waiting(state, None, "ErrImagePull", &reason);
            it.then(state, SignedDuration::from_secs(2), Step::HoldPull);
            return;
        }
    }
    let takes = it.rule(state).pull.unwrap_or(state.setup.times.pull).as_millis();
    for (container, image) in status::images(it.pod) {
        it.tell(state, &container, false, "Pulled", &format!("Successfully pulled image \"{image}\" in {takes}ms ({takes}ms including waiting)."));
    }
    it.then(state, SignedDuration::ZERO, Step::Configure);
}

fn hold_pull(state: &mut State, it: It<'_>) {
    let tries = it.run(state).pulls;
    for (container, image) in status::images(it.pod).into_iter().take(1) {
        it.tell(state, &container, false, "BackOff", &format!("Back-off pulling image \"{image}\""));
        it.tell(state, &container, true, "Failed", "Error: ImagePullBackOff");
        it.waiting(state, None, "ImagePullBackOff", &format!("Back-off pulling image \"{image}\""));
    }
    it.then(state, backoff(tries), Step::Pull);
}

/// 10 s, doubled each time, at most five minutes: Kubernetes, "Images" and "Pod Lifecycle".
fn backoff(tries: u32) -> SignedDuration {
    SignedDuration::from_secs(10 << tries.saturating_sub(1).min(5)).min(SignedDuration::from_mins(5))
}

fn configure(state: &mut State, it: It<'_>) {
    if let Some((container, message)) = needs::environment(state, it.pod) {
        it.tell(state, &container, true, "Failed", &format!("Error: {message}"));
        it.waiting(state, Some(&container), "CreateContainerConfigError", &message);
        it.then(state, state.setup.times.retry, Step::Configure);
        return;
    }
    let takes = it.rule(state).start.unwrap_or(state.setup.times.start);
    it.then(state, takes, Step::Start);
}

fn start(state: &mut State, it: It<'_>) {
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
    let spoken = speak(state, it, &lines);
    let run = it.run(state);
    if let Some(crash) = rule.crash.as_ref().filter(|crash| crash.times.is_none_or(|times| run.crashes < times)) {
        it.then(state, crash.after, Step::Crash);
        return;
    }
    let completes = rule.completes_after.or_else(|| (object::text(it.pod, "/spec/restartPolicy") != "Always").then_some(state.setup.times.job));
    if let Some(takes) = completes {
        it.then(state, takes.max(spoken), Step::Finish);
    }
    it.then(state, spoken, Step::Wait);
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

fn say(state: &mut State, it: It<'_>, text: String) {
    let line = Line { at: state.now, container: it.main(state), text };
    it.run(state).lines.push(line);
    state.lines += 1;
}

fn wait(state: &mut State, it: It<'_>) {
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

fn still_waiting(state: &mut State, it: It<'_>) {
    let Some(when) = it.rule(state).ready_when else { return };
    if it.run(state).waits_for.is_none() {
        return;
    }
    if let Some(line) = when.waiting {
        say(state, it, line);
        it.then(state, when.every.max(SignedDuration::from_secs(1)), Step::StillWaiting);
    }
}

fn go_on(state: &mut State, it: It<'_>) {
    let rule = it.rule(state);
    let spoken = speak(state, it, &rule.then);
    if !rule.never_ready {
        it.then(state, spoken + rule.ready_after.unwrap_or(state.setup.times.ready), Step::Ready);
    }
}

fn ready(state: &mut State, it: It<'_>) {
    if object::text(it.pod, "/status/phase") != "Running" {
        return;
    }
    let now = state.now;
    state.objects.change(it.key, |pod| status::ready(pod, now));
    let node = it.node(state);
    gpu::pod_changed(state, it.pod, &node);
}

fn finish(state: &mut State, it: It<'_>) {
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

fn crash(state: &mut State, it: It<'_>) {
    let Some(crash) = it.rule(state).crash else { return };
    for line in crash.log {
        say(state, it, line);
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
    let message = format!("back-off {}s restarting failed container={container} pod={}_{}({})", pause.as_secs(), it.key.name, it.key.namespace, it.uid);
    state.objects.change(it.key, |pod| {
        status::unready(pod, now);
        status::ended(pod, &container, code, reason, (crashes > 1).then_some(&message), now);
    });
    if crashes > 1 {
        let message = format!("Back-off restarting failed container {container} in pod {}_{}({})", it.key.name, it.key.namespace, it.uid);
        it.tell(state, &container, true, "BackOff", &message);
    }
    It { epoch, ..it }.then(state, pause, Step::Restart);
}

fn restart(state: &mut State, it: It<'_>) {
    let run = it.run(state);
    run.restarts += 1;
    run.previous = std::mem::take(&mut run.lines);
    for (container, image) in status::images(it.pod) {
        it.tell(state, &container, false, "Pulled", &format!("Container image \"{image}\" already present on machine"));
    }
    configure(state, it);
}
