//! What time is it in there? One clock for everyone: simulated time runs `speed` times as fast as real time.

use std::{fmt, str::FromStr, time::Duration};

use jiff::{SignedDuration, Timestamp};

/// A clock that maps real time to simulated time; both sides of a rehearsal compute it, nobody asks.
///
/// Its text form (`LANDFALL_CLOCK`) is `<simulated start>@<real start>x<speed>`, both starts in RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clock {
    simulated_start: Timestamp,
    real_start: Timestamp,
    speed: f64,
}

impl Clock {
    /// A clock that shows `start` now and runs `speed` times as fast as real time from here on.
    pub fn starting_at(start: Timestamp, speed: f64) -> Self {
        Self { simulated_start: start, real_start: Timestamp::now(), speed: speed.max(0.001) }
    }

    /// Simulated time now.
    pub fn now(&self) -> Timestamp {
        let real = Timestamp::now().duration_since(self.real_start).as_secs_f64();
        let simulated = SignedDuration::try_from_secs_f64(real * self.speed).unwrap_or(SignedDuration::ZERO);
        self.simulated_start.checked_add(simulated).unwrap_or(Timestamp::MAX)
    }

    /// Simulated time when it was started.
    pub fn start(&self) -> Timestamp {
        self.simulated_start
    }

    /// How long in real time a simulated duration takes.
    pub fn real(&self, simulated: Duration) -> Duration {
        simulated.div_f64(self.speed)
    }

    /// Waits for a simulated duration.
    pub async fn sleep(&self, simulated: Duration) {
        tokio::time::sleep(self.real(simulated)).await;
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}x{}", self.simulated_start, self.real_start, self.speed)
    }
}

/// What is wrong with a clock's text form.
#[derive(Debug, thiserror::Error)]
#[error("a clock is written <simulated start>@<real start>x<speed>, not {0:?}")]
pub struct NotAClock(String);

impl FromStr for Clock {
    type Err = NotAClock;

    fn from_str(text: &str) -> Result<Self, NotAClock> {
        let wrong = || NotAClock(text.to_owned());
        let (simulated, rest) = text.split_once('@').ok_or_else(wrong)?;
        let (real, speed) = rest.split_once('x').ok_or_else(wrong)?;
        Ok(Self {
            simulated_start: simulated.parse().map_err(|_| wrong())?,
            real_start: real.parse().map_err(|_| wrong())?,
            speed: speed.parse().ok().filter(|speed| *speed > 0.0).ok_or_else(wrong)?,
        })
    }
}
