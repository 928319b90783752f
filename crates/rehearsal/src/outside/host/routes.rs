//! A host with declared answers.

use std::collections::BTreeMap;

use http::StatusCode;
use minijinja::{Environment, context};
use serde::Deserialize;
use serde_json::Value;

use super::{Answer, Call, bytes, text, with};
use crate::{World, outside::condition::When};

/// Routes, looked at in order.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Routes {
    /// The first that fits and whose condition holds answers; a 503 where one fits but must still wait.
    pub routes: Vec<Route>,
}

/// One route.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Method; any where left out.
    #[serde(default)]
    pub method: Option<String>,
    /// Path; a `*` at its end stands for anything.
    pub path: String,
    /// What must hold.
    #[serde(default)]
    pub when: When,
    /// Only the first so many times.
    #[serde(default)]
    pub times: Option<u32>,
    /// Status.
    #[serde(default = "ok")]
    pub status: u16,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Body as text; `{{ request.json.… }}`, `{{ uuid() }}` and `{{ now }}` are filled in.
    #[serde(default)]
    pub body: String,
    /// Body as JSON, its strings filled in likewise.
    #[serde(default)]
    pub json: Option<Value>,
}

fn ok() -> u16 {
    200
}

impl Routes {
    /// The first route that fits.
    pub async fn answer(&self, world: &World, call: &Call) -> Answer {
        let mut waiting = false;
        for (number, route) in self.routes.iter().enumerate().filter(|(_, route)| route.fits(call)) {
            let counter = format!("route {} {number}", call.host);
            let used_up = route.times.is_some_and(|times| world.outside.count_of(&counter) >= times);
            if used_up || !route.when.holds(world, call).await {
                waiting |= !used_up;
                continue;
            }
            world.outside.count(&counter);
            return route.answer(world, call);
        }
        if waiting {
            return text(StatusCode::SERVICE_UNAVAILABLE, "503 Service Temporarily Unavailable\n");
        }
        text(StatusCode::NOT_FOUND, "404 page not found\n")
    }
}

impl Route {
    fn fits(&self, call: &Call) -> bool {
        let method = self.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(call.method.as_str()));
        method
            && match self.path.strip_suffix('*') {
                Some(start) => call.path.starts_with(start),
                None => call.path == self.path,
            }
    }

    fn answer(&self, world: &World, call: &Call) -> Answer {
        let (content_type, body) = match &self.json {
            Some(value) => filled_in(value, world, call).map(|value| ("application/json", value.to_string())),
            None => filled(&self.body, world, call).map(|body| ("text/html; charset=utf-8", body)),
        }
        .unwrap_or_else(|error| {
            ("text/plain", format!("the scenario's body of {} {}: {error}\n", call.host, self.path))
        });
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let answer = bytes(status, content_type, body.into());
        self.headers.iter().fold(answer, |answer, (name, value)| with(answer, name, value))
    }
}

fn filled_in(value: &Value, world: &World, call: &Call) -> Result<Value, minijinja::Error> {
    Ok(match value {
        Value::String(text) => Value::String(filled(text, world, call)?),
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| filled_in(item, world, call)).collect::<Result<_, _>>()?)
        }
        Value::Object(map) => {
            let pairs = map.iter().map(|(key, item)| Ok((key.clone(), filled_in(item, world, call)?)));
            Value::Object(pairs.collect::<Result<_, minijinja::Error>>()?)
        }
        other => other.clone(),
    })
}

fn filled(text: &str, world: &World, call: &Call) -> Result<String, minijinja::Error> {
    if !text.contains("{{") {
        return Ok(text.to_owned());
    }
    let mut environment = Environment::new();
    environment.add_function("uuid", || uuid::Uuid::new_v4().to_string());
    let json: Value = serde_json::from_slice(&call.body).unwrap_or(Value::Null);
    let request = context! { json => minijinja::value::Serde(json), path => call.path.as_str(), host => call.host.as_str(), method => call.method.as_str() };
    environment.render_str(text, context! { request, now => world.clock.now().to_string() })
}
