//! The very command, files and script of the Job, run by real psql against real servers of PostgreSQL 15 and 16.

use std::{
    fs,
    process::{Command, Output},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use landfall::{cloud::psql, kind::Applied};
use landfall_core::{plan::InstallId, value::Plain};
use serde_json::{Value, json};

use super::{
    place::Place,
    testbed::{Cluster, Postgres, Testbed},
    until,
};

/// The Job runs nowhere: it is taken from the cluster and run here.
const SCENARIO: &str = "
kubernetes:
  objects: [{ apiVersion: v1, kind: Namespace, metadata: { name: shield } }]
  pods: [{ name: landfall-, logs: [waiting], completes_after: 2h }]
";
const PASSWORD: &str = r#"p'a"s:s\w$(id)`;--"#;
const DATABASE: &str = r#"Order "data"\'s"#;
const USER: &str = r#"order's "own"\"#;

/// What a Job said and how it ended.
struct Ran {
    well: bool,
    said: String,
    /// Everything a process list would have shown.
    shown: String,
}

struct Bench {
    place: Place,
    postgres: Postgres,
    tls: &'static str,
}

impl Bench {
    async fn new(postgres: Postgres, tls: &'static str) -> Self {
        // What RDS gives its master user: it makes roles and databases, and is no superuser.
        postgres.sql("postgres", "CREATE ROLE master LOGIN CREATEROLE CREATEDB PASSWORD 'm4ster';");
        Self { place: Place::simulated(SCENARIO).await, postgres, tls }
    }

    fn server(&self, more: Value) -> Value {
        let mut parameters = json!({
            "host": "127.0.0.1", "port": self.postgres.port, "tls": self.tls, "image": "postgres:16",
            "admin_username": "master", "admin_password": self.place.secret("db.admin", "m4ster"),
        });
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        parameters
    }

    fn user(&self) -> Value {
        self.server(json!({ "username": USER, "password": self.place.secret("db.password", PASSWORD) }))
    }

    fn database(&self) -> Value {
        self.server(json!({ "name": DATABASE, "owner": USER }))
    }

    /// Lets the step begin, and runs its Job here. `install` is whose it is.
    async fn step(&self, kind: &str, parameters: &Value, undo: bool, install: &str) -> Ran {
        let cx = landfall::kind::Context { install: InstallId::of(install), ..self.place.context() };
        let step = self.place.kinds.steps[kind].clone();
        let parameters = parameters.clone();
        let task = tokio::spawn(async move {
            if undo {
                let made = landfall::kind::Made { outputs: json!({ "was_there": false }), before: None };
                let _ = step.undo(&cx, &parameters, &made).await;
            } else if let Ok(Applied::Started(job)) = step.apply(&cx, &parameters, "token").await {
                let _ = job.await;
            }
        });
        let ran = self.taken().await;
        task.abort();
        self.away().await;
        ran
    }

    async fn inside(&self, database: &str) -> Ran {
        let parameters = json!({
            "host": "127.0.0.1", "port": self.postgres.port, "tls": self.tls, "image": "postgres:16", "writes": true,
            "database": database, "username": USER, "password": self.place.secret("db.password", PASSWORD),
        });
        self.place.until("postgres.inside", parameters, "K8S-JOB-RUNNING").await;
        let ran = self.taken().await;
        self.away().await;
        ran
    }

    /// Runs the one Job that is in the cluster.
    async fn taken(&self) -> Ran {
        let world = self.place.rehearsal.as_ref().unwrap().world();
        let found = || {
            world.cluster.look(|state| {
                let job = state
                    .objects
                    .all()
                    .find(|(key, _)| &*key.resource == "jobs.batch")
                    .map(|(_, found)| found.value.clone())?;
                let name = job["metadata"]["name"].as_str()?.to_owned();
                (job["spec"]["suspend"] == false).then_some(())?;
                Some((job, state.objects.find("secrets", "shield", &name)?.clone()))
            })
        };
        until::so("a Job that may run, with its Secret", || found().is_some()).await;
        let (job, secret) = found().unwrap();
        assert_eq!(secret["metadata"]["ownerReferences"][0]["uid"], job["metadata"]["uid"]);
        let (files, scratch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let here = |text: &str| {
            text.replace("/landfall/files", files.path().to_str().unwrap())
                .replace("/landfall/scratch", scratch.path().to_str().unwrap())
        };
        for (name, text) in secret["data"].as_object().unwrap() {
            let text = String::from_utf8(STANDARD.decode(text.as_str().unwrap()).unwrap()).unwrap();
            let path = files.path().join(name);
            fs::write(&path, here(&text)).unwrap();
            // A Secret's files belong to a group.
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o440)).unwrap();
        }
        let container = &job["spec"]["template"]["spec"]["containers"][0];
        let words: Vec<String> =
            container["command"].as_array().unwrap().iter().map(|word| here(word.as_str().unwrap())).collect();
        let path = format!("{}:{}", self.postgres.programs().display(), std::env::var("PATH").unwrap());
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).env_clear().env("PATH", path);
        let mut shown = words.join(" ");
        for variable in container["env"].as_array().unwrap() {
            let value = here(variable["value"].as_str().unwrap());
            shown.push_str(&format!(" {value}"));
            command.env(variable["name"].as_str().unwrap(), value);
        }
        let Output { status, stdout, stderr } = command.output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        Ran { well: status.success(), said, shown }
    }

    async fn away(&self) {
        let world = self.place.rehearsal.as_ref().unwrap().world();
        let jobs: kube::Api<k8s_openapi::api::batch::v1::Job> =
            kube::Api::namespaced(self.place.client().await, "shield");
        for job in jobs.list(&Default::default()).await.unwrap() {
            let _ = jobs.delete(job.metadata.name.as_deref().unwrap(), &kube::api::DeleteParams::background()).await;
        }
        let left = || {
            world
                .cluster
                .look(|state| state.objects.all().any(|(key, _)| matches!(&*key.resource, "jobs.batch" | "secrets")))
        };
        until::so("Job and Secret are gone", || !left()).await;
    }

    fn ask(&self, sql: &str) -> String {
        self.postgres.sql("postgres", sql).trim().to_owned()
    }
}

