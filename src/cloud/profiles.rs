//! Which profiles does the AWS configuration on this machine have, and how does the one in use sign in?

use std::{io::ErrorKind, path::PathBuf};

// The name that replaces it is in a crate of the SDK's own innards.
#[expect(deprecated)]
use aws_config::profile::profile_file::ProfileFiles;
use aws_config::profile::{Profile, ProfileSet};
use aws_types::os_shim_internal::{Env, Fs};
use landfall_core::{
    event::Problem,
    plan::{nearest, nearest_few},
};

use super::trouble::chain;

/// The files, by the variable that names another.
const FILES: [(&str, &str); 2] =
    [("AWS_CONFIG_FILE", "~/.aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")];
/// How many profiles are named.
const NAMED: usize = 5;

/// The profiles as the SDK reads them: it knows where the files are and how they nest.
pub async fn profile_set() -> Result<ProfileSet, Problem> {
    #[expect(deprecated)]
    let read = aws_config::profile::load(&Fs::real(), &Env::real(), &ProfileFiles::default(), None).await;
    read.map_err(|error| {
        Problem::new(
            "AWS-CONFIG-UNREADABLE",
            "the AWS configuration cannot be read",
            "Correct the file, or point AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE at another. See which profiles are understood:\n$ aws configure list-profiles",
        )
        .why(chain(&error))
    })
}

/// How a profile comes by its credentials, as far as it says what a person can do about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// IAM Identity Center.
    Sso,
    /// `aws login`.
    Login,
    /// A program it names.
    Program(String),
    /// Keys in the file.
    Keys,
    /// Nothing of its own.
    Nothing,
}

/// What the configuration says of the profile in use.
#[derive(Clone, Debug)]
pub(super) struct Profiles {
    /// The one in use: chosen, or the default.
    pub(super) selected: String,
    /// All there are.
    pub(super) names: Vec<String>,
    /// The files that were read, in words.
    pub(super) files: Vec<String>,
    /// Whose sign-in it lives on: its own, or that of the profile at the end of its `source_profile`s.
    pub(super) base: String,
    /// How that one comes by its credentials.
    pub(super) way: Way,
}

impl Profiles {
    /// Reads the configuration anew.
    pub(super) async fn read(chosen: Option<&str>) -> Result<Self, Problem> {
        let set = profile_set().await?;
        let selected = chosen.unwrap_or_else(|| set.selected_profile()).to_owned();
        let base = set.get_profile(&selected).map(|profile| base(&set, profile));
        let mut names: Vec<String> = set.profiles().map(str::to_owned).collect();
        names.sort_unstable();
        Ok(Self {
            base: base.map_or_else(|| selected.clone(), |base| base.name().to_owned()),
            way: base.map_or(Way::Nothing, way),
            selected,
            names,
            files: files().await,
        })
    }

    /// Refuses a profile that is chosen and not there.
    pub(super) fn there(&self) -> Result<(), Problem> {
        // Nobody has to write a default.
        if self.selected == "default" || self.names.contains(&self.selected) {
            return Ok(());
        }
        Err(self.missing(&self.selected, ""))
    }

    /// A profile that is not there. `whose`: what refers to it, where it is not the one that was chosen.
    pub(super) fn missing(&self, name: &str, whose: &str) -> Problem {
        let names = || self.names.iter().map(String::as_str);
        let near = nearest_few(name, names(), NAMED);
        let rest = self.names.len().saturating_sub(near.len());
        let there = match (near.as_slice(), rest) {
            ([], _) => "It has no profile at all.".to_owned(),
            (near, 0) => format!("Its profiles, the nearest first: {}.", near.join(", ")),
            (near, rest) => format!("Its profiles, the nearest first: {}, and {rest} more.", near.join(", ")),
        };
        let mut fix = match (near.first(), whose.is_empty()) {
            (Some(first), true) => format!(
                "Choose one that is there, by --profile, AWS_PROFILE, or target.profile in the answers:\n$ export AWS_PROFILE={}\n",
                shell_words::quote(first)
            ),
            (Some(_), false) => format!("Correct source_profile of {whose}, or write the profile {name}.\n"),
            (None, _) => "Write it, by hand or by\n".to_owned(),
        };
        fix.push_str(&match near.is_empty() {
            true => format!("$ aws configure sso --profile {}", shell_words::quote(name)),
            false => "See all of them:\n$ aws configure list-profiles".to_owned(),
        });
        let by = if whose.is_empty() { String::new() } else { format!(", to which {whose} refers,") };
        let hint = nearest(name, names());
        Problem::new("AWS-PROFILE-MISSING", format!("the AWS profile {name}{by} is not there{hint}"), fix)
            .why(format!("{} {there}", self.read_from()))
    }

    /// `Read: ~/.aws/config.`
    pub(super) fn read_from(&self) -> String {
        format!("Read: {}.", self.files.join("; "))
    }
}

/// Who signs in for a profile.
fn base<'a>(set: &'a ProfileSet, profile: &'a Profile) -> &'a Profile {
    let mut at = profile;
    // They may refer to each other in a circle, which the SDK tells.
    for _ in set.profiles() {
        match at.get("source_profile").and_then(|name| set.get_profile(name)) {
            Some(next) => at = next,
            None => break,
        }
    }
    at
}

fn way(profile: &Profile) -> Way {
    let has = |key: &str| profile.get(key).is_some();
    if has("sso_session") || has("sso_start_url") {
        return Way::Sso;
    }
    if has("login_session") {
        return Way::Login;
    }
    if let Some(command) = profile.get("credential_process") {
        return Way::Program(program(command));
    }
    if has("aws_access_key_id") { Way::Keys } else { Way::Nothing }
}

/// The name of the program that a command calls: variables set before it and its arguments may be nobody's business.
fn program(command: &str) -> String {
    // On Windows a backslash separates folders, and escapes nothing.
    let words = if cfg!(windows) {
        command.split_whitespace().map(str::to_owned).collect()
    } else {
        shell_words::split(command).unwrap_or_default()
    };
    let called = words.into_iter().find(|word| !word.contains('='));
    let name = called.as_deref().and_then(|called| called.rsplit(['/', '\\']).next());
    name.unwrap_or("a program").trim_matches('"').to_owned()
}

/// Which files were read, and which could not be: the SDK takes those for empty.
async fn files() -> Vec<String> {
    let mut files = Vec::new();
    for (variable, usual) in FILES {
        let named = std::env::var(variable).ok();
        let name = named.as_deref().unwrap_or(usual);
        let path = match (name.strip_prefix("~/"), etcetera::home_dir()) {
            (Some(inside), Ok(home)) => home.join(inside),
            _ => PathBuf::from(name),
        };
        let by = named.as_ref().map_or_else(String::new, |_| format!(" ({variable})"));
        match tokio::fs::read_to_string(&path).await {
            Ok(_) => files.push(format!("{name}{by}")),
            // Many have only the first.
            Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() && variable != FILES[0].0 => {}
            Err(error) if error.kind() == ErrorKind::NotFound => files.push(format!("{name}{by}, which is not there")),
            Err(error) => files.push(format!("{name}{by}, which cannot be read ({error})")),
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_helper_only_its_name_is_said() {
        assert_eq!(program("VAULT_TOKEN=s.abc123 /opt/tools/helper --user ada"), "helper");
        assert_eq!(program("saml2aws script"), "saml2aws");
        assert_eq!(program("TOKEN=x"), "a program");
    }
}
