//! Pods on their nodes: what a kubelet does with them, step by step.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    Work, container,
    event::{self, From},
    fit::{self, Amounts},
    it::It,
    prepare, status,
};
use crate::kube::{object, objects::Key, rule::Rule, state::State};

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
    /// What it asks for.
    pub requests: Amounts,
    counted: bool,
    /// How it behaves.
    pub rule: Arc<Rule>,
    /// How often its steps were called off.
    pub epoch: u32,
    /// How often its containers were started again.
    pub restarts: u32,
    /// How often its images were tried.
    pub pulls: u32,
    /// How often it ended.
    pub crashes: u32,
    /// The name it waits for.
    pub waits_for: Option<String>,
    /// How it will end, where its rule does not say.
    pub exit_code: Option<i64>,
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
    let claims: Vec<String> = state
        .objects
        .value(key)
        .map(|pod| {
            object::list(pod, "/spec/volumes")
                .iter()
                .map(|volume| object::text(volume, "/persistentVolumeClaim/claimName"))
                .filter(|name| !name.is_empty())
                .map(Into::into)
                .collect()
        })
        .unwrap_or_default();
    for claim in claims {
        state.objects.touch(Key::new("persistentvolumeclaims", &key.namespace, &claim));
    }
    begin(state, key, requests);
}

fn begin(state: &mut State, key: &Key, requests: Amounts) {
    let Some(pod) = state.objects.value(key) else { return };
    let node = object::text(pod, "/spec/nodeName").to_owned();
    let uid = object::uid(pod).to_owned();
    let rule = state.rules.iter().find(|rule| rule.matches(pod)).cloned().unwrap_or_default();
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
        status::containers(pod, None, |status| {
            status["state"] = json!({ "waiting": { "reason": "ContainerCreating" } })
        });
    });
    state.later(SignedDuration::ZERO, Work::Pod(key.clone(), uid, 0, Step::Mount));
}

/// A pod came, changed or went.
pub fn touched(state: &mut State, key: &Key) {
    let Some(object) = state.objects.get(key).cloned() else {
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
    let pod = &object.value;
    if state.runs.get(key).is_some_and(|run| run.uid != object::uid(pod))
        && let Some(run) = state.runs.remove(key)
    {
        release(state, &run.node, run.counted, &run.requests);
    }
    if object::text(pod, "/spec/nodeName").is_empty() {
        if object::is_deleting(pod) {
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
    let over = matches!(object::text(pod, "/status/phase"), "Succeeded" | "Failed");
    if over && std::mem::take(&mut run.counted) {
        let (node, requests) = (run.node.clone(), run.requests.clone());
        release(state, &node, true, &requests);
        state.schedule = true;
    }
    let Some(run) = state.runs.get_mut(key) else { return };
    if object::is_deleting(pod) && !std::mem::replace(&mut run.terminating, true) {
        let (node, uid, epoch) = (run.node.clone(), run.uid.clone(), run.epoch);
        let grace = object::int(pod, "/metadata/deletionGracePeriodSeconds").unwrap_or(30);
        let takes =
            if over { SignedDuration::ZERO } else { state.setup.times.terminate.min(SignedDuration::from_secs(grace)) };
        if !over {
            for container in names(pod) {
                event::normal(
                    state,
                    pod,
                    From::Kubelet(&node, &container),
                    "Killing",
                    &format!("Stopping container {container}"),
                );
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

/// Names of its containers.
pub fn names(pod: &Value) -> Vec<String> {
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
    if run.terminating && !matches!(step, Step::Gone | Step::Say(_))
        || run.epoch != epoch && !matches!(step, Step::Gone)
    {
        return;
    }
    let Some(object) = state.objects.get(key).cloned() else { return };
    let it = It { key, pod: &object.value, uid, epoch };
    match step {
        Step::Mount => prepare::mount(state, it),
        Step::Pull => prepare::pull(state, it),
        Step::HoldPull => prepare::hold_pull(state, it),
        Step::Configure => prepare::configure(state, it),
        Step::Start => container::start(state, it),
        Step::Say(text) => container::say(state, it, text),
        Step::Wait => container::wait(state, it),
        Step::StillWaiting => container::still_waiting(state, it),
        Step::GoOn => container::go_on(state, it),
        Step::Ready => container::ready(state, it),
        Step::Finish => container::finish(state, it),
        Step::Crash => container::crash(state, it),
        Step::Restart => container::restart(state, it),
        Step::Gone => drop(state.objects.remove(key)),
    }
}
