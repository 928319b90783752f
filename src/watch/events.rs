//! Events as rows.

use jiff::Timestamp;
use landfall_core::why::EventRow;
use serde::Deserialize;

use super::{board::State, pod::Metadata, reflect::Kind};

/// Events of the namespace.
pub struct Events;

impl Kind for Events {
    const NAME: &'static str = "events";
    type Object = Event;

    fn path(namespace: &str) -> String {
        format!("/api/v1/namespaces/{namespace}/events")
    }

    fn name(object: &Event) -> &str {
        &object.metadata.name
    }

    fn version(object: &Event) -> &str {
        &object.metadata.resource_version
    }

    fn set(state: &mut State, object: Event) {
        let row = row(object);
        state.events.insert(row.name.clone(), row.into());
        state.trim_events();
    }

    fn remove(state: &mut State, name: &str) {
        state.events.remove(name);
    }

    fn names(state: &State) -> Vec<String> {
        state.events.keys().cloned().collect()
    }
}

/// What is read of an event.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Event {
    metadata: Metadata,
    #[serde(rename = "type")]
    kind: String,
    reason: String,
    message: String,
    count: Option<u32>,
    last_timestamp: Option<Timestamp>,
    event_time: Option<Timestamp>,
    series: Option<Series>,
    involved_object: Object,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Series {
    count: u32,
    last_observed_time: Option<Timestamp>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Object {
    kind: String,
    name: String,
}

fn row(event: Event) -> EventRow {
    let series = event.series.unwrap_or_default();
    EventRow {
        at: series
            .last_observed_time
            .or(event.last_timestamp)
            .or(event.event_time)
            .or(event.metadata.creation_timestamp),
        warning: event.kind == "Warning",
        about: format!("{}/{}", event.involved_object.kind, event.involved_object.name),
        reason: event.reason,
        message: event.message,
        count: event.count.unwrap_or(series.count).max(1),
        name: event.metadata.name,
    }
}
