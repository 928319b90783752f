//! A Helm release that the plan would make although one of that name is there: how it can go on.

use landfall_core::event::{Owner, Problem, Recovery};

use crate::{
    cloud::{
        release::{self, Release},
        terraform::{Action, Change, Reviewed},
    },
    kind::Context,
};

/// A Helm release the plan would make although one of that name is there.
pub(super) async fn taken(cx: &Context, reviewed: &Reviewed) -> Option<(Change, Release)> {
    let wanted: Vec<&Change> = reviewed
        .changes
        .iter()
        .filter(|change| change.kind == "helm_release" && change.action == Action::Add && change.named.is_some())
        .collect();
    if wanted.is_empty() {
        return None;
    }
    // Where the cluster is not there yet, or lets nobody look, no release is in the way.
    let client = cx.cloud.kube.client().await.ok()?;
    for change in wanted {
        let (namespace, name) = change.named.clone()?;
        if let Ok(Some(found)) = release::latest(&client, &namespace, &name).await {
            return Some((change.clone(), found));
        }
    }
    None
}

/// What is told of it, and what can be chosen.
pub(super) fn ways_out(tool: &str, change: &Change, found: &Release, owner: &Owner) -> (Problem, Vec<Recovery>) {
    let (namespace, name) = change.named.clone().unwrap_or_default();
    let changed = found.changed.map_or_else(|| "unknown".into(), |changed| changed.strftime("%F %T UTC").to_string());
    let whose = match owner {
        Owner::Other(who) => format!("it was made by {who}"),
        Owner::Ours => "it was made by this install".into(),
        Owner::Unmarked => "no other manager's mark is on it".into(),
    };
    // Another manager would make it again at once: its owner has to let go first.
    let keeper = match owner {
        Owner::Other(who) if who != "Terraform" => Some(who),
        _ => None,
    };
    let fix = match keeper {
        Some(who) => format!("Have {who} let go of it, then start again: import and uninstall are offered then."),
        None => "Choose import (nothing is taken away), or uninstall if nobody else manages it.".to_owned(),
    };
    let problem = Problem::new(
        "TF-NAME-IN-USE",
        format!("the Helm release {namespace}/{name} is there, and {tool}'s state does not know it"),
        fix,
    )
    .why(format!(
        "It is {}, revision {}, {} {}, last changed {changed}; {whose}. {tool} would fail with \"cannot re-use a name that is still in use\".",
        found.status, found.revision, found.chart, found.chart_version
    ));
    let import = Recovery {
        id: "import".into(),
        does: format!("take it into the state ({tool} import {} {namespace}/{name}), then plan again", change.address),
        loses: String::new(),
    };
    let uninstall = Recovery {
        id: "uninstall".into(),
        does: format!("uninstall it (helm uninstall {name} --namespace {namespace}), then plan again"),
        loses: "what runs in it, until it is made again, and the data of volumes it owns".into(),
    };
    (problem, if keeper.is_some() { Vec::new() } else { vec![import, uninstall] })
}
