//! `dns.name`: does a name point where it has to, by what the servers responsible for it say?

use async_trait::async_trait;
use k8s_openapi::api::core::v1::{Event, Service};
use kube::{Api, Client, api::ListParams};
use landfall_core::{
    catalogue::Touches,
    event::{Host, Outcome, Permissions, Problem},
    value::Late,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{Trouble, ingress, net::Answer},
    kind::{Check, CheckAbout, Context, PlanView},
};

/// What the name servers responsible for the name answer, without any cache in between. The product and its users reach
/// it by this name, and a record with a load balancer's address goes wrong once AWS changes that.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DnsName {
    /// The name.
    name: String,
    /// Where it has to point: a load balancer's host name, or an address.
    #[serde(default)]
    points_to: Option<Late<String>>,
    /// Or a Service, `namespace/name`: then to its load balancer, whatever its name will be.
    #[serde(default)]
    service: Option<String>,
}

#[async_trait]
impl Check for DnsName {
    const ABOUT: CheckAbout = CheckAbout {
        name: "dns.name",
        code: "NET-02",
        about: "a name points where it has to",
        touches: Touches::Nothing,
    };
    const NAMES_HOSTS: bool = true;
    const PROBLEMS: &'static [&'static str] =
        &["DNS-ADDRESS", "DNS-ELSEWHERE", "DNS-MISSING", "K8S-LOAD-BALANCER-MISSING"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let target = match (&self.points_to, &self.service) {
            (Some(Late::Known(target)), _) => target.clone(),
            (Some(late), _) => return Ok(Outcome::skip(format!("{late} is not known yet"))),
            (None, Some(service)) => match load_balancer(cx, service).await? {
                Ok(address) => address,
                Err(problem) => return Ok(Outcome::NotYet { problem }),
            },
            (None, None) => {
                return Err(Trouble::guide("dns.name: points_to or service is missing", "Give one of them."));
            }
        };
        let names = cx.cloud.net.names();
        let answer = names.ask(&self.name).await?;
        let target_addresses = names.addresses(&target).await.unwrap_or_default();
        Ok(judged(&self.name, &target, &answer, &target_addresses))
    }

    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        match self.service.as_deref().and_then(|service| service.split_once('/')) {
            Some((namespace, _)) => Permissions::default().rbac(Some(namespace), "", "services", &["get"]).rbac(
                Some(namespace),
                "",
                "events",
                &["list"],
            ),
            None => Permissions::default(),
        }
    }

    fn hosts(&self, _cx: &PlanView<'_>) -> Vec<Host> {
        let servers = format!("<the name servers of {}>", self.name);
        vec![Host::from_here(servers, 53, "UDP and TCP: they are asked where the name points")]
    }
}

/// The address of a Service's load balancer, or what is missing for it.
async fn load_balancer(cx: &Context, service: &str) -> Result<Result<String, Problem>, Trouble> {
    let Some((namespace, name)) = service.split_once('/') else {
        let wrong = format!("service: {service:?} is not namespace/name");
        return Err(Trouble::guide(wrong, "Write it as namespace/name."));
    };
    let client = cx.cloud.kube.client().await?;
    let services: Api<Service> = Api::namespaced(client.clone(), namespace);
    let look = format!("$ kubectl --namespace {namespace} describe service {name}");
    let missing = |what: String, why: &str| {
        let fix = format!("Its events tell why.\n{look}");
        Err(Problem::new("K8S-LOAD-BALANCER-MISSING", what, fix).why(why.to_owned()))
    };
    let Some(found) = services.get_opt(name).await? else {
        return Ok(missing(
            format!("there is no Service {service}"),
            "What makes it has not run, or calls it otherwise.",
        ));
    };
    Ok(match ingress::of_service(&found) {
        Some(address) => Ok(address),
        None => missing(
            format!("the Service {service} has no load balancer yet"),
            warned(&client, namespace, name)
                .await
                .as_deref()
                .unwrap_or("It is made within a few minutes where the Service is of type LoadBalancer."),
        ),
    })
}

