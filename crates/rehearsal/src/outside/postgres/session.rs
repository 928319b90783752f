//! One session: parameters, simple and extended queries, transactions.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    Postgres,
    cell::{Outcome, TEXT, describe, finish},
    password::Kept,
    roles, sql,
    wire::{Fields, Refusal, Wire},
};
use crate::World;

/// What changed in a server's databases.
#[derive(Clone, Debug, Default)]
pub struct Databases {
    /// Sessions open now.
    pub sessions: u32,
    /// Extensions created, as (database, extension).
    pub extensions: BTreeSet<(String, String)>,
    /// Roles made.
    pub roles: BTreeMap<String, Role>,
    /// Databases made.
    pub made: BTreeMap<String, Made>,
    /// Who was made a member of which role.
    pub members: BTreeSet<(String, String)>,
}

/// A role that was made.
#[derive(Clone, Debug)]
pub struct Role {
    /// What is kept of its password.
    pub password: Kept,
    /// Whether it may make databases.
    pub makes_databases: bool,
    /// What is noted of it.
    pub comment: String,
}

/// A database that was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its owner.
    pub owner: String,
    /// What is noted of it.
    pub comment: String,
}

/// A session of one user in one database.
#[derive(Debug)]
pub struct Session<'a> {
    /// The world.
    pub world: &'a World,
    /// The server's name.
    pub host: &'a str,
    /// The server.
    pub server: &'a Postgres,
    /// The user.
    pub user: String,
    /// The database.
    pub database: String,
    /// Whether the connection is encrypted.
    pub encrypted: bool,
    /// Tables of this session, with their lines.
    pub tables: BTreeMap<String, Vec<String>>,
    transaction: Transaction,
    statements: BTreeMap<String, String>,
    portals: BTreeMap<String, Portal>,
}

#[derive(Clone, Debug, PartialEq)]
enum Transaction {
    None,
    Open { created: BTreeSet<String> },
    Failed,
}

#[derive(Clone, Debug)]
struct Portal {
    statement: String,
    values: Vec<Option<String>>,
    binary: bool,
}

impl<'a> Session<'a> {
    /// Opens a session; none where too many are open.
    pub fn open(
        world: &'a World,
        host: &'a str,
        server: &'a Postgres,
        user: String,
        database: String,
        encrypted: bool,
    ) -> Option<Self> {
        let mut inner = world.outside.inner();
        let here = inner.databases.entry(host.to_owned()).or_default();
        if here.sessions >= server.max_connections {
            return None;
        }
        here.sessions += 1;
        Some(Self {
            world,
            host,
            server,
            user,
            database,
            encrypted,
            tables: BTreeMap::new(),
            transaction: Transaction::None,
            statements: BTreeMap::new(),
            portals: BTreeMap::new(),
        })
    }

    /// Answers until the client leaves.
    pub async fn run<S: AsyncRead + AsyncWrite + Unpin>(&mut self, wire: &mut Wire<S>) -> io::Result<()> {
        for (name, value) in [
            ("server_version", self.server.version.as_str()),
            ("server_encoding", "UTF8"),
            ("client_encoding", "UTF8"),
            ("DateStyle", "ISO, MDY"),
            ("TimeZone", "UTC"),
            ("integer_datetimes", "on"),
            ("standard_conforming_strings", "on"),
        ] {
            wire.put(b'S', format!("{name}\0{value}\0").as_bytes());
        }
        wire.put(b'K', &[0, 0, 0, 1, 0, 0, 0, 1]);
        self.ready(wire);
        // After an error in the extended protocol everything up to the next Sync is passed over.
        let mut passing_over = false;
        loop {
            let (kind, body) = wire.read().await?;
            if kind == b'X' {
                return Ok(());
            }
            if kind == b'S' {
                passing_over = false;
                self.ready(wire);
                continue;
            }
            if passing_over {
                continue;
            }
            if kind == b'Q' {
                self.simple(Fields(&body).text(), wire);
                self.ready(wire);
            } else if let Err(refusal) = self.extended(kind, Fields(&body), wire) {
                self.fail();
                wire.put_error(&refusal);
                passing_over = true;
            }
        }
    }

    /// Whether an extension exists in this database, as this session sees it.
    pub fn has_extension(&self, name: &str) -> bool {
        let declared =
            self.server.databases.get(&self.database).is_some_and(|own| own.extensions.iter().any(|one| one == name));
        let created = self
            .world
            .outside
            .inner()
            .databases
            .get(self.host)
            .is_some_and(|here| here.extensions.contains(&(self.database.clone(), name.to_owned())));
        name == "plpgsql"
            || declared
            || created
            || matches!(&self.transaction, Transaction::Open { created } if created.contains(name))
    }

    fn simple<S: AsyncRead + AsyncWrite + Unpin>(&mut self, text: &str, wire: &mut Wire<S>) {
        let statements: Vec<_> = sql::statements(text);
        if statements.is_empty() {
            wire.put(b'I', &[]);
        }
        for statement in statements {
            match self.execute(&statement, &[]) {
                Ok(outcome) => {
                    if !outcome.columns.is_empty() {
                        describe(&outcome, false, wire);
                    }
                    finish(&outcome, false, wire);
                }
                Err(refusal) => {
                    self.fail();
                    wire.put_error(&refusal);
                    return;
                }
            }
        }
    }

