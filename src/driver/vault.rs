//! Wishes of the Secrets stage: keep, fetch, make up, trim, compare, join, forget, and where to keep them.

use landfall_core::{
    event::Problem,
    guide::Generate,
    plan::{InstallId, SecretSource},
    value::{Plain, SecretRef},
    wizard::{Input, Origin, StoreOffer, Vault as Wish, VaultSaid},
};

use super::Worker;
use crate::{
    cloud::Trouble,
    secret::{
        Place, Vault,
        sources::{fetch, generate, refusal, row_reference},
    },
    session::{Session, field_of},
};

impl Worker {
    /// Where secrets can be kept, and where they are.
    pub(super) fn stores(&self) {
        let place =
            self.session.as_ref().and_then(|session| session.bound.as_ref()).map(|bound| bound.vault.place().clone());
        let wanted = Place::from_setting(self.house.endpoints.vault.as_deref());
        let keyring = matches!(&wanted, Ok(Place::Keyring)) && place != Some(Place::Keyring);
        let offer =
            |id: &str, label: &str, about: &str, passphrase: bool, chosen: bool, unavailable: Option<String>| {
                StoreOffer { id: id.into(), label: label.into(), about: about.into(), unavailable, passphrase, chosen }
            };
        let in_file = matches!(place, Some(Place::File { .. }));
        self.tell(Input::Stores(vec![
            offer(
                "keyring",
                "OS keyring",
                "kept by the system, across runs",
                false,
                place == Some(Place::Keyring),
                keyring.then(|| "there is none here, or it is locked".into()),
            ),
            offer("file", "encrypted file", "opened by a passphrase, across runs", !in_file, in_file, None),
            offer(
                "session",
                "this session only",
                "gone when the program ends",
                false,
                place == Some(Place::Session),
                None,
            ),
        ]));
    }

    pub(super) async fn vault(&mut self, wish: Wish) {
        if let Wish::Store { store, passphrase } = wish {
            let moved = self.store(&store, passphrase).await;
            if let Err(trouble) = moved {
                let mut problem = trouble.problem();
                if problem.code == "VAULT-KEYRING" {
                    // The other places stand right there; a variable would only count from the next start on.
                    problem.fix = "Unlock it, or choose another place here: an encrypted file, or this session.".into();
                }
                self.tell(Input::Trouble(problem));
            }
            return self.look(landfall_core::wizard::Look::Stores).await;
        }
        let Some(session) = self.session.clone() else { return };
        let Ok(bound) = session.bound().cloned() else { return };
        let vault = bound.vault;
        let reference = match &wish {
            Wish::Put { reference, .. }
            | Wish::Take { reference, .. }
            | Wish::Generate { reference, .. }
            | Wish::Compare { reference, .. } => reference.clone(),
            Wish::Trim(reference) | Wish::Forget(reference) => reference.clone(),
            Wish::Join { into, .. } => into.clone(),
            Wish::Store { .. } => return,
        };
        let mut compare = None;
        let done = match wish {
            Wish::Put { secret, .. } => keep(&session, &vault, &reference, secret).await,
            Wish::Take { from, .. } => take(&session, &vault, &reference, from).await,
            Wish::Generate { how, .. } => make_up(&session, &vault, &reference, how).await,
            Wish::Trim(_) => match vault.read(&reference).await {
                Ok(Some(secret)) => vault.keep(&reference, secret.trimmed()).await.map_err(Trouble::from),
                Ok(None) => Ok(()),
                Err(trouble) => Err(trouble.into()),
            },
            Wish::Compare { kubernetes, .. } => {
                compare = kubernetes;
                take_arrived(&session, &vault, &reference).await
            }
            Wish::Join { rows, join_columns, join_rows, .. } => {
                join(&vault, &reference, &rows, &join_columns, &join_rows).await
            }
            Wish::Forget(_) => vault.forget(&reference).await.map_err(Trouble::from),
            Wish::Store { .. } => Ok(()),
        };
        let said = said(&session, &vault, &reference, compare, done.err().map(|trouble| trouble.problem())).await;
        self.tell(Input::VaultSaid(said));
    }

    /// Keeps secrets elsewhere from now on; those that are there already move along.
    async fn store(&mut self, store: &str, passphrase: Option<Plain>) -> Result<(), Trouble> {
        let Some(session) = self.session.as_mut() else { return Ok(()) };
        let place = match store {
            "keyring" => Place::Keyring,
            "session" => Place::Session,
            _ => match Place::from_setting(session.house.endpoints.vault.as_deref()) {
                Ok(place @ Place::File { .. }) => place,
                _ => Place::File { path: session.house.endpoints.state.join("vault.age"), passphrase_file: None },
            },
        };
        let install: InstallId = session.bound()?.install.clone();
        let fresh = session.vault(place, &install, passphrase).await?;
        let old = session.bound()?.vault.clone();
        for secret in session.wanted_secrets() {
            for field in &secret.fields {
                moved(&old, &fresh, &SecretRef::field(&secret.id, &field.id)).await?;
            }
            let Some(rows) = &secret.rows else { continue };
            moved(&old, &fresh, &SecretRef::field(&secret.id, "value")).await?;
            for row in 0.. {
                let mut any = false;
                for column in &rows.columns {
                    any |= moved(&old, &fresh, &row_reference(secret, row, column)).await?;
                }
                if !any {
                    break;
                }
            }
        }
        if let Some(bound) = session.bound.as_mut() {
            bound.vault = fresh;
        }
        Ok(())
    }
}

