//! The two lines at the top: where are we, and how far?

use super::{SecretGroup, Sign, Stage, TaskRow, Wizard};
use crate::{event::Section, journal::StepsDone};

impl Wizard {
    /// The first line's parts, most important first.
    pub fn header(&self) -> Vec<String> {
        let mut parts = Vec::new();
        if self.rehearsal.is_some() {
            parts.push("REHEARSAL".to_owned());
        }
        match &self.loaded {
            Some(loaded) => parts.push(loaded.guide.title.clone()),
            None => parts.push("Landfall".to_owned()),
        }
        if let Some(seen) = &self.target.seen {
            let place = [&seen.account, &seen.profile];
            let place: Vec<&str> = place.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
            parts.push(place.join(" "));
            parts.push(seen.region.clone());
            parts.push(match (seen.cluster.as_str(), seen.namespace.as_str()) {
                ("", namespace) => namespace.to_owned(),
                (cluster, "") => cluster.to_owned(),
                (cluster, namespace) => format!("{cluster}/{namespace}"),
            });
        }
        parts.retain(|part| !part.is_empty());
        parts
    }

    /// The second line's middle: how far this stage is.
    pub fn progress(&self) -> String {
        match self.stage {
            Stage::Guide if self.guide.opening.is_some() => {
                format!("opening {}", self.guide.opening.as_deref().unwrap_or_default())
            }
            Stage::Guide => match (&self.guide.guides, &self.guide.installs) {
                (Some(guides), Some(installs)) => {
                    let unfinished = count(installs.len(), "unfinished install");
                    format!("{}, {unfinished}", count(guides.len(), "guide"))
                }
                _ => "reading guides".into(),
            },
            Stage::Target if self.target.looking => "looking".into(),
            Stage::Target => match (&self.target.seen, &self.target.refused) {
                (_, Some(_)) => "not reached yet".into(),
                (Some(seen), None) if seen.doubt.is_some() => "not proved".into(),
                (Some(_), None) => "proved".into(),
                (None, None) => "choose".into(),
            },
            Stage::Inputs if self.gathering => "asking the account and the cluster".into(),
            Stage::Inputs => {
                let all = self.inputs.wanted().count();
                let open = self.inputs.open().count();
                let field = self.inputs.selected().filter(|_| self.inputs.keys().is_some());
                match (field, self.inputs.open().find(|field| field.vendor().is_some())) {
                    (Some(field), _) => field.shown_mapping(),
                    (None, Some(field)) => {
                        let (done, keys) = field.mapped_of();
                        format!("{} of {all} answered, {} of {keys} keys open", all - open, keys - done)
                    }
                    (None, None) => format!("{} of {all} answered", all - open),
                }
            }
            Stage::Secrets => {
                let fields: Vec<bool> = self.secrets.wanted_fields().map(|field| field.settled()).collect();
                let settled = fields.iter().filter(|settled| **settled).count();
                format!("{settled} of {} entered", fields.len())
            }
            Stage::Checks => looked(&self.checks.rows),
            Stage::Plan if self.plan_is_run() => {
                let running = if self.install.tasks.running { "the install is running" } else { "it is installed" };
                format!("{running}: {}", self.steps_done())
            }
            Stage::Plan => match &self.plan.plan {
                Some(plan) => {
                    let steps = plan.tasks.iter().filter(|task| task.path.section == Section::Steps).count();
                    format!("{}, {}", count(steps, "step"), plan.takes).trim_end_matches([',', ' ']).to_owned()
                }
                None if self.plan.making => "being made".into(),
                None => "no plan yet".into(),
            },
            Stage::Install => {
                let rows = &self.install.tasks.rows;
                let mut line = match &self.watching {
                    Some(standing) => standing.state.clone(),
                    None => self.steps_done().to_string(),
                };
                for (sign, word) in [(Sign::Fail, "failed"), (Sign::Skipped, "not run"), (Sign::Person, "for a person")]
                {
                    let number = rows.iter().filter(|row| row.sign() == sign).count();
                    if number > 0 {
                        line.push_str(&format!(", {number} {word}"));
                    }
                }
                if self.pausing {
                    line.push_str(", pausing");
                }
                if self.install.ended == Some(super::Ended::Done) {
                    line.push_str(", Enter goes on to Verify");
                }
                match self.watching.as_ref().and_then(|standing| standing.held_by.as_ref()) {
                    Some(who) => format!("{line} │ {who} has it open"),
                    None => line,
                }
            }
            Stage::Verify => looked(&self.verify.tasks.rows),
            Stage::Summary => "done".into(),
        }
    }

