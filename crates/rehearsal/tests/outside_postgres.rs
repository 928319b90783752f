//! The database server, asked by tokio-postgres.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::sync::Arc;

use landfall_rehearsal::Rehearsal;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio_postgres::{Client, Config, Error, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

const DATABASE: &str = r#"
id: database
outside:
  hosts:
    db.corp.example:
      kind: postgres
      port: 5432
      tls: required
      max_connections: 2
      users:
        shield: { password: "p@ss word", may_create_extension: [arthur_shield] }
        guest: { password: guest }
      databases: { arthur_shield: {}, arthur_auth: { owner: shield }, bare: {} }
      extensions: { vector: "0.8.0" }
"#;

async fn log_in(rehearsal: &Rehearsal, user: &str, password: &str, database: &str) -> Result<Client, Error> {
    let mut roots = RootCertStore::empty();
    let pem = std::fs::read(&rehearsal.environment()["SSL_CERT_FILE"]).expect("the CA file is there");
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        roots.add(certificate.expect("PEM")).expect("a certificate");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let tls = MakeRustlsConnect::new(tls.with_root_certificates(roots).with_no_client_auth());
    let stream = common::tunnel(rehearsal, "db.corp.example:5432").await.expect("a way there");
    let mut config = Config::new();
    config.user(user).password(password).dbname(database).ssl_mode(tokio_postgres::config::SslMode::Require);
    let tls = tokio_postgres::tls::MakeTlsConnect::<tokio::net::TcpStream>::make_tls_connect(
        &mut tls.clone(),
        "db.corp.example",
    )
    .expect("tls");
    let (client, connection) = config.connect_raw(stream, tls).await?;
    tokio::spawn(connection);
    Ok(client)
}

fn code(error: &Error) -> &str {
    error.code().expect("an answer of the server").code()
}

#[tokio::test]
async fn the_right_password_lets_in_and_the_version_is_told() {
    let rehearsal = common::start(DATABASE).await;
    let client = log_in(&rehearsal, "shield", "p@ss word", "arthur_shield").await.expect("it lets in");
    let version: String = client.query_one("SELECT version()", &[]).await.expect("a row").get(0);
    assert!(version.starts_with("PostgreSQL 16.4"), "{version}");
    let one: i32 = client.query_one("SELECT 1", &[]).await.expect("a row").get(0);
    let ssl: String = client.query_one("SHOW ssl", &[]).await.expect("a row").get(0);
    assert_eq!((one, ssl.as_str()), (1, "on"));
}

#[tokio::test]
async fn a_login_is_refused_with_the_reason() {
    let rehearsal = common::start(DATABASE).await;
    let refused =
        async |user, password, database| log_in(&rehearsal, user, password, database).await.expect_err("refused");
    assert_eq!(code(&refused("shield", "wrong", "arthur_shield").await), "28P01");
    assert_eq!(code(&refused("nobody", "p@ss word", "arthur_shield").await), "28P01");
    assert_eq!(code(&refused("shield", "p@ss word", "missing").await), "3D000");
    let plain = common::tunnel(&rehearsal, "db.corp.example:5432").await.expect("a way there");
    let mut config = Config::new();
    let refused =
        config.user("shield").password("p@ss word").dbname("arthur_shield").connect_raw(plain, NoTls).await.err();
    assert_eq!(code(&refused.expect("no way in without TLS")), "28000");
}

#[tokio::test]
async fn the_right_to_create_an_extension_can_be_tried_and_rolled_back() {
    let rehearsal = common::start(DATABASE).await;
    let mut client = log_in(&rehearsal, "shield", "p@ss word", "arthur_shield").await.expect("it lets in");
    let created = "SELECT installed_version FROM pg_available_extensions WHERE name = 'vector'";
    let transaction = client.transaction().await.expect("a transaction");
    transaction.batch_execute("CREATE EXTENSION IF NOT EXISTS vector").await.expect("it may");
    let inside: Option<String> = transaction.query_one(created, &[]).await.expect("a row").get(0);
    transaction.rollback().await.expect("rolled back");
    let after: Option<String> = client.query_one(created, &[]).await.expect("a row").get(0);
    assert_eq!((inside.as_deref(), after), (Some("0.8.0"), None));
    let may: bool =
        client.query_one("SELECT has_database_privilege($1, 'CREATE')", &[&"arthur_auth"]).await.expect("a row").get(0);
    let there = client.query("SELECT 1 FROM pg_database WHERE datname = $1", &[&"arthur_auth"]).await.expect("rows");
    assert!(may && there.len() == 1);
}

#[tokio::test]
async fn an_extension_is_refused_for_want_of_the_right_or_of_the_extension() {
    let rehearsal = common::start(DATABASE).await;
    let client = log_in(&rehearsal, "guest", "guest", "bare").await.expect("it lets in");
    let refused = async |name: &str| {
        client.batch_execute(&format!("CREATE EXTENSION IF NOT EXISTS {name}")).await.expect_err("refused")
    };
    assert_eq!(code(&refused("vector").await), "42501");
    assert_eq!(code(&refused("postgis").await), "0A000");
}

#[tokio::test]
async fn after_an_error_a_transaction_must_end() {
    let rehearsal = common::start(DATABASE).await;
    let client = log_in(&rehearsal, "guest", "guest", "bare").await.expect("it lets in");
    client.batch_execute("BEGIN").await.expect("begun");
    client.query("SELECT nonsense FROM nowhere", &[]).await.expect_err("unknown");
    assert_eq!(code(&client.query("SELECT 1", &[]).await.expect_err("aborted")), "25P02");
    client.batch_execute("ROLLBACK").await.expect("ended");
    client.query("SELECT 1", &[]).await.expect("goes on");
}

#[tokio::test]
async fn too_many_sessions_are_refused() {
    let rehearsal = common::start(DATABASE).await;
    let _first = log_in(&rehearsal, "guest", "guest", "bare").await.expect("it lets in");
    let _second = log_in(&rehearsal, "guest", "guest", "bare").await.expect("it lets in");
    assert_eq!(code(&log_in(&rehearsal, "guest", "guest", "bare").await.expect_err("full")), "53300");
}
