//! Who hears what goes on? Every fact passes here once: secrets are taken out, known failures are recognised.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use landfall_core::{
    event::{Fact, Happened, Outcome, Problem, TaskPath},
    guide::LoadedGuide,
    plan::known_problem,
    value::{Mask, Scope},
};
use regex::Regex;
use tokio::sync::mpsc::UnboundedSender;

use super::lasting::Lasting;
use crate::cloud::Clock;

/// Passes facts on.
#[derive(Clone)]
pub struct Teller {
    clock: Clock,
    mask: Arc<RwLock<Mask>>,
    known: Arc<Vec<Known>>,
    /// What each task told last: the same wait is told once.
    last: Arc<Mutex<BTreeMap<TaskPath, Happened>>>,
    /// What has to last before it is told.
    lasting: Arc<Lasting>,
    to: UnboundedSender<Fact>,
}

/// A failure that the guide knows.
struct Known {
    signs: Vec<(&'static str, Regex)>,
    after: Option<Duration>,
    page: Problem,
}

impl Teller {
    /// A teller that hides what `mask` knows and recognises the guide's problems, told in these `words`.
    pub fn new(
        clock: Clock,
        mask: Arc<RwLock<Mask>>,
        guide: &LoadedGuide,
        words: &Scope,
        to: UnboundedSender<Fact>,
    ) -> Self {
        let sign = |(sign, pattern): (&'static str, &str)| Some((sign, Regex::new(pattern).ok()?));
        let problems = guide.guide.problems.iter();
        let known = problems
            .map(|problem| Known {
                signs: problem.when.given().filter_map(sign).collect(),
                after: problem.when.after.map(|span| span.0),
                page: known_problem(guide, problem, words),
            })
            .collect();
        Self { clock, mask, known: Arc::new(known), last: Arc::default(), lasting: Arc::default(), to }
    }

    /// Tells one fact; a wait that was told and is still the same is not told again.
    pub fn tell(&self, path: &TaskPath, what: Happened) {
        if !self.is_news(path, &what) {
            return;
        }
        let recognised = match &what {
            Happened::Said { line } => self.by(&["said", "log"], line),
            Happened::Waiting { why, .. } => {
                let code = why.problem.as_ref().and_then(|problem| self.by(&["problem"], &problem.code));
                code.or_else(|| why.story.iter().find_map(|line| self.by(&["said", "log"], line)))
                    .or_else(|| why.problem.as_ref().and_then(|problem| self.of(problem)))
            }
            Happened::Failed { problem } => self.of(problem),
            Happened::Looked { outcome, .. } => outcome.problem().and_then(|problem| self.of(problem)),
            _ => None,
        };
        let lasting = recognised.filter(|known| known.after.is_some()).map(|known| known.page.code.as_str());
        let ended = self.lasting.see(path, &what, lasting);
        self.send(path, what);
        // What was not yet told of a task that failed is why it failed.
        for known in self.known.iter().filter(|known| ended.contains(&known.page.code)) {
            self.send(path, Happened::Recognised { problem: known.page.clone() });
        }
        match recognised {
            Some(Known { after: Some(after), page, .. }) => self.tell_if_it_lasts(path, page, *after),
            Some(known) => self.send(path, Happened::Recognised { problem: known.page.clone() }),
            None => {}
        }
    }

    /// Tells a problem once it was there for so long; what passes by itself is not told.
    fn tell_if_it_lasts(&self, path: &TaskPath, problem: &Problem, after: Duration) {
        let Some(since) = self.lasting.begin(path, &problem.code) else { return };
        let (teller, path, problem) = (self.clone(), path.clone(), problem.clone());
        let wait = async move {
            teller.clock.sleep(after).await;
            if teller.lasting.still(&path, &problem.code, since) {
                teller.send(&path, Happened::Recognised { problem });
            }
        };
        // Facts are told by tasks of the runtime; where there is none, nothing goes on that could pass.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(wait);
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
        self.of(problem).map(|known| known.page.clone())
    }

    fn of(&self, problem: &Problem) -> Option<&Known> {
        self.by(&["problem"], &problem.code)
            .or_else(|| self.by(&["said", "log"], &format!("{}\n{}", problem.what, problem.why)))
    }

    /// The guide's problem that a text shows.
    fn by(&self, signs: &[&str], text: &str) -> Option<&Known> {
        let shows = |(sign, pattern): &(&'static str, Regex)| signs.contains(sign) && pattern.is_match(text);
        self.known.iter().find(|known| known.signs.iter().any(shows))
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
        let teller = Teller::new(Clock::Real, Arc::default(), &guide, &Scope::new(), to);
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

    const LASTS: &str = "problems:
  - id: no_volume
    when: { said: unbound, after: 1s }
    what: The queue of {{ namespace }} has no volume.
    why: Nobody makes one.
    fix: See what it waits for.
";

    /// A teller that knows one failure, which has to last; on a clock a hundred times as fast.
    fn patient() -> (Teller, tokio::sync::mpsc::UnboundedReceiver<Fact>) {
        let files = BTreeMap::from([("guide.yaml".into(), format!("{GUIDE}{LASTS}"))]);
        let guide = LoadedGuide::read(Folder { name: "small".into(), files }).unwrap();
        let (to, told) = tokio::sync::mpsc::unbounded_channel();
        let now = jiff::Timestamp::now();
        let clock = Clock::Mapped { start: now, real_start: now, speed: 100.0 };
        let mut words = Scope::new();
        words.set("namespace", serde_json::json!("ferry"));
        (Teller::new(clock, Arc::default(), &guide, &words, to), told)
    }

    fn wait(on: &str) -> Happened {
        let problem = Problem::new("K8S-POD-UNSCHEDULED", "it waits for a node", "").why(on);
        Happened::Waiting { why: Waiting { problem: Some(problem), ..Waiting::on(on) }, deadline: None, usual: None }
    }

    fn recognised(told: &mut tokio::sync::mpsc::UnboundedReceiver<Fact>) -> Vec<String> {
        let mut all = Vec::new();
        while let Ok(fact) = told.try_recv() {
            if let Happened::Recognised { problem } = fact.what {
                all.push(problem.what);
            }
        }
        all
    }

    #[tokio::test]
    async fn what_lasts_is_told_once_and_what_passes_is_not() {
        let path: TaskPath = "verify/relay".parse().unwrap();
        let (teller, mut told) = patient();
        teller.tell(&path, wait("unbound volumes"));
        teller.tell(&path, wait("its image is pulled"));
        teller.tell(&"verify/other".parse().unwrap(), wait("unbound volumes, still"));
        while told.recv().await.is_some_and(|fact| !matches!(fact.what, Happened::Recognised { .. })) {}
        // By then the first one's time is over, too.
        assert_eq!(recognised(&mut told), [""; 0]);
        teller.tell(&path, wait("unbound volumes"));
        let fact = loop {
            let fact = told.recv().await.unwrap();
            if matches!(fact.what, Happened::Recognised { .. }) {
                break fact;
            }
        };
        let Happened::Recognised { problem } = fact.what else { panic!("{fact:?}") };
        assert_eq!(problem.what, "The queue of ferry has no volume.");
        teller.tell(&path, wait("unbound volumes, still"));
        assert_eq!(recognised(&mut told), [""; 0]);
    }

    #[tokio::test]
    async fn a_task_that_fails_of_it_tells_it_at_once() {
        let path: TaskPath = "verify/relay".parse().unwrap();
        let (teller, mut told) = patient();
        let problem = Problem::new("K8S-POD-UNSCHEDULED", "it waits for a node", "").why("unbound volumes");
        teller.tell(&path, Happened::Looked { outcome: Outcome::Fail { problem }, seat: None });
        assert_eq!(recognised(&mut told), ["The queue of ferry has no volume."]);
    }
}
