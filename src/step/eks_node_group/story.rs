//! What is a node group waiting for? Its health issues, failed launches, and nodes that were launched but have not joined.

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_autoscaling::types::{Activity, AutoScalingGroup, ScalingActivityStatusCode};
use aws_sdk_eks::types::{Nodegroup, NodegroupIssueCode};
use base64::{Engine, engine::general_purpose::STANDARD};
use k8s_openapi::api::core::v1::Node;
use kube::{Api, api::ListParams};
use landfall_core::event::{Problem, Waiting};

use crate::{
    cloud::{
        Cloud, Trouble,
        look::{aside, health, launch, node_group, time::moment},
    },
    kind::Context,
};

/// EKS gives up on nodes that have not joined by then: EKS User Guide, "Managed node group errors".
const JOINING: Duration = Duration::from_secs(15 * 60);

/// Everything that can be seen while it comes up.
#[derive(Default)]
struct Seen {
    status: String,
    desired: u32,
    launched: Vec<String>,
    joined: Option<u32>,
    ready: u32,
    issues: Vec<Problem>,
    failures: Vec<(String, Problem)>,
    console: Vec<String>,
    since: Option<Duration>,
}

/// The story, from everything we are let to see; what we are not is left out.
pub async fn waiting(cx: &Context, group: &Nodegroup) -> Result<Waiting, Trouble> {
    let mut seen = Seen {
        status: node_group::status(group).to_owned(),
        desired: group
            .scaling_config()
            .and_then(|scaling| scaling.desired_size())
            .and_then(|size| u32::try_from(size).ok())
            .unwrap_or_default(),
        issues: health::problems(group),
        since: group.created_at().map(|at| cx.cloud.clock().now().duration_since(moment(at)).unsigned_abs()),
        ..Seen::default()
    };
    if let Some(name) = node_group::scaling_group(group) {
        if let Some(found) = aside(node_group::auto_scaling_group(&cx.cloud, name).await)?.flatten() {
            seen.launched = instances(&found);
        }
        seen.failures = failures(&activities(&cx.cloud, name).await?);
    }
    if let Some((joined, ready)) = nodes(&cx.cloud, group).await? {
        (seen.joined, seen.ready) = (Some(joined), ready);
    }
    let late = seen.since.is_some_and(|since| since > JOINING / 3);
    let not_joining = group.health().is_some_and(|health| {
        health.issues().iter().any(|issue| issue.code() == Some(&NodegroupIssueCode::NodeCreationFailure))
    });
    if (not_joining || late && seen.joined == Some(0))
        && let Some(instance) = seen.launched.first()
    {
        seen.console = console(&cx.cloud, instance).await?;
    }
    Ok(tell(&seen))
}

fn tell(seen: &Seen) -> Waiting {
    let launched = u32::try_from(seen.launched.len()).unwrap_or(u32::MAX);
    let on = match seen.joined {
        _ if seen.status == "DELETING" => format!("DELETING, {launched} instances left"),
        Some(joined) => format!("{}, {joined} of {} nodes joined", seen.status, seen.desired),
        None => format!("{}, {launched} of {} instances launched", seen.status, seen.desired),
    };
    let mut story = Vec::new();
    if seen.status != "DELETING" {
        if launched < seen.desired {
            story.push(format!("{launched} of {} instances launched", seen.desired));
        } else if seen.joined.is_some_and(|joined| joined < seen.desired) {
            story.push(format!("{launched} instances launched; they have 15 minutes to join"));
        }
        if seen.joined.is_some_and(|joined| seen.ready < joined) {
            story.push(format!("{} of {} joined nodes are Ready", seen.ready, seen.joined.unwrap_or_default()));
        }
    }
    story.extend(seen.issues.iter().map(|problem| format!("health: {}", problem.what)));
    story.extend(seen.failures.iter().map(|(at, problem)| format!("{at} launch failed: {}", problem.what)));
    story.extend(seen.console.iter().map(|line| format!("console: {line}")));
    // Once all are launched, in whichever zone, an earlier failure to launch is history.
    let launching = launched < seen.desired;
    let problem = seen
        .issues
        .iter()
        .find(|problem| launching || !problem.what.starts_with(health::LAUNCH_FAILURES))
        .or_else(|| seen.failures.first().map(|(_, problem)| problem).filter(|_| launching))
        .filter(|_| seen.status != "DELETING")
        .cloned();
    let done = seen.joined.or(Some(launched)).filter(|_| seen.desired > 0 && seen.status != "DELETING");
    Waiting { on, story, problem, done: done.map(|done| (done.min(seen.desired), seen.desired)) }
}

fn instances(group: &AutoScalingGroup) -> Vec<String> {
    group
        .instances()
        .iter()
        .filter(|instance| instance.lifecycle_state().is_none_or(|state| !state.as_str().starts_with("Terminat")))
        .filter_map(|instance| instance.instance_id().map(str::to_owned))
        .collect()
}

async fn activities(cloud: &Cloud, group: &str) -> Result<Vec<Activity>, Trouble> {
    let client = cloud.aws.autoscaling().await?;
    let answer = client.describe_scaling_activities().auto_scaling_group_name(group).max_records(20).send().await;
    Ok(aside(answer)?.and_then(|answer| answer.activities).unwrap_or_default())
}

