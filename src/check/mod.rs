//! Checks: one file a kind. Each looks at one thing and says what it found.

pub mod aws_alarms;
pub mod aws_certificate;
pub mod aws_cluster;
pub mod aws_cluster_version;
pub mod aws_identity;
pub mod aws_instance_offering;
pub mod aws_node_group;
pub mod aws_permissions;
pub mod aws_quota;
pub mod aws_role_policies;
pub mod aws_scaling_policies;
pub mod aws_subnets;
pub mod dns_name;
pub mod http_endpoint;
pub mod network_route;
pub mod openai_deployment;
pub mod person_attests;
pub mod postgres_database;
pub mod tls_certificate;
