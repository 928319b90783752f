//! What may a child that talks to AWS see of the person's surroundings? Names and places that lead there; keys only by a 0600
//! file.

use std::path::Path;

use aws_credential_types::provider::ProvideCredentials;

use super::{Cloud, Trouble, keep_private, process::Command};

/// Variables that hold names and places, no keys.
const PLACES: [&str; 13] = [
    "AWS_CA_BUNDLE",
    "AWS_CONFIG_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_ENDPOINT_URL",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_SDK_LOAD_CONFIG",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_STS_REGIONAL_ENDPOINTS",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
];

/// The command with the way to AWS. `home` is the run's own folder, removed with it.
pub async fn child_aws(mut command: Command, cloud: &Cloud, home: &Path) -> Result<Command, Trouble> {
    for name in PLACES {
        if let Some(value) = std::env::var_os(name) {
            command = command.env(name, value);
        }
    }
    if let Some(region) = &cloud.endpoints.region {
        command = command.env("AWS_REGION", region);
    }
    if let Some(profile) = &cloud.endpoints.profile {
        return Ok(command.env("AWS_PROFILE", profile));
    }
    if std::env::var_os("AWS_ACCESS_KEY_ID").is_none() {
        return Ok(command);
    }
    let config = cloud.aws.config().await;
    let Some(provider) = config.credentials_provider() else { return Ok(command) };
    let keys = provider.provide_credentials().await?;
    let mut text = format!(
        "[landfall]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        keys.access_key_id(),
        keys.secret_access_key()
    );
    if let Some(token) = keys.session_token() {
        text.push_str(&format!("aws_session_token = {token}\n"));
    }
    let path = home.join("credentials");
    keep_private(&path, text.as_bytes())?;
    Ok(command.env("AWS_SHARED_CREDENTIALS_FILE", path).env("AWS_PROFILE", "landfall"))
}
