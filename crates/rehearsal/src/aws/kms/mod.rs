//! KMS: customer keys, their policies, aliases and grants.

mod alias;
mod grant;
pub mod key;
mod policy;
mod tags;

use super::service::Operation;

pub use key::Key;

/// The operations of this service.
pub const OPERATIONS: &[(&str, Operation)] = &[
    ("CreateKey", key::create),
    ("DescribeKey", key::describe),
    ("ListKeys", key::list),
    ("ScheduleKeyDeletion", key::schedule_deletion),
    ("CancelKeyDeletion", key::cancel_deletion),
    ("EnableKey", key::enable),
    ("EnableKeyRotation", key::enable_rotation),
    ("GetKeyRotationStatus", key::rotation),
    ("GetKeyPolicy", policy::get),
    ("PutKeyPolicy", policy::put),
    ("CreateAlias", alias::create),
    ("UpdateAlias", alias::update),
    ("DeleteAlias", alias::delete),
    ("ListAliases", alias::list),
    ("CreateGrant", grant::create),
    ("ListGrants", grant::list),
    ("RevokeGrant", grant::revoke),
    ("RetireGrant", grant::retire),
    ("TagResource", tags::tag),
    ("UntagResource", tags::untag),
    ("ListResourceTags", tags::list),
];
