//! What is an IAM role called, and what is attached to it?

use aws_sdk_iam::types::AttachedPolicy;
use serde_json::{Value, json};

use super::{maybe, policy};
use crate::cloud::{Cloud, Trouble};

/// The role's name: what follows the last slash of its ARN (SSO roles have paths), or the text itself.
pub fn role_name(arn: &str) -> &str {
    match arn.split_once(":role/") {
        Some((_, path)) => path.rsplit('/').next().unwrap_or(path),
        None => arn,
    }
}

/// Names of the attached managed policies.
pub async fn attached_policies(cloud: &Cloud, role: &str) -> Result<Vec<String>, Trouble> {
    Ok(attached(cloud, role).await?.into_iter().filter_map(|policy| policy.policy_name).collect())
}

/// ARNs of the attached managed policies.
pub async fn attached_arns(cloud: &Cloud, role: &str) -> Result<Vec<String>, Trouble> {
    Ok(attached(cloud, role).await?.into_iter().filter_map(|policy| policy.policy_arn).collect())
}

async fn attached(cloud: &Cloud, role: &str) -> Result<Vec<AttachedPolicy>, Trouble> {
    let pages = cloud
        .aws
        .iam()
        .await?
        .list_attached_role_policies()
        .role_name(role_name(role))
        .into_paginator()
        .items()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await?;
    Ok(pages)
}

/// One of a role's inline policies.
pub async fn inline(cloud: &Cloud, role: &str, name: &str) -> Result<Option<Value>, Trouble> {
    let answer = cloud.aws.iam().await?.get_role_policy().role_name(role).policy_name(name).send().await;
    Ok(maybe(answer)?.map(|found| policy::decoded(found.policy_document()).unwrap_or(Value::Null)))
}

/// Writes one of a role's inline policies.
pub async fn put_inline(cloud: &Cloud, role: &str, name: &str, document: &Value) -> Result<(), Trouble> {
    let put = cloud.aws.iam().await?.put_role_policy().role_name(role).policy_name(name);
    put.policy_document(document.to_string()).send().await?;
    Ok(())
}

/// Deletes one of a role's inline policies, where it is there.
pub async fn delete_inline(cloud: &Cloud, role: &str, name: &str) -> Result<(), Trouble> {
    maybe(cloud.aws.iam().await?.delete_role_policy().role_name(role).policy_name(name).send().await).map(drop)
}

/// A trust policy that lets in tokens of certain service accounts.
/// Both conditions: without `:aud` a token made for somebody else would do, without `:sub` any service account.
pub fn web_identity_trust(provider: &str, issuer: &str, namespace: &str, service_accounts: &[String]) -> Value {
    let subject = |name: &String| format!("system:serviceaccount:{namespace}:{name}");
    let subjects: Value = match service_accounts {
        [one] => subject(one).into(),
        several => several.iter().map(subject).collect(),
    };
    let host = issuer.trim_start_matches("https://");
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Federated": provider },
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": { "StringEquals": {
                format!("{host}:aud"): "sts.amazonaws.com",
                format!("{host}:sub"): subjects,
            }},
        }],
    })
}

/// What an ARN of `sts get-caller-identity` means for IAM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The account's root user.
    Root,
    /// A user, by ARN.
    User(String),
    /// A role's session, by the role's name (the path is lost in such an ARN).
    Session {
        /// The role's name.
        role: String,
        /// The session's name.
        session: String,
    },
    /// Something else (a federated user).
    Other(String),
}

/// Reads a caller's ARN.
pub fn caller(arn: &str) -> Caller {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    if resource == "root" {
        return Caller::Root;
    }
    if resource.starts_with("user/") {
        return Caller::User(arn.to_owned());
    }
    if let Some(rest) = resource.strip_prefix("assumed-role/")
        && let Some((role, session)) = rest.split_once('/')
    {
        return Caller::Session { role: role.to_owned(), session: session.to_owned() };
    }
    Caller::Other(arn.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_name_is_the_last_part_of_its_path() {
        assert_eq!(role_name("arn:aws:iam::123456789012:role/pay-1-nodes"), "pay-1-nodes");
        assert_eq!(role_name("arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/Admin"), "Admin");
        assert_eq!(role_name("pay-1-nodes"), "pay-1-nodes");
    }

    #[test]
    fn a_session_belongs_to_a_role() {
        let session = caller("arn:aws:sts::123456789012:assumed-role/admin/sre");
        assert_eq!(session, Caller::Session { role: "admin".into(), session: "sre".into() });
        assert_eq!(caller("arn:aws:iam::123456789012:root"), Caller::Root);
        assert!(matches!(caller("arn:aws:iam::123456789012:user/ops/jo"), Caller::User(_)));
    }

    #[test]
    fn the_trust_names_each_service_account_and_the_audience() {
        let one = ["arthur-shield".to_owned()];
        let several = web_identity_trust("arn:p", "https://oidc.example/id/A", "ml", &["a".to_owned(), "b".to_owned()]);
        let subjects = &several["Statement"][0]["Condition"]["StringEquals"]["oidc.example/id/A:sub"];
        assert_eq!(*subjects, json!(["system:serviceaccount:ml:a", "system:serviceaccount:ml:b"]));
        let trust = web_identity_trust("arn:p", "https://oidc.example/id/A", "shield", &one);
        let condition = &trust["Statement"][0]["Condition"]["StringEquals"];
        assert_eq!(condition["oidc.example/id/A:aud"], "sts.amazonaws.com");
        assert_eq!(condition["oidc.example/id/A:sub"], "system:serviceaccount:shield:arthur-shield");
    }
}
