//! Rows of pods and nodes, and ages, in the words of kubectl.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::object;

/// A pod's cells after its name.
pub fn pod(object: &Value, now: Timestamp) -> Vec<Value> {
    let all = object::list(object, "/status/containerStatuses");
    let ready = all.iter().filter(|status| status["ready"] == true).count();
    let restarts: i64 = all.iter().filter_map(|status| object::int(status, "/restartCount")).sum();
    let last = all.iter().filter_map(|status| object::at(status, "/lastState/terminated/finishedAt")).next_back();
    let restarts = match last {
        Some(last) if restarts > 0 => format!("{restarts} ({} ago)", age(last, now)),
        _ => restarts.to_string(),
    };
    let shown = |text: &str| if text.is_empty() { "<none>".to_owned() } else { text.to_owned() };
    vec![
        json!(format!("{ready}/{}", object::list(object, "/spec/containers").len())),
        json!(phase(object)),
        json!(restarts),
        json!(age(&object["metadata"]["creationTimestamp"], now)),
        json!(shown(object::text(object, "/status/podIP"))),
        json!(shown(object::text(object, "/spec/nodeName"))),
        json!("<none>"),
        json!("<none>"),
    ]
}

/// What people call the state of a pod.
fn phase(pod: &Value) -> String {
    if object::is_deleting(pod) {
        return "Terminating".into();
    }
    let mut told = object::text(pod, "/status/phase").to_owned();
    for status in object::list(pod, "/status/containerStatuses").iter().rev() {
        for pointer in ["/state/waiting/reason", "/state/terminated/reason"] {
            let reason = object::text(status, pointer);
            if !reason.is_empty() {
                reason.clone_into(&mut told);
            }
        }
    }
    told
}

/// A node's cells after its name.
pub fn node(object: &Value, now: Timestamp) -> Vec<Value> {
    let mut status = if object::condition(object, "Ready") { "Ready" } else { "NotReady" }.to_owned();
    if object["spec"]["unschedulable"] == true {
        status.push_str(",SchedulingDisabled");
    }
    let address = object::list(object, "/status/addresses").iter().find(|address| address["type"] == "InternalIP");
    let info = |field: &str| json!(object::text(object, &format!("/status/nodeInfo/{field}")));
    vec![
        json!(status),
        json!("<none>"),
        json!(age(&object["metadata"]["creationTimestamp"], now)),
        info("kubeletVersion"),
        json!(address.map_or("<none>", |address| object::text(address, "/address"))),
        json!("<none>"),
        info("osImage"),
        info("kernelVersion"),
        info("containerRuntimeVersion"),
    ]
}

/// How long ago, in the few letters that kubectl uses.
pub fn age(time: &Value, now: Timestamp) -> String {
    let Some(time) = time.as_str().and_then(|text| text.parse::<Timestamp>().ok()) else { return "<unknown>".into() };
    let seconds = now.duration_since(time).as_secs().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let both = |big: i64, unit: char, small: i64, small_unit: char| {
        if small == 0 { format!("{big}{unit}") } else { format!("{big}{unit}{small}{small_unit}") }
    };
    match seconds {
        0..120 => format!("{seconds}s"),
        120..600 => both(minutes, 'm', seconds % 60, 's'),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => both(hours, 'h', minutes % 60, 'm'),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => both(days, 'd', hours % 24, 'h'),
        _ => format!("{days}d"),
    }
}
