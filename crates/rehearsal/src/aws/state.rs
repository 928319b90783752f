//! Everything that exists in one region of the account, and IAM.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{
    autoscaling::{Group, Policy},
    cloudwatch::Alarm,
    ec2::{Endpoint, Instance, LaunchTemplate, Room, Rule, SecurityGroup, Subnet, Vpc},
    eks::{Addon, Cluster, IdentityProvider, NodeGroup, Update},
    iam::Iam,
    kms::Key,
    rds::{Database, Snapshot, SubnetGroup},
    s3::Bucket,
    setup::Setup,
};
use crate::world::Happening;

/// A region, and IAM where the region is the account's own.
#[derive(Debug)]
pub struct State {
    /// What was asked for.
    pub setup: Setup,
    /// This region.
    pub region: String,
    /// When the rehearsal began.
    pub start: Timestamp,
    /// How far it has been moved on.
    pub now: Timestamp,
    /// Address and authority (base64 of PEM) of the API server that is served.
    pub served: Option<(String, String)>,
    /// EKS clusters by name.
    pub clusters: BTreeMap<String, Cluster>,
    /// Managed node groups by cluster and name.
    pub node_groups: BTreeMap<(String, String), NodeGroup>,
    /// EKS updates by id.
    pub updates: BTreeMap<String, Update>,
    /// Add-ons by cluster and name.
    pub addons: BTreeMap<(String, String), Addon>,
    /// Identity providers of people by cluster and name.
    pub identity_providers: BTreeMap<(String, String), IdentityProvider>,
    /// Pod identity associations by id.
    pub pod_identities: BTreeMap<String, Value>,
    /// Launch templates by id.
    pub launch_templates: BTreeMap<String, LaunchTemplate>,
    /// VPCs by id.
    pub vpcs: BTreeMap<String, Vpc>,
    /// Subnets by id.
    pub subnets: BTreeMap<String, Subnet>,
    /// Security groups that somebody made, by id.
    pub security_groups: BTreeMap<String, SecurityGroup>,
    /// Rules that somebody made, by id.
    pub rules: BTreeMap<String, Rule>,
    /// Gateway endpoints by id.
    pub endpoints: BTreeMap<String, Endpoint>,
    /// Instances by id, also those that are gone.
    pub instances: BTreeMap<String, Instance>,
    /// Auto scaling groups by name.
    pub groups: BTreeMap<String, Group>,
    /// Scaling policies by group and name.
    pub policies: BTreeMap<(String, String), Policy>,
    /// CloudWatch alarms by name.
    pub alarms: BTreeMap<String, Alarm>,
    /// Roles, providers, users.
    pub iam: Iam,
    /// Buckets by name, those of other accounts too.
    pub buckets: BTreeMap<String, Bucket>,
    /// KMS keys by id.
    pub keys: BTreeMap<String, Key>,
    /// Ids of KMS keys by alias.
    pub aliases: BTreeMap<String, String>,
    /// Databases by name.
    pub databases: BTreeMap<String, Database>,
    /// Databases' groups of subnets by name.
    pub subnet_groups: BTreeMap<String, SubnetGroup>,
    /// Databases' snapshots by name.
    pub database_snapshots: BTreeMap<String, Snapshot>,
    /// Quotas that were asked for: code, value, when.
    pub quota_requests: Vec<(String, f64, Timestamp)>,
    /// Tags by ARN or id of what keeps none itself.
    pub tags: BTreeMap<String, BTreeMap<String, String>>,
    /// Answers by operation and client token, with a digest of the request.
    pub tokens: BTreeMap<(String, String), (String, Value)>,
    /// Which load balancers find subnets, as the rest of the world knows it.
    pub room: Room,
    /// What the rest of the world has not been told yet.
    pub happenings: Vec<Happening>,
}

impl State {
    /// A region with nothing in it.
    pub fn empty(setup: &Setup, region: &str, start: Timestamp) -> Self {
        Self {
            setup: setup.clone(),
            region: region.to_owned(),
            start,
            now: start,
            served: None,
            clusters: BTreeMap::new(),
            node_groups: BTreeMap::new(),
            updates: BTreeMap::new(),
            addons: BTreeMap::new(),
            identity_providers: BTreeMap::new(),
            pod_identities: BTreeMap::new(),
            launch_templates: BTreeMap::new(),
            vpcs: BTreeMap::new(),
            subnets: BTreeMap::new(),
            security_groups: BTreeMap::new(),
            rules: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            instances: BTreeMap::new(),
            groups: BTreeMap::new(),
            policies: BTreeMap::new(),
            alarms: BTreeMap::new(),
            iam: Iam::default(),
            buckets: BTreeMap::new(),
            keys: BTreeMap::new(),
            aliases: BTreeMap::new(),
            databases: BTreeMap::new(),
            subnet_groups: BTreeMap::new(),
            database_snapshots: BTreeMap::new(),
            quota_requests: Vec::new(),
            tags: BTreeMap::new(),
            tokens: BTreeMap::new(),
            room: Room::default(),
            happenings: Vec::new(),
        }
    }

    /// `arn:aws:SERVICE:REGION:ACCOUNT:REST`.
    pub fn arn(&self, service: &str, rest: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{rest}", self.region, self.setup.account)
    }

    /// `arn:aws:iam::ACCOUNT:REST`.
    pub fn iam_arn(&self, rest: &str) -> String {
        format!("arn:aws:iam::{}:{rest}", self.setup.account)
    }

    /// Moves on to `to`, in steps short enough that nothing happens out of order.
    /// Only the last hour is walked through step by step: nothing that was begun takes longer.
    pub fn advance(&mut self, to: Timestamp) {
        let longest = SignedDuration::from_hours(1);
        if to.duration_since(self.now) > longest {
            let settled = self.now + longest;
            self.walk(settled);
            self.now = to - longest;
        }
        self.walk(to);
    }

    fn walk(&mut self, to: Timestamp) {
        let step = SignedDuration::from_secs(5);
        while self.now < to {
            self.now = (self.now + step).min(to);
            super::eks::life::step(self);
            super::rds::life::step(self);
        }
        let room = super::ec2::load_balancer::room(self);
        if room != self.room {
            self.room = room;
            self.happenings.push(Happening::LoadBalancerRoom(room));
        }
    }
}
