//! Whose credentials? What the AWS SDK says when it comes by none, in words that lead to some.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use landfall_core::event::Problem;

use super::{
    Door, Trouble,
    aws_trouble::denied_action,
    profiles::{Profiles, Way},
    trouble::chain,
};

/// What every fix says that is waited for.
const ELSEWHERE: &str = "in another terminal. An install that is under way goes on by itself then.";

/// Why there are no credentials. Where a sign-in helps, it is one that is waited for.
pub(super) fn told(error: &CredentialsError, seen: &Profiles) -> Trouble {
    let said = match error.source() {
        Some(source) => chain(source),
        None => error.to_string(),
    };
    match error {
        CredentialsError::InvalidConfiguration(_) => broken(&said, seen).into(),
        CredentialsError::CredentialsNotLoaded(_) => match of_profile(&said) {
            None => waits(nobody(seen)),
            Some(reason) => match missing_source(reason) {
                Some((name, whose)) => seen.missing(name, whose).into(),
                None => broken(reason, seen).into(),
            },
        },
        _ => failed(&said, seen),
    }
}

/// Something was asked for credentials, and did not bring them.
fn failed(said: &str, seen: &Profiles) -> Trouble {
    let low = said.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| low.contains(word));
    let profile = &seen.selected;
    if says(&["accessdenied", "not authorized to perform", "forbiddenexception"]) {
        return Trouble::Denied {
            action: denied_action(said),
            message: said.to_owned(),
            ask: "your AWS administrators".into(),
        };
    }
    if let Way::Program(program) = &seen.way
        && says(&["external process"])
        && !says(&["expired"])
    {
        let problem = |fix: String| {
            let what = format!("{program}, which the AWS profile {} runs for its credentials, failed", seen.base);
            Problem::new("AWS-HELPER-FAILED", what, fix).why(said.trim())
        };
        // Exit code 127 is the shell's: there is no such program, and no sign-in brings it.
        return match says(&["code exit status: 127"]) {
            true => {
                problem(format!("Install it, or correct credential_process of the profile.\n$ {}", who(seen))).into()
            }
            false => waits(problem(format!("Do what it asks for, {ELSEWHERE}\n$ {}", who(seen)))),
        };
    }
    // What SDK and SSO say of a session that has ended; of one whose token is no longer known; of one that cannot be prolonged.
    if says(&["expired", "session token not found", "unauthorizedexception", "invalidgrant", "refresh"]) {
        let what = format!("the AWS session of the profile {profile} has expired");
        return waits(Problem::new("AWS-EXPIRED", what, again(seen)).why(said));
    }
    let no_session = ["cached sso token", "sso/cache", "login/cache", "sso\\cache", "login\\cache"];
    if says(&no_session) {
        let what = format!("nobody is signed in with the AWS profile {profile}");
        return waits(Problem::new("AWS-SIGNED-OUT", what, again(seen)).why(said));
    }
    Trouble::Unreachable {
        door: Door::Aws,
        what: format!("what the AWS profile {profile} gets its credentials from"),
        message: said.to_owned(),
    }
}

/// One that ends once somebody has signed in.
fn waits(problem: Problem) -> Trouble {
    Trouble::Expired { door: Door::Aws, problem: Box::new(problem) }
}

/// Neither environment, profile nor machine has any.
fn nobody(seen: &Profiles) -> Problem {
    let profile = &seen.selected;
    let others: Vec<&str> = seen.names.iter().map(String::as_str).filter(|name| name != profile).collect();
    let (there, fix) = match others.as_slice() {
        [] if seen.names.is_empty() => {
            ("it has no profile at all".to_owned(), "Sign in, once and for all:\n$ aws configure sso".to_owned())
        }
        [] => {
            let fix = format!("Sign in with it:\n$ aws configure sso --profile {}", shell_words::quote(profile));
            (format!("its profile {profile} brings none"), fix)
        }
        [first, ..] => {
            let first = shell_words::quote(first);
            let fix = format!(
                "Choose a profile, and sign in with it:\n$ export AWS_PROFILE={first}\n$ aws sso login --profile {first}"
            );
            (format!("its profile {profile} brings none; others are: {}", others.join(", ")), fix)
        }
    };
    Problem::new(
        "AWS-NO-CREDENTIALS",
        "no AWS credentials were found",
        format!("{fix}\nOr rehearse without an account:\n$ landfall rehearse"),
    )
    .why(format!(
        "Neither the environment (AWS_ACCESS_KEY_ID) nor this machine's role brings any; of the configuration, {there}. {}",
        seen.read_from()
    ))
}

/// The profile says something that cannot be.
fn broken(said: &str, seen: &Profiles) -> Problem {
    let said = said.trim_start_matches("ProfileFile provider could not be built: ");
    Problem::new(
        "AWS-PROFILE-BROKEN",
        format!("the AWS profile {} cannot be used", seen.selected),
        format!(
            "Correct what is named there. What the configuration says of the profile:\n$ aws configure list --profile {}",
            shell_words::quote(&seen.selected)
        ),
    )
    .why(format!("{said}. {}", seen.read_from()))
}

/// How to sign in again.
fn again(seen: &Profiles) -> String {
    let base = shell_words::quote(&seen.base);
    match &seen.way {
        Way::Sso => format!("Sign in, {ELSEWHERE}\n$ aws sso login --profile {base}"),
        Way::Login => format!("Sign in, {ELSEWHERE}\n$ aws login --profile {base}"),
        Way::Program(program) => {
            format!("Do what {program} asks for, {ELSEWHERE}\n$ {}", who(seen))
        }
        Way::Keys => format!("Bring new keys, {ELSEWHERE}\n$ aws configure --profile {base}"),
        Way::Nothing => format!("Sign in where the credentials come from, {ELSEWHERE}\n$ {}", who(seen)),
    }
}

/// What shows whether it worked.
fn who(seen: &Profiles) -> String {
    format!("aws sts get-caller-identity --profile {}", shell_words::quote(&seen.base))
}

/// What the service says of credentials that it does not take (any more); `profile` is the one they were asked for with.
pub(super) fn refused(code: &str, said: &str, profile: Option<&str>) -> Problem {
    let of = profile.map(|name| format!(" of the profile {name}")).unwrap_or_default();
    let with = profile.map(|name| format!(" --profile {}", shell_words::quote(name))).unwrap_or_default();
    let (name, what) = match code {
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
            ("AWS-EXPIRED", format!("the AWS session{of} has expired"))
        }
        _ => ("AWS-KEYS-REFUSED", format!("AWS does not know the credentials{of}")),
    };
    let fix = format!("Sign in again, {ELSEWHERE}\n$ aws sso login{with}");
    Problem::new(name, what, fix).why(format!("AWS says: {said}"))
}

/// What the chain of places says of the profile; `None` where it has nothing to say of it.
fn of_profile(said: &str) -> Option<&str> {
    let line = said.lines().find_map(|line| line.trim().strip_prefix("Profile: "))?;
    let (_, reason) = line.split_once(": ")?;
    Some(reason.trim_end_matches(':').trim()).filter(|reason| !reason.is_empty())
}

/// ``profile `gone` was not defined: could not find source profile gone referenced from chain`` → (gone, chain).
fn missing_source(reason: &str) -> Option<(&str, &str)> {
    let (_, rest) = reason.split_once("could not find source profile ")?;
    let (name, whose) = rest.split_once(" referenced from ")?;
    Some((name, if whose == "the root profile" { "" } else { whose }))
}

#[cfg(test)]
#[path = "sign_in_tests.rs"]
mod tests;
