//! What is in an instance type, and which quota does it count against?

use aws_sdk_ec2::types::InstanceType as Name;
use landfall_core::event::Problem;

use crate::cloud::{Cloud, Trouble};

/// What matters of an instance type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceType {
    /// e.g. `g4dn.2xlarge`.
    pub name: String,
    /// vCPU, as quotas count them.
    pub vcpu: u32,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// GPUs.
    pub gpus: u32,
    /// `amd64`, `arm64`: as container images say it.
    pub architectures: Vec<String>,
}

/// The types, in EC2's order. A name EC2 does not know is a problem that says so.
pub async fn instance_types(cloud: &Cloud, names: &[String]) -> Result<Vec<InstanceType>, Trouble> {
    let wanted = names.iter().map(|name| Name::from(name.as_str())).collect();
    let pages =
        cloud.aws.ec2().await?.describe_instance_types().set_instance_types(Some(wanted)).into_paginator().items();
    let answer: Result<Vec<_>, Trouble> = pages.send().collect::<Result<Vec<_>, _>>().await.map_err(Trouble::from);
    match answer {
        Ok(types) => Ok(types.iter().map(read).collect()),
        Err(Trouble::Service { code, message, .. }) if code == "InvalidInstanceType" => {
            let region = cloud.aws.region().await.unwrap_or_default();
            let what = format!("{} is not an instance type of {region}", names.join(", "));
            Err(Problem::new("EC2-INSTANCE-TYPE-UNKNOWN", what, "Choose an instance type this region has.")
                .why(message)
                .into())
        }
        Err(trouble) => Err(trouble),
    }
}

fn read(info: &aws_sdk_ec2::types::InstanceTypeInfo) -> InstanceType {
    let count = |number: Option<i32>| number.and_then(|number| u32::try_from(number).ok()).unwrap_or_default();
    let architectures = info.processor_info().map_or(&[][..], |processor| processor.supported_architectures());
    InstanceType {
        name: info.instance_type().map_or_else(String::new, |name| name.as_str().to_owned()),
        vcpu: count(info.v_cpu_info().and_then(|cpu| cpu.default_v_cpus())),
        memory_mib: info
            .memory_info()
            .and_then(|memory| memory.size_in_mib())
            .and_then(|mib| u64::try_from(mib).ok())
            .unwrap_or_default(),
        gpus: info.gpu_info().map_or(0, |gpu| gpu.gpus().iter().map(|device| count(device.count())).sum()),
        architectures: architectures.iter().filter_map(|name| image_architecture(name.as_str())).collect(),
    }
}

/// EC2's word for an architecture as container images say it.
fn image_architecture(name: &str) -> Option<String> {
    match name {
        "x86_64" => Some("amd64".into()),
        "arm64" => Some("arm64".into()),
        _ => None,
    }
}

/// A quota of running on-demand vCPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Its code in Service Quotas.
    pub code: &'static str,
    /// Its name there.
    pub name: &'static str,
}

/// The quota that an instance type counts against: EC2 User Guide, "On-Demand Instance quotas".
pub fn quota(instance_type: &str) -> Option<Quota> {
    let letters: String = instance_type.chars().take_while(char::is_ascii_alphabetic).collect();
    let (code, name) = match letters.as_str() {
        "g" | "gr" | "vt" => ("L-DB2E81BA", "Running On-Demand G and VT instances"),
        "p" => ("L-417A185B", "Running On-Demand P instances"),
        "inf" => ("L-1945791B", "Running On-Demand Inf instances"),
        "trn" => ("L-2C3B7624", "Running On-Demand Trn instances"),
        "dl" => ("L-6E869C2A", "Running On-Demand DL instances"),
        "f" => ("L-74FC7D96", "Running On-Demand F instances"),
        "x" => ("L-7295265B", "Running On-Demand X instances"),
        "hpc" => ("L-F7808C92", "Running On-Demand HPC instances"),
        "u" => ("L-43DA4232", "Running On-Demand High Memory instances"),
        "a" | "c" | "d" | "h" | "i" | "im" | "is" | "m" | "r" | "t" | "z" => {
            ("L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances")
        }
        _ => return None,
    };
    Some(Quota { code, name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_decides_the_quota() {
        assert_eq!(quota("g4dn.2xlarge").unwrap().code, "L-DB2E81BA");
        assert_eq!(quota("m8g.large").unwrap().code, "L-1216C47A");
        assert_eq!(quota("p5.48xlarge").unwrap().code, "L-417A185B");
        assert_eq!(quota("mac2.metal"), None);
    }
}