/// What was last warned of a Service.
async fn warned(client: &Client, namespace: &str, service: &str) -> Option<String> {
    let events: Api<Event> = Api::namespaced(client.clone(), namespace);
    let about = format!("involvedObject.kind=Service,involvedObject.name={service}");
    // Who may not list events still hears that there is none.
    let heard = events.list(&ListParams::default().fields(&about)).await.ok()?.items;
    let warnings = heard.into_iter().filter(|event| event.type_.as_deref() == Some("Warning"));
    warnings.max_by_key(|event| event.last_timestamp.clone())?.message
}

fn judged(name: &str, target: &str, answer: &Answer, target_addresses: &[std::net::IpAddr]) -> Outcome {
    let target = target.trim_end_matches('.').to_lowercase();
    if answer.aliases.contains(&target) {
        return Outcome::pass(format!("{name} is an alias of {target}, says {}", answer.server));
    }
    let same =
        !answer.addresses.is_empty() && answer.addresses.iter().all(|address| target_addresses.contains(address));
    if same && target.parse::<std::net::IpAddr>().is_ok() {
        return Outcome::pass(format!("{name} has the address {target}, says {}", answer.server));
    }
    if same {
        // A Route 53 alias looks like this, and so does an address somebody copied.
        return Outcome::Warn {
            problem: Problem::new(
                "DNS-ADDRESS",
                format!("{name} has the right addresses, not as an alias"),
                "If it is a Route 53 alias, all is well. If somebody copied addresses, replace them by a CNAME: a load balancer's addresses change.",
            )
            .why(format!("{} answers with {}", answer.server, list(&answer.addresses))),
        };
    }
    if answer.addresses.is_empty() && answer.aliases.is_empty() {
        let remembered = answer.negative_ttl.map_or(String::new(), |ttl| {
            format!(" Resolvers that were asked already remember the \"no\" for up to {} s.", ttl.as_secs())
        });
        return Outcome::NotYet {
            problem: Problem::new(
                "DNS-MISSING",
                format!("{name} does not exist yet"),
                format!("Make a CNAME (or a Route 53 alias):\n{name} CNAME {target}"),
            )
            .why(format!("{} says that there is no such name.{remembered}", answer.server)),
        };
    }
    let found = answer.aliases.last().cloned().unwrap_or_else(|| list(&answer.addresses));
    Outcome::NotYet {
        problem: Problem::new(
            "DNS-ELSEWHERE",
            format!("{name} points to {found}, not to {target}"),
            format!("Change the record:\n{name} CNAME {target}"),
        )
        .why(format!(
            "{} says so; an answer changed a moment ago may be remembered elsewhere for its TTL.",
            answer.server
        )),
    }
}

fn list(addresses: &[std::net::IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(addresses: &[&str], aliases: &[&str]) -> Answer {
        Answer {
            addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            negative_ttl: Some(std::time::Duration::from_secs(60)),
            server: "ns1".into(),
        }
    }

    #[test]
    fn an_alias_passes_and_copied_addresses_are_warned_of() {
        let balancer = ["10.0.0.1".parse().unwrap()];
        assert!(matches!(
            judged("a.example", "lb.example", &answer(&["10.0.0.1"], &["lb.example"]), &balancer),
            Outcome::Pass { .. }
        ));
        assert!(matches!(
            judged("a.example", "lb.example", &answer(&["10.0.0.1"], &[]), &balancer),
            Outcome::Warn { .. }
        ));
    }

    #[test]
    fn a_missing_name_is_not_yet_with_its_negative_ttl() {
        let Outcome::NotYet { problem } = judged("a.example", "lb.example", &answer(&[], &[]), &[]) else { panic!() };
        assert_eq!(problem.code, "DNS-MISSING");
        assert!(problem.why.contains("60 s"));
        assert!(matches!(
            judged("a.example", "lb.example", &answer(&["9.9.9.9"], &["old.example"]), &[]),
            Outcome::NotYet { .. }
        ));
    }
}
