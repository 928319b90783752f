//! EC2: launch templates, instances and their types, images, and the network they live in.

pub mod filter;
pub mod images;
pub mod instances;
pub mod launch_template;
pub mod network;
pub mod tags;
pub mod types;

pub use instances::Instance;
pub use launch_template::LaunchTemplate;
pub use network::Subnet;

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
    ("DescribeVpcs", network::vpcs),
    ("DescribeSecurityGroups", network::security_groups),
    ("DescribeRegions", network::regions),
    ("DescribeAvailabilityZones", network::zones),
    ("DescribeTags", tags::describe),
    ("CreateTags", tags::create),
    ("DeleteTags", tags::delete),
];
