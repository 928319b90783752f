//! `openai.deployment`: does each Azure OpenAI deployment answer, and with which token limit?

use async_trait::async_trait;
use futures::future::join_all;
use landfall_core::{
    catalogue::Touches,
    event::{Host, Outcome, Problem},
    value::SecretText,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::{
    cloud::{Trouble, net::secret_header},
    kind::{Check, CheckAbout, Context, PlanView},
};

/// Of Azure's REST API for chat completions.
const API_VERSION: &str = "2024-10-21";

/// One question of one token to each deployment, with the given key, and the token limit that it answers. The product
/// answers nothing without it; a low limit slows it under load.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenAiDeployment {
    /// `DEPLOYMENT::ENDPOINT::KEY`, several joined by commas.
    deployments: SecretText,
    /// Fewer tokens a minute over all deployments are a warning.
    #[serde(default)]
    tokens_per_minute: Option<u64>,
}

#[async_trait]
impl Check for OpenAiDeployment {
    const ABOUT: CheckAbout = CheckAbout {
        name: "openai.deployment",
        code: "AI-01",
        about: "Azure OpenAI answers, with enough tokens a minute",
        touches: Touches::Money,
    };
    const NAMES_HOSTS: bool = true;
    const PROBLEMS: &'static [&'static str] =
        &["AI-ANSWER", "AI-BUSY", "AI-DEPLOYMENT", "AI-FORM", "AI-KEY", "AI-TOKENS", "AI-UNREACHABLE"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let text = cx.reveal(&self.deployments).await?;
        let mut asked = Vec::new();
        for (index, row) in text.reveal().split(',').enumerate() {
            let parts: Vec<&str> = row.split("::").collect();
            let [deployment, endpoint, key] = parts.as_slice() else {
                return Ok(Outcome::Fail {
                    problem: Problem::new(
                        "AI-FORM",
                        format!("row {} does not have the form DEPLOYMENT::ENDPOINT::KEY", index + 1),
                        "Enter the row again in Secrets.",
                    ),
                });
            };
            asked.push(ask(cx, (*deployment).to_owned(), (*endpoint).to_owned(), (*key).to_owned()));
        }
        let mut limit = 0;
        let (mut answered, mut unknown_limit) = (0, false);
        for outcome in join_all(asked).await {
            match outcome? {
                Ok(tokens) => {
                    answered += 1;
                    unknown_limit |= tokens.is_none();
                    limit += tokens.unwrap_or(0);
                }
                Err(problem) => return Ok(Outcome::Fail { problem }),
            }
        }
        Ok(match self.tokens_per_minute {
            Some(wanted) if !unknown_limit && limit < wanted => Outcome::Warn {
                problem: Problem::new(
                    "AI-TOKENS",
                    format!("{limit} tokens a minute, {wanted} wanted"),
                    "Deploy the model in further regions and add a row for each, or have the quota raised.",
                ),
            },
            _ if unknown_limit => Outcome::pass(format!("{answered} answer; the token limit was not told")),
            _ => Outcome::pass(format!("{answered} answer, {limit} tokens a minute together")),
        })
    }

    /// The endpoints stand in the secret; as far as these are no secret in themselves, the list of hosts knows them.
    fn hosts(&self, _cx: &PlanView<'_>) -> Vec<Host> {
        let here = Host::from_here(self.deployments.to_string(), 443, "Azure OpenAI answers");
        vec![here.reached_by("pods"), here]
    }
}

async fn ask(
    cx: &Context,
    deployment: String,
    endpoint: String,
    key: String,
) -> Result<Result<Option<u64>, Problem>, Trouble> {
    let host = endpoint.trim_end_matches('/');
    let host = if host.starts_with("https://") { host.to_owned() } else { format!("https://{host}") };
    let url = format!("{host}/openai/deployments/{deployment}/chat/completions?api-version={API_VERSION}");
    // One token: the cheapest call that proves that route, key and deployment fit together.
    let body = json!({ "messages": [{ "role": "user", "content": "ping" }], "max_tokens": 1 });
    let response = cx.cloud.net.http()?.post(&url).header("api-key", secret_header(&key)?).json(&body).send().await;
    let response = match response {
        Ok(response) => response,
        Err(error) => {
            let mut problem = Trouble::from(error).problem();
            problem.code = "AI-UNREACHABLE".into();
            return Ok(Err(problem));
        }
    };
    let tokens = response.headers().get("x-ratelimit-limit-tokens").and_then(|value| value.to_str().ok()?.parse().ok());
    Ok(match response.status().as_u16() {
        200 => Ok(tokens),
        401 | 403 => Err(Problem::new(
            "AI-KEY",
            format!("{host} refuses the key of {deployment}"),
            "Enter the key again in Secrets; a newline at its end is the usual cause.",
        )),
        404 => Err(Problem::new(
            "AI-DEPLOYMENT",
            format!("{host} has no deployment {deployment}"),
            "Correct the deployment's name in Secrets (it is not the model's name).",
        )),
        429 => Err(Problem::new(
            "AI-BUSY",
            format!("{deployment} is beyond its tokens a minute"),
            "Raise its quota, or add deployments in other regions.",
        )),
        other => Err(Problem::new(
            "AI-ANSWER",
            format!("{host} answers {other} for {deployment}"),
            "Try the deployment in Azure's own portal.",
        )),
    })
}
