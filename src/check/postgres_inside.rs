//! `postgres.inside`: can the product's user log in to its database from a pod of this cluster, and write there?
//!
//! A probe: it makes one Job, which stops by itself, is removed once it has answered, and is found again after an interruption.

use async_trait::async_trait;
use landfall_core::{
    catalogue::Touches,
    event::{Host, Outcome, Permissions, Problem},
    value::{Late, SecretText},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        psql::{self, Login, Psql, Seen, Tls, object_name},
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// The same login from a pod of this cluster, and whether something can be written. A security group may admit this
/// machine and not the pods, or the other way round.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostgresInside {
    /// Host name of the server.
    host: Late<String>,
    /// Its port.
    #[serde(default = "usual_port")]
    port: Late<u16>,
    /// Database.
    database: String,
    /// User.
    username: SecretText,
    /// Password.
    password: SecretText,
    /// An image with `psql` and `sh`, from the company's own registry.
    image: String,
    /// Whether a table is made, filled and dropped, in a transaction that is rolled back.
    #[serde(default)]
    writes: bool,
    /// Where the Job runs; the install's namespace where left out.
    #[serde(default)]
    namespace: Option<String>,
    /// Names of Secrets with the registry's login.
    #[serde(default)]
    image_pull_secrets: Vec<String>,
    /// How TLS is used.
    #[serde(default)]
    tls: Tls,
    /// PEM of the authority that signed the server's certificate, for `verify_full`.
    #[serde(default)]
    ca: Option<SecretText>,
}

fn usual_port() -> Late<u16> {
    Late::Known(5432)
}

#[async_trait]
impl Check for PostgresInside {
    const ABOUT: CheckAbout = CheckAbout {
        name: "postgres.inside",
        code: "PG-02",
        about: "the user can log in to the database from a pod, and write there",
        touches: Touches::Cluster,
    };
    const NAMES_HOSTS: bool = true;
    const PROBLEMS: &'static [&'static str] = &["K8S-JOB-RUNNING", "PG-DENIED", "PG-READ-ONLY"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let (Some(host), Some(port)) = (self.host.known(), self.port.known()) else {
            return Err(psql::no_server(&self.host));
        };
        let psql = Psql {
            cloud: cx.cloud.clone(),
            namespace: self.namespace.clone().unwrap_or_else(|| cx.target.namespace.clone()),
            name: object_name("probe", &cx.path.to_string()),
            labels: cx.labels(),
            image: self.image.clone(),
            pull_secrets: self.image_pull_secrets.clone(),
        };
        let ca = match &self.ca {
            Some(ca) => Some(cx.reveal(ca).await?),
            None => None,
        };
        let login = Login {
            host: host.clone(),
            port: *port,
            database: self.database.clone(),
            username: cx.reveal(&self.username).await?,
            password: cx.reveal(&self.password).await?,
            tls: self.tls,
            ca,
        };
        match psql.look().await? {
            Seen::Nothing => {
                psql.begin(&psql::inside(login, self.writes)).await?;
                Ok(not_yet(&psql.name, "the Job was made", String::new()))
            }
            Seen::Other => Ok(Outcome::Fail { problem: psql.in_the_way() }),
            Seen::Running(None) => Ok(not_yet(&psql.name, "it runs", String::new())),
            Seen::Running(Some(problem)) => Ok(not_yet(&psql.name, &problem.what, problem.why)),
            Seen::Ended { well, log } => {
                psql.tidy().await?;
                Ok(self.outcome(well, &log, &login))
            }
        }
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        psql::permissions(self.namespace.as_deref().unwrap_or(&cx.target.namespace))
    }

    fn hosts(&self, _cx: &PlanView<'_>) -> Vec<Host> {
        psql::hosts(&self.host, &self.port)
    }
}

impl PostgresInside {
    fn outcome(&self, well: bool, log: &str, login: &Login) -> Outcome {
        let version = log.lines().find_map(|line| line.trim().strip_prefix("landfall: version "));
        match (psql::judge(well, log, login), version) {
            (Ok(_), version) => {
                let writes = if self.writes { ", writes" } else { "" };
                let version = version.unwrap_or("of an unknown version");
                Outcome::pass(format!("{} as asked from a pod{writes}, PostgreSQL {version}", self.database))
            }
            (Err(problem), Some(_)) if problem.code == "PG-DENIED" => Outcome::Fail {
                problem: Problem::new(
                    "PG-READ-ONLY",
                    format!("{} may not make tables in {}", login.username.reveal(), self.database),
                    format!(
                        "Let it own the database, or grant it the schema:\n$ psql {} -c 'GRANT CREATE ON SCHEMA public TO \"{}\"'",
                        self.database,
                        login.username.reveal()
                    ),
                )
                .why(problem.why),
            },
            (Err(problem), _) => Outcome::Fail { problem },
        }
    }
}

fn not_yet(name: &str, what: &str, why: String) -> Outcome {
    let fix = format!("Wait; if it stays so, look at the pod's events.\n$ kubectl describe job {name}");
    Outcome::NotYet { problem: Problem::new("K8S-JOB-RUNNING", format!("{name}: {what}"), fix).why(why) }
}

#[cfg(test)]
mod tests {
    use landfall_core::value::Plain;
    use serde_json::json;

    use super::*;

    #[test]
    fn who_gets_in_and_may_not_write_is_told_apart_from_who_does_not_get_in() {
        let check: PostgresInside = serde_json::from_value(json!({
            "host": "db", "database": "orders", "username": "orders", "password": "p", "image": "i", "writes": true,
        }))
        .unwrap();
        let login = Login {
            host: "db".into(),
            port: 5432,
            database: "orders".into(),
            username: Plain::new("orders".into()),
            password: Plain::new("p".into()),
            tls: Tls::Require,
            ca: None,
        };
        let code = |well, log| check.outcome(well, log, &login).problem().map(|problem| problem.code.clone());
        let refused = "landfall: version 16.4\npsql:s.sql:3: ERROR:  permission denied for schema public\n";
        assert_eq!(code(false, refused).as_deref(), Some("PG-READ-ONLY"));
        let outside =
            "psql: error: connection to server failed: FATAL:  password authentication failed for user \"orders\"\n";
        assert_eq!(code(false, outside).as_deref(), Some("PG-LOGIN"));
        let line = check.outcome(true, "landfall: version 16.4\nlandfall: written\n", &login).line().to_owned();
        assert_eq!(line, "orders as asked from a pod, writes, PostgreSQL 16.4");
    }
}
