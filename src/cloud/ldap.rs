//! Directories: LDAP over the network door, with its proxy and its roots.

use std::{collections::BTreeMap, time::Duration};

use landfall_core::{event::Problem, value::Plain};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchEntry, StdStream};
use std::sync::Arc;

use super::{Door, Net, Trouble};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(8);

/// Result codes of RFC 4511, appendix A.
const NO_SUCH_OBJECT: u32 = 32;
const INVALID_DN: u32 = 34;
const INVALID_CREDENTIALS: u32 = 49;

/// Where a directory is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Host name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// TLS from the first byte.
    pub tls: bool,
}

impl Place {
    /// From `ldap://host[:port]` or `ldaps://host[:port]`.
    pub fn of(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let (tls, usual) = match scheme {
            "ldap" => (false, 389),
            "ldaps" => (true, 636),
            _ => return None,
        };
        let authority = rest.split('/').next().filter(|text| !text.is_empty())?;
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (authority, usual),
        };
        Some(Self { host: host.to_owned(), port, tls })
    }
}

/// What a search found: names with their attributes.
pub type Entries = Vec<(String, BTreeMap<String, Vec<String>>)>;

/// A connection to a directory.
pub struct Directory {
    ldap: Ldap,
    what: String,
}

impl Directory {
    /// Connects, with TLS where the place or `start_tls` says so.
    pub async fn connect(net: &Net, place: &Place, start_tls: bool) -> Result<Self, Trouble> {
        let what = format!("{}:{}", place.host, place.port);
        let stream = net.connect(&place.host, place.port).await?;
        let silent = |error: &dyn std::fmt::Display| Trouble::Unreachable {
            door: Door::Network,
            what: what.clone(),
            message: error.to_string(),
        };
        let stream = stream.into_std().map_err(|error| silent(&error))?;
        let settings = LdapConnSettings::new()
            .set_conn_timeout(PATIENCE)
            .set_config(Arc::new(net.tls()?))
            .set_starttls(start_tls)
            .set_std_stream(StdStream::Tcp(stream));
        let url = format!("{}://{what}", if place.tls { "ldaps" } else { "ldap" });
        let (connection, ldap) = match LdapConnAsync::with_settings(settings, &url).await {
            Ok(both) => both,
            Err(LdapError::LdapResult { result }) => {
                let problem = Problem::new(
                    "LDAP-TLS",
                    format!("{what} does not do StartTLS"),
                    "Use ldaps://, or turn StartTLS on in the directory.",
                );
                return Err(problem.why(format!("It answers {}: {}", result.rc, result.text)).into());
            }
            Err(error) if place.tls || start_tls => {
                let problem = Problem::new(
                    "LDAP-TLS",
                    format!("there is no trusted TLS with {what}"),
                    "Give the authority that signed the directory's certificate; its name must be the one that is called.",
                );
                return Err(problem.why(error.to_string()).into());
            }
            Err(error) => return Err(silent(&error)),
        };
        // Ends with the last handle.
        tokio::spawn(async move { connection.drive().await });
        Ok(Self { ldap, what })
    }

    /// Logs in.
    pub async fn bind(&mut self, name: &str, password: &Plain) -> Result<(), Trouble> {
        let answer = self.ldap.with_timeout(PATIENCE).simple_bind(name, password.reveal()).await;
        let answer = answer.map_err(|error| self.silent(&error))?;
        match answer.rc {
            0 => Ok(()),
            INVALID_CREDENTIALS | NO_SUCH_OBJECT | INVALID_DN => Err(Problem::new(
                "LDAP-LOGIN",
                format!("{} does not let {name} in", self.what),
                "Correct the bind DN or its password; try them alone:\n$ ldapwhoami -x -W -H <url> -D <bind DN>",
            )
            .why(format!("It answers {}: {}", answer.rc, answer.text))
            .into()),
            code => Err(Trouble::Service { code: format!("LDAP {code}"), message: answer.text, request: None }),
        }
    }

    /// Everything below a base that a filter lets through; nothing at all where there is no such base.
    pub async fn search(&mut self, base: &str, filter: &str) -> Result<Option<Entries>, Trouble> {
        let found = self.ldap.with_timeout(PATIENCE).search(base, Scope::Subtree, filter, vec!["*"]).await;
        let found = match found {
            Ok(found) => found,
            Err(LdapError::FilterParsing) => {
                return Err(Trouble::guide(format!("{filter:?} is no LDAP filter"), "Write it as in RFC 4515."));
            }
            Err(error) => return Err(self.silent(&error)),
        };
        match found.1.rc {
            0 => {}
            NO_SUCH_OBJECT | INVALID_DN => return Ok(None),
            code => {
                return Err(Trouble::Service { code: format!("LDAP {code}"), message: found.1.text, request: None });
            }
        }
        let entry = |entry| {
            let entry = SearchEntry::construct(entry);
            (entry.dn, entry.attrs.into_iter().collect())
        };
        Ok(Some(found.0.into_iter().map(entry).collect()))
    }

    fn silent(&self, error: &LdapError) -> Trouble {
        Trouble::Unreachable { door: Door::Network, what: self.what.clone(), message: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_host_port_and_tls() {
        let place = |url| Place::of(url).map(|place| (place.host, place.port, place.tls));
        assert_eq!(place("ldaps://ldap.corp.example"), Some(("ldap.corp.example".into(), 636, true)));
        assert_eq!(place("ldap://ldap.corp.example:1389/"), Some(("ldap.corp.example".into(), 1389, false)));
        assert_eq!(place("https://ldap.corp.example"), None);
    }
}
