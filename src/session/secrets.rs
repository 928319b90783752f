//! Fetching what the answers say, making up what may be made up, adopting what exists; and saying what is missing.

use landfall_core::{
    event::Problem,
    guide::{Field, Secret},
    plan::SecretSource,
    value::{Plain, SecretRef},
};

use super::Session;
use crate::{
    cloud::{Trouble, arrived},
    kind::given::nobodys,
    secret::sources::{fetch, generate, join_rows, refusal, row_reference},
};

impl Session {
    /// Secrets the guide wants with these answers.
    pub fn wanted_secrets(&self) -> Vec<&Secret> {
        let scope = self.scope_without_steps();
        self.guide
            .guide
            .secrets
            .iter()
            .filter(|secret| secret.when.as_deref().is_none_or(|condition| scope.holds(condition).unwrap_or(true)))
            .collect()
    }

    /// Brings every wanted secret into the vault that can be brought without a person. Returns what is still missing, and
    /// what was noticed on the way.
    pub async fn bring_secrets(&self) -> Result<(Vec<Problem>, Vec<String>), Trouble> {
        let (mut missing, mut noticed) = (Vec::new(), Vec::new());
        for secret in self.wanted_secrets() {
            if secret.rows.is_some() {
                self.bring_rows(secret, &mut missing, &mut noticed).await?;
                continue;
            }
            for field in &secret.fields {
                let reference = SecretRef::field(&secret.id, &field.id);
                let source = self.answers.secrets.get(&reference.to_string()).cloned();
                let label = named(secret, field);
                match self.bring(secret, field, &reference, source).await? {
                    Some((plain, note)) => {
                        if let Some(refused) = refusal(field, &plain) {
                            missing.push(absent(&reference, &refused));
                        } else {
                            self.bound()?.vault.keep(&reference, plain).await?;
                        }
                        noticed.extend(note.map(|note| format!("{label}: {note}")));
                    }
                    None => match self.bound()?.vault.read(&reference).await? {
                        // Set by another command, or by an earlier guide; stray space was decided on by a person.
                        Some(there) => {
                            let refused = refusal(field, &there).filter(|_| !there.stray_space());
                            missing.extend(refused.map(|refused| absent(&reference, &refused)));
                        }
                        None if field.optional => {}
                        None => missing.push(absent(&reference, &format!("{label} is missing"))),
                    },
                }
            }
        }
        self.see_visible(Some(&self.bound()?.vault)).await;
        Ok((missing, noticed))
    }

    /// Wanted secrets that nothing would bring: no source is named, none is kept, and none may be made up. Fetches nothing.
    pub async fn missing_secrets(&self) -> Result<Vec<Problem>, Trouble> {
        let vault = &self.bound()?.vault;
        let mut missing = Vec::new();
        for secret in self.wanted_secrets() {
            let said = |reference: &SecretRef| self.answers.secrets.contains_key(&reference.to_string());
            if secret.rows.is_some() {
                let reference = SecretRef(secret.id.clone());
                if !said(&reference) && vault.read(&SecretRef::field(&secret.id, "value")).await?.is_none() {
                    missing.push(absent(&reference, &format!("{} is missing", secret.label)));
                }
                continue;
            }
            for field in &secret.fields {
                let reference = SecretRef::field(&secret.id, &field.id);
                if said(&reference) || field.optional || field.generate.is_some() || self.arrived(field)?.is_some() {
                    continue;
                }
                if vault.read(&reference).await?.is_none() {
                    missing.push(absent(&reference, &format!("{} is missing", named(secret, field))));
                }
            }
        }
        Ok(missing)
    }

    /// A field's new value, if there is one to bring; nothing in the vault is ever replaced by something made up.
    async fn bring(
        &self,
        secret: &Secret,
        field: &Field,
        reference: &SecretRef,
        source: Option<SecretSource>,
    ) -> Result<Option<(Plain, Option<String>)>, Trouble> {
        let vault = &self.bound()?.vault;
        if source.is_none()
            && let Some(arrived) = self.arrived(field)?
        {
            return Ok(Some((arrived, None)));
        }
        let made_up = match &source {
            Some(SecretSource::Generate(how)) => Some(*how),
            Some(_) => None,
            None => field.generate,
        };
        let existing = matches!(source, Some(SecretSource::Existing(true)));
        if let Some(how) = made_up {
            if vault.read(reference).await?.is_some() {
                return Ok(None);
            }
            // A key that exists in the cluster is adopted: a new one would lock the product out of its own data.
            if field.keep
                && let Some(found) = self.existing(secret, field).await?
            {
                return self.nobodys(reference, found, Some("adopted from the Secret that exists")).await;
            }
            return self.nobodys(reference, generate(how, field.at_least), None).await;
        }
        if existing {
            return match self.existing(secret, field).await? {
                Some(found) => self.nobodys(reference, found, None).await,
                None => Ok(None),
            };
        }
        let Some(source) = source else { return Ok(None) };
        let Some(plain) = fetch(&source, &self.cloud).await? else { return Ok(None) };
        if !field.multiline && plain.stray_space() {
            return Ok(Some((plain.trimmed(), Some("space or a newline at its end was removed".into()))));
        }
        Ok(Some((plain, None)))
    }

