//! What there is before the install: a real cluster, one of the real helms, and the smooth scenario around them with secrets
//! that nobody has seen before.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    rehearsed::Served,
    testbed::{Cluster, Testbed},
};

/// How many times faster than the cluster's own time the simulated clock runs: what kwok does in two seconds may take the
/// guide's minutes.
const SPEED: &str = "30";

/// What EKS names as the issuer of this cluster's tokens.
const ISSUER: &str = "https://oidc.eks.us-east-2.amazonaws.com/id/919FD2608E23FAE52286D2322A98807D";

/// The minor version of the control plane that `tests/testbed` builds, and of its GPU image.
const VERSION: (&str, &str) = ("1.35", "1.35.3-20261113");

/// A world with a real cluster in it.
pub struct Given {
    /// Where `install` runs.
    pub served: Served,
    /// The cluster.
    pub cluster: Cluster,
    /// The secrets by their names in the answers.
    pub secrets: BTreeMap<&'static str, String>,
    helm: PathBuf,
    _guide: TempDir,
}

impl Given {
    /// With `helm3` or `helm4`; none where a part is missing.
    pub fn with(helm: &str) -> Option<Self> {
        let program = Testbed::require(helm)?;
        let cluster = Cluster::start_with(&["--issuer", ISSUER])?;
        let secrets = secrets();
        let folder = tempfile::tempdir().unwrap();
        let tools = folder.path().join("tools");
        fs::create_dir(&tools).unwrap();
        symlink(&program, tools.join("helm")).unwrap();
        let guide = guide(folder.path(), &scenario(&secrets));
        let kubeconfig = cluster.kubeconfig();
        let arguments = ["--scenario", "real-cluster", "--speed", SPEED, "--kubernetes", kubeconfig.to_str().unwrap()];
        let served = Served::start_with(guide.to_str().unwrap(), &arguments, Some(&tools));
        Some(Self { served, cluster, secrets, helm: program, _guide: folder })
    }

    /// helm itself against the real cluster; what it prints as JSON.
    pub fn helm(&self, arguments: &[&str]) -> Value {
        let mut command = Command::new(&self.helm);
        command.arg("--kubeconfig").arg(self.cluster.kubeconfig()).args(arguments).args(["--output", "json"]);
        serde_json::from_str(&crate::testbed::succeed(&mut command)).unwrap()
    }

    /// What helm keeps of a release, as it wrote it: the text of each of its Secrets.
    pub fn records(&self) -> Vec<String> {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let found = self.cluster.get(&["secrets", "--all-namespaces", "--selector", "owner=helm"]);
        let text = |secret: &Value| {
            let record = STANDARD.decode(secret["data"]["release"].as_str().unwrap()).unwrap();
            let packed = STANDARD.decode(record).unwrap();
            std::io::read_to_string(flate2::read::GzDecoder::new(packed.as_slice())).unwrap()
        };
        found["items"].as_array().unwrap().iter().map(text).collect()
    }
}

/// Texts that any quoting mistake on their way would change; each is met once only, on this machine, too.
fn secrets() -> BTreeMap<&'static str, String> {
    let once = uuid::Uuid::new_v4;
    let digits = |from: usize| format!("{from:08x}-1b4e-4c6a-9d55-0123456789ab");
    BTreeMap::from([
        ("helm_repository.username", "mycompany-7341".to_owned()),
        ("helm_repository.password", format!("r3po: '{}' \"#{{x}} $HOME %2F & ü", once())),
        ("image_registry.username", "robot$shield".to_owned()),
        ("image_registry.password", format!("im\\age \"{}\" {{{{ y }}}}, [z]", once())),
        ("postgres.username", "shield_app".to_owned()),
        ("postgres.password", format!("p@ss'word\" $(id) `{}` =; --", once())),
        ("auth_admin.password", format!("-c0nsole: ~ {} | yes 0777 1e3 ✓", once())),
        ("shield_api_key.key", format!("adm1n/{}+==", once())),
        ("openai.key.1", format!("a1%{}", once())),
        ("openai.key.2", format!("b2\\{}", once())),
        ("app_key.key", digits(7341)),
        ("auth_client.secret", digits(1120)),
    ])
}

