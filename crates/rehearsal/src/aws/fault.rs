//! What goes wrong with calls: refusals, throttling, delays and answers that get lost on the way.

use jiff::SignedDuration;
use serde::Deserialize;

/// A fault and the calls it hits: those that every given condition fits.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fault {
    /// Of this service; of any where it is left out.
    pub service: Option<String>,
    /// This operation, with `*`; any where it is left out.
    pub operation: Option<String>,
    /// Only the nth such call, counted from 1; all where it is left out.
    pub nth: Option<Nth>,
    /// Only from this long after the start.
    pub after: Option<SignedDuration>,
    /// Only until this long after the start.
    pub until: Option<SignedDuration>,
    /// An error answer of one's own.
    pub error: Option<ErrorSetup>,
    /// The service's own words for "you may not".
    pub denied: bool,
    /// The service's own words for "not so fast".
    pub throttle: bool,
    /// The service's own words for "your session is over".
    pub expired: bool,
    /// The call does what it does, and the connection closes without an answer.
    pub lose_answer: bool,
    /// The connection closes before the call does anything.
    pub lose_request: bool,
    /// The answer takes this much longer.
    pub delay: Option<SignedDuration>,
}

/// One call or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Nth {
    /// This one.
    One(u32),
    /// These.
    Several(Vec<u32>),
}

/// An error answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorSetup {
    /// Code.
    pub code: String,
    /// Message.
    #[serde(default)]
    pub message: String,
    /// HTTP status.
    #[serde(default = "bad_request")]
    pub status: u16,
}

fn bad_request() -> u16 {
    400
}

/// The faults and how many calls each has seen.
#[derive(Debug, Default)]
pub struct Faults {
    faults: Vec<(Fault, u32)>,
}

impl Faults {
    /// None has seen a call yet.
    pub fn new(faults: &[Fault]) -> Self {
        Self { faults: faults.iter().map(|fault| (fault.clone(), 0)).collect() }
    }

    /// The faults that hit this call, which is counted.
    pub fn hit(&mut self, service: &str, operation: &str, since_start: SignedDuration) -> Vec<Fault> {
        let mut hits = Vec::new();
        for (fault, seen) in &mut self.faults {
            let meant = fault.service.as_deref().is_none_or(|name| fits(name, service))
                && fault.operation.as_deref().is_none_or(|name| fits(name, operation));
            let now = fault.after.is_none_or(|after| since_start >= after)
                && fault.until.is_none_or(|until| since_start < until);
            if !meant || !now {
                continue;
            }
            *seen += 1;
            let counted = match &fault.nth {
                None => true,
                Some(Nth::One(nth)) => nth == seen,
                Some(Nth::Several(several)) => several.contains(seen),
            };
            if counted {
                hits.push(fault.clone());
            }
        }
        hits
    }
}

/// Whether a name fits a pattern with `*` and `?`.
pub fn fits(pattern: &str, name: &str) -> bool {
    fn inner(pattern: &[u8], name: &[u8]) -> bool {
        match (pattern.first(), name.first()) {
            (None, None) => true,
            (Some(b'*'), _) => inner(&pattern[1..], name) || (!name.is_empty() && inner(pattern, &name[1..])),
            (Some(b'?'), Some(_)) => inner(&pattern[1..], &name[1..]),
            (Some(wanted), Some(is)) if wanted == is => inner(&pattern[1..], &name[1..]),
            _ => false,
        }
    }
    inner(pattern.as_bytes(), name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_fits_any_number_of_letters() {
        assert!(fits("Describe*", "DescribeCluster"));
        assert!(fits("iam:*Role*", "iam:ListRoles"));
        assert!(!fits("Describe*", "ListClusters"));
    }

    #[test]
    fn only_the_nth_call_is_hit() {
        let fault = Fault { operation: Some("CreateNodegroup".to_owned()), nth: Some(Nth::One(2)), ..Fault::default() };
        let mut faults = Faults::new(&[fault]);
        let mut hits = |operation| faults.hit("eks", operation, SignedDuration::ZERO).len();
        assert_eq!([hits("CreateNodegroup"), hits("ListClusters"), hits("CreateNodegroup")], [0, 0, 1]);
    }
}
