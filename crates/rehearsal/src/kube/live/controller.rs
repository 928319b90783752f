//! What a product's own controller makes of its custom objects, as the scenario declares it.

use jiff::{SignedDuration, Timestamp};
use minijinja::{Environment, context, value::Serde};
use serde::Deserialize as _;
use serde_json::Value;

use super::{Work, cluster, event, event::From, make};
use crate::kube::{object, objects::Key, setup::Controller, state::State};

/// How often one whose Deployment is not ready looks again.
const AGAIN: SignedDuration = SignedDuration::from_secs(5);

/// A custom object came or changed: whoever watches its kind begins.
pub fn touched(state: &mut State, key: &Key) {
    let Some(uid) = state.objects.value(key).map(|object| object::uid(object).to_owned()) else { return };
    let watching: Vec<SignedDuration> =
        state.setup.controllers.iter().filter(|own| own.watches == *key.resource).map(|own| own.after).collect();
    for after in watching {
        if state.begun.insert(format!("controller/{uid}")) {
            state.later(after, Work::Controller(key.clone()));
        }
    }
}

/// It makes what belongs to the object.
pub fn happen(state: &mut State, key: &Key) {
    let setup = state.setup.clone();
    let Some(controller) = setup.controllers.iter().find(|own| own.watches == *key.resource) else { return };
    let Some(custom) = state.objects.value(key).cloned() else { return };
    if !ready(state, controller) {
        state.later(AGAIN, Work::Controller(key.clone()));
        return;
    }
    match rendered(controller, &custom) {
        Ok(objects) => objects.into_iter().for_each(|object| made(state, &custom, object)),
        Err(why) => event::warning(state, &custom, From::Controller("controller"), "Failed", &why),
    }
}

fn ready(state: &State, controller: &Controller) -> bool {
    let Some((namespace, name)) = controller.deployment.as_deref().and_then(|place| place.split_once('/')) else {
        return true;
    };
    let found = state.objects.find("deployments.apps", namespace, name);
    found.is_some_and(|found| found.pointer("/status/readyReplicas").and_then(Value::as_i64).unwrap_or(0) > 0)
}

fn rendered(controller: &Controller, custom: &Value) -> Result<Vec<Value>, String> {
    let environment = Environment::new();
    let text = environment
        .render_str(&controller.makes, context! { object => Serde(custom.clone()) })
        .map_err(|error| error.to_string())?;
    let documents = serde_yaml::Deserializer::from_str(&text);
    let objects: Result<Vec<Value>, _> = documents.map(Value::deserialize).collect();
    Ok(objects.map_err(|error| error.to_string())?.into_iter().filter(|object| !object.is_null()).collect())
}

fn made(state: &mut State, custom: &Value, mut object: Value) {
    let Some(kind) = state.kind_of(&object) else { return };
    object::set(&mut object, &["metadata", "namespace"], object::namespace(custom));
    object["metadata"]["ownerReferences"] = object::controlled_by(custom);
    let key = Key::new(&kind.id, object::namespace(&object), object::name(&object));
    if state.objects.get(&key).is_none() {
        make(state, &kind.id, object);
    }
}

/// What somebody else brings, which replaces what is there.
pub fn arrive(state: &mut State, number: usize) {
    let setup = state.setup.clone();
    let Some(arrival) = setup.arrivals.get(number) else { return };
    if let Some(once) = &arrival.once {
        let mut parts = once.splitn(3, '/');
        let mut part = || parts.next().unwrap_or_default();
        let key = Key::new(part(), part(), part());
        let Some(there) = state.objects.value(&key) else {
            state.later(AGAIN, Work::Arrival(number));
            return;
        };
        let made = object::text(there, "/metadata/creationTimestamp").parse::<Timestamp>();
        let waited = made.map_or(SignedDuration::MAX, |made| state.now.duration_since(made));
        if waited < arrival.then {
            state.later(arrival.then - waited, Work::Arrival(number));
            return;
        }
    }
    let Some(kind) = state.kind_of(&arrival.object) else { return };
    let key = Key::new(&kind.id, object::namespace(&arrival.object), object::name(&arrival.object));
    if state.objects.get(&key).is_none() {
        cluster::place(state, arrival.object.clone());
        return;
    }
    let wanted = arrival.object.clone();
    state.objects.change(&key, |found| {
        for part in ["spec", "data", "rules", "subjects", "type"] {
            if let Some(value) = wanted.get(part) {
                found[part] = value.clone();
            }
        }
    });
}
