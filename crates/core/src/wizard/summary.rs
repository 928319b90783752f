//! Summary: what was made, what the vendor's text had wrong, what expires, and what to know from now on.

use std::sync::Arc;

use super::{Action, Effect, SummaryShown, Wizard};

/// The last screen.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// What the driver tells.
    pub shown: Option<Arc<SummaryShown>>,
    /// Lines scrolled down.
    pub scroll: usize,
}

/// What stands for a folder that goes.
const GONE: &str = "(temporary)";

impl SummaryShown {
    /// The sentence about the vendor's text.
    pub fn errata_line(&self) -> Option<String> {
        let worse = self.errata.len().saturating_sub(self.failing);
        let times = |count: usize| if count == 1 { "once".to_owned() } else { format!("{count} times") };
        let places = |count: usize| if count == 1 { "1 place".to_owned() } else { format!("{count} places") };
        match (self.failing, worse) {
            (0, 0) => None,
            (0, worse) => Some(format!("{} of this guide were mended or warned of here.", places(worse))),
            (failing, 0) => Some(format!("As printed, this guide would have failed here {}.", times(failing))),
            (failing, worse) => Some(format!(
                "As printed, this guide would have failed here {}; {} more were mended or warned of.",
                times(failing),
                places(worse)
            )),
        }
    }

    /// The whole page as sections: a title and its lines.
    pub fn sections(&self) -> Vec<(String, Vec<String>)> {
        let mut sections = Vec::new();
        let mut add = |title: &str, lines: Vec<String>| {
            if !lines.is_empty() {
                sections.push((title.to_owned(), lines.iter().map(|line| self.lasting(line)).collect()));
            }
        };
        add("In short", self.errata_line().into_iter().collect());
        add("What stays", self.nothing_stays().into_iter().collect());
        add("Addresses", self.addresses());
        add("What was done", self.made.clone());
        add("Expires", self.expires.iter().map(|(at, what)| format!("{}  {what}", at.strftime("%Y-%m-%d"))).collect());
        add("Vouched for", self.vouched.clone());
        for (title, text) in &self.after {
            add(title, text.lines().map(str::to_owned).collect());
        }
        add("Kept", self.kept());
        // The longest comes last: it is for reading, not for doing.
        add(
            "What the vendor's text has wrong here",
            self.errata.iter().map(|(id, wrong, instead)| format!("{id}  {wrong} Instead: {instead}")).collect(),
        );
        sections
    }

    /// Every address, once.
    fn addresses(&self) -> Vec<String> {
        let first = |index: usize, url: &str| !self.urls[..index].iter().any(|(_, known)| known == url);
        let all = self.urls.iter().enumerate().filter(|(index, (_, url))| first(*index, url));
        all.map(|(_, (title, url))| format!("{title}: {url}")).collect()
    }

    /// What can be found again later: files, and the look-up of every call.
    fn kept(&self) -> Vec<String> {
        if self.temporary.is_some() {
            return Vec::new();
        }
        let kept = [("page", &self.markdown), ("calendar", &self.calendar), ("every call", &self.cloudtrail)];
        kept.into_iter().filter_map(|(name, what)| Some(format!("{name}: {}", what.as_ref()?))).collect()
    }

    /// The files that stay: the page, and what expires as a calendar.
    pub fn files(&self) -> Vec<&str> {
        let files = [&self.markdown, &self.calendar].into_iter().flatten().map(String::as_str);
        files.filter(|_| self.temporary.is_none()).collect()
    }

    /// That nothing stays, where it is so.
    pub fn nothing_stays(&self) -> Option<String> {
        self.temporary.as_ref().map(|_| {
            format!(
                "Nothing. This install and its files are in a temporary folder that is removed when Landfall ends: \
                 there is nothing to go on with, to verify or to undo afterwards. What is told for later is what an \
                 install that stays would have; {GONE} stands for the folder."
            )
        })
    }

    /// A text that names no file as if it stayed.
    pub fn lasting(&self, text: &str) -> String {
        match &self.temporary {
            Some(folder) => text.replace(folder.as_str(), GONE),
            None => text.to_owned(),
        }
    }

    /// The whole page as text.
    pub fn text(&self) -> String {
        let section = |(title, lines): (String, Vec<String>)| format!("{title}\n  {}", lines.join("\n  "));
        self.sections().into_iter().map(section).collect::<Vec<_>>().join("\n\n")
    }
}

impl Wizard {
    pub(super) fn summary_act(&mut self, action: Action) -> Vec<Effect> {
        let Some(shown) = self.summary.shown.clone() else { return Vec::new() };
        if action == Action::Copy {
            return vec![Effect::Copy(shown.text())];
        }
        let lines = shown.sections().iter().map(|(_, lines)| lines.len() + 2).sum();
        self.summary.scroll = super::guide::moved(self.summary.scroll, lines, action);
        Vec::new()
    }
}
