//! `aws.eks_gpu_amis`: which GPU images does EKS publish for a Kubernetes version? What cannot be used stays visible
//! with the reason.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};
use landfall_core::event::{Row, Table};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::{
    cloud::{
        Trouble,
        look::{
            aside,
            version::{Phase, Support, support},
        },
    },
    kind::{Context, Lookup, LookupAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GpuAmis {
    /// Kubernetes version of the cluster, e.g. `1.31`.
    version: String,
    /// `x86_64` or `arm64`.
    #[serde(default = "x86_64")]
    architecture: String,
}

fn x86_64() -> String {
    "x86_64".into()
}

/// One family of images, and where SSM has it.
struct Family {
    name: &'static str,
    ami_type: &'static str,
    prefix: String,
    release: &'static str,
    /// Why nobody should choose it, whatever SSM says.
    rejected: Option<&'static str>,
}

#[async_trait]
impl Lookup for GpuAmis {
    const ABOUT: LookupAbout = LookupAbout { name: "aws.eks_gpu_amis", about: "GPU images EKS publishes" };
    const SERVICES: &'static [&'static str] = &["ec2", "ssm"];

    async fn rows(&self, cx: &Context) -> Result<Table, Trouble> {
        let families = self.families();
        let names: Vec<String> = families
            .iter()
            .flat_map(|family| [format!("{}/image_id", family.prefix), format!("{}/{}", family.prefix, family.release)])
            .collect();
        // A name SSM does not know is no error: it comes back in InvalidParameters, and is simply not among these.
        let answer = cx.cloud.aws.ssm().await?.get_parameters().set_names(Some(names)).send().await?;
        let found: BTreeMap<String, String> = answer
            .parameters
            .unwrap_or_default()
            .into_iter()
            .filter_map(|parameter| Some((parameter.name?, parameter.value?)))
            .collect();
        let images: Vec<String> =
            families.iter().filter_map(|family| found.get(&format!("{}/image_id", family.prefix)).cloned()).collect();
        let dates = dates(cx, &images).await?;
        let support = aside(support(&cx.cloud, &self.version).await)?.flatten();
        let now = cx.cloud.clock().now();
        let rows = families
            .iter()
            .map(|family| {
                let image = found.get(&format!("{}/image_id", family.prefix));
                let release = found.get(&format!("{}/{}", family.prefix, family.release));
                let date = image.and_then(|image| dates.get(image).copied()).or(release.and_then(|text| date_in(text)));
                self.row(family, image, release, date, support.as_ref(), now)
            })
            .collect();
        let region = cx.cloud.aws.region().await.unwrap_or_default();
        Ok(Table {
            columns: ["family", "Kubernetes", "release", "date", "support"].map(str::to_owned).to_vec(),
            rows,
            note: format!("SSM parameters of EKS in {region}"),
        })
    }
}

impl GpuAmis {
    fn families(&self) -> Vec<Family> {
        let version = &self.version;
        let eks = format!("/aws/service/eks/optimized-ami/{version}");
        let arm = self.architecture == "arm64";
        let mut families = vec![Family {
            name: "Amazon Linux 2023, NVIDIA",
            ami_type: if arm { "AL2023_ARM_64_NVIDIA" } else { "AL2023_x86_64_NVIDIA" },
            prefix: format!("{eks}/amazon-linux-2023/{}/nvidia/recommended", self.architecture),
            release: "release_version",
            rejected: None,
        }];
        families.push(Family {
            name: "Bottlerocket, NVIDIA",
            ami_type: if arm { "BOTTLEROCKET_ARM_64_NVIDIA" } else { "BOTTLEROCKET_x86_64_NVIDIA" },
            prefix: format!("/aws/service/bottlerocket/aws-k8s-{version}-nvidia/{}/latest", self.architecture),
            release: "image_version",
            rejected: Some("it takes settings, not scripts: the guide's metrics agent cannot be installed on it"),
        });
        if !arm {
            families.push(Family {
                name: "Amazon Linux 2, GPU",
                ami_type: "AL2_x86_64_GPU",
                prefix: format!("{eks}/amazon-linux-2-gpu/recommended"),
                release: "release_version",
                rejected: Some(
                    "Amazon Linux 2 ended 2026-06-30, its images stopped in November 2025; only to adopt what runs",
                ),
            });
        }
        families
    }

    fn row(
        &self,
        family: &Family,
        image: Option<&String>,
        release: Option<&String>,
        date: Option<Date>,
        support: Option<&Support>,
        now: Timestamp,
    ) -> Row {
        let rejected = match (image, family.rejected) {
            (None, _) => Some(format!("not published for Kubernetes {}", self.version)),
            (Some(_), Some(reason)) => Some(reason.to_owned()),
            (Some(_), None) => None,
        };
        let life = match support {
            Some(support) => match support.phase(now) {
                Phase::Standard => support.ends(now),
                Phase::Extended => format!("extended; {}", support.ends(now)),
                Phase::Over => support.ends(now),
            },
            None => String::new(),
        };
        let text = |value: Option<&String>| value.cloned().unwrap_or_default();
        Row {
            value: json!({
                "family": family.name,
                "ami_type": family.ami_type,
                "image_id": image,
                "release_version": release,
                "version": self.version,
            }),
            cells: vec![
                family.name.to_owned(),
                self.version.clone(),
                text(release),
                date.map_or_else(String::new, |date| date.to_string()),
                life,
            ],
            suggested: rejected.is_none(),
            rejected,
        }
    }
}

/// When the images were made; only for the table.
async fn dates(cx: &Context, images: &[String]) -> Result<BTreeMap<String, Date>, Trouble> {
    if images.is_empty() {
        return Ok(BTreeMap::new());
    }
    let answer = cx.cloud.aws.ec2().await?.describe_images().set_image_ids(Some(images.to_vec())).send().await;
    let described = aside(answer)?.and_then(|answer| answer.images).unwrap_or_default();
    let dated = |image: aws_sdk_ec2::types::Image| {
        let date = image.creation_date?.get(..10)?.parse().ok()?;
        Some((image.image_id?, date))
    };
    Ok(described.into_iter().filter_map(dated).collect())
}

/// The date at the end of a release version: `1.31.13-20251120`.
fn date_in(release: &str) -> Option<Date> {
    let digits = release.rsplit('-').next()?.trim_start_matches('v');
    let part = |range: std::ops::Range<usize>| digits.get(range)?.parse::<i16>().ok();
    if digits.len() != 8 {
        return None;
    }
    Date::new(part(0..4)?, i8::try_from(part(4..6)?).ok()?, i8::try_from(part(6..8)?).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(of: usize, image: Option<&str>) -> Row {
        let lookup = GpuAmis { version: "1.33".into(), architecture: x86_64() };
        let families = lookup.families();
        let now = "2026-11-20T00:00:00Z".parse().unwrap();
        lookup.row(&families[of], image.map(str::to_owned).as_ref(), None, None, None, now)
    }

    #[test]
    fn al2023_is_suggested_and_the_others_stay_visible_with_their_reason() {
        assert!(row(0, Some("ami-1")).suggested);
        assert!(row(1, Some("ami-2")).rejected.unwrap().contains("settings, not scripts"));
        assert!(row(2, Some("ami-3")).rejected.unwrap().contains("only to adopt"));
        assert_eq!(row(2, None).rejected.unwrap(), "not published for Kubernetes 1.33");
    }

    #[test]
    fn arm_has_no_al2_gpu_image() {
        let lookup = GpuAmis { version: "1.33".into(), architecture: "arm64".into() };
        assert_eq!(lookup.families().len(), 2);
        assert!(lookup.families()[0].prefix.contains("/arm64/nvidia/"));
    }

    #[test]
    fn a_release_carries_its_date() {
        assert_eq!(date_in("1.31.13-20251120"), Some(Date::constant(2025, 11, 20)));
        assert_eq!(date_in("1.49.0"), None);
    }
}
