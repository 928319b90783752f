//! Walking the stages: what has to be true to go on, and what happens on the way.

use std::sync::Arc;

use super::{Action, Effect, ErratumShown, Look, Over, Record, Stage, TaskRow, TaskState, Wizard};
use crate::{
    catalogue::Room,
    event::{Section, TaskPath},
    plan::{Plan, PlannedTask, locks},
};

impl Wizard {
    /// On to the next stage, or why not.
    pub(super) fn next(&mut self) -> Vec<Effect> {
        if let Some(why) = self.open().filter(|_| !(self.stage == Stage::Plan && self.plan_is_run())) {
            self.notice = Some(why);
            self.select_open();
            return Vec::new();
        }
        let mut effects = Vec::new();
        match self.stage {
            // With the secrets that came, a values file could be read that could not before.
            Stage::Secrets if self.inputs.open().next().is_some() => {
                let open: Vec<String> = self.inputs.open().map(super::Field::missing).collect();
                effects.extend(self.enter(Stage::Inputs));
                self.select_open();
                self.notice = missing(&open);
                return effects;
            }
            Stage::Guide => return self.guide_act(Action::Open),
            // Confirmed but not bound: binding it failed, so it is tried again.
            Stage::Target if !self.target.confirmed || self.install_id.is_none() => {
                self.target.confirmed = true;
                self.install_id = None;
                self.gathering = true;
                for field in &mut self.inputs.all {
                    field.looked_with = None;
                    (field.locked, field.replaces) = (None, None);
                }
                if !self.install.begun {
                    // What was seen of another target, or of an install that is there, says nothing of this one.
                    self.resolved = None;
                    (self.checks, self.install, self.verify) = Default::default();
                }
                effects.push(Effect::Look(Look::Confirm));
            }
            Stage::Inputs => effects.push(Effect::Record(Record::Answers(self.answers().inputs))),
            Stage::Plan if self.plan_is_run() => return self.enter(Stage::Install),
            Stage::Plan => return self.approve(""),
            Stage::Summary => return vec![Effect::Quit],
            _ => {}
        }
        if let Some(next) = self.stage.next() {
            effects.extend(self.enter(next));
        }
        effects
    }

    /// Why the next stage cannot be entered; none where it can.
    pub fn open(&self) -> Option<String> {
        match self.stage {
            Stage::Guide => self.guide.rows().is_empty().then(|| "there is nothing to choose yet".into()),
            Stage::Target => self.target_open(),
            Stage::Inputs if self.gathering => Some("the account and the cluster are still being asked".into()),
            Stage::Inputs => {
                let open: Vec<String> = self.inputs.open().map(super::Field::missing).collect();
                missing(&open)
            }
            Stage::Secrets => self.secrets.looked_up().or_else(|| missing(&self.secrets.open())),
            Stage::Checks | Stage::Verify => self.tasks_open(),
            Stage::Plan => match (&self.plan.plan, &self.plan.refused) {
                (_, Some(problem)) => Some(problem.what.clone()),
                (Some(_), None) if !self.plan.making => None,
                _ => Some("the plan is still being made".into()),
            },
            Stage::Install => match self.install.ended {
                Some(super::Ended::Done) => None,
                _ if self.install.tasks.running => Some("the install still runs".into()),
                _ => Some("not everything is done: press r to try again what failed, p to go on".into()),
            },
            Stage::Summary => None,
        }
    }

    /// Selects what stands in the way.
    fn select_open(&mut self) {
        let first_open = self.inputs.wanted().find(|(_, field)| !field.settled()).map(|(index, _)| index);
        match self.stage {
            Stage::Inputs => self.inputs.at = first_open.unwrap_or(self.inputs.at),
            Stage::Secrets => self.secrets.select_open(),
            _ => {
                if let Some(tasks) = self.tasks_mut() {
                    tasks.at = tasks.rows.iter().position(super::TaskRow::stops).unwrap_or(tasks.at);
                }
            }
        }
    }

    /// What was in the way may no longer be.
    pub(super) fn notice_again(&mut self) {
        if self.notice.as_deref().is_some_and(|notice| notice.starts_with("still ")) {
            self.notice = self.open();
        }
    }

