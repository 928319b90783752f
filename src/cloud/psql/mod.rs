//! SQL from inside the cluster: psql in a Job, because a database in a private network is often reached from there alone.
//!
//! The Job is a probe's: restricted, short-lived, from the company's own registry. Passwords and the script lie in a Secret that
//! belongs to the Job and goes with it; psql reads them from files, so that none stands in an argument or a variable.

mod fault;
mod job;
pub mod kept;
mod login;
mod script;
mod verifier;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use k8s_openapi::api::{
    batch::v1::Job,
    core::v1::{Pod, Secret},
};
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, ListParams, LogParams, Patch, PatchParams, PostParams},
};
use landfall_core::{
    event::{Host, Permissions, Problem, Waiting},
    value::Late,
};
use tokio_util::sync::CancellationToken;

use super::{Cloud, Trouble, marks, pods};

pub use fault::judge;
pub use kept::{Kept, object_name};
pub use login::{Login, Tls};
pub use script::{Script, database, drop_database, drop_role, inside, role};
pub use verifier::verifier;

/// How often the Job is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// How often in a row the cluster may not answer.
const SILENT: u32 = 20;

/// psql in a pod of this cluster.
pub struct Psql {
    /// The way to the cluster: its client is asked for at each call, because a token may end before psql does.
    pub cloud: Arc<Cloud>,
    /// Where it runs.
    pub namespace: String,
    /// The Job's name.
    pub name: String,
    /// The labels of the install.
    pub labels: BTreeMap<String, String>,
    /// An image with `psql` and `sh`.
    pub image: String,
    /// Names of Secrets with the registry's login.
    pub pull_secrets: Vec<String>,
}

/// What became of the Job.
pub enum Seen {
    /// There is none.
    Nothing,
    /// One of this name is there that this install did not make.
    Other,
    /// It runs; why it does not yet, where something is in its way.
    Running(Option<Problem>),
    /// It ended.
    Ended {
        /// Whether psql ended well.
        well: bool,
        /// What psql said.
        log: String,
    },
}

impl Psql {
    /// Makes the Job and its Secret. The Job waits until its Secret is there, which belongs to it from the first moment.
    pub async fn begin(&self, script: &Script) -> Result<(), Trouble> {
        let by = PostParams { field_manager: Some(marks::MANAGER.into()), ..PostParams::default() };
        let made = self.jobs().await?.create(&by, &self.read(job::job(self))?).await?;
        let secret: Secret = self.read(job::secret(self, script, &made.uid().unwrap_or_default())?)?;
        // That of a Job that was removed a moment ago may still be there.
        self.forget_secret().await?;
        self.secrets().await?.create(&by, &secret).await?;
        let resume = serde_json::json!({ "spec": { "suspend": false } });
        let by = PatchParams { field_manager: Some(marks::MANAGER.into()), ..PatchParams::default() };
        self.jobs().await?.patch(&self.name, &by, &Patch::Merge(&resume)).await?;
        Ok(())
    }

    /// How far it is.
    pub async fn look(&self) -> Result<Seen, Trouble> {
        let Some(job) = self.jobs().await?.get_opt(&self.name).await? else { return Ok(Seen::Nothing) };
        if job.labels().get(marks::INSTALL) != self.labels.get(marks::INSTALL) {
            return Ok(Seen::Other);
        }
        if job.spec.as_ref().and_then(|spec| spec.suspend) == Some(true) {
            // Whoever began it was stopped before its Secret was there: it would wait for ever.
            self.tidy().await?;
            return Ok(Seen::Nothing);
        }
        let status = job.status.unwrap_or_default();
        let ended = |kind: &str| {
            status.conditions.iter().flatten().any(|condition| condition.type_ == kind && condition.status == "True")
        };
        let pods: Api<Pod> = Api::namespaced(self.cloud.kube.client().await?, &self.namespace);
        let selector = ListParams::default().labels(&format!("batch.kubernetes.io/job-name={}", self.name));
        let uid = job.metadata.uid.clone();
        let own = |pod: &Pod| pod.owner_references().iter().any(|owner| Some(&owner.uid) == uid.as_ref());
        // Pods of a Job of this name that was removed a moment ago may still be there.
        let pod = pods.list(&selector).await?.items.into_iter().find(own);
        let well = ended("Complete");
        if !well && !ended("Failed") {
            return Ok(Seen::Running(pod.as_ref().filter(|pod| !pods::ready(pod)).map(pods::why_not)));
        }
        let log = match &pod {
            None => String::new(),
            Some(pod) => {
                let tail = LogParams { tail_lines: Some(200), ..LogParams::default() };
                match pods.logs(&pod.name_any(), &tail).await {
                    Ok(log) => log,
                    Err(kube::Error::Api(status)) if matches!(status.code, 400 | 404) => String::new(),
                    Err(error) => return Err(error.into()),
                }
            }
        };
        Ok(Seen::Ended { well, log })
    }

