//! Instance types: what they have, and where they are offered.

use serde_json::{Value, json};

use super::{filter, network::zone_names};
use crate::aws::{
    ask::{Ask, page},
    error::AwsError,
    service::Asked,
    state::State,
};

/// What an instance type has.
#[derive(Clone, Copy, Debug)]
pub struct InstanceType {
    /// e.g. `g4dn.2xlarge`.
    pub name: &'static str,
    /// vCPU.
    pub vcpu: u32,
    /// GiB.
    pub memory_gib: u32,
    /// GPUs: how many, which, GiB each.
    pub gpus: Option<(u32, &'static str, u32)>,
    /// Whether it is Graviton.
    pub arm: bool,
    /// Most network interfaces.
    interfaces: u32,
    /// Addresses of each of them.
    addresses: u32,
}

const fn plain(name: &'static str, vcpu: u32, memory_gib: u32, interfaces: u32, addresses: u32) -> InstanceType {
    InstanceType { name, vcpu, memory_gib, gpus: None, arm: false, interfaces, addresses }
}

const fn arm(name: &'static str, vcpu: u32, memory_gib: u32, interfaces: u32, addresses: u32) -> InstanceType {
    InstanceType { name, vcpu, memory_gib, gpus: None, arm: true, interfaces, addresses }
}

const fn gpu(name: &'static str, vcpu: u32, memory_gib: u32, gpus: (u32, &'static str, u32)) -> InstanceType {
    InstanceType { name, vcpu, memory_gib, gpus: Some(gpus), arm: false, interfaces: 3, addresses: 10 }
}

/// The types there are here. Sizes are AWS' own: <https://aws.amazon.com/ec2/instance-types/>.
pub const TYPES: &[InstanceType] = &[
    gpu("g4dn.xlarge", 4, 16, (1, "T4", 16)),
    gpu("g4dn.2xlarge", 8, 32, (1, "T4", 16)),
    gpu("g4dn.4xlarge", 16, 64, (1, "T4", 16)),
    gpu("g4dn.8xlarge", 32, 128, (1, "T4", 16)),
    gpu("g4dn.12xlarge", 48, 192, (4, "T4", 16)),
    gpu("g4dn.16xlarge", 64, 256, (1, "T4", 16)),
    gpu("g5.xlarge", 4, 16, (1, "A10G", 24)),
    gpu("g5.2xlarge", 8, 32, (1, "A10G", 24)),
    gpu("g5.4xlarge", 16, 64, (1, "A10G", 24)),
    gpu("g5.12xlarge", 48, 192, (4, "A10G", 24)),
    gpu("g6.xlarge", 4, 16, (1, "L4", 24)),
    gpu("g6.2xlarge", 8, 32, (1, "L4", 24)),
    gpu("p3.2xlarge", 8, 61, (1, "V100", 16)),
    gpu("p4d.24xlarge", 96, 1152, (8, "A100", 40)),
    arm("m8g.medium", 1, 4, 2, 4),
    arm("m8g.large", 2, 8, 3, 10),
    arm("m8g.xlarge", 4, 16, 4, 15),
    arm("m8g.2xlarge", 8, 32, 4, 15),
    arm("m7g.large", 2, 8, 3, 10),
    arm("m7g.xlarge", 4, 16, 4, 15),
    plain("t3.medium", 2, 4, 3, 6),
    plain("t3.large", 2, 8, 3, 12),
    plain("m5.large", 2, 8, 3, 10),
    plain("m5.xlarge", 4, 16, 4, 15),
    plain("m5.2xlarge", 8, 32, 4, 15),
    plain("m6i.large", 2, 8, 3, 10),
    plain("m6i.xlarge", 4, 16, 4, 15),
    plain("m7i.large", 2, 8, 3, 10),
    plain("m7i.xlarge", 4, 16, 4, 15),
    plain("m7i.2xlarge", 8, 32, 4, 15),
    plain("c7i.xlarge", 4, 8, 4, 15),
    plain("r7i.xlarge", 4, 32, 4, 15),
];

impl InstanceType {
    /// Its architecture as EC2 names it.
    pub fn architecture(&self) -> &'static str {
        if self.arm { "arm64" } else { "x86_64" }
    }

    /// The quota its vCPUs count against.
    pub fn quota(&self) -> &'static str {
        quota(self.name)
    }
}

