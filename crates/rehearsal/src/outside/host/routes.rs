//! A host with declared answers.

use std::collections::BTreeMap;

use http::StatusCode;
use minijinja::{Environment, context};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Call, bytes, text, with};
use crate::{
    World,
    outside::condition::When,
    tools::cluster::{Cluster, ClusterError},
};

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
    /// What it makes in the cluster before it answers, strings filled in as in the body.
    #[serde(default)]
    pub makes: Vec<Make>,
    /// Body as text; `{{ request.json.… }}`, `{{ uuid() }}` and `{{ now }}` are filled in.
    #[serde(default)]
    pub body: String,
    /// Body as JSON, its strings filled in likewise.
    #[serde(default)]
    pub json: Option<Value>,
}

/// Something a route makes in the cluster.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Make {
    /// An object, created in its collection.
    Object {
        /// The collection's path, e.g. `/api/v1/namespaces`.
        path: String,
        /// It.
        object: Value,
    },
    /// A Secret, copied into another namespace.
    Copy {
        /// `namespace/name`.
        copy: String,
        /// The other namespace.
        to: String,
    },
}

impl Make {
    fn filled(&self, world: &World, call: &Call) -> Result<Self, minijinja::Error> {
        let fill = |text: &str| filled(text, world, call);
        Ok(match self {
            Self::Object { path, object } => {
                Self::Object { path: fill(path)?, object: filled_in(object, world, call)? }
            }
            Self::Copy { copy, to } => Self::Copy { copy: fill(copy)?, to: fill(to)? },
        })
    }

    fn make(&self, cluster: &Cluster) -> Result<(), ClusterError> {
        match self {
            Self::Object { path, object } => cluster.create(path, object).map(drop),
            Self::Copy { copy, to } => {
                let (namespace, name) = copy.split_once('/').unwrap_or(("default", copy));
                let found = cluster.get(&format!("/api/v1/namespaces/{namespace}/secrets/{name}"))?;
                let Some(found) = found else { return Ok(()) };
                let copied = json!({
                    "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name, "namespace": to },
                    "type": found["type"], "data": found["data"],
                });
                cluster.create(&format!("/api/v1/namespaces/{to}/secrets"), &copied).map(drop)
            }
        }
    }
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
            if let Err(error) = route.make(world, call).await {
                return text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n"));
            }
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

    async fn make(&self, world: &World, call: &Call) -> Result<(), String> {
        if self.makes.is_empty() {
            return Ok(());
        }
        let makes: Vec<Make> = self
            .makes
            .iter()
            .map(|make| make.filled(world, call).map_err(|error| error.to_string()))
            .collect::<Result<_, _>>()?;
        let cluster = world.outside.cluster().ok_or("there is no cluster")?;
        let made = tokio::task::spawn_blocking(move || makes.iter().try_for_each(|make| make.make(&cluster)));
        made.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
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
