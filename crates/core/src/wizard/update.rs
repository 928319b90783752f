//! One input in, effects out.

use std::sync::Arc;

use jiff::Timestamp;

use super::{AnsweredBy, Effect, Input, Look, Over, Sign, Stage, Suggestions, Vault, VouchAs, Wizard};
use crate::{
    catalogue::Catalogue,
    event::{Problem, Table},
    why::Snapshot,
};

impl Wizard {
    /// At the first stage, knowing nothing. `who` is the name offered where a person vouches for something.
    pub fn new(catalogue: Arc<Catalogue>, now: Timestamp, who: impl Into<String>) -> Self {
        Self {
            stage: Stage::Guide,
            reached: Stage::Guide,
            now,
            started: now,
            stage_since: now,
            size: (80, 24),
            who: who.into(),
            catalogue,
            loaded: None,
            install_id: None,
            facts: Default::default(),
            rehearsal: None,
            temporary: None,
            resolved: None,
            guide: Default::default(),
            target: Default::default(),
            inputs: Default::default(),
            secrets: Default::default(),
            checks: Default::default(),
            plan: Default::default(),
            install: Default::default(),
            verify: Default::default(),
            summary: Default::default(),
            watching: None,
            snapshot: Arc::new(Snapshot::default()),
            over: None,
            beforehand: Default::default(),
            handing: None,
            handed_to: String::new(),
            over_scroll: 0,
            notice: None,
            warned: false,
            gathering: false,
            pausing: false,
            mark: 0,
        }
    }

    /// What to do at the very start.
    pub fn begin(&self) -> Vec<Effect> {
        vec![Effect::Look(Look::Guides)]
    }

    /// Takes one input in; gives what is to be done about it.
    pub fn update(&mut self, input: Input) -> Vec<Effect> {
        let mut effects = self.take_in(input);
        // A secret that is another changes what holds it, as an answer does.
        if self.install.begun && effects.iter().any(Effect::changes_secret) {
            effects.extend(self.answers_changed());
        }
        self.count_wishes(&effects);
        effects
    }

    fn take_in(&mut self, input: Input) -> Vec<Effect> {
        match input {
            Input::Key(key) => return self.key(&key),
            Input::Size(columns, rows) => self.size = (columns, rows),
            Input::Tick(now) => self.now = now,
            Input::Snapshot(snapshot) => {
                self.install.panels.seen(&snapshot);
                self.snapshot = snapshot;
            }
            Input::Watching(resumed, standing) => return self.watch(*resumed, standing),
            Input::Guides(guides) => {
                self.guide.guides = Some(guides);
                self.guide.at = self.guide.at.min(self.guide.rows().len().saturating_sub(1));
            }
            Input::Installs(installs) => self.guide.installs = Some(installs),
            Input::Credentials(found) => self.guide.credentials = Some(found),
            Input::Rehearsal(name) => self.rehearsal = Some(name),
            Input::Bound(install) => {
                self.install_id = Some(install);
                self.gathering = false;
                let mut effects = self.secrets_of_lookups();
                effects.extend(self.refresh_inputs());
                return effects;
            }
            Input::Opened(Ok(loaded)) => return self.opened(loaded),
            Input::Answers(answers) => return self.answers_brought(answers),
            Input::Opened(Err(problem)) => (self.guide.opening, self.guide.refused) = (None, Some(problem)),
            Input::Resumed(resumed) => return self.resumed(*resumed),
            Input::GoesOn(resumed) => return self.goes_on(*resumed),
            Input::TargetSeen(seen) => return self.target_seen(seen),
            Input::Rows { field, rows } => return self.rows(&field, rows),
            Input::FactsSeen(facts) => {
                self.facts = facts;
                self.gathering = false;
                return self.refresh_inputs();
            }
            Input::Fact(fact) => {
                self.now = self.now.max(fact.at);
                return self.fold(&fact);
            }
            Input::Beforehand { attest, waive } => return self.said_beforehand(attest, waive),
            Input::LookedAll => self.looked_all(),
            Input::PlanReady(plan) => {
                self.plan.making = false;
                self.plan.refused = None;
                self.plan.at = self.plan.at.min(plan.tasks.len().saturating_sub(1));
                self.plan.plan = Some(plan);
            }
            Input::PlanFailed(problem) => (self.plan.making, self.plan.refused) = (false, Some(problem)),
            Input::NotAgreed => {
                self.install.tasks.running = false;
                self.pausing = false;
                self.plan.approved = None;
                let effects = self.enter(Stage::Plan);
                self.notice = Some("this differs from what was agreed to: look at it and agree to it first".into());
                return effects;
            }
            Input::Ended(ended) => return self.ended(ended),
            Input::VaultSaid(said) => {
                let effects = self.vault_said(said);
                self.notice_again();
                return effects;
            }
            Input::Stores(stores) => {
                // The selection stays on its row when stores appear above it.
                let grown = stores.len().saturating_sub(self.secrets.stores.len());
                if !self.secrets.stores.is_empty() || self.secrets.at > 0 {
                    self.secrets.at += grown;
                }
                self.secrets.stores = stores;
            }
            Input::Summary(shown) => self.summary.shown = Some(shown),
            Input::Expires(expires) => {
                if let Some(seen) = &mut self.target.seen {
                    seen.expires = expires;
                }
            }
            Input::Handed { path, handed } => self.handed(&path, *handed),
            Input::Copied(path) => self.notice = Some(format!("copied, and saved as {path}")),
            Input::ShellEnded => return self.shell_ended(),
            Input::Trouble(problem) => {
                self.gathering = false;
                self.over = Some(Over::Trouble(problem));
            }
            Input::Mark(number) => self.mark = number,
            direct => return self.direct(direct),
        }
        Vec::new()
    }

