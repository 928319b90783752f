//! What is there, without times: two installs that did the same leave equal snapshots.

use serde_json::{Map, Value, json};

use super::{
    ask::Ask,
    ec2::{endpoint, security_group, vpc},
    rds,
    state::State,
};

/// Members that tell a moment.
const TIMES: &[&str] = &["createdAt", "modifiedAt", "CreateTime", "CreateDate"];

/// Everything an install could leave behind.
pub fn snapshot(state: &State) -> Value {
    let node_groups: Map<String, Value> = state
        .node_groups
        .values()
        .map(|group| (format!("{}/{}", group.cluster, group.name), timeless(group.answer(state))))
        .collect();
    let launch_templates: Map<String, Value> = state
        .launch_templates
        .values()
        .map(|template| {
            let versions: Map<String, Value> = template
                .versions
                .iter()
                .map(|(number, version)| {
                    (number.to_string(), json!({ "description": version.description, "data": version.data }))
                })
                .collect();
            (template.name.clone(), json!({ "default": template.default, "versions": versions, "tags": template.tags }))
        })
        .collect();
    let groups: Map<String, Value> = state
        .groups
        .values()
        .map(|group| {
            let sizes = [group.scaling.min, group.scaling.max, group.scaling.desired];
            (group.name.clone(), json!({ "sizes": sizes, "tags": group.tags }))
        })
        .collect();
    let policies: Map<String, Value> = state
        .policies
        .values()
        .map(|policy| (format!("{}/{}", policy.group, policy.name), Value::Object(policy.input.clone())))
        .collect();
    let alarms: Map<String, Value> = state
        .alarms
        .values()
        .map(|alarm| (alarm.name.clone(), json!({ "alarm": alarm.input, "tags": alarm.tags })))
        .collect();
    let roles: Map<String, Value> = state
        .iam
        .roles
        .values()
        .map(|role| {
            let mut attached = role.attached.clone();
            attached.sort();
            let role_value = json!({
                "path": role.path, "trust": role.trust, "attached": attached, "inline": role.inline,
                "boundary": role.boundary, "tags": role.tags,
            });
            (role.name.clone(), role_value)
        })
        .collect();
    let mut nodes: Vec<Value> = state
        .instances
        .values()
        .filter(|instance| instance.lives())
        .map(|instance| json!({ "group": instance.group, "type": instance.kind.name, "joined": instance.joined.is_some() }))
        .collect();
    nodes.sort_by_key(Value::to_string);
    let addons: Map<String, Value> = state
        .addons
        .values()
        .map(|addon| {
            (
                format!("{}/{}", addon.cluster, addon.name),
                json!({ "version": addon.version, "status": addon.status, "role": addon.role }),
            )
        })
        .collect();
    let pod_identities: Vec<Value> = state.pod_identities.values().cloned().map(timeless).collect();
    let users: Map<String, Value> = state
        .iam
        .users
        .values()
        .map(|user| {
            let keys: Vec<&String> = user.keys.iter().map(|key| &key.status).collect();
            (
                user.name.clone(),
                json!({ "inline": user.inline, "attached": user.attached, "boundary": user.boundary, "tags": user.tags, "keys": keys }),
            )
        })
        .collect();
    let buckets: Map<String, Value> = state
        .buckets
        .values()
        .map(|bucket| {
            let settings = json!({
                "region": bucket.region, "encryption": bucket.encryption, "block": bucket.block, "versioning": bucket.versioning,
                "tags": bucket.tags, "policy": bucket.policy,
            });
            (bucket.name.clone(), settings)
        })
        .collect();
    let mut keys: Vec<Value> = state
        .keys
        .values()
        .map(|key| {
            let aliases: Vec<&String> =
                state.aliases.iter().filter(|(_, id)| **id == key.id).map(|(alias, _)| alias).collect();
            let grants: Vec<&Value> = key.grants.values().map(|grant| &grant["GranteePrincipal"]).collect();
            json!({
                "aliases": aliases, "policy": key.policy, "rotates": key.rotates, "tags": key.tags, "grants": grants,
                "goes": key.deletion.is_some(), "description": key.description,
            })
        })
        .collect();
    keys.sort_by_key(Value::to_string);
    let network = json!({
        "vpcs": vpc::kept(state), "security_groups": security_group::kept(state), "endpoints": endpoint::kept(state),
        "subnets": state.subnets.values().map(|subnet| (subnet.id.clone(), json!([subnet.vpc, subnet.cidr, subnet.tags]))).collect::<Map<_, _>>(),
    });
    let identity_providers: Vec<Value> =
        state.identity_providers.values().map(|provider| provider.answer(state)).collect();
    let requests: Vec<Value> =
        state.quota_requests.iter().map(|(code, value, _)| json!({ "code": code, "value": value })).collect();
    json!({
        "node_groups": node_groups, "launch_templates": launch_templates, "scaling_groups": groups,
        "scaling_policies": policies, "alarms": alarms, "roles": roles, "instances": nodes, "addons": addons,
        "identity_providers": identity_providers, "pod_identities": pod_identities, "users": users, "buckets": buckets, "keys": keys, "network": network,
        "databases": rds::kept_instances(state), "subnet_groups": rds::kept_subnet_groups(state),
        "snapshots": rds::kept_snapshots(state), "oidc_providers": state.iam.providers.keys().collect::<Vec<_>>(),
        "quota_requests": requests, "cluster_tags": state.clusters.values().map(|cluster| (cluster.name.clone(), json!(cluster.tags))).collect::<Map<_, _>>(),
    })
}

fn timeless(mut value: Value) -> Value {
    if let Some(object) = value.as_object_mut() {
        object.retain(|name, _| !TIMES.contains(&name.as_str()));
    }
    debug_assert!(value.maybe("createdAt").is_none());
    value
}
