//! Which function answers an operation, and what it is told.

use jiff::Timestamp;
use serde_json::Value;

use super::{
    acm, autoscaling, cloudwatch, ec2, eks, error::AwsError, iam, kms, quotas, rds, s3, secrets, ses, ssm,
    state::State, sts,
};

/// One operation: changes the state, answers a value.
pub type Operation = fn(&mut State, &Value, &Asked) -> Result<Value, AwsError>;

/// Who asks, and when.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Simulated time.
    pub now: Timestamp,
    /// ARN of the caller.
    pub caller: String,
    /// Access key id.
    pub access_key: String,
    /// Region that is asked.
    pub region: String,
}

/// What IAM calls the action behind an operation, e.g. `s3:ListBucket`.
pub fn action(service: &str, operation: &str) -> String {
    let operation = if service == "s3" { s3::action(operation) } else { operation };
    format!("{service}:{operation}")
}

/// The function behind a service's operation.
pub fn operation(service: &str, name: &str) -> Option<Operation> {
    let operations = match service {
        "acm" => acm::OPERATIONS,
        "autoscaling" => autoscaling::OPERATIONS,
        "cloudwatch" => cloudwatch::OPERATIONS,
        "ec2" => ec2::OPERATIONS,
        "eks" => eks::OPERATIONS,
        "iam" => iam::OPERATIONS,
        "kms" => kms::OPERATIONS,
        "rds" => rds::OPERATIONS,
        "s3" => s3::OPERATIONS,
        "secretsmanager" => secrets::OPERATIONS,
        "ses" => ses::OPERATIONS,
        "servicequotas" => quotas::OPERATIONS,
        "ssm" => ssm::OPERATIONS,
        "sts" => sts::OPERATIONS,
        _ => &[],
    };
    operations.iter().find(|(known, _)| *known == name).map(|(_, operation)| *operation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::wire::model::models;

    #[test]
    fn every_operation_of_a_model_has_a_function() {
        for model in models() {
            for name in model.operations.keys() {
                assert!(operation(&model.service, name).is_some(), "{} {name}", model.service);
            }
        }
    }
}