    /// What line mode and headless runs say without keys.
    fn direct(&mut self, input: Input) -> Vec<Effect> {
        self.notice = None;
        match input {
            Input::ChooseGuide(id) => self.choose(Look::Guide(id)),
            Input::ChooseInstall(id) => self.choose(Look::Install(id)),
            Input::Set { field, value } if field.starts_with("target.") => self.set_target(&field, value),
            Input::Map { field, path, decision } => match self.map_key(&field, &path, decision) {
                Ok(effects) => effects,
                Err(why) => {
                    self.notice = Some(why);
                    Vec::new()
                }
            },
            Input::Set { field, value } => self.set_input(&field, value, AnsweredBy::Person),
            Input::SetSecret { reference, secret } => self.put_secret(&reference, secret),
            Input::TakeSecret { reference, from } => self.take(reference, from),
            Input::ChooseStore { store, passphrase } => vec![Effect::Vault(Vault::Store { store, passphrase })],
            Input::Choose { question, choice, typed, name, reason } => {
                self.decide(&question, &choice, typed, &name, &reason)
            }
            Input::Waive { path, name, reason } => self.vouch(path, VouchAs::Waiver, &name, &reason),
            Input::Attest { path, name, reason } => self.vouch(path, VouchAs::Attestation, &name, &reason),
            Input::HandOver { path, to, reason } => self.hand_over(&path, &to, &reason),
            Input::TakeBack(path) => self.take_back(path),
            Input::Done(path) => {
                let who = self.who.clone();
                self.decide(&path, "done", None, &who, "")
            }
            Input::Approve { name } => self.approve(&name),
            Input::TakeAway => self.plan_act(super::Action::TakeAway),
            Input::Next => self.next(),
            Input::Back => self.back(),
            Input::Go(stage) => self.go(stage),
            Input::Rerun(path) => self.again(path),
            Input::Pause if self.install.tasks.running && !self.pausing => {
                self.pausing = true;
                vec![Effect::Pause]
            }
            Input::Trim(reference) => vec![Effect::Vault(Vault::Trim(reference))],
            Input::Forget(reference) => self.forget_secret(&reference),
            Input::AddRow(secret) => {
                self.add_secret_row(&secret);
                Vec::new()
            }
            Input::BuildKubeconfig => self.build_kubeconfig(),
            Input::Shell => vec![Effect::Shell],
            Input::Close => {
                self.over = None;
                self.over_scroll = 0;
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn rows(&mut self, name: &str, rows: Result<Table, Problem>) -> Vec<Effect> {
        let fields = if name.starts_with("target.") { &mut self.target.fields } else { &mut self.inputs };
        let Some(field) = fields.named_mut(name) else { return Vec::new() };
        match rows {
            Ok(table) if field.asked.kind == crate::guide::InputType::Mapping => Self::vendor_read(field, &table),
            Ok(table) => {
                let answered = field.suggest(table);
                if name.starts_with("target.") {
                    if answered && field.answer.is_null() {
                        field.answer = field.given.clone();
                    }
                    // A suggestion is not a choice: what was found without one stays found.
                    field.given =
                        if field.by == AnsweredBy::Suggestion { Default::default() } else { field.given.clone() };
                    self.namespaces_of_nobody();
                    return Vec::new();
                }
            }
            Err(problem) => {
                field.suggestions = Suggestions::Failed(problem);
                self.namespaces_of_nobody();
                return Vec::new();
            }
        }
        self.refresh_inputs()
    }

    fn looked_all(&mut self) {
        for tasks in [&mut self.checks, &mut self.verify.tasks] {
            if tasks.running {
                tasks.running = false;
                if tasks.at == 0 {
                    tasks.select_first(Sign::Fail);
                }
            }
        }
    }
}
