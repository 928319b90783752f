//! `postgres.database`: is there a database with the right owner in the server, made from inside the cluster?

use std::collections::BTreeMap;

use async_trait::async_trait;
use landfall_core::{
    clock::Span,
    event::{Difference, Found, Happened, Permissions, Problem},
    value::{Late, SecretText},
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
pub struct PostgresDatabase {
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
    /// The administrator's user name: one that may create databases.
    admin_username: SecretText,
    /// The administrator's password.
    admin_password: SecretText,
    /// Name of the new database.
    name: String,
    /// The user that owns it.
    owner: String,
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
    pub name: String,
    /// Who owns it.
    pub owner: String,
    /// Whether it was there before this install.
    pub was_there: bool,
}

#[async_trait]
impl Step for PostgresDatabase {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        keeps_data: true,
        fixed: &["name", "owner", "namespace"],
        deadline: Span::minutes(15),
        usual: Some("under a minute"),
        ..StepAbout::new("postgres.database", "PG-12", "a PostgreSQL database, made from inside the cluster")
    };
    const NAMES_HOSTS: bool = true;

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let Some((kept, owner)) = self.psql(cx).kept(&cx.install).await? else { return Ok(Found::absent()) };
        if self.server().is_some_and(|server| server != kept.server) {
            // What was made in another server says nothing of this one.
            return Ok(Found::absent());
        }
        let owned_by = kept.about.get(OWNER).cloned().unwrap_or_default();
        let differs =
            || Difference { field: OWNER.into(), wanted: self.owner.clone(), found: owned_by.clone(), fixed: true };
        let differences = (owned_by != self.owner).then(differs).into_iter().collect();
        let outputs = Outputs { name: self.name.clone(), owner: owned_by, was_there: kept.was_there };
        Ok(Found::there(outputs, differences, owner))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let psql = self.psql(cx);
        let script = psql::database(self.admin(cx).await?, &self.name, &self.owner, &cx.install)?;
        let (cx, server) = (cx.clone(), self.server().unwrap_or_default());
        let (name, owner) = (self.name.clone(), self.owner.clone());
        let job: Job = Box::pin(async move {
            let tell = |why| (cx.tell)(Happened::Waiting { why, deadline: None, usual: None });
            let (well, log) = psql.run(&script, &cx.cancel, tell).await?;
            let said = psql::judge(well, &log, &script.login)?;
            if said.starts_with("owned by") {
                return Err(Problem::new(
                    "PG-DATABASE-OTHER",
                    format!("the database {name} is there, and {owner} does not own it"),
                    format!("Choose another name, or give it to that user:\n$ psql -c 'ALTER DATABASE \"{name}\" OWNER TO \"{owner}\"'"),
                )
                .why("Somebody else made it; it may hold what others need.")
                .into());
            }
            let about = BTreeMap::from([(OWNER.to_owned(), owner)]);
            psql.keep(&Kept { server, was_there: said == "there", about }).await
        });
        Ok(Applied::Started(job))
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let psql = self.psql(cx);
        if !self.with_server && made.outputs["was_there"] != true {
            let script = psql::drop_database(self.admin(cx).await?, &self.name, &self.owner, &cx.install)?;
            let (well, log) = psql.run(&script, &cx.cancel, |_| {}).await?;
            psql::judge(well, &log, &script.login)?;
        }
        psql.forget().await
    }

    fn commands(&self, _cx: &PlanView<'_>) -> Vec<String> {
        let (host, port, database, admin) = (&self.host, &self.port, &self.database, &self.admin_username);
        let (owner, name) = (&self.owner, &self.name);
        vec![format!(
            "createdb --host={host} --port={port} --username={admin} --maintenance-db={database} --owner={owner} {name}"
        )]
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        if self.with_server {
            return format!("leaves the PostgreSQL database {}: it goes with its server", self.name);
        }
        format!("drops the PostgreSQL database {} on {} with all its data", self.name, self.host)
    }

    fn keeps_data(&self, _cx: &PlanView<'_>) -> bool {
        !self.with_server
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

/// What is kept of it beside its server.
const OWNER: &str = "owner";

impl PostgresDatabase {
    fn psql(&self, cx: &Context) -> Psql {
        Psql {
            cloud: cx.cloud.clone(),
            namespace: self.namespace.clone().unwrap_or_else(|| cx.target.namespace.clone()),
            name: object_name("database", &self.name),
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
