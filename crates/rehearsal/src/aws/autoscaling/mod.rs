//! Auto Scaling: the groups behind node groups, their activities, tags and policies.
//!
//! [`fleet`] keeps groups at their size, [`launch`] and [`passing`] are what happens to instances; the rest answers calls.

pub mod fleet;
pub mod group;
pub mod launch;
pub mod obstacle;
pub mod passing;
pub mod policy;
pub mod tags;

pub use group::Group;
pub use policy::Policy;

use super::service::Operation;

/// The operations of this service.
pub const OPERATIONS: &[(&str, Operation)] = &[
    ("DescribeAutoScalingGroups", group::describe),
    ("DescribeScalingActivities", group::activities),
    ("DescribeWarmPool", group::warm_pool),
    ("PutScalingPolicy", policy::put),
    ("DescribePolicies", policy::describe),
    ("DeletePolicy", policy::delete),
    ("DescribeTags", tags::describe),
    ("CreateOrUpdateTags", tags::create),
    ("DeleteTags", tags::delete),
];
