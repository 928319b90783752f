//! `landfall-credentials`: what the AWS profile's `credential_process` runs.

use std::io::Write;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::place::Place;
use crate::Clock;

/// The credentials. Every session has an access key id of its own.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Setup {
    /// How long a session lasts; as long as the account lets it where left out.
    pub lasts: Option<SignedDuration>,
    /// Whether every call starts a new session. Otherwise one ends when it ends, until someone runs
    /// `landfall-credentials renew` (as one would run `aws sso login`).
    pub renews_itself: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self { lasts: None, renews_itself: true }
    }
}

const RENEWED: &str = "credentials-renewed";

/// Prints the credentials, or renews them.
pub fn run(place: &Place, arguments: &[String]) -> i32 {
    let clock: Clock = match place.clock.parse() {
        Ok(clock) => clock,
        Err(error) => {
            eprintln!("landfall-credentials: {error}");
            return 1;
        }
    };
    let setup = &place.tools.credentials;
    if arguments.first().is_some_and(|word| word == "renew") {
        return match std::fs::write(place.folder.join(RENEWED), clock.now().to_string()) {
            Ok(()) => 0,
            Err(error) => {
                eprintln!("landfall-credentials: renewing: {error}");
                1
            }
        };
    }
    let (now, began) = (clock.now(), began(place, &clock));
    let ends = setup.lasts.and_then(|lasts| began.checked_add(lasts).ok());
    if !setup.renews_itself && ends.is_some_and(|ends| ends <= now) {
        eprintln!("the session has expired; run `landfall-credentials renew` for a new one");
        return 255;
    }
    let session = format!("{:X}", Sha256::digest(began.to_string()));
    let token = ends.map_or_else(|| "rehearsal".to_owned(), |ends| format!("rehearsal-until-{ends}"));
    let mut credentials = json!({
        "Version": 1,
        "AccessKeyId": format!("ASIA{}", &session[..16]),
        "SecretAccessKey": format!("rehearsal{}", &session[16..47]),
        "SessionToken": token,
    });
    if let Some(ends) = ends {
        credentials["Expiration"] = json!(ends.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    }
    match writeln!(std::io::stdout(), "{credentials}") {
        Ok(()) => 0,
        Err(_) => 1,
    }
}

/// When the session began that counts now.
fn began(place: &Place, clock: &Clock) -> Timestamp {
    if place.tools.credentials.renews_itself {
        return clock.now();
    }
    let renewed = std::fs::read_to_string(place.folder.join(RENEWED)).ok().and_then(|text| text.parse().ok());
    renewed.unwrap_or_else(|| clock.start())
}
