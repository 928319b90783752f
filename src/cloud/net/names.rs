//! Names: asked of the servers that are responsible for them, so that no cache in between remembers an early "no".

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use hickory_resolver::{
    Resolver, TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    net::{NetError, runtime::TokioRuntimeProvider},
    proto::rr::{RData, RecordType},
};

use crate::cloud::{Door, Trouble};

/// Asks about names.
pub struct Names {
    server: Option<SocketAddr>,
}

/// What the responsible server says of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Whether the name exists with an address in the end.
    pub addresses: Vec<IpAddr>,
    /// The names it is an alias of, one after the other.
    pub aliases: Vec<String>,
    /// For how long resolvers remember that it does not exist.
    pub negative_ttl: Option<Duration>,
    /// Which server said so.
    pub server: String,
}

impl Names {
    /// Asks this server, or the system's and from there the responsible ones.
    pub(super) fn new(server: Option<SocketAddr>) -> Self {
        Self { server }
    }

    /// Addresses of a name, as programs here see them.
    pub async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Trouble> {
        match resolver(self.server.as_slice()) {
            Ok(resolver) => match resolver.lookup_ip(absolute(name)).await {
                Ok(found) => Ok(found.iter().collect()),
                Err(error) if error.is_no_records_found() => Ok(Vec::new()),
                Err(error) => Err(silent(name, &error)),
            },
            Err(error) => Err(silent(name, &error)),
        }
    }

    /// What the servers that are responsible for a name say of it.
    pub async fn ask(&self, name: &str) -> Result<Answer, Trouble> {
        let servers = match self.server {
            Some(server) => vec![server],
            None => self.responsible(name).await,
        };
        let resolver = resolver(&servers).map_err(|error| silent(name, &error))?;
        let server = servers.first().map_or_else(|| "the system's resolver".to_owned(), ToString::to_string);
        let mut answer = Answer { server, ..Answer::default() };
        match resolver.lookup(absolute(name), RecordType::A).await {
            Ok(found) => {
                for record in found.answers() {
                    match &record.data {
                        RData::A(address) => answer.addresses.push(IpAddr::V4(address.0)),
                        RData::AAAA(address) => answer.addresses.push(IpAddr::V6(address.0)),
                        RData::CNAME(alias) => {
                            answer.aliases.push(alias.0.to_utf8().trim_end_matches('.').to_lowercase())
                        }
                        _ => {}
                    }
                }
                Ok(answer)
            }
            Err(error) if error.is_no_records_found() => {
                answer.negative_ttl = negative_ttl(&error);
                // An alias whose target has no address yet is an alias all the same.
                if let Ok(found) = resolver.lookup(absolute(name), RecordType::CNAME).await {
                    answer.aliases.extend(found.answers().iter().filter_map(|record| match &record.data {
                        RData::CNAME(alias) => Some(alias.0.to_utf8().trim_end_matches('.').to_lowercase()),
                        _ => None,
                    }));
                }
                Ok(answer)
            }
            Err(error) => Err(silent(name, &error)),
        }
    }

    /// Addresses of the name servers of the nearest zone above a name; none where the system cannot tell.
    async fn responsible(&self, name: &str) -> Vec<SocketAddr> {
        let Ok(system) = resolver(&[]) else { return Vec::new() };
        let mut zone = name.trim_end_matches('.');
        while let Some((_, above)) = zone.split_once('.') {
            if let Ok(found) = system.lookup(absolute(zone), RecordType::NS).await {
                let mut servers = Vec::new();
                for record in found.answers() {
                    if let RData::NS(server) = &record.data
                        && let Ok(addresses) = system.lookup_ip(server.0.clone()).await
                    {
                        servers.extend(
                            addresses.iter().filter(IpAddr::is_ipv4).map(|address| SocketAddr::new(address, 53)),
                        );
                    }
                }
                if !servers.is_empty() {
                    return servers;
                }
            }
            zone = above;
        }
        Vec::new()
    }
}

fn resolver(servers: &[SocketAddr]) -> Result<TokioResolver, NetError> {
    let mut builder = if servers.is_empty() {
        TokioResolver::builder_tokio()?
    } else {
        let servers = servers
            .iter()
            .map(|server| {
                let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
                connections.iter_mut().for_each(|connection| connection.port = server.port());
                NameServerConfig::new(server.ip(), true, connections)
            })
            .collect();
        Resolver::builder_with_config(
            ResolverConfig::from_parts(None, Vec::new(), servers),
            TokioRuntimeProvider::default(),
        )
    };
    let options = builder.options_mut();
    options.timeout = Duration::from_secs(3);
    options.attempts = 2;
    // Nothing is remembered: the next question is about now.
    options.cache_size = 0;
    builder.build()
}

/// With its final dot, so that no search domain is tried.
fn absolute(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}

fn negative_ttl(error: &NetError) -> Option<Duration> {
    match error {
        NetError::Dns(hickory_resolver::net::DnsError::NoRecordsFound(none)) => {
            none.negative_ttl.map(|seconds| Duration::from_secs(u64::from(seconds)))
        }
        _ => None,
    }
}

fn silent(name: &str, error: &NetError) -> Trouble {
    Trouble::Unreachable { door: Door::Network, what: format!("DNS for {name}"), message: error.to_string() }
}
