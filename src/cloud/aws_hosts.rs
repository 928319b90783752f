//! At which hosts does AWS answer? By service and region: AWS General Reference, "Service endpoints and quotas".

/// The host of a service's API; the service as IAM calls it (`ec2`, `cloudwatch`).
pub fn api_host(service: &str, region: &str) -> String {
    let suffix = suffix(region);
    match service {
        "iam" if region.starts_with("cn-") => format!("iam.cn-north-1.{suffix}"),
        "iam" if region.starts_with("us-gov-") => format!("iam.us-gov.{suffix}"),
        "iam" if suffix == "amazonaws.com" => format!("iam.{suffix}"),
        "cloudwatch" => format!("monitoring.{region}.{suffix}"),
        "ses" => format!("email.{region}.{suffix}"),
        "ecr" => format!("api.ecr.{region}.{suffix}"),
        service => format!("{service}.{region}.{suffix}"),
    }
}

/// The host at which a bucket answers. A name with dots fits no certificate, so such a bucket is part of the path.
pub fn bucket_host(bucket: &str, region: &str) -> String {
    let s3 = api_host("s3", region);
    if bucket.contains('.') { s3 } else { format!("{bucket}.{s3}") }
}

/// A pattern of the API servers of a region's EKS clusters, whose own names AWS makes up.
pub fn api_servers(region: &str) -> String {
    format!("*.{region}.eks.{}", suffix(region))
}

/// A pattern of the region's image registries (ECR): EKS pulls its own images from accounts of AWS.
pub fn registries(region: &str) -> String {
    format!("*.dkr.ecr.{region}.{}", suffix(region))
}

fn suffix(region: &str) -> &'static str {
    const PARTITIONS: [(&str, &str); 6] = [
        ("cn-", "amazonaws.com.cn"),
        ("eusc-", "amazonaws.eu"),
        ("us-iso-", "c2s.ic.gov"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("us-isof-", "csp.hci.ic.gov"),
        ("eu-isoe-", "cloud.adc-e.uk"),
    ];
    PARTITIONS.iter().find(|(begins, _)| region.starts_with(begins)).map_or("amazonaws.com", |(_, suffix)| *suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_answers_in_its_region_and_iam_once_a_partition() {
        assert_eq!(api_host("ec2", "us-east-2"), "ec2.us-east-2.amazonaws.com");
        assert_eq!(api_host("cloudwatch", "cn-north-1"), "monitoring.cn-north-1.amazonaws.com.cn");
        assert_eq!(api_host("iam", "us-east-2"), "iam.amazonaws.com");
        assert_eq!(api_host("iam", "us-gov-west-1"), "iam.us-gov.amazonaws.com");
        assert_eq!(api_host("sts", "us-isob-east-1"), "sts.us-isob-east-1.sc2s.sgov.gov");
        assert_eq!(api_host("iam", "eusc-de-east-1"), "iam.eusc-de-east-1.amazonaws.eu");
        assert_eq!(bucket_host("models", "us-east-2"), "models.s3.us-east-2.amazonaws.com");
        assert_eq!(bucket_host("models.corp", "us-east-2"), "s3.us-east-2.amazonaws.com");
    }
}
