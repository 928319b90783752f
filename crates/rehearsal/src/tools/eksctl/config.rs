//! The config file: `ClusterConfig` of `eksctl.io/v1alpha5`, as far as a cluster with managed node groups needs it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A config. What is known to eksctl and makes no difference here is taken and left aside.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[allow(dead_code, reason = "eksctl takes more than makes a difference here")]
pub struct Config {
    api_version: String,
    kind: String,
    /// Name, region, version, tags.
    pub metadata: Metadata,
    /// Zones.
    #[serde(default)]
    pub availability_zones: Vec<String>,
    /// Its VPC.
    #[serde(default)]
    pub vpc: Vpc,
    /// Node groups.
    #[serde(default)]
    pub managed_node_groups: Vec<NodeGroup>,
    /// Add-ons.
    #[serde(default)]
    pub addons: Vec<Addon>,
    /// Identities.
    #[serde(default)]
    pub iam: Iam,
    #[serde(default)]
    access_config: Value,
    #[serde(default)]
    addons_config: Value,
    #[serde(default)]
    auto_mode_config: Value,
    #[serde(default)]
    cloud_watch: Value,
    #[serde(default)]
    iam_identity_mappings: Value,
    #[serde(default)]
    identity_providers: Value,
    #[serde(default)]
    kubernetes_network_config: Value,
    #[serde(default)]
    private_cluster: Value,
    #[serde(default)]
    secrets_encryption: Value,
    #[serde(default)]
    upgrade_policy: Value,
    #[serde(default)]
    zonal_shift_config: Value,
}

/// Name, region, version, tags.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "eksctl takes more than makes a difference here")]
pub struct Metadata {
    /// Name.
    pub name: String,
    /// Region.
    pub region: String,
    /// Kubernetes version; eksctl's own default where left out.
    #[serde(default = "usual_version")]
    pub version: String,
    /// Tags of everything that is made.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Notes that nobody reads.
    #[serde(default)]
    annotations: Value,
}

fn usual_version() -> String {
    "1.33".to_owned()
}

/// Its VPC.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(dead_code, reason = "eksctl takes more than makes a difference here")]
pub struct Vpc {
    /// One that is there.
    pub id: Option<String>,
    /// Of a new one.
    pub cidr: Option<String>,
    /// Subnets that are there, by zone or by a name of one's own.
    pub subnets: Subnets,
    nat: Value,
    #[serde(rename = "clusterEndpoints")]
    cluster_endpoints: Value,
    #[serde(rename = "publicAccessCIDRs")]
    public_access: Value,
    #[serde(rename = "autoAllocateIPv6")]
    ipv6: Value,
    #[serde(rename = "securityGroup")]
    security_group: Value,
    #[serde(rename = "manageSharedNodeSecurityGroupRules")]
    rules: Value,
}

/// Subnets that are there.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Subnets {
    /// Private ones.
    pub private: BTreeMap<String, Subnet>,
    /// Public ones.
    pub public: BTreeMap<String, Subnet>,
}

/// A subnet that is there.
#[derive(Clone, Debug, Deserialize)]
pub struct Subnet {
    /// Its id.
    pub id: String,
}

/// A managed node group.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeGroup {
    /// Its name.
    pub name: String,
    /// What it launches.
    #[serde(default)]
    pub instance_type: Option<String>,
    /// What it may launch.
    #[serde(default)]
    pub instance_types: Vec<String>,
    /// Fewest nodes.
    #[serde(default)]
    pub min_size: Option<i64>,
    /// Most nodes.
    #[serde(default)]
    pub max_size: Option<i64>,
    /// Wanted nodes.
    #[serde(default)]
    pub desired_capacity: Option<i64>,
    /// GiB.
    #[serde(default)]
    pub volume_size: Option<i64>,
    /// Labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Zones.
    #[serde(default)]
    pub availability_zones: Vec<String>,
    /// Whether its nodes have no public addresses.
    #[serde(default)]
    pub private_networking: bool,
}

/// An add-on.
#[derive(Clone, Debug, Deserialize)]
pub struct Addon {
    /// Its name.
    pub name: String,
}

/// Identities.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Iam {
    /// Whether IAM is told of the cluster's issuer.
    #[serde(rename = "withOIDC")]
    pub with_oidc: bool,
}

impl Config {
    /// Reads a config file.
    pub fn read(path: &str) -> Result<Self, String> {
        let loading = |why: &dyn std::fmt::Display| format!("loading config file {path:?}: {why}");
        let text = std::fs::read_to_string(path).map_err(|error| loading(&error))?;
        let config: Self = serde_yaml::from_str(&text).map_err(|error| loading(&error))?;
        if config.api_version != "eksctl.io/v1alpha5" || config.kind != "ClusterConfig" {
            let why = format!("no kind {:?} is registered for version {:?}", config.kind, config.api_version);
            return Err(loading(&why));
        }
        let mut minor = config.metadata.version.split('.').skip(1);
        if !minor.next().and_then(|minor| minor.parse::<u32>().ok()).is_some_and(|minor| (30..=34).contains(&minor)) {
            return Err(format!(
                "invalid version, {} is not supported, supported values: 1.30, 1.31, 1.32, 1.33, 1.34",
                config.metadata.version
            ));
        }
        if config.availability_zones.len() == 1 {
            return Err(format!(
                "only 1 zone(s) specified {:?}, 2 are required (can be non-unique)",
                config.availability_zones
            ));
        }
        Ok(config)
    }
}
