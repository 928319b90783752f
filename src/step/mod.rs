//! Steps: one file a kind. Each changes one thing, and can tell from the world alone whether it is there.

pub mod autoscaling_policy;
pub mod cloudwatch_alarm;
pub mod ec2_launch_template;
pub mod eks_node_group;
pub mod eks_node_labels;
pub mod helm_release;
mod helm_values;
pub mod http_request;
pub mod iam_oidc_provider;
pub mod iam_role_policy;
pub mod iam_service_account_role;
pub mod kube_manifest;
pub mod kube_namespace;
pub mod kube_secret;
mod manifest_diff;
pub mod person_does;
pub mod registry_mirror;
mod secret_data;
