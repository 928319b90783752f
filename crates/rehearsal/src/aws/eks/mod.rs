//! EKS: clusters, managed node groups, add-ons and who may come in.
//!
//! [`node_group`] answers calls, [`valid`] refuses impossible ones, [`life`] lets time pass over them,
//! [`join`] decides whether an instance becomes a node.

pub mod access;
pub mod addon;
pub mod cluster;
pub mod identity_provider;
pub mod join;
pub mod life;
pub mod node;
pub mod node_group;
pub mod pod_identity;
pub mod tags;
pub mod update;
pub mod valid;
pub mod versions;

pub use addon::Addon;
pub use cluster::Cluster;
pub use identity_provider::IdentityProvider;
pub use node_group::NodeGroup;
pub use update::Update;

use super::service::Operation;

/// The operations of this service.
pub const OPERATIONS: &[(&str, Operation)] = &[
    ("CreateCluster", cluster::create),
    ("DeleteCluster", cluster::delete),
    ("DescribeCluster", cluster::describe),
    ("AssociateIdentityProviderConfig", identity_provider::associate),
    ("DescribeIdentityProviderConfig", identity_provider::describe),
    ("DisassociateIdentityProviderConfig", identity_provider::disassociate),
    ("ListIdentityProviderConfigs", identity_provider::list),
    ("ListClusters", cluster::list),
    ("DescribeClusterVersions", versions::describe),
    ("CreateNodegroup", node_group::create),
    ("DescribeNodegroup", node_group::describe),
    ("ListNodegroups", node_group::list),
    ("DeleteNodegroup", node_group::delete),
    ("UpdateNodegroupConfig", update::config),
    ("UpdateNodegroupVersion", update::version),
    ("DescribeUpdate", update::describe),
    ("ListUpdates", update::list),
    ("TagResource", tags::tag),
    ("UntagResource", tags::untag),
    ("ListTagsForResource", tags::list),
    ("DescribeAddon", addon::describe),
    ("ListAddons", addon::list),
    ("CreateAddon", addon::create),
    ("DeleteAddon", addon::delete),
    ("UpdateAddon", addon::update),
    ("DescribeAddonVersions", addon::versions),
    ("ListPodIdentityAssociations", pod_identity::list),
    ("CreatePodIdentityAssociation", pod_identity::create),
    ("DescribePodIdentityAssociation", pod_identity::describe),
    ("DeletePodIdentityAssociation", pod_identity::delete),
    ("UpdatePodIdentityAssociation", pod_identity::update),
    ("ListAccessEntries", access::list),
    ("DescribeAccessEntry", access::describe),
];
