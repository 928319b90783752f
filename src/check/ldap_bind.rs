//! `ldap.bind`: does the directory let us in, and is the group that matters where it will be looked for?

use async_trait::async_trait;
use landfall_core::{
    catalogue::Touches,
    event::{Host, Outcome, Problem},
    value::SecretText,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        ldap::{Directory, Place},
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// A login to the directory with the given account, and a search for the base and the group. Nobody can sign in where
/// the product finds neither.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LdapBind {
    /// `ldap://host[:port]` or `ldaps://host[:port]`.
    url: String,
    /// Turns a plain connection into TLS.
    #[serde(default)]
    start_tls: bool,
    /// The authority that signed the directory's certificate (PEM), where it is no public one.
    #[serde(default)]
    ca: Option<SecretText>,
    /// Who logs in.
    bind_dn: String,
    /// With which password.
    password: SecretText,
    /// Where groups are looked for.
    search_base: String,
    /// Which entries count, e.g. `(objectClass=groupOfNames)`.
    #[serde(default = "everything")]
    filter: String,
    /// The attribute that is a group's name.
    #[serde(default = "common_name")]
    name_attribute: String,
    /// The group that must be there.
    #[serde(default)]
    group: Option<String>,
    /// The attribute that names its members; it must not be empty.
    #[serde(default)]
    member_attribute: Option<String>,
}

fn everything() -> String {
    "(objectClass=*)".into()
}

fn common_name() -> String {
    "cn".into()
}

#[async_trait]
impl Check for LdapBind {
    const ABOUT: CheckAbout = CheckAbout {
        name: "ldap.bind",
        code: "LDAP-01",
        about: "the directory lets us in and has the group",
        touches: Touches::Nothing,
    };
    const NAMES_HOSTS: bool = true;
    const PROBLEMS: &'static [&'static str] = &["LDAP-BASE", "LDAP-GROUP-EMPTY", "LDAP-GROUP-MISSING", "LDAP-SILENT"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let Some(place) = Place::of(&self.url) else {
            return Err(Trouble::guide(
                format!("{:?} is no address of a directory", self.url),
                "Write ldaps://host:636 or ldap://host:389.",
            ));
        };
        let net = cx.net(self.ca.as_ref()).await?;
        let mut directory = match Directory::connect(&net, &place, self.start_tls).await {
            Ok(directory) => directory,
            Err(Trouble::Unreachable { what, message, .. }) => {
                let problem = Problem::new(
                    "LDAP-SILENT",
                    format!("the directory {what} does not answer"),
                    "Correct host and port, or have the way opened. It was looked at from here; pods may differ.",
                );
                return Ok(Outcome::Fail { problem: problem.why(message) });
            }
            Err(trouble) => return Err(trouble),
        };
        directory.bind(&self.bind_dn, &cx.reveal(&self.password).await?).await?;
        let Some(entries) = directory.search(&self.search_base, &self.filter).await? else {
            let problem = Problem::new(
                "LDAP-BASE",
                format!("the directory has no {}", self.search_base),
                format!(
                    "Correct the search base; list what there is:\n$ ldapsearch -x -W -H {} -D '{}' -b '' -s base namingContexts",
                    self.url, self.bind_dn
                ),
            );
            return Ok(Outcome::Fail { problem });
        };
        let secrecy = if place.tls || self.start_tls { "" } else { ", without TLS" };
        let Some(group) = &self.group else {
            return Ok(Outcome::pass(format!("{} entries below {}{secrecy}", entries.len(), self.search_base)));
        };
        let value = |attributes: &std::collections::BTreeMap<String, Vec<String>>, name: &str| {
            let known = attributes.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            known.map(|(_, values)| values.clone()).unwrap_or_default()
        };
        let found = entries
            .iter()
            .find(|(_, attributes)| value(attributes, &self.name_attribute).iter().any(|own| own == group));
        let Some((dn, attributes)) = found else {
            let names: Vec<String> =
                entries.iter().flat_map(|(_, attributes)| value(attributes, &self.name_attribute)).take(12).collect();
            let problem = Problem::new(
                "LDAP-GROUP-MISSING",
                format!("there is no group {group} below {}", self.search_base),
                "Make the group, or correct its name, the search base or the filter. Names count letter by letter.",
            );
            return Ok(Outcome::Fail { problem: problem.why(format!("There are: {}.", names.join(", "))) });
        };
        if let Some(attribute) = &self.member_attribute
            && value(attributes, attribute).is_empty()
        {
            let problem = Problem::new(
                "LDAP-GROUP-EMPTY",
                format!("{dn} has no {attribute}"),
                "Add somebody to the group, or name the attribute that holds its members.",
            );
            return Ok(Outcome::Warn { problem });
        }
        Ok(Outcome::pass(format!("{dn}{secrecy}")))
    }

    fn hosts(&self, _cx: &PlanView<'_>) -> Vec<Host> {
        let host = |place: Place| {
            ["here", "pods"].map(|from| Host {
                host: place.host.clone(),
                port: place.port,
                from: from.into(),
                why: "people and groups are looked up there".into(),
            })
        };
        Place::of(&self.url).into_iter().flat_map(host).collect()
    }
}
