//! Security groups and their rules: a VPC's default one, each cluster's own, and those that somebody made.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{filter, vpc};
use crate::aws::{
    ask::{Ask, hex, page},
    error::AwsError,
    service::Asked,
    state::State,
};

/// A security group. Its tags are with those of everything that keeps none itself.
#[derive(Clone, Debug)]
pub struct SecurityGroup {
    /// `sg-…`.
    pub id: String,
    /// One of a kind in its VPC.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its VPC.
    pub vpc: String,
}

/// What a group lets in, or out.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// `sgr-…`.
    pub id: String,
    /// Its group.
    pub group: String,
    /// Whether it is about what goes out.
    pub egress: bool,
    /// `tcp`, `udp`, or `-1` for all.
    pub protocol: String,
    /// First port, -1 for all.
    pub from: i64,
    /// Last port, -1 for all.
    pub to: i64,
    /// Addresses.
    pub cidr: Option<String>,
    /// The other group.
    pub source: Option<String>,
    /// What it is for.
    pub description: Option<String>,
}

impl Rule {
    fn everything(group: &str, egress: bool, source: Option<&str>) -> Self {
        let cidr = source.is_none().then(|| "0.0.0.0/0".to_owned());
        Self {
            id: format!("sgr-0{}", hex(&format!("sgr/{group}/{egress}/{source:?}"), 16)),
            group: group.to_owned(),
            egress,
            protocol: "-1".to_owned(),
            from: -1,
            to: -1,
            cidr,
            source: source.map(str::to_owned),
            description: None,
        }
    }

    fn same(&self, other: &Self) -> bool {
        let key = |rule: &Self| {
            (rule.egress, rule.protocol.clone(), rule.from, rule.to, rule.cidr.clone(), rule.source.clone())
        };
        self.group == other.group && key(self) == key(other)
    }

    /// As a permission of its group.
    fn permission(&self, account: &str) -> Value {
        let mut permission = json!({ "IpProtocol": self.protocol });
        if self.protocol != "-1" {
            permission["FromPort"] = self.from.into();
            permission["ToPort"] = self.to.into();
        }
        if let Some(cidr) = &self.cidr {
            permission["IpRanges"] = json!([{ "CidrIp": cidr, "Description": self.description }]);
        }
        if let Some(source) = &self.source {
            permission["UserIdGroupPairs"] =
                json!([{ "GroupId": source, "UserId": account, "Description": self.description }]);
        }
        permission
    }

    fn answer(&self, state: &State) -> Value {
        let account = &state.setup.account;
        let tags = state.tags.get(&self.id).cloned().unwrap_or_default();
        let source = self.source.as_ref().map(|id| json!({ "GroupId": id, "UserId": account }));
        json!({
            "SecurityGroupRuleId": self.id, "GroupId": self.group, "GroupOwnerId": account, "IsEgress": self.egress,
            "IpProtocol": self.protocol, "FromPort": self.from, "ToPort": self.to, "CidrIpv4": self.cidr,
            "ReferencedGroupInfo": source, "Description": self.description, "Tags": filter::tags(&tags),
        })
    }
}

/// Id of a VPC's default group.
fn default_group(state: &State, vpc: &str) -> String {
    let seed = if vpc == vpc::home_id(state) { state.region.clone() } else { vpc.to_owned() };
    format!("sg-0{}", hex(&format!("default-sg/{seed}"), 16))
}

/// All groups: those that come with VPCs and clusters, and those that were made.
pub fn groups(state: &State) -> Vec<SecurityGroup> {
    let of_vpcs = state.vpcs.keys().map(|vpc| SecurityGroup {
        id: default_group(state, vpc),
        name: "default".to_owned(),
        description: "default VPC security group".to_owned(),
        vpc: vpc.clone(),
    });
    let of_clusters = state.clusters.values().map(|cluster| SecurityGroup {
        id: cluster.security_group.clone(),
        name: format!("eks-cluster-sg-{}-{}", cluster.name, hex(&cluster.name, 9)),
        description: "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, as well as any managed workloads.".to_owned(),
        vpc: cluster.vpc(state),
    });
    of_vpcs.chain(of_clusters).chain(state.security_groups.values().cloned()).collect()
}

/// All rules: those that groups begin with, and those that were made.
fn rules(state: &State, groups: &[SecurityGroup]) -> Vec<Rule> {
    let mut all = Vec::new();
    for group in groups {
        all.push(Rule::everything(&group.id, true, None));
        // A VPC's default group and a cluster's let their own members in.
        if !state.security_groups.contains_key(&group.id) {
            all.push(Rule::everything(&group.id, false, Some(&group.id)));
        }
    }
    all.extend(state.rules.values().cloned());
    all
}

fn missing(id: &str) -> AwsError {
    AwsError::bad("InvalidGroup.NotFound", format!("The security group '{id}' does not exist"))
}

