//! Brings facts and lines to the observer, in order.

use std::{future::Future, io};

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
    lost: Option<io::Error>,
}

impl Reporter {
    /// Tells `observer` what comes from `facts`.
    pub fn new(observer: Box<dyn Observer>, facts: UnboundedReceiver<Fact>) -> Self {
        Self { observer, facts, titles: Titles::default(), lost: None }
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
        // Where nobody reads any more (a closed pipe) or nothing can be written, the install goes on: its journal says the rest.
        if let Err(error) = self.observer.see(line)
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            self.lost.get_or_insert(error);
        }
    }

    /// Why some of it could not be written, if nobody just stopped reading.
    pub fn lost(&self) -> Option<&io::Error> {
        self.lost.as_ref()
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
