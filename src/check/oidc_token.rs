//! `oidc.token`: is somebody who comes with this ID token the user, and in the group, that everything else relies on?
//!
//! Asked of the API server itself with the token; where it refuses, the token's claims tell which setting is wrong.

use async_trait::async_trait;
use k8s_openapi::api::{
    authentication::v1::SelfSubjectReview,
    authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec},
};
use kube::{Api, Client, api::PostParams};
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Problem},
    value::SecretText,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{Trouble, token::Claims},
    kind::{Check, CheckAbout, Context},
};

/// Who the API server takes the holder of an ID token for, in which groups, and what that user may do. Everything that
/// is granted by group depends on it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OidcToken {
    /// The ID token.
    token: SecretText,
    /// The issuer, as the API server knows it.
    issuer: String,
    /// The client, as the API server knows it.
    client_id: String,
    /// The claim that is the user's name.
    username_claim: String,
    /// What the API server puts before it.
    #[serde(default)]
    username_prefix: String,
    /// The claim that lists the groups.
    groups_claim: String,
    /// What the API server puts before each.
    #[serde(default)]
    groups_prefix: String,
    /// The group the user must be in, without prefix.
    #[serde(default)]
    group: Option<String>,
    /// What the user must be allowed to do.
    #[serde(default)]
    allowed: Vec<Deed>,
    /// What the user must not be allowed to do.
    #[serde(default)]
    denied: Vec<Deed>,
}

/// Something that can be allowed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deed {
    /// e.g. `create`.
    verb: String,
    /// API group, empty for the core.
    #[serde(default)]
    group: String,
    /// Plural.
    resource: String,
    /// Namespace; none is the whole cluster.
    #[serde(default)]
    namespace: Option<String>,
}

#[async_trait]
impl Check for OidcToken {
    const ABOUT: CheckAbout = CheckAbout {
        name: "oidc.token",
        code: "OIDC-02",
        about: "the API server takes an ID token as expected",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &[
        "OIDC-ALLOWED",
        "OIDC-GROUPS-CLAIM",
        "OIDC-NOT-ALLOWED",
        "OIDC-PREFIX",
        "OIDC-TOKEN-CLAIM",
        "OIDC-TOKEN-CLIENT",
        "OIDC-TOKEN-EXPIRED",
        "OIDC-TOKEN-GROUP",
        "OIDC-TOKEN-ISSUER",
        "OIDC-TOKEN-REFUSED",
        "OIDC-TOKEN-UNREADABLE",
        "OIDC-USERNAME-CLAIM",
        "SECRET-MISSING",
    ];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let token = match cx.reveal(&self.token).await {
            Ok(token) => token,
            Err(trouble) if trouble.code() == Some("SECRET-MISSING") => {
                return Ok(Outcome::NotYet { problem: trouble.problem() });
            }
            Err(trouble) => return Err(trouble),
        };
        let Some(claims) = Claims::of(token.reveal()) else {
            let problem = Problem::new(
                "OIDC-TOKEN-UNREADABLE",
                "what was entered is no ID token",
                "Sign in again and give the ID token (three parts with dots between), not the access token.",
            );
            return Ok(Outcome::NotYet { problem });
        };
        if let Some(problem) = self.against(&claims, cx.cloud.clock().now().as_second()) {
            return Ok(Outcome::NotYet { problem });
        }
        let mut config = cx.cloud.kube.config(cx.cloud.kube.context()).await?;
        config.auth_info = kube::config::AuthInfo {
            token: Some(token.reveal().trim().to_owned().into()),
            ..kube::config::AuthInfo::default()
        };
        let client = Client::try_from(config)?;
        let reviews: Api<SelfSubjectReview> = Api::all(client.clone());
        let answer = match reviews.create(&PostParams::default(), &SelfSubjectReview::default()).await {
            Ok(answer) => answer,
            Err(kube::Error::Api(status)) if status.code == 401 => {
                let problem = Problem::new(
                    "OIDC-TOKEN-REFUSED",
                    "the API server does not know who signed this token: Unauthorized",
                    "Compare the API server's --oidc-issuer-url (port and closing slash count), --oidc-client-id and --oidc-ca-file with these answers, restart it, and look at its log.",
                );
                let why = format!("The token itself is for {} from {}, as planned.", self.client_id, self.issuer);
                return Ok(Outcome::NotYet { problem: problem.why(why) });
            }
            Err(error) => return Err(error.into()),
        };
        let user = answer.status.and_then(|status| status.user_info).unwrap_or_default();
        let (name, groups) = (user.username.unwrap_or_default(), user.groups.unwrap_or_default());
        if let Some(problem) = self.otherwise(&claims, &name, &groups) {
            return Ok(Outcome::NotYet { problem });
        }
        for (deeds, wanted) in [(&self.allowed, true), (&self.denied, false)] {
            for deed in deeds {
                if may(&client, deed).await? != wanted {
                    return Ok(Outcome::Fail { problem: deed.problem(&name, wanted) });
                }
            }
        }
        Ok(Outcome::pass(format!("{name}, {} groups", groups.len())))
    }
}

