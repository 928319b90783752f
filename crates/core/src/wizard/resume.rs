//! Going on with an install: everything known is put back where it was, then looked at again.

use std::sync::Arc;

use super::{AnsweredBy, Effect, Look, Resumed, Stage, VouchAs, Wizard};
use crate::{
    event::{Fact, Happened, Section, TaskPath},
    guide::LoadedGuide,
    plan::Stands,
};

impl Wizard {
    /// Begins with a guide that was read.
    pub(super) fn opened(&mut self, loaded: Arc<LoadedGuide>) -> Vec<Effect> {
        self.guide.opening = None;
        self.guide.refused = None;
        if self.loaded.as_ref().is_some_and(|known| known.guide.id == loaded.guide.id)
            && !self.target.fields.all.is_empty()
        {
            return self.enter(Stage::Target);
        }
        self.lay_out(loaded);
        let mut effects = self.enter(Stage::Target);
        effects.extend(self.look_at_target(None));
        effects
    }

    pub(super) fn lay_out(&mut self, loaded: Arc<LoadedGuide>) {
        self.loaded = Some(loaded);
        self.resolved = None;
        self.facts.clear();
        self.install_id = None;
        self.reached = Stage::Guide;
        (self.checks, self.plan, self.install) = Default::default();
        (self.verify, self.summary) = Default::default();
        self.secrets.groups.clear();
        self.beforehand = Default::default();
        self.lay_out_target();
        self.lay_out_inputs();
        self.lay_out_secrets();
    }

    /// Goes on with an install where it stood.
    pub(super) fn resumed(&mut self, resumed: Resumed) -> Vec<Effect> {
        self.guide.opening = None;
        self.guide.refused = None;
        self.lay_out(resumed.guide);
        self.install_id = Some(resumed.install);
        self.facts = resumed.facts;
        self.target.build_kubeconfig = resumed.choice.build_kubeconfig;
        self.target.confirmed = true;
        let choice = resumed.choice;
        for (name, value) in [
            ("profile", choice.profile),
            ("region", choice.region),
            ("cluster", choice.cluster),
            ("context", choice.context),
            ("namespace", choice.namespace),
        ] {
            if let (Some(field), Some(value)) = (self.target.fields.named_mut(&format!("target.{name}")), value) {
                field.given = value.clone().into();
                field.answer = value.into();
                field.by = AnsweredBy::Person;
            }
        }
        self.target.seen = Some(resumed.target);
        for (name, value) in resumed.answers {
            if let Some(field) = self.inputs.named_mut(&name) {
                field.given = value;
                field.by = AnsweredBy::Person;
            }
        }
        let mut effects = vec![Effect::Look(Look::Target(self.target.choice()))];
        effects.extend(self.refresh_inputs());
        effects.extend(self.enter_secrets());
        self.reached = resumed.stage;
        if resumed.stage >= Stage::Checks {
            self.resolve();
        }
        for fact in &resumed.said {
            let _nothing_was_said = self.fold(fact);
        }
        let attested = resumed.attestations.clone();
        let vouched = resumed.waivers.into_iter().chain(resumed.attestations);
        for vouched in vouched {
            let tasks = [&mut self.checks, &mut self.verify.tasks, &mut self.install.tasks];
            if let Some(row) = tasks.into_iter().find_map(|tasks| tasks.row_mut(&vouched.path)) {
                row.vouched = Some(vouched);
            }
        }
        for vouched in attested {
            self.beforehand.outdone(&vouched, VouchAs::Attestation);
        }
        self.sent(&resumed.open);
        self.install.begun = resumed.begun;
        // What was begun had been agreed to; its plan is made again from the same answers.
        let begun = resumed.begun.then(String::new);
        self.plan.approved = resumed.plan.as_ref().map(|plan| plan.digest.clone()).or(begun);
        self.plan.plan = resumed.plan;
        self.lock_inputs();
        effects.extend(self.enter(resumed.stage));
        effects
    }

    /// The target that was confirmed has an install already: its steps, and what they lock, are known from now on.
    pub(super) fn goes_on(&mut self, resumed: Resumed) {
        for vouched in &resumed.attestations {
            self.beforehand.outdone(vouched, VouchAs::Attestation);
        }
        // Whether everything is answered is asked later.
        let over = self.over.take();
        self.resolve();
        self.over = over;
        for fact in resumed.said.iter().filter(|fact| fact.path.section == Section::Steps) {
            let _nothing_was_said = self.fold(fact);
        }
        self.sent(&resumed.open);
        self.lock_inputs();
        self.notice = Some(format!("this target has the install {} already: it goes on", resumed.install));
    }

    /// Steps that were begun: what was sent cannot be called back.
    fn sent(&mut self, open: &[TaskPath]) {
        for row in self.install.tasks.rows.iter_mut().filter(|row| open.contains(&row.path)) {
            row.stands = row.stands.or(Some(Stands::Ours));
        }
    }

    /// Takes in what a task said.
    pub(super) fn fold(&mut self, fact: &Fact) -> Vec<Effect> {
        if self.resolved.is_none() {
            self.resolve();
        }
        let known = self.checks.fold(fact) || self.install.tasks.fold(fact) || self.verify.tasks.fold(fact);
        if known {
            self.follow();
        }
        if matches!(fact.what, Happened::Applying | Happened::Finished { .. } | Happened::Undone { .. }) {
            self.lock_inputs();
        }
        if matches!(fact.what, Happened::Looked { .. }) { self.hold_beforehand(&fact.path) } else { Vec::new() }
    }
}
