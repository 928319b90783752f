//! Whose credentials? What the AWS SDK says when it finds none, in words that lead to some.

use landfall_core::event::Problem;

/// Whether the SDK looked everywhere and found no credentials at all.
pub(super) fn found_none(message: &str) -> bool {
    message.contains("no credentials found in chain") || message.contains("no providers in chain")
}

/// Nobody is signed in.
pub(super) fn not_signed_in(message: &str) -> Problem {
    // The SDK tells of every place it looked at; what a person chose is the profile.
    let profile = message.lines().find_map(|line| line.trim().strip_prefix("Profile: "));
    let reason = profile.and_then(|line| line.split_once(": ")).map_or(message, |(_, reason)| reason);
    Problem::new(
        "AWS-NO-CREDENTIALS",
        "no AWS credentials were found",
        "Sign in first; Landfall never logs in by itself:\n$ aws sso login --profile <profile>\n$ export AWS_PROFILE=<profile>\nOr rehearse without an account:\n$ landfall rehearse",
    )
    .why(reason.trim_end_matches(':').to_owned())
}

/// The configuration's files cannot be understood; `None` where it is not that.
pub(super) fn unreadable(message: &str) -> Option<Problem> {
    let at = message.find("could not parse profile file").or_else(|| message.find("error reading"))?;
    let problem = Problem::new(
        "AWS-CONFIG-UNREADABLE",
        "the AWS configuration cannot be read",
        "Correct the file, or point AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE at another. See which profiles are understood:\n$ aws configure list-profiles",
    );
    Some(problem.why(message[at..].to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: &str = "dispatch failure: other: the credential provider was not enabled: no credentials found in chain. Attempted:
  Environment: the credential provider was not enabled: environment variable not set
  Profile: the credential provider was not enabled: profile `nobody` was not defined: could not find source profile nobody
  Ec2InstanceMetadata: the credential provider was not enabled: IMDS disabled";

    #[test]
    fn a_profile_that_is_not_there_is_named() {
        assert!(found_none(NONE));
        let problem = not_signed_in(NONE);
        assert!(problem.why.starts_with("profile `nobody` was not defined"), "{}", problem.why);
    }

    #[test]
    fn a_file_that_is_no_configuration_is_no_silent_network() {
        let message = "dispatch failure: other: invalid profile: could not parse profile file: error parsing line 1";
        assert_eq!(unreadable(message).map(|problem| problem.code), Some("AWS-CONFIG-UNREADABLE".into()));
        assert_eq!(unreadable("dispatch failure: timeout").map(|problem| problem.code), None);
    }
}
