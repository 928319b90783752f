//! Hosts behind the proxy, asked by an ordinary HTTP client.

mod common;

use serde_json::{Value, json};

const HOSTS: &str = r#"
id: hosts
outside:
  authorities: { "Corp Inspection CA": { trusted: false } }
  hosts:
    docker.arthur.ai:
      kind: registry
      token: true
      credentials: { username: acme, password: s3cret }
      images:
        arthur/auth:1.0.42: { architectures: [amd64, arm64] }
    mirror.corp.example: { kind: registry, writable: true }
    repository.arthur.ai:
      kind: helm_repository
      path: /repository/charts-stable
      credentials: { username: acme, password: s3cret }
      charts: [arthur-shield]
    acme.openai.azure.com:
      kind: openai
      key: k-1
      deployments: { gpt: { tokens_per_minute: 60000 }, tired: { tokens_per_minute: 10, exhausted: true } }
    shield.corp.example:
      kind: routes
      routes:
        - { path: /health, json: { message: ok } }
        - { method: POST, path: /auth/api_keys, times: 1, json: { id: "{{ uuid() }}", description: "{{ request.json.description }}" } }
        - { method: POST, path: /auth/api_keys, status: 409, body: taken }
        - { path: /later, when: { after: 1000h }, body: late }
        - { path: /files/*, body: a file }
    inspected.corp.example: { kind: routes, routes: [], certificate: { signed_by: Corp Inspection CA } }
    expired.corp.example: { kind: routes, routes: [], certificate: { days: -3 } }
    gone.corp.example: { kind: refused }
    shaky.corp.example: { kind: routes, routes: [{ path: /, body: here }], faults: [{ what: reset, first: 1 }] }
tools:
  charts:
    arthur-shield: { version: 1.2.3, values: "replicas: 1\n" }
"#;

#[tokio::test]
async fn a_route_answers_over_tls_and_names_the_rehearsal() {
    let rehearsal = common::start(HOSTS).await;
    let answer = common::client(&rehearsal).get("https://shield.corp.example/health").send().await.expect("an answer");
    assert_eq!(answer.headers()["x-landfall-rehearsal"], "hosts");
    assert_eq!(answer.json::<Value>().await.expect("JSON"), json!({"message": "ok"}));
}

#[tokio::test]
async fn plain_http_goes_through_the_proxy_too() {
    let rehearsal = common::start(HOSTS).await;
    let answer =
        common::client(&rehearsal).get("http://shield.corp.example/files/one").send().await.expect("an answer");
    assert_eq!(answer.text().await.expect("text"), "a file");
}

#[tokio::test]
async fn a_key_is_handed_out_once() {
    let rehearsal = common::start(HOSTS).await;
    let client = common::client(&rehearsal);
    let ask = || client.post("https://shield.corp.example/auth/api_keys").json(&json!({"description": "first"})).send();
    let first = ask().await.expect("an answer");
    assert_eq!(first.status(), 200);
    assert_eq!(first.json::<Value>().await.expect("JSON")["description"], "first");
    assert_eq!(ask().await.expect("an answer").status(), 409);
}

#[tokio::test]
async fn a_route_whose_time_has_not_come_is_unavailable() {
    let rehearsal = common::start(HOSTS).await;
    let answer = common::client(&rehearsal).get("https://shield.corp.example/later").send().await.expect("an answer");
    assert_eq!(answer.status(), 503);
}

#[tokio::test]
async fn an_undeclared_host_is_out_of_reach() {
    let rehearsal = common::start(HOSTS).await;
    assert_eq!(common::tunnel(&rehearsal, "example.com:443").await.expect_err("no way there"), "403");
    assert_eq!(common::tunnel(&rehearsal, "gone.corp.example:443").await.expect_err("no way there"), "502");
}

#[tokio::test]
async fn awss_own_hosts_are_there_without_being_declared() {
    let rehearsal = common::start(HOSTS).await;
    for host in ["ec2.us-east-2.amazonaws.com", "models.s3.us-east-2.amazonaws.com"] {
        let answer = common::client(&rehearsal).get(format!("https://{host}/")).send().await.expect("an answer");
        assert_eq!(answer.status(), 404, "{host}");
    }
    assert_eq!(common::tunnel(&rehearsal, "db.x.us-east-2.rds.amazonaws.com:5432").await.expect_err("no way"), "403");
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_not_trusted() {
    let rehearsal = common::start(HOSTS).await;
    let client = common::client(&rehearsal);
    for host in ["inspected.corp.example", "expired.corp.example"] {
        let error = client.get(format!("https://{host}/")).send().await.expect_err("no trust");
        assert!(format!("{error:?}").contains("InvalidCertificate"), "{error:?}");
    }
}

#[tokio::test]
async fn a_reset_connection_works_the_second_time() {
    let rehearsal = common::start(HOSTS).await;
    let client = common::client(&rehearsal);
    client.get("https://shaky.corp.example/").send().await.expect_err("reset");
    let answer = client.get("https://shaky.corp.example/").send().await.expect("an answer");
    assert_eq!(answer.text().await.expect("text"), "here");
}

#[tokio::test]
async fn a_registry_asks_for_a_token_and_shows_architectures() {
    let rehearsal = common::start(HOSTS).await;
    let client = common::client(&rehearsal);
    let refused = client.get("https://docker.arthur.ai/v2/").send().await.expect("an answer");
    assert_eq!(refused.status(), 401);
    assert!(refused.headers()["www-authenticate"].to_str().expect("text").starts_with("Bearer realm="));
    let token = client.get("https://docker.arthur.ai/token?service=x").basic_auth("acme", Some("s3cret"));
    let token = token.send().await.expect("an answer").json::<Value>().await.expect("JSON");
    let index = client.get("https://docker.arthur.ai/v2/arthur/auth/manifests/1.0.42");
    let index = index.bearer_auth(token["token"].as_str().expect("a token")).send().await.expect("an answer");
    let index = index.json::<Value>().await.expect("JSON");
    let architectures: Vec<_> =
        index["manifests"].as_array().expect("a list").iter().map(|one| &one["platform"]["architecture"]).collect();
    assert_eq!(architectures, ["amd64", "arm64"]);
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let rehearsal = common::start(HOSTS).await;
    let client = common::client(&rehearsal);
    for url in ["https://docker.arthur.ai/token", "https://repository.arthur.ai/repository/charts-stable/index.yaml"] {
        let answer = client.get(url).basic_auth("acme", Some("wrong")).send().await.expect("an answer");
        assert_eq!(answer.status(), 401, "{url}");
    }
}

#[tokio::test]
async fn what_is_pushed_can_be_pulled() {
    let rehearsal = common::start(HOSTS).await;
    let client = common::client(&rehearsal);
    let base = "https://mirror.corp.example/v2/arthur/auth";
    let upload = client.post(format!("{base}/blobs/uploads/")).send().await.expect("an answer");
    let location = upload.headers()["location"].to_str().expect("text").to_owned();
    let digest = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
    let put = client
        .put(format!("https://mirror.corp.example{location}?digest={digest}"))
        .body("foo")
        .send()
        .await
        .expect("an answer");
    assert_eq!(put.status(), 201);
    let blob = client.get(format!("{base}/blobs/{digest}")).send().await.expect("an answer");
    assert_eq!(blob.text().await.expect("text"), "foo");
    let manifest = client.put(format!("{base}/manifests/1.0.42")).header("content-type", "application/x").body("{}");
    assert_eq!(manifest.send().await.expect("an answer").status(), 201);
    let head = client.head(format!("{base}/manifests/1.0.42")).send().await.expect("an answer");
    assert_eq!(head.headers()["content-length"], "2");
}

#[tokio::test]
async fn a_helm_repository_lists_a_chart_that_can_be_fetched() {
    let rehearsal = common::start(HOSTS).await;
    let client = common::client(&rehearsal);
    let base = "https://repository.arthur.ai/repository/charts-stable";
    let get = |file: String| client.get(format!("{base}/{file}")).basic_auth("acme", Some("s3cret")).send();
    let index = get("index.yaml".into()).await.expect("an answer").text().await.expect("text");
    let index: Value = serde_yaml::from_str(&index).expect("YAML");
    let entry = &index["entries"]["arthur-shield"][0];
    let archive = get(entry["urls"][0].as_str().expect("a name").to_owned())
        .await
        .expect("an answer")
        .bytes()
        .await
        .expect("bytes");
    let unpacked = landfall_rehearsal::tools::chart::Unpacked::of(&archive).expect("an archive");
    assert_eq!(unpacked.metadata["version"], "1.2.3");
    assert_eq!(unpacked.values_text, "replicas: 1\n");
}

#[tokio::test]
async fn an_openai_deployment_tells_its_token_limit_or_what_is_wrong() {
    let rehearsal = common::start(HOSTS).await;
    let client = common::client(&rehearsal);
    let ask = |deployment: &str, key: &str| {
        let url = format!(
            "https://acme.openai.azure.com/openai/deployments/{deployment}/chat/completions?api-version=2024-06-01"
        );
        client.post(url).header("api-key", key).json(&json!({"messages": []})).send()
    };
    let right = ask("gpt", "k-1").await.expect("an answer");
    assert_eq!(
        (right.status().as_u16(), &right.headers()["x-ratelimit-limit-tokens"]),
        (200, &"60000".parse().expect("a value"))
    );
    assert_eq!(ask("gpt", "k-2").await.expect("an answer").status(), 401);
    assert_eq!(ask("tired", "k-1").await.expect("an answer").status(), 429);
    let missing = ask("other", "k-1").await.expect("an answer").json::<Value>().await.expect("JSON");
    assert_eq!(missing["error"]["code"], "DeploymentNotFound");
}

#[tokio::test]
async fn every_request_is_remembered() {
    let rehearsal = common::start(HOSTS).await;
    common::client(&rehearsal).get("https://shield.corp.example/health").send().await.expect("an answer");
    let requests = rehearsal.world().outside.requests();
    assert!(requests.iter().any(|request| request.path == "/health" && request.status == 200), "{requests:?}");
}
