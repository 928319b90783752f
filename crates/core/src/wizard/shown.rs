//! What the driver tells the stages, as plain data: guides, installs, target, plan, summary.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Stage, Vouched};
use crate::{
    event::{Difference, Fact, Problem, TaskPath},
    guide::LoadedGuide,
    plan::Facts,
};

pub use crate::plan::Change;

/// A guide that can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuideRow {
    /// Folder name.
    pub id: String,
    /// Product name.
    pub title: String,
    /// What gets installed.
    pub about: String,
    /// How long it takes.
    pub takes: String,
    /// Where the guide is from: `built in`, or a folder.
    pub from: String,
    /// Scenarios it can be rehearsed with.
    pub scenarios: Vec<String>,
    /// Why it cannot be used.
    pub broken: Option<Problem>,
}

/// An install that is not finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallRow {
    /// The install's id.
    pub id: String,
    /// Product name.
    pub title: String,
    /// Account, region, cluster/namespace in one line.
    pub target: String,
    /// Where it stands.
    pub stage: Stage,
    /// What it waits for, or what stopped it.
    pub waits_for: String,
    /// When something last happened.
    pub at: Timestamp,
    /// Who holds it now, where somebody does.
    pub held_by: Option<String>,
}

/// Where an install would go, as seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetSeen {
    /// Whole account id; empty without AWS.
    pub account: String,
    /// AWS partition: `aws`, `aws-cn`, `aws-us-gov`.
    #[serde(default)]
    pub partition: String,
    /// Profile in use; empty for none.
    pub profile: String,
    /// Role or user, e.g. `role/admin`.
    pub identity: String,
    /// AWS region.
    pub region: String,
    /// Cluster's name.
    pub cluster: String,
    /// Cluster's ARN, or a digest of its CA.
    pub cluster_id: String,
    /// kubeconfig context.
    pub context: String,
    /// Namespace.
    pub namespace: String,
    /// When the session ends.
    pub expires: Option<Timestamp>,
    /// What proves that the context is that cluster, e.g. `endpoint and CA match`.
    pub proof: Option<String>,
    /// Why it may not be that cluster.
    pub doubt: Option<Problem>,
    /// The rehearsal's name, where the endpoints are simulated.
    pub rehearsal: Option<String>,
}

/// A place secrets can be kept in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreOffer {
    /// `keyring`, `file`, `session`.
    pub id: String,
    /// For people.
    pub label: String,
    /// What it means, in one line.
    pub about: String,
    /// Why it cannot be used now.
    pub unavailable: Option<String>,
    /// A passphrase is needed to open it.
    pub passphrase: bool,
    /// It is in use.
    pub chosen: bool,
}

/// An install's journal, folded into what the stages need.
#[derive(Clone, Debug)]
pub struct Resumed {
    /// The install's id.
    pub install: String,
    /// The guide as it was.
    pub guide: std::sync::Arc<LoadedGuide>,
    /// Where it goes.
    pub target: TargetSeen,
    /// What was chosen in Target.
    pub choice: super::TargetChoice,
    /// All answers.
    pub answers: Map<String, Value>,
    /// Frozen facts.
    pub facts: Facts,
    /// Waived checks.
    pub waivers: Vec<Vouched>,
    /// Attested checks.
    pub attestations: Vec<Vouched>,
    /// What tasks said, in order.
    pub said: Vec<Fact>,
    /// Steps that were begun and have no result yet.
    pub open: Vec<TaskPath>,
    /// It was run before.
    pub begun: bool,
    /// The approved plan, where there is one.
    pub plan: Option<std::sync::Arc<PlanShown>>,
    /// Where to go on.
    pub stage: Stage,
}

/// A plan in plain words, filled by the driver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanShown {
    /// Digest of everything in it.
    pub digest: String,
    /// Tasks in order: steps, and verifications among them.
    pub tasks: Vec<PlannedTask>,
    /// How long it usually takes.
    pub takes: String,
    /// What differs from the plan that was approved before; empty for a first plan.
    pub review: Vec<ReviewLine>,
    /// How many steps of the plan that was approved before stay as they are.
    #[serde(default)]
    pub unchanged: usize,
    /// What an agreement to the review can name, so that it holds for nothing else; empty where nothing new is to be agreed to.
    #[serde(default)]
    pub review_digest: String,
    /// Who must reach whom: one line a host.
    pub hosts: Vec<String>,
    /// IAM and RBAC of the whole plan, as text to hand over.
    pub permissions: String,
    /// Things to know before agreeing (session shorter than the longest step, drift, charts not fetched).
    pub notes: Vec<Problem>,
}

