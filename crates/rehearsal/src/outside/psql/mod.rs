//! psql in a pod, as far as an installer uses it: a script from a file, a login from a service file and a password file.
//!
//! [`shell`] is what starts it, [`script`] reads its own commands and hands SQL to the server that the pod reaches.

pub mod script;
pub mod shell;

use std::collections::BTreeMap;

use super::{
    postgres::{Postgres, Tls, password, session::Session},
    setup::{FaultKind, Kind},
};
use crate::World;

/// A container that is started.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// Its command and arguments.
    pub words: Vec<String>,
    /// Its variables.
    pub variables: BTreeMap<String, String>,
    /// Its files, by path.
    pub files: BTreeMap<String, String>,
}

/// How it ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ended {
    /// Its log.
    pub lines: Vec<String>,
    /// Its exit code.
    pub code: i64,
}

impl Ended {
    fn with(line: impl Into<String>, code: i64) -> Self {
        Self { lines: vec![line.into()], code }
    }
}

/// One entry of a service file.
#[derive(Clone, Debug, Default)]
pub struct Service {
    host: String,
    port: String,
    database: String,
    user: String,
    tls: String,
}

/// Runs it to its end.
pub fn run(world: &World, asked: &Asked) -> Ended {
    match shell::psql(asked) {
        Ok(psql) => script::run(world, &psql),
        Err(ended) => ended,
    }
}

/// psql as the shell started it.
#[derive(Clone, Debug, Default)]
pub struct Psql {
    /// The script's path.
    pub path: String,
    /// The script.
    pub text: String,
    services: BTreeMap<String, Service>,
    first: String,
    passwords: String,
}

impl Psql {
    /// psql with these variables and files; the script is at `path`.
    pub fn new(
        path: &str,
        variables: &BTreeMap<String, String>,
        files: &BTreeMap<String, String>,
    ) -> Result<Self, Ended> {
        let file = |name: &str| variables.get(name).and_then(|path| files.get(path)).cloned().unwrap_or_default();
        let Some(text) = files.get(path) else {
            return Err(Ended::with(format!("psql: error: {path}: No such file or directory"), 1));
        };
        let mut services: BTreeMap<String, Service> = BTreeMap::new();
        let mut current = String::new();
        for line in file("PGSERVICEFILE").lines() {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                current = name.to_owned();
                services.entry(current.clone()).or_default();
            } else if let (Some((key, value)), Some(service)) = (line.split_once('='), services.get_mut(&current)) {
                match key {
                    "host" => service.host = value.to_owned(),
                    "port" => service.port = value.to_owned(),
                    "dbname" => service.database = value.to_owned(),
                    "user" => service.user = value.to_owned(),
                    "sslmode" => service.tls = value.to_owned(),
                    _ => {}
                }
            }
        }
        let first = variables.get("PGSERVICE").cloned().unwrap_or_default();
        Ok(Self { path: path.to_owned(), text: text.clone(), services, first, passwords: file("PGPASSFILE") })
    }

    /// The service it connects to first.
    pub fn first(&self) -> &str {
        &self.first
    }

    /// The password of a user, from the password file.
    fn password(&self, user: &str) -> Option<String> {
        self.passwords.lines().find_map(|line| {
            let fields = fields(line);
            let [.., of, password] = fields.as_slice() else { return None };
            (of == user || of == "*").then(|| password.clone())
        })
    }
}

/// The fields of a password file's line: colons part them, a backslash takes the next sign as it is.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut signs = line.chars();
    while let Some(sign) = signs.next() {
        match (sign, fields.last_mut()) {
            (':', _) => fields.push(String::new()),
            ('\\', Some(field)) => field.extend(signs.next()),
            (sign, Some(field)) => field.push(sign),
            (_, None) => {}
        }
    }
    fields
}

/// Logs in to a service and lets `with` speak to it; or says in libpq's words why not.
pub fn connected<T>(
    world: &World,
    psql: &Psql,
    service: &str,
    with: impl FnOnce(&mut Session<'_>) -> T,
) -> Result<T, String> {
    let Some(to) = psql.services.get(service) else {
        return Err(format!("definition of service \"{service}\" not found"));
    };
    let (host, port) = (to.host.as_str(), to.port.as_str());
    let at = format!("connection to server at \"{host}\" (10.0.21.9), port {port} failed: ");
    let server = match reached(world, host, port) {
        Reached::Server(server) => server,
        Reached::NoName => {
            return Err(format!("could not translate host name \"{host}\" to address: Name or service not known"));
        }
        Reached::Refused => {
            return Err(format!(
                "{at}Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?"
            ));
        }
        Reached::Silent => return Err(format!("{at}timeout expired")),
    };
    let encrypted = to.tls != "disable";
    match (encrypted, server.tls) {
        (true, Tls::Off) => return Err(format!("{at}server does not support SSL, but SSL was required")),
        (false, Tls::Required) => {
            return Err(format!(
                "{at}FATAL:  no pg_hba.conf entry for host \"10.0.64.7\", user \"{}\", database \"{}\", no encryption",
                to.user, to.database
            ));
        }
        _ => {}
    }
    let given = psql.password(&to.user).unwrap_or_default();
    if !password::of(world, host, &server, &to.user).is_some_and(|known| known.is(&given)) {
        return Err(format!("{at}FATAL:  password authentication failed for user \"{}\"", to.user));
    }
    if !server.has_database(world, host, &to.database) {
        return Err(format!("{at}FATAL:  database \"{}\" does not exist", to.database));
    }
    match Session::open(world, host, &server, to.user.clone(), to.database.clone(), encrypted) {
        Some(mut session) => Ok(with(&mut session)),
        None => Err(format!("{at}FATAL:  sorry, too many clients already")),
    }
}

enum Reached {
    Server(Box<Postgres>),
    NoName,
    Refused,
    Silent,
}

/// What answers at this address, asked from a pod.
fn reached(world: &World, host: &str, port: &str) -> Reached {
    let Some(there) = world.outside.host(host).filter(|_| world.outside.resolves(host)) else { return Reached::NoName };
    match world.outside.fault(host) {
        Some((FaultKind::Timeout, _)) => return Reached::Silent,
        Some((FaultKind::Refused | FaultKind::Reset, _)) => return Reached::Refused,
        _ => {}
    }
    match &there.kind {
        _ if there.port.is_some_and(|own| own.to_string() != port) => Reached::Refused,
        Kind::Postgres(server) => Reached::Server(server.clone()),
        Kind::Timeout => Reached::Silent,
        _ => Reached::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_escaped_in_a_password_file_comes_out_as_it_was() {
        assert_eq!(fields(r"*:*:*:master:a\:b\\c"), ["*", "*", "*", "master", r"a:b\c"]);
    }
}
