//! What a guide says of a launch template.

use std::collections::BTreeMap;

use landfall_core::value::Late;
use schemars::JsonSchema;
use serde::Deserialize;

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LaunchTemplate {
    /// Its name.
    pub name: String,
    /// What it is for; each version says it.
    #[serde(default)]
    pub description: Option<String>,
    /// The image; left out where the node group names an AMI type.
    #[serde(default)]
    pub image_id: Option<Late<String>>,
    /// The instance type, unless the node group names it: one place only.
    #[serde(default)]
    pub instance_type: Option<String>,
    /// The guide's template file that is run at start-up.
    #[serde(default)]
    pub user_data: Option<String>,
    /// The root volume.
    pub volume: Volume,
    /// How instances reach their own metadata.
    #[serde(default)]
    pub metadata: Metadata,
    /// The `Name` tag of instances and volumes.
    #[serde(default)]
    pub name_tag: Option<String>,
    /// Datapoints every minute instead of every five.
    #[serde(default)]
    pub monitoring: bool,
    /// Further tags of instances and volumes.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// A root volume.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// Size.
    pub gib: u32,
    /// e.g. `gp3`.
    #[serde(rename = "type", default = "gp3")]
    pub kind: String,
    /// Whether it is encrypted.
    #[serde(default = "yes")]
    pub encrypted: bool,
    /// A customer's KMS key; AWS's own where left out.
    #[serde(default)]
    pub kms_key: Option<String>,
    /// Where it is attached.
    #[serde(default = "xvda")]
    pub device: String,
}

/// Instance metadata options.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// `required` (IMDSv2) or `optional`.
    #[serde(default = "required")]
    pub http_tokens: String,
    /// How many network hops away metadata may be read: 1 from the host, 2 from containers, too.
    #[serde(default = "two")]
    pub hop_limit: u8,
}

impl Default for Metadata {
    fn default() -> Self {
        Self { http_tokens: required(), hop_limit: two() }
    }
}

fn gp3() -> String {
    "gp3".into()
}

fn yes() -> bool {
    true
}

fn xvda() -> String {
    "/dev/xvda".into()
}

fn required() -> String {
    "required".into()
}

fn two() -> u8 {
    2
}
