//! Steps: one file a kind. Each changes one thing, and can tell from the world alone whether it is there.

pub mod autoscaling_policy;
pub mod cloudwatch_alarm;
pub mod ec2_launch_template;
pub mod eks_addon;
pub mod eks_node_group;
pub mod eks_node_labels;
pub mod eks_pod_identity_association;
pub mod helm_release;
mod helm_values;
pub mod http_request;
pub mod iam_access_key;
pub mod iam_oidc_provider;
pub mod iam_role;
pub mod iam_role_policy;
pub mod iam_service_account_role;
pub mod iam_user;
pub mod kms_key;
pub mod kube_default_storage_class;
pub mod kube_manifest;
pub mod kube_namespace;
pub mod kube_secret;
mod manifest_diff;
pub mod person_does;
pub mod registry_mirror;
pub mod s3_bucket;
pub mod s3_bucket_policy;
mod secret_data;