/// The smooth scenario, with the cluster's version, charts for a real helm, and these secrets instead of its own.
fn scenario(secrets: &BTreeMap<&'static str, String>) -> Value {
    let secret = |name: &str| &secrets[name];
    let charts: BTreeMap<&str, Value> =
        ["arthur-shield", "nvidia-device-plugin"].map(|name| (name, chart(name))).into();
    let from = |name: &str| json!({ "file": format!("{{{{ rehearsal }}}}/secrets/{name}") });
    let files: BTreeMap<String, &String> =
        secrets.iter().map(|(name, text)| (format!("secrets/{name}"), text)).collect();
    let whole = |name: &&&str| !name.starts_with("openai");
    let mut answers: BTreeMap<&str, Value> = secrets.keys().filter(whole).map(|name| (*name, from(name))).collect();
    let row = |number: u32| {
        json!({
            "deployment": { "file": "{{ rehearsal }}/secrets/openai-deployment" },
            "endpoint": { "file": format!("{{{{ rehearsal }}}}/secrets/openai-endpoint-{number}") },
            "key": from(&format!("openai.key.{number}")),
        })
    };
    answers.insert("openai", json!([row(1), row(2)]));
    // The base has them generated.
    for name in ["app_key.key", "auth_client.secret"] {
        answers.insert(name, json!({ "generate": null, "file": from(name)["file"] }));
    }
    let image_login =
        json!({ "username": secret("image_registry.username"), "password": secret("image_registry.password") });
    json!({
        "id": "real-cluster",
        "title": "On a real cluster",
        "about": "The smooth scenario around a real API server and a real helm.",
        "based_on": "smooth",
        "aws": { "clusters": [{ "name": "pay-1", "version": VERSION.0, "oidc_provider": false }] },
        "kubernetes": null,
        "tools": { "charts": charts },
        "outside": { "hosts": {
            "repository.arthur.ai": { "credentials": {
                "username": secret("helm_repository.username"), "password": secret("helm_repository.password"),
            } },
            "docker.arthur.ai": { "credentials": image_login },
            "shield-db.cluster-c1x2y3z4a5b6.us-east-2.rds.amazonaws.com": {
                "users": { "shield_app": { "password": secret("postgres.password") } },
            },
            "mycompany-east.openai.azure.com": { "key": secret("openai.key.1") },
            "mycompany-sweden.openai.azure.com": { "key": secret("openai.key.2") },
        } },
        "files": files,
        "answers": {
            "inputs": { "ami": { "version": VERSION.0, "release_version": VERSION.1 } },
            "secrets": answers,
        },
    })
}

/// A stand-in chart with its real templates.
fn chart(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/charts").join(name);
    let text = |path: &Path| fs::read_to_string(path).unwrap();
    let templates = fs::read_dir(folder.join("templates")).unwrap().map(|entry| entry.unwrap().path());
    let files: BTreeMap<String, String> = templates
        .map(|path| (format!("templates/{}", path.file_name().unwrap().to_string_lossy()), text(&path)))
        .collect();
    json!({ "values": text(&folder.join("values.yaml")), "files": files })
}

/// Shield's guide with one scenario more, which the program does not bring along.
fn guide(folder: &Path, scenario: &Value) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for place in ["assets/guides/arthur-shield", "templates/arthur-shield"] {
        fs::create_dir_all(folder.join(place).parent().unwrap()).unwrap();
        let copied = Command::new("cp").arg("-r").arg(root.join(place)).arg(folder.join(place)).status().unwrap();
        assert!(copied.success());
    }
    let guide = folder.join("assets/guides/arthur-shield");
    // JSON is YAML.
    fs::write(guide.join("scenarios/real-cluster.yaml"), serde_json::to_string_pretty(scenario).unwrap()).unwrap();
    guide
}
