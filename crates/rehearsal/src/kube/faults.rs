//! What goes wrong with calls, and when?

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;

use super::{access::Attributes, refusal::Refusal, resource::Resource};

/// A fault; conditions left out always hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fault {
    /// Only calls with this verb (`apply` for server-side apply).
    pub verb: Option<String>,
    /// Only calls for this plural.
    pub resource: Option<String>,
    /// Only in this namespace.
    pub namespace: Option<String>,
    /// Only for this object.
    pub name: Option<String>,
    /// From the nth such call on (the first is 1).
    pub nth: Option<u64>,
    /// So many times; once where `nth` is given and this is not.
    pub times: Option<u64>,
    /// From this long after the start on.
    pub from: Option<SignedDuration>,
    /// Until this long after the start.
    pub until: Option<SignedDuration>,
    /// Every connection drops, and new ones are dropped, as long as the fault lasts.
    pub outage: bool,
    /// This one connection drops before anything is done.
    pub drop: bool,
    /// The call is done, and its answer is lost.
    pub lose_answer: bool,
    /// An HTTP status in place of an answer, e.g. 429, 500, or 401 as with an expired token.
    pub status: Option<u16>,
    /// Server-side apply conflicts with this field manager.
    pub conflict: Option<String>,
    /// Watches end after this long.
    pub close_watch: Option<SignedDuration>,
    /// The history is forgotten: watches and continued lists hear 410.
    pub forget: bool,
}

impl Fault {
    /// Is it an outage that lasts now?
    pub fn is_outage(&self, start: Timestamp, now: Timestamp) -> bool {
        self.outage && self.lasts(start, now)
    }

    /// How long may a watch that begins now last?
    pub fn closes_watch(
        &self,
        plural: &str,
        namespace: &str,
        start: Timestamp,
        now: Timestamp,
    ) -> Option<SignedDuration> {
        let meant = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
        let this = meant(&self.resource, plural) && meant(&self.namespace, namespace) && self.lasts(start, now);
        self.close_watch.filter(|_| this)
    }

    fn lasts(&self, start: Timestamp, now: Timestamp) -> bool {
        let since = now.duration_since(start);
        self.from.is_none_or(|from| since >= from) && self.until.is_none_or(|until| since < until)
    }

    /// Does it strike this call? Counts the call where it is meant.
    pub fn strikes(&self, asked: Attributes<'_>, count: &mut u64, start: Timestamp, now: Timestamp) -> bool {
        let meant = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|wanted| wanted == is);
        let verb = self.verb.as_deref().is_none_or(|wanted| wanted == asked.verb);
        if self.outage
            || !verb
            || !meant(&self.resource, asked.resource)
            || !meant(&self.namespace, asked.namespace)
            || !meant(&self.name, asked.name)
        {
            return false;
        }
        if !self.lasts(start, now) {
            return false;
        }
        *count += 1;
        let first = self.nth.unwrap_or(1);
        let times = self.times.or(self.nth.map(|_| 1)).unwrap_or(u64::MAX);
        *count >= first && *count - first < times
    }
}

/// The refusal of a plain status.
pub fn refusal(code: u16) -> Refusal {
    match code {
        401 => Refusal::unauthorized(),
        429 => Refusal {
            code,
            reason: "TooManyRequests",
            message: "the server has received too many requests and has asked us to try again later".into(),
            details: json!({ "retryAfterSeconds": 1 }),
        },
        503 => Refusal::new(code, "ServiceUnavailable", "the server is currently unable to handle the request"),
        504 => Refusal {
            code,
            reason: "Timeout",
            message: "Timeout: request did not complete within the allotted timeout".into(),
            details: json!({ "retryAfterSeconds": 1 }),
        },
        _ => Refusal::new(code, "InternalError", "Internal error occurred: etcdserver: request timed out"),
    }
}

/// The refusal of an apply that conflicts.
pub fn conflict(resource: &Resource, name: &str, manager: &str) -> Refusal {
    let field = if resource.plural == "secrets" || resource.plural == "configmaps" { ".data" } else { ".spec" };
    Refusal {
        code: 409,
        reason: "Conflict",
        message: format!(
            "Apply failed with 1 conflict: conflict with \"{manager}\" using {}: {field}",
            resource.api_version()
        ),
        details: json!({
            "name": name, "group": resource.group, "kind": resource.plural,
            "causes": [{ "reason": "FieldManagerConflict", "message": format!("conflict with \"{manager}\" using {}", resource.api_version()), "field": field }],
        }),
    }
}
