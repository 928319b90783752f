//! What a file held before a step wrote it: kept in the vault (it may hold secrets), and put back only over our own text.

use std::path::Path;

use landfall_core::{
    event::{Owner, Problem},
    value::{Plain, SecretRef},
};
use serde_json::Value;

use crate::{
    cloud::{Trouble, written},
    kind::Context,
};

/// Keeps what is about to be overwritten; what stands for it in the journal.
pub(super) async fn kept(cx: &Context, text: Option<String>) -> Result<Option<SecretRef>, Trouble> {
    let reference = SecretRef(format!("before.{}", cx.path));
    let Some(text) = text else { return Ok(None) };
    if written::owner(&text, &cx.install) == Owner::Ours {
        // Our own is nothing to go back to; what was there before it was kept by the run that wrote it.
        let known = cx.secrets.get(&reference).await?.is_some();
        return Ok(known.then_some(reference));
    }
    cx.secrets.put(&reference, Plain::new(text)).await?;
    Ok(Some(reference))
}

/// What was there before, as [`kept`] kept it, or as an older release wrote it into the journal.
pub(super) async fn before(cx: &Context, before: &Value) -> Result<Option<Plain>, Trouble> {
    match (before["secret"].as_str(), before["text"].as_str()) {
        (Some(reference), _) => cx.secret(&SecretRef(reference.to_owned())).await.map(Some),
        (None, Some(text)) => Ok(Some(Plain::new(text.to_owned()))),
        (None, None) => Ok(None),
    }
}

/// Somebody changed it since.
pub(super) fn changed(path: &Path) -> Trouble {
    Problem::new(
        "FILE-CHANGED",
        format!("{} was changed since it was written", path.display()),
        "Remove it by hand if nobody needs what is in it.",
    )
    .into()
}
