//! Which Kubernetes answers? Compared by major and minor version, as vendors name them.

use std::{fmt, str::FromStr};

use kube::Client;

use crate::cloud::Trouble;

/// A minor version, e.g. 1.31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minor {
    major: u32,
    minor: u32,
}

/// What the API server says of itself.
#[derive(Clone, Debug)]
pub struct Server {
    /// To compare.
    pub minor: Minor,
    /// The whole of it, e.g. `v1.31.13-eks-ecaa3a6`.
    pub whole: String,
}

/// What is no version of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a version of Kubernetes")]
pub struct NotAVersion(String);

impl FromStr for Minor {
    type Err = NotAVersion;

    /// Of `1.31`, `v1.31.13-eks-ecaa3a6` or `1.31+`.
    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        let wrong = || NotAVersion(text.to_owned());
        let mut parts = text.trim().trim_start_matches('v').split('.');
        let major = parts.next().and_then(|part| part.parse().ok()).ok_or_else(wrong)?;
        let digits = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>();
        let minor = parts.next().and_then(|part| digits(part).parse().ok()).ok_or_else(wrong)?;
        Ok(Self { major, minor })
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Asks the API server.
pub async fn server(client: &Client) -> Result<Server, Trouble> {
    let said = client.apiserver_version().await?;
    let minor = said.git_version.parse::<Minor>();
    let minor = minor.or_else(|_| format!("{}.{}", said.major, said.minor).parse::<Minor>());
    let minor = minor.map_err(|error| Trouble::guide(error.to_string(), "Ask who runs the cluster."))?;
    Ok(Server { minor, whole: said.git_version })
}

/// What to know where the vendor tested with another version; nothing where it is the same, or no version.
pub fn remark(server: &Server, tested_on: &str) -> Option<String> {
    let tested: Minor = tested_on.parse().ok()?;
    let how = match server.minor.cmp(&tested) {
        std::cmp::Ordering::Equal => return None,
        std::cmp::Ordering::Less => "older",
        std::cmp::Ordering::Greater => "newer",
    };
    Some(format!("Kubernetes {} is {how} than what the document was tested with, {tested}", server.minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_they_are_written_and_compared_as_numbers() {
        let of = |text: &str| text.parse::<Minor>().unwrap();
        assert_eq!(of("v1.31.13-eks-ecaa3a6"), of("1.31+"));
        assert!(of("1.9") < of("1.27"));
        assert!("latest".parse::<Minor>().is_err() && "1".parse::<Minor>().is_err());
    }

    #[test]
    fn another_version_than_the_tested_one_is_remarked_on() {
        let server = |text: &str| Server { minor: text.parse().unwrap(), whole: text.into() };
        assert_eq!(remark(&server("v1.27.4"), "1.27"), None);
        assert!(remark(&server("v1.35.0"), "1.27").unwrap().contains("1.35 is newer than"));
        assert!(remark(&server("v1.25.0"), "1.27").unwrap().contains("1.25 is older than"));
    }
}
