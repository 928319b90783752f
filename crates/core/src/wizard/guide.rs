//! Guide: choose what to install, or go on with an unfinished install.

use super::{Action, Effect, GuideRow, InstallRow, Look, Wizard};
use crate::event::Problem;

/// The first screen.
#[derive(Clone, Debug, Default)]
pub struct Guides {
    /// Guides, once they were read.
    pub guides: Option<Vec<GuideRow>>,
    /// Unfinished installs, once they were read.
    pub installs: Option<Vec<InstallRow>>,
    /// Whether AWS credentials were found, once that is known.
    pub credentials: Option<bool>,
    /// The selected row, as in [`Guides::rows`].
    pub at: usize,
    /// The guide or install that is being opened.
    pub opening: Option<String>,
    /// Why it could not be opened.
    pub refused: Option<Problem>,
}

/// One row of the first screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// Go on with it.
    Install(&'a InstallRow),
    /// Begin it.
    Guide(&'a GuideRow),
    /// Rehearse it in a scenario, with simulated endpoints.
    Rehearse(&'a GuideRow, &'a str),
}

impl Guides {
    /// All rows in order: without credentials rehearsals first, else unfinished installs, guides, rehearsals.
    pub fn rows(&self) -> Vec<Entry<'_>> {
        let installs = self.installs.iter().flatten().map(Entry::Install);
        let guides = self.guides.iter().flatten().map(Entry::Guide);
        let rehearsals = self.guides.iter().flatten().filter(|guide| guide.broken.is_none()).filter_map(|guide| {
            // The smooth one first: others are chosen on the command line.
            let smooth = guide.scenarios.iter().find(|name| *name == "smooth").or(guide.scenarios.first())?;
            Some(Entry::Rehearse(guide, smooth))
        });
        if self.credentials == Some(false) {
            rehearsals.chain(installs).chain(guides).collect()
        } else {
            installs.chain(guides).chain(rehearsals).collect()
        }
    }
}

impl Guides {
    /// What the selected row is.
    pub(super) fn explanation(&self) -> Option<Vec<String>> {
        let mut lines = match self.rows().get(self.at)? {
            Entry::Install(install) => vec![
                format!("{}, install {}", install.title, install.id),
                install.target.clone(),
                format!("{}: {}", install.stage.title(), install.waits_for),
            ],
            Entry::Guide(guide) | Entry::Rehearse(guide, _) => {
                vec![guide.title.clone(), guide.about.clone(), guide.takes.clone(), format!("from {}", guide.from)]
            }
        };
        if let Some(problem) = &self.refused {
            lines.extend([problem.code.clone(), problem.what.clone(), problem.why.clone(), problem.fix.clone()]);
        }
        lines.retain(|line| !line.is_empty());
        Some(lines)
    }
}

impl Wizard {
    pub(super) fn guide_act(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Open | Action::Next => {
                let chosen = match self.guide.rows().get(self.guide.at) {
                    Some(Entry::Install(install)) => Look::Install(install.id.clone()),
                    Some(Entry::Guide(guide)) => match &guide.broken {
                        Some(problem) => {
                            self.guide.refused = Some(problem.clone());
                            return Vec::new();
                        }
                        None => Look::Guide(guide.id.clone()),
                    },
                    Some(Entry::Rehearse(guide, scenario)) => {
                        Look::Rehearse { guide: guide.id.clone(), scenario: (*scenario).to_owned() }
                    }
                    None => return Vec::new(),
                };
                self.choose(chosen)
            }
            Action::AgainAll => vec![Effect::Look(Look::Guides)],
            _ => {
                self.guide.at = moved(self.guide.at, self.guide.rows().len(), action);
                Vec::new()
            }
        }
    }

    /// Opens a guide, an install or a rehearsal.
    pub(super) fn choose(&mut self, chosen: Look) -> Vec<Effect> {
        self.guide.refused = None;
        self.guide.opening = Some(match &chosen {
            Look::Guide(id) | Look::Install(id) => id.clone(),
            Look::Rehearse { guide, .. } => format!("{guide}, rehearsal"),
            _ => return Vec::new(),
        });
        vec![Effect::Look(chosen)]
    }
}

/// Where a selection is after this action.
pub(super) fn moved(at: usize, rows: usize, action: Action) -> usize {
    let last = rows.saturating_sub(1);
    match action {
        Action::Up => at.saturating_sub(1),
        Action::Down => at + 1,
        Action::PageUp => at.saturating_sub(10),
        Action::PageDown => at + 10,
        Action::First => 0,
        Action::Last => last,
        _ => at,
    }
    .min(last)
}
