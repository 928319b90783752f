//! Tokens that IAM identities sign in with: a presigned question to STS (EKS User Guide, "Cluster authentication").
//!
//! The signature itself is not recomputed: who signed, when, for which service and with which headers is looked at.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};

use super::{call::Query, refusal::Refusal};
use crate::World;

const PREFIX: &str = "k8s-aws-v1.";
/// Binds the question to one cluster.
const CLUSTER: &str = "x-k8s-aws-id";
/// How long the cluster takes a token after it was signed.
const LASTS: SignedDuration = SignedDuration::from_mins(15);

/// Whether it is one.
pub fn is(token: &str) -> bool {
    token.starts_with(PREFIX)
}

/// Lets in who signed it.
pub fn check(world: &World, token: &str) -> Result<(), Refusal> {
    let question = token.strip_prefix(PREFIX).and_then(Question::read);
    let now = world.clock.now();
    let fits = question.is_some_and(|question| {
        let age = now.duration_since(question.signed);
        // Clocks may differ a little.
        age > -SignedDuration::from_mins(5)
            && age < LASTS
            && world.aws.caller(&question.access_key, &question.region, question.token.as_deref()).is_some()
    });
    if fits { Ok(()) } else { Err(Refusal::unauthorized()) }
}

/// What the URL asks.
struct Question {
    access_key: String,
    region: String,
    token: Option<String>,
    signed: Timestamp,
}

impl Question {
    fn read(text: &str) -> Option<Self> {
        let url = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (host, query) = url.strip_prefix("https://")?.split_once("/?")?;
        let query = Query::parse(query);
        let signature = query.get("X-Amz-Signature");
        let asks = query.get("Action") == "GetCallerIdentity"
            && host.starts_with("sts.")
            && query.get("X-Amz-Algorithm") == "AWS4-HMAC-SHA256"
            && query.get("X-Amz-SignedHeaders").split(';').any(|header| header == CLUSTER)
            && signature.len() == 64
            && signature.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mut scope = query.get("X-Amz-Credential").split('/');
        let (access_key, _, region, service) = (scope.next()?, scope.next()?, scope.next()?, scope.next()?);
        let signed = DateTime::strptime("%Y%m%dT%H%M%SZ", query.get("X-Amz-Date")).ok()?;
        let token = Some(query.get("X-Amz-Security-Token")).filter(|token| !token.is_empty());
        (asks && service == "sts").then_some(Self {
            access_key: access_key.to_owned(),
            region: region.to_owned(),
            token: token.map(str::to_owned),
            signed: signed.to_zoned(TimeZone::UTC).ok()?.timestamp(),
        })
    }
}
