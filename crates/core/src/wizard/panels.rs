//! Panels of what is watched: which one is shown, which row is selected, what is filtered. Install and `status --watch`
//! share them.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Action, Effect, Key, Line};
use crate::why::{EventRow, LogLine, NodeRow, PodRow, Snapshot, code};

/// What is shown below the list of steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Panel {
    /// The selected step's story.
    #[default]
    Story,
    /// Nodes.
    Nodes,
    /// Pods.
    Pods,
    /// Events.
    Events,
    /// Logs.
    Logs,
}

impl Panel {
    /// All, in order.
    pub const ALL: [Self; 5] = [Self::Story, Self::Nodes, Self::Pods, Self::Events, Self::Logs];

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Story => "story",
            Self::Nodes => "nodes",
            Self::Pods => "pods",
            Self::Events => "events",
            Self::Logs => "logs",
        }
    }
}

/// What a person sees of what is watched.
#[derive(Clone, Debug, Default)]
pub struct Panels {
    /// Which one is shown.
    pub shown: Panel,
    /// Name of the selected row; none where nobody has moved yet: the first one.
    pub selected: Option<String>,
    /// Where it was last seen, for when it is gone.
    at: usize,
    /// Log lines scrolled up from the newest.
    pub scroll: usize,
    /// Columns scrolled to the right, where lines are not wrapped.
    pub column: usize,
    /// Long lines run out of the screen instead of being wrapped.
    pub unwrapped: bool,
    /// Only rows with this text in them.
    pub filter: String,
    /// The filter while it is being typed.
    pub typing: Option<Line>,
    /// The pod whose log is shown alone.
    pub pod: Option<String>,
    /// The picture that is held still, and since when.
    pub held: Option<(Timestamp, Arc<Snapshot>)>,
    /// Log lines there had been in the last picture.
    logged: u64,
}

impl Panels {
    /// The picture that is shown: the newest one, or the one that is held.
    pub fn picture<'a>(&'a self, newest: &'a Arc<Snapshot>) -> &'a Arc<Snapshot> {
        self.held.as_ref().map_or(newest, |(_, held)| held)
    }

    /// Nodes that pass the filter.
    pub fn nodes<'a>(&'a self, picture: &'a Snapshot) -> impl Iterator<Item = &'a Arc<NodeRow>> {
        let some = |text: &'a Option<Arc<str>>| text.as_deref().unwrap_or_default();
        picture.nodes.iter().filter(move |node| {
            self.takes(
                || node.code(),
                &[&node.name, some(&node.instance_type), some(&node.zone), some(&node.node_group)],
            )
        })
    }

    /// Pods that pass the filter.
    pub fn pods<'a>(&'a self, picture: &'a Snapshot) -> impl Iterator<Item = &'a Arc<PodRow>> {
        picture.pods.iter().filter(move |pod| {
            self.takes(|| pod.code(), &[&pod.name, &pod.status, pod.node.as_deref().unwrap_or_default()])
        })
    }

    /// Events that pass the filter.
    pub fn events<'a>(&'a self, picture: &'a Snapshot) -> impl Iterator<Item = &'a Arc<EventRow>> {
        picture
            .events
            .iter()
            .filter(move |event| self.takes(|| event.code(), &[&event.about, &event.reason, &event.message]))
    }

    /// Log lines that pass the filter, newest first; of the chosen pod where one is.
    pub fn logs<'a>(&'a self, picture: &'a Snapshot) -> impl Iterator<Item = &'a Arc<LogLine>> {
        let own = picture.pod_log.as_ref().filter(|log| self.pod.as_deref() == Some(&*log.pod));
        let lines = own.map_or(&picture.logs, |log| &log.lines);
        lines
            .iter()
            .rev()
            .filter(move |line| self.pod.as_deref().is_none_or(|pod| pod == &*line.pod))
            .filter(move |line| self.takes(|| code('P', &line.pod), &[&line.pod, &line.line]))
    }

    /// How many rows pass the filter.
    pub fn rows(&self, panel: Panel, picture: &Snapshot) -> usize {
        let plain = self.wanted().is_empty();
        match panel {
            Panel::Story => 0,
            Panel::Nodes if plain => picture.nodes.len(),
            Panel::Pods if plain => picture.pods.len(),
            Panel::Events if plain => picture.events.len(),
            Panel::Nodes => self.nodes(picture).count(),
            Panel::Pods => self.pods(picture).count(),
            Panel::Events => self.events(picture).count(),
            Panel::Logs => self.logs(picture).count(),
        }
    }

    /// Where the selected row is among those shown.
    pub fn at(&self, picture: &Snapshot) -> usize {
        let Some(selected) = &self.selected else { return 0 };
        let found = match self.shown {
            Panel::Nodes => self.nodes(picture).position(|node| node.name == *selected),
            Panel::Pods => self.pods(picture).position(|pod| pod.name == *selected),
            Panel::Events => self.events(picture).position(|event| event.name == *selected),
            Panel::Story | Panel::Logs => None,
        };
        found.unwrap_or_else(|| self.at.min(self.rows(self.shown, picture).saturating_sub(1)))
    }

    /// The filter, as far as it is typed.
    pub fn wanted(&self) -> &str {
        self.typing.as_ref().map_or(&self.filter, Line::text)
    }

