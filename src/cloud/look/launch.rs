//! Why was an instance not launched? What EC2 writes into a scaling activity, and what helps.

use landfall_core::event::Problem;

/// The problem behind a failed launch's message.
pub fn problem(message: &str) -> Problem {
    let lower = message.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(&word.to_lowercase()));
    let zone = zone(message).map_or(String::new(), |zone| format!(" in {zone}"));
    let (code, what, fix) = if has(&["InsufficientInstanceCapacity", "do not have sufficient"]) {
        (
            "EC2-NO-CAPACITY",
            format!("InsufficientInstanceCapacity{zone}"),
            "EC2 keeps trying. Add subnets in other zones, choose another GPU instance type, or reserve capacity in advance.",
        )
    } else if has(&["VcpuLimitExceeded", "vCPU capacity than your current vCPU limit", "InstanceLimitExceeded"]) {
        (
            "AWS-QUOTA-LOW",
            format!("VcpuLimitExceeded{zone}"),
            "Ask for a higher vCPU quota of this instance family, or choose a smaller maximum.",
        )
    } else if has(&["InsufficientFreeAddressesInSubnet", "free addresses"]) {
        (
            "EC2-NO-ADDRESSES",
            format!("InsufficientFreeAddressesInSubnet{zone}"),
            "Choose larger subnets, or free addresses in these.",
        )
    } else if has(&["InvalidKMSKey", "KMS key", "KMSKey", "Client.InternalError", "Client error on launch"]) {
        (
            "EC2-VOLUME-KEY",
            "the volume's key cannot be used".to_owned(),
            "Give AWSServiceRoleForAutoScaling a grant on the KMS key (CreateGrant, Decrypt, GenerateDataKeyWithoutPlaintext), or use the account's default key.",
        )
    } else if has(&["not supported in your requested Availability Zone", "Unsupported"]) {
        (
            "EC2-NOT-OFFERED",
            format!("the instance type is not offered{zone}"),
            "Leave out the subnets of that zone, or choose another instance type.",
        )
    } else if has(&["UnauthorizedOperation", "not authorized", "AccessDenied"]) {
        (
            "EC2-LAUNCH-DENIED",
            "launching was denied".to_owned(),
            "Look for a service control policy or a permissions boundary that forbids this launch (tags, regions, instance types).",
        )
    } else if has(&["InvalidAMIID", "AMI"]) {
        (
            "EC2-AMI-MISSING",
            "the image cannot be used".to_owned(),
            "Choose another image in Inputs; an approved image must be shared with this account and its key, too.",
        )
    } else {
        ("EC2-LAUNCH-FAILED", "an instance could not be launched".to_owned(), "Read the message; EC2 keeps trying.")
    };
    Problem::new(code, what, fix).why(message)
}

/// The first availability zone that a message names.
fn zone(message: &str) -> Option<&str> {
    message.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).find(|word| {
        let mut parts = word.split('-');
        let last = parts.next_back().unwrap_or_default();
        let digits = last.trim_end_matches(|c: char| c.is_ascii_lowercase());
        word.split('-').count() >= 3
            && last.len() == digits.len() + 1
            && !digits.is_empty()
            && digits.chars().all(|c| c.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_want_of_capacity_names_its_zone() {
        let found = problem(
            "We currently do not have sufficient g4dn.2xlarge capacity in the Availability Zone you requested (us-east-2a). Our system will be working on provisioning additional capacity.",
        );
        assert_eq!(found.code, "EC2-NO-CAPACITY");
        assert_eq!(found.what, "InsufficientInstanceCapacity in us-east-2a");
    }

    #[test]
    fn quota_addresses_keys_and_denials_are_told_apart() {
        for (message, code) in [
            ("You have requested more vCPU capacity than your current vCPU limit of 0 allows", "AWS-QUOTA-LOW"),
            ("InsufficientFreeAddressesInSubnet - There are not enough free addresses", "EC2-NO-ADDRESSES"),
            ("Client.InternalError: Client error on launch", "EC2-VOLUME-KEY"),
            ("You are not authorized to perform this operation", "EC2-LAUNCH-DENIED"),
            (
                "Your requested instance type is not supported in your requested Availability Zone (us-east-2c)",
                "EC2-NOT-OFFERED",
            ),
            ("something else", "EC2-LAUNCH-FAILED"),
        ] {
            assert_eq!(problem(message).code, code, "{message}");
        }
    }
}
