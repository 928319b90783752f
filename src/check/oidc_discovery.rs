//! `oidc.discovery`: does an issuer describe itself as those who trust it will expect it, letter by letter?

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
    cloud::{Net, Trouble, net::host_of},
    kind::{Check, CheckAbout, Context, PlanView},
};

/// What the issuer publishes of itself, letter by letter, and its keys. Whoever trusts it compares its name as text, so
/// a closing slash too many keeps everybody out.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OidcDiscovery {
    /// The issuer, exactly as tokens and the API server name it.
    issuer: String,
    /// The authority that signed its certificate (PEM), where it is no public one.
    #[serde(default)]
    ca: Option<SecretText>,
    /// Claims that its tokens must be able to carry.
    #[serde(default)]
    claims: Vec<String>,
}

#[async_trait]
impl Check for OidcDiscovery {
    const ABOUT: CheckAbout = CheckAbout {
        name: "oidc.discovery",
        code: "OIDC-01",
        about: "an OIDC issuer describes itself as expected",
        touches: Touches::Nothing,
    };
    const NAMES_HOSTS: bool = true;
    const PROBLEMS: &'static [&'static str] =
        &["OIDC-CLAIM", "OIDC-HTTPS", "OIDC-ISSUER", "OIDC-KEYS", "OIDC-SILENT", "OIDC-UNTRUSTED"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        if !self.issuer.starts_with("https://") {
            let problem = Problem::new(
                "OIDC-HTTPS",
                format!("the issuer {} is not https", self.issuer),
                "Use https://: the API server accepts no other issuer.",
            );
            return Ok(Outcome::Fail { problem });
        }
        let net = cx.net(self.ca.as_ref()).await?;
        let address = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let document = match self.fetch(&net, &address).await? {
            Ok(document) => document,
            Err(outcome) => return Ok(outcome),
        };
        if let Some(outcome) = self.named_otherwise(&document) {
            return Ok(outcome);
        }
        let keys = document["jwks_uri"].as_str().unwrap_or_default().to_owned();
        let keys = match self.fetch(&net, &keys).await? {
            Ok(keys) => keys,
            Err(outcome) => return Ok(outcome),
        };
        let count = keys["keys"].as_array().map_or(0, Vec::len);
        if count == 0 {
            let problem = Problem::new(
                "OIDC-KEYS",
                "the issuer shows no keys",
                "Look at its log: without keys nobody can check its tokens.",
            );
            return Ok(Outcome::NotYet { problem });
        }
        Ok(self.judged(&document, count))
    }

    fn hosts(&self, _cx: &PlanView<'_>) -> Vec<Host> {
        // It may be part of what is installed: nobody can reach it before.
        let host = host_of(&self.issuer, "the OIDC issuer describes itself there");
        host.into_iter().flat_map(|host| [host.reached_by("later"), host]).collect()
    }
}

impl OidcDiscovery {
    /// A JSON document; or what to say instead.
    async fn fetch(&self, net: &Net, address: &str) -> Result<Result<Value, Outcome>, Trouble> {
        let silent = |why: String| {
            let problem = Problem::new(
                "OIDC-SILENT",
                format!("{address} does not answer"),
                "Check DNS name, ingress and the issuer's pods.",
            );
            Outcome::NotYet { problem: problem.why(why) }
        };
        let response = match net.http()?.get(address).send().await {
            Ok(response) => response,
            Err(error) => {
                let why = Trouble::from(error).problem().why;
                if why.contains("certificate") {
                    let problem = Problem::new(
                        "OIDC-UNTRUSTED",
                        format!("the certificate of {address} is not trusted"),
                        "Give the authority that signed it, here and to the API server (--oidc-ca-file).",
                    );
                    return Ok(Err(Outcome::NotYet { problem: problem.why(why) }));
                }
                return Ok(Err(silent(why)));
            }
        };
        let status = response.status().as_u16();
        if status != 200 {
            return Ok(Err(silent(format!("It answers {status}."))));
        }
        match response.json::<Value>().await {
            Ok(document) => Ok(Ok(document)),
            Err(_) => Ok(Err(silent("What it answers is no JSON: something else listens there.".into()))),
        }
    }

    fn named_otherwise(&self, document: &Value) -> Option<Outcome> {
        let named = document["issuer"].as_str().unwrap_or_default();
        (named != self.issuer).then(|| {
            let problem = Problem::new(
                "OIDC-ISSUER",
                format!("the issuer calls itself {named}"),
                format!(
                    "Use one spelling everywhere (port and closing slash count): in the issuer's own settings, and as --oidc-issuer-url. Expected is {}",
                    self.issuer
                ),
            );
            Outcome::Fail { problem: problem.why("Tokens carry that name, and it is compared letter by letter.") }
        })
    }

    fn judged(&self, document: &Value, keys: usize) -> Outcome {
        let listed = |field: &str, name: &str| {
            document[field].as_array().is_some_and(|all| all.iter().any(|known| known.as_str() == Some(name)))
        };
        // A claim may come with a scope of its name without being listed itself.
        let missing: Vec<&str> = self
            .claims
            .iter()
            .filter(|claim| !listed("claims_supported", claim) && !listed("scopes_supported", claim))
            .map(String::as_str)
            .collect();
        if missing.is_empty() {
            return Outcome::pass(format!("{}, {keys} keys", self.issuer));
        }
        let problem = Problem::new(
            "OIDC-CLAIM",
            format!("the issuer does not list {}", missing.join(", ")),
            "Correct the claim's name; the claim of groups is usually groups, not group.",
        );
        let of = |field: &str| {
            let all = document[field].as_array().into_iter().flatten().filter_map(Value::as_str);
            all.collect::<Vec<_>>().join(", ")
        };
        let why = format!("Claims: {}. Scopes: {}.", of("claims_supported"), of("scopes_supported"));
        Outcome::Fail { problem: problem.why(why) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(claims: &[&str]) -> OidcDiscovery {
        serde_json::from_value(json!({"issuer": "https://dex.corp.example:443/dex", "claims": claims})).unwrap()
    }

    #[test]
    fn the_name_counts_letter_by_letter() {
        let code = |issuer: &str| {
            let outcome = check(&[]).named_otherwise(&json!({"issuer": issuer}));
            outcome.and_then(|outcome| outcome.problem().map(|problem| problem.code.clone()))
        };
        assert_eq!(code("https://dex.corp.example:443/dex"), None);
        assert_eq!(code("https://dex.corp.example/dex").as_deref(), Some("OIDC-ISSUER"));
        assert_eq!(code("https://dex.corp.example:443/dex/").as_deref(), Some("OIDC-ISSUER"));
    }

    #[test]
    fn a_claim_is_listed_itself_or_as_a_scope() {
        let document = json!({"claims_supported": ["email"], "scopes_supported": ["openid", "groups"]});
        assert!(matches!(check(&["email", "groups"]).judged(&document, 1), Outcome::Pass { .. }));
        assert_eq!(check(&["group"]).judged(&document, 1).problem().unwrap().code, "OIDC-CLAIM");
    }
}
