//! Did a person give this secret, or was it made up, or adopted from what exists? The vault remembers a keyed mark of values
//! that nobody gave; whatever is set later does not match it.

use std::path::Path;

use landfall_core::value::{Plain, SecretRef};

use super::Secrets;
use crate::cloud::{Fingerprint, Trouble};

/// Remembers that nobody gave this value.
pub async fn nobodys(vault: &dyn Secrets, folder: &Path, reference: &SecretRef, secret: &Plain) -> Result<(), Trouble> {
    vault.put(&reference.made_up(), mark(folder, secret)?).await
}

/// Whether there is a value, and a person gave it.
pub async fn given(vault: &dyn Secrets, folder: &Path, reference: &SecretRef) -> Result<bool, Trouble> {
    let Some(secret) = vault.get(reference).await? else { return Ok(false) };
    let remembered = vault.get(&reference.made_up()).await?;
    Ok(remembered != Some(mark(folder, &secret)?))
}

/// Not the fingerprint that plans hold: the mask must leave those alone.
fn mark(folder: &Path, secret: &Plain) -> Result<Plain, Trouble> {
    let text = format!("made up: {}", secret.reveal());
    Ok(Plain::new(Fingerprint::of(folder)?.mark(text.as_bytes())))
}
