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
                sections.push((title.to_owned(), lines));
            }
        };
        add("In short", self.errata_line().into_iter().collect());
        add("Open", self.urls.iter().map(|(title, url)| format!("{title}: {url}")).collect());
        add("Made", self.made.clone());
        add(
            "The vendor's text",
            self.errata.iter().map(|(id, wrong, instead)| format!("{id}  {wrong} Instead: {instead}")).collect(),
        );
        add("Expires", self.expires.iter().map(|(at, what)| format!("{}  {what}", at.strftime("%Y-%m-%d"))).collect());
        add("Vouched for", self.vouched.clone());
        for (title, text) in &self.after {
            add(title, text.lines().map(str::to_owned).collect());
        }
        let files = [("page", &self.markdown), ("calendar", &self.calendar), ("every call", &self.cloudtrail)];
        add("Kept", files.into_iter().filter_map(|(name, file)| Some(format!("{name}: {}", file.as_ref()?))).collect());
        sections
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
