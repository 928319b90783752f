//! What is watched, as lines: one for every row that changed.

use jiff::Timestamp;
use landfall_core::{
    why::{Chain, EventRow, Link, LogLine, NodeRow, PodRow, code},
    wizard::TaskRow,
};
use schemars::JsonSchema;
use serde::Serialize;

/// Something that was seen, or is no longer there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Seen {
    /// Where the install stands as a whole.
    Install {
        /// Its id.
        install: String,
        /// `finished`, `failed: 3 of 12 steps done` …
        state: String,
        /// Who has it open.
        held_by: Option<String>,
    },
    /// Where one of its tasks stands.
    Task {
        /// e.g. `steps/gpu_node_group`.
        path: String,
        /// Title.
        title: String,
        /// Where it stands.
        state: String,
        /// The code of what is wrong with it.
        problem: Option<String>,
    },
    /// Whether what is seen is current.
    Connection {
        /// `connecting`, `live`, `reconnecting`.
        state: &'static str,
        /// Why it was lost.
        why: Option<String>,
    },
    /// Whether the namespace is there.
    Namespace {
        /// Its name.
        name: String,
        /// Whether it is there.
        there: bool,
    },
    /// A kind nobody lets us look at, or that cannot be read.
    Hidden {
        /// e.g. `nodes`.
        kind: String,
        /// Why.
        why: String,
    },
    /// A node.
    Node {
        /// Name.
        name: String,
        /// Whether it is ready.
        ready: bool,
        /// Why not, or what presses it.
        trouble: Option<String>,
        /// Instance type.
        instance_type: Option<String>,
        /// Zone.
        zone: Option<String>,
        /// The EKS node group.
        node_group: Option<String>,
    },
    /// A pod.
    Pod {
        /// Name.
        name: String,
        /// What `kubectl get pods` would say.
        status: String,
        /// Ready containers.
        ready: u16,
        /// All containers.
        containers: u16,
        /// Restarts.
        restarts: u32,
        /// The node it runs on.
        node: Option<String>,
    },
    /// An event.
    Event {
        /// Kind and name it is about.
        about: String,
        /// Whether it is a warning.
        warning: bool,
        /// e.g. `FailedScheduling`.
        reason: String,
        /// What it says.
        message: String,
        /// How often.
        count: u32,
        /// When last.
        #[schemars(with = "Option<String>")]
        last: Option<Timestamp>,
    },
    /// A log line.
    Log {
        /// Pod.
        pod: String,
        /// The line, without secrets.
        line: String,
    },
    /// Log lines that came faster than they could be shown.
    LeftOut {
        /// How many.
        lines: u64,
    },
    /// Why something waits.
    Why {
        /// In one line.
        line: String,
        /// What can be done about it.
        fix: Option<String>,
    },
    /// A row that is no longer there.
    Gone {
        /// `node`, `pod` or `why`.
        kind: &'static str,
        /// Its name.
        name: String,
    },
}

impl Seen {
    /// A task, with its code.
    pub fn task(row: &TaskRow, now: Timestamp) -> (String, Self) {
        let seen = Self::Task {
            path: row.path.to_string(),
            title: row.title.clone(),
            state: row.line(now, |_| None),
            problem: row.problem().map(|problem| problem.code.clone()),
        };
        (row.code.clone(), seen)
    }

    /// Whether what is seen is current.
    pub fn connection(link: &Link) -> (String, Self) {
        let (state, why) = match link {
            Link::Off | Link::Connecting => ("connecting", None),
            Link::Live => ("live", None),
            Link::Lost { why, .. } => ("reconnecting", Some(why.clone())),
        };
        (String::new(), Self::Connection { state, why })
    }

    /// A node, with its code.
    pub fn node(node: &NodeRow) -> (String, Self) {
        let text = |text: &Option<std::sync::Arc<str>>| text.as_deref().map(str::to_owned);
        let seen = Self::Node {
            name: node.name.clone(),
            ready: node.ready,
            trouble: node.trouble.clone(),
            instance_type: text(&node.instance_type),
            zone: text(&node.zone),
            node_group: text(&node.node_group),
        };
        (node.code(), seen)
    }

