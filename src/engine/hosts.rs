//! Who must reach whom? The one list: the check tries it, people are shown it, and messages to other teams hold it.

use std::collections::{BTreeMap, BTreeSet};

use landfall_core::{
    event::{Host, Permissions, Section, TaskPath},
    plan::{Open, Plan, PlannedTask, Untold},
    value::{Scope, SecretRef, Tree},
};
use serde_json::Value;

use super::needs::Around;
use crate::{
    cloud::{aws_hosts, net::host_of},
    kind::PlanView,
};

/// What the plan itself does not say of hosts.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Where the cluster's API server is, once a kubeconfig leads there.
    pub api_server: Option<(String, u16)>,
    /// Texts of secrets' fields that are not secret in themselves, as far as they are at hand.
    pub visible: BTreeMap<SecretRef, String>,
    /// Whether a secret comes from AWS Secrets Manager.
    pub secrets_manager: bool,
    /// Answers and look-ups that are open.
    pub open: Open,
    /// What is open that decides whether a task is wanted.
    pub undecided: BTreeMap<TaskPath, Vec<String>>,
    /// Tasks of which too much is open.
    pub untold: Vec<Untold>,
}

/// Every host somebody must reach for this plan, what AWS and the cluster answer at included.
pub fn hosts(plan: &Plan, around: &Around<'_>, permissions: &Permissions) -> Vec<Host> {
    if plan.tasks.is_empty() && around.known.untold.is_empty() {
        return Vec::new();
    }
    let scope = around.scope.clone().with_late_steps();
    let mut all = of_guide(around, &scope);
    for task in &plan.tasks {
        let on = around.known.undecided.get(&task.path).map(Vec::as_slice).unwrap_or_default();
        all.extend(of_task(task, around, &scope).into_iter().map(|host| depending(host, on)));
    }
    for untold in &around.known.untold {
        let view =
            PlanView { target: around.target, install: around.install, files: &around.guide.folder, scope: &scope };
        let step = around.kinds.steps.get(&untold.kind).filter(|_| untold.section == Section::Steps);
        all.extend(step.map(|kind| kind.hosts(&view, &Value::Null)).unwrap_or_default());
        if names_hosts(around, untold.section, &untold.kind) {
            all.push(open(&untold.title, &untold.on));
        }
    }
    all.extend(of_aws(around, &scope, permissions));
    all.extend(of_cluster(around));
    let all = all.into_iter().flat_map(|host| of_secret(host, &around.known.visible));
    Host::merged(all.filter(|host| !host.host.is_empty()))
}

/// Those the guide lists.
fn of_guide(around: &Around<'_>, scope: &Scope) -> Vec<Host> {
    let still_open = &around.known.open;
    let mut hosts = Vec::new();
    for wanted in &around.guide.guide.hosts {
        let on = wanted.when.as_deref().map(|condition| still_open.of_condition(condition)).unwrap_or_default();
        let holds = wanted.when.as_deref().is_none_or(|condition| scope.holds(condition).unwrap_or(true));
        if on.is_empty() && !holds {
            continue;
        }
        let name = Value::String(wanted.host.host.clone());
        let host = match scope.render(&name).map(|rendered| Tree(rendered).shown()) {
            Ok(Value::String(host)) => host,
            _ => still_open.of(&name).first().map(|what| format!("<{what}>")).unwrap_or_default(),
        };
        hosts.push(depending(Host { host, ..wanted.host.clone() }, &on));
    }
    hosts
}

/// Those a task's kind knows of.
fn of_task(task: &PlannedTask, around: &Around<'_>, scope: &Scope) -> Vec<Host> {
    let mut scope = scope.clone();
    if let Some(row) = &task.row {
        scope.set("row", row.clone());
    }
    let view = PlanView { target: around.target, install: around.install, files: &around.guide.folder, scope: &scope };
    let parameters = &task.parameters;
    let (fits, hosts) = match task.path.section {
        Section::Steps => match around.kinds.steps.get(&task.kind) {
            Some(kind) => (kind.fits(parameters).is_ok(), kind.hosts(&view, parameters)),
            None => return Vec::new(),
        },
        Section::Checks | Section::Verify => match around.kinds.checks.get(&task.kind) {
            Some(kind) => (kind.fits(parameters).is_ok(), kind.hosts(&view, parameters)),
            None => return Vec::new(),
        },
    };
    if !fits && names_hosts(around, task.path.section, &task.kind) {
        return vec![open(&task.title, &around.known.open.of(&task.template))];
    }
    hosts
}

fn names_hosts(around: &Around<'_>, section: Section, kind: &str) -> bool {
    match section {
        Section::Steps => around.kinds.steps.get(kind).is_some_and(|kind| kind.names_hosts()),
        Section::Checks | Section::Verify => around.kinds.checks.get(kind).is_some_and(|kind| kind.names_hosts()),
    }
}

/// A line for what is not known yet: it says what is missing.
fn open(title: &str, on: &[String]) -> Host {
    let missing = if on.is_empty() { format!("host of {title}") } else { on.join(", ") };
    Host::from_here(format!("<{missing}>"), 0, format!("{title}: what it reaches is not known before that"))
}

fn depending(mut host: Host, on: &[String]) -> Host {
    if !on.is_empty() {
        host.why.push_str(&format!(" (depends on the {})", on.join(" and the ")));
    }
    host
}

