//! The EKS machine images: which exist for which Kubernetes version, as EC2 and SSM both tell it.

use jiff::{Timestamp, civil::Date};
use serde_json::{Value, json};

use super::filter;
use crate::aws::{
    ask::{Ask, hex},
    error::AwsError,
    service::Asked,
    state::State,
};

/// A family of images.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// EKS' name of the type, e.g. `AL2023_x86_64_NVIDIA`.
    pub ami_type: &'static str,
    /// Its folder among the SSM parameters.
    pub folder: &'static str,
    /// First part of its images' names.
    pub prefix: &'static str,
    /// Its architecture.
    pub architecture: &'static str,
    /// Whether it carries the NVIDIA driver.
    pub gpu: bool,
    /// Whether it is Amazon Linux 2, whose last images are of 2025-12-09 and for 1.32.
    pub frozen: bool,
}

/// The families there are.
pub const FAMILIES: &[Family] = &[
    family("AL2_x86_64", "amazon-linux-2", "amazon-eks-node", "x86_64", false, true),
    family("AL2_x86_64_GPU", "amazon-linux-2-gpu", "amazon-eks-gpu-node", "x86_64", true, true),
    family("AL2_ARM_64", "amazon-linux-2-arm64", "amazon-eks-arm64-node", "arm64", false, true),
    family(
        "AL2023_x86_64_STANDARD",
        "amazon-linux-2023/x86_64/standard",
        "amazon-eks-node-al2023-x86_64-standard",
        "x86_64",
        false,
        false,
    ),
    family(
        "AL2023_x86_64_NVIDIA",
        "amazon-linux-2023/x86_64/nvidia",
        "amazon-eks-node-al2023-x86_64-nvidia",
        "x86_64",
        true,
        false,
    ),
    family(
        "AL2023_ARM_64_STANDARD",
        "amazon-linux-2023/arm64/standard",
        "amazon-eks-node-al2023-arm64-standard",
        "arm64",
        false,
        false,
    ),
    family(
        "AL2023_ARM_64_NVIDIA",
        "amazon-linux-2023/arm64/nvidia",
        "amazon-eks-node-al2023-arm64-nvidia",
        "arm64",
        true,
        false,
    ),
    family("BOTTLEROCKET_x86_64", "bottlerocket/x86_64", "bottlerocket-aws-k8s", "x86_64", false, false),
    family(
        "BOTTLEROCKET_x86_64_NVIDIA",
        "bottlerocket-nvidia/x86_64",
        "bottlerocket-aws-k8s-nvidia",
        "x86_64",
        true,
        false,
    ),
    family("BOTTLEROCKET_ARM_64", "bottlerocket/arm64", "bottlerocket-aws-k8s", "arm64", false, false),
];

const fn family(
    ami_type: &'static str,
    folder: &'static str,
    prefix: &'static str,
    architecture: &'static str,
    gpu: bool,
    frozen: bool,
) -> Family {
    Family { ami_type, folder, prefix, architecture, gpu, frozen }
}

impl Family {
    /// Whether it is Bottlerocket, which numbers and publishes its images in its own way.
    pub fn bottlerocket(&self) -> bool {
        self.folder.starts_with("bottlerocket")
    }
}

/// Kubernetes versions for which images exist, with the patch of their kubelet.
const KUBELETS: &[(&str, &str)] = &[
    ("1.30", "1.30.14"),
    ("1.31", "1.31.14"),
    ("1.32", "1.32.11"),
    ("1.33", "1.33.8"),
    ("1.34", "1.34.5"),
    ("1.35", "1.35.3"),
    ("1.36", "1.36.1"),
];

/// One image.
#[derive(Clone, Debug)]
pub struct Image {
    /// `ami-…`, another in each region.
    pub id: String,
    /// Name.
    pub name: String,
    /// Its family.
    pub family: Family,
    /// Kubernetes minor version.
    pub version: &'static str,
    /// kubelet's version, e.g. `1.31.14`.
    pub kubelet: &'static str,
    /// What EKS calls `releaseVersion`.
    pub release: String,
    /// Day it was published.
    pub published: Date,
    /// Whether SSM recommends it.
    pub recommended: bool,
}

