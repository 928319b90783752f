//! What is a look-up? It fills an input's table, or a fact.

use async_trait::async_trait;
use landfall_core::{catalogue::Descriptor, event::Table};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Context, Misfit};
use crate::cloud::Trouble;

/// What a look-up declares of itself.
#[derive(Clone, Copy, Debug)]
pub struct LookupAbout {
    /// The name guides use, e.g. `aws.eks_gpu_amis`.
    pub name: &'static str,
    /// One line for people.
    pub about: &'static str,
}

/// Fills an input's table, or a fact that is frozen into the plan.
#[async_trait]
pub trait Lookup: DeserializeOwned + JsonSchema + Send + Sync + Sized + 'static {
    /// What it declares.
    const ABOUT: LookupAbout;

    /// Services of AWS that it asks, as IAM calls them.
    const SERVICES: &'static [&'static str] = &[];

    /// The rows.
    async fn rows(&self, cx: &Context) -> Result<Table, Trouble>;
}

/// A look-up whose parameters are still a tree.
#[async_trait]
pub trait AnyLookup: Send + Sync {
    /// What it declares, with schemas.
    fn describe(&self) -> Descriptor;
    /// Services of AWS that it asks.
    fn services(&self) -> &'static [&'static str];
    /// Whether the parameters fit.
    fn fits(&self, parameters: &Value) -> Result<(), Misfit>;
    /// The rows.
    async fn rows(&self, cx: &Context, parameters: &Value) -> Result<Table, Trouble>;
}
