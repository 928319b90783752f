//! Which address does a host name get? That of the load balancer behind its Ingress.

use std::collections::BTreeMap;

use k8s_openapi::api::{
    core::v1::{LoadBalancerIngress, Service},
    networking::v1::{Ingress, IngressClass, IngressLoadBalancerIngress},
};
use kube::{Api, Client, ResourceExt, api::ListParams};

use super::Trouble;

/// Host names of a release's Ingresses, with the address behind each; empty where there is none yet and the Service of
/// their controller does not tell it either.
pub async fn addresses(client: &Client, namespace: &str, release: &str) -> Result<BTreeMap<String, String>, Trouble> {
    let all: Api<Ingress> = Api::namespaced(client.clone(), namespace);
    let all = all.list(&ListParams::default()).await?.items;
    let mut hosts = BTreeMap::new();
    let mut of_class: BTreeMap<String, String> = BTreeMap::new();
    for ingress in all.iter().filter(|ingress| belongs(*ingress, release)) {
        let class = class(ingress);
        let address = match own(ingress) {
            Some(address) => address,
            None => match of_class.get(&class) {
                Some(known) => known.clone(),
                None => {
                    // A controller shares one load balancer among its Ingresses: its Service knows it before they do.
                    // Who may not see that waits for the Ingress.
                    let found = controllers(client, &class).await.ok().flatten().unwrap_or_default();
                    of_class.insert(class, found.clone());
                    found
                }
            },
        };
        let rules = ingress.spec.iter().flat_map(|spec| spec.rules.iter().flatten());
        for host in rules.filter_map(|rule| rule.host.clone()) {
            hosts.insert(host, address.clone());
        }
    }
    Ok(hosts)
}

/// The address of a Service's load balancer; none while it has none.
pub fn of_service(service: &Service) -> Option<String> {
    let points = service.status.as_ref()?.load_balancer.as_ref()?.ingress.as_ref()?;
    points.first().and_then(|LoadBalancerIngress { hostname, ip, .. }| hostname.clone().or_else(|| ip.clone()))
}

/// The label under which an Ingress controller's own objects are found, if it is a known one.
pub fn controller_label(class: &IngressClass) -> Option<String> {
    if let Some(name) = class.labels().get("app.kubernetes.io/name") {
        return Some(format!("app.kubernetes.io/name={name}"));
    }
    let name = match class.spec.as_ref()?.controller.as_deref()? {
        "k8s.io/ingress-nginx" => "ingress-nginx",
        "nginx.org/ingress-controller" => "nginx-ingress",
        "traefik.io/ingress-controller" => "traefik",
        "ingress.k8s.aws/alb" => "aws-load-balancer-controller",
        _ => return None,
    };
    Some(format!("app.kubernetes.io/name={name}"))
}

async fn controllers(client: &Client, class: &str) -> Result<Option<String>, Trouble> {
    let Some(class) = Api::<IngressClass>::all(client.clone()).get_opt(class).await? else { return Ok(None) };
    // The AWS controller makes a load balancer for each Ingress: its own Service is none of them.
    let Some(label) = controller_label(&class).filter(|label| !label.ends_with("aws-load-balancer-controller")) else {
        return Ok(None);
    };
    let services = Api::<Service>::all(client.clone()).list(&ListParams::default().labels(&label)).await?;
    Ok(services.items.iter().find_map(of_service))
}

fn class(ingress: &Ingress) -> String {
    let named = ingress.spec.as_ref().and_then(|spec| spec.ingress_class_name.clone());
    named.or_else(|| ingress.annotations().get("kubernetes.io/ingress.class").cloned()).unwrap_or_default()
}

fn belongs(object: &impl ResourceExt, release: &str) -> bool {
    object.annotations().get("meta.helm.sh/release-name").map(String::as_str) == Some(release)
        || object.labels().get("app.kubernetes.io/instance").map(String::as_str) == Some(release)
}

fn own(ingress: &Ingress) -> Option<String> {
    let points = ingress.status.as_ref()?.load_balancer.as_ref()?.ingress.as_ref()?;
    points.first().and_then(|IngressLoadBalancerIngress { hostname, ip, .. }| hostname.clone().or_else(|| ip.clone()))
}