/// One task of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedTask {
    /// Its path.
    pub path: TaskPath,
    /// Its row's code.
    pub code: String,
    /// For lists.
    pub title: String,
    /// What is done and why.
    pub about: String,
    /// What would happen.
    pub what: Change,
    /// One line, e.g. `60 GiB gp3, encrypted; AL2023 NVIDIA 1.31`.
    pub line: String,
    /// How what is there differs.
    pub changes: Vec<Difference>,
    /// What a person would type, one command an entry.
    pub commands: Vec<String>,
    /// What is rendered for someone else, or as a diff (a chart's manifests).
    #[serde(default)]
    pub rendered: String,
    /// What taking it away means.
    pub undo: String,
    /// What it needs: one line a permission.
    pub permissions: Vec<String>,
    /// What it waits for.
    pub after: Vec<TaskPath>,
    /// Errata that bite here.
    pub errata: Vec<String>,
    /// Where in the vendor's document this comes from.
    pub from: Option<String>,
    /// What is usual, e.g. `3 to 6 minutes`.
    pub usual: Option<String>,
    /// It touches the cluster although it only looks; it must be agreed to.
    pub probe: bool,
    /// What of it costs money, and by what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub costs: Option<String>,
    /// It holds data: taking it away asks for its name.
    #[serde(default)]
    pub keeps_data: bool,
}

impl PlannedTask {
    /// Whether the plan makes or changes it.
    fn is_done_here(&self) -> bool {
        matches!(self.what, Change::Make | Change::Change | Change::Replace)
    }
}

impl PlanShown {
    fn done(&self) -> impl Iterator<Item = &PlannedTask> {
        self.tasks.iter().filter(|task| task.is_done_here())
    }

    /// What costs money and what may hold data of what the plan makes or changes: a line for each sort of cost, and one for
    /// data.
    pub fn stakes(&self) -> Vec<String> {
        let mut costing: Vec<(&str, Vec<&str>)> = Vec::new();
        for task in self.done() {
            let Some(costs) = task.costs.as_deref() else { continue };
            match costing.iter_mut().find(|(known, _)| *known == costs) {
                Some((_, titles)) => titles.push(&task.title),
                None => costing.push((costs, vec![&task.title])),
            }
        }
        let mut lines: Vec<String> =
            costing.iter().map(|(costs, titles)| format!("costs money, {costs}: {}", titles.join(", "))).collect();
        let data: Vec<&str> = self.done().filter(|task| task.keeps_data).map(|task| task.title.as_str()).collect();
        if !data.is_empty() {
            lines.push(format!("may hold data, undo leaves it unless its name is given: {}", data.join(", ")));
        }
        lines
    }

    /// The same in at most two short lines, for a screen that shows one task's whole story beside.
    pub fn stakes_in_short(&self) -> Vec<String> {
        let named = |what: &str, titles: Vec<&str>| {
            let shown = titles.iter().take(3).copied().collect::<Vec<_>>().join(", ");
            let more = titles.len().saturating_sub(3);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            (!titles.is_empty()).then(|| format!("{what}: {shown}{more}"))
        };
        let costing = self.done().filter(|task| task.costs.is_some()).map(|task| task.title.as_str()).collect();
        let data = self.done().filter(|task| task.keeps_data).map(|task| task.title.as_str()).collect();
        [named("costs money", costing), named("may hold data", data)].into_iter().flatten().collect()
    }
}

/// One line of a comparison with the plan that was approved before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewLine {
    /// Which task.
    pub path: TaskPath,
    /// What is different.
    pub what: Change,
    /// Why, e.g. `the answer gpu_max changed from 2 to 4`.
    pub why: String,
    /// Taking it away loses data: not even offered here.
    #[serde(default)]
    pub keeps_data: bool,
}

/// The last page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummaryShown {
    /// What was made, changed, adopted: one line each.
    pub made: Vec<String>,
    /// Addresses to open.
    pub urls: Vec<(String, String)>,
    /// Errata that would have bitten here: id, what was wrong, what was done instead.
    pub errata: Vec<(String, String, String)>,
    /// How many of them would have made an install by the vendor's text fail.
    #[serde(default)]
    pub failing: usize,
    /// What expires when.
    pub expires: Vec<(Timestamp, String)>,
    /// Waivers and attestations, one line each.
    pub vouched: Vec<String>,
    /// What to know and do from now on: title and text.
    pub after: Vec<(String, String)>,
    /// Where the Markdown page is.
    pub markdown: Option<String>,
    /// Where the calendar file is.
    pub calendar: Option<String>,
    /// The look-up that finds every call in CloudTrail.
    pub cloudtrail: Option<String>,
    /// The folder the install is in, where it is removed when the program has ended: nothing in it can be named as if it stayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temporary: Option<String>,
}
