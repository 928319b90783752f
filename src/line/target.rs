//! Target: where it goes, and the proof that it goes there.

use landfall_core::wizard::{Input, Stage};

use super::{
    ask::Offer,
    field,
    more::{menu, next},
    talk::{Leave, Talk},
};
use crate::report::explained;

pub(super) fn confirm(talk: &mut Talk) -> Result<(), Leave> {
    talk.wait("Looking at the target", |wizard| !wizard.target.looking)?;
    let wizard = talk.wizard();
    let target = &wizard.target;
    if let Some(seen) = &target.seen {
        let session = seen.expires.map(|expires| format!("until {expires}")).unwrap_or_default();
        for (name, value) in [
            ("account", [&seen.account, &seen.profile].map(String::as_str).join(" ")),
            ("as", seen.identity.clone()),
            ("session", session),
            ("region", seen.region.clone()),
            ("cluster", seen.cluster.clone()),
            ("context", seen.context.clone()),
            ("namespace", seen.namespace.clone()),
            ("proof", seen.proof.clone().unwrap_or_default()),
        ] {
            if !value.trim().is_empty() {
                talk.para(&format!("{name}: {}", value.trim()))?;
            }
        }
    }
    let doubt = target.seen.as_ref().and_then(|seen| seen.doubt.as_ref());
    for problem in target.refused.iter().chain(doubt) {
        let text = explained(problem, talk.look);
        talk.say(&text)?;
    }
    let open = wizard.open();
    let mut offers = Vec::new();
    match &open {
        None => offers.push(Offer::new("go", "This is right: go on")),
        Some(why) => talk.para(why)?,
    }
    offers.extend(target.fields.wanted().map(|(_, field)| {
        let now = if field.answer.is_null() { "found by itself".to_owned() } else { field.text() };
        Offer::new(field.name.trim_start_matches("target."), format!("Change {}: {now}", field.label()))
    }));
    if target.field("target.context").and(target.field("target.cluster")).is_some() {
        let label = if target.build_kubeconfig {
            "Use a kubeconfig context after all"
        } else {
            "Build a kubeconfig from EKS instead of using a context"
        };
        offers.push(Offer::new("kubeconfig", label));
    }
    offers.push(Offer::new("again", "Look again"));
    let at = if open.is_none() { Some(0) } else { offers.len().checked_sub(1) };
    match menu(talk, "Is this where it goes", offers, at)?.as_deref() {
        None => Ok(()),
        Some("go") => {
            next(talk)?;
            if talk.wizard().stage == Stage::Target {
                return Ok(());
            }
            // Binding looks facts up, and brings the answers file's answers.
            let bound = talk.wait("Binding the install to its target", |wizard| {
                wizard.install_id.is_some() || wizard.over.is_some()
            })?;
            if !bound || talk.wizard().install_id.is_none() {
                talk.send(Input::Go(Stage::Target))?;
            }
            Ok(())
        }
        Some("again") => talk.send(Input::Rerun(None)),
        Some("kubeconfig") => talk.send(Input::BuildKubeconfig),
        Some(name) => field::answer(talk, &format!("target.{name}")).map(drop),
    }
}
