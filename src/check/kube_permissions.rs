//! `kube.permissions`: may this user do in the cluster what the plan needs?

use async_trait::async_trait;
use futures::{StreamExt, stream};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use kube::{Api, api::PostParams};
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Problem, Rbac},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::Trouble,
    kind::{Check, CheckAbout, Context},
};

/// So many questions at a time.
const AT_ONCE: usize = 8;

/// Every Kubernetes right of the plan is asked of the API server for whoever is signed in. What is denied would stop
/// the install in its middle.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubePermissions {}

#[async_trait]
impl Check for KubePermissions {
    const ABOUT: CheckAbout = CheckAbout {
        name: "kube.permissions",
        code: "K8S-04",
        about: "this user may do in the cluster what the plan needs",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &["K8S-NOT-ALLOWED"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let wanted = &cx.needs.permissions.rbac;
        if wanted.is_empty() {
            return Ok(Outcome::skip("the plan needs nothing in the cluster"));
        }
        let reviews: Api<SelfSubjectAccessReview> = Api::all(cx.cloud.kube.client().await?);
        let mut answers = stream::iter(wanted.clone()).map(|rule| ask(reviews.clone(), rule)).buffered(AT_ONCE);
        let mut missing = Vec::new();
        while let Some(answer) = answers.next().await {
            missing.extend(answer?);
        }
        if missing.is_empty() {
            return Ok(Outcome::pass(format!("all {} allowed", wanted.len())));
        }
        let problem = Problem::new(
            "K8S-NOT-ALLOWED",
            format!("{} of {} permissions are missing", missing.len(), wanted.len()),
            format!("Ask your cluster's administrators for a role with these rules.\n{}", rules(&missing)),
        );
        let problem = problem.why(lines(&missing));
        Ok(if missing.iter().all(|rule| only_looked_at(rule, wanted)) {
            Outcome::Warn { problem }
        } else {
            Outcome::Fail { problem }
        })
    }
}

/// Whether nothing of the plan changes such objects: then a check stays unknown without the rule, and nothing stops.
fn only_looked_at(rule: &Rbac, wanted: &[Rbac]) -> bool {
    let looks = |verb: &str| matches!(verb, "get" | "list" | "watch");
    let same = |other: &&Rbac| other.group == rule.group && other.resource == rule.resource;
    wanted.iter().filter(same).all(|other| looks(&other.verb))
}

/// The rule, where it is not allowed.
async fn ask(reviews: Api<SelfSubjectAccessReview>, rule: Rbac) -> Result<Option<Rbac>, Trouble> {
    let (resource, subresource) = match rule.resource.split_once('/') {
        Some((resource, subresource)) => (resource, Some(subresource.to_owned())),
        None => (rule.resource.as_str(), None),
    };
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                namespace: rule.namespace.clone(),
                group: Some(rule.group.clone()),
                resource: Some(resource.to_owned()),
                subresource,
                verb: Some(rule.verb.clone()),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let answer = reviews.create(&PostParams::default(), &review).await?;
    Ok((!answer.status.is_some_and(|status| status.allowed)).then_some(rule))
}

fn lines(missing: &[Rbac]) -> String {
    let line = |rule: &Rbac| {
        let place = rule.namespace.as_ref().map_or_else(|| "in all".to_owned(), |namespace| format!("in {namespace}"));
        format!("{} {} {place}", rule.verb, named(rule))
    };
    missing.iter().map(line).collect::<Vec<_>>().join(", ")
}

fn named(rule: &Rbac) -> String {
    if rule.group.is_empty() { rule.resource.clone() } else { format!("{}.{}", rule.resource, rule.group) }
}

/// Commands that make the roles; verbs on one resource stand together.
fn rules(missing: &[Rbac]) -> String {
    let mut grouped: std::collections::BTreeMap<(Option<&str>, String), Vec<&str>> = std::collections::BTreeMap::new();
    for rule in missing {
        grouped.entry((rule.namespace.as_deref(), named(rule))).or_default().push(&rule.verb);
    }
    let command = |((namespace, resource), verbs): (&(Option<&str>, String), &Vec<&str>)| {
        let name = format!("landfall-{}", resource.replace(['/', '.'], "-"));
        let verbs = verbs.join(",");
        match namespace {
            Some(namespace) => {
                format!("$ kubectl create role {name} --namespace {namespace} --verb {verbs} --resource {resource}")
            }
            None => format!("$ kubectl create clusterrole {name} --verb {verbs} --resource {resource}"),
        }
    };
    grouped.iter().map(command).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_looked_at_stops_nothing() {
        let wanted = [
            Rbac::new(None, "", "nodes", "list"),
            Rbac::new(Some("shield"), "", "secrets", "get"),
            Rbac::new(Some("shield"), "", "secrets", "create"),
        ];
        assert!(only_looked_at(&wanted[0], &wanted));
        assert!(!only_looked_at(&wanted[1], &wanted));
    }

    #[test]
    fn what_is_missing_is_said_as_commands_to_paste() {
        let (one, two) = (
            Rbac::new(Some("shield"), "apps", "deployments", "create"),
            Rbac::new(Some("shield"), "apps", "deployments", "get"),
        );
        let all = Rbac::new(None, "", "nodes", "list");
        let text = rules(&[one, two, all]);
        assert!(text.contains("$ kubectl create clusterrole landfall-nodes --verb list --resource nodes"));
        assert!(text.contains("--namespace shield --verb create,get --resource deployments.apps"), "{text}");
    }
}
