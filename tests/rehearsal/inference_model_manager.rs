//! Inference Model Manager: each scenario ends as it says and leaves what it should; kill and resume, upgrade, undo, secrets.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::rehearsed::{Rehearsed, Served, objects, rehearse_guide};

const GUIDE: &str = "inference-model-manager";
const INSTALL: [&str; 5] = ["install", GUIDE, "--yes", "--output", "ndjson"];
const SPEED: &str = "120";

/// Runs a scenario and holds it to its own `ends`.
fn rehearse(scenario: &str) -> Rehearsed {
    let run = rehearse_guide(GUIDE, scenario, SPEED);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("assets/guides/{GUIDE}/scenarios/{scenario}.yaml"));
    let text: Value = serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    run.said.ends_with(i32::try_from(text["ends"]["exit_code"].as_i64().unwrap()).unwrap());
    for said in text["ends"]["says"].as_array().unwrap() {
        assert!(run.said.out.contains(said.as_str().unwrap()), "{scenario} does not say {said}");
    }
    run
}

/// The last problem told of a task.
fn problem(run: &Rehearsed, path: &str) -> Value {
    let told = run.said.of(path).into_iter().rev().find(|event| event["event"] == "looked");
    told.map(|event| event["problem"].clone()).unwrap_or_default()
}

/// The guide's problems that were recognised.
fn recognised(run: &Rehearsed) -> Vec<String> {
    let events = run.said.events().into_iter().filter(|event| event["event"] == "recognised");
    events.filter_map(|event| event["problem"]["code"].as_str().map(str::to_owned)).collect()
}

/// The whole platform is there, with exactly the vendor's names.
fn is_installed(run: &Rehearsed) {
    let left = &run.left;
    let named = |namespace: &str| -> Vec<String> {
        objects(left, "secrets", namespace).into_iter().filter(|name| !name.starts_with("sh.helm.")).collect()
    };
    assert_eq!(named("crd"), ["tls-secret"]);
    let dex = named("dex");
    for name in ["ca-ing", "ca-secret-dex", "dex", "dex-key-cert", "tls-ing-dex-secret"] {
        assert!(dex.iter().any(|known| known == name), "{name}: {dex:?}");
    }
    assert_eq!(
        named("mgt-api"),
        [
            "ca-secret-man-api",
            "custom-ca-secret",
            "dex",
            "minio-access-info",
            "tls-ing-management-secret",
            "tls-management-secret",
            "tls-secret"
        ]
    );
    let definitions = objects(left, "customresourcedefinitions.apiextensions.k8s.io", "");
    assert_eq!(definitions, ["inferenceendpoints.ai.intel.com"]);
    for (namespace, name) in [("crd", "crd"), ("dex", "dex"), ("mgt-api", "management-api")] {
        assert_eq!(objects(left, "deployments.apps", namespace), [name]);
    }
}

fn has_the_first_tenant(run: &Rehearsed) {
    assert_eq!(objects(&run.left, "secrets", "team-a"), ["ca-cert-secret", "tls-secret"]);
    let secrets = &run.left["kubernetes"]["secrets"];
    assert_eq!(secrets["team-a"]["tls-secret"]["data"], secrets["crd"]["tls-secret"]["data"]);
    assert_eq!(objects(&run.left, "inferenceendpoints.ai.intel.com", "team-a"), ["resnet"]);
    // What the controller made belongs to the endpoint, and is in no snapshot.
    assert_eq!(run.said.outcome("verify/endpoint_served"), "pass");
}

fn identity_providers(left: &Value) -> Vec<Value> {
    left["aws"]["identity_providers"].as_array().cloned().unwrap_or_default()
}