/// DescribeSecurityGroups.
pub fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let groups = groups(state);
    let rules = rules(state, &groups);
    let (ids, names) = (input.texts("GroupIds"), input.texts("GroupNames"));
    if let Some(id) = ids.iter().find(|id| !groups.iter().any(|group| group.id == **id)) {
        return Err(missing(id));
    }
    let mut found = Vec::new();
    for group in &groups {
        let named =
            (ids.is_empty() || ids.contains(&&*group.id)) && (names.is_empty() || names.contains(&&*group.name));
        let tags = state.tags.get(&group.id).cloned().unwrap_or_default();
        let fits = filter::passes(input.list("Filters"), |filter| match filter {
            "group-id" => Some(vec![group.id.clone()]),
            "group-name" => Some(vec![group.name.clone()]),
            "vpc-id" => Some(vec![group.vpc.clone()]),
            "description" => Some(vec![group.description.clone()]),
            _ => filter::tag_values(filter, &tags),
        })?;
        if named && fits {
            let permissions = |egress: bool| -> Vec<Value> {
                let own = rules.iter().filter(|rule| rule.group == group.id && rule.egress == egress);
                own.map(|rule| rule.permission(&state.setup.account)).collect()
            };
            found.push(json!({
                "GroupId": group.id, "GroupName": group.name, "Description": group.description,
                "OwnerId": state.setup.account, "VpcId": group.vpc, "IpPermissions": permissions(false),
                "IpPermissionsEgress": permissions(true), "Tags": filter::tags(&tags),
            }));
        }
    }
    let (page, next) = page(found, input.whole("MaxResults"), input.maybe("NextToken"))?;
    Ok(json!({ "SecurityGroups": page, "NextToken": next }))
}

/// DescribeSecurityGroupRules.
pub fn describe_rules(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let groups = groups(state);
    let ids = input.texts("SecurityGroupRuleIds");
    let mut found = Vec::new();
    for rule in rules(state, &groups).iter().filter(|rule| ids.is_empty() || ids.contains(&&*rule.id)) {
        let tags = state.tags.get(&rule.id).cloned().unwrap_or_default();
        let fits = filter::passes(input.list("Filters"), |filter| match filter {
            "group-id" => Some(vec![rule.group.clone()]),
            "security-group-rule-id" => Some(vec![rule.id.clone()]),
            _ => filter::tag_values(filter, &tags),
        })?;
        if fits {
            found.push(rule.answer(state));
        }
    }
    let (page, next) = page(found, input.whole("MaxResults"), input.maybe("NextToken"))?;
    Ok(json!({ "SecurityGroupRules": page, "NextToken": next }))
}

/// CreateSecurityGroup.
pub fn create(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let name = input.text("GroupName").to_owned();
    let vpc = input.maybe("VpcId").map_or_else(|| vpc::home_id(state), str::to_owned);
    vpc::find(state, &vpc)?;
    if groups(state).iter().any(|group| group.vpc == vpc && group.name == name) {
        let message = format!("The security group '{name}' already exists for VPC '{vpc}'");
        return Err(AwsError::bad("InvalidGroup.Duplicate", message));
    }
    if name.starts_with("sg-") {
        let message = "Invalid security group name. The name of a security group cannot start with 'sg-'.";
        return Err(AwsError::bad("InvalidParameterValue", message));
    }
    let description = input.text("Description").to_owned();
    let strange = |letter: char| !(letter.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(letter));
    if description.chars().any(strange) {
        let message = "Invalid security group description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*";
        return Err(AwsError::bad("InvalidParameterValue", message));
    }
    let id = format!("sg-0{}", hex(&format!("sg/{vpc}/{name}"), 16));
    let tags = filter::specified(input.list("TagSpecifications"), "security-group");
    state.tags.insert(id.clone(), tags.clone());
    state.security_groups.insert(id.clone(), SecurityGroup { id: id.clone(), name, description, vpc });
    Ok(json!({ "GroupId": id, "Tags": filter::tags(&tags) }))
}

/// DeleteSecurityGroup. Databases that have it and rules of other groups keep it.
pub fn delete(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let id = input.text("GroupId");
    if !state.security_groups.contains_key(id) {
        let Some(group) = groups(state).into_iter().find(|group| group.id == id) else { return Err(missing(id)) };
        let message = format!("the specified group: \"{id}\" name: \"{}\" cannot be deleted by a user", group.name);
        return Err(AwsError::bad("CannotDelete", message));
    }
    let named = state.rules.values().any(|rule| rule.group != id && rule.source.as_deref() == Some(id));
    let used = state.databases.values().any(|database| database.groups.iter().any(|group| group == id));
    if named || used {
        return Err(AwsError::bad("DependencyViolation", format!("resource {id} has a dependent object")));
    }
    state.security_groups.remove(id);
    state.tags.remove(id);
    let gone: Vec<String> = state.rules.values().filter(|rule| rule.group == id).map(|rule| rule.id.clone()).collect();
    for rule in gone {
        state.rules.remove(&rule);
        state.tags.remove(&rule);
    }
    Ok(json!({ "Return": true, "GroupId": id }))
}

