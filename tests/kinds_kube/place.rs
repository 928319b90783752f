//! Where kinds look: a rehearsal, or a real cluster with one of the real helms; and a vault in memory.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, Once},
};

use async_trait::async_trait;
use landfall::{
    cloud::{Cloud, Endpoints, Trouble},
    kind::{Applied, Context, Made, Needs, Secrets, Target},
    kinds::Kinds,
};
use landfall_core::{
    event::{Found, Outcome, Section, State, Table, TaskPath},
    guide::Folder,
    plan::InstallId,
    value::{Plain, Scope, SecretRef, SecretText},
};
use landfall_rehearsal::{Options, Rehearsal};
use serde_json::Value;
use tempfile::TempDir;

use crate::until;

pub const INSTALL: &str = "abcd1234";

/// Secrets in memory.
#[derive(Default)]
pub struct Vault(Mutex<BTreeMap<SecretRef, Plain>>);

#[async_trait]
impl Secrets for Vault {
    async fn get(&self, reference: &SecretRef) -> Result<Option<Plain>, Trouble> {
        Ok(self.0.lock().unwrap().get(reference).cloned())
    }

    async fn put(&self, reference: &SecretRef, secret: Plain) -> Result<(), Trouble> {
        self.0.lock().unwrap().insert(reference.clone(), secret);
        Ok(())
    }

    async fn forget(&self, reference: &SecretRef) -> Result<(), Trouble> {
        self.0.lock().unwrap().remove(reference);
        Ok(())
    }
}

pub struct Place {
    pub cloud: Arc<Cloud>,
    pub kinds: Kinds,
    pub vault: Arc<Vault>,
    pub folder: TempDir,
    pub said: Arc<Mutex<Vec<String>>>,
    pub needs: Needs,
    pub scope: Scope,
    pub files: BTreeMap<String, String>,
    /// Held for its Drop: where `helm` is, for a real cluster.
    #[allow(dead_code, reason = "held for its Drop")]
    pub bin: Option<TempDir>,
    /// Held for its Drop; also tells what the stand-in tools were called with.
    pub rehearsal: Option<Rehearsal>,
}

fn tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(rustls::crypto::aws_lc_rs::default_provider().install_default()));
}

impl Place {
    /// A rehearsal of this scenario, with this helm instead of the stand-in.
    pub async fn simulated_with(helm: &Path, scenario: &str) -> Self {
        let place = Self::simulated(scenario).await;
        let bin = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(helm, bin.path().join("helm")).unwrap();
        let endpoints = Endpoints { path: bin.path().as_os_str().to_owned(), ..place.cloud.endpoints.clone() };
        Self { cloud: Arc::new(Cloud::new(endpoints)), bin: Some(bin), ..place }
    }

    /// A rehearsal of this scenario, without its `id`.
    pub async fn simulated(scenario: &str) -> Self {
        tls();
        let scenario: Value = serde_yaml::from_str(&format!("id: a-test\nspeed: 100\n{scenario}")).unwrap();
        let scenario = serde_json::from_value(scenario).unwrap();
        let program = Some(PathBuf::from(env!("CARGO_BIN_EXE_landfall")));
        let rehearsal = Rehearsal::start(Options { scenario, program, ..Options::default() }).await.unwrap();
        let told = rehearsal.environment().clone();
        let endpoints = Endpoints {
            kubeconfig: Some(told["KUBECONFIG"].clone().into()),
            path: told["PATH"].clone().into(),
            via: Some(told["HTTPS_PROXY"].clone()),
            no_proxy: told["NO_PROXY"].clone(),
            roots: Some(told["SSL_CERT_FILE"].clone().into()),
            clock: told["LANDFALL_CLOCK"].parse().unwrap(),
            ..Endpoints::default()
        };
        Self::at(endpoints, Some(rehearsal))
    }

    /// A real cluster, with `helm` being this one.
    pub fn real(kubeconfig: PathBuf, helm: &Path) -> Self {
        tls();
        let bin = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(helm, bin.path().join("helm")).unwrap();
        let path = bin.path().as_os_str().to_owned();
        let endpoints = Endpoints { kubeconfig: Some(kubeconfig), path, ..Endpoints::default() };
        Self { bin: Some(bin), ..Self::at(endpoints, None) }
    }

    fn at(endpoints: Endpoints, rehearsal: Option<Rehearsal>) -> Self {
        Self {
            cloud: Arc::new(Cloud::new(endpoints)),
            kinds: Kinds::all(),
            vault: Arc::default(),
            folder: tempfile::tempdir().unwrap(),
            said: Arc::default(),
            needs: Needs::default(),
            scope: Scope::new(),
            files: BTreeMap::new(),
            bin: None,
            rehearsal,
        }
    }