    /// Removes the Job, its pod and its Secret.
    pub async fn tidy(&self) -> Result<(), Trouble> {
        match self.jobs().await?.delete(&self.name, &DeleteParams::background()).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => return Err(error.into()),
        }
        self.forget_secret().await
    }

    async fn forget_secret(&self) -> Result<(), Trouble> {
        match self.secrets().await?.delete(&self.name, &DeleteParams::default()).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn secrets(&self) -> Result<Api<Secret>, Trouble> {
        Ok(Api::namespaced(self.cloud.kube.client().await?, &self.namespace))
    }

    /// Runs the script to its end and tells what it said; what an earlier run left is removed first.
    pub async fn run(
        &self,
        script: &Script,
        cancel: &CancellationToken,
        tell: impl Fn(Waiting) + Send + Sync,
    ) -> Result<(bool, String), Trouble> {
        let clock = self.cloud.clock();
        let (mut begun, mut silent) = (false, 0);
        loop {
            match self.go_on(script, &mut begun, &tell).await {
                Ok(Some(ended)) => return Ok(ended),
                Ok(None) => silent = 0,
                // The Job runs on, whether it is seen or not.
                Err(Trouble::Unreachable { what, message, .. }) if silent < SILENT => {
                    silent += 1;
                    let on = format!("{what} does not answer; asking again");
                    tell(Waiting { story: vec![message], ..Waiting::on(on) });
                }
                Err(trouble) => return Err(trouble),
            }
            tokio::select! {
                () = clock.sleep(LOOK) => {}
                () = cancel.cancelled() => return Err(Trouble::Interrupted),
            }
        }
    }

    /// Begins it, or looks how far it is; gives how it ended, once it has.
    async fn go_on(
        &self,
        script: &Script,
        begun: &mut bool,
        tell: &(impl Fn(Waiting) + Send + Sync),
    ) -> Result<Option<(bool, String)>, Trouble> {
        match self.look().await? {
            Seen::Other => return Err(self.in_the_way().into()),
            Seen::Nothing if *begun => {
                return Err(Problem::new(
                    "PG-JOB-GONE",
                    format!("the Job {} was removed before it ended", self.name),
                    "Start again; if it happens again, see who removes Jobs in this namespace.",
                )
                .into());
            }
            Seen::Nothing => {
                self.begin(script).await?;
                *begun = true;
            }
            // It ran with what was asked for then, and its log may be old: what it does is done again, which changes nothing.
            Seen::Ended { .. } | Seen::Running(_) if !*begun => self.tidy().await?,
            Seen::Ended { well, log } => {
                self.tidy().await?;
                return Ok(Some((well, log)));
            }
            Seen::Running(why) => {
                let on = why.as_ref().map_or_else(|| "psql runs".to_owned(), |problem| problem.what.clone());
                tell(Waiting { problem: why, ..Waiting::on(format!("{}: {on}", self.name)) });
            }
        }
        Ok(None)
    }

    /// A Job of this name that this install did not make.
    pub fn in_the_way(&self) -> Problem {
        Problem::new(
            "K8S-JOB-OTHER",
            format!("a Job {} that this install did not make is in the way", self.name),
            format!("If nobody needs it:\n$ kubectl delete job {} --namespace {}", self.name, self.namespace),
        )
    }

    async fn jobs(&self) -> Result<Api<Job>, Trouble> {
        Ok(Api::namespaced(self.cloud.kube.client().await?, &self.namespace))
    }

    fn read<T: serde::de::DeserializeOwned>(&self, value: serde_json::Value) -> Result<T, Trouble> {
        serde_json::from_value(value)
            .map_err(|error| Trouble::guide(format!("the Job {}: {error}", self.name), "Correct its parameters."))
    }
}

/// What making and reading such a Job needs.
pub fn permissions(namespace: &str) -> Permissions {
    Permissions::default()
        .rbac(Some(namespace), "batch", "jobs", &["get", "create", "patch", "delete"])
        .rbac(Some(namespace), "", "secrets", &["create", "delete"])
        .rbac(Some(namespace), "", "pods", &["list"])
        .rbac(Some(namespace), "", "pods/log", &["get"])
}

/// Who must reach the server.
pub fn hosts(host: &Late<String>, port: &Late<u16>) -> Vec<Host> {
    let port = port.known().copied().unwrap_or(5432);
    vec![Host { host: host.to_string(), port, from: "pods".into(), why: "the database".into() }]
}

/// The step that makes the server has not told yet where it is.
pub fn no_server(host: &Late<String>) -> Trouble {
    Problem::new("PG-NO-SERVER", format!("the server is not known yet: {host}"), "Go on with the step that makes it.")
        .into()
}
