//! Brings facts and lines to the observer, in order.

use std::future::Future;

use landfall_core::{
    event::{Fact, Problem},
    plan::Plan,
};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::{
    kinds::Kinds,
    report::{Line, Observer, Titles},
};

/// The one who tells.
pub struct Reporter {
    observer: Box<dyn Observer>,
    facts: UnboundedReceiver<Fact>,
    titles: Titles,
}

impl Reporter {
    /// Tells `observer` what comes from `facts`.
    pub fn new(observer: Box<dyn Observer>, facts: UnboundedReceiver<Fact>) -> Self {
        Self { observer, facts, titles: Titles::default() }
    }

    /// Learns codes and titles.
    pub fn learn(&mut self, plan: &Plan, kinds: &Kinds) {
        self.titles = Titles::of(plan, kinds);
    }

    /// Tells facts as they come while `work` goes on.
    pub async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                Some(fact) = self.facts.recv() => self.tell(fact),
                done = &mut work => {
                    while let Ok(fact) = self.facts.try_recv() {
                        self.tell(fact);
                    }
                    return done;
                }
            }
        }
    }

    /// Tells one line.
    pub fn line(&mut self, line: &Line) {
        // Nobody reads any more (a closed pipe): the install goes on, its journal says the rest.
        let _ = self.observer.see(line);
    }

    /// A stage begins.
    pub fn stage(&mut self, stage: &str) {
        self.line(&Line::Stage { stage: stage.to_owned() });
    }

    /// Something is wrong beside the tasks.
    pub fn problem(&mut self, problem: Problem) {
        self.line(&Line::Problem { problem });
    }

    /// Something to know.
    pub fn notice(&mut self, text: impl Into<String>) {
        self.line(&Line::Notice { text: text.into() });
    }

    fn tell(&mut self, fact: Fact) {
        let line = self.titles.line(fact);
        self.line(&line);
    }
}
