//! Who hears what goes on? Every fact passes here once: secrets are taken out, known failures are recognised.

use std::sync::{Arc, RwLock};

use landfall_core::{
    event::{Fact, Happened, Problem, TaskPath},
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
        Self { clock, mask, known: Arc::new(known), to }
    }

    /// Tells one fact.
    pub fn tell(&self, path: &TaskPath, what: Happened) {
        let recognised = match &what {
            Happened::Said { line } => self.recognise(&["said", "log"], line),
            Happened::Waiting { why, .. } => why.story.iter().find_map(|line| self.recognise(&["said", "log"], line)),
            Happened::Failed { problem } => self
                .recognise(&["problem"], &problem.code)
                .or_else(|| self.recognise(&["said", "log"], &format!("{}\n{}", problem.what, problem.why))),
            Happened::Looked { outcome, .. } => outcome.problem().and_then(|problem| {
                self.recognise(&["problem"], &problem.code)
                    .or_else(|| self.recognise(&["said", "log"], &format!("{}\n{}", problem.what, problem.why)))
            }),
            _ => None,
        };
        self.send(path, what);
        if let Some(problem) = recognised {
            self.send(path, Happened::Recognised { problem });
        }
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
