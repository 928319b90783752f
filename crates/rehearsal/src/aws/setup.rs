//! What exists in the account at the start, how long things take there, and what goes wrong: the scenario's part.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::Value;

use super::fault::Fault;
pub use super::{
    kept::{BucketSetup, DatabaseSetup, KeySetup, SesSetup},
    timing::{Join, Load, Timings},
};

/// The account. Left empty it is a sensible one: a cluster `pay-1` on Kubernetes 1.31 with a CPU node group,
/// three private subnets, a node role with its policies, and quota for GPU instances.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Setup {
    /// Account id.
    pub account: String,
    /// Its alias, as the console shows it.
    pub alias: Option<String>,
    /// Region where everything is; any other region is empty.
    pub region: String,
    /// Who the credentials belong to, as `sts get-caller-identity` says.
    pub caller: String,
    /// How long a session lasts from its first call; for ever where it is left out. A new access key id is a new session.
    pub session: Option<SignedDuration>,
    /// Actions the caller may not do, with `*` (`iam:Simulate*`); simulated as denied, too.
    pub denied: Vec<String>,
    /// Clusters.
    pub clusters: Vec<ClusterSetup>,
    /// VPCs beside the account's own.
    pub vpcs: Vec<VpcSetup>,
    /// Subnets, of the account's own VPC unless they say otherwise.
    pub subnets: Vec<SubnetSetup>,
    /// Roles.
    pub roles: Vec<RoleSetup>,
    /// Quotas that differ from the defaults: code to value.
    pub quotas: BTreeMap<String, f64>,
    /// Zones in which an instance type, or a database's class (`db.…`), is not offered: type to zones.
    pub not_offered: BTreeMap<String, Vec<String>>,
    /// Where launches fail for want of capacity.
    pub no_capacity: Vec<NoCapacity>,
    /// How nodes join.
    pub join: Join,
    /// How long the rest takes.
    pub timings: Timings,
    /// What the nodes are busy with.
    pub load: Load,
    /// Certificates in ACM.
    pub certificates: Vec<CertificateSetup>,
    /// Secrets in Secrets Manager: name to text.
    pub secrets: BTreeMap<String, String>,
    /// Buckets, also those of others, whose names are taken.
    pub buckets: Vec<BucketSetup>,
    /// KMS keys.
    pub keys: Vec<KeySetup>,
    /// Databases.
    pub databases: Vec<DatabaseSetup>,
    /// SES.
    pub ses: SesSetup,
    /// Calls made before the start, which leave behind what they leave behind.
    pub existing: Vec<Existing>,
    /// Calls that somebody else makes while it runs.
    pub later: Vec<Later>,
    /// What goes wrong with calls.
    pub faults: Vec<Fault>,
}

/// A cluster.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClusterSetup {
    /// Name.
    pub name: String,
    /// Kubernetes minor version.
    pub version: String,
    /// `ACTIVE`, `CREATING`, `FAILED` …
    pub status: String,
    /// `API_AND_CONFIG_MAP`, `API` or `CONFIG_MAP`.
    pub authentication_mode: String,
    /// `STANDARD` or `EXTENDED`.
    pub support_type: String,
    /// EKS Auto Mode.
    pub auto_mode: bool,
    /// Whether IAM knows the cluster's OIDC issuer.
    pub oidc_provider: bool,
    /// Whether it has the node group `cpu-1`: 2 × m8g.large.
    pub cpu_node_group: bool,
    /// Add-ons by name.
    pub addons: Vec<String>,
    /// Its subnets; all of the account's own VPC where it names none.
    pub subnets: Vec<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

impl Default for ClusterSetup {
    fn default() -> Self {
        Self {
            name: "pay-1".to_owned(),
            version: "1.31".to_owned(),
            status: "ACTIVE".to_owned(),
            authentication_mode: "API_AND_CONFIG_MAP".to_owned(),
            support_type: "EXTENDED".to_owned(),
            auto_mode: false,
            oidc_provider: true,
            cpu_node_group: true,
            addons: ["coredns", "kube-proxy", "metrics-server", "vpc-cni"].map(str::to_owned).to_vec(),
            subnets: Vec::new(),
            tags: BTreeMap::new(),
        }
    }
}

/// A VPC beside the account's own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VpcSetup {
    /// Id.
    pub id: String,
    /// Its `Name`.
    #[serde(default)]
    pub name: Option<String>,
    /// Addresses, e.g. `10.1.0.0/16`.
    pub cidr: String,
    /// Whether names are resolved in it, and what runs in it has some.
    #[serde(default = "yes")]
    pub dns: bool,
    /// Whether its private subnets lead out through a NAT gateway.
    #[serde(default = "yes")]
    pub nat: bool,
}

fn yes() -> bool {
    true
}

/// A subnet.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubnetSetup {
    /// Id.
    pub id: String,
    /// Its VPC; the account's own where it is left out.
    #[serde(default)]
    pub vpc: Option<String>,
    /// Zone, e.g. `us-east-2a`.
    pub zone: String,
    /// Addresses, e.g. `10.0.1.0/24`.
    pub cidr: String,
    /// Free addresses at the start.
    #[serde(default = "plenty")]
    pub free: i64,
    /// Whether it has a route to an internet gateway.
    #[serde(default)]
    pub public: bool,
}

fn plenty() -> i64 {
    200
}

