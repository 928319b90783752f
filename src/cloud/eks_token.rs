//! Who am I, for the API server of an EKS cluster? A presigned question to STS, as `aws eks get-token` makes it.
//!
//! The cluster sends it to STS and learns who signed it. It holds for 15 minutes (EKS User Guide, "Cluster
//! authentication"); it is made anew whenever it is asked for, and kept nowhere.

use std::time::{Duration, SystemTime};

use aws_credential_types::{Credentials, provider::ProvideCredentials};
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign},
    sign::v4,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use landfall_core::{event::Problem, value::Plain};
use serde_json::json;

use super::{Aws, Clock, Door, Trouble};

/// What tokens begin with.
const PREFIX: &str = "k8s-aws-v1.";
/// The header that binds a token to one cluster.
const CLUSTER: &str = "x-k8s-aws-id";
/// How long the question itself may be asked.
const SIGNED_FOR: Duration = Duration::from_secs(60);
/// How long the cluster takes the token, less a minute for clocks that differ.
const LASTS: Duration = Duration::from_secs(14 * 60);

/// A token for one cluster.
pub struct EksToken {
    /// The token.
    pub token: Plain,
    /// Until when the one who asked may keep it, by that one's own clock.
    pub expires: Timestamp,
}

impl EksToken {
    /// Made from the credentials in use.
    pub async fn for_cluster(aws: &Aws, clock: Clock, cluster: &str) -> Result<Self, Trouble> {
        let region = aws.region().await.ok_or_else(|| {
            Trouble::from(Problem::new("AWS-REGION", "no AWS region is chosen", "Choose one with --region."))
        })?;
        let config = aws.config().await;
        let provider = config.credentials_provider().ok_or_else(|| Trouble::expired(Door::Aws, "no providers"))?;
        let credentials = provider.provide_credentials().await?;
        let now = clock.now();
        let token = presigned(&credentials, &region, cluster, now.into())
            .map(|url| Plain::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(url))))
            .map_err(|error| Trouble::expired(Door::Aws, format!("the question to STS cannot be signed: {error}")))?;
        // Who asks lives in real time, whatever the cluster's clock says.
        let expires = Timestamp::now().checked_add(clock.real(LASTS)).unwrap_or(Timestamp::MAX);
        Ok(Self { token, expires })
    }

    /// As Kubernetes clients read it from a program they run.
    pub fn exec_credential(&self) -> Plain {
        let expires = self.expires.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let answer = json!({
            "apiVersion": "client.authentication.k8s.io/v1",
            "kind": "ExecCredential",
            "spec": { "interactive": false },
            "status": { "expirationTimestamp": expires, "token": self.token.reveal() },
        });
        Plain::new(answer.to_string())
    }
}

type SigningFault = Box<dyn std::error::Error + Send + Sync>;

/// The question as a URL.
fn presigned(credentials: &Credentials, region: &str, cluster: &str, now: SystemTime) -> Result<String, SigningFault> {
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let host = format!("sts.{region}.{domain}");
    let url = format!("https://{host}/?Action=GetCallerIdentity&Version=2011-06-15");
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(SIGNED_FOR);
    let identity = credentials.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sts")
        .time(now)
        .settings(settings)
        .build()?
        .into();
    let headers = [("host", host.as_str()), (CLUSTER, cluster)];
    let request = SignableRequest::new("GET", url.as_str(), headers.into_iter(), SignableBody::Bytes(&[]))?;
    let (instructions, _) = sign(request, &parameters)?.into_parts();
    let signed = instructions.params().iter().map(|(name, value)| format!("&{name}={}", escaped(value)));
    Ok(format!("{url}{}", signed.collect::<String>()))
}

fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(token: Option<&str>, cluster: &str) -> String {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", token.map(str::to_owned), None, "test");
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_165_200);
        presigned(&credentials, "us-east-2", cluster, now).unwrap()
    }

    #[test]
    fn the_question_is_bound_to_the_cluster_and_to_a_minute() {
        let url = url(Some("a/b+c="), "pay-1");
        assert!(
            url.starts_with("https://sts.us-east-2.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&"),
            "{url}"
        );
        assert!(url.contains("X-Amz-Expires=60") && url.contains("X-Amz-SignedHeaders=host%3Bx-k8s-aws-id"), "{url}");
        assert!(url.contains("X-Amz-Security-Token=a%2Fb%2Bc%3D"), "{url}");
        assert!(url.contains("X-Amz-Date=20261120T090000Z") && !url.contains("secret"), "{url}");
    }

    #[test]
    fn another_cluster_has_another_signature() {
        let signature = |url: &str| url.split("X-Amz-Signature=").nth(1).unwrap().to_owned();
        assert_ne!(signature(&url(None, "pay-1")), signature(&url(None, "pay-2")));
    }
}
