//! Clusters. One that is made later leads to the API server that is served.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::aws::{
    ask::{Ask, hex, page},
    ec2::vpc::home_id,
    error::AwsError,
    service::Asked,
    setup::ClusterSetup,
    state::State,
};

/// A cluster.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Name.
    pub name: String,
    /// As the scenario has it.
    pub setup: ClusterSetup,
    /// When it was made.
    pub created: Timestamp,
    /// Its API server.
    pub endpoint: String,
    /// Its CA, base64 of PEM.
    pub certificate_authority: String,
    /// Its OIDC issuer.
    pub issuer: String,
    /// Its own security group.
    pub security_group: String,
    /// Its subnets; all of the account's own VPC where it names none.
    pub subnets: Vec<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Since when it is told to go.
    pub deleting: Option<Timestamp>,
}

impl Cluster {
    /// A cluster of half a year, whose endpoint is nobody's until it is set.
    pub fn new(setup: &ClusterSetup, region: &str, start: Timestamp) -> Self {
        let id = hex(&format!("cluster/{region}/{}", setup.name), 32).to_uppercase();
        Self {
            name: setup.name.clone(),
            setup: setup.clone(),
            created: start - SignedDuration::from_hours(24 * 190),
            endpoint: format!("https://{id}.gr7.{region}.eks.amazonaws.com"),
            certificate_authority: STANDARD.encode("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"),
            issuer: format!("https://oidc.eks.{region}.amazonaws.com/id/{id}"),
            security_group: format!("sg-0{}", hex(&format!("cluster-sg/{region}/{}", setup.name), 16)),
            subnets: setup.subnets.clone(),
            tags: setup.tags.clone(),
            deleting: None,
        }
    }

    /// Its VPC: that of its subnets.
    pub fn vpc(&self, state: &State) -> String {
        let subnet = self.subnets.first().and_then(|id| state.subnets.get(id));
        subnet.map_or_else(|| home_id(state), |subnet| subnet.vpc.clone())
    }

    /// Its ARN.
    pub fn arn(&self, state: &State) -> String {
        state.arn("eks", &format!("cluster/{}", self.name))
    }

    fn answer(&self, state: &State) -> Value {
        let vpc = self.vpc(state);
        let own = |id: &String| self.subnets.is_empty() || self.subnets.contains(id);
        let subnets: Vec<&String> = state
            .subnets
            .values()
            .filter(|subnet| subnet.vpc == vpc)
            .map(|subnet| &subnet.id)
            .filter(|id| own(id))
            .collect();
        let auto = self.setup.auto_mode;
        let mut answer = json!({
            "name": self.name, "arn": self.arn(state), "createdAt": self.created.to_string(),
            "version": self.setup.version, "endpoint": self.endpoint, "status": self.setup.status,
            "roleArn": state.iam_arn(&format!("role/{}-cluster", self.name)),
            "resourcesVpcConfig": {
                "subnetIds": subnets, "securityGroupIds": [], "clusterSecurityGroupId": self.security_group,
                "vpcId": vpc, "endpointPublicAccess": true, "endpointPrivateAccess": true,
                "publicAccessCidrs": ["0.0.0.0/0"],
            },
            "kubernetesNetworkConfig": {
                "serviceIpv4Cidr": "172.20.0.0/16", "ipFamily": "ipv4", "elasticLoadBalancing": { "enabled": auto },
            },
            "logging": { "clusterLogging": [{ "types": ["api", "audit", "authenticator", "controllerManager", "scheduler"], "enabled": false }] },
            "identity": { "oidc": { "issuer": self.issuer } },
            "certificateAuthority": { "data": self.certificate_authority },
            "platformVersion": "eks.44", "tags": self.tags, "health": { "issues": [] },
            "accessConfig": { "authenticationMode": self.setup.authentication_mode },
            "upgradePolicy": { "supportType": self.setup.support_type },
        });
        if self.setup.status == "CREATING" {
            // EKS names neither before they are there.
            for field in ["endpoint", "certificateAuthority", "identity"] {
                answer.as_object_mut().map(|answer| answer.remove(field));
            }
        }
        if auto {
            answer["computeConfig"] = json!({ "enabled": true, "nodePools": ["general-purpose", "system"] });
            answer["storageConfig"] = json!({ "blockStorage": { "enabled": true } });
        }
        answer
    }
}

/// The cluster a request means.
pub fn find<'a>(state: &'a State, name: &str) -> Result<&'a Cluster, AwsError> {
    state
        .clusters
        .get(name)
        .ok_or_else(|| AwsError::new(404, "ResourceNotFoundException", format!("No cluster found for name: {name}.")))
}

/// Lets time pass: from CREATING to ACTIVE, and from DELETING until it is gone.
pub fn step(state: &mut State) {
    let (now, takes) = (state.now, state.setup.timings.cluster);
    state.clusters.retain(|_, cluster| cluster.deleting.is_none_or(|since| now < since + takes));
    for cluster in state.clusters.values_mut() {
        if cluster.setup.status == "CREATING" && cluster.deleting.is_none() && now >= cluster.created + takes {
            cluster.setup.status = "ACTIVE".to_owned();
        }
    }
}

/// CreateCluster.
pub fn create(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let name = input.text("name");
    if state.clusters.contains_key(name) {
        return Err(AwsError::new(409, "ResourceInUseException", format!("Cluster already exists with name: {name}")));
    }
    let setup = ClusterSetup {
        name: name.to_owned(),
        version: input.maybe("version").unwrap_or("1.33").to_owned(),
        cpu_node_group: false,
        subnets: input["resourcesVpcConfig"].texts("subnetIds").into_iter().map(str::to_owned).collect(),
        tags: serde_json::from_value(input["tags"].clone()).unwrap_or_default(),
        ..ClusterSetup::default()
    };
    let mut cluster = Cluster::new(&setup, &state.region, state.now);
    cluster.created = state.now;
    if !state.setup.timings.cluster.is_zero() {
        cluster.setup.status = "CREATING".to_owned();
    }
    if let Some((endpoint, authority)) = state.served.clone() {
        (cluster.endpoint, cluster.certificate_authority) = (endpoint, authority);
    }
    let answer = cluster.answer(state);
    state.clusters.insert(name.to_owned(), cluster);
    Ok(json!({ "cluster": answer }))
}

/// DeleteCluster.
pub fn delete(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let name = input.text("name");
    find(state, name)?;
    if state.node_groups.keys().any(|(cluster, _)| cluster == name) {
        return Err(AwsError::new(409, "ResourceInUseException", "Cluster has nodegroups attached"));
    }
    let now = state.now;
    if let Some(cluster) = state.clusters.get_mut(name) {
        cluster.deleting.get_or_insert(now);
        cluster.setup.status = "DELETING".to_owned();
    }
    let answer = find(state, name)?.answer(state);
    state.addons.retain(|(cluster, _), _| cluster != name);
    if state.setup.timings.cluster.is_zero() {
        state.clusters.remove(name);
    }
    Ok(json!({ "cluster": answer }))
}

/// DescribeCluster.
pub fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let cluster = find(state, input.text("name"))?;
    Ok(json!({ "cluster": cluster.answer(state) }))
}

/// ListClusters.
pub fn list(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let names: Vec<&String> = state.clusters.keys().collect();
    let (page, next) = page(names, input.whole("maxResults"), input.maybe("nextToken"))?;
    Ok(json!({ "clusters": page, "nextToken": next }))
}