/// The last failed launches, newest first, one for each cause.
fn failures(activities: &[Activity]) -> Vec<(String, Problem)> {
    let mut causes = BTreeSet::new();
    let mut list = Vec::new();
    for activity in activities {
        if activity.status_code() != Some(&ScalingActivityStatusCode::Failed) {
            continue;
        }
        let problem = launch::problem(activity.status_message().or(activity.cause()).unwrap_or_default());
        let at = activity.start_time().map(|at| moment(at).strftime("%H:%M").to_string()).unwrap_or_default();
        if causes.insert((problem.code.clone(), problem.what.clone())) {
            list.push((at, problem));
        }
    }
    list.truncate(3);
    list
}

/// How many of its nodes are in the cluster, and how many of those are Ready; nothing where the cluster cannot be asked.
async fn nodes(cloud: &Cloud, group: &Nodegroup) -> Result<Option<(u32, u32)>, Trouble> {
    let Some(name) = group.nodegroup_name() else { return Ok(None) };
    let Some(client) = aside(cloud.kube.client().await)? else { return Ok(None) };
    let selector = ListParams::default().labels(&format!("eks.amazonaws.com/nodegroup={name}"));
    let api = Api::<Node>::all(client);
    // An API server that does not answer must not hold up what AWS has to say.
    let Ok(listed) = tokio::time::timeout(Duration::from_secs(5), api.list(&selector)).await else { return Ok(None) };
    let listed = match listed.map_err(Trouble::from) {
        Ok(listed) => listed,
        // The cluster's session is looked after by the tasks that need the cluster.
        Err(_) => return Ok(None),
    };
    let ready = listed.items.iter().filter(|node| is_ready(node)).count();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(Some((count(listed.items.len()), count(ready))))
}

fn is_ready(node: &Node) -> bool {
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.is_some_and(|list| list.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True"))
}

/// What an instance's console says last of joining.
async fn console(cloud: &Cloud, instance: &str) -> Result<Vec<String>, Trouble> {
    let answer = cloud.aws.ec2().await?.get_console_output().instance_id(instance).send().await;
    let Some(output) = aside(answer)?.and_then(|answer| answer.output) else { return Ok(Vec::new()) };
    let bytes = STANDARD.decode(output.replace(['\n', '\r'], "")).unwrap_or_default();
    Ok(telling(&String::from_utf8_lossy(&bytes)))
}

/// The last lines that tell why a node does not join.
fn telling(console: &str) -> Vec<String> {
    let words = ["nodeadm", "kubelet", "bootstrap", "cloud-init", "error", "fail", "timeout", "denied"];
    let mut lines: Vec<&str> = console
        .lines()
        .map(str::trim)
        .filter(|line| words.iter().any(|word| line.to_lowercase().contains(word)))
        .collect();
    lines.reverse();
    lines.truncate(3);
    lines.reverse();
    lines.into_iter().map(|line| line.chars().take(200).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coming_up() -> Seen {
        Seen { status: "CREATING".into(), desired: 2, ..Seen::default() }
    }

    #[test]
    fn launched_and_joined_are_told_apart() {
        let waiting =
            tell(&Seen { launched: vec!["i-1".into(), "i-2".into()], joined: Some(1), ready: 1, ..coming_up() });
        assert_eq!(waiting.on, "CREATING, 1 of 2 nodes joined");
        assert_eq!(waiting.story, ["2 instances launched; they have 15 minutes to join"]);
        assert_eq!(waiting.done, Some((1, 2)));
        assert_eq!(waiting.problem, None);
    }

    #[test]
    fn a_want_of_capacity_is_the_problem_while_instances_are_missing() {
        let activity = Activity::builder()
            .status_code(ScalingActivityStatusCode::Failed)
            .status_message("We currently do not have sufficient g4dn.2xlarge capacity in the Availability Zone you requested (us-east-2a).")
            .build();
        let failures = failures(&[activity.clone(), activity]);
        assert_eq!(failures.len(), 1);
        let waiting = tell(&Seen { launched: vec!["i-1".into()], failures, joined: Some(0), ..coming_up() });
        assert_eq!(waiting.problem.unwrap().code, "EC2-NO-CAPACITY");
        assert!(waiting.story.last().unwrap().ends_with("launch failed: InsufficientInstanceCapacity in us-east-2a"));
    }

    #[test]
    fn a_failed_launch_is_history_once_all_are_launched() {
        let problem = launch::problem("do not have sufficient");
        let failures = vec![("10:00".into(), problem.clone())];
        let what = format!("{}: {}", health::LAUNCH_FAILURES, problem.what);
        let issues = vec![Problem { what, ..problem }];
        let launched = vec!["i-1".into(), "i-2".into()];
        assert_eq!(tell(&Seen { launched, failures, issues, joined: Some(0), ..coming_up() }).problem, None);
    }

    #[test]
    fn the_console_tells_only_lines_about_joining() {
        let lines = telling("[ok] Mounted /tmp\nnodeadm: init\nkubelet: Unable to register node\n");
        assert_eq!(lines, ["nodeadm: init", "kubelet: Unable to register node"]);
    }
}
