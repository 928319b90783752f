//! A rehearsal for a test, and clients that go where it leads.
#![allow(dead_code, reason = "each test uses its own part of this")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use landfall_rehearsal::{Options, Rehearsal, Scenario};

pub async fn start(scenario: &str) -> Rehearsal {
    let scenario: Scenario = serde_yaml::from_str(scenario).expect("the scenario is valid");
    Rehearsal::start(Options { scenario, ..Options::default() }).await.expect("the rehearsal starts")
}

/// A client that knows nothing but the environment handed out.
pub fn client(rehearsal: &Rehearsal) -> reqwest::Client {
    builder(rehearsal)
        .proxy(reqwest::Proxy::all(&rehearsal.environment()["HTTPS_PROXY"]).expect("a proxy"))
        .build()
        .expect("a client")
}

/// The same for what is on loopback.
pub fn direct(rehearsal: &Rehearsal) -> reqwest::Client {
    builder(rehearsal).no_proxy().build().expect("a client")
}

fn builder(rehearsal: &Rehearsal) -> reqwest::ClientBuilder {
    let _installed_before = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let environment = rehearsal.environment();
    let roots = std::fs::read(&environment["SSL_CERT_FILE"]).expect("the CA file is there");
    reqwest::Client::builder().tls_certs_only(reqwest::Certificate::from_pem_bundle(&roots).expect("PEM")).http1_only()
}

/// A tunnel through the proxy, or the status it refused with.
pub async fn tunnel(rehearsal: &Rehearsal, to: &str) -> Result<tokio::net::TcpStream, String> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let proxy = rehearsal.environment()["HTTPS_PROXY"].trim_start_matches("http://").to_owned();
    let mut stream = tokio::net::TcpStream::connect(proxy).await.expect("the proxy listens");
    stream.write_all(format!("CONNECT {to} HTTP/1.1\r\nhost: {to}\r\n\r\n").as_bytes()).await.expect("it reads");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("it answers"));
    }
    let head = String::from_utf8(head).expect("text");
    let status = head.split(' ').nth(1).expect("a status").to_owned();
    if status == "200" { Ok(stream) } else { Err(status) }
}
