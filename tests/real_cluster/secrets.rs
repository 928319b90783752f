//! Are the secrets where they belong, byte by byte, and nowhere else?

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::given::Given;

/// A Secret's type and its keys.
type Held = (String, BTreeMap<String, Vec<u8>>);

/// The names, types and keys of the vendor's guide, with what was answered.
fn wanted(given: &Given) -> BTreeMap<&'static str, Held> {
    let secret = |name: &str| given.secrets[name].as_str();
    let opaque = |pairs: &[(&str, String)]| -> Held {
        let data = pairs.iter().map(|(key, text)| ((*key).to_owned(), text.clone().into_bytes())).collect();
        ("Opaque".to_owned(), data)
    };
    let one = |key: &str, name: &str| opaque(&[(key, secret(name).to_owned())]);
    let endpoints = ["east", "sweden"].map(|place| format!("https://mycompany-{place}.openai.azure.com"));
    let rows =
        [1, 2].map(|row| format!("gpt-35-turbo::{}::{}", endpoints[row - 1], secret(&format!("openai.key.{row}"))));
    BTreeMap::from([
        ("auth-admin-console-secret", one("password", "auth_admin.password")),
        (
            "postgres-secret",
            opaque(&[
                ("username", secret("postgres.username").to_owned()),
                ("password", secret("postgres.password").to_owned()),
            ]),
        ),
        ("shield-secret-api-key", one("key", "shield_api_key.key")),
        ("shield-secret-open-ai-gpt-model-names-endpoints-keys", opaque(&[("keys", rows.join(","))])),
        ("shield-app-secret-key", one("key", "app_key.key")),
        ("shield-auth-client-secret", one("secret", "auth_client.secret")),
    ])
}

fn held(secret: &Value) -> Held {
    let data = secret["data"].as_object().unwrap();
    let bytes = |text: &Value| STANDARD.decode(text.as_str().unwrap()).unwrap();
    let data = data.iter().map(|(key, text)| (key.clone(), bytes(text))).collect();
    (secret["type"].as_str().unwrap().to_owned(), data)
}

/// The seven Secrets hold what was given, and no other key.
pub fn hold_what_was_given(given: &Given) {
    let get = |name: &str| held(&given.cluster.get(&["secret", name, "--namespace", "shield"]));
    for (name, wanted) in wanted(given) {
        // Their bytes are this test's own, so that a difference may be printed.
        assert_eq!(get(name), wanted, "{name}");
    }
    let (kind, data) = get("arthur-repository-credentials");
    assert_eq!(kind, "kubernetes.io/dockerconfigjson");
    assert_eq!(data.keys().collect::<Vec<_>>(), [".dockerconfigjson"]);
    let (username, password) = (&given.secrets["image_registry.username"], &given.secrets["image_registry.password"]);
    let login = json!({
        "username": username, "password": password, "auth": STANDARD.encode(format!("{username}:{password}")),
    });
    let config: Value = serde_json::from_slice(&data[".dockerconfigjson"]).unwrap();
    assert_eq!(config, json!({ "auths": { "docker.arthur.ai": login } }));
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        match path.is_symlink() {
            true => {}
            false if path.is_dir() => files_below(&path, found),
            false => found.push(path),
        }
    }
}

/// What a secret looks like in a file: as it is, in JSON or YAML, encoded.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let quoted = serde_json::to_string(secret).unwrap();
    let inside = quoted.trim_matches('"').to_owned();
    [secret.to_owned(), inside, STANDARD.encode(secret)].map(String::into_bytes).into()
}

/// Passwords: user names and what the answers show to everybody are none.
pub fn passwords(given: &Given) -> Vec<String> {
    let hidden = given.secrets.iter().filter(|(name, _)| !name.ends_with(".username"));
    hidden.map(|(_, text)| text.clone()).collect()
}

/// Of all files below the home folder none holds a password but those that were given.
pub fn are_in_no_file(given: &Given, home: &Path) {
    let mut files = Vec::new();
    files_below(home, &mut files);
    assert!(files.iter().any(|path| path.ends_with("journal.jsonl")), "{files:?}");
    let brought = given.served.world().join("secrets");
    for path in files.iter().filter(|path| !path.starts_with(&brought)) {
        let bytes = fs::read(path).unwrap();
        for secret in passwords(given) {
            for form in forms(&secret) {
                let found = bytes.windows(form.len()).any(|window| window == form);
                assert!(!found, "{} holds {secret}", path.display());
            }
        }
        let name = path.file_name().unwrap().to_string_lossy();
        assert!(!["repositories.yaml", "registry.json"].contains(&&*name), "{} was left behind", path.display());
    }
}

/// Neither does what helm keeps in the cluster.
pub fn are_in_no_record(given: &Given) {
    let records = given.records();
    assert_eq!(records.len(), 2, "Shield and the device plugin");
    for record in records {
        assert!(record.contains("shield.mycompany.example") || record.contains("nvidia-device-plugin"), "{record}");
        for secret in passwords(given) {
            for form in forms(&secret) {
                assert!(!record.contains(&*String::from_utf8(form).unwrap()), "a release's record holds {secret}");
            }
        }
    }
}
