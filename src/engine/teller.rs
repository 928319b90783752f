//! Who hears what goes on? Every fact passes here once: secrets are taken out, known failures are recognised.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use landfall_core::{
    event::{Fact, Happened, Outcome, Problem, TaskPath},
    guide::LoadedGuide,
    value::Mask,
};
use regex::Regex;
use tokio::sync::mpsc::UnboundedSender;

use crate::cloud::Clock;

/// Passes facts on.
#[derive(Clone)]
pub struct Teller {
    clock: Clock,
    mask: Arc<RwLock<Mask>>,
    known: Arc<Vec<(String, Regex, Problem)>>,
    /// What each task told last: the same wait is told once.
    last: Arc<Mutex<BTreeMap<TaskPath, Happened>>>,
    to: UnboundedSender<Fact>,
}

impl Teller {
    /// A teller that hides what `mask` knows and recognises the guide's problems.
    pub fn new(clock: Clock, mask: Arc<RwLock<Mask>>, guide: &LoadedGuide, to: UnboundedSender<Fact>) -> Self {
        let known = guide
            .guide
            .problems
            .iter()
            .flat_map(|problem| {
                let code = format!("{}-{}", guide.guide.code_prefix, problem.id.to_uppercase().replace('_', "-"));
                let page = Problem {
                    source: guide.place(&problem.from),
                    ..Problem::new(code, &problem.what, &problem.fix).why(&problem.why)
                };
                problem
                    .when
                    .iter()
                    .filter(|(sign, _)| ["said", "log", "problem"].contains(&sign.as_str()))
                    .filter_map(move |(sign, pattern)| Some((sign.clone(), Regex::new(pattern).ok()?, page.clone())))
                    .collect::<Vec<_>>()
            })
            .collect();
        Self { clock, mask, known: Arc::new(known), last: Arc::default(), to }
    }

    /// Tells one fact; a wait that was told and is still the same is not told again.
    pub fn tell(&self, path: &TaskPath, what: Happened) {
        if !self.is_news(path, &what) {
            return;
        }
        let recognised = match &what {
            Happened::Said { line } => self.recognise(&["said", "log"], line),
            Happened::Waiting { why, .. } => {
                let code = why.problem.as_ref().and_then(|problem| self.recognise(&["problem"], &problem.code));
                code.or_else(|| why.story.iter().find_map(|line| self.recognise(&["said", "log"], line)))
                    .or_else(|| why.problem.as_ref().and_then(|problem| self.known(problem)))
            }
            Happened::Failed { problem } => self.known(problem),
            Happened::Looked { outcome, .. } => outcome.problem().and_then(|problem| self.known(problem)),
            _ => None,
        };
        self.send(path, what);
        if let Some(problem) = recognised {
            self.send(path, Happened::Recognised { problem });
        }
    }

    fn is_news(&self, path: &TaskPath, what: &Happened) -> bool {
        let waits = |what: &Happened| {
            matches!(what, Happened::Waiting { .. } | Happened::Looked { outcome: Outcome::NotYet { .. }, .. })
        };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let known = last.get(path);
        match what {
            Happened::Said { .. } | Happened::Recognised { .. } => true,
            // It looks again and again while it waits.
            Happened::Looking if known.is_some_and(waits) => false,
            what if waits(what) && known == Some(what) => false,
            what => {
                last.insert(path.clone(), what.clone());
                true
            }
        }
    }

    /// The guide's problem that another problem shows, by its code or its words.
    pub fn known(&self, problem: &Problem) -> Option<Problem> {
        self.recognise(&["problem"], &problem.code)
            .or_else(|| self.recognise(&["said", "log"], &format!("{}\n{}", problem.what, problem.why)))
    }

    /// The guide's problem that a text shows.
    pub fn recognise(&self, signs: &[&str], text: &str) -> Option<Problem> {
        self.known
            .iter()
            .find(|(sign, pattern, _)| signs.contains(&sign.as_str()) && pattern.is_match(text))
            .map(|(_, _, problem)| problem.clone())
    }

    /// A text without secrets.
    pub fn hide(&self, text: &str) -> String {
        match self.mask.read() {
            Ok(mask) => mask.hide(text),
            // Nothing is said rather than a secret.
            Err(_) => String::new(),
        }
    }

    fn send(&self, path: &TaskPath, what: Happened) {
        let fact = Fact { at: self.clock.now(), path: path.clone(), what };
        let _ = self.to.send(hidden(fact, &|text| self.hide(text)));
    }
}

/// The fact with every text passed through `hide`.
fn hidden(fact: Fact, hide: &dyn Fn(&str) -> String) -> Fact {
    fn all(value: serde_json::Value, hide: &dyn Fn(&str) -> String) -> serde_json::Value {
        match value {
            serde_json::Value::String(text) => hide(&text).into(),
            serde_json::Value::Array(items) => items.into_iter().map(|item| all(item, hide)).collect(),
            serde_json::Value::Object(map) => map.into_iter().map(|(key, item)| (key, all(item, hide))).collect(),
            other => other,
        }
    }
    let Fact { at, path, what } = fact;
    let what = match serde_json::to_value(&what).map(|value| serde_json::from_value(all(value, hide))) {
        Ok(Ok(what)) => what,
        // A fact that does not survive is told as nothing but its kind.
        _ => Happened::Said { line: "(hidden)".into() },
    };
    Fact { at, path, what }
}

#[cfg(test)]
mod tests {
    use landfall_core::{
        event::Waiting,
        guide::{Folder, LoadedGuide},
    };

    use super::*;

    const GUIDE: &str =
        "id: small\ntitle: Small\ncode_prefix: SMALL\nsource: { document: none }\ntarget: { cluster: none }\n";

    #[test]
    fn the_same_wait_is_told_once_and_told_again_when_it_changes() {
        let files = BTreeMap::from([("guide.yaml".into(), GUIDE.into())]);
        let guide = LoadedGuide::read(Folder { name: "small".into(), files }).unwrap();
        let (to, mut told) = tokio::sync::mpsc::unbounded_channel();
        let teller = Teller::new(Clock::Real, Arc::default(), &guide, to);
        let path: TaskPath = "steps/group".parse().unwrap();
        let wait = |on: &str| Happened::Waiting { why: Waiting::on(on), deadline: None, usual: None };
        for what in [
            Happened::Looking,
            wait("CREATING"),
            Happened::Looking,
            wait("CREATING"),
            Happened::Said { line: "one node".into() },
            wait("CREATING"),
            wait("ACTIVE, 1 of 2 nodes"),
            Happened::Looking,
            Happened::Throttled { service: "EKS".into() },
            wait("ACTIVE, 1 of 2 nodes"),
        ] {
            teller.tell(&path, what);
        }
        let mut heard = Vec::new();
        while let Ok(fact) = told.try_recv() {
            heard.push(fact.what);
        }
        let expected = [
            Happened::Looking,
            wait("CREATING"),
            Happened::Said { line: "one node".into() },
            wait("ACTIVE, 1 of 2 nodes"),
            Happened::Throttled { service: "EKS".into() },
            wait("ACTIVE, 1 of 2 nodes"),
        ];
        assert_eq!(heard, expected);
    }
}