/// The running-on-demand quota of a type's family, in vCPU: EC2 User Guide, "On-Demand Instance quotas".
pub fn quota(name: &str) -> &'static str {
    let family = name.split('.').next().unwrap_or_default();
    match family.chars().next() {
        Some('g') | Some('v') => "L-DB2E81BA",
        Some('p') => "L-417A185B",
        Some('f') => "L-74FC7D96",
        Some('x') => "L-7295265B",
        _ => "L-1216C47A",
    }
}

/// The type with this name.
pub fn find(name: &str) -> Option<&'static InstanceType> {
    TYPES.iter().find(|it| it.name == name)
}

/// Whether a type is offered in a zone.
pub fn offered(state: &State, name: &str, zone: &str) -> bool {
    !state.setup.not_offered.get(name).is_some_and(|zones| zones.iter().any(|known| known == zone))
}

/// DescribeInstanceTypes.
pub fn describe(_: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let wanted = input.texts("InstanceTypes");
    if let Some(name) = wanted.iter().find(|name| find(name).is_none()) {
        let message = format!("The following supplied instance types do not exist: [{name}]");
        return Err(AwsError::bad("InvalidInstanceType", message));
    }
    let mut found = Vec::new();
    for it in TYPES.iter().filter(|it| wanted.is_empty() || wanted.contains(&it.name)) {
        let fits = filter::passes(input.list("Filters"), |name| match name {
            "instance-type" => Some(vec![it.name.to_owned()]),
            "processor-info.supported-architecture" => Some(vec![it.architecture().to_owned()]),
            "current-generation" => Some(vec!["true".to_owned()]),
            "vcpu-info.default-vcpus" => Some(vec![it.vcpu.to_string()]),
            "memory-info.size-in-mib" => Some(vec![(it.memory_gib * 1024).to_string()]),
            "bare-metal" => Some(vec!["false".to_owned()]),
            _ => None,
        })?;
        if fits {
            found.push(answer(it));
        }
    }
    let (page, next) = page(found, input.whole("MaxResults"), input.maybe("NextToken"))?;
    let mut answer = json!({ "InstanceTypes": page });
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
}

fn answer(it: &InstanceType) -> Value {
    let mut answer = json!({
        "InstanceType": it.name, "CurrentGeneration": true, "FreeTierEligible": false, "BareMetal": false,
        "Hypervisor": "nitro", "SupportedUsageClasses": ["on-demand", "spot"],
        "SupportedRootDeviceTypes": ["ebs"], "SupportedVirtualizationTypes": ["hvm"],
        "ProcessorInfo": { "SupportedArchitectures": [it.architecture()] },
        "VCpuInfo": { "DefaultVCpus": it.vcpu },
        "MemoryInfo": { "SizeInMiB": it.memory_gib * 1024 },
        "NetworkInfo": { "MaximumNetworkInterfaces": it.interfaces, "Ipv4AddressesPerInterface": it.addresses },
        "InstanceStorageSupported": it.name.starts_with("g4dn"),
        "AutoRecoverySupported": true, "DedicatedHostsSupported": true, "HibernationSupported": false,
    });
    if let Some((count, name, memory)) = it.gpus {
        answer["GpuInfo"] = json!({
            "Gpus": [{ "Name": name, "Manufacturer": "NVIDIA", "Count": count, "MemoryInfo": { "SizeInMiB": memory * 1024 } }],
            "TotalGpuMemoryInMiB": count * memory * 1024,
        });
    }
    answer
}

/// DescribeInstanceTypeOfferings.
pub fn offerings(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let by = input.maybe("LocationType").unwrap_or("region");
    let locations = match by {
        "region" => vec![state.region.clone()],
        "availability-zone" => zone_names(&state.region).to_vec(),
        _ => return Err(AwsError::not_simulated(&format!("ec2 DescribeInstanceTypeOfferings by {by}"))),
    };
    let mut found = Vec::new();
    for it in TYPES {
        for location in locations.iter().filter(|location| offered(state, it.name, location)) {
            let fits = filter::passes(input.list("Filters"), |name| match name {
                "instance-type" => Some(vec![it.name.to_owned()]),
                "location" => Some(vec![location.clone()]),
                _ => None,
            })?;
            if fits {
                found.push(json!({ "InstanceType": it.name, "LocationType": by, "Location": location }));
            }
        }
    }
    let (page, next) = page(found, input.whole("MaxResults"), input.maybe("NextToken"))?;
    let mut answer = json!({ "InstanceTypeOfferings": page });
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
}
