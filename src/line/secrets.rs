//! Secrets: what is there is shown by length, what is missing is asked for, and where they are kept is chosen.

use landfall_core::{
    value::SecretRef,
    wizard::{Input, SecretField, SecretGroup, Wizard},
};

use super::{
    ask::{Offer, Prompt, Said},
    more::{menu, next},
    secret,
    talk::{Leave, Talk},
};

pub(super) fn enter(talk: &mut Talk) -> Result<(), Leave> {
    settle(talk)?;
    let wizard = talk.wizard();
    show(talk, &wizard)?;
    let open = wizard.secrets.open();
    let mut offers = Vec::new();
    match open.as_slice() {
        [] => offers.push(Offer::new("go", "All secrets are there: go on")),
        open => offers.push(Offer::new("open", format!("Enter what is missing: {}", open.join(", ")))),
    }
    offers.push(Offer::new("one", "Change one"));
    offers.push(Offer::new("store", "Keep them elsewhere"));
    for group in wizard.secrets.groups.iter().filter(|group| group.wanted && group.rows.is_some()) {
        offers.push(Offer::new(format!("add {}", group.id), format!("Add a row to {}", group.label)));
    }
    offers.push(Offer::new("again", "Compare with the cluster again"));
    match menu(talk, "Secrets", offers, Some(0))?.as_deref() {
        Some("go") => next(talk),
        Some("open") => missing(talk),
        Some("one") => one(talk, &wizard),
        Some("store") => store(talk, &wizard),
        Some("again") => talk.send(Input::Rerun(None)),
        Some(word) => match word.strip_prefix("add ") {
            Some(group) => talk.send(Input::AddRow(group.to_owned())),
            None => Ok(()),
        },
        None => Ok(()),
    }
}

/// Waits until the vault has said what it knows.
pub(super) fn settle(talk: &mut Talk) -> Result<(), Leave> {
    talk.wait("Asking the vault", |wizard| {
        !wizard.secrets.stores.is_empty() && !wizard.secrets.wanted_fields().any(|field| field.is_busy())
    })?;
    Ok(())
}

fn show(talk: &mut Talk, wizard: &Wizard) -> Result<(), Leave> {
    if let Some(store) = wizard.secrets.stores.iter().find(|store| store.chosen) {
        talk.para(&format!("kept in: {}, {}", store.label, store.about))?;
    }
    for group in wizard.secrets.groups.iter().filter(|group| group.wanted) {
        talk.para(&group.label)?;
        for erratum in &group.errata {
            talk.para(&format!("{}: {} Instead: {}", erratum.id, erratum.wrong, erratum.instead))?;
        }
        for field in &group.fields {
            let line = talk.wrapped(&format!("{}: {}", field.label, known(field, group)), "    ", "      ");
            talk.say(&line)?;
        }
    }
    Ok(())
}

/// What is known of a secret; never the secret.
pub(super) fn known(field: &SecretField, group: &SecretGroup) -> String {
    let mut parts = Vec::new();
    parts.push(match (field.shown_in_short(), field.length) {
        (Some(shown), _) => shown,
        (None, Some(length)) => format!("{length} characters"),
        (None, None) if group.joined.is_some() => "entered".into(),
        (None, None) if field.optional => "empty".into(),
        (None, None) => "missing".into(),
    });
    if field.stray_space {
        parts.push("with space or a newline at an end".into());
    }
    match field.equals_cluster {
        Some(true) => parts.push("equals the Secret in the cluster".into()),
        Some(false) => parts.push("differs from the Secret in the cluster".into()),
        None => {}
    }
    parts.extend(field.refusal.clone());
    parts.join(", ")
}

fn missing(talk: &mut Talk) -> Result<(), Leave> {
    let mut done: Vec<SecretRef> = Vec::new();
    loop {
        let wizard = talk.wizard();
        let groups = wizard.secrets.groups.iter().filter(|group| group.wanted && !group.settled());
        let mut open = groups.flat_map(|group| &group.fields).filter(|field| !field.settled());
        let Some(field) = open.find(|field| !done.contains(&field.reference)) else { return Ok(()) };
        done.push(field.reference.clone());
        if !secret::enter(talk, &field.reference)? {
            return Ok(());
        }
    }
}

fn one(talk: &mut Talk, wizard: &Wizard) -> Result<(), Leave> {
    let fields: Vec<(&SecretGroup, &SecretField)> = wizard
        .secrets
        .groups
        .iter()
        .filter(|group| group.wanted)
        .flat_map(|group| group.fields.iter().map(move |field| (group, field)))
        .collect();
    let offers = fields
        .iter()
        .map(|(group, field)| {
            Offer::new(&field.reference.0, format!("{}, {}: {}", group.label, field.label, known(field, group)))
        })
        .collect();
    let prompt = Prompt::Choose { title: "Which one".into(), offers, at: None, own: None };
    let Said::Chosen(index) = talk.ask(&prompt, &[])? else { return Ok(()) };
    match fields.get(index) {
        Some((_, field)) => secret::enter(talk, &field.reference).map(drop),
        None => Ok(()),
    }
}

fn store(talk: &mut Talk, wizard: &Wizard) -> Result<(), Leave> {
    let stores = &wizard.secrets.stores;
    let offers = stores
        .iter()
        .map(|store| {
            let why = store.unavailable.as_ref().map(|why| format!("; not now: {why}")).unwrap_or_default();
            Offer::new(&store.id, format!("{}: {}{why}", store.label, store.about))
        })
        .collect();
    let at = stores.iter().position(|store| store.chosen);
    let prompt = Prompt::Choose { title: "Where are secrets kept".into(), offers, at, own: None };
    let Said::Chosen(index) = talk.ask(&prompt, &[])? else { return Ok(()) };
    let Some(store) = stores.get(index).filter(|store| !store.chosen) else { return Ok(()) };
    if let Some(why) = &store.unavailable {
        return talk.para(&format!("{}: {why}", store.label));
    }
    let passphrase = if store.passphrase {
        match talk.ask(&Prompt::Secret { title: "Passphrase that opens it".into() }, &[])? {
            Said::Secret(passphrase) if !passphrase.is_empty() => Some(passphrase),
            _ => return Ok(()),
        }
    } else {
        None
    };
    talk.send(Input::ChooseStore { store: store.id.clone(), passphrase })?;
    let id = store.id.clone();
    talk.wait("Moving secrets there", |wizard| {
        wizard.over.is_some() || wizard.secrets.stores.iter().any(|store| store.id == id && store.chosen)
    })?;
    Ok(())
}
