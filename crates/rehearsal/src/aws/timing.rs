//! How long things take, how nodes join, and what they are busy with then.

use jiff::SignedDuration;
use serde::Deserialize;

/// How nodes join.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Join {
    /// This long after its launch an instance's node appears.
    pub after: SignedDuration,
    /// And this much longer for each further instance of a group.
    pub apart: SignedDuration,
    /// Node groups (with `*`) whose nodes never join.
    pub never: Vec<String>,
    /// Nodes that never join do so for this reason, as their console output shows.
    pub reason: String,
}

impl Default for Join {
    fn default() -> Self {
        Self {
            after: SignedDuration::from_secs(150),
            apart: SignedDuration::from_secs(12),
            never: Vec::new(),
            reason: "kubelet: Unable to register node with API server: dial tcp: i/o timeout".to_owned(),
        }
    }
}

/// How long things take.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timings {
    /// From CreateCluster to ACTIVE, and from DeleteCluster until it is gone; at once where it is left out, for tools that have
    /// waited as long before.
    pub cluster: SignedDuration,
    /// From CreateNodegroup to its auto scaling group.
    pub scaling_group: SignedDuration,
    /// From a launch to a running instance.
    pub launch: SignedDuration,
    /// From the last node's joining to ACTIVE.
    pub active: SignedDuration,
    /// Between two attempts to launch what could not be launched.
    pub launch_again: SignedDuration,
    /// From an unfulfilled scaling group to CREATE_FAILED.
    pub launch_gives_up: SignedDuration,
    /// From the scaling group to NodeCreationFailure. EKS User Guide, "Managed node group errors": 15 minutes.
    pub join_gives_up: SignedDuration,
    /// From NodeCreationFailure to CREATE_FAILED.
    pub failed: SignedDuration,
    /// From UpdateNodegroupConfig to its end.
    pub update: SignedDuration,
    /// From DeleteNodegroup until its instances go, and again until the group is gone.
    pub delete: SignedDuration,
    /// From a node's joining until the CloudWatch agent's data can be seen.
    pub metrics: SignedDuration,
    /// From CreateAddon to ACTIVE.
    pub addon: SignedDuration,
    /// From AssociateIdentityProviderConfig to ACTIVE, and from its opposite until it is gone.
    pub identity_provider: SignedDuration,
    /// From CreateDBInstance to its first backup.
    pub database: SignedDuration,
    /// From a backup's beginning to its end.
    pub database_backup: SignedDuration,
    /// From a change of a database to its end.
    pub database_change: SignedDuration,
    /// From DeleteDBInstance until its last snapshot is there and it is gone.
    pub database_delete: SignedDuration,
    /// From CreateRole or CreateUser until policies may name it; at once where it is left out.
    pub principal: SignedDuration,
    /// From a request for more quota until it is granted; never where it is left out.
    pub quota: Option<SignedDuration>,
}

impl Default for Timings {
    fn default() -> Self {
        let seconds = SignedDuration::from_secs;
        Self {
            cluster: SignedDuration::ZERO,
            scaling_group: seconds(40),
            launch: seconds(20),
            active: seconds(15),
            launch_again: seconds(60),
            launch_gives_up: seconds(25 * 60),
            join_gives_up: seconds(15 * 60),
            failed: seconds(60),
            update: seconds(40),
            delete: seconds(90),
            metrics: seconds(180),
            addon: seconds(30),
            identity_provider: seconds(12 * 60),
            database: seconds(6 * 60),
            database_backup: seconds(90),
            database_change: seconds(120),
            database_delete: seconds(4 * 60),
            principal: SignedDuration::ZERO,
            quota: None,
        }
    }
}

/// What the nodes are busy with, in percent.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Load {
    /// GPU.
    pub gpu: f64,
    /// CPU.
    pub cpu: f64,
    /// Whether the agent sets the dimension `arch`, which only one of its two parsers of `nvidia-smi` does.
    pub arch: bool,
}

impl Default for Load {
    fn default() -> Self {
        Self { gpu: 22.0, cpu: 14.0, arch: true }
    }
}
