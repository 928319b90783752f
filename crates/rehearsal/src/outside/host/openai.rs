//! An Azure OpenAI resource, as far as asking whether a deployment answers.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Call, json, with};
use crate::World;

/// The resource.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenAi {
    /// Its key.
    pub key: String,
    /// Its deployments, by name.
    #[serde(default)]
    pub deployments: BTreeMap<String, Deployment>,
}

/// A deployment.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// The model it answers with.
    #[serde(default = "model")]
    pub model: String,
    /// Its limit, told in `x-ratelimit-limit-tokens`.
    pub tokens_per_minute: u64,
    /// Requests a minute.
    #[serde(default = "requests")]
    pub requests_per_minute: u64,
    /// Whether its quota is used up: 429.
    #[serde(default)]
    pub exhausted: bool,
}

fn model() -> String {
    "gpt-35-turbo".to_owned()
}

fn requests() -> u64 {
    300
}

impl OpenAi {
    /// Answers a chat completion, or says why not.
    pub fn answer(&self, world: &World, call: &Call) -> Answer {
        if call.header("api-key").or(call.bearer()) != Some(&self.key) {
            let message = "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key \
                           for an active subscription and use a correct regional API endpoint for your resource.";
            return json(StatusCode::UNAUTHORIZED, &json!({"error": {"code": "401", "message": message}}));
        }
        let deployment = call.path.strip_prefix("/openai/deployments/").and_then(|rest| rest.split_once('/'));
        let Some((name, operation)) = deployment else {
            return json(StatusCode::NOT_FOUND, &json!({"error": {"code": "404", "message": "Resource not found"}}));
        };
        let Some(deployment) = self.deployments.get(name) else {
            let message = "The API deployment for this resource does not exist. If you created the deployment within the last 5 \
                           minutes, please wait a moment and try again.";
            return json(StatusCode::NOT_FOUND, &json!({"error": {"code": "DeploymentNotFound", "message": message}}));
        };
        if call.parameter("api-version").is_none() || operation != "chat/completions" {
            return json(StatusCode::NOT_FOUND, &json!({"error": {"code": "404", "message": "Resource not found"}}));
        }
        if deployment.exhausted {
            let message = format!(
                "Requests to the ChatCompletions_Create Operation under Azure OpenAI API have exceeded token rate limit of your \
                 current pricing tier ({} tokens a minute). Please retry after 60 seconds.",
                deployment.tokens_per_minute
            );
            let answer = json(StatusCode::TOO_MANY_REQUESTS, &json!({"error": {"code": "429", "message": message}}));
            return with(deployment.limits(answer, 0), "retry-after", "60");
        }
        let body = json!({
            "id": format!("chatcmpl-{}", uuid::Uuid::new_v4().simple()),
            "object": "chat.completion",
            "created": world.clock.now().as_second(),
            "model": deployment.model,
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "ok"}}],
            "usage": {"prompt_tokens": 8, "completion_tokens": 1, "total_tokens": 9},
        });
        deployment.limits(json(StatusCode::OK, &body), deployment.tokens_per_minute.saturating_sub(9))
    }
}

impl Deployment {
    fn limits(&self, answer: Answer, remaining: u64) -> Answer {
        let answer = with(answer, "x-ratelimit-limit-tokens", &self.tokens_per_minute.to_string());
        let answer = with(answer, "x-ratelimit-remaining-tokens", &remaining.to_string());
        let answer = with(answer, "x-ratelimit-limit-requests", &self.requests_per_minute.to_string());
        with(answer, "x-ratelimit-remaining-requests", &self.requests_per_minute.saturating_sub(1).to_string())
    }
}
