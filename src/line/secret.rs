//! One secret: typed without echo, taken from somewhere, made up, trimmed, or removed.

use landfall_core::{
    value::SecretRef,
    wizard::{Input, Origin, SecretField, SecretGroup, Source, Wizard},
};

use super::{
    ask::{Offer, Prompt, Said},
    secrets::{known, settle},
    talk::{Leave, Talk},
};

fn find<'a>(wizard: &'a Wizard, reference: &SecretRef) -> Option<(&'a SecretGroup, &'a SecretField)> {
    let groups = wizard.secrets.groups.iter();
    groups
        .flat_map(|group| group.fields.iter().map(move |field| (group, field)))
        .find(|(_, field)| field.reference == *reference)
}

/// Asks until the secret is taken; false where the person went back.
pub(super) fn enter(talk: &mut Talk, reference: &SecretRef) -> Result<bool, Leave> {
    loop {
        let wizard = talk.wizard();
        let Some((group, field)) = find(&wizard, reference) else { return Ok(true) };
        let title = format!("{}, {}", group.label, field.label);
        match how(talk, group, field, &title)? {
            How::Back => return Ok(false),
            How::Send(input) => talk.send(input)?,
        }
        settle(talk)?;
        let wizard = talk.wizard();
        let Some((group, field)) = find(&wizard, reference) else { return Ok(true) };
        talk.para(&format!("{title}: {}", known(field, group)))?;
        if field.refusal.is_some() {
            continue;
        }
        if field.stray_space {
            let prompt = Prompt::Confirm { title: "Remove the space or newline at its ends".into(), given: true };
            if let Said::Yes(true) = talk.ask(&prompt, &[])? {
                talk.send(Input::Trim(reference.clone()))?;
                talk.wait("Asking the vault", |wizard| {
                    wizard.over.is_some() || find(wizard, reference).is_none_or(|(_, field)| !field.stray_space)
                })?;
            }
        }
        return Ok(true);
    }
}

enum How {
    Send(Input),
    Back,
}

fn how(talk: &mut Talk, group: &SecretGroup, field: &SecretField, title: &str) -> Result<How, Leave> {
    let sources = field.sources();
    let mut offers: Vec<Offer> = sources.iter().map(|source| Offer::new(word(*source), source.title())).collect();
    if field.length.is_some() {
        offers.push(Offer::new("remove", "remove it"));
    }
    // What can be made up or is there already is the better way.
    let better = [Source::Existing, Source::Generate];
    let at = better.iter().find_map(|better| sources.iter().position(|source| source == better)).unwrap_or(0);
    let prompt = Prompt::Choose { title: format!("{title}: where from"), offers, at: Some(at), own: None };
    let mut help = vec![group.help.clone()];
    help.extend(group.kubernetes.as_ref().map(|name| format!("It becomes the Kubernetes Secret {name}.")));
    help.extend(group.from.as_ref().map(|from| format!("From the vendor's guide: {from}")));
    help.retain(|line| !line.is_empty());
    let Said::Chosen(index) = talk.ask(&prompt, &help)? else { return Ok(How::Back) };
    let reference = field.reference.clone();
    let Some(source) = sources.get(index) else { return Ok(How::Send(Input::Forget(reference))) };
    let from = match source {
        Source::Type => {
            return Ok(match talk.ask(&Prompt::Secret { title: title.to_owned() }, &help)? {
                Said::Secret(secret) => How::Send(Input::SetSecret { reference, secret }),
                _ => How::Back,
            });
        }
        Source::Generate => field.generate.map(Origin::Generated),
        Source::Existing => group.kubernetes.clone().map(|secret| Origin::Existing { secret, key: field.key.clone() }),
        named => {
            let prompt = Prompt::Text { title: named.asks().to_owned(), given: String::new() };
            let Said::Text(name) = talk.ask(&prompt, &help)? else { return Ok(How::Back) };
            let name = name.trim().to_owned();
            Some(match named {
                Source::File => Origin::File(name),
                Source::Environment => Origin::Environment(name),
                Source::Command => Origin::Command(name),
                _ => Origin::SecretsManager(name),
            })
        }
    };
    Ok(from.map_or(How::Back, |from| How::Send(Input::TakeSecret { reference, from })))
}

fn word(source: Source) -> &'static str {
    match source {
        Source::Type => "type",
        Source::File => "file",
        Source::Environment => "environment",
        Source::Command => "command",
        Source::SecretsManager => "aws",
        Source::Generate => "generate",
        Source::Existing => "existing",
    }
}
