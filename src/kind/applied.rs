//! What did a step do, and what does the journal keep of it?

use std::{future::Future, pin::Pin};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cloud::Trouble;

/// What carries on in the background after `apply` returned: a child or a transfer. It tells its progress through
/// [`Context::tell`], and stops soon after [`Context::cancel`].
pub type Job = Pin<Box<dyn Future<Output = Result<(), Trouble>> + Send>>;

/// What `apply` did.
pub enum Applied {
    /// It sent its change; `before` is what was there, where something was.
    Sent {
        /// Enough to restore it; secrets as references into the vault.
        before: Option<Value>,
    },
    /// It started something that carries on and makes something new.
    Started(Job),
    /// It started something that carries on and changes what was there.
    StartedOver {
        /// Enough to restore it; secrets as references into the vault.
        before: Value,
        /// What carries on.
        job: Job,
    },
}

impl Applied {
    /// It made something new.
    pub fn made() -> Self {
        Self::Sent { before: None }
    }

    /// It changed something.
    pub fn changed(before: Value) -> Self {
        Self::Sent { before: Some(before) }
    }
}

/// What a step made, as the journal knows it: enough to take it away again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Made {
    /// Its outputs.
    pub outputs: Value,
    /// What was there before, where something was changed.
    pub before: Option<Value>,
}
