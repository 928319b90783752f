//! Who vouches for an endpoint? A rehearsal names itself in every answer; a mix of real and simulated is refused.

use std::sync::{Arc, Mutex};

use landfall_core::event::Problem;

/// Real and simulated endpoints in one run.
pub fn mixed(what: impl Into<String>) -> Problem {
    Problem::new(
        "ENDPOINTS-MIXED",
        what,
        "Use either all of a rehearsal's variables or none of them: open another shell, or take over all that this prints:\n$ landfall rehearse --serve",
    )
    .why("A rehearsal must never touch a real account, and a real install must never trust a simulated answer.")
}

/// The header simulated endpoints put into every answer.
pub const HEADER: &str = "x-landfall-rehearsal";

#[derive(Debug, Default)]
struct Seen {
    real: Vec<String>,
    simulated: Vec<(String, String)>,
}

/// Which endpoints answered, and whether they named themselves simulated.
#[derive(Clone, Debug, Default)]
pub struct Vouch(Arc<Mutex<Seen>>);

impl Vouch {
    /// Notes an answer of `endpoint` (e.g. `AWS eks`, `Kubernetes`), with the rehearsal's name if it gave one.
    pub fn note(&self, endpoint: &str, rehearsal: Option<&str>) {
        let Ok(mut seen) = self.0.lock() else { return };
        match rehearsal {
            Some(name) if !seen.simulated.iter().any(|(known, _)| known == endpoint) => {
                seen.simulated.push((endpoint.to_owned(), name.to_owned()));
            }
            None if !seen.real.iter().any(|known| known == endpoint) => seen.real.push(endpoint.to_owned()),
            _ => {}
        }
    }

    /// The rehearsal's name, if any endpoint is simulated.
    pub fn rehearsal(&self) -> Option<String> {
        self.0.lock().ok()?.simulated.first().map(|(_, name)| name.clone())
    }

    fn mixed(&self) -> Option<(String, String)> {
        let seen = self.0.lock().ok()?;
        Some((seen.real.first()?.clone(), seen.simulated.first()?.0.clone()))
    }

    /// Refuses a mix.
    pub fn agree(&self) -> Result<(), Problem> {
        match self.mixed() {
            Some((real, simulated)) => Err(mixed(format!("{real} is real and {simulated} is simulated"))),
            None => Ok(()),
        }
    }
}