    /// A pod, with its code.
    pub fn pod(pod: &PodRow) -> (String, Self) {
        let seen = Self::Pod {
            name: pod.name.clone(),
            status: pod.status.to_string(),
            ready: pod.ready,
            containers: pod.containers,
            restarts: pod.restarts,
            node: pod.node.as_deref().map(str::to_owned),
        };
        (pod.code(), seen)
    }

    /// An event, with its code.
    pub fn event(event: &EventRow) -> (String, Self) {
        let seen = Self::Event {
            about: event.about.clone(),
            warning: event.warning,
            reason: event.reason.clone(),
            message: event.message.clone(),
            count: event.count,
            last: event.at,
        };
        (event.code(), seen)
    }

    /// A log line, with its pod's code.
    pub fn log(line: &LogLine) -> (String, Self) {
        (code('P', &line.pod), Self::Log { pod: line.pod.to_string(), line: line.line.clone() })
    }

    /// Why something waits, with the code of what can be done about it.
    pub fn why(chain: &Chain) -> (String, Self) {
        let cause = chain.to_do();
        let code = cause.map(|cause| cause.code.to_owned()).unwrap_or_default();
        (code, Self::Why { line: chain.line(), fix: cause.map(|cause| cause.fix.clone()) })
    }

    /// In words, for one line of text.
    pub fn words(&self) -> String {
        let on = |node: &Option<String>| node.as_ref().map(|node| format!(", on {node}")).unwrap_or_default();
        match self {
            Self::Install { state, held_by: Some(who), .. } => format!("install: {state}, {who} has it open"),
            Self::Install { state, held_by: None, .. } => format!("install: {state}"),
            Self::Task { title, state, problem, .. } => {
                let problem = problem.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
                if state.is_empty() {
                    format!("step {title}: not begun")
                } else {
                    format!("step {title}: {state}{problem}")
                }
            }
            Self::Connection { state: "reconnecting", why } => {
                let why = why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
                format!("the connection dropped, connecting again{why}")
            }
            Self::Connection { state, .. } => format!("connection: {state}"),
            Self::Namespace { name, there: true } => format!("namespace {name} is there"),
            Self::Namespace { name, there: false } => format!("waiting for the namespace {name}"),
            Self::Hidden { kind, why } => format!("{kind}: {why}"),
            Self::Node { name, ready, trouble, instance_type, zone, .. } => {
                let state = match (ready, trouble) {
                    (true, None) => "ready".to_owned(),
                    (true, Some(trouble)) => format!("ready, {trouble}"),
                    (false, trouble) => format!("not ready, {}", trouble.as_deref().unwrap_or("no reason given")),
                };
                let kind: Vec<&str> = [instance_type, zone].into_iter().flatten().map(String::as_str).collect();
                format!("node {name}: {state} {}", kind.join(" ")).trim_end().to_owned()
            }
            Self::Pod { name, status, ready, containers, restarts, node } => {
                let again = if *restarts > 0 { format!(", {restarts} restarts") } else { String::new() };
                format!("pod {name}: {status} {ready}/{containers}{again}{}", on(node))
            }
            Self::Event { about, warning, reason, message, count, .. } => {
                let kind = if *warning { "warning" } else { "event" };
                let count = if *count > 1 { format!(" ×{count}") } else { String::new() };
                format!("{kind} {about}: {reason}{count} {message}")
            }
            Self::Log { pod, line } => format!("log {pod}: {line}"),
            Self::LeftOut { lines } => format!("log: {lines} lines came too fast and were left out"),
            Self::Why { line, fix } => {
                let fix = fix.as_ref().filter(|fix| !fix.is_empty()).map(|fix| format!(". {fix}")).unwrap_or_default();
                format!("why {line}{fix}")
            }
            Self::Gone { kind: "why", name } => format!("no longer waits: {name}"),
            Self::Gone { kind, name } => format!("{kind} {name} is gone"),
        }
    }
}
