//! The `helm` and `terraform` of a rehearsal's own PATH.
use serde::Deserialize;

/// The scenario's part.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {}
