//! Short ways to ask a request's value for its members, and lists for their pages.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::error::AwsError;

/// Asks for members; what is not there is empty.
pub trait Ask {
    /// A text that may be left out.
    fn maybe(&self, name: &str) -> Option<&str>;
    /// A text.
    fn text(&self, name: &str) -> &str {
        self.maybe(name).unwrap_or_default()
    }
    /// A whole number that may be left out.
    fn whole(&self, name: &str) -> Option<i64>;
    /// Yes or no, no where it is left out.
    fn yes(&self, name: &str) -> bool;
    /// A list.
    fn list(&self, name: &str) -> &[Value];
    /// A list of texts.
    fn texts(&self, name: &str) -> Vec<&str> {
        self.list(name).iter().filter_map(Value::as_str).collect()
    }
    /// A structure or map that may be left out.
    fn part(&self, name: &str) -> Option<&Value>;
}

impl Ask for Value {
    fn maybe(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    fn whole(&self, name: &str) -> Option<i64> {
        self.get(name)?.as_i64()
    }

    fn yes(&self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    fn list(&self, name: &str) -> &[Value] {
        self.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    fn part(&self, name: &str) -> Option<&Value> {
        self.get(name).filter(|value| !value.is_null())
    }
}

/// One page of a list, and the token of the next. A token is the offset it stands for.
pub fn page<T>(items: Vec<T>, most: Option<i64>, token: Option<&str>) -> Result<(Vec<T>, Option<String>), AwsError> {
    let from: usize = match token {
        Some(token) => {
            token.parse().map_err(|_| AwsError::bad("InvalidNextToken", format!("The token {token:?} is not valid")))?
        }
        None => 0,
    };
    let all = items.len();
    let most = most.and_then(|most| usize::try_from(most).ok()).filter(|most| *most > 0).unwrap_or(usize::MAX);
    let page: Vec<T> = items.into_iter().skip(from).take(most).collect();
    let next = from.saturating_add(page.len());
    Ok((page, (next < all).then(|| next.to_string())))
}

/// `length` hex digits that are always the same for the same seed, so that every rehearsal of a scenario has the same ids.
pub fn hex(seed: &str, length: usize) -> String {
    let digest = Sha256::digest(seed.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>().chars().take(length).collect()
}

/// A UUID that is always the same for the same seed.
pub fn uuid(seed: &str) -> String {
    let digits = hex(seed, 32);
    [&digits[0..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..32]].join("-")
}
