//! Identity providers of people: OIDC, one a cluster.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{cluster, node_group::words};
use crate::aws::{
    ask::{Ask, page, uuid},
    error::AwsError,
    service::Asked,
    state::State,
};

/// An associated provider.
#[derive(Clone, Debug)]
pub struct IdentityProvider {
    /// Its cluster.
    pub cluster: String,
    /// What was asked for.
    pub oidc: Value,
    /// Tags.
    pub tags: Value,
    /// `CREATING`, `ACTIVE`, `DELETING`.
    pub status: &'static str,
    /// When it came into that status.
    pub since: Timestamp,
}

impl IdentityProvider {
    fn name(&self) -> &str {
        self.oidc.text("identityProviderConfigName")
    }

    /// As DescribeIdentityProviderConfig tells it.
    pub fn answer(&self, state: &State) -> Value {
        let id = uuid(&format!("identity-provider/{}/{}", self.cluster, self.name()));
        let mut answer = self.oidc.clone();
        answer["clusterName"] = json!(self.cluster);
        answer["identityProviderConfigArn"] =
            json!(state.arn("eks", &format!("identityproviderconfig/{}/oidc/{}/{id}", self.cluster, self.name())));
        answer["tags"] = self.tags.clone();
        answer["status"] = json!(self.status);
        answer
    }
}

fn missing(name: &str) -> AwsError {
    AwsError::new(404, "ResourceNotFoundException", format!("No identity provider config found for name: {name}"))
}

/// Its place in the state.
fn place(state: &State, input: &Value) -> Result<(String, String), AwsError> {
    let cluster = cluster::find(state, input.text("clusterName"))?.name.clone();
    let wanted = input.part("identityProviderConfig").cloned().unwrap_or_default();
    let name = wanted.text("name").to_owned();
    match state.identity_providers.contains_key(&(cluster.clone(), name.clone())) && wanted.text("type") == "oidc" {
        true => Ok((cluster, name)),
        false => Err(missing(&name)),
    }
}

fn update(input: &Value, kind: &str, asked: &Asked) -> Value {
    let id = uuid(&format!("update/{}/{kind}/{}", input.text("clusterName"), asked.now));
    json!({ "id": id, "status": "InProgress", "type": kind, "params": [], "createdAt": asked.now.to_string(), "errors": [] })
}

/// AssociateIdentityProviderConfig.
pub fn associate(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let cluster = cluster::find(state, input.text("clusterName"))?.name.clone();
    let oidc = input.part("oidc").cloned().unwrap_or_default();
    let invalid = |message: String| Err(AwsError::bad("InvalidParameterException", message));
    if !oidc.text("issuerUrl").starts_with("https://") {
        return invalid("The issuer URL must begin with https://".into());
    }
    for prefix in ["usernamePrefix", "groupsPrefix"] {
        if oidc.text(prefix).contains("system:") {
            return invalid(format!("{prefix} can't contain system:"));
        }
    }
    // EKS service quotas: one OIDC identity provider a cluster.
    if state.identity_providers.keys().any(|(of, _)| *of == cluster) {
        let message = "Identity provider config is already associated with the cluster".to_owned();
        return Err(AwsError::new(409, "ResourceInUseException", message).with("clusterName", cluster));
    }
    let provider = IdentityProvider {
        cluster: cluster.clone(),
        tags: json!(words(input.part("tags"))),
        status: "CREATING",
        since: asked.now,
        oidc,
    };
    let name = provider.name().to_owned();
    let tags = provider.tags.clone();
    state.identity_providers.insert((cluster, name), provider);
    Ok(json!({ "update": update(input, "AssociateIdentityProviderConfig", asked), "tags": tags }))
}

/// DescribeIdentityProviderConfig.
pub fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let place = place(state, input)?;
    let provider = state.identity_providers.get(&place).ok_or_else(|| missing(&place.1))?;
    Ok(json!({ "identityProviderConfig": { "oidc": provider.answer(state) } }))
}

/// DisassociateIdentityProviderConfig.
pub fn disassociate(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let place = place(state, input)?;
    let provider = state.identity_providers.get_mut(&place).ok_or_else(|| missing(&place.1))?;
    if provider.status != "ACTIVE" {
        let message = format!("Identity provider config {} is {}", place.1, provider.status);
        return Err(AwsError::new(409, "ResourceInUseException", message));
    }
    provider.status = "DELETING";
    provider.since = asked.now;
    Ok(json!({ "update": update(input, "DisassociateIdentityProviderConfig", asked) }))
}

/// ListIdentityProviderConfigs.
pub fn list(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let cluster = cluster::find(state, input.text("clusterName"))?.name.clone();
    let found: Vec<Value> = state
        .identity_providers
        .keys()
        .filter(|(of, _)| *of == cluster)
        .map(|(_, name)| json!({ "type": "oidc", "name": name }))
        .collect();
    let (page, next) = page(found, input.whole("maxResults"), input.maybe("nextToken"))?;
    Ok(json!({ "identityProviderConfigs": page, "nextToken": next }))
}

/// Lets new ones become ACTIVE and the ones that go, go.
pub fn step(state: &mut State) {
    let (now, takes) = (state.now, state.setup.timings.identity_provider);
    state.identity_providers.retain(|_, provider| provider.status != "DELETING" || now < provider.since + takes);
    for provider in state.identity_providers.values_mut() {
        if provider.status == "CREATING" && now >= provider.since + takes {
            provider.status = "ACTIVE";
            provider.since = now;
        }
    }
}
