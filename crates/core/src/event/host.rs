//! Which host must somebody be able to reach?

use std::{collections::BTreeMap, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who connects, in the order of lists: this machine, and it once the install is there; nodes; pods; people's browsers.
const WHO: [(&str, &str); 5] = [
    ("here", "this machine"),
    ("later", "this machine, after the install"),
    ("nodes", "nodes"),
    ("pods", "pods"),
    ("browsers", "users' browsers"),
];

/// A host somebody must be able to reach.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Name or `*.` pattern. What is not known yet stands in it as `<answer database_host>`.
    pub host: String,
    /// TCP port; 0 where that is not known yet either.
    pub port: u16,
    /// Who must reach it: `here`, `nodes`, `pods`, `browsers`; of what kinds name also `later`, this machine once the install is
    /// there.
    pub from: String,
    /// What for.
    pub why: String,
}

impl Host {
    /// A host that this machine reaches.
    pub fn from_here(host: impl Into<String>, port: u16, why: impl Into<String>) -> Self {
        Self { host: host.into(), port, from: "here".into(), why: why.into() }
    }

    /// The same host, reached by somebody else.
    #[must_use]
    pub fn reached_by(&self, who: &str) -> Self {
        Self { from: who.to_owned(), ..self.clone() }
    }

    /// Whether it has a name that can be looked up already: no pattern, and nothing in it is open.
    pub fn is_known(&self) -> bool {
        !self.host.starts_with('*') && !self.host.contains('<') && self.port != 0
    }

    /// Each way of somebody to a port once, with all its reasons; sorted by who connects.
    pub fn merged(hosts: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let mut ways: BTreeMap<(usize, String, u16), (String, Vec<String>)> = BTreeMap::new();
        for Self { host, port, from, why } in hosts {
            let rank = WHO.iter().position(|(who, _)| *who == from).unwrap_or(WHO.len());
            let (_, reasons) = ways.entry((rank, host, port)).or_insert_with(|| (from, Vec::new()));
            if !why.is_empty() && !reasons.contains(&why) {
                reasons.push(why);
            }
        }
        ways.into_iter()
            .map(|((_, host, port), (from, reasons))| Self { host, port, from, why: reasons.join("; ") })
            .collect()
    }
}

/// `this machine → docker.example.com:443  images are looked at`.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = WHO.iter().find(|(who, _)| *who == self.from).map_or(self.from.as_str(), |(_, words)| words);
        write!(f, "{who} → {}", self.host)?;
        if self.port != 0 {
            write!(f, ":{}", self.port)?;
        }
        write!(f, "  {}", self.why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_stands_once_with_all_its_reasons_and_who_connects_comes_first() {
        let image = Host::from_here("r.example", 443, "images are looked at");
        let again = Host { why: "images are copied from it".into(), ..image.clone() };
        let all =
            Host::merged([image.reached_by("pods"), again.clone(), image.clone(), image.reached_by("browsers"), again]);
        let lines: Vec<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "this machine → r.example:443  images are copied from it; images are looked at",
                "pods → r.example:443  images are looked at",
                "users' browsers → r.example:443  images are looked at",
            ]
        );
    }

    #[test]
    fn what_is_open_stands_in_its_line_and_is_not_tried() {
        let open = Host::from_here("<answer database_host>", 0, "the database");
        assert_eq!(open.to_string(), "this machine → <answer database_host>  the database");
        let pattern = Host::from_here("*.us-east-2.eks.amazonaws.com", 443, "the API server");
        assert!(!open.is_known() && !pattern.is_known());
        assert!(Host::from_here("a.example", 443, "").is_known());
    }
}
