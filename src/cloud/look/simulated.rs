//! What would IAM allow? Its own simulator is asked.

use aws_sdk_iam::types::EvaluationResult;

use crate::cloud::{Cloud, Trouble};

/// What IAM's simulator says of these actions of a role or user on these resources.
pub async fn simulated(
    cloud: &Cloud,
    principal: &str,
    actions: &[String],
    resources: &[String],
) -> Result<Vec<EvaluationResult>, Trouble> {
    let iam = cloud.aws.iam().await?;
    let call = iam
        .simulate_principal_policy()
        .policy_source_arn(principal)
        .set_action_names(Some(actions.to_vec()))
        .set_resource_arns(Some(resources.to_vec()));
    Ok(call.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await?)
}
