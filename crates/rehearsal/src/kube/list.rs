//! Lists: of which objects, from where on, and how many at once.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::{BufMut, BytesMut};
use http::Response;
use serde_json::{Value, json};
use std::sync::Arc;

use super::{
    answer::Form,
    call::{Call, Target},
    object,
    objects::{Key, Object},
    refusal::Refusal,
    remove::Removal,
    reply::{self, Body},
    resource::Resource,
    selector::{Fields, Labels},
    table,
};
use crate::World;

/// Which objects of a kind are meant.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    labels: Labels,
    fields: Fields,
}

impl Choice {
    /// From a query.
    pub fn of(call: &Call, kind: &Resource) -> Result<Self, Refusal> {
        Ok(Self {
            labels: Labels::parse(call.query.get("labelSelector"))?,
            fields: Fields::parse(call.query.get("fieldSelector"), kind)?,
        })
    }

    /// Is this object meant?
    pub fn takes(&self, object: &Value) -> bool {
        self.labels.matches(object) && self.fields.matches(object)
    }

    fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields == Fields::default()
    }
}

struct Page {
    items: Vec<Arc<Object>>,
    version: u64,
    next: Option<String>,
    remaining: usize,
}

/// Answers a list.
pub fn answer(
    world: &World,
    call: &Call,
    target: &Target,
    kind: &Resource,
    form: Form,
) -> Result<Response<Body>, Refusal> {
    let choice = Choice::of(call, kind)?;
    let page = page(world, call, target, kind, &choice)?;
    let mut metadata = json!({ "resourceVersion": page.version.to_string() });
    if let Some(next) = &page.next {
        metadata["continue"] = next.as_str().into();
        if choice.is_everything() {
            metadata["remainingItemCount"] = page.remaining.into();
        }
    }
    if form == Form::Table {
        return Ok(reply::whole(
            200,
            &table::of(kind, page.items.iter().map(|object| &object.value), &metadata, world.clock.now()),
        ));
    }
    let (list, version) = match form {
        Form::Metadata => ("PartialObjectMetadataList".to_owned(), "meta.k8s.io/v1".to_owned()),
        _ => (format!("{}List", kind.kind), kind.api_version()),
    };
    let mut text =
        BytesMut::with_capacity(256 + page.items.iter().map(|object| object.text().len() + 1).sum::<usize>());
    text.put_slice(
        format!("{{\"kind\":\"{list}\",\"apiVersion\":\"{version}\",\"metadata\":{metadata},\"items\":[").as_bytes(),
    );
    for (at, object) in page.items.iter().enumerate() {
        if at > 0 {
            text.put_u8(b',');
        }
        match form {
            Form::Metadata => text.put_slice(self::metadata(&object.value).to_string().as_bytes()),
            _ => text.put_slice(object.text()),
        }
    }
    text.put_slice(b"]}");
    Ok(reply::bytes(200, text.freeze()))
}

fn page(world: &World, call: &Call, target: &Target, kind: &Resource, choice: &Choice) -> Result<Page, Refusal> {
    let limit = match call.query.get("limit") {
        "" | "0" => usize::MAX,
        text => text.parse().map_err(|_| Refusal::bad_request(format!("limit: {text:?} is no number")))?,
    };
    let token = call.query.get("continue");
    let from = if token.is_empty() { None } else { Some(unpack(token)?) };
    world.cluster.look(|state| {
        let version = from.as_ref().map_or(state.objects.version(), |(version, ..)| *version);
        if from.is_some() && state.objects.since(version).is_none() {
            return Err(Refusal::gone("The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter."));
        }
        let after = from.map(|(_, namespace, name)| (namespace, name));
        let mut meant = state.objects.list(&kind.id, &target.namespace, after).filter(|object| choice.takes(&object.value));
        let items: Vec<Arc<Object>> = meant.by_ref().take(limit).cloned().collect();
        let remaining = if limit == usize::MAX { 0 } else { meant.count() };
        let next = items.last().filter(|_| remaining > 0).map(|last| pack(version, object::namespace(&last.value), object::name(&last.value)));
        Ok(Page { items, version, next, remaining })
    })
}

fn pack(version: u64, namespace: &str, name: &str) -> String {
    URL_SAFE_NO_PAD
        .encode(json!({ "v": "meta.k8s.io/v1", "rv": version, "namespace": namespace, "name": name }).to_string())
}

fn unpack(token: &str) -> Result<(u64, String, String), Refusal> {
    let read = || -> Option<(u64, String, String)> {
        let value: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        Some((value["rv"].as_u64()?, value["namespace"].as_str()?.into(), value["name"].as_str()?.into()))
    };
    read().ok_or_else(|| Refusal::bad_request("continue key is not valid"))
}

/// Deletes all that are meant, and answers with what they were.
pub fn delete(
    world: &World,
    call: &Call,
    target: &Target,
    kind: &Resource,
    removal: &Removal,
) -> Result<Response<Body>, Refusal> {
    let choice = Choice::of(call, kind)?;
    world.cluster.with(|state| {
        let meant: Vec<Arc<Object>> = state.objects.list(&kind.id, &target.namespace, None).filter(|object| choice.takes(&object.value)).cloned().collect();
        for object in &meant {
            let key = Key::new(&kind.id, object::namespace(&object.value), object::name(&object.value));
            state.delete(kind, &key, removal)?;
        }
        let items: Vec<Value> = meant.iter().map(|object| object.value.clone()).collect();
        let version = state.objects.version().to_string();
        Ok(reply::whole(200, &json!({ "kind": format!("{}List", kind.kind), "apiVersion": kind.api_version(), "metadata": { "resourceVersion": version }, "items": items })))
    })
}

/// An object's metadata alone.
pub fn metadata(object: &Value) -> Value {
    json!({ "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"] })
}
