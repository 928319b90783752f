//! Where may load balancers stand? In those subnets of a cluster's VPC that are tagged for them: EKS User Guide, "Network load
//! balancing".

use super::vpc;
use crate::aws::state::State;

/// Which load balancers find subnets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Those towards the internet.
    pub internet: bool,
    /// Those inside.
    pub internal: bool,
}

impl Default for Room {
    fn default() -> Self {
        Self { internet: true, internal: true }
    }
}

/// What the first cluster's VPC has room for; everything where there is no cluster.
pub fn room(state: &State) -> Room {
    let Some(cluster) = state.clusters.values().next() else { return Room::default() };
    let of_cluster = cluster.subnets.iter().find_map(|id| state.subnets.get(id));
    let vpc = of_cluster.map_or_else(|| vpc::home_id(state), |subnet| subnet.vpc.clone());
    let tagged = |tag: &str| state.subnets.values().any(|subnet| subnet.vpc == vpc && subnet.tags.contains_key(tag));
    Room { internet: tagged("kubernetes.io/role/elb"), internal: tagged("kubernetes.io/role/internal-elb") }
}
