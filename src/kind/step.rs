//! What is a step? It changes one thing, tells whether that is there, and takes it away again.

use async_trait::async_trait;
use landfall_core::{
    catalogue::{Again, Descriptor},
    clock::Span,
    event::{Found, Host, Permissions, Question},
};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Applied, Context, Made, Misfit, PlanView, Rendered};
use crate::cloud::Trouble;

/// What a step declares of itself.
#[derive(Clone, Copy, Debug)]
pub struct StepAbout {
    /// The name guides use, e.g. `eks.node_group`.
    pub name: &'static str,
    /// Its row's code, e.g. `EKS-01`.
    pub code: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// How it may be repeated after a lost answer.
    pub again: Again,
    /// Whether undoing it loses data.
    pub keeps_data: bool,
    /// What of it costs money, and by what, e.g. `the instance by the hour`.
    pub costs: Option<&'static str>,
    /// Parameters that cannot be changed once it is made, e.g. `["name", "subnets"]`.
    pub fixed: &'static [&'static str],
    /// How often the engine looks again while it waits.
    pub interval: Span,
    /// After how long it gives up, unless the guide says otherwise.
    pub deadline: Span,
    /// What is usual, e.g. `3 to 6 minutes`.
    pub usual: Option<&'static str>,
}

impl StepAbout {
    /// The usual case: an upsert looked at every 2 s for 2 minutes.
    pub const fn new(name: &'static str, code: &'static str, about: &'static str) -> Self {
        Self {
            name,
            code,
            about,
            again: Again::Upsert,
            keeps_data: false,
            costs: None,
            fixed: &[],
            interval: Span::seconds(2),
            deadline: Span::minutes(2),
            usual: None,
        }
    }
}

/// Changes one thing.
#[async_trait]
pub trait Step: DeserializeOwned + JsonSchema + Send + Sync + Sized + 'static {
    /// What other tasks may read as `steps.<id>.<field>`.
    type Outputs: Serialize + DeserializeOwned + JsonSchema + Send + Sync;

    /// What it declares.
    const ABOUT: StepAbout;

    /// Whether it may name hosts: lists of them then say where its parameters are not known yet.
    const NAMES_HOSTS: bool = false;

    /// What is there now. Late parameters may still be unknown: then answer from the identity alone.
    async fn inspect(&self, cx: &Context) -> Result<Found<Self::Outputs>, Trouble>;

    /// Sends one change and returns; the engine inspects until it is there. `token` is the same for the same
    /// parameters after a lost answer.
    async fn apply(&self, cx: &Context, token: &str) -> Result<Applied, Trouble>;

    /// What a person has to agree to right before `apply`, where the change has to be worked out and seen first (another
    /// tool's plan). `apply` then carries out exactly that; a choice called `stop` or `use_as_is` means that it does not.
    async fn approval(&self, _cx: &Context) -> Result<Option<Question>, Trouble> {
        Ok(None)
    }

    /// Nobody agreed: what `approval` prepared is put away.
    async fn declined(&self, _cx: &Context) {}

    /// Takes away what `made` says, or restores what was there before; the engine inspects until it is so.
    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble>;

    /// What taking it away would do, for people, where that has to be worked out (another tool's plan).
    async fn undo_preview(&self, _cx: &Context, _made: &Made) -> Result<String, Trouble> {
        Ok(String::new())
    }

    /// Carries out one of the ways out that `inspect` offered for a broken state.
    async fn recover(&self, _cx: &Context, recovery: &str) -> Result<(), Trouble> {
        Err(Trouble::guide(
            format!("{} has no way out called {recovery}", Self::ABOUT.name),
            "Choose one of those offered.",
        ))
    }

    /// What applying would change, as a diff for people; secrets stand as `<secret x.y>`. Empty where its differences say it.
    async fn preview(&self, _cx: &Context) -> Result<String, Trouble> {
        Ok(String::new())
    }

    /// What a person would type instead, one command an entry. Secrets stand as `<secret x.y>`.
    fn commands(&self, cx: &PlanView<'_>) -> Vec<String>;

    /// What somebody else could apply instead: a manifest, Terraform. Secrets stand as `<secret x.y>`.
    fn render(&self, _cx: &PlanView<'_>) -> Vec<Rendered> {
        Vec::new()
    }

    /// What taking it away means, in one line.
    fn undo_line(&self, cx: &PlanView<'_>) -> String;

    /// Whether taking this one away loses data, where that is not so for all of its kind.
    fn keeps_data(&self, _cx: &PlanView<'_>) -> bool {
        Self::ABOUT.keeps_data
    }

    /// Exactly what a person has to do, where only a person can; the engine then sends nothing and waits.
    fn instruction(&self, _cx: &PlanView<'_>) -> Option<String> {
        None
    }

    /// What it needs to be allowed to do.
    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        Permissions::default()
    }

    /// Hosts it, the nodes or the pods talk to because of it, beside AWS and the cluster: those follow from its permissions.
    fn hosts(&self, _cx: &PlanView<'_>) -> Vec<Host> {
        Vec::new()
    }

    /// Container images it will run.
    fn images(&self, _cx: &PlanView<'_>) -> Vec<String> {
        Vec::new()
    }
}

/// A step whose parameters are still a tree.
#[async_trait]
pub trait AnyStep: Send + Sync {
    /// What it declares, with schemas.
    fn describe(&self) -> Descriptor;
    /// Whether the parameters fit.
    fn fits(&self, parameters: &Value) -> Result<(), Misfit>;
    /// What is there now.
    async fn inspect(&self, cx: &Context, parameters: &Value) -> Result<Found, Trouble>;
    /// Sends one change.
    async fn apply(&self, cx: &Context, parameters: &Value, token: &str) -> Result<Applied, Trouble>;
    /// What has to be agreed to first.
    async fn approval(&self, cx: &Context, parameters: &Value) -> Result<Option<Question>, Trouble>;
    /// Nobody agreed.
    async fn declined(&self, cx: &Context, parameters: &Value);
    /// Takes it away.
    async fn undo(&self, cx: &Context, parameters: &Value, made: &Made) -> Result<(), Trouble>;
    /// What taking it away would do.
    async fn undo_preview(&self, cx: &Context, parameters: &Value, made: &Made) -> Result<String, Trouble>;
    /// Carries out a way out.
    async fn recover(&self, cx: &Context, parameters: &Value, recovery: &str) -> Result<(), Trouble>;
    /// What applying would change.
    async fn preview(&self, cx: &Context, parameters: &Value) -> Result<String, Trouble>;
    /// What a person would type.
    fn commands(&self, cx: &PlanView<'_>, parameters: &Value) -> Vec<String>;
    /// What somebody else could apply.
    fn render(&self, cx: &PlanView<'_>, parameters: &Value) -> Vec<Rendered>;
    /// What taking it away means.
    fn undo_line(&self, cx: &PlanView<'_>, parameters: &Value) -> String;
    /// Whether taking it away loses data.
    fn keeps_data(&self, cx: &PlanView<'_>, parameters: &Value) -> bool;
    /// What a person has to do, where only a person can.
    fn instruction(&self, cx: &PlanView<'_>, parameters: &Value) -> Option<String>;
    /// What it needs.
    fn permissions(&self, cx: &PlanView<'_>, parameters: &Value) -> Permissions;
    /// Whether it may name hosts.
    fn names_hosts(&self) -> bool;
    /// Hosts.
    fn hosts(&self, cx: &PlanView<'_>, parameters: &Value) -> Vec<Host>;
    /// Images.
    fn images(&self, cx: &PlanView<'_>, parameters: &Value) -> Vec<String>;
}
