//! The account at the start: what the scenario says exists, and what its calls from before left behind.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    account::perform,
    ask::hex,
    autoscaling::policy,
    ec2::{Subnet, Vpc, routes, vpc},
    eks::{Addon, Cluster, addon, node_group::scaling_group_name},
    iam::{self, Role},
    kms::Key,
    rds,
    s3::Bucket,
    service::Asked,
    setup::{Existing, Setup, SubnetSetup},
    state::State,
};

/// An account as the scenario has it; what went wrong with the scenario's own calls is told in `troubles`.
pub fn furnish(setup: &Setup, start: Timestamp, troubles: &mut Vec<String>) -> State {
    let mut state = State::empty(setup, &setup.region, start);
    let home = vpc::home_id(&state);
    if !setup.subnets.is_empty() {
        state.vpcs.insert(home.clone(), Vpc::home(home.clone()));
        state.tags.insert(home.clone(), BTreeMap::from([("Name".to_owned(), "pay".to_owned())]));
    }
    for other in &setup.vpcs {
        state.vpcs.insert(other.id.clone(), Vpc::of(other));
        state.tags.insert(other.id.clone(), other.name.iter().map(|name| ("Name".to_owned(), name.clone())).collect());
    }
    state.subnets = setup.subnets.iter().map(|subnet| (subnet.id.clone(), Subnet::new(subnet, &home))).collect();
    for role in &setup.roles {
        state.iam.roles.insert(role.name.clone(), Role::new(role, &setup.account, start));
    }
    for bucket in &setup.buckets {
        state.buckets.insert(bucket.name.clone(), Bucket::of(bucket, &setup.region, start));
    }
    for key in &setup.keys {
        let made = Key::of(key, &state, start);
        state.keys.insert(key.id.clone(), made);
        state.aliases.extend(key.alias.iter().map(|alias| (alias.clone(), key.id.clone())));
    }
    for database in &setup.databases {
        rds::furnish(&mut state, database, start);
    }
    for cluster in &setup.clusters {
        let made = Cluster::new(cluster, &setup.region, start);
        for name in &cluster.addons {
            let addon = Addon {
                cluster: cluster.name.clone(),
                name: name.clone(),
                version: addon::newest(name).unwrap_or("v1.0.0-eksbuild.1").to_owned(),
                role: None,
                identities: Vec::new(),
                configuration: None,
                tags: BTreeMap::new(),
                created: made.created,
                status: "ACTIVE",
                since: made.created,
            };
            state.addons.insert((cluster.name.clone(), name.clone()), addon);
        }
        if cluster.oidc_provider {
            let provider = iam::Provider {
                url: made.issuer.trim_start_matches("https://").to_owned(),
                clients: vec!["sts.amazonaws.com".to_owned()],
                thumbprints: vec![hex("thumbprint", 40)],
                created: made.created,
                tags: BTreeMap::new(),
            };
            state.iam.providers.insert(iam::provider::arn(&state, &made.issuer), provider);
        }
        state.clusters.insert(cluster.name.clone(), made);
    }
    let mut calls: Vec<Existing> = setup
        .clusters
        .iter()
        .filter(|cluster| cluster.cpu_node_group)
        .map(|cluster| cpu_nodes(setup, &cluster.name))
        .collect();
    calls.extend(setup.existing.iter().cloned());
    calls.sort_by_key(|call| std::cmp::Reverse(call.ago));
    state.now = start - calls.first().map_or(SignedDuration::ZERO, |call| call.ago);
    for call in calls {
        state.advance(start - call.ago);
        let asked = Asked {
            now: state.now,
            caller: setup.caller.clone(),
            access_key: String::new(),
            region: setup.region.clone(),
        };
        let input = fill_in(&state, call.input);
        if let Err(error) = perform(&mut state, &call.service, &call.operation, &input, &asked) {
            let trouble =
                format!("{} {} before the start: {}: {}", call.service, call.operation, error.code, error.message);
            tracing::warn!("{trouble}");
            troubles.push(trouble);
        }
    }
    state.advance(start);
    state
}

fn cpu_nodes(setup: &Setup, cluster: &str) -> Existing {
    let chosen =
        setup.clusters.iter().find(|known| known.name == cluster).map(|known| &*known.subnets).unwrap_or_default();
    let own = |subnet: &&SubnetSetup| match chosen.is_empty() {
        true => subnet.vpc.is_none(),
        false => chosen.contains(&subnet.id),
    };
    let subnets: Vec<&str> =
        setup.subnets.iter().filter(own).filter(|subnet| !subnet.public).map(|subnet| &*subnet.id).collect();
    Existing {
        service: "eks".to_owned(),
        operation: "CreateNodegroup".to_owned(),
        input: json!({
            "clusterName": cluster, "nodegroupName": "cpu-1", "subnets": subnets,
            "nodeRole": format!("arn:aws:iam::{}:role/{cluster}-nodes", setup.account),
            "instanceTypes": ["m8g.large"], "amiType": "AL2023_ARM_64_STANDARD",
            "scalingConfig": { "minSize": 2, "maxSize": 4, "desiredSize": 2 },
        }),
        ago: SignedDuration::from_hours(24 * 30),
    }
}

/// Puts names that only the account knows into the scenario's own calls.
pub(super) fn fill_in(state: &State, input: Value) -> Value {
    match input {
        Value::String(text) => {
            let parts = |rest: &str| rest.trim_end_matches('}').split('/').map(str::to_owned).collect::<Vec<_>>();
            let named = |cluster: &str, name: &str| scaling_group_name(cluster, name);
            match (text.strip_prefix("${group:").map(parts), text.strip_prefix("${policy:").map(parts)) {
                (Some(path), _) if path.len() == 2 => named(&path[0], &path[1]).into(),
                (_, Some(path)) if path.len() == 3 => policy::arn(state, &named(&path[0], &path[1]), &path[2]).into(),
                _ => with_names(state, text).into(),
            }
        }
        Value::Array(items) => items.into_iter().map(|item| fill_in(state, item)).collect(),
        Value::Object(object) => object.into_iter().map(|(name, value)| (name, fill_in(state, value))).collect(),
        other => other,
    }
}

fn with_names(state: &State, text: String) -> String {
    let home = vpc::home_id(state);
    let text = state.clusters.iter().fold(text.replace("${vpc}", &home), |text, (name, cluster)| {
        text.replace(&format!("${{issuer:{name}}}"), cluster.issuer.trim_start_matches("https://"))
            .replace(&format!("${{nodes:{name}}}"), &cluster.security_group)
    });
    match text.strip_prefix("${route_table:").and_then(|rest| rest.strip_suffix('}')) {
        Some(name) => routes::id(&home, name),
        None => text,
    }
}
