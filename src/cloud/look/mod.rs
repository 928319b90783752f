//! What do several kinds ask alike? Small questions to AWS with typed answers; kinds never call each other, they meet here.

pub mod addon;
pub mod bucket;
pub mod cluster;
pub mod database;
pub mod endpoint;
pub mod hcl;
pub mod health;
pub mod identity_provider;
pub mod instance_type;
pub mod kubernetes;
pub mod launch;
pub mod marks;
pub mod names;
pub mod network;
pub mod node_group;
pub mod policy;
pub mod role;
pub mod shell;
pub mod simulated;
pub mod subnet;
pub mod time;
pub mod version;
pub mod vpc;

use super::Trouble;

/// The answer, or nothing where the service says that there is no such thing.
pub fn maybe<T, E: Into<Trouble>>(answer: Result<T, E>) -> Result<Option<T>, Trouble> {
    match answer.map_err(Into::into) {
        Ok(answer) => Ok(Some(answer)),
        Err(trouble) if trouble.is_not_found() => Ok(None),
        Err(trouble) => Err(trouble),
    }
}

/// The answer, or nothing where it is only for the story and could not be had; an expired session is still told,
/// because the engine asks for a new one.
pub fn aside<T, E: Into<Trouble>>(answer: Result<T, E>) -> Result<Option<T>, Trouble> {
    match answer.map_err(Into::into) {
        Ok(answer) => Ok(Some(answer)),
        Err(trouble @ (Trouble::Expired { .. } | Trouble::Interrupted)) => Err(trouble),
        Err(_) => Ok(None),
    }
}

/// Undo takes away only what still has our value; this says that somebody changed it.
pub fn changed_since(what: &str) -> Trouble {
    landfall_core::event::Problem::new(
        "UNDO-CHANGED",
        format!("{what} was changed since this install made it"),
        "Look at it, then take it away by hand if it is no longer needed.",
    )
    .why("Undo takes away only what still is as this install left it.")
    .into()
}
