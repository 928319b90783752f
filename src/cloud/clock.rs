//! What time is it for this install?

use std::{fmt, str::FromStr, time::Duration};

use jiff::{SignedDuration, Timestamp};

/// Real time, or time that runs faster (a rehearsal's).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Clock {
    /// Real time.
    #[default]
    Real,
    /// `LANDFALL_CLOCK`: `<start>@<real start>x<speed>`.
    Mapped {
        /// Shown at the real start.
        start: Timestamp,
        /// When that was.
        real_start: Timestamp,
        /// How many times faster it runs.
        speed: f64,
    },
}

impl Clock {
    /// Now.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::Real => Timestamp::now(),
            Self::Mapped { start, real_start, speed } => {
                let real = Timestamp::now().duration_since(*real_start).as_secs_f64();
                let passed = SignedDuration::try_from_secs_f64(real * speed).unwrap_or(SignedDuration::ZERO);
                start.checked_add(passed).unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// How long a wait on this clock takes in real time.
    pub fn real(&self, wait: Duration) -> Duration {
        match self {
            Self::Real => wait,
            Self::Mapped { speed, .. } => wait.div_f64(*speed),
        }
    }

    /// Waits.
    pub async fn sleep(&self, wait: Duration) {
        tokio::time::sleep(self.real(wait)).await;
    }
}

/// What is wrong with a clock's text form.
#[derive(Debug, thiserror::Error)]
#[error("LANDFALL_CLOCK is <start>@<real start>x<speed>, not {0:?}")]
pub struct NotAClock(String);

impl FromStr for Clock {
    type Err = NotAClock;

    fn from_str(text: &str) -> Result<Self, NotAClock> {
        let wrong = || NotAClock(text.to_owned());
        let (start, rest) = text.split_once('@').ok_or_else(wrong)?;
        let (real_start, speed) = rest.split_once('x').ok_or_else(wrong)?;
        Ok(Self::Mapped {
            start: start.parse().map_err(|_| wrong())?,
            real_start: real_start.parse().map_err(|_| wrong())?,
            speed: speed.parse().ok().filter(|speed| *speed > 0.0).ok_or_else(wrong)?,
        })
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Real => f.write_str("real"),
            Self::Mapped { start, real_start, speed } => write!(f, "{start}@{real_start}x{speed}"),
        }
    }
}

/// The AWS SDK signs and judges expiries by the same clock.
impl aws_smithy_async::time::TimeSource for Clock {
    fn now(&self) -> std::time::SystemTime {
        Clock::now(self).into()
    }
}
