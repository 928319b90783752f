//! `aws.profiles`: which profiles does the AWS configuration on this machine have?

use async_trait::async_trait;
use aws_config::profile::Profile;
use landfall_core::event::{Row, Table};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{Trouble, profile_set},
    kind::{Context, Lookup, LookupAbout},
};

/// No parameters.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profiles {}

#[async_trait]
impl Lookup for Profiles {
    const ABOUT: LookupAbout = LookupAbout { name: "aws.profiles", about: "AWS profiles on this machine" };

    async fn rows(&self, cx: &Context) -> Result<Table, Trouble> {
        let set = profile_set().await?;
        let chosen = cx.cloud.endpoints.profile.clone().unwrap_or_else(|| set.selected_profile().to_owned());
        let mut names: Vec<&str> = set.profiles().collect();
        names.sort_unstable();
        let rows = names
            .into_iter()
            .map(|name| Row {
                value: name.into(),
                cells: vec![name.to_owned(), set.get_profile(name).map_or_else(String::new, signs_in)],
                suggested: name == chosen,
                ..Row::default()
            })
            .collect();
        Ok(Table {
            columns: vec!["profile".into(), "signs in by".into()],
            rows,
            note: "AWS configuration files of this machine".into(),
        })
    }
}

/// How a profile gets its credentials; never the credentials themselves.
fn signs_in(profile: &Profile) -> String {
    let has = |key: &str| profile.get(key);
    if let Some(session) = has("sso_session").or(has("sso_start_url")) {
        return format!("SSO {session}");
    }
    if let Some(role) = has("role_arn") {
        return format!("role {}", role.rsplit('/').next().unwrap_or(role));
    }
    if has("credential_process").is_some() {
        return "from a program it names".into();
    }
    if has("login_session").is_some() {
        return "aws login".into();
    }
    if has("aws_access_key_id").is_some() {
        return "access key".into();
    }
    "nothing of its own".into()
}