    /// Back to the stage before; at the first, leaves.
    pub(super) fn back(&mut self) -> Vec<Effect> {
        match self.stage.back() {
            None => {
                self.over = Some(Over::Leave);
                Vec::new()
            }
            // Going back to the list of guides lets go of this one only where nothing was begun.
            Some(Stage::Guide) if self.install.begun => {
                self.over = Some(Over::Leave);
                Vec::new()
            }
            Some(before) => self.enter(before),
        }
    }

    /// To a stage that was reached already.
    pub(super) fn go(&mut self, stage: Stage) -> Vec<Effect> {
        if stage > self.reached {
            self.notice = Some(format!("{} comes after {}", stage.title(), self.reached.title()));
            return Vec::new();
        }
        self.enter(stage)
    }

    /// Enters a stage.
    pub(super) fn enter(&mut self, stage: Stage) -> Vec<Effect> {
        if self.stage != stage {
            self.stage_since = self.now;
        }
        self.stage = stage;
        self.reached = self.reached.max(stage);
        match stage {
            Stage::Guide => vec![Effect::Look(Look::Guides)],
            Stage::Target => Vec::new(),
            Stage::Inputs => self.refresh_inputs(),
            Stage::Secrets => self.enter_secrets(),
            Stage::Checks => {
                self.resolve();
                self.look_at_rest(Section::Checks)
            }
            Stage::Plan if self.plan.plan.is_some() || self.plan.making => Vec::new(),
            Stage::Plan => self.make_plan(),
            Stage::Install => {
                self.resolve();
                let mut effects = vec![Effect::Watch(true)];
                effects.extend(self.run_on());
                effects
            }
            Stage::Verify => {
                self.resolve();
                let mut effects = vec![Effect::Watch(true)];
                effects.extend(self.look_at_rest(Section::Verify));
                effects
            }
            Stage::Summary => vec![Effect::Look(Look::Summary)],
        }
    }

    /// Resolves guide and answers anew; rows whose parameters are the same keep what is known of them.
    pub(super) fn resolve(&mut self) {
        let Some(loaded) = self.loaded.clone() else { return };
        let plan = match Plan::build(&loaded, &self.scope()) {
            Ok(plan) => Arc::new(plan),
            Err(fault) => {
                self.over = Some(Over::Trouble(crate::event::Problem::new(
                    "GUIDE-FAULT",
                    fault.to_string(),
                    "Correct the answer it names, or the guide; `landfall guide lint` shows the place.",
                )));
                return;
            }
        };
        let changed: Vec<TaskPath> = match &self.resolved {
            Some(before) => plan
                .tasks
                .iter()
                .filter(|task| before.task(&task.path).is_some_and(|known| known.parameters != task.parameters))
                .map(|task| task.path.clone())
                .collect(),
            None => Vec::new(),
        };
        let rows = |wanted: &dyn Fn(&PlannedTask) -> bool| -> Vec<TaskRow> {
            plan.tasks.iter().filter(|task| wanted(task)).map(|task| self.row(task)).collect()
        };
        let checks = rows(&|task| task.path.section == Section::Checks);
        let steps = in_order(&plan, rows(&|task| task.path.section == Section::Steps || task.early));
        let verify = rows(&|task| task.path.section == Section::Verify && !task.early);
        self.checks.replace(checks, &changed);
        self.install.tasks.replace(steps, &[]);
        self.verify.tasks.replace(verify, &changed);
        self.resolved = Some(plan);
    }

    /// Answers changed: what hung on them is made anew when its stage is reached.
    pub(super) fn answers_changed(&mut self) -> Vec<Effect> {
        let was_planned = self.plan.plan.take().is_some();
        self.plan.approved = None;
        self.plan.take_away = false;
        if self.install.ended == Some(super::Ended::Done) {
            // Done it was with the answers before.
            self.install.ended = None;
        }
        if was_planned && self.install.tasks.running {
            self.pausing = true;
            return vec![Effect::Pause];
        }
        Vec::new()
    }

