//! What is a check? It looks at something and says how that ended.

use async_trait::async_trait;
use landfall_core::{
    catalogue::{Descriptor, Touches},
    event::{Host, Outcome, Permissions},
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Context, Misfit, PlanView};
use crate::cloud::Trouble;

/// What a check declares of itself.
#[derive(Clone, Copy, Debug)]
pub struct CheckAbout {
    /// The name guides use, e.g. `aws.quota`.
    pub name: &'static str,
    /// Its row's code, e.g. `AWS-04`.
    pub code: &'static str,
    /// One line for people.
    pub about: &'static str,
    /// What it touches.
    pub touches: Touches,
}

/// Looks at something.
#[async_trait]
pub trait Check: DeserializeOwned + JsonSchema + Send + Sync + Sized + 'static {
    /// What it declares.
    const ABOUT: CheckAbout;

    /// Whether it may name hosts: lists of them then say where its parameters are not known yet.
    const NAMES_HOSTS: bool = false;

    /// Codes of the problems that it finds itself; `landfall explain` shows their pages beside what its docstring says.
    const PROBLEMS: &'static [&'static str] = &[];

    /// Looks. No waiting, no printing, no retry: `NotYet` is asked again by the engine.
    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble>;

    /// What it needs to be allowed to do.
    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        Permissions::default()
    }

    /// Hosts it talks to, beside AWS and the cluster: those follow from its permissions.
    fn hosts(&self, _cx: &PlanView<'_>) -> Vec<Host> {
        Vec::new()
    }
}

/// A check whose parameters are still a tree.
#[async_trait]
pub trait AnyCheck: Send + Sync {
    /// What it declares, with schemas.
    fn describe(&self) -> Descriptor;
    /// Whether the parameters fit.
    fn fits(&self, parameters: &Value) -> Result<(), Misfit>;
    /// Looks.
    async fn run(&self, cx: &Context, parameters: &Value) -> Result<Outcome, Trouble>;
    /// What it needs.
    fn permissions(&self, cx: &PlanView<'_>, parameters: &Value) -> Permissions;
    /// Whether it may name hosts.
    fn names_hosts(&self) -> bool;
    /// Codes of the problems that it finds itself.
    fn problems(&self) -> &'static [&'static str];
    /// Hosts it talks to.
    fn hosts(&self, cx: &PlanView<'_>, parameters: &Value) -> Vec<Host>;
}
