//! Calls to AWS.

use std::{collections::BTreeMap, thread, time::Duration};

use serde_json::{Value, json};

use super::Eksctl;
use crate::tools::http::Client;

/// The tag by which eksctl knows what belongs to a cluster.
pub const TAG: &str = "alpha.eksctl.io/cluster-name";

/// The account in one region.
pub struct Aws<'a> {
    eksctl: &'a Eksctl<'a>,
    client: Client,
    region: String,
}

impl<'a> Aws<'a> {
    /// The account in this region.
    pub fn of(eksctl: &'a Eksctl<'a>, region: &str) -> Result<Self, String> {
        let client = Client::new(&[], None, None).map_err(|error| error.to_string())?;
        Ok(Self { eksctl, client, region: region.to_owned() })
    }

    /// A call of EKS.
    pub fn eks(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let text = self.call("eks", method, path, "application/json", &body)?;
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }

    /// The same; none where there is no such thing.
    pub fn maybe(&self, path: &str) -> Result<Option<Value>, String> {
        match self.eks("GET", path, &Value::Null) {
            Ok(answer) => Ok(Some(answer)),
            Err(error)
                if error.contains("ResourceNotFoundException")
                    || error.contains("No cluster found")
                    || error.contains("No node group found") =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// A call of EC2 or IAM, whose answer is XML.
    pub fn query(&self, service: &str, action: &str, parameters: &[(&str, &str)]) -> Result<String, String> {
        let version = if service == "iam" { "2010-05-08" } else { "2016-11-15" };
        let mut body = format!("Action={action}&Version={version}");
        for (name, value) in parameters {
            body.push_str(&format!("&{name}={}", encoded(value)));
        }
        self.call(service, "POST", "/", "application/x-www-form-urlencoded", &body)
    }

    fn call(&self, service: &str, method: &str, path: &str, kind: &str, body: &str) -> Result<String, String> {
        let (url, region) = (&self.eksctl.place.aws.0, &self.region);
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential=EKSCTL/20261120/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
        );
        let headers = [("authorization", scope.as_str()), ("content-type", kind)];
        let reply = self
            .client
            .send(method, &format!("{url}{path}"), &headers, body.as_bytes())
            .map_err(|error| format!("operation error {service}: {error}"))?;
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        if (200..300).contains(&reply.status) {
            return Ok(text);
        }
        let answer: Value = serde_json::from_str(&text).unwrap_or_default();
        let code = reply.headers.iter().find(|(name, _)| name == "x-amzn-errortype").map(|(_, code)| code.clone());
        let code = code.or_else(|| between(&text, "<Code>", "</Code>")).unwrap_or_default();
        let said = answer["message"].as_str().map(str::to_owned).or_else(|| between(&text, "<Message>", "</Message>"));
        Err(format!(
            "operation error {service}: https response error StatusCode: {}, {code}: {}",
            reply.status,
            said.unwrap_or(text)
        ))
    }

    /// Waits until `look` says so, and says `text` every half minute of simulated time.
    pub fn wait<T>(&self, text: &str, mut look: impl FnMut() -> Result<Option<T>, String>) -> Result<T, String> {
        let clock = self.eksctl.clock;
        let pause = clock.real(Duration::from_secs(5)).max(Duration::from_millis(5));
        let mut told = None;
        loop {
            if let Some(found) = look()? {
                return Ok(found);
            }
            let now = clock.now();
            if told.is_none_or(|told: jiff::Timestamp| now.duration_since(told).as_secs() >= 30) {
                super::print::info(self.eksctl, text);
                told = Some(now);
            }
            thread::sleep(pause);
        }
    }

    /// The VPC that eksctl made for this cluster.
    pub fn vpc_of(&self, cluster: &str) -> Result<Option<String>, String> {
        let name = format!("tag:{TAG}");
        let answer = self.query("ec2", "DescribeVpcs", &[("Filter.1.Name", &name), ("Filter.1.Value.1", cluster)])?;
        Ok(between(&answer, "<vpcId>", "</vpcId>"))
    }
}

/// Tags as EC2 takes them.
pub fn tag_parameters(kind: &str, tags: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let mut all = vec![("TagSpecification.1.ResourceType".to_owned(), kind.to_owned())];
    for (index, (key, value)) in tags.iter().enumerate() {
        all.push((format!("TagSpecification.1.Tag.{}.Key", index + 1), key.clone()));
        all.push((format!("TagSpecification.1.Tag.{}.Value", index + 1), value.clone()));
    }
    all
}

/// A body for the role of a service.
pub fn trust(service: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" }],
    })
    .to_string()
}

/// What stands between two texts.
pub fn between(text: &str, open: &str, close: &str) -> Option<String> {
    let (_, rest) = text.split_once(open)?;
    rest.split_once(close).map(|(inner, _)| inner.to_owned())
}

/// All that stands between two texts, again and again.
pub fn all_between(text: &str, open: &str, close: &str) -> Vec<String> {
    text.split(open).skip(1).filter_map(|rest| rest.split_once(close)).map(|(inner, _)| inner.to_owned()).collect()
}

fn encoded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes().map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
