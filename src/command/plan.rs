//! `plan`: what would be done; and its parts: hosts, permissions, commands; `--out` freezes it.

use std::{collections::BTreeMap, path::PathBuf};

use landfall_core::event::Problem;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Common, Exit, Opened, Use};
use crate::{
    report::Line,
    session::{Planned, guide_digest},
};

/// What to show of a plan.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct PlanArguments {
    /// Freeze the plan into this file; `install --plan` then refuses anything that differs.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Show only which hosts have to be reached, from where and why: for firewalls and proxies. From answers alone; needs no account.
    #[arg(long)]
    pub hosts: bool,
    /// Show only the IAM policy and Kubernetes rules it needs.
    #[arg(long)]
    pub permissions: bool,
    /// Show only the commands a person would type instead.
    #[arg(long)]
    pub commands: bool,
}

/// A frozen plan: everything that must still be the same when it is carried out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frozen {
    /// Version of this shape.
    pub version: u32,
    /// Program and version.
    pub program: String,
    /// The guide.
    pub guide: String,
    /// Digest of its files.
    pub guide_digest: String,
    /// The install's id.
    pub install: String,
    /// Account, region, cluster, namespace.
    pub target: Value,
    /// All answers (references to secrets, never secrets).
    pub answers: Value,
    /// Frozen look-ups.
    pub facts: Value,
    /// Digest of every task's parameters.
    pub digest: String,
    /// Keyed fingerprints of the secrets that were at hand.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// What was there: task to verb.
    pub observed: BTreeMap<String, String>,
}

impl Frozen {
    /// Freezes a plan.
    pub fn of(opened: &Opened, planned: &Planned) -> Self {
        let session = &opened.session;
        Self {
            version: 1,
            program: format!("landfall {}", env!("CARGO_PKG_VERSION")),
            guide: session.guide.guide.id.clone(),
            guide_digest: guide_digest(&session.guide),
            install: session.bound.as_ref().map(|bound| bound.install.to_string()).unwrap_or_default(),
            target: session.target_value(),
            answers: serde_json::to_value(&session.answers).unwrap_or_default(),
            facts: Value::Object(session.frozen.clone()),
            digest: planned.plan.digest(),
            secrets: planned.approved.secrets.clone(),
            observed: planned
                .shown
                .tasks
                .iter()
                .map(|task| (task.path.to_string(), task.what.verb().to_owned()))
                .collect(),
        }
    }

    /// Every field in which another plan differs, in words.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        // A secret that one of them did not have at hand tells nothing.
        let as_tree = |frozen: &Self, other: &Self| {
            let mut known = frozen.clone();
            known.secrets.retain(|reference, _| other.secrets.contains_key(reference));
            serde_json::to_value(known).unwrap_or_default()
        };
        let mut found = Vec::new();
        compare("", &as_tree(self, now), &as_tree(now, self), &mut found);
        found
    }
}

fn compare(path: &str, frozen: &Value, now: &Value, found: &mut Vec<String>) {
    if frozen == now {
        return;
    }
    match (frozen, now) {
        (Value::Object(frozen), Value::Object(now)) => {
            let keys: std::collections::BTreeSet<&String> = frozen.keys().chain(now.keys()).collect();
            for key in keys {
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                compare(&below, frozen.get(key).unwrap_or(&Value::Null), now.get(key).unwrap_or(&Value::Null), found);
            }
        }
        _ => found.push(format!("{path}: frozen {frozen}, now {now}")),
    }
}

/// Shows or freezes a plan.
pub async fn plan(common: &Common, guide: &str, arguments: &PlanArguments) -> i32 {
    let mut opened = match Opened::guide(common, guide) {
        Ok(opened) => opened,
        Err(exit) => return exit.code(),
    };
    // Whoever opens firewalls is asked before there is an account.
    let hosts_alone = arguments.hosts && arguments.out.is_none() && !arguments.permissions && !arguments.commands;
    let ended = if hosts_alone { hosts(&mut opened).await } else { planned(&mut opened, arguments).await };
    let (Ok(exit) | Err(exit)) = ended;
    opened.end(exit, None)
}

/// Who must reach whom, by what is answered and written down; nobody is asked.
async fn hosts(opened: &mut Opened) -> Result<Exit, Exit> {
    let vault = opened.vault()?;
    let choice = opened.choice();
    let told = opened.session.hosts_alone(&choice, Some(vault)).await;
    opened.tell_carried();
    opened.reporter.notice(format!("{}: who must reach whom, from {}.", opened.session.guide.guide.title, told.from));
    opened.reporter.notice(told.hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    Ok(Exit::Done)
}

async fn planned(opened: &mut Opened, arguments: &PlanArguments) -> Result<Exit, Exit> {
    // What is frozen names the install it is for; everything else only looks.
    opened.ready(if arguments.out.is_some() { Use::Writes } else { Use::Reads }).await?;
    opened.tell_carried();
    // Without the repository's credentials the chart cannot be read yet; whoever installs is then asked.
    for problem in opened.session.mappings().await.unwrap_or_default() {
        opened.reporter.problem(problem);
    }
    let planned = opened.session.plan().await.map_err(|trouble| opened.refuse(trouble.problem()))?;
    let shown = &planned.shown;
    if arguments.hosts {
        opened.reporter.notice(shown.hosts.join("\n"));
    }
    if arguments.permissions {
        opened.reporter.notice(shown.permissions.clone());
    }
    if arguments.commands {
        for task in &shown.tasks {
            for command in &task.commands {
                opened.reporter.notice(format!("# {}\n{command}", task.title));
            }
        }
    }
    if !(arguments.hosts || arguments.permissions || arguments.commands) {
        opened.reporter.line(&Line::Plan { plan: Box::new(shown.clone()) });
    }
    if let Some(out) = &arguments.out {
        let frozen = Frozen::of(opened, &planned);
        let text = serde_json::to_string_pretty(&frozen).unwrap_or_default();
        std::fs::write(out, text + "\n").map_err(|error| {
            opened.refuse(Problem::new(
                "PLAN-FILE",
                format!("{}: {error}", out.display()),
                "Choose another place for --out.",
            ))
        })?;
        opened.reporter.notice(format!("frozen: {}", out.display()));
    }
    Ok(Exit::Done)
}
