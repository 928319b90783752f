//! `s3.endpoint`: does an S3-compatible store answer at exactly this address, and take these keys?

use async_trait::async_trait;
use hmac::{Hmac, Mac};
use jiff::{Timestamp, tz::TimeZone};
use landfall_core::{
    catalogue::Touches,
    event::{Host, Outcome, Problem},
    value::{Plain, SecretText},
};
use schemars::JsonSchema;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    cloud::{
        Trouble,
        net::{host_of, secret_header},
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// The answer of an S3-compatible store to a signed request at exactly this address. The product takes address and keys
/// as they are, a closing newline included.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct S3Endpoint {
    /// `http://host:9000` or `https://…`, exactly as the product will get it.
    url: SecretText,
    /// Access key id.
    access_key: SecretText,
    /// Secret access key.
    secret_key: SecretText,
    /// Region to sign for.
    #[serde(default = "first_region")]
    region: String,
    /// The authority that signed its certificate (PEM), where it is no public one.
    #[serde(default)]
    ca: Option<SecretText>,
}

fn first_region() -> String {
    "us-east-1".into()
}

#[async_trait]
impl Check for S3Endpoint {
    const ABOUT: CheckAbout = CheckAbout {
        name: "s3.endpoint",
        code: "S3-05",
        about: "an S3-compatible store answers and takes the keys",
        touches: Touches::Nothing,
    };
    const NAMES_HOSTS: bool = true;
    const PROBLEMS: &'static [&'static str] =
        &["S3-ADDRESS", "S3-ANSWER", "S3-LOGIN", "S3-NEWLINE", "S3-PORT", "S3-SILENT"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let (url, access, secret) =
            (cx.reveal(&self.url).await?, cx.reveal(&self.access_key).await?, cx.reveal(&self.secret_key).await?);
        for (what, value) in [("address", &url), ("access key", &access), ("secret key", &secret)] {
            if value.stray_space() {
                let problem = Problem::new(
                    "S3-NEWLINE",
                    format!("the store's {what} begins or ends with a space or a newline"),
                    "Enter it again without; `echo` adds a newline, `echo -n` and `printf` do not.",
                );
                let why = "Clients fail on it with words such as \"Failed to parse\", and nothing shows it.";
                return Ok(Outcome::Fail { problem: problem.why(why) });
            }
        }
        let Some(host) = host_of(url.reveal(), "") else {
            let problem = Problem::new(
                "S3-ADDRESS",
                "the store's address is no URL",
                "Write it with scheme and port, e.g. http://minio.example.com:9000.",
            );
            return Ok(Outcome::Fail { problem });
        };
        let signed = Signed::of(url.reveal(), &self.region, &access, &secret, cx.cloud.clock().now());
        let address = format!("{}/", url.reveal().trim_end_matches('/'));
        let request = cx.net(self.ca.as_ref()).await?.http()?.get(&address);
        let request = request
            .header("x-amz-date", &signed.date)
            .header("x-amz-content-sha256", EMPTY)
            .header("authorization", secret_header(&signed.authorization)?);
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => {
                let problem = Problem::new(
                    "S3-SILENT",
                    format!("the store {}:{} does not answer", host.host, host.port),
                    "Correct host, port and scheme, start the store, or have the way opened. It was looked at from here; pods may differ.",
                );
                return Ok(Outcome::Fail { problem: problem.why(Trouble::from(error).problem().why) });
            }
        };
        let status = response.status().as_u16();
        Ok(judged(&address, status, &response.text().await.unwrap_or_default()))
    }

    fn hosts(&self, _cx: &PlanView<'_>) -> Vec<Host> {
        let host = host_of(&self.url.to_string(), "models are kept there").into_iter();
        host.flat_map(|host| ["here", "pods"].map(|from| Host { from: from.into(), ..host.clone() })).collect()
    }
}

