//! `postgres.database`: can the product's user log in, over TLS as asked, and make the extension it needs?

use async_trait::async_trait;
use landfall_core::{
    catalogue::Touches,
    event::{Host, Outcome, Problem},
    value::SecretText,
};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio_postgres::{Client, Config, NoTls, config::SslMode, error::SqlState, tls::MakeTlsConnect};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    cloud::{Trouble, net::Connection},
    kind::{Check, CheckAbout, Context, PlanView},
};

/// A login to the database from this machine, over TLS as asked, and whether its user can make the extension. The
/// product's first start makes its tables there.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostgresDatabase {
    /// Host name.
    host: String,
    /// Port.
    port: u16,
    /// Database.
    database: String,
    /// User.
    username: SecretText,
    /// Password.
    password: SecretText,
    /// How TLS is used.
    #[serde(default)]
    tls: Tls,
    /// An extension the user must be able to make; tried in a transaction that is rolled back.
    #[serde(default)]
    extension: Option<String>,
}

/// How TLS is used.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Tls {
    /// Without.
    Disable,
    /// With, whoever signed.
    Require,
    /// With, and the certificate must be trusted and for the host.
    #[default]
    VerifyFull,
}

#[async_trait]
impl Check for PostgresDatabase {
    const ABOUT: CheckAbout = CheckAbout {
        name: "postgres.database",
        code: "PG-01",
        about: "the user can log in to the database and make what it needs there",
        touches: Touches::Nothing,
    };
    const NAMES_HOSTS: bool = true;
    const PROBLEMS: &'static [&'static str] = &[
        "PG-DATABASE",
        "PG-EXTENSION",
        "PG-EXTENSION-DENIED",
        "PG-EXTENSION-MISSING",
        "PG-FULL",
        "PG-LOGIN",
        "PG-QUERY",
        "PG-REFUSED",
        "PG-TLS",
        "PG-UNREACHABLE",
    ];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let username = cx.reveal(&self.username).await?;
        let password = cx.reveal(&self.password).await?;
        let mut config = Config::new();
        config
            .host(&self.host)
            .port(self.port)
            .dbname(&self.database)
            .user(username.reveal())
            .password(password.reveal())
            .application_name("landfall")
            .ssl_mode(if self.tls == Tls::Disable { SslMode::Disable } else { SslMode::Require });
        let stream = match cx.cloud.net.connect(&self.host, self.port).await {
            Ok(stream) => stream,
            Err(trouble) => {
                let mut problem = trouble.problem();
                problem.code = "PG-UNREACHABLE".into();
                problem.fix = "Check host and port, the database's security group, and the network path. Seen from here; pods may differ.".into();
                return Ok(Outcome::Fail { problem });
            }
        };
        let connected = match self.tls {
            Tls::Disable => open(&config, stream, NoTls).await,
            Tls::VerifyFull | Tls::Require => {
                let tls = if self.tls == Tls::Require { cx.cloud.net.tls_unverified()? } else { cx.cloud.net.tls()? };
                let mut make = MakeRustlsConnect::new(tls);
                match <MakeRustlsConnect as MakeTlsConnect<Connection>>::make_tls_connect(&mut make, &self.host) {
                    Ok(connect) => open(&config, stream, connect).await,
                    Err(error) => {
                        return Ok(Outcome::Fail {
                            problem: Problem::new("PG-TLS", error.to_string(), "Correct the host name."),
                        });
                    }
                }
            }
        };
        let client = match connected {
            Ok(client) => client,
            Err(error) => return Ok(Outcome::Fail { problem: self.refused(&error, username.reveal()) }),
        };
        self.look(&client).await
    }

    fn hosts(&self, _cx: &PlanView<'_>) -> Vec<Host> {
        let host = |from: &str| Host {
            host: self.host.clone(),
            port: self.port,
            from: from.into(),
            why: "the database".into(),
        };
        vec![host("here"), host("pods")]
    }
}