    pub(super) fn row(&self, task: &PlannedTask) -> TaskRow {
        let room = if task.path.section == Section::Steps { Room::Step } else { Room::Check };
        let kind = self.catalogue.find(room, &task.kind);
        let from = self.loaded.as_ref().and_then(|loaded| loaded.place(&task.from));
        let row = task.path.key.as_ref().map(|key| format!(" {key}")).unwrap_or_default();
        TaskRow {
            code: kind.map_or_else(|| task.kind.clone(), |kind| kind.code.clone()),
            title: if task.title.contains(row.trim()) { task.title.clone() } else { format!("{}{row}", task.title) },
            asks: asks(&task.kind),
            about: if task.about.is_empty() {
                kind.map(|kind| kind.about.clone()).unwrap_or_default()
            } else {
                task.about.clone()
            },
            path: task.path.clone(),
            from,
            severity: task.severity,
            attest: task.attest.clone(),
            optional: task.optional,
            errata: self.errata_at(&task.path.id),
            after: task.after.iter().cloned().collect(),
            state: TaskState::Waits,
            seat: None,
            since: None,
            ended: None,
            said: Default::default(),
            throttled: None,
            recognised: Vec::new(),
            vouched: None,
            attempt: 0,
            stands: None,
            done: false,
        }
    }

    /// What the vendor's text has wrong at an input, secret, check or step.
    pub(super) fn errata_at(&self, id: &str) -> Vec<ErratumShown> {
        let Some(loaded) = &self.loaded else { return Vec::new() };
        let here: Vec<_> =
            loaded.guide.errata.iter().filter(|erratum| erratum.shown_at.iter().any(|at| at == id)).collect();
        if here.is_empty() {
            return Vec::new();
        }
        // Settling every answer costs more than all else here.
        let scope = self.scope();
        here.into_iter()
            .filter(|erratum| erratum.when.as_deref().is_none_or(|when| scope.holds(when).unwrap_or(true)))
            .map(|erratum| ErratumShown {
                id: erratum.id.clone(),
                wrong: erratum.wrong.clone(),
                instead: erratum.instead.clone(),
                warned: erratum.warned,
            })
            .collect()
    }

    /// Locks answers that finished steps are found again by, and says where another answer makes steps anew.
    pub(super) fn lock_inputs(&mut self) {
        let Some(plan) = self.resolved.clone() else { return };
        let rows = &self.install.tasks.rows;
        let stands = |path: &TaskPath| rows.iter().find(|row| row.path == *path)?.stands;
        let locks = locks(&plan, stands, &self.catalogue);
        for field in &mut self.inputs.all {
            field.locked = locks.locked.get(&field.name).cloned();
            field.replaces = locks.replaces.get(&field.name).cloned();
        }
    }
}

/// Rows in an order in which nothing stands before what it waits for, else as the guide has them.
fn in_order(plan: &Plan, rows: Vec<TaskRow>) -> Vec<TaskRow> {
    let mut rest = rows;
    let mut ordered: Vec<TaskRow> = Vec::new();
    while !rest.is_empty() {
        let ready = rest.iter().position(|row| {
            let after = plan.task(&row.path).map(|task| &task.after);
            !rest.iter().any(|other| after.is_some_and(|after| after.contains(&other.path)))
        });
        // A circle cannot be: Plan::build refuses it; the first one ends the loop all the same.
        ordered.push(rest.remove(ready.unwrap_or(0)));
    }
    ordered
}

/// Whom a kind asks.
fn asks(kind: &str) -> &'static str {
    match kind.split('.').next() {
        Some("aws" | "iam" | "eks" | "ec2" | "autoscaling" | "cloudwatch" | "s3" | "kms" | "rds" | "ses") => "AWS",
        Some("kube") => "the cluster",
        Some("helm") => "Helm",
        Some("postgres") => "the database",
        Some("registry") => "the registry",
        Some("dns") => "the name servers",
        Some("tls" | "http" | "network" | "openai" | "oidc") => "the network",
        _ => "around",
    }
}

fn missing(open: &[String]) -> Option<String> {
    match open {
        [] => None,
        [one] => Some(format!("still open: {one}")),
        [one, two] => Some(format!("still open: {one}, {two}")),
        [one, two, rest @ ..] => Some(format!("still open: {one}, {two} and {} more", rest.len())),
    }
}