#[test]
fn smooth_goes_from_the_first_check_to_a_served_endpoint() {
    let run = rehearse("smooth");
    is_installed(&run);
    has_the_first_tenant(&run);
    let providers = identity_providers(&run.left);
    assert_eq!(providers.len(), 1);
    let wanted = json!({
        "issuerUrl": "https://dex.inference.mycompany.example:443/dex", "clientId": "infer-platform", "usernameClaim": "email",
        "usernamePrefix": "infer:", "groupsClaim": "groups", "groupsPrefix": "infer:", "status": "ACTIVE",
    });
    for (key, value) in wanted.as_object().unwrap() {
        assert_eq!(&providers[0][key], value, "{key}");
    }
    let bound =
        &run.left["kubernetes"]["clusterrolebindings.rbac.authorization.k8s.io"][""]["inference-platform-admin"];
    assert_eq!(bound["subjects"][0]["name"], "infer:inference-admins");
    let failed: Vec<Value> = run.said.events().into_iter().filter(|event| event["outcome"] == "fail").collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn flags_of_ones_own_api_server_are_shown_and_waited_for() {
    let run = rehearse("self-managed");
    is_installed(&run);
    has_the_first_tenant(&run);
    assert!(identity_providers(&run.left).is_empty());
    let asked = run.said.of("steps/api_server_flags").into_iter().find(|event| event["event"] == "person").unwrap();
    let asked = asked["instruction"].as_str().unwrap();
    for flag in [
        "--oidc-issuer-url=https://dex.inference.mycompany.example:443/dex",
        "--oidc-groups-claim=groups",
        "--oidc-groups-prefix=infer:",
    ] {
        assert!(asked.contains(flag), "{asked}");
    }
    assert!(run.said.made().contains("done by a person: Flags of the API server"));
}

#[test]
fn flags_nobody_can_see_are_attested() {
    let run = rehearse("flags-unseen");
    is_installed(&run);
    assert_eq!(run.said.outcome("verify/flags_set"), "unknown");
}

#[test]
fn an_authority_of_ones_own_is_exported_and_its_key_is_not() {
    let run = rehearse("own-ca");
    is_installed(&run);
    has_the_first_tenant(&run);
    let exported = fs::read_to_string(run.world.join("platform-ca.crt")).unwrap();
    assert!(exported.starts_with("-----BEGIN CERTIFICATE-----") && !exported.contains("PRIVATE"));
    assert!(!run.said.out.contains("PRIVATE KEY"));
    let again = run.said.of("verify/dex_certificate").pop().unwrap();
    assert!(again.to_string().contains("Inference platform inference.mycompany.example"), "{again}");
}

#[test]
fn eks_refuses_what_it_would_not_trust_before_anything_is_touched() {
    for scenario in ["eks-self-signed-refused", "eks-own-ca-refused"] {
        let run = rehearse(scenario);
        assert_eq!(problem(&run, "checks/identity_provider_room")["code"], "EKS-ISSUER-UNTRUSTED");
        assert!(identity_providers(&run.left).is_empty());
        assert!(objects(&run.left, "namespaces", "").iter().all(|name| name != "crd"), "nothing was made");
    }
}

#[test]
fn one_name_for_all_endpoints_needs_no_wildcard() {
    let run = rehearse("one-domain");
    is_installed(&run);
    let asked = run.said.of("steps/endpoints_dns").into_iter().find(|event| event["event"] == "person").unwrap();
    assert!(asked["instruction"].as_str().unwrap().contains("grpc.inference.mycompany.example"), "{asked}");
}

#[test]
fn another_connector_comes_as_its_documentation_has_it() {
    use base64::Engine;
    let run = rehearse("other-connector");
    is_installed(&run);
    let kept = &run.left["kubernetes"]["secrets"]["dex"]["dex"]["data"]["config.yaml"];
    let text = base64::engine::general_purpose::STANDARD.decode(kept.as_str().unwrap()).unwrap();
    let config: Value = serde_yaml::from_slice(&text).unwrap();
    let connector = &config["connectors"][0];
    assert_eq!((&connector["type"], &connector["config"]["clientID"]), (&json!("github"), &json!("Iv1.rehearsed")));
    assert_eq!(connector["config"]["clientSecret"], "rehearsed-github-secret");
    assert!(run.said.of("checks/directory").is_empty());
    assert!(!objects(&run.left, "secrets", "dex").iter().any(|name| name == "root-ca"));
}

#[test]
fn a_wrong_issuer_or_claim_is_found_before_the_api_server_is_told() {
    for (scenario, code) in [("wrong-issuer", "OIDC-ISSUER"), ("wrong-claim", "OIDC-CLAIM")] {
        let run = rehearse(scenario);
        assert_eq!(problem(&run, "verify/discovery")["code"], code);
        assert!(identity_providers(&run.left).is_empty(), "{scenario}: EKS was told");
        assert!(objects(&run.left, "deployments.apps", "mgt-api").is_empty());
    }
}

#[test]
fn secrets_come_from_the_charts_from_here_or_from_elsewhere() {
    let wanted = "http://minio.mycompany.example:9000";
    for scenario in ["secrets-here", "secrets-brought"] {
        use base64::Engine;
        let run = rehearse(scenario);
        is_installed(&run);
        let data = &run.left["kubernetes"]["secrets"]["mgt-api"]["minio-access-info"]["data"];
        let keys: Vec<&String> = data.as_object().unwrap().keys().collect();
        assert_eq!(keys.len(), 6, "{keys:?}");
        let url =
            base64::engine::general_purpose::STANDARD.decode(data["minio.endpoint_url"].as_str().unwrap()).unwrap();
        assert_eq!(String::from_utf8(url).unwrap(), wanted, "{scenario}");
    }
}

#[test]
fn what_would_fail_later_is_said_at_a_check() {
    for (scenario, check, code) in [
        ("trailing-newline", "minio_brought", "SEC-NEWLINE"),
        ("minio-console", "minio", "S3-PORT"),
        ("old-charts", "crd_chart", "HELM-API-VERSION"),
        ("namespace-open", "crd_namespace_closed", "K8S-NAMESPACE-OPEN"),
        ("namespace-open", "dex_namespace_closed", "K8S-NAMESPACE-OPEN"),
        ("wrong-password", "directory", "LDAP-LOGIN"),
    ] {
        let run = rehearse(scenario);
        assert_eq!(problem(&run, &format!("checks/{check}"))["code"], code, "{scenario}");
        assert!(objects(&run.left, "namespaces", "").iter().all(|name| name != "crd"), "{scenario}: nothing was made");
    }
}

#[test]
fn every_string_of_the_troubleshooting_page_is_recognised_with_its_fix() {
    for (scenario, code) in [
        ("unauthorized", "IMM-UNAUTHORIZED"),
        ("minio-refused", "IMM-MINIO-REFUSED"),
        ("minio-newline", "IMM-MINIO-NEWLINE"),
        ("minio-port", "IMM-MINIO-PORT"),
        ("minio-url", "IMM-MINIO-URL"),
        ("dex-storage", "IMM-DEX-STORAGE"),
    ] {
        let run = rehearse(scenario);
        assert_eq!(recognised(&run), [code], "{scenario}");
    }
}

#[test]
fn without_a_tenant_nobody_signs_in() {
    let run = rehearse("tenant-later");
    is_installed(&run);
    assert!(run.said.of("steps/sign_in").is_empty() && run.said.of("steps/tenant").is_empty());
}

#[test]
fn killed_while_eks_works_it_continues_and_tells_eks_once() {
    let served = Served::start_with(GUIDE, &["--scenario", "smooth", "--speed", SPEED], None);
    served.install_until_killed(r#""record":"intent","path":"steps/identity_provider""#);
    served.landfall(&INSTALL).ends_with(0);
    let left = served.end();
    assert_eq!(identity_providers(&left).len(), 1);
    assert_eq!(objects(&left, "inferenceendpoints.ai.intel.com", "team-a"), ["resnet"]);
}

#[test]
fn other_serving_templates_become_an_upgrade() {
    let served = Served::start_with(GUIDE, &["--scenario", "smooth", "--speed", SPEED], None);
    served.landfall(&INSTALL).ends_with(0);
    let mut answers: Value = serde_json::from_str(&served.answers()).unwrap();
    answers["inputs"]["serving_templates"] =
        json!({ "servingTemplates": { "ovms": { "image": "registry.mycompany.example/infer/ovms:2" } } });
    let changed = served.file("changed.yaml", &answers.to_string());
    let again =
        served.landfall(&["install", GUIDE, "--answers", changed.to_str().unwrap(), "--yes", "--output", "ndjson"]);
    again.ends_with(0);
    let finished = again.of("steps/crd").into_iter().find(|event| event["event"] == "finished").unwrap();
    assert_eq!((&finished["how"], &finished["outputs"]["revision"]), (&json!("changed"), &json!(2)), "{finished}");
    let left = served.end();
    let templates = &left["kubernetes"]["configmaps"]["crd"]["serving-templates"]["data"]["templates"];
    assert!(templates.as_str().unwrap().contains("ovms:2"), "{templates}");
}

#[test]
fn undo_leaves_the_world_as_it_was_but_for_what_the_product_made() {
    let smooth = ["--scenario", "smooth", "--speed", SPEED];
    let before = Served::start_with(GUIDE, &smooth, None).end();
    let served = Served::start_with(GUIDE, &smooth, None);
    served.landfall(&INSTALL).ends_with(0);
    let lose = ["namespace", "crd_namespace", "dex_namespace", "ingress_namespace"].map(|id| format!("steps/{id}"));
    let mut undo = vec!["undo", GUIDE, "--yes", "--output", "ndjson"];
    undo.extend(lose.iter().flat_map(|path| ["--lose", path]));
    served.landfall(&undo).ends_with(0);
    let mut left = served.end();
    // The tenant is the management API's: undo says so, and a person takes it away there.
    left["kubernetes"]["namespaces"][""].as_object_mut().unwrap().remove("team-a");
    left["kubernetes"]["secrets"].as_object_mut().unwrap().remove("team-a");
    for half in ["aws", "kubernetes"] {
        let sorts = before[half].as_object().unwrap().keys().chain(left[half].as_object().unwrap().keys());
        for sort in sorts {
            let empty = |value: &Value| value.as_object().is_none_or(serde_json::Map::is_empty) && !value.is_array();
            let (was, is) = (&before[half][sort], &left[half][sort]);
            assert!(was == is || (empty(was) && empty(is)), "{half} {sort}: {is}");
        }
    }
}

#[test]
fn no_secret_is_in_what_is_said_or_written() {
    use base64::Engine;
    let run = rehearse("smooth");
    let token = fs::read_to_string(run.world.join("secrets/token")).unwrap();
    let canaries = ["rehearsed-minio-secret", "rehearsed-bind-password", token.trim()];
    let key = fs::read_to_string(run.world.join("tls/platform.key")).unwrap();
    let line = key.lines().nth(1).unwrap();
    let mut found = vec![run.world.join("vault.age")];
    let mut folders = vec![run.world.join("state")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    assert!(found.iter().any(|path| path.ends_with("journal.jsonl")));
    let mut texts: Vec<(String, Vec<u8>)> =
        found.iter().map(|path| (path.display().to_string(), fs::read(path).unwrap())).collect();
    texts.push(("standard output".into(), run.said.out.clone().into_bytes()));
    texts.push(("standard error".into(), run.said.err.clone().into_bytes()));
    for canary in canaries.into_iter().chain([line]) {
        let encoded = base64::engine::general_purpose::STANDARD.encode(canary);
        for (name, bytes) in &texts {
            for text in [canary.as_bytes(), encoded.as_bytes()] {
                assert!(!bytes.windows(text.len()).any(|window| window == text), "{name} holds {canary}");
            }
        }
    }
}