    /// A value that no person gave.
    async fn nobodys(
        &self,
        reference: &SecretRef,
        plain: Plain,
        note: Option<&str>,
    ) -> Result<Option<(Plain, Option<String>)>, Trouble> {
        self.nobody_gave(reference, &plain).await?;
        Ok(Some((plain, note.map(str::to_owned))))
    }

    /// Remembers that no person gave this value: it was made up, or adopted.
    pub async fn nobody_gave(&self, reference: &SecretRef, plain: &Plain) -> Result<(), Trouble> {
        let bound = self.bound()?;
        nobodys(&bound.vault, &bound.folder, reference, plain).await
    }

    /// What a file that arrived holds for this field, where there is such a file.
    pub fn arrived(&self, field: &Field) -> Result<Option<Plain>, Trouble> {
        let Some(place) = &field.arrives else { return Ok(None) };
        let Ok(serde_json::Value::String(place)) = self.scope_without_steps().render_text(place) else {
            return Ok(None);
        };
        let Some((file, key)) = place.rsplit_once('#') else { return Ok(None) };
        let file = std::path::Path::new(file);
        if !file.is_file() { Ok(None) } else { arrived::secret(file, key) }
    }

    async fn bring_rows(
        &self,
        secret: &Secret,
        missing: &mut Vec<Problem>,
        noticed: &mut Vec<String>,
    ) -> Result<(), Trouble> {
        let Some(shape) = &secret.rows else { return Ok(()) };
        let vault = &self.bound()?.vault;
        let rows = match self.answers.secrets.get(&secret.id) {
            Some(SecretSource::Rows(rows)) => rows.clone(),
            _ => {
                if vault.read(&SecretRef::field(&secret.id, "value")).await?.is_none() {
                    missing.push(absent(&SecretRef(secret.id.clone()), &format!("{} is missing", secret.label)));
                }
                return Ok(());
            }
        };
        if rows.len() < shape.at_least {
            missing.push(absent(
                &SecretRef(secret.id.clone()),
                &format!("{} needs at least {} rows", secret.label, shape.at_least),
            ));
            return Ok(());
        }
        let before = missing.len();
        for (index, row) in rows.iter().enumerate() {
            for column in &shape.columns {
                let reference = row_reference(secret, index, column);
                match self.bring(secret, column, &reference, row.get(&column.id).cloned()).await? {
                    Some((plain, note)) => {
                        match refusal(column, &plain) {
                            Some(refused) => missing.push(absent(&reference, &refused)),
                            None => vault.keep(&reference, plain).await?,
                        }
                        noticed.extend(note.map(|note| format!("{reference}: {note}")));
                    }
                    None if vault.read(&reference).await?.is_some() => {}
                    None => missing.push(absent(&reference, &format!("{reference} is missing"))),
                }
            }
        }
        if missing.len() == before {
            join_rows(vault, secret, shape, rows.len()).await?;
        }
        Ok(())
    }

    /// The value in the Kubernetes Secret that exists, if it does and may be read.
    pub async fn existing(&self, secret: &Secret, field: &Field) -> Result<Option<Plain>, Trouble> {
        let Some(name) = &secret.kubernetes else { return Ok(None) };
        let Ok(serde_json::Value::String(name)) = self.scope_without_steps().render_text(name) else { return Ok(None) };
        let Some((namespace, name)) = name.split_once('/') else { return Ok(None) };
        self.existing_key(namespace, name, field.key.as_deref().unwrap_or(&field.id)).await
    }

    /// One key of a Secret in the cluster; nothing where it is not there or may not be read.
    pub async fn existing_key(&self, namespace: &str, name: &str, key: &str) -> Result<Option<Plain>, Trouble> {
        let client = self.cloud.kube.client().await?;
        let secrets: kube::Api<k8s_openapi::api::core::v1::Secret> = kube::Api::namespaced(client, namespace);
        match secrets.get_opt(name).await.map_err(Trouble::from) {
            Ok(Some(found)) => Ok(found
                .data
                .and_then(|data| data.get(key).cloned())
                .and_then(|bytes| String::from_utf8(bytes.0).ok())
                .map(Plain::new)),
            Ok(None) | Err(Trouble::Denied { .. }) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }
}

/// A field, for people.
fn named(secret: &Secret, field: &Field) -> String {
    format!("{}, {}", secret.label, field.label.clone().unwrap_or_else(|| field.id.replace('_', " ")))
}

fn absent(reference: &SecretRef, what: &str) -> Problem {
    Problem::new(
        "SECRET-MISSING",
        what.to_owned(),
        format!(
            "Name its source under secrets: in the answers file ({reference}: {{ file: … }}), or run\n$ landfall secrets set <guide> {reference}"
        ),
    )
}
