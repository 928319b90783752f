//! Names: an ingress without an address, a host that does not resolve.

use jiff::Timestamp;

use super::{Cause, Chain, Snapshot};

/// After this many seconds an ingress without an address is worth a line.
const PATIENCE: i64 = 60;

pub(super) fn why(snapshot: &Snapshot, now: Timestamp) -> Vec<Chain> {
    snapshot
        .ingresses
        .iter()
        .filter(|ingress| ingress.address.is_none())
        .filter(|ingress| ingress.since.is_none_or(|since| now.duration_since(since).as_secs() >= PATIENCE))
        .map(|ingress| {
            let cause = match &ingress.class {
                Some(class) => Cause::new(
                    "K8S-INGRESS-CONTROLLER",
                    format!("no controller has taken class {class}"),
                    "Look at the ingress controller's pods and its load balancer.",
                ),
                None => Cause::new(
                    "K8S-INGRESS-CLASS",
                    "it names no class and there may be no default one",
                    "Name the ingress class in the values.",
                ),
            };
            Chain::of(format!("ingress {}", ingress.name), "no address", vec![cause])
        })
        .collect()
}

/// The host a log line says it could not resolve.
pub(super) fn unresolved(line: &str) -> Option<String> {
    let after = |mark: &str| line.split_once(mark).map(|(_, rest)| rest);
    let before = |mark: &str| line.split_once(mark).map(|(rest, _)| rest);
    let host = if let Some(rest) = after("ENOTFOUND ") {
        rest.split_whitespace().next()
    } else if let Some(rest) = before(": no such host") {
        rest.rsplit([' ', '/']).next()
    } else if line.contains("Name or service not known")
        || line.contains("Temporary failure in name resolution")
        || line.contains("could not translate host name")
    {
        // A module's name can look like a host; a host in such a line has more labels.
        line.split(['\'', '"', ' ', '(', ')']).filter(|word| is_host(word)).max_by_key(|word| word.matches('.').count())
    } else {
        None
    }?;
    let host = host.trim_matches(|letter: char| !letter.is_ascii_alphanumeric()).split(':').next()?;
    is_host(host).then(|| host.to_owned())
}

/// A host that does not resolve.
pub(super) fn missing(host: &str) -> Cause {
    Cause::new(
        "DNS-NO-NAME",
        format!("{host} does not resolve"),
        "Make the DNS name; resolvers may remember its absence for some minutes.",
    )
}

fn is_host(word: &str) -> bool {
    let word = word.split(':').next().unwrap_or(word);
    let labels: Vec<&str> = word.split('.').collect();
    labels.len() >= 2
        && labels.iter().all(|label| {
            !label.is_empty() && label.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
        })
        && labels.last().is_some_and(|last| last.chars().all(|letter| letter.is_ascii_alphabetic()) && last.len() >= 2)
}
