//! The scenario's part: which names and hosts there are.

use std::{collections::BTreeMap, net::Ipv4Addr};

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    host::{helm_repository::HelmRepository, openai::OpenAi, registry::Registry, routes::Routes},
    ldap::Ldap,
    postgres::Postgres,
};
use crate::tools::chart::Chart;

/// Names, hosts, certificates.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Setup {
    /// Zones the DNS server is the authority of; where left out, the last two labels of every name.
    pub zones: Vec<String>,
    /// How long a name's absence may be remembered (the SOA's minimum).
    pub negative_ttl: SignedDuration,
    /// Records, some of which appear late. A host without a record here has an address of its own.
    pub dns: Vec<Record>,
    /// Hosts behind the proxy, by name.
    pub hosts: BTreeMap<String, Host>,
    /// Further certificate authorities, by common name; the rehearsal's own one always exists.
    pub authorities: BTreeMap<String, Authority>,
    /// Certificates written into the rehearsal's folder as `<file>.crt` (with chain), `<file>.key` and
    /// `<file>-ca.crt`.
    pub certificates: Vec<CertificateFile>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            zones: Vec::new(),
            negative_ttl: SignedDuration::from_secs(60),
            dns: Vec::new(),
            hosts: BTreeMap::new(),
            authorities: BTreeMap::new(),
            certificates: Vec::new(),
        }
    }
}

impl Setup {
    /// What in it can't be meant so, in words.
    pub fn troubles(&self, charts: &BTreeMap<String, Chart>) -> Vec<String> {
        let mut troubles = Vec::new();
        for Record { name, kind, value, ingress, .. } in &self.dns {
            match (value, ingress) {
                (None, None) | (Some(_), Some(_)) => {
                    troubles.push(format!("outside.dns: {name} needs either a value or an ingress"))
                }
                (Some(value), None) if *kind == RecordType::A && value.parse::<Ipv4Addr>().is_err() => {
                    troubles.push(format!("outside.dns: {name} is an A record, but {value:?} is no IPv4 address"));
                }
                (None, Some(ingress)) if !ingress.contains('/') => {
                    troubles
                        .push(format!("outside.dns: {name}: an ingress is written namespace/name, not {ingress:?}"));
                }
                _ => {}
            }
        }
        let shown = self.hosts.iter().map(|(name, host)| (name, &host.certificate));
        for (name, certificate) in
            shown.chain(self.certificates.iter().map(|wanted| (&wanted.file, &wanted.certificate)))
        {
            if let Some(authority) =
                certificate.signed_by.as_ref().filter(|authority| !self.authorities.contains_key(*authority))
            {
                troubles.push(format!("outside: the certificate of {name} is signed by {authority:?}, which outside.authorities does not declare"));
            }
        }
        for (name, host) in &self.hosts {
            if let Kind::HelmRepository(repository) = &host.kind {
                let missing = repository.charts.iter().filter(|chart| !charts.contains_key(*chart));
                troubles.extend(missing.map(|chart| {
                    format!("outside.hosts: {name} offers the chart {chart:?}, which tools.charts does not declare")
                }));
            }
        }
        troubles
    }
}

/// Type of a DNS record.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub enum RecordType {
    /// An IPv4 address.
    A,
    /// Another name.
    #[serde(rename = "CNAME")]
    Cname,
    /// Text.
    #[serde(rename = "TXT")]
    Txt,
}

/// One DNS record.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Without a trailing dot.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: RecordType,
    /// What it holds; or see `ingress`.
    #[serde(default)]
    pub value: Option<String>,
    /// `namespace/name` of an ingress or service whose load balancer it points to once there is one.
    #[serde(default)]
    pub ingress: Option<String>,
    /// When it appears: after the load balancer did, or after the start where it has a value.
    #[serde(default)]
    pub after: SignedDuration,
    /// When it goes away again, counted from the same moment.
    #[serde(default)]
    pub until: Option<SignedDuration>,
    /// How long an answer may be remembered.
    #[serde(default = "a_minute")]
    pub ttl: SignedDuration,
}

fn a_minute() -> SignedDuration {
    SignedDuration::from_secs(60)
}

/// A further certificate authority.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// Whether the rehearsal's CA file holds it too.
    #[serde(default)]
    pub trusted: bool,
}

/// What a certificate says, where it differs from a good one.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Hash)]
#[serde(deny_unknown_fields, default)]
pub struct Certificate {
    /// Its names; the host's own where left out.
    pub names: Vec<String>,
    /// Days until it ends, in simulated time; negative where it already did.
    pub days: Option<i64>,
    /// Common name of another authority (a proxy that re-signs).
    pub signed_by: Option<String>,
    /// Signed by its own key.
    pub self_signed: bool,
    /// `namespace/name` of a TLS Secret of the cluster: as an ingress does, the host shows what is in it.
    pub secret: Option<String>,
}

/// A certificate handed out as files.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateFile {
    /// Path in the rehearsal's folder, without an extension.
    pub file: String,
    /// Also a TLS Secret in the cluster: `namespace/name`.
    #[serde(default)]
    pub secret: Option<String>,
    /// What it says.
    pub certificate: Certificate,
}

/// One host behind the proxy.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Host {
    /// The certificate it shows.
    pub certificate: Certificate,
    /// The port it listens on; every port where left out.
    pub port: Option<u16>,
    /// What goes wrong on the way.
    pub faults: Vec<Fault>,
    /// What it does.
    pub kind: Kind,
}

/// What a host does.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// Fixed answers.
    Routes(Routes),
    /// A container registry.
    Registry(Registry),
    /// A Helm repository.
    HelmRepository(HelmRepository),
    /// Azure OpenAI.
    Openai(OpenAi),
    /// A PostgreSQL server.
    Postgres(Box<Postgres>),
    /// An LDAP directory.
    Ldap(Ldap),
    /// Nothing listens there.
    Refused,
    /// Nothing ever answers there.
    Timeout,
}

/// What goes wrong with connections to a host.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// How.
    pub what: FaultKind,
    /// Since when, counted from the start.
    #[serde(default)]
    pub from: SignedDuration,
    /// Until when, counted from the start.
    #[serde(default)]
    pub until: Option<SignedDuration>,
    /// Only so many connections.
    #[serde(default)]
    pub first: Option<u32>,
    /// How long `slow` takes.
    #[serde(default)]
    pub takes: SignedDuration,
}

/// How a connection goes wrong.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The proxy reports that the host refused.
    Refused,
    /// The proxy never answers.
    Timeout,
    /// The connection is closed before the first byte.
    Reset,
    /// It takes a while before anything is answered.
    Slow,
}

impl TryFrom<Map<String, Value>> for Host {
    type Error = serde_json::Error;

    fn try_from(mut map: Map<String, Value>) -> Result<Self, serde_json::Error> {
        let mut take = |key: &str| map.remove(key).unwrap_or(Value::Null);
        let (certificate, port, faults) = (take("certificate"), take("port"), take("faults"));
        Ok(Self {
            certificate: serde_json::from_value::<Option<_>>(certificate)?.unwrap_or_default(),
            port: serde_json::from_value(port)?,
            faults: serde_json::from_value::<Option<_>>(faults)?.unwrap_or_default(),
            kind: serde_json::from_value(Value::Object(map))?,
        })
    }
}