fn says(ran: &Ran, line: &str) {
    assert!(ran.well && ran.said.lines().any(|said| said == line), "{}", ran.said);
    assert!(!ran.shown.contains("s:s") && !ran.shown.contains("m4ster"), "{}", ran.shown);
}

/// What the step makes of it.
fn judged(ran: &Ran) -> Result<String, String> {
    let login = psql::Login {
        host: "127.0.0.1".into(),
        port: 5432,
        database: "postgres".into(),
        username: Plain::new("master".into()),
        password: Plain::new("m4ster".into()),
        tls: psql::Tls::Require,
        ca: None,
    };
    psql::judge(ran.well, &ran.said, &login).map_err(|problem| problem.code)
}

async fn made_repeated_used_and_dropped(bench: Bench) {
    let (user, database) = (bench.user(), bench.database());
    says(&bench.step("postgres.user", &user, false, "one").await, "landfall: made");
    says(&bench.step("postgres.user", &user, false, "one").await, "landfall: changed");
    let role = "rolcanlogin AND NOT rolsuper AND NOT rolcreatedb AND NOT rolcreaterole";
    let quoted = USER.replace('\'', "''");
    assert_eq!(bench.ask(&format!("SELECT {role} FROM pg_roles WHERE rolname = '{quoted}';")), "t");
    // What the server keeps is what it would have made of the password itself.
    let kept = bench
        .ask(&format!("SELECT rolpassword LIKE 'SCRAM-SHA-256$4096:%' FROM pg_authid WHERE rolname = '{quoted}';"));
    assert_eq!(kept, "t");

    says(&bench.step("postgres.database", &database, false, "one").await, "landfall: made");
    says(&bench.step("postgres.database", &database, false, "one").await, "landfall: changed");
    let name = DATABASE.replace('\'', "''");
    let owner = bench.ask(&format!("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = '{name}';"));
    assert_eq!(owner, USER);
    let lent = "SELECT count(*) FROM pg_auth_members WHERE member = 'master'::regrole AND grantor = 'master'::regrole;";
    assert_eq!(bench.ask(lent), "0", "what it lent itself it gave back");

    // Neither where the server refuses.
    bench.ask("ALTER ROLE master NOCREATEDB;");
    let other = bench.server(json!({ "name": "refused", "owner": USER }));
    let ran = bench.step("postgres.database", &other, false, "one").await;
    assert_eq!(judged(&ran), Err("PG-DENIED".to_owned()), "{}", ran.said);
    assert_eq!(bench.ask(lent), "0", "what it lent itself it gave back");
    bench.ask("ALTER ROLE master CREATEDB;");
    bench.ask(&format!("UPDATE pg_database SET datistemplate = true WHERE datname = '{name}';"));
    let ran = bench.step_dropping("postgres.database", &database).await;
    assert_eq!(judged(&ran), Err("PG-QUERY".to_owned()), "{}", ran.said);
    assert_eq!(bench.ask(lent), "0", "what it lent itself it gave back");
    bench.ask(&format!("UPDATE pg_database SET datistemplate = false WHERE datname = '{name}';"));

    let ran = bench.inside(DATABASE).await;
    says(&ran, "landfall: written");
    assert_eq!(bench.ask("SELECT count(*) FROM pg_class WHERE relname = 'landfall_probe';"), "0");

    // Another install finds both, changes nothing and drops nothing.
    says(&bench.step("postgres.user", &user, false, "two").await, "landfall: there");
    says(&bench.step("postgres.database", &database, false, "two").await, "landfall: there");
    let wrong = bench.server(json!({ "username": USER, "password": bench.place.secret("db.wrong", "guessed") }));
    let ran = bench.step("postgres.user", &wrong, false, "two").await;
    assert!(!ran.well && ran.said.contains("password authentication failed"), "{}", ran.said);

    let ran = bench.step_dropping("postgres.user", &user).await;
    assert!(!ran.well && ran.said.contains("cannot be dropped because some objects depend on it"), "{}", ran.said);
    says(&bench.step_dropping("postgres.database", &database).await, "landfall: dropped");
    says(&bench.step_dropping("postgres.user", &user).await, "landfall: dropped");
    assert_eq!(bench.ask(&format!("SELECT count(*) FROM pg_roles WHERE rolname = '{quoted}';")), "0");
}

