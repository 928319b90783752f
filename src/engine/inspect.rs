//! Asks the world what is there now: again where it is silent, and after a sign-in where the session has expired.

use std::time::Duration;

use jiff::Timestamp;
use landfall_core::event::{Found, Happened, Problem, Waiting};

use super::step::Running;
use crate::cloud::{Door, Trouble};

/// How often nobody may answer before a step gives up; each time after the kind's interval.
const UNREACHABLE: u32 = 20;
/// How long an answer that is under way may still take once the install was asked to stop; a child ends by itself.
const LAST_ANSWER: Duration = Duration::from_secs(3);

impl Running<'_> {
    /// Inspects; an expired session parks it, silence is asked again. Nobody who asked to stop waits for an answer that
    /// does not come.
    pub(super) async fn inspect(&self) -> Result<Found, Trouble> {
        let stopped = async {
            self.engine.cancel.cancelled().await;
            tokio::time::sleep(LAST_ANSWER).await;
        };
        tokio::select! {
            found = self.inspect_to_its_end() => found,
            () = stopped => Err(Trouble::Interrupted),
        }
    }

    pub(super) async fn inspect_to_its_end(&self) -> Result<Found, Trouble> {
        let mut silent = 0;
        loop {
            match self.kind.inspect(&self.cx, &self.parameters).await {
                Err(Trouble::Expired { door, problem }) => self.park(door, problem).await?,
                Err(Trouble::Unreachable { what, message, door }) => {
                    silent += 1;
                    if silent > UNREACHABLE {
                        return Err(Trouble::Unreachable { door, what, message });
                    }
                    let mut why = Waiting::on(format!("{what} does not answer; asking again"));
                    why.story = vec![message];
                    self.waiting(why, None);
                    self.pause(self.about.interval.0).await?;
                }
                other => return other,
            }
        }
    }

    pub(super) async fn park(&self, door: Door, problem: Box<Problem>) -> Result<(), Trouble> {
        let tell = |trouble: &Trouble| {
            let problem = trouble.problem();
            let mut why = Waiting::on(problem.what.clone());
            why.problem = Some(problem);
            self.waiting(why, None);
        };
        tell(&Trouble::Expired { door, problem });
        self.engine.gate.pass(door, &self.engine.cloud, &self.engine.cancel, &tell).await
    }

    pub(super) async fn pause(&self, wait: Duration) -> Result<(), Trouble> {
        let clock = self.engine.cloud.clock();
        tokio::select! {
            () = clock.sleep(wait) => Ok(()),
            () = self.engine.cancel.cancelled() => Err(Trouble::Interrupted),
        }
    }

    pub(super) fn waiting(&self, why: Waiting, deadline: Option<Timestamp>) {
        self.tell(Happened::Waiting { why, deadline, usual: self.about.usual.clone() });
    }
}
