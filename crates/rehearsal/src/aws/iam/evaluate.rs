//! Who may do what: statements of a role's policies against an action and a resource.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Role, managed};
use crate::aws::{ask::Ask, fault::fits, state::State};

/// What policies say of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Allowed.
    Allowed,
    /// A statement denies it.
    ExplicitDeny,
    /// No statement allows it.
    ImplicitDeny,
}

/// Whether a role has an AWS policy of this name.
pub fn attached(state: &State, role: &str, policy: &str) -> bool {
    let arn = managed::arn(policy);
    state.iam.roles.get(role).is_some_and(|role| role.attached.contains(&arn))
}

/// Whether a role may do an action. IAM is the account's, so this only knows roles of the home region's state.
pub fn allows(state: &State, role: &str, action: &str, resource: &str) -> bool {
    state.iam.roles.get(role).is_some_and(|role| decide(role, action, resource) == Decision::Allowed)
}

/// What a role's policies say.
pub fn decide(role: &Role, action: &str, resource: &str) -> Decision {
    of_policies(&role.attached, &role.inline, action, resource)
}

/// What attached and inline policies say.
pub fn of_policies(attached: &[String], inline: &BTreeMap<String, Value>, action: &str, resource: &str) -> Decision {
    let mut allowed = attached
        .iter()
        .filter_map(|arn| managed::actions(arn))
        .any(|actions| actions.iter().any(|pattern| means(pattern, action)));
    for document in inline.values() {
        let statements = match &document["Statement"] {
            Value::Array(many) => many.iter().collect(),
            one => vec![one],
        };
        for statement in statements {
            if !applies(statement, action, resource) {
                continue;
            }
            if statement.text("Effect") == "Deny" {
                return Decision::ExplicitDeny;
            }
            allowed = true;
        }
    }
    if allowed { Decision::Allowed } else { Decision::ImplicitDeny }
}

fn applies(statement: &Value, action: &str, resource: &str) -> bool {
    let any = |name: &str, fits: &dyn Fn(&str) -> bool| match &statement[name] {
        Value::String(one) => fits(one),
        Value::Array(many) => many.iter().filter_map(Value::as_str).any(fits),
        _ => false,
    };
    let action_fits = match statement.part("NotAction") {
        Some(_) => !any("NotAction", &|pattern| means(pattern, action)),
        None => any("Action", &|pattern| means(pattern, action)),
    };
    let resource_fits = match statement.part("NotResource") {
        Some(_) => !any("NotResource", &|pattern| fits(pattern, resource)),
        None => any("Resource", &|pattern| fits(pattern, resource) || pattern == "*"),
    };
    action_fits && resource_fits
}

/// Actions are compared without regard to case.
pub fn means(pattern: &str, action: &str) -> bool {
    fits(&pattern.to_lowercase(), &action.to_lowercase())
}
