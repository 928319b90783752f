//! May the caller do this? Everything is allowed but what the scenario denies.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    rbac::{self, Person},
    refusal::Refusal,
    resource::Resource,
    setup::{Setup, User},
    state::State,
};

/// Something the caller may not do; `*` stands for everything.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Denied {
    /// `get`, `list`, `create` …
    pub verb: String,
    /// API group.
    pub group: String,
    /// Plural, with a subresource after a slash.
    pub resource: String,
    /// Only in this namespace.
    pub namespace: Option<String>,
    /// Only this object.
    pub name: Option<String>,
}

impl Default for Denied {
    fn default() -> Self {
        Self { verb: "*".into(), group: "*".into(), resource: "*".into(), namespace: None, name: None }
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attributes<'a> {
    /// Verb.
    pub verb: &'a str,
    /// API group.
    pub group: &'a str,
    /// Plural.
    pub resource: &'a str,
    /// Subresource.
    pub subresource: &'a str,
    /// Namespace, empty for all.
    pub namespace: &'a str,
    /// Name, empty for all.
    pub name: &'a str,
}

impl Denied {
    fn covers(&self, asked: Attributes<'_>) -> bool {
        let same = |rule: &str, asked: &str| rule == "*" || asked == rule;
        let whole = if asked.subresource.is_empty() {
            asked.resource.to_owned()
        } else {
            format!("{}/{}", asked.resource, asked.subresource)
        };
        same(&self.verb, asked.verb)
            && same(&self.group, asked.group)
            && same(&self.resource, &whole)
            && self
                .namespace
                .as_deref()
                .is_none_or(|namespace| namespace == asked.namespace || asked.namespace.is_empty())
            && self.name.as_deref().is_none_or(|name| name == asked.name)
    }
}

/// Is it allowed?
pub fn allowed(setup: &Setup, asked: Attributes<'_>) -> bool {
    !setup.denied.iter().any(|denied| denied.covers(asked))
}

/// Is it allowed to this user, or to the caller of the scenario where it is nobody else?
pub fn allowed_to(state: &State, user: Option<&User>, asked: Attributes<'_>) -> bool {
    match user {
        None => allowed(&state.setup, asked),
        Some(user) => {
            let groups = authenticated(&user.groups);
            rbac::allows(state, Person { name: &user.name, groups: &groups }, asked)
        }
    }
}

/// Everybody who is known belongs to one more group.
fn authenticated(groups: &[String]) -> Vec<String> {
    let mut groups = groups.to_vec();
    if !groups.iter().any(|group| group == "system:authenticated") {
        groups.push("system:authenticated".into());
    }
    groups
}

/// Refuses what is denied, in the API server's words.
pub fn check(state: &State, user: Option<&User>, resource: &Resource, asked: Attributes<'_>) -> Result<(), Refusal> {
    if allowed_to(state, user, asked) {
        return Ok(());
    }
    let name = user.map_or(&state.setup.user, |user| &user.name);
    let whole = if asked.subresource.is_empty() {
        asked.resource.to_owned()
    } else {
        format!("{}/{}", asked.resource, asked.subresource)
    };
    let place = if asked.namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace \"{}\"", asked.namespace)
    };
    let why = format!(
        "User \"{}\" cannot {} resource \"{whole}\" in API group \"{}\" {place}",
        name, asked.verb, asked.group
    );
    Err(Refusal::forbidden(resource, asked.name, &why))
}

/// Answers a review that asks about the caller, or about somebody else.
pub fn review(state: &State, user: Option<&User>, kind: &str, mut body: Value) -> Option<Value> {
    let setup = &state.setup;
    let status = match kind {
        "selfsubjectaccessreviews" | "subjectaccessreviews" => {
            let of = |field: &str| body["spec"]["resourceAttributes"][field].as_str().unwrap_or_default().to_owned();
            let (verb, group, resource, subresource, namespace, name) =
                (of("verb"), of("group"), of("resource"), of("subresource"), of("namespace"), of("name"));
            let asked = Attributes {
                verb: &verb,
                group: &group,
                resource: &resource,
                subresource: &subresource,
                namespace: &namespace,
                name: &name,
            };
            let other = (kind == "subjectaccessreviews").then(|| User {
                token: String::new(),
                name: body["spec"]["user"].as_str().unwrap_or_default().to_owned(),
                groups: body["spec"]["groups"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|group| group.as_str().map(str::to_owned))
                    .collect(),
            });
            let about = other.as_ref().or(user);
            let allowed = !body["spec"]["resourceAttributes"].is_object() || allowed_to(state, about, asked);
            if allowed {
                json!({ "allowed": true, "reason": "RBAC: allowed by the rehearsal" })
            } else {
                json!({ "allowed": false })
            }
        }
        "selfsubjectrulesreviews" => {
            let namespace = body["spec"]["namespace"].as_str().unwrap_or_default().to_owned();
            json!({
                "resourceRules": rules(setup, &state.kinds, &namespace),
                "nonResourceRules": [{ "verbs": ["get"], "nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/readyz", "/version"] }],
                "incomplete": false,
            })
        }
        "selfsubjectreviews" => match user {
            Some(user) => json!({ "userInfo": { "username": user.name, "groups": authenticated(&user.groups) } }),
            None => json!({ "userInfo": { "username": setup.user, "groups": setup.groups } }),
        },
        _ => return None,
    };
    body["status"] = status;
    Some(body)
}

fn rules(setup: &Setup, kinds: &[std::sync::Arc<Resource>], namespace: &str) -> Value {
    const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    if setup.denied.is_empty() {
        return json!([{ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] }]);
    }
    let mut rules = Vec::new();
    for kind in kinds {
        for subresource in std::iter::once("").chain(kind.subresources.iter().map(String::as_str)) {
            let may = |verb: &&str| {
                allowed(
                    setup,
                    Attributes { verb, group: &kind.group, resource: &kind.plural, subresource, namespace, name: "" },
                )
            };
            let verbs: Vec<&str> = VERBS.into_iter().filter(may).collect();
            let name =
                if subresource.is_empty() { kind.plural.clone() } else { format!("{}/{subresource}", kind.plural) };
            if !verbs.is_empty() {
                rules.push(json!({ "verbs": verbs, "apiGroups": [kind.group], "resources": [name] }));
            }
        }
    }
    Value::Array(rules)
}
