//! A plan in plain words: what would happen to each thing, what a person would type, how it is taken away.

use std::collections::BTreeMap;

use futures::future::join_all;
use landfall_core::{
    clock::ago,
    event::{Difference, Owner, Permissions, Problem, Section, State, TaskPath},
    journal::Story,
    plan::{Approved, Compared, Plan, PlannedTask},
    wizard::{Change, PlanShown, PlannedTask as Shown, ReviewLine},
};

use super::Session;
use crate::{
    cloud::Trouble,
    engine::{Engine, looking},
};

/// A resolved plan and how it is shown.
pub struct Planned {
    /// The graph.
    pub plan: Plan,
    /// In plain words.
    pub shown: PlanShown,
    /// What runs it.
    pub engine: Engine,
    /// What would be agreed to.
    pub approved: Approved,
    /// How it differs from what was agreed to before.
    pub compared: Vec<Compared>,
}

impl Session {
    /// Resolves guide and answers, looks at what is there, and says what would be done.
    pub async fn plan(&self) -> Result<Planned, Trouble> {
        let plan = self.resolve()?;
        self.see_visible(self.bound.as_ref().map(|bound| &bound.vault)).await;
        if let Some(problem) = self.locked_answers(&plan).into_iter().next() {
            return Err(problem.into());
        }
        let engine = self.engine(&plan)?;
        let story = self.story();
        let known = self.outputs();
        let approved = self.approved(&plan, &engine).await?;
        let mut compared = self.compared(&plan, &approved);
        let tasks = join_all(plan.runs().map(|task| shown(self, &engine, task, &story, &known, &compared))).await;
        let mut tasks: Vec<Shown> = tasks.into_iter().collect::<Result<_, _>>()?;
        self.made_anew(&plan, &mut tasks, &mut compared)?;
        let mut notes: Vec<Problem> = self.unknown_facts.values().cloned().collect();
        notes.extend(self.horizon(&engine));
        let review = review(&plan, &story, &tasks, &compared);
        let stays = |line: &&Compared| {
            line.what == Change::Unchanged && !review.iter().any(|changed| changed.path == line.path)
        };
        let digest = agreed_to(&approved, &compared);
        let mut shown = PlanShown {
            digest: digest.clone(),
            takes: self.guide.guide.takes.clone().unwrap_or_default(),
            unchanged: compared.iter().filter(stays).count(),
            review,
            review_digest: if compared.iter().any(|line| line.fresh) { digest } else { String::new() },
            hosts: engine.needs.hosts.iter().map(ToString::to_string).collect(),
            permissions: permissions_text(&engine.needs.permissions),
            notes,
            tasks,
        };
        let lines = engine.undo_plan(&story);
        let keeps_data = |path: &TaskPath| lines.iter().any(|line| line.path == *path && line.keeps_data);
        for line in shown.review.iter_mut().filter(|line| line.what == Change::Replace) {
            line.keeps_data = keeps_data(&line.path);
            if line.keeps_data {
                line.why.push_str("; it holds data, so its name is asked for before it is taken away");
            }
        }
        for line in compared.iter().filter(|line| line.what == Change::Unwanted) {
            shown.review.push(ReviewLine {
                path: line.path.clone(),
                what: Change::Unwanted,
                why: line.why.clone(),
                keeps_data: keeps_data(&line.path),
            });
        }
        shown.in_words(&engine.brought(&plan));
        Ok(Planned { plan, shown, engine, approved, compared })
    }

    /// A session that ends before the longest step would.
    fn horizon(&self, engine: &Engine) -> Option<Problem> {
        let expires = self.proven.as_ref()?.expires?;
        let longest = engine.needs.longest_step?;
        let left = expires.duration_since(self.cloud.clock().now());
        (left.as_secs_f64() < longest.0.as_secs_f64()).then(|| {
            Problem::new(
                "AWS-EXPIRES",
                format!("the AWS session ends in {} min, and one step may take {longest}", left.as_mins().max(0)),
                "Renew it now to be asked less; otherwise Landfall waits for renewed credentials and goes on.\n$ aws sso login",
            )
        })
    }
}

/// The digest that an agreement names: of the plan, and of what it would make anew.
pub(super) fn agreed_to(approved: &Approved, compared: &[Compared]) -> String {
    let replaced = compared.iter().filter(|line| line.what == Change::Replace);
    approved.digest_replacing(&replaced.map(|line| &line.path).collect::<Vec<_>>())
}

