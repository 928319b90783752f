//! `terraform.module`: is a Terraform configuration applied? The person's own terraform or OpenTofu plans and applies it; what
//! it would do is shown and agreed to first.

mod held;
mod recover;
mod taken;
mod undo;

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use landfall_core::{
    catalogue::Again,
    clock::Span,
    event::{Found, Happened, Host, Owner, Problem, Question, Recovery},
    value::{Late, Plain, Tree},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use self::taken::{taken, ways_out};
use crate::{
    cloud::{
        Trouble,
        terraform::{self, Planned, Reviewed, Terraform},
    },
    kind::{Applied, Context, Job, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TerraformModule {
    /// The folder that holds the configuration.
    folder: PathBuf,
    /// `terraform` or `tofu`.
    #[serde(default = "usual")]
    tool: String,
    /// Variables; they may be secrets. They are handed over in a 0600 file that is removed afterwards.
    #[serde(default)]
    variables: Tree,
    /// Whether newer providers and modules are fetched (`init -upgrade`).
    #[serde(default)]
    upgrade: bool,
    /// Whether looking takes the state's lock. No, where somebody else's pipeline applies: no look may be in its way.
    #[serde(default = "yes")]
    lock: bool,
    /// Digests of the files it is made of: a change of one is a change of this.
    #[serde(default)]
    made_of: Vec<Late<String>>,
}

fn usual() -> String {
    "terraform".into()
}

fn yes() -> bool {
    true
}

/// What others may read.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Its root outputs; sensitive ones are left out.
    #[schemars(extend("x-words" = "output {}"))]
    pub outputs: Map<String, Value>,
}

#[async_trait]
impl Step for TerraformModule {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        again: Again::Upsert,
        keeps_data: true,
        costs: Some("what the module makes; its plan lists that"),
        fixed: &["folder"],
        interval: Span::seconds(15),
        deadline: Span::minutes(90),
        usual: Some("15 to 40 minutes where a cluster is made"),
        ..StepAbout::new("terraform.module", "TF-11", "a Terraform configuration")
    };
    const NAMES_HOSTS: bool = true;

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        if let Some(waiting) = terraform::at_work(&cx.folder, &cx.label()) {
            return Ok(Found::pending(waiting, Owner::Ours));
        }
        if terraform::unsaved(&self.folder) {
            let push = Recovery {
                id: "push".into(),
                does: format!("save it now ({} state push), and look at what is still to be done", self.tool),
                loses: String::new(),
            };
            return Ok(Found::broken(self.not_saved(), vec![push], Owner::Ours));
        }
        // After all was destroyed, looking would only fetch again what was put away.
        if !self.is_there() || self.lock && gone(cx).exists() {
            return Ok(Found::absent());
        }
        let terraform = self.open(cx).await?;
        match terraform.look(&cx.cancel).await? {
            Planned::Locked(lock) => Ok(self.locked(cx, &lock)),
            Planned::Reviewed(reviewed) => {
                if self.lock {
                    // Nobody holds the state: what a run left that ended without us says nothing any more.
                    terraform::put_away(&cx.folder, &cx.label());
                    if reviewed.nothing() {
                        terraform.forget_plan();
                    }
                }
                self.found(cx, &terraform, &reviewed).await
            }
        }
    }

    async fn approval(&self, cx: &Context) -> Result<Option<Question>, Trouble> {
        let _ = std::fs::remove_file(gone(cx));
        let terraform = self.open(cx).await?;
        terraform.init(self.upgrade, &cx.cancel, |line| cx.say(line)).await?;
        match terraform.prepare(false, &cx.cancel).await? {
            Planned::Locked(lock) => Err(self.held(&lock).into()),
            Planned::Reviewed(reviewed) if reviewed.nothing() => {
                terraform.forget_plan();
                Ok(None)
            }
            Planned::Reviewed(reviewed) => Ok(Some(reviewed.question(&self.tool, "apply"))),
        }
    }

    async fn declined(&self, cx: &Context) {
        if let Ok(terraform) = self.open(cx).await {
            terraform.forget_plan();
        }
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let terraform = self.open(cx).await?;
        let Some(reviewed) = terraform.prepared(&cx.cancel).await? else {
            return match terraform.look(&cx.cancel).await? {
                Planned::Locked(lock) => Err(self.held(&lock).into()),
                Planned::Reviewed(reviewed) if reviewed.nothing() => Ok(Applied::made()),
                Planned::Reviewed(_) => Err(Problem::new(
                    "TF-NO-PLAN",
                    "there is no plan that was agreed to",
                    "Start again: it is planned, shown and asked for again.",
                )
                .into()),
            };
        };
        let before = (reviewed.stands && self.owner(cx, &reviewed) != Owner::Ours)
            .then(|| json!({ "applied_by": reviewed.install, "folder": self.folder.display().to_string() }));
        if before.is_none() {
            // An apply that is stopped half way has not written its outputs, which carry the install's mark.
            crate::cloud::keep_private(&begun(cx), b"")?;
        }
        let cx = cx.clone();
        let job: Job = Box::pin(async move {
            let applied = terraform.apply(&cx.cancel, |progress, said| {
                if let Some(line) = said {
                    cx.say(line);
                }
                (cx.tell)(Happened::Waiting { why: progress.waiting(), deadline: None, usual: None });
            });
            applied.await
        });
        Ok(match before {
            Some(before) => Applied::StartedOver { before, job },
            None => Applied::Started(job),
        })
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        self.take_away(cx, made).await
    }

    async fn recover(&self, cx: &Context, recovery: &str) -> Result<(), Trouble> {
        self.go_way(cx, recovery).await
    }

    async fn preview(&self, cx: &Context) -> Result<String, Trouble> {
        if !self.is_there() {
            return Ok(
                "Planned once its files are written; it is shown then, and nothing is applied before you agree.".into(),
            );
        }
        match self.open(cx).await?.look(&cx.cancel).await? {
            Planned::Locked(lock) => Ok(format!("cannot be planned now: {}", lock.line())),
            Planned::Reviewed(reviewed) => Ok(reviewed.text()),
        }
    }

    async fn undo_preview(&self, cx: &Context, made: &Made) -> Result<String, Trouble> {
        if made.before.is_some() || !self.is_there() {
            return Ok(String::new());
        }
        let terraform = self.open(cx).await?;
        let planned = terraform.prepare(true, &cx.cancel).await;
        terraform.forget_plan();
        match planned? {
            Planned::Locked(lock) => Ok(lock.line()),
            Planned::Reviewed(reviewed) => Ok(reviewed.text()),
        }
    }

    fn commands(&self, _cx: &PlanView<'_>) -> Vec<String> {
        let (tool, folder) = (&self.tool, shell_words::quote(&self.folder.display().to_string()).into_owned());
        let upgrade = if self.upgrade { " -upgrade" } else { "" };
        let secret = if self.has_variables() { " -var-file=<0600 file with the secrets>" } else { "" };
        vec![
            format!("{tool} -chdir={folder} init{upgrade}"),
            format!("{tool} -chdir={folder} plan -lock-timeout=10m -out=reviewed.plan{secret}"),
            format!("{tool} -chdir={folder} apply -lock-timeout=10m reviewed.plan && rm reviewed.plan"),
        ]
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        format!("destroys everything in the state of {} (its plan is shown)", self.folder.display())
    }

    fn hosts(&self, _cx: &PlanView<'_>) -> Vec<Host> {
        let registry = if self.tool == "tofu" { "registry.opentofu.org" } else { "registry.terraform.io" };
        let host = |host: &str, why: &str| Host { host: host.into(), port: 443, from: "here".into(), why: why.into() };
        let mut hosts = vec![host(registry, "which providers there are")];
        if self.tool != "tofu" {
            hosts.push(host("releases.hashicorp.com", "HashiCorp's providers"));
        }
        hosts.push(host("github.com", "other providers"));
        hosts
    }
}

