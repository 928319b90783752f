//! Is that a region? The names are those that the SDK brings along; a younger region has one that is not among them.

use aws_sdk_s3::types::BucketLocationConstraint;
use landfall_core::{event::Problem, plan::nearest_few};

use super::{Door, Trouble};

/// The one that S3 does not list: a bucket without a place is there.
const FIRST: &str = "us-east-1";

fn known() -> impl Iterator<Item = &'static str> {
    // `EU` is S3's old word for one of them.
    BucketLocationConstraint::values().iter().copied().filter(|name| name.contains('-')).chain([FIRST])
}

/// Refuses what no region can be called.
pub fn nameable(region: &str) -> Result<(), Problem> {
    let mut words = region.split('-').rev();
    let number = words.next().is_some_and(|last| !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()));
    let words: Vec<&str> = words.collect();
    let plain = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    if number && words.len() > 1 && words.iter().all(plain) {
        return Ok(());
    }
    Err(problem(region, format!("{region:?} is no AWS region")).why("A region is written like us-east-2."))
}

/// What else may be wrong where nobody answers, or nothing is found: the region's name, if it is not known.
pub fn doubt(region: &str) -> Option<Problem> {
    if known().any(|name| name == region) {
        return None;
    }
    Some(problem(region, format!("{region} is no AWS region that is known here")))
}

/// Trouble of a call in that region: nobody answers in one that is misspelt.
pub fn doubted(trouble: Trouble, region: &str) -> Trouble {
    let Some(doubt) = doubt(region) else { return trouble };
    match trouble {
        Trouble::Unreachable { door: Door::Aws, message, .. } => {
            let why = format!("AWS does not answer there: {message}. If it is right, look at the network.");
            doubt.why(why).into()
        }
        other => other,
    }
}

fn problem(region: &str, what: String) -> Problem {
    let near = nearest_few(region, known(), 1);
    let near = near.first().copied().unwrap_or(FIRST);
    Problem::new(
        "AWS-REGION-UNKNOWN",
        format!("{what}; did you mean {near}?"),
        format!(
            "Correct it where it was said: --region, AWS_REGION, target.region in the answers, or the profile.\n$ export AWS_REGION={near}\nSee all of them:\n$ aws ec2 describe-regions --all-regions --region us-east-1"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_region_has_are_refused_with_the_nearest() {
        for right in ["us-east-2", "us-gov-west-1", "eusc-de-east-1", "us-isob-east-1", "us-esat-2"] {
            assert!(nameable(right).is_ok(), "{right}");
        }
        for wrong in ["", "us", "us-east", "US-EAST-2", "us east 2", "us-east-2a", "-east-2", "us--2", "east-2"] {
            let problem = nameable(wrong).unwrap_err();
            assert_eq!(problem.code, "AWS-REGION-UNKNOWN", "{wrong}");
        }
        assert!(nameable("US-EAST-2").unwrap_err().what.ends_with("did you mean us-east-2?"));
    }

    #[test]
    fn only_silence_in_a_region_nobody_knows_is_a_misspelt_region() {
        let silent = || Trouble::Unreachable { door: Door::Aws, what: "AWS".into(), message: "dns error".into() };
        let told = doubted(silent(), "us-esat-2").problem();
        assert_eq!(told.code, "AWS-REGION-UNKNOWN");
        assert!(told.what.contains("did you mean us-east-2?") && told.why.contains("dns error"), "{told:?}");
        assert_eq!(doubted(silent(), "us-east-1").problem().code, "UNREACHABLE");
        assert_eq!(doubted(silent(), "eu-central-1").problem().code, "UNREACHABLE");
        let denied = Trouble::Denied { action: "x".into(), message: "y".into(), ask: "z".into() };
        assert_eq!(doubted(denied, "us-esat-2").problem().code, "DENIED");
    }
}