    fn extended<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        kind: u8,
        mut fields: Fields<'_>,
        wire: &mut Wire<S>,
    ) -> Result<(), Refusal> {
        match kind {
            b'P' => {
                let (name, text) = (fields.text().to_owned(), fields.text().to_owned());
                // Known before it runs, as a server would parse it.
                sql::answer(self, &text, &vec![None; sql::parameters(&text)])?;
                self.statements.insert(name, text);
                wire.put(b'1', &[]);
            }
            b'B' => {
                let (portal, statement) = (fields.text().to_owned(), fields.text());
                let statement = self.statements.get(statement).cloned().unwrap_or_default();
                let formats = fields.i16();
                for _ in 0..formats {
                    fields.i16();
                }
                let count = fields.i16();
                let values = (0..count).map(|_| {
                    let length = usize::try_from(fields.i32()).ok()?;
                    Some(String::from_utf8_lossy(fields.bytes(length)).into_owned())
                });
                let values = values.collect();
                let binary = fields.i16() > 0 && fields.i16() == 1;
                self.portals.insert(portal, Portal { statement, values, binary });
                wire.put(b'2', &[]);
            }
            b'D' => {
                let of_statement = fields.bytes(1) == b"S";
                let name = fields.text();
                let portal = self.portals.get(name).cloned();
                let (text, values, binary) = match portal.filter(|_| !of_statement) {
                    Some(portal) => (portal.statement, portal.values, portal.binary),
                    None => {
                        let text = self.statements.get(name).cloned().unwrap_or_default();
                        let count = sql::parameters(&text);
                        (text, vec![None; count], false)
                    }
                };
                if of_statement {
                    let count = u16::try_from(values.len()).unwrap_or(0);
                    let types = vec![TEXT.to_be_bytes(); values.len()].concat();
                    wire.put(b't', &[&count.to_be_bytes()[..], &types].concat());
                }
                let outcome = sql::answer(self, &text, &values)?;
                if outcome.columns.is_empty() {
                    wire.put(b'n', &[]);
                } else {
                    describe(&outcome, binary, wire);
                }
            }
            b'E' => {
                let portal = self.portals.get(fields.text()).cloned();
                let portal = portal.ok_or_else(|| Refusal::error("34000", "portal does not exist"))?;
                let outcome = self.execute(&portal.statement, &portal.values)?;
                finish(&outcome, portal.binary, wire);
            }
            b'C' => {
                if fields.bytes(1) == b"S" {
                    self.statements.remove(fields.text());
                }
                wire.put(b'3', &[]);
            }
            // Flush: the next read sends everything.
            b'H' => {}
            _ => {
                return Err(Refusal::error(
                    "0A000",
                    format!("message {:?} is not known to the rehearsal", char::from(kind)),
                ));
            }
        }
        Ok(())
    }

    /// Does one statement.
    pub fn execute(&mut self, statement: &str, values: &[Option<String>]) -> Result<Outcome, Refusal> {
        if self.transaction != Transaction::Failed
            && let Some(outcome) = roles::change(self, statement)?
        {
            return Ok(outcome);
        }
        let outcome = sql::answer(self, statement, values)?;
        let ends = matches!(outcome.tag.as_str(), "ROLLBACK" | "COMMIT");
        match (&mut self.transaction, outcome.tag.as_str()) {
            (Transaction::Failed, _) if !ends => {
                let message = "current transaction is aborted, commands ignored until end of transaction block";
                return Err(Refusal::error("25P02", message));
            }
            (transaction @ Transaction::None, "BEGIN") => *transaction = Transaction::Open { created: BTreeSet::new() },
            (Transaction::Open { created }, "CREATE EXTENSION") => created.extend(outcome.created.clone()),
            (Transaction::None, "CREATE EXTENSION") => self.keep(outcome.created.iter().cloned().collect()),
            (transaction, "COMMIT") => {
                if let Transaction::Open { created } = std::mem::replace(transaction, Transaction::None) {
                    self.keep(created);
                }
            }
            (transaction, "ROLLBACK") => *transaction = Transaction::None,
            _ => {}
        }
        Ok(outcome)
    }

    fn keep(&self, created: BTreeSet<String>) {
        let mut inner = self.world.outside.inner();
        let here = inner.databases.entry(self.host.to_owned()).or_default();
        here.extensions.extend(created.into_iter().map(|name| (self.database.clone(), name)));
    }

    fn fail(&mut self) {
        if matches!(self.transaction, Transaction::Open { .. }) {
            self.transaction = Transaction::Failed;
        }
    }

    fn ready<S: AsyncRead + AsyncWrite + Unpin>(&self, wire: &mut Wire<S>) {
        let status = match self.transaction {
            Transaction::None => b'I',
            Transaction::Open { .. } => b'T',
            Transaction::Failed => b'E',
        };
        wire.put(b'Z', &[status]);
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        if let Some(here) = self.world.outside.inner().databases.get_mut(self.host) {
            here.sessions = here.sessions.saturating_sub(1);
        }
    }
}
