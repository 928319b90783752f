//! EC2: launch templates, instances and their types, images, and the network they live in: VPCs, subnets, route tables,
//! security groups, gateway endpoints.

pub mod endpoint;
pub mod filter;
pub mod images;
pub mod instances;
pub mod launch_template;
pub mod load_balancer;
pub mod network;
pub mod routes;
pub mod security_group;
pub mod tags;
pub mod types;
pub mod vpc;

pub use endpoint::Endpoint;
pub use instances::Instance;
pub use launch_template::LaunchTemplate;
pub use load_balancer::Room;
pub use network::Subnet;
pub use security_group::{Rule, SecurityGroup};
pub use vpc::Vpc;

use super::service::Operation;

/// The operations of this service.
pub const OPERATIONS: &[(&str, Operation)] = &[
    ("CreateLaunchTemplate", launch_template::create),
    ("CreateLaunchTemplateVersion", launch_template::create_version),
    ("DescribeLaunchTemplates", launch_template::describe),
    ("DescribeLaunchTemplateVersions", launch_template::describe_versions),
    ("ModifyLaunchTemplate", launch_template::modify),
    ("DeleteLaunchTemplate", launch_template::delete),
    ("DeleteLaunchTemplateVersions", launch_template::delete_versions),
    ("DescribeInstances", instances::describe),
    ("DescribeVolumes", instances::describe_volumes),
    ("GetConsoleOutput", instances::console_output),
    ("DescribeInstanceTypes", types::describe),
    ("DescribeInstanceTypeOfferings", types::offerings),
    ("DescribeImages", images::describe),
    ("DescribeSubnets", network::subnets),
    ("CreateSubnet", network::create_subnet),
    ("DeleteSubnet", network::delete_subnet),
    ("DescribeVpcs", vpc::describe),
    ("CreateVpc", vpc::create),
    ("DeleteVpc", vpc::delete),
    ("DescribeVpcAttribute", vpc::attribute),
    ("ModifyVpcAttribute", vpc::modify_attribute),
    ("DescribeRouteTables", routes::describe),
    ("DescribeSecurityGroups", security_group::describe),
    ("CreateSecurityGroup", security_group::create),
    ("DeleteSecurityGroup", security_group::delete),
    ("DescribeSecurityGroupRules", security_group::describe_rules),
    ("AuthorizeSecurityGroupIngress", security_group::authorize),
    ("RevokeSecurityGroupIngress", security_group::revoke),
    ("CreateVpcEndpoint", endpoint::create),
    ("DescribeVpcEndpoints", endpoint::describe),
    ("ModifyVpcEndpoint", endpoint::modify),
    ("DeleteVpcEndpoints", endpoint::delete),
    ("DescribeRegions", network::regions),
    ("DescribeAvailabilityZones", network::zones),
    ("DescribeTags", tags::describe),
    ("CreateTags", tags::create),
    ("DeleteTags", tags::delete),
];
