//! Waits for a state: it is asked for again and again, a minute at most.
#![allow(dead_code, reason = "each test binary uses its own part of this")]

use std::{fmt::Debug, time::Duration};

/// After so long it will not come any more.
const MINUTE: Duration = Duration::from_secs(60);
/// Between two questions whoever brings it about has its turn.
const TURN: Duration = Duration::from_millis(10);

/// Asks until there is an answer; fails the test with what was there instead.
#[allow(clippy::panic, reason = "a test fails by panicking")]
pub async fn given<T, E: Debug>(what: &str, mut ask: impl AsyncFnMut() -> Result<T, E>) -> T {
    let mut instead = None;
    let asking = async {
        let mut turns = tokio::time::interval(TURN);
        loop {
            turns.tick().await;
            match ask().await {
                Ok(answer) => return answer,
                Err(found) => instead = Some(found),
            }
        }
    };
    let answer = tokio::time::timeout(MINUTE, asking).await;
    answer.unwrap_or_else(|_| panic!("after a minute still not so: {what}; it is {instead:?}"))
}

/// The same, where it is or is not so.
pub async fn so(what: &str, mut is_so: impl FnMut() -> bool) {
    given(what, async || is_so().then_some(()).ok_or("not so")).await;
}
