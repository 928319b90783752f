//! A PostgreSQL server, as far as logging in and asking what a database can do.
//!
//! [`wire`] reads and writes messages, [`login`] checks a password, [`sql`] (with [`catalogue`] and [`cell`]) knows the
//! few statements that an installer asks, [`session`] holds a conversation together.

pub mod catalogue;
pub mod cell;
pub mod login;
pub mod password;
pub mod roles;
pub mod session;
pub mod sql;
pub mod wire;

use std::{collections::BTreeMap, io};

use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use crate::World;
use session::Session;
use wire::{Refusal, Start, Wire};

/// The server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Postgres {
    /// What `SHOW server_version` says.
    #[serde(default = "version")]
    pub version: String,
    /// Users.
    #[serde(default)]
    pub users: BTreeMap<String, User>,
    /// Databases.
    #[serde(default)]
    pub databases: BTreeMap<String, Database>,
    /// Extensions that could be created, with their version; `plpgsql` always can.
    #[serde(default)]
    pub extensions: BTreeMap<String, String>,
    /// How many sessions at once.
    #[serde(default = "connections")]
    pub max_connections: u32,
    /// Whether it speaks TLS.
    #[serde(default)]
    pub tls: Tls,
    /// How it asks for the password.
    #[serde(default)]
    pub authentication: Authentication,
}

fn version() -> String {
    "16.4".to_owned()
}

fn connections() -> u32 {
    100
}

/// A user of the database server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Password.
    pub password: String,
    /// May do anything.
    #[serde(default)]
    pub superuser: bool,
    /// May make roles and databases without being able to do anything: the master user of RDS.
    #[serde(default)]
    pub makes_roles: bool,
    /// Whether it may make databases; as it may make roles, where it is left out.
    #[serde(default)]
    pub makes_databases: Option<bool>,
    /// Databases where it may `CREATE EXTENSION`; the ones it owns come on top.
    #[serde(default)]
    pub may_create_extension: Vec<String>,
}

/// A database.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Its owner.
    #[serde(default)]
    pub owner: String,
    /// Extensions that exist there already.
    #[serde(default)]
    pub extensions: Vec<String>,
}

/// Whether a server speaks TLS.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// Both with and without.
    #[default]
    Offered,
    /// Sessions without are refused.
    Required,
    /// It has none.
    Off,
}

/// How a server asks for the password.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Authentication {
    /// SCRAM-SHA-256.
    #[default]
    Scram,
    /// The password itself.
    Cleartext,
}

impl Postgres {
    /// Whether there is a database of this name, declared or made since.
    pub fn has_database(&self, world: &World, host: &str, name: &str) -> bool {
        let made = || world.outside.inner().databases.get(host).is_some_and(|here| here.made.contains_key(name));
        self.databases.contains_key(name) || made()
    }

    /// Whether a user may create extensions in a database.
    pub fn may_create_extension(&self, user: &str, database: &str) -> bool {
        let owner = self.databases.get(database).is_some_and(|own| own.owner == user);
        owner
            || self.users.get(user).is_some_and(|user| {
                user.superuser || user.may_create_extension.iter().any(|allowed| allowed == database)
            })
    }
}

/// Serves one connection from its first byte to its end.
pub async fn serve<S>(
    world: &World,
    host: &str,
    server: &Postgres,
    tls: Option<TlsAcceptor>,
    mut stream: S,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    loop {
        match wire::read_start(&mut stream).await? {
            Start::Tls => match (&tls, server.tls) {
                (Some(tls), Tls::Offered | Tls::Required) => {
                    stream.write_all(b"S").await?;
                    stream.flush().await?;
                    let stream = tls.accept(stream).await?;
                    return converse(world, host, server, Wire::new(stream), None).await;
                }
                _ => {
                    stream.write_all(b"N").await?;
                    stream.flush().await?;
                }
            },
            Start::GssEncryption => {
                stream.write_all(b"N").await?;
                stream.flush().await?;
            }
            Start::Cancel => return Ok(()),
            Start::Session(parameters) => {
                return converse(world, host, server, Wire::new(stream), Some(parameters)).await;
            }
        }
    }
}

async fn converse<S>(
    world: &World,
    host: &str,
    server: &Postgres,
    mut wire: Wire<S>,
    plain: Option<BTreeMap<String, String>>,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let encrypted = plain.is_none();
    let parameters = match plain {
        Some(parameters) => parameters,
        None => match wire.read_start().await? {
            Start::Session(parameters) => parameters,
            _ => return Ok(()),
        },
    };
    let user = parameters.get("user").cloned().unwrap_or_default();
    let database = parameters.get("database").unwrap_or(&user).clone();
    let login = async {
        if !encrypted && server.tls == Tls::Required {
            let message = format!(
                "no pg_hba.conf entry for host \"127.0.0.1\", user \"{user}\", database \"{database}\", no encryption"
            );
            return Ok(Err(Refusal::fatal("28000", message)));
        }
        login::check(world, host, server, &user, &mut wire).await
    };
    if let Err(refusal) = login.await? {
        return wire.refuse(&refusal).await;
    }
    if !server.has_database(world, host, &database) {
        return wire.refuse(&Refusal::fatal("3D000", format!("database \"{database}\" does not exist"))).await;
    }
    let Some(mut session) = Session::open(world, host, server, user, database, encrypted) else {
        return wire.refuse(&Refusal::fatal("53300", "sorry, too many clients already".to_owned())).await;
    };
    session.run(&mut wire).await
}