    /// How far the install is.
    pub fn steps_done(&self) -> StepsDone {
        StepsDone::count(self.install.tasks.rows.iter().map(|row| (&row.path, row.done)))
    }

    /// How long this stage takes already, e.g. `00:41`.
    pub fn elapsed(&self) -> String {
        let seconds = self.now.duration_since(self.stage_since).as_secs().max(0);
        match seconds / 3_600 {
            0 => format!("{:02}:{:02}", seconds / 60, seconds % 60),
            hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
        }
    }

    /// What becomes of everything so far for whoever leaves now.
    pub fn when_left(&self) -> String {
        let left = match (&self.temporary, self.install.begun) {
            _ if self.install_id.is_none() => return "Nothing was begun.".to_owned(),
            (Some(_), _) => {
                return "Nothing of it stays: its folder is temporary and is removed when Landfall ends.".to_owned();
            }
            (None, true) => {
                "Everything so far is written down; `landfall` goes on from here. What already runs at AWS goes on by \
                 itself."
            }
            (None, false) => "Answers entered so far are kept, and nothing was touched.",
        };
        let secrets = match self.store_of_secrets() {
            Some("session") => " Secrets are in this session only: they go with it, and are asked for again.",
            Some("keyring") => " Secrets are kept in the OS keyring.",
            Some(_) => " Secrets are kept in the encrypted file.",
            None => "",
        };
        format!("{left}{secrets}")
    }

    /// Whether secrets were entered that nothing keeps once the program has ended.
    pub fn secrets_go(&self) -> bool {
        self.temporary.is_none() && self.store_of_secrets() == Some("session")
    }

    /// Where the secrets are that were entered; none where there are none yet.
    fn store_of_secrets(&self) -> Option<&str> {
        let is_in = |group: &SecretGroup| {
            group.wanted && (group.joined.is_some() || group.fields.iter().any(|field| field.length.is_some()))
        };
        let store = self.secrets.stores.iter().find(|store| store.chosen)?;
        self.secrets.groups.iter().any(is_in).then_some(store.id.as_str())
    }

    /// The terminal's title.
    pub fn title(&self) -> String {
        let product = self.loaded.as_ref().map_or("landfall", |loaded| loaded.guide.title.as_str());
        let rehearsal = if self.rehearsal.is_some() { "REHEARSAL " } else { "" };
        let person = if self.needs_person() { "! " } else { "" };
        let stage = if self.watching.is_some() { "status" } else { self.stage.title() };
        format!("{person}{rehearsal}{product}: {stage} {}", self.progress())
    }

    /// Whether the install waits for a person.
    pub fn needs_person(&self) -> bool {
        self.stage == Stage::Install && self.install.tasks.rows.iter().any(|row| row.sign() == Sign::Person)
    }
}

fn looked(rows: &[TaskRow]) -> String {
    let over = rows.iter().filter(|row| row.is_over()).count();
    let mut line = format!("{over} of {} looked at", rows.len());
    let number = |sign: Sign| rows.iter().filter(|row| row.sign() == sign).count();
    if number(Sign::Fail) > 0 {
        line.push_str(&format!(", {}", count(number(Sign::Fail), "stop")));
    }
    if number(Sign::Warn) > 0 {
        line.push_str(&format!(", {}", count(number(Sign::Warn), "warning")));
    }
    line
}

fn count(number: usize, noun: &str) -> String {
    match number {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}
