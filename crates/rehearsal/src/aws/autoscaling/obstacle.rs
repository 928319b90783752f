//! What stands in the way of a launch: image, offering, quota, addresses or capacity.

use crate::aws::{
    ec2::{
        images,
        network::{ADDRESSES_PER_INSTANCE, free_addresses},
        types,
    },
    eks::NodeGroup,
    quotas,
    state::State,
};

/// An obstacle.
pub struct Obstacle {
    /// EC2's code.
    pub code: &'static str,
    /// EKS' health issue for it.
    pub health: &'static str,
    /// What EC2 says.
    pub message: String,
    /// Whether it is the same in every zone.
    pub everywhere: bool,
}

/// The first one in the way of a launch, if any.
pub fn obstacle(
    state: &State,
    group: &NodeGroup,
    kind: &types::InstanceType,
    zone: &str,
    subnet: &str,
) -> Option<Obstacle> {
    let name = kind.name;
    if group.ami_type == "CUSTOM" && !images::images(state).iter().any(|image| image.id == group.release) {
        let message = format!("The image id '[{}]' does not exist", group.release);
        return Some(Obstacle { code: "InvalidAMIID.NotFound", health: "AmiIdNotFound", message, everywhere: true });
    }
    if !types::offered(state, name, zone) {
        let message = format!(
            "Your requested instance type ({name}) is not supported in your requested Availability Zone ({zone})."
        );
        return Some(Obstacle {
            code: "InvalidFleetConfiguration",
            health: "AsgInstanceLaunchFailures",
            message,
            everywhere: false,
        });
    }
    let limit = quotas::value(state, kind.quota());
    if f64::from(quotas::used(state, kind.quota()) + kind.vcpu) > limit {
        let message = format!(
            "You have requested more vCPU capacity than your current vCPU limit of {limit} allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit."
        );
        return Some(Obstacle {
            code: "VcpuLimitExceeded",
            health: "AsgInstanceLaunchFailures",
            message,
            everywhere: true,
        });
    }
    let free = state.subnets.get(subnet).map_or(0, |subnet| free_addresses(state, subnet));
    if free < ADDRESSES_PER_INSTANCE {
        let message = format!(
            "There are not enough free addresses in subnet '{subnet}' to satisfy the requested number of instances."
        );
        return Some(Obstacle {
            code: "InsufficientFreeAddressesInSubnet",
            health: "InsufficientFreeAddresses",
            message,
            everywhere: false,
        });
    }
    let passed = state.now.duration_since(state.start);
    let starved = state.setup.no_capacity.iter().any(|want| {
        let here = want.zones.is_empty() || want.zones.iter().any(|known| known == zone);
        let this = if want.instance_types.is_empty() {
            kind.gpus.is_some()
        } else {
            want.instance_types.iter().any(|known| known == name)
        };
        let waited = state.now.duration_since(group.created);
        let yet = want.until.is_none_or(|until| passed < until) && want.lasts.is_none_or(|lasts| waited < lasts);
        here && this && yet
    });
    starved.then(|| Obstacle {
        code: "InsufficientInstanceCapacity",
        health: "AsgInstanceLaunchFailures",
        message: format!(
            "We currently do not have sufficient {name} capacity in the Availability Zone you requested ({zone}). Our system will be working on provisioning additional capacity."
        ),
        everywhere: false,
    })
}
