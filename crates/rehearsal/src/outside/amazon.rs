//! Which hosts are AWS's own? They answer in every rehearsal, as they do in every account; what they are asked goes to the
//! simulated endpoint.

/// Whether AWS answers there: `ec2.us-east-2.amazonaws.com`, `api.ecr.us-east-2.amazonaws.com`, `iam.amazonaws.com`, or a bucket's
/// `models.s3.us-east-2.amazonaws.com`. What an account makes itself (databases, load balancers, registries) is not among them.
pub fn answers(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let Some(rest) = name.strip_suffix(".amazonaws.com") else { return false };
    match rest.split('.').collect::<Vec<_>>().as_slice() {
        ["iam"] => true,
        [_, region] | [_, "s3", region] | ["api", "ecr", region] => is_region(region),
        _ => false,
    }
}

/// `us-east-2`, `us-gov-west-1`.
fn is_region(label: &str) -> bool {
    label.contains('-') && label.ends_with(|last: char| last.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_services_host_is_awss_own_and_a_database_is_not() {
        for name in ["ec2.us-east-2.amazonaws.com", "iam.amazonaws.com", "models.s3.eu-west-1.amazonaws.com."] {
            assert!(answers(name), "{name}");
        }
        for name in [
            "db.c1x2.us-east-2.rds.amazonaws.com",
            "k8s-a.elb.us-east-2.amazonaws.com",
            "123456789012.dkr.ecr.us-east-2.amazonaws.com",
            "amazonaws.com",
            "ec2.us-east-2.amazonaws.com.example",
        ] {
            assert!(!answers(name), "{name}");
        }
    }
}
