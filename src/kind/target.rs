//! Where does an install go?

use serde::{Deserialize, Serialize};

/// Where an install goes; fixed when Target is confirmed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// AWS account id, twelve digits; empty without AWS.
    pub account: String,
    /// AWS region.
    pub region: String,
    /// Cluster's name.
    pub cluster: String,
    /// Cluster's ARN, or a digest of its API server's CA.
    pub cluster_id: String,
    /// Namespace.
    pub namespace: String,
    /// AWS partition: `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
}

impl Target {
    /// The ARN of something in this account and region; `*` stands for what is not known yet.
    pub fn arn(&self, service: &str, rest: &str) -> String {
        let known = |text: &str| if text.is_empty() { "*".to_owned() } else { text.to_owned() };
        let partition = if self.partition.is_empty() { "aws" } else { &self.partition };
        // IAM belongs to no region.
        let region = if service == "iam" { String::new() } else { known(&self.region) };
        format!("arn:{partition}:{service}:{region}:{}:{rest}", known(&self.account))
    }
}
