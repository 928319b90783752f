//! Guide: begin one, go on with an unfinished install, or rehearse.

use landfall_core::wizard::{Entry, Input, Stage};

use super::{
    ask::Offer,
    more::menu,
    talk::{Leave, Talk},
};
use crate::{driver::End, report::explained};

/// What a row does.
enum Does {
    Open(Input),
    Rehearse(End),
    Broken(String),
}

pub(super) fn choose(talk: &mut Talk) -> Result<(), Leave> {
    talk.wait("Opening it", |wizard| wizard.stage != Stage::Guide || wizard.guide.opening.is_none())?;
    talk.wait("Reading guides and unfinished installs", |wizard| {
        let guide = &wizard.guide;
        wizard.stage != Stage::Guide
            || guide.guides.is_some() && guide.installs.is_some() && guide.credentials.is_some()
    })?;
    let wizard = talk.wizard();
    if wizard.stage != Stage::Guide {
        return Ok(());
    }
    if let Some(problem) = &wizard.guide.refused {
        let text = explained(problem, talk.look);
        talk.say(&text)?;
    }
    if wizard.guide.credentials == Some(false) {
        talk.para("No AWS credentials were found, so rehearsals stand first: they need no account.")?;
    }
    let mut does = Vec::new();
    let mut offers = Vec::new();
    for entry in wizard.guide.rows() {
        let (offer, what) = match entry {
            Entry::Install(install) => {
                let held = install.held_by.as_ref().map(|who| format!(", held by {who}")).unwrap_or_default();
                let label = format!(
                    "Go on with {}, {}: {}, waits for {}{held}",
                    install.title,
                    install.target,
                    install.stage.title(),
                    install.waits_for
                );
                (Offer::new(&install.id, label), Does::Open(Input::ChooseInstall(install.id.clone())))
            }
            Entry::Guide(guide) => match &guide.broken {
                Some(problem) => {
                    (Offer::new(&guide.id, guide.title.clone()), Does::Broken(explained(problem, talk.look)))
                }
                None => {
                    let label = [guide.title.as_str(), &guide.about, &guide.takes];
                    let label: Vec<&str> = label.into_iter().filter(|part| !part.is_empty()).collect();
                    let offer = Offer::new(&guide.id, format!("Install {}", label.join(", ")));
                    (offer, Does::Open(Input::ChooseGuide(guide.id.clone())))
                }
            },
            Entry::Rehearse(guide, scenario) => {
                let offer = Offer::new(
                    format!("rehearse {}", guide.id),
                    format!("Rehearse {} ({scenario}): no account, nothing real is touched", guide.title),
                );
                let end = End::Rehearse { guide: guide.id.clone(), scenario: scenario.to_owned() };
                (offer, Does::Rehearse(end))
            }
        };
        offers.push(offer);
        does.push(what);
    }
    let words: Vec<String> = offers.iter().map(|offer| offer.word.clone()).collect();
    let at = (!offers.is_empty()).then_some(0);
    let Some(word) = menu(talk, "What shall it be", offers, at)? else { return Ok(()) };
    match words.iter().position(|known| *known == word).and_then(|index| does.into_iter().nth(index)) {
        Some(Does::Open(input)) => talk.send(input),
        Some(Does::Rehearse(end)) => Err(Leave::End(end)),
        Some(Does::Broken(why)) => talk.say(&why),
        None => Ok(()),
    }
}
