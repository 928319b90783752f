//! A guide that somebody wrote who had nothing but docs/writing-guides.md: it is clean, every scenario ends as it says, and
//! it is installed, changed and taken away on a real cluster without losing what waits in its queue.

use std::{
    fs,
    path::{Path, PathBuf},
};

use landfall::{guides, kinds::Kinds, lint::lint};

use crate::{
    rehearsed::{Said, landfall, run},
    testbed::Cluster,
};

/// By hand, as whoever runs a cluster without a provisioner makes them.
const STORAGE: &str = "
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: by-hand }
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: Immediate
---
apiVersion: v1
kind: PersistentVolume
metadata: { name: queue-1 }
spec:
  storageClassName: by-hand
  capacity: { storage: 20Gi }
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  hostPath: { path: /srv/ferrywire }
";

const ANSWERS: &str = r#"
guide: ferrywire
target: { namespace: ferrywire }
inputs:
  targets:
    - { path: /billing, url: "http://billing.prod.svc:8080/hooks" }
    - { path: /crm, url: "http://crm.prod.svc/in" }
  retries: 12
  queue_gib: 10
  storage_class: by-hand
  reach: inside
secrets:
  keys.upstream_token: { file: token }
  keys.signing_key: { generate: uuid }
"#;

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples")
}

fn guide() -> String {
    examples().join("ferrywire.yaml").display().to_string()
}

#[test]
fn it_is_clean_and_cites_its_whole_document() {
    let document = fs::read_to_string(examples().join("ferrywire.md")).unwrap();
    let told = lint(&guides::folder(&guide()).unwrap(), &Kinds::all(), Some(&document));
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn every_scenario_ends_as_it_says() {
    let loaded = guides::find(&guide()).unwrap();
    let home = tempfile::tempdir().unwrap();
    for scenario in loaded.folder.scenarios() {
        let mut command = landfall(home.path());
        command.args(["rehearse", &guide(), "--scenario", scenario, "--yes", "--speed", "200", "--output", "ndjson"]);
        let said = run(&mut command);
        let tree = loaded.folder.scenario(scenario).unwrap();
        let ends = i32::try_from(tree["ends"]["exit_code"].as_i64().unwrap()).unwrap();
        said.ends_with(ends);
        // What has to be said was said, or this would be told.
        assert_eq!(said.err, "", "{scenario}");
        let passing = said.out.contains("FERRYWIRE-NO-VOLUME");
        assert_eq!(passing, scenario == "no-volume", "{scenario}: a volume that is only late is no problem");
    }
}

/// A person at a machine of their own, with a cluster.
struct Person<'a> {
    home: tempfile::TempDir,
    cluster: &'a Cluster,
}

impl Person<'_> {
    fn answer(&self, answers: &str) {
        fs::write(self.home.path().join("answers.yaml"), answers).unwrap();
    }

    fn landfall(&self, arguments: &[&str]) -> Said {
        let mut command = landfall(self.home.path());
        command
            .current_dir(self.home.path())
            .env("KUBECONFIG", self.cluster.kubeconfig())
            .env("LANDFALL_VAULT", "file:vault.age")
            .env("LANDFALL_VAULT_PASSPHRASE", "of this test");
        run(command.args(arguments).args(["--yes", "--output", "ndjson"]))
    }

    fn with_answers(&self, command: &str) -> Said {
        self.landfall(&[command, &guide(), "--answers", "answers.yaml"])
    }

    fn has(&self, what: &str) -> bool {
        !self.cluster.kubectl(&["get", what, "-n", "ferrywire", "--ignore-not-found", "-o", "name"]).is_empty()
    }
}

#[test]
fn it_is_installed_verified_changed_and_taken_away_on_a_real_cluster_and_its_queue_is_left() {
    let Some(cluster) = Cluster::start() else { return };
    let person = Person { home: tempfile::tempdir().unwrap(), cluster: &cluster };
    let home = person.home.path();
    fs::write(home.join("storage.yaml"), STORAGE).unwrap();
    fs::write(home.join("token"), "fw_4f1c77d0a2b94e").unwrap();
    cluster.kubectl(&["apply", "-f", home.join("storage.yaml").to_str().unwrap()]);
    cluster.log("other", "relay open");
    person.answer(ANSWERS);
    let installed = person.with_answers("install");
    installed.ends_with(0);
    assert!(installed.out.contains("is newer than what the document was tested with, 1.27"), "{}", installed.out);
    let claim = cluster.get(&["-n", "ferrywire", "pvc", "queue-ferrywire-0"]);
    assert_eq!(claim["status"]["phase"], "Bound");
    let secret = cluster.get(&["-n", "ferrywire", "secret", "ferrywire-keys"]);
    assert!(secret["data"]["signing-key"].as_str().is_some_and(|key| key.len() >= 48), "32 characters, in base64");
    person.with_answers("verify").ends_with(0);

    let settings = || cluster.get(&["-n", "ferrywire", "configmap", "ferrywire-settings"])["data"]["retries"].clone();
    let changed = ANSWERS.replace("retries: 12", "retries: 20");
    person.answer(&changed);
    let asked = person.with_answers("install");
    asked.ends_with(5);
    assert_eq!(settings(), "12");
    let digest = asked.out.split("choice: ").nth(1).and_then(|rest| rest.split(',').next()).unwrap();
    let agreed = format!("approve: [{{ task: plan, choice: {digest}, name: A. Writer, reason: more attempts }}]\n");
    person.answer(&(changed + &agreed));
    person.with_answers("install").ends_with(0);
    assert_eq!(settings(), "20");

    // Nothing was agreed to that would lose data.
    person.landfall(&["undo", "ferrywire"]).ends_with(4);
    assert!(!person.has("statefulset/ferrywire") && !person.has("configmap/ferrywire-settings"));
    assert!(person.has("pvc/queue-ferrywire-0"));
    // Not even the namespace's name takes the queue with it: whoever lets it go says so.
    let held = person.landfall(&["undo", "ferrywire", "--lose", "steps/namespace"]);
    held.ends_with(1);
    assert!(held.out.contains("K8S-NAMESPACE-IN-USE") && person.has("pvc/queue-ferrywire-0"), "{}", held.out);
    cluster.kubectl(&["delete", "pvc", "queue-ferrywire-0", "-n", "ferrywire"]);
    person.landfall(&["undo", "ferrywire", "--lose", "steps/namespace"]).ends_with(0);
    assert!(!cluster.kubectl(&["get", "namespaces", "-o", "name"]).contains("ferrywire"));
}