async fn open<T>(config: &Config, stream: Connection, tls: T) -> Result<Client, tokio_postgres::Error>
where
    T: tokio_postgres::tls::TlsConnect<Connection>,
    T::Stream: Send + 'static,
{
    let (client, connection) = config.connect_raw(stream, tls).await?;
    // It ends when the client is dropped.
    tokio::spawn(connection);
    Ok(client)
}

impl PostgresDatabase {
    async fn look(&self, client: &Client) -> Result<Outcome, Trouble> {
        let said = |error: tokio_postgres::Error| {
            Trouble::from(Problem::new("PG-QUERY", text(&error), "Look at the database's log."))
        };
        let version: String = client.query_one("SHOW server_version", &[]).await.map_err(said)?.get(0);
        let Some(extension) = &self.extension else {
            return Ok(Outcome::pass(format!("{} as asked, PostgreSQL {version}", self.database)));
        };
        let quoted = format!("\"{}\"", extension.replace('"', "\"\""));
        let tried = client.batch_execute(&format!("BEGIN; CREATE EXTENSION IF NOT EXISTS {quoted}; ROLLBACK")).await;
        match tried {
            Ok(()) => {
                Ok(Outcome::pass(format!("{} as asked, PostgreSQL {version}, {extension} can be made", self.database)))
            }
            Err(error) => {
                let _ = client.batch_execute("ROLLBACK").await;
                let problem = match error.code() {
                    Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => Problem::new(
                        "PG-EXTENSION-DENIED",
                        format!("the user may not create the extension {extension} in {}", self.database),
                        format!(
                            "Let an administrator create it once, or grant the right:\n$ psql {} -c 'CREATE EXTENSION IF NOT EXISTS {quoted}'",
                            self.database
                        ),
                    ),
                    Some(code) if *code == SqlState::UNDEFINED_FILE || *code == SqlState::FEATURE_NOT_SUPPORTED => {
                        Problem::new(
                            "PG-EXTENSION-MISSING",
                            format!("this server has no extension {extension}"),
                            "Take a server that offers it (RDS and Aurora do from PostgreSQL 15.2 on for pgvector), or have it installed.",
                        )
                    }
                    _ => Problem::new(
                        "PG-EXTENSION",
                        format!("the extension {extension} cannot be made"),
                        "Look at the database's log.",
                    ),
                };
                Ok(Outcome::Fail { problem: problem.why(text(&error)) })
            }
        }
    }

    fn refused(&self, error: &tokio_postgres::Error, username: &str) -> Problem {
        let problem = match error.code() {
            Some(code)
                if *code == SqlState::INVALID_PASSWORD || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION =>
            {
                Problem::new(
                    "PG-LOGIN",
                    format!("{username} cannot log in to {}", self.database),
                    "Enter user name and password again in Secrets; a newline at the end of a pasted password is the usual cause.",
                )
            }
            Some(code) if *code == SqlState::INVALID_CATALOG_NAME => Problem::new(
                "PG-DATABASE",
                format!("there is no database {}", self.database),
                format!("Have it created, or correct its name in Inputs:\n$ createdb {}", self.database),
            ),
            Some(code) if *code == SqlState::TOO_MANY_CONNECTIONS => Problem::new(
                "PG-FULL",
                "the server takes no further connections",
                "Raise max_connections or free some.",
            ),
            Some(_) => Problem::new(
                "PG-REFUSED",
                "the server refuses the connection",
                "Read its reason; pg_hba.conf or the parameter group decides.",
            ),
            None if self.tls != Tls::Disable => Problem::new(
                "PG-TLS",
                "no TLS connection could be made",
                "Add the database's certificate authority with SSL_CERT_FILE (RDS publishes its own), or choose another TLS mode in Inputs.",
            ),
            None => Problem::new(
                "PG-REFUSED",
                "the server ends the connection",
                "It may accept only TLS: choose another TLS mode in Inputs.",
            ),
        };
        problem.why(text(error))
    }
}

/// The server's message; never the statement or the parameters.
fn text(error: &tokio_postgres::Error) -> String {
    if let Some(db) = error.as_db_error() {
        return format!("{} ({})", db.message(), db.code().code());
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