impl TerraformModule {
    fn is_there(&self) -> bool {
        let files = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        files.map(|file| file.path()).any(|path| path.extension().is_some_and(|ending| ending == "tf"))
            // A file that is still to be written could change what is there.
            && self.made_of.iter().all(|digest| digest.known().is_some())
    }

    fn has_variables(&self) -> bool {
        self.variables.0.as_object().is_some_and(|all| !all.is_empty())
    }

    async fn open(&self, cx: &Context) -> Result<Terraform, Trouble> {
        let variables = match self.has_variables() {
            true => Some(Plain::new(cx.reveal_tree(&self.variables).await?.to_string())),
            false => None,
        };
        let terraform =
            Terraform::open(&cx.cloud, &self.tool, &self.folder, (&cx.folder, &cx.label()), variables).await?;
        Ok(if self.lock { terraform } else { terraform.without_lock() })
    }

    async fn found(&self, cx: &Context, terraform: &Terraform, reviewed: &Reviewed) -> Result<Found<Outputs>, Trouble> {
        let owner = self.owner(cx, reviewed);
        if let Some((change, found)) = taken(cx, reviewed).await {
            let (problem, recoveries) = ways_out(&self.tool, &change, &found, &found.owner(&cx.install));
            return Ok(Found::broken(problem, recoveries, owner));
        }
        if !reviewed.stands && !reviewed.nothing() {
            return Ok(Found::absent());
        }
        let outputs = Outputs { outputs: terraform.outputs(&cx.cancel).await? };
        Ok(Found::there(outputs, reviewed.differences(), owner))
    }

    fn owner(&self, cx: &Context, reviewed: &Reviewed) -> Owner {
        match &reviewed.install {
            Some(install) if *install == cx.install.to_string() => Owner::Ours,
            Some(install) => Owner::Other(format!("Landfall's install {install}")),
            None if begun(cx).exists() => Owner::Ours,
            None => Owner::Unmarked,
        }
    }
}

/// Tells that this install destroyed it.
fn gone(cx: &Context) -> PathBuf {
    Path::new(&cx.folder).join(format!("terraform-{}.gone", cx.label()))
}

/// Tells that this install began to apply it.
fn begun(cx: &Context) -> PathBuf {
    Path::new(&cx.folder).join(format!("terraform-{}.begun", cx.label()))
}
