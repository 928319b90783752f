//! Which names exist now, and what they point to.

use std::{collections::BTreeMap, net::Ipv4Addr};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{
    amazon,
    setup::{RecordType, Setup},
};

/// A load balancer, as far as names care.
#[derive(Clone, Debug)]
pub struct LoadBalancer {
    /// Its own DNS name.
    pub hostname: String,
    /// Since when it has one.
    pub since: Timestamp,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// An address.
    A(Ipv4Addr),
    /// Another name.
    Cname(String),
    /// Text.
    Txt(String),
}

/// A record that exists now.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Owner.
    pub name: String,
    /// Seconds.
    pub ttl: u32,
    /// Content.
    pub data: Data,
}

/// The names at one moment.
#[derive(Debug)]
pub struct Names<'a> {
    /// The scenario's part.
    pub setup: &'a Setup,
    /// When the rehearsal started.
    pub started: Timestamp,
    /// Load balancers by `namespace/name` of their ingress or service.
    pub balancers: &'a BTreeMap<String, LoadBalancer>,
    /// The moment.
    pub now: Timestamp,
}

impl Names<'_> {
    /// Every record of a name.
    pub fn records(&self, name: &str) -> Vec<Found> {
        let declared: Vec<_> = self.setup.dns.iter().filter(|record| same(&record.name, name)).collect();
        if !declared.is_empty() {
            return declared.into_iter().filter_map(|record| self.now_there(record)).collect();
        }
        let known = self.setup.hosts.keys().any(|host| same(host, name))
            || self.name_servers().any(|server| same(&server, name))
            || amazon::answers(name);
        if known {
            return vec![found(name, 60, Data::A(Ipv4Addr::LOCALHOST))];
        }
        match self.balancers.values().find(|balancer| same(&balancer.hostname, name)) {
            Some(balancer) => vec![found(name, 60, Data::A(address_of(&balancer.hostname)))],
            None => Vec::new(),
        }
    }

    /// The records on the way from a name to what it finally points to.
    pub fn chain(&self, name: &str) -> Vec<Found> {
        let mut chain = Vec::new();
        let mut next = name.to_owned();
        // A chain longer than this is a loop.
        for _ in 0..8 {
            let here = self.records(&next);
            let alias = here.iter().find_map(|record| match &record.data {
                Data::Cname(target) => Some(target.clone()),
                _ => None,
            });
            chain.extend(here);
            match alias {
                Some(target) => next = target,
                None => break,
            }
        }
        chain
    }

    /// Whether a name leads to an address.
    pub fn resolves(&self, name: &str) -> bool {
        self.chain(name).iter().any(|record| matches!(record.data, Data::A(_)))
    }

    /// The zone a name lies in.
    pub fn zone(&self, name: &str) -> String {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let inside = |zone: &&String| name == **zone || name.ends_with(&format!(".{zone}"));
        match self.setup.zones.iter().filter(inside).max_by_key(|zone| zone.len()) {
            Some(zone) => zone.clone(),
            None => {
                let labels: Vec<_> = name.split('.').collect();
                labels[labels.len().saturating_sub(2)..].join(".")
            }
        }
    }

    /// Whether a name is the apex of a zone with names of ours.
    pub fn is_zone(&self, name: &str) -> bool {
        let name = name.trim_end_matches('.');
        let ours = self.setup.hosts.keys().chain(self.setup.dns.iter().map(|record| &record.name));
        same(&self.zone(name), name)
            && (self.setup.zones.iter().any(|zone| same(zone, name))
                || ours.into_iter().any(|host| same(&self.zone(host), name)))
    }

    fn name_servers(&self) -> impl Iterator<Item = String> {
        let names =
            self.setup.hosts.keys().chain(self.setup.dns.iter().map(|record| &record.name)).chain(&self.setup.zones);
        names.map(|name| name_server(&self.zone(name)))
    }

    fn now_there(&self, record: &super::setup::Record) -> Option<Found> {
        let (since, data) = match (&record.ingress, &record.value) {
            (Some(ingress), _) => {
                let balancer = self.balancers.get(ingress)?;
                let data = match record.kind {
                    RecordType::A => Data::A(address_of(&balancer.hostname)),
                    RecordType::Cname => Data::Cname(balancer.hostname.clone()),
                    RecordType::Txt => Data::Txt(balancer.hostname.clone()),
                };
                (balancer.since, data)
            }
            (None, Some(value)) => {
                let data = match record.kind {
                    RecordType::A => Data::A(value.parse().unwrap_or(Ipv4Addr::LOCALHOST)),
                    RecordType::Cname => Data::Cname(value.clone()),
                    RecordType::Txt => Data::Txt(value.clone()),
                };
                (self.started, data)
            }
            (None, None) => return None,
        };
        let age = self.now.duration_since(since);
        let there = age >= record.after && record.until.is_none_or(|until| age < until);
        there.then(|| found(&record.name, record.ttl.as_secs().try_into().unwrap_or(0), data))
    }
}

/// The name server of a zone.
pub fn name_server(zone: &str) -> String {
    format!("ns1.{zone}")
}

/// Whether two names are the same, whatever their case and final dot.
pub fn same(one: &str, other: &str) -> bool {
    one.trim_end_matches('.').eq_ignore_ascii_case(other.trim_end_matches('.'))
}

fn found(name: &str, ttl: u32, data: Data) -> Found {
    Found { name: name.to_owned(), ttl, data }
}

/// A load balancer's address: on loopback, different for each, the same every time.
fn address_of(hostname: &str) -> Ipv4Addr {
    let digest = Sha256::digest(hostname.as_bytes());
    Ipv4Addr::new(127, 0, 2 + digest[0] % 200, 1 + digest[1] % 250)
}
