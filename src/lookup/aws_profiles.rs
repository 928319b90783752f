//! `aws.profiles`: which profiles does the AWS configuration on this machine have?

use async_trait::async_trait;
// The name that replaces it is in a crate of the SDK's own innards.
use aws_config::profile::Profile;
#[expect(deprecated)]
use aws_config::profile::profile_file::ProfileFiles;
use aws_types::os_shim_internal::{Env, Fs};
use landfall_core::event::{Problem, Row, Table};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::Trouble,
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
        // The SDK's own reader: it knows where the files are and how they nest.
        #[expect(deprecated)]
        let set = aws_config::profile::load(&Fs::real(), &Env::real(), &ProfileFiles::default(), None).await.map_err(
            |error| {
                Problem::new(
                    "AWS-CONFIG-UNREADABLE",
                    "the AWS configuration cannot be read",
                    "Correct ~/.aws/config or ~/.aws/credentials, or point AWS_CONFIG_FILE at another.",
                )
                .why(format!("{error}"))
            },
        )?;
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
