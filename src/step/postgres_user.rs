//! `postgres.user`: is there a user in the database server, made from inside the cluster?

use std::collections::BTreeMap;

use async_trait::async_trait;
use landfall_core::{
    clock::Span,
    event::{Difference, Found, Happened, Permissions},
    value::{Late, Plain, SecretText},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    cloud::{
        Trouble,
        psql::{self, Kept, Login, Psql, Tls, kept, object_name},
    },
    kind::{Applied, Context, Job, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostgresUser {
    /// Host name of the server.
    host: Late<String>,
    /// Its port.
    #[serde(default = "usual_port")]
    port: Late<u16>,
    /// What tells this server from a later one of the same name, e.g. RDS's resource id.
    #[serde(default)]
    server_id: Option<Late<String>>,
    /// The database that the administrator logs in to.
    #[serde(default = "usual_database")]
    database: String,
    /// The administrator's user name: one that may create roles.
    admin_username: SecretText,
    /// The administrator's password.
    admin_password: SecretText,
    /// Name of the user; it may log in and nothing else, until it owns a database.
    username: String,
    /// Its password.
    password: SecretText,
    /// Whether it may make databases of its own.
    #[serde(default)]
    create_databases: bool,
    /// An image with `psql` and `sh`, from the company's own registry.
    image: String,
    /// Where the Job runs; the install's namespace where left out.
    #[serde(default)]
    namespace: Option<String>,
    /// Names of Secrets with the registry's login.
    #[serde(default)]
    image_pull_secrets: Vec<String>,
    /// Whether the server goes with this install: undo then leaves it in there, so that the server's last snapshot has it.
    #[serde(default)]
    with_server: bool,
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

fn usual_database() -> String {
    "postgres".into()
}

/// What others may read.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Its name.
    pub username: String,
    /// Whether it was there before this install.
    pub was_there: bool,
}

#[async_trait]
impl Step for PostgresUser {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        fixed: &["username", "namespace"],
        deadline: Span::minutes(15),
        usual: Some("under a minute"),
        ..StepAbout::new("postgres.user", "PG-11", "a PostgreSQL user, made from inside the cluster")
    };
    const NAMES_HOSTS: bool = true;

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let Some((kept, owner)) = self.psql(cx).kept(&cx.install).await? else { return Ok(Found::absent()) };
        if self.server().is_some_and(|server| server != kept.server) {
            // What was made in another server says nothing of this one.
            return Ok(Found::absent());
        }
        let mut differences = Vec::new();
        if let Some(password) = cx.fingerprint(&self.password).await?
            && !kept.was_there
            && kept.about.get(PASSWORD).is_some_and(|there| *there != password)
        {
            differences.push(Difference {
                field: PASSWORD.into(),
                wanted: self.password.to_string(),
                found: "another one".into(),
                fixed: false,
            });
        }
        let outputs = Outputs { username: self.username.clone(), was_there: kept.was_there };
        Ok(Found::there(outputs, differences, owner))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let (psql, admin) = (self.psql(cx), self.admin(cx).await?);
        let user = Login {
            username: Plain::new(self.username.clone()),
            password: cx.reveal(&self.password).await?,
            ..self.admin(cx).await?
        };
        let mark = cx.fingerprint(&self.password).await?.unwrap_or_default();
        let script = psql::role(admin, user, self.create_databases, &cx.install)?;
        let (cx, server) = (cx.clone(), self.server().unwrap_or_default());
        let job: Job = Box::pin(async move {
            let tell = |why| (cx.tell)(Happened::Waiting { why, deadline: None, usual: None });
            let (well, log) = psql.run(&script, &cx.cancel, tell).await?;
            let said = psql::judge(well, &log, &script.login)?;
            let was_there = said == "there" || psql.kept(&cx.install).await?.is_some_and(|(kept, _)| kept.was_there);
            let about = BTreeMap::from([(PASSWORD.to_owned(), mark)]);
            psql.keep(&Kept { server, was_there, about }).await
        });
        Ok(Applied::Started(job))
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let psql = self.psql(cx);
        if !self.with_server && made.outputs["was_there"] != true {
            let script = psql::drop_role(self.admin(cx).await?, &self.username, &cx.install)?;
            let (well, log) = psql.run(&script, &cx.cancel, |_| {}).await?;
            psql::judge(well, &log, &script.login)?;
        }
        psql.forget().await
    }

    fn commands(&self, _cx: &PlanView<'_>) -> Vec<String> {
        let (host, port, database, admin) = (&self.host, &self.port, &self.database, &self.admin_username);
        vec![format!(
            "createuser --host={host} --port={port} --username={admin} --maintenance-db={database} --login{} --pwprompt {}",
            if self.create_databases { " --createdb" } else { "" },
            self.username
        )]
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        if self.with_server {
            return format!("leaves the PostgreSQL user {}: it goes with its server", self.username);
        }
        format!("drops the PostgreSQL user {} from {}", self.username, self.host)
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        kept::permissions(self.namespace.as_deref().unwrap_or(&cx.target.namespace))
    }

    fn hosts(&self, _cx: &PlanView<'_>) -> Vec<landfall_core::event::Host> {
        psql::hosts(&self.host, &self.port)
    }

    fn images(&self, _cx: &PlanView<'_>) -> Vec<String> {
        vec![self.image.clone()]
    }
}

/// What is kept of the password: its fingerprint.
const PASSWORD: &str = "password";

impl PostgresUser {
    fn psql(&self, cx: &Context) -> Psql {
        Psql {
            cloud: cx.cloud.clone(),
            namespace: self.namespace.clone().unwrap_or_else(|| cx.target.namespace.clone()),
            name: object_name("role", &self.username),
            labels: cx.labels(),
            image: self.image.clone(),
            pull_secrets: self.image_pull_secrets.clone(),
        }
    }

    async fn admin(&self, cx: &Context) -> Result<Login, Trouble> {
        let (Some(host), Some(port)) = (self.host.known(), self.port.known()) else {
            return Err(psql::no_server(&self.host));
        };
        let ca = match &self.ca {
            Some(ca) => Some(cx.reveal(ca).await?),
            None => None,
        };
        Ok(Login {
            host: host.clone(),
            port: *port,
            database: self.database.clone(),
            username: cx.reveal(&self.admin_username).await?,
            password: cx.reveal(&self.admin_password).await?,
            tls: self.tls,
            ca,
        })
    }

    fn server(&self) -> Option<String> {
        kept::server(&self.host, &self.port, self.server_id.as_ref())
    }
}