/// Where AWS answers what this machine asks it, by the permissions that the plan needs.
fn of_aws(around: &Around<'_>, scope: &Scope, permissions: &Permissions) -> Vec<Host> {
    let mut calls: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut buckets = BTreeSet::new();
    for (action, resources) in &permissions.iam {
        // Nobody calls it: another call checks it.
        let Some((service, call)) = action.split_once(':').filter(|(_, call)| *call != "PassRole") else { continue };
        calls.entry(service).or_default().insert(call);
        let names = resources.iter().filter_map(|arn| arn.split_once(":s3:::").map(|(_, rest)| rest));
        buckets.extend(names.filter_map(|rest| rest.split('/').next()).filter(|name| !name.contains('*')));
    }
    for lookup in lookups(around, scope) {
        let services = around.kinds.lookups.get(lookup).map(|lookup| lookup.services()).unwrap_or_default();
        for service in services {
            calls.entry(*service).or_default();
        }
    }
    if around.known.secrets_manager {
        calls.entry("secretsmanager").or_default().insert("GetSecretValue");
    }
    if around.guide.guide.target.cluster == "eks" {
        calls.entry("eks").or_default().insert("DescribeCluster");
        // Regions and clusters to choose from.
        calls.entry("ec2").or_default();
    }
    if calls.is_empty() {
        return Vec::new();
    }
    calls.entry("sts").or_default().insert("GetCallerIdentity");
    let region = region(around);
    let services = calls.into_iter().map(|(service, calls)| {
        let why = match (calls.first(), calls.len()) {
            (None, _) => format!("AWS's API: {service}"),
            (Some(call), 1) => format!("AWS's API: {service}:{call}"),
            (Some(_), many) => format!("AWS's API: {service}, {many} kinds of calls"),
        };
        Host::from_here(aws_hosts::api_host(service, region), 443, why)
    });
    let buckets = buckets.into_iter().map(|bucket| {
        Host::from_here(aws_hosts::bucket_host(bucket, region), 443, format!("AWS's API: the bucket {bucket}"))
    });
    services.chain(buckets).collect()
}

fn region<'a>(around: &Around<'a>) -> &'a str {
    let region = around.target.region.as_str();
    if region.is_empty() { "<answer target.region>" } else { region }
}

/// Look-ups of facts, and of the tables that answers are chosen from.
fn lookups<'a>(around: &Around<'a>, scope: &Scope) -> Vec<&'a str> {
    let guide = &around.guide.guide;
    let asked = guide.inputs.iter().filter(|input| {
        let on = input.when.as_deref().is_some_and(|condition| !around.known.open.of_condition(condition).is_empty());
        on || input.when.as_deref().is_none_or(|condition| scope.holds(condition).unwrap_or(true))
    });
    let tables = asked.filter_map(|input| input.suggest.as_ref()).map(|suggest| suggest.lookup.as_str());
    guide.facts.iter().map(|fact| fact.lookup.as_str()).chain(tables).collect()
}

/// The cluster's API server; nodes talk to it, too.
fn of_cluster(around: &Around<'_>) -> Vec<Host> {
    let target = around.target;
    let kind = around.guide.guide.target.cluster.as_str();
    let here = match (&around.known.api_server, kind) {
        (_, "none") => return Vec::new(),
        (Some((host, port)), _) => {
            Host::from_here(host, *port, format!("the API server of the cluster {}", target.cluster))
        }
        (None, "eks") => Host::from_here(
            aws_hosts::api_servers(region(around)),
            443,
            format!("the API server of the cluster {}; its own name is known once EKS was asked", target.cluster),
        ),
        (None, _) => Host::from_here(
            "<the cluster's API server>",
            0,
            "Kubernetes' API; its name is known once a kubeconfig leads there (target.context)",
        ),
    };
    if kind == "eks" { vec![here.reached_by("nodes"), here] } else { vec![here] }
}

/// A host that stands in a secret: its fields that are not secret in themselves tell it.
fn of_secret(host: Host, visible: &BTreeMap<SecretRef, String>) -> Vec<Host> {
    let inside = host.host.strip_prefix("<secret ").and_then(|rest| rest.strip_suffix('>')).map(str::to_owned);
    let Some(reference) = inside else { return vec![host] };
    // Rows are joined into one value; each cell stands by itself, too.
    let rows = reference.strip_suffix(".value").map(|secret| format!("{secret}."));
    let is_it = |known: &SecretRef| known.0 == reference || rows.as_ref().is_some_and(|rows| known.0.starts_with(rows));
    let told = visible.iter().filter(|(known, _)| is_it(known)).filter_map(|(_, text)| host_of(text.trim(), &host.why));
    let told: Vec<Host> = told.map(|told| told.reached_by(&host.from)).collect();
    if !told.is_empty() {
        return told;
    }
    let secret = reference.split('.').next().unwrap_or(&reference);
    let why = format!("{}; known once the secret {secret} is given", host.why);
    vec![Host { why, ..host }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_in_a_secret_is_told_by_what_is_no_secret_of_it() {
        let row = |text: &str| SecretRef(text.to_owned());
        let visible = BTreeMap::from([
            (row("openai.0.deployment"), "gpt".to_owned()),
            (row("openai.0.endpoint"), "https://east.openai.azure.com/\n".to_owned()),
            (row("openai.1.endpoint"), "https://west.openai.azure.com:8443".to_owned()),
            (row("other.0.endpoint"), "https://other.example".to_owned()),
        ]);
        let asked = Host::from_here("<secret openai.value>", 443, "models").reached_by("pods");
        let lines = |visible: &BTreeMap<SecretRef, String>| -> Vec<String> {
            of_secret(asked.clone(), visible).iter().map(ToString::to_string).collect()
        };
        assert_eq!(
            lines(&visible),
            ["pods → east.openai.azure.com:443  models", "pods → west.openai.azure.com:8443  models"]
        );
        assert_eq!(
            lines(&BTreeMap::new()),
            ["pods → <secret openai.value>:443  models; known once the secret openai is given"]
        );
    }
}
