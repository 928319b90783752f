//! `network.route`: can every host of the plan be reached, and how: directly, through a proxy, re-signed by whom?

use async_trait::async_trait;
use futures::{StreamExt, stream};
use landfall_core::{
    catalogue::Touches,
    event::{Host, Outcome, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::Trouble,
    kind::{Check, CheckAbout, Context},
};

/// Every host of the plan that this machine or, as far as it is seen from here, nodes and pods must reach: AWS, the
/// cluster, registries, repositories, databases. A closed firewall or a proxy that re-signs TLS stops an install in its
/// middle. `landfall plan GUIDE --hosts` prints the same list.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkRoute {}

/// How many are tried at once: each has so many seconds, which a busy proxy or machine would else spend on the others.
const AT_ONCE: usize = 8;

/// How one host was reached.
#[derive(Debug, PartialEq, Eq)]
enum Route {
    Direct,
    Proxied(String),
    /// Reached, but somebody in between signs in the host's place.
    Resigned(String),
    Unreachable(String),
}

#[async_trait]
impl Check for NetworkRoute {
    const ABOUT: CheckAbout = CheckAbout {
        name: "network.route",
        code: "NET-01",
        about: "every host of the plan can be reached",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &["NET-RESIGNED", "NET-UNREACHABLE"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let hosts = tried(&cx.needs.hosts);
        let server = cx.cloud.kube.server().map(|(server, _)| server);
        let asked: Vec<_> = hosts.iter().map(|host| route(cx, host, server.as_deref())).collect();
        let routes: Vec<Route> = stream::iter(asked).buffered(AT_ONCE).collect().await;
        let elsewhere = cx.needs.hosts.iter().filter(|host| ["nodes", "pods"].contains(&host.from.as_str())).count();
        let found: Vec<(&Host, Route)> = hosts.into_iter().zip(routes).collect();
        Ok(judged(&found, elsewhere))
    }
}

/// What can be tried from here before anything is installed: each host and port once, by whom it is needed first.
fn tried(hosts: &[Host]) -> Vec<&Host> {
    let mut tried: Vec<&Host> = Vec::new();
    for host in hosts.iter().filter(|host| host.is_known() && !["browsers", "later"].contains(&host.from.as_str())) {
        if !tried.iter().any(|other| (&other.host, other.port) == (&host.host, host.port)) {
            tried.push(host);
        }
    }
    tried
}

async fn route(cx: &Context, host: &Host, server: Option<&str>) -> Route {
    let net = &cx.cloud.net;
    let via = net.via(&host.host).map(str::to_owned);
    // The API server shows a certificate of the cluster's own, which whoever calls it checks.
    if host.port != 443 || server == Some(host.host.as_str()) {
        return match net.connect(&host.host, host.port).await {
            Ok(_) => via.map_or(Route::Direct, Route::Proxied),
            Err(trouble) => Route::Unreachable(trouble.to_string()),
        };
    }
    match net.chain(&host.host, host.port).await {
        Err(trouble) => Route::Unreachable(trouble.to_string()),
        Ok(chain) => match (&chain.untrusted, via) {
            (Some(_), _) => {
                Route::Resigned(chain.certificates.last().map(|last| last.issuer.clone()).unwrap_or_default())
            }
            (None, Some(proxy)) => Route::Proxied(proxy),
            (None, None) => Route::Direct,
        },
    }
}

fn judged(found: &[(&Host, Route)], elsewhere: usize) -> Outcome {
    let lines = |wanted: fn(&Route) -> Option<&String>| -> Vec<String> {
        found
            .iter()
            .filter_map(|(host, route)| {
                wanted(route).map(|word| format!("{}:{} ({}): {word}", host.host, host.port, host.why))
            })
            .collect()
    };
    let silent = lines(|route| if let Route::Unreachable(why) = route { Some(why) } else { None });
    let resigned = lines(|route| if let Route::Resigned(by) = route { Some(by) } else { None });
    if !silent.is_empty() {
        return Outcome::Fail {
            problem: Problem::new("NET-UNREACHABLE", format!("{} of {} hosts cannot be reached from here", silent.len(), found.len()), "Have the firewall or proxy opened for them; `landfall plan GUIDE --hosts` is the whole list to send. If only nodes and pods must reach them, attest it.")
                .why(silent.join("\n")),
        };
    }
    if !resigned.is_empty() {
        return Outcome::Warn {
            problem: Problem::new("NET-RESIGNED", format!("{} hosts are re-signed by somebody in between", resigned.len()), "Have them exempted from inspection, or name the inspector's authority with SSL_CERT_FILE (and give it to the nodes, too).")
                .why(resigned.join("\n")),
        };
    }
    let proxied = found.iter().filter(|(_, route)| matches!(route, Route::Proxied(_))).count();
    let how = match proxied {
        0 => "directly".to_owned(),
        some => format!("{some} through the proxy"),
    };
    Outcome::pass(format!(
        "{} hosts answer, {how}, seen from here{}",
        found.len(),
        if elsewhere > 0 { "; nodes and pods may differ" } else { "" }
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host_that_is_known_is_tried_once_and_only_what_is_there_before_the_install() {
        let here = Host::from_here("a.example", 443, "images");
        let later = Host::from_here("product.example", 443, "").reached_by("later");
        let open = Host::from_here("<answer database_host>", 5432, "");
        let all = [here.clone(), here.reached_by("nodes"), later.reached_by("browsers"), later, open];
        assert_eq!(tried(&all), [&here]);
    }

    #[test]
    fn an_unreachable_host_outweighs_a_resigned_one() {
        let host = Host { host: "a.example".into(), port: 443, from: "here".into(), why: "images".into() };
        let outcome =
            judged(&[(&host, Route::Resigned("Corp CA".into())), (&host, Route::Unreachable("refused".into()))], 0);
        assert_eq!(outcome.problem().unwrap().code, "NET-UNREACHABLE");
        let outcome = judged(&[(&host, Route::Resigned("Corp CA".into()))], 0);
        assert!(outcome.problem().unwrap().why.contains("Corp CA"));
        assert!(judged(&[(&host, Route::Direct)], 1).line().contains("pods may differ"));
    }
}