fn judged(address: &str, status: u16, body: &str) -> Outcome {
    let between = |tag: &str| {
        let (_, rest) = body.split_once(&format!("<{tag}>"))?;
        rest.split_once(&format!("</{tag}>")).map(|(text, _)| text.to_owned())
    };
    let code = between("Code").unwrap_or_default();
    if status == 200 && body.contains("ListAllMyBucketsResult") {
        return Outcome::pass(format!("{address}, {} buckets", body.matches("<Bucket>").count()));
    }
    if matches!(code.as_str(), "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "AccessDenied") {
        let problem = Problem::new(
            "S3-LOGIN",
            format!("the store at {address} does not take the keys"),
            "Enter the access key and secret key that the store was set up with.",
        );
        return Outcome::Fail { problem: problem.why(format!("It answers {status}, {code}.")) };
    }
    if !code.is_empty() {
        let problem =
            Problem::new("S3-ANSWER", format!("the store answers {code}"), "Read what it says, and try again.");
        return Outcome::Fail { problem: problem.why(between("Message").unwrap_or_default()) };
    }
    let problem = Problem::new(
        "S3-PORT",
        format!("{address} answers, but it is no S3 store"),
        "Give the store's API port (9000 for Minio unless set otherwise), not that of its console.",
    );
    Outcome::Fail { problem: problem.why(format!("It answers {status} without a word of S3.")) }
}

/// SHA-256 of nothing.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// ListBuckets, signed: AWS Signature Version 4, "Create a signed request".
struct Signed {
    date: String,
    authorization: String,
}

impl Signed {
    fn of(url: &str, region: &str, access: &Plain, secret: &Plain, now: Timestamp) -> Self {
        let date = now.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string();
        let day = date.split('T').next().unwrap_or_default().to_owned();
        let host = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or_default();
        // Clients leave the scheme's own port out of the Host header.
        let usual = if url.starts_with("https://") { ":443" } else { ":80" };
        let host = host.strip_suffix(usual).unwrap_or(host);
        let names = "host;x-amz-content-sha256;x-amz-date";
        let request =
            format!("GET\n/\n\nhost:{host}\nx-amz-content-sha256:{EMPTY}\nx-amz-date:{date}\n\n{names}\n{EMPTY}");
        let scope = format!("{day}/{region}/s3/aws4_request");
        let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{:x}", Sha256::digest(request));
        let start = format!("AWS4{}", secret.reveal()).into_bytes();
        let key = [day.as_str(), region, "s3", "aws4_request"].into_iter().fold(start, |key, part| keyed(&key, part));
        let signature: String = keyed(&key, &text).iter().map(|byte| format!("{byte:02x}")).collect();
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            access.reveal()
        );
        Self { date, authorization }
    }
}

fn keyed(key: &[u8], text: &str) -> Vec<u8> {
    // HMAC takes keys of every length: RFC 2104.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_says_what_is_wrong() {
        let code =
            |status, body: &str| judged("http://m:9000/", status, body).problem().map(|problem| problem.code.clone());
        assert_eq!(code(200, "<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>"), None);
        assert_eq!(code(403, "<Error><Code>SignatureDoesNotMatch</Code></Error>").as_deref(), Some("S3-LOGIN"));
        assert_eq!(code(200, "<!doctype html>").as_deref(), Some("S3-PORT"));
        assert_eq!(code(503, "<Error><Code>SlowDown</Code><Message>m</Message></Error>").as_deref(), Some("S3-ANSWER"));
    }

    #[test]
    fn a_request_is_signed_for_its_day_region_and_host() {
        let now: Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
        let plain = |text: &str| Plain::new(text.to_owned());
        let sign =
            |url: &str, secret: &str| Signed::of(url, "us-east-1", &plain("AKID"), &plain(secret), now).authorization;
        let one = sign("http://minio.corp.example:9000", "secret");
        assert!(one.starts_with("AWS4-HMAC-SHA256 Credential=AKID/20261120/us-east-1/s3/aws4_request, "), "{one}");
        assert_eq!(one, sign("http://minio.corp.example:9000/", "secret"));
        assert_ne!(one, sign("http://minio.corp.example:9001", "secret"));
        assert_ne!(one, sign("http://minio.corp.example:9000", "other"));
    }
}