/// The rules a request means.
fn asked_rules(state: &State, input: &Value) -> Result<Vec<Rule>, AwsError> {
    let group = input.text("GroupId");
    let groups = groups(state);
    let known = |id: &str| groups.iter().any(|group| group.id == id);
    if !known(group) {
        return Err(missing(group));
    }
    let mut permissions = input.list("IpPermissions").to_vec();
    if permissions.is_empty() && input.part("IpProtocol").is_some() {
        permissions.push(json!({
            "IpProtocol": input["IpProtocol"], "FromPort": input["FromPort"], "ToPort": input["ToPort"],
            "IpRanges": input.maybe("CidrIp").map(|cidr| vec![json!({ "CidrIp": cidr })]).unwrap_or_default(),
        }));
    }
    let mut rules = Vec::new();
    for permission in &permissions {
        let rule = |cidr: Option<&str>, source: Option<&str>, description: Option<&str>| Rule {
            id: String::new(),
            group: group.to_owned(),
            egress: false,
            protocol: permission.text("IpProtocol").to_owned(),
            from: permission.whole("FromPort").unwrap_or(-1),
            to: permission.whole("ToPort").unwrap_or(-1),
            cidr: cidr.map(str::to_owned),
            source: source.map(str::to_owned),
            description: description.map(str::to_owned),
        };
        for range in permission.list("IpRanges") {
            rules.push(rule(range.maybe("CidrIp"), None, range.maybe("Description")));
        }
        for pair in permission.list("UserIdGroupPairs") {
            let source = pair.text("GroupId");
            if !known(source) {
                return Err(missing(source));
            }
            rules.push(rule(None, Some(source), pair.maybe("Description")));
        }
    }
    Ok(rules)
}

/// AuthorizeSecurityGroupIngress.
pub fn authorize(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let groups = groups(state);
    let there = rules(state, &groups);
    let mut made = Vec::new();
    for mut rule in asked_rules(state, input)? {
        if there.iter().any(|known| known.same(&rule)) {
            let peer = rule.source.clone().or_else(|| rule.cidr.clone()).unwrap_or_default();
            let message = format!(
                "the specified rule \"peer: {peer}, {}, from port: {}, to port: {}, ALLOW\" already exists",
                rule.protocol.to_uppercase(),
                rule.from,
                rule.to
            );
            return Err(AwsError::bad("InvalidPermission.Duplicate", message));
        }
        let seed = format!("sgr/{}/{}/{}", rule.group, state.rules.len(), asked.now);
        rule.id = format!("sgr-0{}", hex(&seed, 16));
        let tags = filter::specified(input.list("TagSpecifications"), "security-group-rule");
        state.tags.insert(rule.id.clone(), tags);
        made.push(rule.answer(state));
        state.rules.insert(rule.id.clone(), rule);
    }
    Ok(json!({ "Return": true, "SecurityGroupRules": made }))
}

/// RevokeSecurityGroupIngress.
pub fn revoke(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let mut ids: Vec<String> = Vec::new();
    for id in input.texts("SecurityGroupRuleIds") {
        if !state.rules.contains_key(id) {
            let message = format!("The security group rule ID '{id}' does not exist");
            return Err(AwsError::bad("InvalidSecurityGroupRuleId.NotFound", message));
        }
        ids.push(id.to_owned());
    }
    for wanted in asked_rules(state, input)? {
        match state.rules.values().find(|rule| rule.same(&wanted)) {
            Some(rule) => ids.push(rule.id.clone()),
            None => {
                let message = "The specified rule does not exist in this security group.";
                return Err(AwsError::bad("InvalidPermission.NotFound", message));
            }
        }
    }
    for id in ids {
        state.rules.remove(&id);
        state.tags.remove(&id);
    }
    Ok(json!({ "Return": true }))
}

/// What was made of groups and rules, for a snapshot.
pub fn kept(state: &State) -> Value {
    let rules = |group: &str| -> Vec<Value> {
        let own = state.rules.values().filter(|rule| rule.group == group);
        let mut all: Vec<Value> = own
            .map(|rule| {
                json!({
                    "protocol": rule.protocol, "ports": [rule.from, rule.to], "from": rule.source, "cidr": rule.cidr,
                    "description": rule.description, "tags": state.tags.get(&rule.id),
                })
            })
            .collect();
        all.sort_by_key(Value::to_string);
        all
    };
    let of = |group: &SecurityGroup| json!({ "name": group.name, "description": group.description, "vpc": group.vpc, "tags": state.tags.get(&group.id), "rules": rules(&group.id) });
    let all: BTreeMap<String, Value> = groups(state).iter().map(|group| (group.id.clone(), of(group))).collect();
    json!(all)
}
