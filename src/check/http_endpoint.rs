//! `http.endpoint`: does an address answer as it should?

use std::collections::BTreeMap;

use async_trait::async_trait;
use landfall_core::{
    catalogue::Touches,
    event::{Host, Outcome, Problem},
    value::SecretText,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    cloud::{
        Trouble,
        net::{host_of, secret_header},
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// The answer of an address: its status and its text. It is the first sign that DNS, ingress, certificate and pods fit
/// together.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpEndpoint {
    /// The address.
    url: String,
    /// Headers; they may hold secrets.
    #[serde(default)]
    headers: BTreeMap<String, SecretText>,
    /// Expected status.
    #[serde(default = "ok")]
    status: u16,
    /// A text the body must hold.
    #[serde(default)]
    contains: Option<String>,
    /// JSON pointers of the body and what must stand there.
    #[serde(default)]
    json: BTreeMap<String, Value>,
    /// An authority that is trusted, too (PEM).
    #[serde(default)]
    ca: Option<SecretText>,
}

fn ok() -> u16 {
    200
}

#[async_trait]
impl Check for HttpEndpoint {
    const ABOUT: CheckAbout = CheckAbout {
        name: "http.endpoint",
        code: "NET-03",
        about: "an address answers as it should",
        touches: Touches::Nothing,
    };
    const NAMES_HOSTS: bool = true;
    const PROBLEMS: &'static [&'static str] = &["HTTP-ANSWER", "HTTP-SILENT"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let mut request = cx.net(self.ca.as_ref()).await?.http()?.get(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, secret_header(cx.reveal(value).await?.reveal())?);
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => {
                let mut problem = Trouble::from(error).problem();
                problem.code = "HTTP-SILENT".into();
                return Ok(Outcome::NotYet { problem });
            }
        };
        let status = response.status().as_u16();
        let body = response.text().await.unwrap_or_default();
        Ok(self.judged(status, &body))
    }

    fn hosts(&self, _cx: &PlanView<'_>) -> Vec<Host> {
        let host = host_of(&self.url, "what is installed answers there");
        host.into_iter().flat_map(|host| [host.reached_by("later"), host]).collect()
    }
}

impl HttpEndpoint {
    fn judged(&self, status: u16, body: &str) -> Outcome {
        let not = |what: String| {
            Outcome::NotYet {
            problem: Problem::new("HTTP-ANSWER", what, "Look at the pods' logs and at the ingress: host name, certificate and ingress must be for the same name.")
                .why(format!("{} answered with {status}.", self.url)),
        }
        };
        if status != self.status {
            return not(format!("{} answers {status}, not {}", self.url, self.status));
        }
        if let Some(text) = self.contains.as_ref().filter(|text| !body.contains(text.as_str())) {
            return not(format!("{} answers without {text:?}", self.url));
        }
        if !self.json.is_empty() {
            let tree: Value = serde_json::from_str(body).unwrap_or_default();
            for (pointer, wanted) in &self.json {
                if tree.pointer(pointer) != Some(wanted) {
                    return not(format!("{} does not answer {wanted} at {pointer}", self.url));
                }
            }
        }
        Outcome::pass(format!("{} answers {status}", self.url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_text_and_json_must_fit() {
        let check: HttpEndpoint =
            serde_json::from_value(serde_json::json!({"url": "https://a.example/health", "json": {"/message": "ok"}}))
                .unwrap();
        assert!(matches!(check.judged(200, r#"{"message":"ok"}"#), Outcome::Pass { .. }));
        assert!(matches!(check.judged(200, r#"{"message":"no"}"#), Outcome::NotYet { .. }));
        assert!(matches!(check.judged(404, ""), Outcome::NotYet { .. }));
        assert!(matches!(check.judged(200, "not json"), Outcome::NotYet { .. }));
    }
}
