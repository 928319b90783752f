//! Users and databases of a server that only pods reach: made, found, refused, taken away.

use landfall_core::event::{Owner, State};
use serde_json::{Value, json};

use super::{
    place::{Place, drifted, present},
    until,
};

const CANARY: &str = r#"canary-'"\:$(x) "#;

const SCENARIO: &str = "
kubernetes:
  objects: [{ apiVersion: v1, kind: Namespace, metadata: { name: shield, labels: { pod-security.kubernetes.io/enforce: restricted } } }]
outside:
  hosts:
    db.example.com:
      kind: postgres
      port: 5432
      tls: required
      users: { master: { password: m4ster, makes_roles: true }, narrow: { password: n4rrow, makes_roles: true, makes_databases: false }, reader: { password: of-the-reader } }
      databases: { postgres: { owner: rdsadmin }, theirs: { owner: reader } }
    full.example.com: { kind: timeout }
    shut.example.com: { kind: refused }
";

fn with(mut base: Value, more: Value) -> Value {
    base.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    base
}

fn server(place: &Place) -> Value {
    json!({
        "host": "db.example.com", "admin_username": "master", "admin_password": place.secret("db.admin", "m4ster"),
        "image": "registry.example.com/postgres:16",
    })
}

fn user(place: &Place) -> Value {
    with(server(place), json!({ "username": "orders", "password": place.secret("db.password", CANARY) }))
}

fn database(place: &Place) -> Value {
    with(server(place), json!({ "name": "order-data", "owner": "orders" }))
}

fn inside(place: &Place) -> Value {
    json!({
        "host": "db.example.com", "database": "order-data", "username": "orders", "writes": true,
        "password": place.secret("db.password", CANARY), "image": "registry.example.com/postgres:16",
    })
}

fn world(place: &Place) -> &landfall_rehearsal::World {
    place.rehearsal.as_ref().unwrap().world()
}

async fn refused(place: &Place, kind: &str, parameters: &Value) -> String {
    place.apply(kind, parameters).await.unwrap_err().code().unwrap().to_owned()
}

#[tokio::test]
async fn a_user_and_its_database_are_made_seen_from_pods_and_taken_away() {
    let place = Place::simulated(SCENARIO).await;
    let before = (world(&place).cluster.snapshot(), world(&place).outside.snapshot());
    let (user, database) = (user(&place), database(&place));
    assert_eq!(place.inspect("postgres.user", &user).await.state, State::Absent);
    place.apply("postgres.user", &user).await.unwrap();
    let found = place.inspect("postgres.user", &user).await;
    assert_eq!(found.owner, Owner::Ours);
    let made_user = present(&found);
    assert_eq!(made_user, json!({ "username": "orders", "was_there": false }));
    place.apply("postgres.database", &database).await.unwrap();
    let made_database = present(&place.inspect("postgres.database", &database).await);
    assert_eq!(made_database["was_there"], false);

    let outcome = place.until("postgres.inside", inside(&place), "pass").await;
    assert_eq!(outcome.line(), "order-data as asked from a pod, writes, PostgreSQL 16.4");
    // The same server, asked from here.
    let here = json!({
        "host": "db.example.com", "port": 5432, "database": "order-data", "username": "orders", "tls": "require",
        "password": place.secret("db.password", CANARY),
    });
    assert_eq!(place.code("postgres.database", here).await, "pass");

    // Again is no change, and another password is one.
    place.apply("postgres.user", &user).await.unwrap();
    let changed = with(user.clone(), json!({ "password": place.secret("db.other", "another") }));
    assert_eq!(drifted(&place.inspect("postgres.user", &changed).await), ["password"]);
    place.apply("postgres.user", &changed).await.unwrap();
    assert_eq!(present(&place.inspect("postgres.user", &changed).await)["was_there"], false);
    place.until("postgres.inside", inside(&place), "PG-LOGIN").await;

    // Neither what is left in the cluster nor what was said or written down holds a password.
    let left = world(&place).cluster.snapshot();
    assert_eq!(left["secrets"]["shield"], Value::Null, "{left}");
    for file in place.left() {
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        assert!(!text.contains("canary") && !text.contains("m4ster"), "{}", file.display());
    }
    assert!(!left.to_string().contains("canary") && !place.said().contains("canary"), "{}", place.said());

    place.undo("postgres.database", &database, made_database, None).await;
    place.undo("postgres.user", &changed, made_user, None).await;
    assert_eq!(place.inspect("postgres.user", &changed).await.state, State::Absent);
    assert_eq!((world(&place).cluster.snapshot(), world(&place).outside.snapshot()), before);
}

