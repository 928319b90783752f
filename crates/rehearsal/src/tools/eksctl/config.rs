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

impl Subnets {
    fn are_none(&self) -> bool {
        self.private.is_empty() && self.public.is_empty()
    }
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
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

/// What else eksctl takes of a managed node group: its own JSON schema, `ManagedNodeGroup`.
const OF_NODE_GROUPS: &[&str] = &[
    "additionalVolumes",
    "ami",
    "amiFamily",
    "asgSuspendProcesses",
    "bottlerocket",
    "capacityReservation",
    "disableIMDSv1",
    "disablePodIMDS",
    "ebsOptimized",
    "efaEnabled",
    "enableDetailedMonitoring",
    "iam",
    "instanceMarketOptions",
    "instanceName",
    "instancePrefix",
    "instanceSelector",
    "launchTemplate",
    "maxPodsPerNode",
    "nodeRepairConfig",
    "outpostARN",
    "overrideBootstrapCommand",
    "placement",
    "preBootstrapCommands",
    "propagateASGTags",
    "releaseVersion",
    "securityGroups",
    "spot",
    "ssh",
    "subnets",
    "taints",
    "updateConfig",
    "volumeEncrypted",
    "volumeIOPS",
    "volumeKmsKeyID",
    "volumeName",
    "volumeThroughput",
    "volumeType",
];

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
        let mut tree: Value = serde_yaml::from_str(&text).map_err(|error| loading(&error))?;
        without_nulls(&mut tree);
        let config: Self = serde_json::from_value(tree).map_err(|error| loading(&error))?;
        if config.api_version != "eksctl.io/v1alpha5" || config.kind != "ClusterConfig" {
            let why = format!("no kind {:?} is registered for version {:?}", config.kind, config.api_version);
            return Err(loading(&why));
        }
        let strange = |field: &&String| !OF_NODE_GROUPS.contains(&field.as_str());
        if let Some(field) = config.managed_node_groups.iter().flat_map(|group| group.others.keys()).find(strange) {
            return Err(loading(&format!("json: unknown field {field:?}")));
        }
        if !config.availability_zones.is_empty() && !config.vpc.subnets.are_none() {
            return Err("vpc.subnets and availabilityZones cannot be set at the same time".to_owned());
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

/// What is null is as good as left out, as Go reads it.
fn without_nulls(tree: &mut Value) {
    match tree {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}