    /// Puts a secret into the vault and returns what stands for it in parameters.
    pub fn secret(&self, name: &str, text: &str) -> String {
        let reference = SecretRef(name.to_owned());
        self.vault.0.lock().unwrap().insert(reference.clone(), Plain::new(text.to_owned()));
        SecretText::stand_in(&reference)
    }

    pub fn kept(&self, name: &str) -> Option<String> {
        self.vault.0.lock().unwrap().get(&SecretRef(name.to_owned())).map(|secret| secret.reveal().to_owned())
    }

    pub fn context(&self) -> Context {
        let said = Arc::clone(&self.said);
        Context {
            cloud: Arc::clone(&self.cloud),
            target: Arc::new(Target { namespace: "shield".into(), ..Target::default() }),
            install: InstallId::of(INSTALL),
            path: TaskPath::new(Section::Steps, "a_step"),
            needs: Arc::new(self.needs.clone()),
            files: Arc::new(Folder { name: "a-guide".into(), files: self.files.clone() }),
            scope: Arc::new(self.scope.clone()),
            secrets: self.vault.clone(),
            tell: Arc::new(move |happened| said.lock().unwrap().push(format!("{happened:?}"))),
            cancel: tokio_util::sync::CancellationToken::new(),
            folder: self.folder.path().to_owned(),
        }
    }

    pub async fn client(&self) -> kube::Client {
        self.cloud.kube.client().await.unwrap()
    }

    pub async fn check(&self, kind: &str, parameters: Value) -> Outcome {
        match self.kinds.checks[kind].run(&self.context(), &parameters).await {
            Ok(outcome) => outcome,
            Err(trouble) => Outcome::Fail { problem: trouble.problem() },
        }
    }

    /// The code of the outcome's problem; its word where it has none.
    pub async fn code(&self, kind: &str, parameters: Value) -> String {
        let outcome = self.check(kind, parameters).await;
        match outcome.problem() {
            Some(problem) => problem.code.clone(),
            None => serde_json::json!(outcome)["outcome"].as_str().unwrap().to_owned(),
        }
    }

    /// Asks until the outcome has this code or word.
    pub async fn until(&self, kind: &str, parameters: Value, wanted: &str) -> Outcome {
        until::given(&format!("{kind} says {wanted}"), async || {
            let outcome = self.check(kind, parameters.clone()).await;
            let word = serde_json::json!(outcome)["outcome"].as_str().unwrap().to_owned();
            let is_so = outcome.problem().map_or(word.as_str(), |problem| &problem.code) == wanted;
            if is_so { Ok(outcome) } else { Err(outcome) }
        })
        .await
    }

    pub async fn rows(&self, kind: &str, parameters: Value) -> Table {
        self.kinds.lookups[kind].rows(&self.context(), &parameters).await.unwrap()
    }

    pub async fn inspect(&self, kind: &str, parameters: &Value) -> Found {
        self.kinds.steps[kind].inspect(&self.context(), parameters).await.unwrap()
    }

    /// What was there before, if anything was.
    pub async fn apply(&self, kind: &str, parameters: &Value) -> Result<Option<Value>, Trouble> {
        match self.kinds.steps[kind].apply(&self.context(), parameters, "token").await? {
            Applied::Sent { before } => Ok(before),
            Applied::Started(job) => job.await.map(|()| None),
            Applied::StartedOver { before, job } => job.await.map(|()| Some(before)),
        }
    }

    pub async fn undo(&self, kind: &str, parameters: &Value, outputs: Value, before: Option<Value>) {
        let made = Made { outputs, before };
        self.kinds.steps[kind].undo(&self.context(), parameters, &made).await.unwrap();
    }

    /// Everything that was told.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().join("\n")
    }

    /// Every file the kinds left in the install's folder.
    pub fn left(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                if entry.path().is_dir() { folders.push(entry.path()) } else { files.push(entry.path()) }
            }
        }
        files
    }
}

/// The outputs, where it is there as planned.
pub fn present(found: &Found) -> Value {
    match &found.state {
        State::Present { outputs } => outputs.clone(),
        other => panic!("not present: {other:?}"),
    }
}

/// The fields that differ.
pub fn drifted(found: &Found) -> Vec<String> {
    match &found.state {
        State::Drifted { differences, .. } => differences.iter().map(|difference| difference.field.clone()).collect(),
        other => panic!("not drifted: {other:?}"),
    }
}