    fn takes(&self, code: impl Fn() -> String, texts: &[&str]) -> bool {
        let wanted = self.wanted();
        if wanted.is_empty() {
            return true;
        }
        let wanted = wanted.to_lowercase();
        texts.iter().any(|text| text.to_lowercase().contains(&wanted)) || code().to_lowercase().contains(&wanted)
    }

    /// A new picture came: the selection stays on its row, and what was scrolled to stays in sight.
    pub(super) fn seen(&mut self, picture: &Snapshot) {
        if self.held.is_some() {
            return;
        }
        let own = picture.pod_log.as_ref().filter(|log| self.pod.as_deref() == Some(&*log.pod));
        let logged = own.map_or(picture.logged, |log| log.logged);
        if self.shown == Panel::Logs && self.scroll > 0 {
            let new = usize::try_from(logged.saturating_sub(self.logged)).unwrap_or(usize::MAX);
            let lines = own.map_or(&picture.logs, |log| &log.lines);
            let new = lines
                .iter()
                .rev()
                .take(new)
                .filter(|line| self.pod.as_deref().is_none_or(|pod| pod == &*line.pod))
                .filter(|line| self.takes(|| code('P', &line.pod), &[&line.pod, &line.line]))
                .count();
            self.scroll = (self.scroll + new).min(self.rows(Panel::Logs, picture).saturating_sub(1));
        }
        self.logged = logged;
        if self.selected.is_some() {
            let at = self.at(picture);
            self.at = at;
            self.selected = self.name(at, picture);
        }
    }

    fn name(&self, at: usize, picture: &Snapshot) -> Option<String> {
        match self.shown {
            Panel::Nodes => self.nodes(picture).nth(at).map(|node| node.name.clone()),
            Panel::Pods => self.pods(picture).nth(at).map(|pod| pod.name.clone()),
            Panel::Events => self.events(picture).nth(at).map(|event| event.name.clone()),
            Panel::Story | Panel::Logs => None,
        }
    }

    /// A key while the filter is being typed.
    pub(super) fn text(&mut self, key: &Key) {
        if let Some(line) = &mut self.typing {
            line.press(key);
            (self.scroll, self.column) = (0, 0);
        }
    }

    /// Shows a panel, from its beginning.
    pub(super) fn show(&mut self, panel: Panel) {
        if self.shown != panel {
            self.selected = None;
        }
        (self.shown, self.scroll, self.column, self.at) = (panel, 0, 0, 0);
    }

    /// What a key does here; none where it is not for the panels.
    pub(super) fn act(&mut self, action: Action, newest: &Arc<Snapshot>, now: Timestamp) -> Option<Vec<Effect>> {
        let order = Panel::ALL.iter().position(|panel| *panel == self.shown).unwrap_or(0);
        let last = Panel::ALL.len() - 1;
        match action {
            Action::Panel(panel) => self.show(panel),
            Action::TabOn => self.show(Panel::ALL[if order == last { 0 } else { order + 1 }]),
            Action::TabBack => self.show(Panel::ALL[if order == 0 { last } else { order - 1 }]),
            _ if self.shown == Panel::Story => return None,
            Action::Filter => self.typing = Some(Line::of(&self.filter)),
            Action::Accept => self.filter = self.typing.take().map_or_else(String::new, |line| line.text().to_owned()),
            Action::Cancel => (self.typing, self.filter) = (None, String::new()),
            Action::Wrap => (self.unwrapped, self.column) = (!self.unwrapped, 0),
            Action::Right => self.column = (self.column + 20).min(1_000),
            Action::Left => self.column = self.column.saturating_sub(20),
            Action::Hold => {
                self.held = if self.held.is_some() { None } else { Some((now, newest.clone())) };
                self.seen(newest);
            }
            Action::Log => return Some(self.log(newest)),
            Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::First | Action::Last => {
                self.go(action, newest);
            }
            _ => return None,
        }
        Some(Vec::new())
    }

    fn go(&mut self, action: Action, newest: &Arc<Snapshot>) {
        let picture = self.picture(newest).clone();
        let rows = self.rows(self.shown, &picture);
        if self.shown == Panel::Logs {
            // The newest line is the last one: up is further from it.
            let from_top = rows.saturating_sub(1).saturating_sub(self.scroll);
            let there = super::guide::moved(from_top, rows, action);
            self.scroll = rows.saturating_sub(1).saturating_sub(there);
            return;
        }
        self.at = super::guide::moved(self.at(&picture), rows, action);
        self.selected = self.name(self.at, &picture);
    }

    /// The log of the selected pod alone; in Logs, all pods again.
    fn log(&mut self, newest: &Arc<Snapshot>) -> Vec<Effect> {
        let picture = self.picture(newest).clone();
        let pod = match self.shown {
            Panel::Pods => self.pods(&picture).nth(self.at(&picture)).map(|pod| pod.name.clone()),
            Panel::Events => self
                .events(&picture)
                .nth(self.at(&picture))
                .and_then(|event| event.about.strip_prefix("Pod/").map(str::to_owned)),
            _ => None,
        };
        if pod.is_none() && self.shown != Panel::Logs {
            return Vec::new();
        }
        self.pod.clone_from(&pod);
        self.filter.clear();
        self.show(Panel::Logs);
        self.held = None;
        vec![Effect::Follow(pod)]
    }
}
