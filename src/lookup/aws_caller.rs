//! `aws.caller`: who applies, as a cluster's list of admins names them? As a fact: `facts.caller.principal`.

use async_trait::async_trait;
use landfall_core::event::{Row, Table};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::{
    cloud::{
        Trouble,
        look::role::{Caller, caller},
    },
    kind::{Context, Lookup, LookupAbout},
};

/// Parameters in a guide: none.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallerFacts {}

#[async_trait]
impl Lookup for CallerFacts {
    const ABOUT: LookupAbout = LookupAbout { name: "aws.caller", about: "who we are in AWS: kind, name, principal" };
    const SERVICES: &'static [&'static str] = &["sts"];

    async fn rows(&self, cx: &Context) -> Result<Table, Trouble> {
        let answer = cx.cloud.aws.sts().await?.get_caller_identity().send().await?;
        let arn = answer.arn().unwrap_or_default();
        let (kind, name) = match caller(arn) {
            Caller::Session { role, .. } => ("role", role),
            Caller::User(arn) => ("user", arn.rsplit('/').next().unwrap_or_default().to_owned()),
            Caller::Root => ("root", String::new()),
            Caller::Other(_) => ("other", String::new()),
        };
        let mut parts = arn.split(':');
        let partition = parts.nth(1).unwrap_or("aws");
        let account = answer.account().unwrap_or_default();
        // aws-auth wants a role's ARN without its path, which is also how a session names it.
        let principal = match kind {
            "role" | "user" => format!("arn:{partition}:iam::{account}:{kind}/{name}"),
            _ => arn.to_owned(),
        };
        let value = json!({ "kind": kind, "name": name, "principal": principal, "arn": arn });
        let cells = vec![kind.to_owned(), principal];
        let row = Row { value, cells, rejected: None, suggested: true };
        Ok(Table {
            columns: vec!["kind".into(), "principal".into()],
            rows: vec![row],
            note: "STS GetCallerIdentity".into(),
        })
    }
}