/// A role.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoleSetup {
    /// Name.
    pub name: String,
    /// Path, `/` unless said otherwise.
    pub path: Option<String>,
    /// Service that may assume it, e.g. `ec2.amazonaws.com`.
    pub service: Option<String>,
    /// Names of attached AWS policies.
    pub policies: Vec<String>,
    /// Inline policies: name to document.
    pub inline: BTreeMap<String, Value>,
}

/// A want of capacity.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NoCapacity {
    /// In these zones; everywhere where empty.
    pub zones: Vec<String>,
    /// Of these types; of all GPU types where empty.
    pub instance_types: Vec<String>,
    /// Until this long after the start; for ever where it is left out.
    pub until: Option<SignedDuration>,
    /// Until this long after the node group that wants them was made: so it depends on no machine's speed.
    pub lasts: Option<SignedDuration>,
}

/// A certificate in ACM.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateSetup {
    /// Main name.
    pub domain: String,
    /// Further names.
    #[serde(default)]
    pub names: Vec<String>,
    /// `ISSUED`, `PENDING_VALIDATION`, `EXPIRED` …
    #[serde(default = "issued")]
    pub status: String,
    /// Days until it ends, from the start.
    #[serde(default = "most_of_a_year")]
    pub days: i64,
}

fn issued() -> String {
    "ISSUED".to_owned()
}

fn most_of_a_year() -> i64 {
    300
}

/// A call made before the start. In its input's texts `${group:CLUSTER/NODE_GROUP}` stands for the name of a
/// node group's scaling group, `${policy:CLUSTER/NODE_GROUP/NAME}` for the ARN of a scaling policy of it, and
/// `${issuer:CLUSTER}` inside a text for the cluster's OIDC issuer without `https://`, `${vpc}` for the account's own VPC,
/// `${route_table:NAME}` for one of its route tables (`main`, `public`, `private-ZONE`), and `${nodes:CLUSTER}` for the
/// cluster's own security group.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Existing {
    /// e.g. `ec2`.
    pub service: String,
    /// e.g. `CreateLaunchTemplate`.
    pub operation: String,
    /// The request, with the API's names.
    pub input: Value,
    /// How long before the start it was made; an hour where it is left out.
    #[serde(default = "an_hour")]
    pub ago: SignedDuration,
}

/// A call that somebody else makes while it runs, whatever the scenario denies to the one who installs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Later {
    /// e.g. `iam`.
    pub service: String,
    /// e.g. `PutRolePolicy`.
    pub operation: String,
    /// The request, as in `existing`.
    pub input: Value,
    /// How long after the start, or after `since`.
    pub after: SignedDuration,
    /// Counted from the first such call that went well: so it depends on no machine's speed.
    #[serde(default)]
    pub since: Option<Since>,
}

/// The call from which time is counted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Since {
    /// e.g. `ec2`.
    pub service: String,
    /// e.g. `CreateLaunchTemplate`.
    pub operation: String,
}

fn an_hour() -> SignedDuration {
    SignedDuration::from_hours(1)
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            account: "123456789012".to_owned(),
            alias: Some("corp-prod".to_owned()),
            region: "us-east-2".to_owned(),
            caller: "arn:aws:sts::123456789012:assumed-role/admin/sre".to_owned(),
            session: None,
            denied: Vec::new(),
            clusters: vec![ClusterSetup::default()],
            vpcs: Vec::new(),
            subnets: default_subnets(),
            roles: default_roles(),
            quotas: BTreeMap::from([("L-DB2E81BA".to_owned(), 64.0)]),
            not_offered: BTreeMap::new(),
            no_capacity: Vec::new(),
            join: Join::default(),
            timings: Timings::default(),
            load: Load::default(),
            certificates: Vec::new(),
            secrets: BTreeMap::new(),
            buckets: Vec::new(),
            keys: Vec::new(),
            databases: Vec::new(),
            ses: SesSetup::default(),
            existing: Vec::new(),
            later: Vec::new(),
            faults: Vec::new(),
        }
    }
}

fn default_subnets() -> Vec<SubnetSetup> {
    let subnet = |id: &str, zone: &str, third: u32, free: i64, public: bool| SubnetSetup {
        id: format!("subnet-0{id}"),
        vpc: None,
        zone: format!("us-east-2{zone}"),
        cidr: format!("10.0.{third}.0/24"),
        free,
        public,
    };
    vec![
        subnet("a1d3c5e7f9b24680", "a", 1, 203, false),
        subnet("b2e4d6f8a0c35791", "b", 2, 198, false),
        subnet("c3f5e7a9b1d46802", "c", 3, 211, false),
        subnet("d4a6f8b0c2e57913", "a", 101, 246, true),
        subnet("e5b7a9c1d3f68024", "b", 102, 247, true),
        subnet("f6c8b0d2e4a79135", "c", 103, 248, true),
    ]
}

fn default_roles() -> Vec<RoleSetup> {
    let role = |name: &str, service: Option<&str>, policies: &[&str]| RoleSetup {
        name: name.to_owned(),
        service: service.map(str::to_owned),
        policies: policies.iter().map(|name| (*name).to_owned()).collect(),
        ..RoleSetup::default()
    };
    vec![
        role("admin", None, &["AdministratorAccess"]),
        role("pay-1-cluster", Some("eks.amazonaws.com"), &["AmazonEKSClusterPolicy"]),
        role(
            "pay-1-nodes",
            Some("ec2.amazonaws.com"),
            &["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly"],
        ),
    ]
}