async fn shown(
    session: &Session,
    engine: &Engine,
    task: &PlannedTask,
    story: &Story,
    known: &BTreeMap<landfall_core::event::TaskPath, serde_json::Value>,
    compared: &[Compared],
) -> Result<Shown, Trouble> {
    let errata: Vec<String> = session
        .guide
        .guide
        .errata
        .iter()
        .filter(|erratum| erratum.shown_at.contains(&task.path.id))
        .filter(|erratum| erratum.when.as_deref().is_none_or(|condition| engine.scope.holds(condition).unwrap_or(true)))
        .map(|erratum| format!("{}: {} → {}", erratum.id, erratum.wrong, erratum.instead))
        .collect();
    let mut row = Shown {
        path: task.path.clone(),
        code: String::new(),
        title: task.title.clone(),
        about: task.about.clone(),
        what: Change::Look,
        line: String::new(),
        changes: Vec::new(),
        commands: Vec::new(),
        rendered: String::new(),
        undo: String::new(),
        permissions: Vec::new(),
        after: task.after.iter().cloned().collect(),
        errata,
        from: session.guide.place(&task.from),
        usual: None,
        probe: false,
        costs: None,
        keeps_data: false,
    };
    if task.path.section != Section::Steps {
        if let Some(kind) = engine.kinds.checks.get(&task.kind) {
            let about = kind.describe();
            row.code = about.code;
            row.line = about.about;
            row.probe = about.touches != landfall_core::catalogue::Touches::Nothing;
        }
        return Ok(row);
    }
    let Some(kind) = engine.kinds.steps.get(&task.kind) else {
        return Err(Trouble::guide(format!("there is no step called {}", task.kind), "Correct the guide."));
    };
    let about = kind.describe();
    row.code = about.code;
    row.usual = about.usual;
    row.costs = about.costs;
    row.line = about.about;
    // What earlier runs made is known already; what is not, stays open.
    let scope = engine.scope_of(task, known).with_late_steps();
    let parameters = scope.render(&task.template).unwrap_or_else(|_| task.parameters.clone());
    engine.view(task, |_, view| {
        row.keeps_data = kind.keeps_data(view, &parameters);
        row.commands = kind.commands(view, &parameters);
        row.undo = kind.undo_line(view, &parameters);
        row.permissions = permissions_lines(&kind.permissions(view, &parameters));
        if let Some(instruction) = kind.instruction(view, &parameters) {
            row.what = Change::Person;
            row.line = instruction.lines().next().unwrap_or_default().to_owned();
            row.rendered = instruction;
        }
    });
    if row.what == Change::Person {
        return Ok(row);
    }
    let other = engine.by_other(task, &session.answers);
    if other.is_some() {
        row.permissions = permissions_lines(&engine.view(task, |_, view| looking(kind.permissions(view, &parameters))));
    }
    let cx = engine.context(task, known);
    let ours = story.steps.get(&task.path);
    let line = compared.iter().find(|line| line.path == task.path);
    // Looking may take a tool's lock, or take something over into the vault: both are the running install's now.
    if let Some(holder) = session.run_by_other() {
        let is_there = ours.is_some_and(|step| step.how.is_some());
        row.what = line.map_or(if is_there { Change::Unchanged } else { Change::Make }, |line| line.what.clone());
        row.line = format!("{}; not looked at while {holder} works on it", row.line);
        return Ok(row);
    }
    match kind.inspect(&cx, &parameters).await {
        Ok(found) => {
            let owner = found.owner;
            (row.what, row.changes) = match found.state {
                State::Absent => (Change::Make, Vec::new()),
                State::Pending { why } => {
                    row.line = why.on;
                    (if owner == Owner::Ours { Change::Make } else { Change::Adopt }, Vec::new())
                }
                State::Present { .. } if owner == Owner::Ours || ours.is_some_and(|step| step.how.is_some()) => {
                    (Change::Unchanged, Vec::new())
                }
                State::Present { .. } => (Change::Adopt, Vec::new()),
                State::Drifted { differences, .. } => {
                    let fresh = line.is_some_and(|line| line.fresh);
                    (drift(&owner, ours, &cx.digest(&parameters), &differences, fresh), differences)
                }
                State::Broken { problem, .. } => {
                    row.line = problem.what;
                    (Change::Decide, Vec::new())
                }
            };
        }
        // Not being allowed to look is shown, and does not keep anybody from planning.
        Err(trouble) => {
            row.what = Change::Make;
            row.line = format!("could not be looked at: {}", trouble.problem().what);
        }
    }
    if line.is_some_and(|line| line.what == Change::Replace) {
        row.what = Change::Replace;
    }
    let asked = ours.and_then(|step| step.handed_over.as_ref());
    if let Some(what) = other.filter(|_| asked.is_some() || !matches!(row.what, Change::Unchanged | Change::Adopt)) {
        let now = session.cloud.clock().now();
        let at = asked.map_or(now, |asked| asked.at);
        if row.what != Change::Unchanged {
            (row.what, row.undo) = (Change::HandOver, String::new());
            row.line = match asked {
                Some(_) => format!("handed over to {}, {}", what.to, ago(at, now)),
                None => format!("by {}", what.to),
            };
            row.rendered = engine.page(task, &parameters, &what, at);
        }
        return Ok(row);
    }
    if row.what != Change::Unchanged {
        row.rendered = match kind.preview(&cx, &parameters).await {
            Ok(diff) => diff,
            Err(trouble) => format!("cannot be rendered yet: {}", trouble.problem().what),
        };
    }
    Ok(row)
}

