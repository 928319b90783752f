//! OIDC providers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::missing;
use crate::aws::{ask::Ask, error::AwsError, service::Asked, state::State};

/// An OIDC provider.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Issuer without `https://`.
    pub url: String,
    /// Audiences.
    pub clients: Vec<String>,
    /// Thumbprints.
    pub thumbprints: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// ARN of the provider of an issuer.
pub fn arn(state: &State, issuer: &str) -> String {
    state.iam_arn(&format!("oidc-provider/{}", issuer.trim_start_matches("https://")))
}

/// ListOpenIDConnectProviders.
pub fn list(state: &mut State, _: &Value, _: &Asked) -> Result<Value, AwsError> {
    let all: Vec<Value> = state.iam.providers.keys().map(|arn| json!({ "Arn": arn })).collect();
    Ok(json!({ "OpenIDConnectProviderList": all }))
}

/// GetOpenIDConnectProvider.
pub fn get(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let arn = input.text("OpenIDConnectProviderArn");
    let provider = state.iam.providers.get(arn).ok_or_else(|| no_provider(arn))?;
    let tags: Vec<Value> = provider.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    Ok(json!({
        "Url": provider.url, "ClientIDList": provider.clients, "ThumbprintList": provider.thumbprints,
        "CreateDate": provider.created.to_string(), "Tags": tags,
    }))
}

/// CreateOpenIDConnectProvider.
pub fn create(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let url = input.text("Url");
    let Some(bare) = url.strip_prefix("https://") else {
        return Err(AwsError::bad("InvalidInput", "Url must begin with https://"));
    };
    let arn = arn(state, url);
    if state.iam.providers.contains_key(&arn) {
        return Err(AwsError::new(409, "EntityAlreadyExists", format!("Provider with url {url} already exists.")));
    }
    let texts = |name: &str| input.texts(name).into_iter().map(str::to_owned).collect();
    let tags =
        input.list("Tags").iter().map(|tag| (tag.text("Key").to_owned(), tag.text("Value").to_owned())).collect();
    let provider = Provider {
        url: bare.to_owned(),
        clients: texts("ClientIDList"),
        thumbprints: texts("ThumbprintList"),
        created: asked.now,
        tags,
    };
    state.iam.providers.insert(arn.clone(), provider);
    Ok(json!({ "OpenIDConnectProviderArn": arn }))
}

/// DeleteOpenIDConnectProvider. Deleting what is not there is no error.
pub fn delete(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    state.iam.providers.remove(input.text("OpenIDConnectProviderArn"));
    Ok(json!({}))
}

fn no_provider(arn: &str) -> AwsError {
    missing(format!("OpenIDConnect Provider not found for arn {arn}"))
}