/// Whether there was one to move.
async fn moved(old: &Vault, fresh: &Vault, reference: &SecretRef) -> Result<bool, Trouble> {
    let Some(plain) = old.read(reference).await? else { return Ok(false) };
    fresh.keep(reference, plain).await?;
    if let Some(mark) = old.read(&reference.made_up()).await? {
        fresh.keep(&reference.made_up(), mark).await?;
    }
    Ok(true)
}

async fn make_up(session: &Session, vault: &Vault, reference: &SecretRef, how: Generate) -> Result<(), Trouble> {
    let at_least = field_of(&session.guide, reference).and_then(|field| field.at_least);
    let made_up = generate(how, at_least);
    keep(session, vault, reference, made_up.clone()).await?;
    session.nobody_gave(reference, &made_up).await
}

async fn keep(session: &Session, vault: &Vault, reference: &SecretRef, secret: Plain) -> Result<(), Trouble> {
    // Stray space is kept and shown: a person decides about it. Everything else that does not fit is refused.
    let refused =
        field_of(&session.guide, reference).and_then(|field| refusal(field, &secret).filter(|_| !secret.stray_space()));
    if let Some(refused) = refused {
        return Err(Problem::new("SECRET-REFUSED", refused, "Enter another.").into());
    }
    Ok(vault.keep(reference, secret).await?)
}

/// What arrived in a file is taken from there, where nothing was entered.
async fn take_arrived(session: &Session, vault: &Vault, reference: &SecretRef) -> Result<(), Trouble> {
    let Some(field) = field_of(&session.guide, reference).filter(|field| field.arrives.is_some()) else {
        return Ok(());
    };
    if vault.read(reference).await?.is_some() {
        return Ok(());
    }
    match session.arrived(field)? {
        Some(secret) => keep(session, vault, reference, secret).await,
        None => Ok(()),
    }
}

async fn take(session: &Session, vault: &Vault, reference: &SecretRef, from: Origin) -> Result<(), Trouble> {
    let source = match from {
        Origin::File(path) => SecretSource::File(path.into()),
        Origin::Environment(name) => SecretSource::Env(name),
        Origin::Command(line) => {
            let words = shell_words::split(&line).map_err(|error| {
                Trouble::from(Problem::new("SECRET-SOURCE", format!("the command line: {error}"), "Check its quotes."))
            })?;
            SecretSource::Command(words)
        }
        Origin::SecretsManager(name) => SecretSource::AwsSecret(name),
        Origin::Existing { secret, key } => {
            let (namespace, name) = secret.split_once('/').unwrap_or(("default", &secret));
            let found = session.existing_key(namespace, name, &key).await?.ok_or_else(|| {
                Trouble::from(Problem::new(
                    "SECRET-SOURCE",
                    format!("the Secret {secret} has no key {key}, or it may not be read"),
                    "Enter it another way.",
                ))
            })?;
            keep(session, vault, reference, found.clone()).await?;
            return session.nobody_gave(reference, &found).await;
        }
        Origin::Generated(how) => {
            // Never in place of one that is there.
            if vault.read(reference).await?.is_some() {
                return Ok(());
            }
            return make_up(session, vault, reference, how).await;
        }
    };
    match fetch(&source, &session.cloud).await? {
        Some(secret) => keep(session, vault, reference, secret).await,
        None => Ok(()),
    }
}

async fn join(
    vault: &Vault,
    into: &SecretRef,
    rows: &[Vec<SecretRef>],
    join_columns: &str,
    join_rows: &str,
) -> Result<(), Trouble> {
    let mut lines = Vec::new();
    for row in rows {
        let mut cells = Vec::new();
        for reference in row {
            let cell = vault.read(reference).await?.ok_or_else(|| Trouble::secret_missing(reference))?;
            if cell.reveal().contains(join_columns) || cell.reveal().contains(join_rows) {
                return Err(Problem::new(
                    "SECRET-SEPARATOR",
                    format!("{reference} holds a separator of this secret"),
                    "Enter it without.",
                )
                .into());
            }
            cells.push(cell);
        }
        lines.push(cells.iter().map(Plain::reveal).collect::<Vec<_>>().join(join_columns));
    }
    Ok(vault.keep(into, Plain::new(lines.join(join_rows))).await?)
}

async fn said(
    session: &Session,
    vault: &Vault,
    reference: &SecretRef,
    kubernetes: Option<(String, String)>,
    problem: Option<Problem>,
) -> VaultSaid {
    let secret = match vault.read(reference).await {
        Ok(secret) => secret,
        Err(trouble) => {
            return VaultSaid { problem: Some(Trouble::from(trouble).problem()), ..VaultSaid::none(reference.clone()) };
        }
    };
    let in_cluster = match kubernetes {
        Some((name, key)) => {
            let (namespace, name) = name.split_once('/').unwrap_or(("default", &name));
            session.existing_key(namespace, name, &key).await.ok()
        }
        None => None,
    };
    let equals_cluster = match (&secret, in_cluster.as_ref().and_then(Option::as_ref)) {
        (Some(secret), Some(found)) => Some(found == secret),
        _ => None,
    };
    let visible = field_of(&session.guide, reference).is_some_and(|field| field.visible);
    VaultSaid {
        reference: reference.clone(),
        length: secret.as_ref().map(Plain::len),
        stray_space: secret.as_ref().is_some_and(Plain::stray_space),
        shown: secret.as_ref().filter(|_| visible).map(|secret| secret.reveal().to_owned()),
        in_cluster: in_cluster.map(|found| found.is_some()),
        equals_cluster,
        problem,
    }
}