#[tokio::test]
async fn what_somebody_else_made_is_used_only_where_it_fits_and_never_taken_away() {
    let place = Place::simulated(SCENARIO).await;
    let reader = |password: &str| {
        with(server(&place), json!({ "username": "reader", "password": place.secret("db.reader", password) }))
    };
    assert_eq!(refused(&place, "postgres.user", &reader("guessed")).await, "PG-USER-PASSWORD");
    let right = reader("of-the-reader");
    place.apply("postgres.user", &right).await.unwrap();
    let made = present(&place.inspect("postgres.user", &right).await);
    assert_eq!(made["was_there"], true);
    let theirs = |owner: &str| with(server(&place), json!({ "name": "theirs", "owner": owner }));
    assert_eq!(refused(&place, "postgres.database", &theirs("master")).await, "PG-DATABASE-OTHER");
    place.apply("postgres.database", &theirs("reader")).await.unwrap();
    place.undo("postgres.user", &right, made, None).await;
    let login = json!({
        "host": "db.example.com", "database": "theirs", "username": "reader", "image": "i",
        "password": place.secret("db.reader", "of-the-reader"),
    });
    place.until("postgres.inside", login, "pass").await;
}

#[tokio::test]
async fn whoever_is_refused_is_told_why() {
    let place = Place::simulated(SCENARIO).await;
    let wrong = with(user(&place), json!({ "admin_password": place.secret("db.wrong", "wrong") }));
    assert_eq!(refused(&place, "postgres.user", &wrong).await, "PG-LOGIN");
    let weak = json!({ "admin_username": "reader", "admin_password": place.secret("db.reader", "of-the-reader") });
    assert_eq!(refused(&place, "postgres.user", &with(user(&place), weak)).await, "PG-DENIED");
    let ownerless = refused(&place, "postgres.database", &database(&place)).await;
    assert_eq!(ownerless, "PG-QUERY", "the owner is made first");
    let login = |host: &str| with(inside(&place), json!({ "host": host }));
    for (host, code) in [
        ("full.example.com", "PG-UNREACHABLE"),
        ("shut.example.com", "PG-UNREACHABLE"),
        ("none.example.com", "PG-UNREACHABLE"),
    ] {
        place.until("postgres.inside", login(host), code).await;
    }
    let open = with(inside(&place), json!({ "tls": "disable" }));
    place.until("postgres.inside", open, "PG-REFUSED").await;
    let missing = json!({ "username": "reader", "password": place.secret("db.reader", "of-the-reader") });
    place.until("postgres.inside", with(inside(&place), missing.clone()), "PG-DATABASE").await;
    let elsewhere = with(with(inside(&place), missing), json!({ "database": "postgres" }));
    place.until("postgres.inside", elsewhere, "PG-READ-ONLY").await;
    assert_eq!(world(&place).outside.snapshot(), json!({}));
}

#[tokio::test]
async fn a_connection_that_drops_while_psql_runs_is_no_failure() {
    let dropping = SCENARIO.replace(
        "kubernetes:\n",
        "kubernetes:\n  faults: [{ verb: get, resource: jobs, nth: 2, drop: true }, { verb: create, resource: jobs, nth: 1, lose_answer: true }]\n",
    );
    let place = Place::simulated(&dropping).await;
    place.apply("postgres.user", &user(&place)).await.unwrap();
    assert_eq!(present(&place.inspect("postgres.user", &user(&place)).await)["was_there"], false);
}

#[tokio::test]
async fn what_it_lent_itself_it_gives_back_where_the_server_refuses() {
    let place = Place::simulated(SCENARIO).await;
    let narrow = json!({ "admin_username": "narrow", "admin_password": place.secret("db.narrow", "n4rrow") });
    place.apply("postgres.user", &with(user(&place), narrow.clone())).await.unwrap();
    assert_eq!(refused(&place, "postgres.database", &with(database(&place), narrow)).await, "PG-DENIED");
    let server = &world(&place).outside.snapshot()["db.example.com"];
    assert_eq!((&server["members"], &server["databases"]), (&json!([]), &json!({})), "{server}");
}

#[tokio::test]
async fn what_an_interrupted_run_left_is_done_again() {
    let place = Place::simulated(SCENARIO).await;
    let user = user(&place);
    let cx = place.context();
    let running = place.kinds.steps["postgres.user"].apply(&cx, &user, "token").await.unwrap();
    let landfall::kind::Applied::Started(job) = running else { panic!("no job") };
    let job = tokio::spawn(job);
    let made =
        || world(&place).cluster.look(|state| state.objects.all().any(|(key, _)| &*key.resource == "jobs.batch"));
    until::so("the Job is there", made).await;
    job.abort();
    assert!(job.await.is_err());
    assert_eq!(place.inspect("postgres.user", &user).await.state, State::Absent, "it was not seen to end");
    place.apply("postgres.user", &user).await.unwrap();
    assert_eq!(present(&place.inspect("postgres.user", &user).await)["was_there"], false);
}
