//! `aws.identity`: who are we, in which account, and does the session last long enough?

use async_trait::async_trait;
use aws_credential_types::provider::ProvideCredentials;
use jiff::{SignedDuration, Timestamp};
use landfall_core::{
    catalogue::Touches,
    clock::{Span, stopwatch},
    event::{Outcome, Permissions, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        look::role::{Caller, caller},
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// Whose credentials these are, in which account, and when the session ends. A wrong account is not seen afterwards,
/// and a session that ends in a long step makes somebody sign in again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Whether the account's root user is refused.
    #[serde(default = "yes")]
    not_root: bool,
}

fn yes() -> bool {
    true
}

#[async_trait]
impl Check for Identity {
    const ABOUT: CheckAbout = CheckAbout {
        name: "aws.identity",
        code: "AWS-01",
        about: "who we are in AWS, and until when",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &["AWS-ROOT", "AWS-SESSION-SHORT", "AWS-WRONG-ACCOUNT"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let answer = cx.cloud.aws.sts().await?.get_caller_identity().send().await?;
        let arn = answer.arn().unwrap_or_default();
        let account = answer.account().unwrap_or_default();
        if !cx.target.account.is_empty() && cx.target.account != account {
            return Ok(Outcome::Fail { problem: wrong_account(&cx.target.account, account, arn) });
        }
        let who = name(arn);
        if self.not_root && caller(arn) == Caller::Root {
            return Ok(Outcome::Fail { problem: root(account) });
        }
        let through = match &cx.cloud.endpoints.profile {
            Some(profile) => format!("{who} via {profile}"),
            None => who,
        };
        let config = cx.cloud.aws.config().await;
        let expiry = match config.credentials_provider() {
            Some(provider) => provider.provide_credentials().await.ok().and_then(|credentials| credentials.expiry()),
            None => None,
        };
        let Some(expiry) = expiry.and_then(|at| Timestamp::try_from(at).ok()) else {
            return Ok(Outcome::pass(through));
        };
        Ok(lasts(&through, expiry.duration_since(cx.cloud.clock().now()), cx.needs.longest_step))
    }

    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        Permissions::default().iam("*", ["sts:GetCallerIdentity"])
    }
}

/// `role/admin`, `user/jo`, `root`.
fn name(arn: &str) -> String {
    match caller(arn) {
        Caller::Root => "root".into(),
        Caller::User(arn) => format!("user/{}", arn.rsplit('/').next().unwrap_or_default()),
        Caller::Session { role, .. } => format!("role/{role}"),
        Caller::Other(arn) => arn,
    }
}

/// Whether a session that ends after `left` outlasts the longest step.
fn lasts(who: &str, left: SignedDuration, longest: Option<Span>) -> Outcome {
    let minutes = left.as_mins().max(0);
    let fact = format!("{who}, expires in {minutes} min");
    let needed = longest.map_or(SignedDuration::ZERO, |span| SignedDuration::try_from(span.0).unwrap_or_default());
    if left >= needed {
        return Outcome::pass(fact);
    }
    let longest = longest.map_or_else(String::new, |span| stopwatch(span.0));
    Outcome::Warn {
        problem: Problem::new(
            "AWS-SESSION-SHORT",
            format!("the session expires in {minutes} min, the longest step may take {longest}"),
            "Renew it before Install; if it ends in the middle, Landfall waits and goes on.\n$ aws sso login",
        )
        .why("What runs at AWS goes on without the session; only looking at it stops."),
    }
}

fn wrong_account(wanted: &str, found: &str, arn: &str) -> Problem {
    Problem::new(
        "AWS-WRONG-ACCOUNT",
        format!("these credentials belong to account {found}, the target is {wanted}"),
        "Choose the profile of the target account, or change the target.\n$ aws sts get-caller-identity",
    )
    .why(format!("AWS says: {arn}"))
}

fn root(account: &str) -> Problem {
    Problem::new(
        "AWS-ROOT",
        format!("these are the root user's credentials of account {account}"),
        "Sign in as a role or a user made for this.\n$ aws sso login",
    )
    .why("Nobody can restrict what the root user does, and EKS ties a cluster's access to who calls.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_shorter_than_the_longest_step_is_warned_of() {
        let left = SignedDuration::from_mins(12);
        let outcome = lasts("role/admin", left, Some(Span::minutes(25)));
        assert_eq!(outcome.problem().unwrap().code, "AWS-SESSION-SHORT");
        let outcome = lasts("role/admin via corp-prod", SignedDuration::from_mins(52), Some(Span::minutes(25)));
        assert_eq!(outcome, Outcome::pass("role/admin via corp-prod, expires in 52 min"));
    }

    #[test]
    fn a_caller_is_named_shortly() {
        assert_eq!(name("arn:aws:sts::123456789012:assumed-role/admin/sre"), "role/admin");
        assert_eq!(name("arn:aws:iam::123456789012:user/ops/jo"), "user/jo");
    }
}