impl OidcToken {
    /// What in the token itself does not fit.
    fn against(&self, claims: &Claims, now: i64) -> Option<Problem> {
        if claims.issuer() != self.issuer {
            let fix = "Sign in at the issuer the API server trusts; or use one spelling of it everywhere, port and closing slash included.";
            let problem = Problem::new("OIDC-TOKEN-ISSUER", format!("the token is from {}", claims.issuer()), fix);
            return Some(problem.why(format!("The API server is to trust {}.", self.issuer)));
        }
        if !claims.audiences().contains(&self.client_id.as_str()) {
            let fix = "Sign in with the client the API server knows (--oidc-client-id).";
            let what = format!("the token is for {}", claims.audiences().join(", "));
            let problem = Problem::new("OIDC-TOKEN-CLIENT", what, fix);
            return Some(problem.why(format!("The API server is to know {}.", self.client_id)));
        }
        if claims.ends().is_some_and(|ends| ends <= now) {
            let fix = "Sign in again; ID tokens last for a day at most.";
            return Some(Problem::new("OIDC-TOKEN-EXPIRED", "the token has run out", fix));
        }
        let missing: Vec<&str> = [self.username_claim.as_str(), &self.groups_claim]
            .into_iter()
            .filter(|claim| claims.texts(claim).is_empty())
            .collect();
        if !missing.is_empty() {
            let what = format!("the token says nothing of {}", missing.join(", "));
            let fix = "Correct the claim's name (the one for groups is groups), sign in with the scopes openid, email and groups, and check that the user is in a group.";
            return Some(
                Problem::new("OIDC-TOKEN-CLAIM", what, fix).why(format!("It has: {}.", claims.names().join(", "))),
            );
        }
        let group = self.group.as_ref()?;
        (!claims.texts(&self.groups_claim).contains(&group.as_str())).then(|| {
            let what = format!("the user is not in the group {group}");
            let fix = "Sign in as somebody who is, or add the user to the group and sign in again.";
            Problem::new("OIDC-TOKEN-GROUP", what, fix)
                .why(format!("Groups: {}.", claims.texts(&self.groups_claim).join(", ")))
        })
    }

    /// What the API server makes of it other than planned.
    fn otherwise(&self, claims: &Claims, name: &str, groups: &[String]) -> Option<Problem> {
        let own = claims.texts(&self.username_claim).first().copied().unwrap_or_default();
        let of_token = claims.texts(&self.groups_claim);
        let seen: Vec<&str> =
            groups.iter().map(String::as_str).filter(|group| *group != "system:authenticated").collect();
        if seen.is_empty() && !of_token.is_empty() {
            let fix = format!("Set --oidc-groups-claim={} (not group) and restart the API server.", self.groups_claim);
            let problem = Problem::new("OIDC-GROUPS-CLAIM", "the API server sees no groups in the token", fix);
            return Some(problem.why(format!("The token lists {} in {}.", of_token.join(", "), self.groups_claim)));
        }
        if !name.ends_with(own) {
            let fix = format!("Set --oidc-username-claim={} and restart the API server.", self.username_claim);
            let problem = Problem::new("OIDC-USERNAME-CLAIM", format!("the API server calls the user {name}"), fix);
            return Some(problem.why(format!("The token's {} is {own}.", self.username_claim)));
        }
        let prefixed = |prefix: &str, text: &str| format!("{prefix}{text}");
        let wrong_name = name != prefixed(&self.username_prefix, own);
        let wrong_group = of_token.iter().any(|group| !seen.contains(&prefixed(&self.groups_prefix, group).as_str()));
        (wrong_name || wrong_group).then(|| {
            let fix = format!(
                "Set --oidc-username-prefix={} and --oidc-groups-prefix={} on the API server, or answer here with its own; roles are bound to the prefixed names.",
                self.username_prefix, self.groups_prefix
            );
            let problem = Problem::new("OIDC-PREFIX", "the API server puts another prefix before names or groups", fix);
            problem.why(format!("It sees {name}, in {}.", seen.join(", ")))
        })
    }
}

async fn may(client: &Client, deed: &Deed) -> Result<bool, Trouble> {
    let reviews: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    let attributes = ResourceAttributes {
        namespace: deed.namespace.clone(),
        group: Some(deed.group.clone()),
        resource: Some(deed.resource.clone()),
        verb: Some(deed.verb.clone()),
        ..ResourceAttributes::default()
    };
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() },
        ..SelfSubjectAccessReview::default()
    };
    let answer = reviews.create(&PostParams::default(), &review).await?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}

impl Deed {
    fn problem(&self, name: &str, wanted: bool) -> Problem {
        let place = self.namespace.as_ref().map_or_else(String::new, |namespace| format!(" in {namespace}"));
        let deed = format!("{} {}{place}", self.verb, self.resource);
        if wanted {
            Problem::new(
                "OIDC-NOT-ALLOWED",
                format!("{name} may not {deed}"),
                "Bind a role to the user's group, with its prefix.",
            )
        } else {
            Problem::new(
                "OIDC-ALLOWED",
                format!("{name} may {deed}"),
                "Find the binding that allows it, and take it away:\n$ kubectl get clusterrolebindings,rolebindings -A -o wide",
            )
        }
    }
}

#[cfg(test)]
#[path = "oidc_token_tests.rs"]
mod tests;