fn drift(
    owner: &Owner,
    ours: Option<&landfall_core::journal::StepStory>,
    digest: &str,
    differences: &[Difference],
    fresh: bool,
) -> Change {
    let changed_by_answers = fresh || ours.is_some_and(|step| step.digest != digest);
    match owner {
        // Nobody agreed to make it anew: that is asked at its turn.
        Owner::Ours if differences.iter().any(|difference| difference.fixed) => Change::Decide,
        Owner::Ours if changed_by_answers || ours.is_some_and(|step| step.open) => Change::Change,
        _ => Change::Decide,
    }
}

/// What is different from what was approved before: by today's answers, or in the world.
fn review(plan: &Plan, story: &Story, tasks: &[Shown], compared: &[Compared]) -> Vec<ReviewLine> {
    if story.plan_digest.is_none() {
        return Vec::new();
    }
    plan.runs()
        .zip(tasks)
        .filter_map(|(task, shown)| {
            let step = story.steps.get(&task.path);
            let fresh =
                compared.iter().find(|line| line.path == task.path && (line.fresh || line.what == Change::Replace));
            let (what, why) = match (fresh, &shown.what) {
                // The world has it so already, or somebody else does it.
                (Some(line), Change::Unchanged | Change::HandOver | Change::Person) => {
                    (shown.what.clone(), line.why.clone())
                }
                (Some(line), _) => (line.what.clone(), line.why.clone()),
                (None, Change::Unchanged | Change::Look | Change::Person | Change::HandOver) => return None,
                (None, Change::Make) if step.is_some_and(|step| step.how.is_some()) => {
                    (Change::Make, "it was made before and is gone".to_owned())
                }
                (None, Change::Make) if step.is_some_and(|step| step.open) => {
                    (Change::Make, "it was begun and no result was seen".to_owned())
                }
                (None, Change::Make) => (Change::Make, "not done yet".to_owned()),
                (None, what) => {
                    let differs = shown.changes.iter().map(|difference| difference.line("planned"));
                    (what.clone(), differs.collect::<Vec<_>>().join("; "))
                }
            };
            Some(ReviewLine { path: task.path.clone(), what, why, keeps_data: false })
        })
        .collect()
}

fn permissions_lines(permissions: &Permissions) -> Vec<String> {
    let mut lines: Vec<String> =
        permissions.iam.iter().map(|(action, resources)| format!("{action} on {}", resources.join(", "))).collect();
    lines.extend(permissions.rbac.iter().map(|rule| {
        let group = if rule.group.is_empty() { String::new() } else { format!(".{}", rule.group) };
        match &rule.namespace {
            Some(namespace) => format!("{} {}{group} in {namespace}", rule.verb, rule.resource),
            None => format!("{} {}{group} in the cluster", rule.verb, rule.resource),
        }
    }));
    lines
}

/// IAM policy and RBAC rules as text to hand over.
fn permissions_text(permissions: &Permissions) -> String {
    let mut by_resources: BTreeMap<&Vec<String>, Vec<&str>> = BTreeMap::new();
    for (action, resources) in &permissions.iam {
        by_resources.entry(resources).or_default().push(action);
    }
    let statements: Vec<serde_json::Value> = by_resources
        .into_iter()
        .map(|(resources, actions)| serde_json::json!({ "Effect": "Allow", "Action": actions, "Resource": resources }))
        .collect();
    let policy = serde_json::json!({ "Version": "2012-10-17", "Statement": statements });
    let mut rules: BTreeMap<(Option<&str>, &str, &str), Vec<&str>> = BTreeMap::new();
    for rule in &permissions.rbac {
        rules.entry((rule.namespace.as_deref(), &rule.group, &rule.resource)).or_default().push(&rule.verb);
    }
    let roles: Vec<serde_json::Value> = rules
        .into_iter()
        .map(|((namespace, group, resource), verbs)| {
            serde_json::json!({ "namespace": namespace, "apiGroups": [group], "resources": [resource], "verbs": verbs })
        })
        .collect();
    format!(
        "IAM policy:\n{}\n\nKubernetes rules (no namespace: ClusterRole):\n{}",
        serde_json::to_string_pretty(&policy).unwrap_or_default(),
        roles.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    )
}