/// All images of a region as of `now`: of each family and version the newest, which appears a week before
/// the start of the rehearsal, and the one of a month earlier.
pub fn images(state: &State) -> Vec<Image> {
    let today = state.start.to_zoned(jiff::tz::TimeZone::UTC).date();
    let newest = today.saturating_sub(jiff::Span::new().days(7));
    let earlier = today.saturating_sub(jiff::Span::new().days(38));
    let frozen = Date::constant(2025, 12, 9);
    let mut all = Vec::new();
    for family in FAMILIES {
        for (version, kubelet) in KUBELETS {
            let days = match family.frozen {
                true if matches!(*version, "1.30" | "1.31" | "1.32") => vec![(frozen, true)],
                true => Vec::new(),
                false => vec![(newest, true), (earlier, false)],
            };
            for (published, recommended) in days {
                let day = published.strftime("%Y%m%d");
                let (name, release) = if family.bottlerocket() {
                    let number = if recommended { "1.52.0" } else { "1.51.0" };
                    (
                        format!("{}-{version}-{}-v{number}", family.prefix, family.architecture),
                        format!("{number}-{}", hex(number, 8)),
                    )
                } else {
                    (format!("{}-{version}-v{day}", family.prefix), format!("{kubelet}-{day}"))
                };
                let id = format!("ami-0{}", hex(&format!("ami/{}/{}/{name}", state.region, family.ami_type), 16));
                all.push(Image { id, name, family: *family, version, kubelet, release, published, recommended });
            }
        }
    }
    all
}

/// The image a node group of this type gets: the release asked for, or the recommended one.
pub fn for_group(state: &State, ami_type: &str, version: &str, release: Option<&str>) -> Option<Image> {
    images(state).into_iter().find(|image| {
        image.family.ami_type == ami_type
            && image.version == version
            && release.map_or(image.recommended, |release| image.release == release)
    })
}

/// DescribeImages.
pub fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let (ids, owners) = (input.texts("ImageIds"), input.texts("Owners"));
    let all = images(state);
    let missing: Vec<&str> = ids.iter().copied().filter(|id| !all.iter().any(|image| image.id == *id)).collect();
    if !missing.is_empty() {
        let message = format!("The image id '[{}]' does not exist", missing.join(", "));
        return Err(AwsError::bad("InvalidAMIID.NotFound", message));
    }
    let mut found = Vec::new();
    for image in all {
        let owned = owners.is_empty() || owners.contains(&"amazon") || owners.contains(&OWNER);
        let fits = filter::passes(input.list("Filters"), |name| match name {
            "image-id" => Some(vec![image.id.clone()]),
            "name" => Some(vec![image.name.clone()]),
            "architecture" => Some(vec![image.family.architecture.to_owned()]),
            "owner-id" => Some(vec![OWNER.to_owned()]),
            "owner-alias" => Some(vec!["amazon".to_owned()]),
            "state" => Some(vec!["available".to_owned()]),
            "is-public" => Some(vec!["true".to_owned()]),
            "root-device-type" => Some(vec!["ebs".to_owned()]),
            "virtualization-type" => Some(vec!["hvm".to_owned()]),
            _ => filter::tag_values(name, &std::collections::BTreeMap::new()),
        })?;
        if owned && fits && (ids.is_empty() || ids.contains(&&*image.id)) {
            found.push(answer(&image));
        }
    }
    Ok(json!({ "Images": found }))
}

/// The account EKS publishes its images from.
const OWNER: &str = "602401143452";

fn answer(image: &Image) -> Value {
    let created =
        image.published.at(4, 12, 9, 0).in_tz("UTC").map(|zoned| zoned.timestamp()).unwrap_or(Timestamp::UNIX_EPOCH);
    json!({
        "ImageId": image.id, "Name": image.name, "OwnerId": OWNER, "ImageOwnerAlias": "amazon", "Public": true,
        "State": "available", "Architecture": image.family.architecture, "ImageType": "machine", "Hypervisor": "xen",
        "RootDeviceName": "/dev/xvda", "RootDeviceType": "ebs", "VirtualizationType": "hvm", "EnaSupport": true,
        "CreationDate": created.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string(),
        "Description": format!("EKS-optimized Kubernetes node (k8s: {})", image.kubelet),
        "BlockDeviceMappings": [{ "DeviceName": "/dev/xvda", "Ebs": { "VolumeSize": 20, "VolumeType": "gp3", "DeleteOnTermination": true, "Encrypted": false } }],
    })
}
