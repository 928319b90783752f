//! May somebody else do this? Roles and bindings of the store decide, as in RBAC.

use serde_json::Value;

use super::{access::Attributes, object, state::State};

/// Somebody who asks.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// User name.
    pub name: &'a str,
    /// Groups.
    pub groups: &'a [String],
}

impl Person<'_> {
    fn is(&self, subject: &Value, of: &str) -> bool {
        let name = object::text(subject, "/name");
        match object::text(subject, "/kind") {
            "User" => name == self.name,
            "Group" => self.groups.iter().any(|group| group == name),
            "ServiceAccount" => {
                let namespace = Some(object::text(subject, "/namespace")).filter(|text| !text.is_empty()).unwrap_or(of);
                self.name == format!("system:serviceaccount:{namespace}:{name}")
            }
            _ => false,
        }
    }
}

/// Whether some binding allows it.
pub fn allows(state: &State, person: Person<'_>, asked: Attributes<'_>) -> bool {
    if person.groups.iter().any(|group| group == "system:masters") {
        return true;
    }
    let everywhere = state.objects.values("clusterrolebindings.rbac.authorization.k8s.io", "");
    let here = (!asked.namespace.is_empty())
        .then(|| state.objects.values("rolebindings.rbac.authorization.k8s.io", asked.namespace));
    everywhere.chain(here.into_iter().flatten()).any(|binding| {
        let of = object::namespace(binding);
        object::list(binding, "/subjects").iter().any(|subject| person.is(subject, of))
            && rules(state, binding, of).iter().any(|rule| covers(rule, asked))
    })
}

fn rules(state: &State, binding: &Value, namespace: &str) -> Vec<Value> {
    let name = object::text(binding, "/roleRef/name");
    let role = match object::text(binding, "/roleRef/kind") {
        "Role" => state.objects.find("roles.rbac.authorization.k8s.io", namespace, name),
        _ => state.objects.find("clusterroles.rbac.authorization.k8s.io", "", name),
    };
    role.map(|role| object::list(role, "/rules").to_vec()).unwrap_or_default()
}

fn covers(rule: &Value, asked: Attributes<'_>) -> bool {
    let has = |field: &str, wanted: &str| {
        object::list(rule, field).iter().any(|known| known == "*" || known.as_str() == Some(wanted))
    };
    let whole = if asked.subresource.is_empty() {
        asked.resource.to_owned()
    } else {
        format!("{}/{}", asked.resource, asked.subresource)
    };
    let names = object::list(rule, "/resourceNames");
    has("/verbs", asked.verb)
        && has("/apiGroups", asked.group)
        && has("/resources", &whole)
        && (names.is_empty() || names.iter().any(|name| name.as_str() == Some(asked.name)))
}