impl Bench {
    /// The undo of a step that this install is known to have made.
    async fn step_dropping(&self, kind: &str, parameters: &Value) -> Ran {
        let world = self.place.rehearsal.as_ref().unwrap().world();
        let (what, name) = if kind == "postgres.user" { ("role", USER) } else { ("database", DATABASE) };
        let name = landfall::cloud::psql::object_name(what, name);
        world.cluster.place(json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name, "namespace": "shield" },
            "data": { "server": "", "was_there": "false" },
        }));
        self.step(kind, parameters, true, "one").await
    }
}

#[tokio::test]
async fn the_script_does_on_16_what_it_says() {
    let Some(postgres) = Postgres::start() else { return };
    made_repeated_used_and_dropped(Bench::new(postgres, "disable").await).await;
}

#[tokio::test]
async fn the_script_does_on_debians_with_tls_what_it_says() {
    let Some(postgres) = Postgres::start_without_vector() else { return };
    made_repeated_used_and_dropped(Bench::new(postgres, "require").await).await;
}

#[tokio::test]
async fn a_certificate_is_checked_against_the_authority_that_is_given() {
    let Some(postgres) = Postgres::start_without_vector() else { return };
    let certificate = fs::read_to_string(postgres.certificate()).unwrap();
    let bench = Bench::new(postgres, "verify_full").await;
    let with = |ca: &str| {
        let mut user = bench.user();
        user["ca"] = bench.place.secret("db.ca", ca).into();
        user
    };
    says(&bench.step("postgres.user", &with(&certificate), false, "one").await, "landfall: made");
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem();
    let ran = bench.step("postgres.user", &with(&other), false, "one").await;
    assert!(!ran.well && ran.said.contains("certificate verify failed"), "{}", ran.said);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_api_server_admits_the_pod_where_pods_are_restricted_and_its_secret_goes_with_the_job() {
    let (Some(cluster), Some(helm)) = (Cluster::start(), Testbed::require("helm3")) else { return };
    cluster.kubectl(&["create", "namespace", "shield"]);
    cluster.kubectl(&["label", "namespace", "shield", "pod-security.kubernetes.io/enforce=restricted"]);
    let place = Place::real(cluster.kubeconfig(), &helm);
    let probe = json!({
        "host": "db.example.com", "database": "orders", "username": "orders", "image": "postgres:16",
        "password": place.secret("db.password", PASSWORD),
    });
    place.until("postgres.inside", probe, "K8S-JOB-RUNNING").await;
    let names = |kind: &str| cluster.kubectl(&["get", kind, "--namespace", "shield", "--output", "name"]);
    until::so("a pod is there", || !names("pods").is_empty()).await;
    let secret = names("secrets");
    assert!(secret.contains("landfall-probe-"), "{secret}");
    cluster.kubectl(&["delete", "jobs", "--all", "--namespace", "shield"]);
    until::so("its Secret is gone", || names("secrets").is_empty()).await;
}
