//! Whose is it? Tags tell.

use std::collections::BTreeMap;

use landfall_core::{event::Owner, plan::InstallId};

use crate::cloud::Trouble;

/// The tag that names the install.
pub const INSTALL: &str = "landfall:install";

/// Whose a resource with these tags is.
pub fn owner<'a>(install: &InstallId, tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> Owner {
    let mut other = None;
    for (key, value) in tags {
        if key == INSTALL {
            return if value == install.as_str() { Owner::Ours } else { Owner::Other(format!("install {value}")) };
        }
        let manager = manager(key, value);
        if manager.is_some() {
            other = manager;
        }
    }
    other.map_or(Owner::Unmarked, Owner::Other)
}

/// Tags as IAM takes them.
pub fn iam(tags: &BTreeMap<String, String>) -> Result<Vec<aws_sdk_iam::types::Tag>, Trouble> {
    let tag = |(key, value): (&String, &String)| aws_sdk_iam::types::Tag::builder().key(key).value(value).build();
    tags.iter()
        .map(tag)
        .collect::<Result<_, _>>()
        .map_err(|error| Trouble::guide(error.to_string(), "Correct the tags."))
}

/// Tags as EC2 takes them.
pub fn ec2(tags: &BTreeMap<String, String>) -> Vec<aws_sdk_ec2::types::Tag> {
    tags.iter().map(|(key, value)| aws_sdk_ec2::types::Tag::builder().key(key).value(value).build()).collect()
}

/// Tags as EC2 answers them, as pairs.
pub fn pairs(tags: &[aws_sdk_ec2::types::Tag]) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().filter_map(|tag| Some((tag.key()?, tag.value()?)))
}

/// EC2's filters for what carries all of these tags.
pub fn filters(tags: &BTreeMap<String, String>) -> Vec<aws_sdk_ec2::types::Filter> {
    tags.iter().map(|(key, value)| super::vpc::filter(&format!("tag:{key}"), &[value.as_str()])).collect()
}

/// Tags as RDS takes them.
pub fn rds(tags: &BTreeMap<String, String>) -> Vec<aws_sdk_rds::types::Tag> {
    tags.iter().map(|(key, value)| aws_sdk_rds::types::Tag::builder().key(key).value(value).build()).collect()
}

/// The tool that a tag says manages the resource.
fn manager(key: &str, value: &str) -> Option<String> {
    let lower = key.to_lowercase();
    let value_lower = value.to_lowercase();
    if key == "aws:cloudformation:stack-name" {
        return Some(format!("CloudFormation stack {value}"));
    }
    if lower.contains("terraform") || lower.contains("opentofu") {
        return Some(format!("Terraform ({key}={value})"));
    }
    let says_manager = ["managedby", "managed-by", "managed_by", "provisioner", "createdby", "created-by"]
        .iter()
        .any(|word| lower.ends_with(word));
    if says_manager {
        for (word, name) in [
            ("terraform", "Terraform"),
            ("opentofu", "OpenTofu"),
            ("pulumi", "Pulumi"),
            ("crossplane", "Crossplane"),
            ("cdk", "AWS CDK"),
        ] {
            if value_lower.contains(word) {
                return Some(name.to_owned());
            }
        }
    }
    if lower.starts_with("crossplane-") {
        return Some("Crossplane".to_owned());
    }
    if lower.starts_with("services.k8s.aws/") {
        return Some("AWS Controllers for Kubernetes".to_owned());
    }
    if lower == "alpha.eksctl.io/nodegroup-name" {
        return Some(format!("eksctl ({value})"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tags: &[(&str, &str)]) -> Owner {
        owner(&InstallId::of("abcd1234"), tags.iter().copied())
    }

    #[test]
    fn our_install_is_ours_and_another_is_somebody_elses() {
        assert_eq!(of(&[("landfall:install", "abcd1234"), ("x", "y")]), Owner::Ours);
        assert_eq!(of(&[("landfall:install", "ffff0000")]), Owner::Other("install ffff0000".into()));
    }

    #[test]
    fn other_managers_are_named() {
        assert_eq!(of(&[("aws:cloudformation:stack-name", "net")]), Owner::Other("CloudFormation stack net".into()));
        assert_eq!(of(&[("ManagedBy", "Terraform Cloud")]), Owner::Other("Terraform".into()));
        assert_eq!(of(&[("Name", "gpu")]), Owner::Unmarked);
        assert_eq!(of(&[("managed-by", "the platform team")]), Owner::Unmarked);
    }
}
