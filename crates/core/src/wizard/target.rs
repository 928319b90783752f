//! Target: where it goes, and the proof that the kubeconfig's context is that cluster.

use super::{Field, Fields, TargetSeen};
use crate::event::Problem;

/// The second screen.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// `target.profile`, `target.region`, `target.cluster`, `target.context`, `target.namespace`; what the guide does not need is left out.
    pub fields: Fields,
    /// A kubeconfig is built from EKS instead of using a context.
    pub build_kubeconfig: bool,
    /// Being proved.
    pub looking: bool,
    /// What was seen.
    pub seen: Option<TargetSeen>,
    /// Why nothing could be seen.
    pub refused: Option<Problem>,
}

impl Target {
    /// A field by its whole name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.all.iter().find(|field| field.name == name)
    }
}
