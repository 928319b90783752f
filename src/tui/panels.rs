//! Panels of what is watched: nodes, pods, events, logs. Only what is visible becomes text.
//!
//! ```text
//!   story  nodes 4  [pods 3/5]  events  logs   ! reconnecting, 12 s
//!    code   pod                 status      ready  again  age   node
//!  ▶ P-4F2K search-auth-…2xkqp  Pending     0/1    0      3m
//! ```

use jiff::Timestamp;
use landfall_core::{
    why::{Link, NodeRow, PodRow, Snapshot, code},
    wizard::{Panel, Panels},
};
use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::Paragraph,
};
use unicode_width::UnicodeWidthStr;

use super::{View, list, story, wrap};

/// The names of the panels, with counts; whether what they show is current; what is filtered.
pub fn tabs(view: &View<'_>, width: usize) -> Vec<Line<'static>> {
    let panels = &view.wizard.install.panels;
    let picture = panels.picture(&view.wizard.snapshot);
    let count = |panel: Panel| match panel {
        Panel::Nodes if !picture.nodes.is_empty() => format!(" {}", picture.nodes.len()),
        Panel::Pods if !picture.pods.is_empty() => {
            let ready = picture.pods.iter().filter(|pod| pod.settled()).count();
            format!(" {ready}/{}", picture.pods.len())
        }
        _ => String::new(),
    };
    let mut parts: Vec<Span<'static>> = Panel::ALL
        .iter()
        .map(|panel| {
            let title = format!("{}{}", panel.title(), count(*panel));
            if *panel == panels.shown {
                Span::styled(format!(" [{title}]"), view.theme.strong())
            } else {
                Span::styled(format!("  {title} "), view.theme.quiet())
            }
        })
        .collect();
    parts.extend(state(view, picture));
    if let Some(pod) = panels.pod.as_ref().filter(|_| panels.shown == Panel::Logs) {
        parts.push(Span::styled(format!("  only {} {pod}", code('P', pod)), view.theme.strong()));
    }
    // What does not fit goes to the next line, whole.
    let mut lines: Vec<Line<'static>> = vec![Line::default()];
    for part in parts {
        if lines.last().is_some_and(|line| line.width() > 0 && line.width() + part.width() > width) {
            lines.push(Line::default());
        }
        if let Some(line) = lines.last_mut() {
            line.push_span(part);
        }
    }
    lines.extend(filter(view, picture, width));
    lines
}

/// Whether the picture is current, where there is something to say about it.
fn state(view: &View<'_>, picture: &Snapshot) -> Option<Span<'static>> {
    let now = view.wizard.now;
    if let Some((since, _)) = &view.wizard.install.panels.held {
        return Some(Span::styled(format!("  held for {}", age(Some(*since), now)), view.theme.warn()));
    }
    match &picture.link {
        Link::Lost { since, .. } => {
            Some(Span::styled(format!("  ! reconnecting, {}", age(Some(*since), now)), view.theme.warn()))
        }
        Link::Connecting => Some(Span::styled("  connecting", view.theme.quiet())),
        Link::Live if picture.waits_for_namespace() => {
            Some(Span::styled("  waiting for the namespace", view.theme.quiet()))
        }
        Link::Live | Link::Off => None,
    }
}

fn filter(view: &View<'_>, picture: &Snapshot, width: usize) -> Vec<Line<'static>> {
    let panels = &view.wizard.install.panels;
    if panels.shown == Panel::Story {
        return Vec::new();
    }
    let found = format!("{} shown", panels.rows(panels.shown, picture));
    match &panels.typing {
        Some(line) => {
            let mut lines =
                story::typing_line(view, "filter", line, false, true, width.saturating_sub(found.width() + 2));
            if let Some(last) = lines.last_mut() {
                last.push_span(Span::styled(format!("  {found}"), view.theme.quiet()));
            }
            lines
        }
        None if panels.filter.is_empty() => Vec::new(),
        None => {
            let text = format!("filter {}: {found}", panels.filter);
            let lines = wrap::text(&text, width.saturating_sub(3)).into_iter();
            lines.map(|line| Line::styled(format!("   {line}"), view.theme.warn())).collect()
        }
    }
}

/// Draws the panel's rows; the newest log line stands at the bottom.
pub fn draw(frame: &mut Frame, area: Rect, view: &View<'_>) {
    let area = area.intersection(frame.area());
    let (wizard, theme) = (view.wizard, view.theme);
    let panels = &wizard.install.panels;
    let picture = panels.picture(&wizard.snapshot);
    let width = usize::from(area.width);
    let mut lines = troubles(view, picture, width);
    let all = panels.rows(panels.shown, picture);
    if all == 0 {
        lines.push(Line::styled(format!(" {}", empty(panels, picture)), theme.quiet()));
        frame.render_widget(Paragraph::new(lines), area);
        return;
    }
    if let Some(title) = title(panels.shown, width) {
        lines.push(Line::styled(title, theme.quiet()));
    }
    lines.truncate(usize::from(area.height).saturating_sub(1));
    let head = lines.len();
    let room = usize::from(area.height).saturating_sub(head);
    let (body, above, below) = match panels.shown {
        Panel::Logs => logs(view, picture, width, room),
        _ => rows(view, picture, width, room),
    };
    lines.extend(body);
    frame.render_widget(Paragraph::new(lines), area);
    let body = Rect { y: area.y + u16::try_from(head).unwrap_or(0), height: u16::try_from(room).unwrap_or(0), ..area };
    list::more(frame, body, above, below, theme);
}

/// What keeps the picture from being current or whole.
fn troubles(view: &View<'_>, picture: &Snapshot, width: usize) -> Vec<Line<'static>> {
    let mut texts = Vec::new();
    if let Link::Lost { why, .. } = &picture.link {
        texts.push(format!("the connection dropped, connecting again; this is what was last seen ({why})"));
    }
    let shown = view.wizard.install.panels.shown.title();
    texts.extend(
        picture
            .unreadable
            .iter()
            .filter(|(kind, _)| kind == shown)
            .map(|(kind, why)| format!("what the server says of {kind} cannot be read: {why}")),
    );
    texts
        .iter()
        .flat_map(|text| wrap::text(text, width.saturating_sub(2)))
        .map(|line| Line::styled(format!(" {line}"), view.theme.warn()))
        .collect()
}

fn empty(panels: &Panels, picture: &Snapshot) -> String {
    let kind = panels.shown.title();
    let place = if picture.namespace.is_empty() { "the cluster" } else { &picture.namespace };
    match &picture.link {
        _ if picture.denied.iter().any(|denied| denied == kind) => format!("nobody lets us look at {kind} here"),
        _ if picture.unreadable.iter().any(|(unreadable, _)| unreadable == kind) => String::new(),
        Link::Off | Link::Connecting => "nothing seen yet".to_owned(),
        _ if !panels.wanted().is_empty() => format!("no {kind} with {} in them", panels.wanted()),
        _ if picture.waits_for_namespace() && panels.shown != Panel::Nodes => {
            format!("waiting for the namespace {place}: it is not there yet")
        }
        _ if panels.shown == Panel::Logs && panels.pod.is_some() => "this pod has said nothing yet".to_owned(),
        _ if panels.shown == Panel::Nodes => "no nodes in the cluster".to_owned(),
        _ => format!("no {kind} in {place}"),
    }
}

/// Rows with a selection; whether there are more above and below.
fn rows(view: &View<'_>, picture: &Snapshot, width: usize, room: usize) -> (Vec<Line<'static>>, bool, bool) {
    let panels = &view.wizard.install.panels;
    let all = panels.rows(panels.shown, picture);
    let at = panels.at(picture);
    let now = view.wizard.now;
    if panels.shown == Panel::Events {
        return events(view, picture, width, room);
    }
    let first = at.saturating_sub(room / 2).min(all.saturating_sub(room));
    let style = |index: usize, style: Style| if first + index == at { view.theme.strong().patch(style) } else { style };
    let mark = |index: usize| list::mark(first + index == at);
    let lines = match panels.shown {
        Panel::Nodes => panels
            .nodes(picture)
            .skip(first)
            .take(room)
            .enumerate()
            .map(|(index, node)| {
                let plain = if node.ready { view.theme.plain() } else { view.theme.warn() };
                Line::styled(format!("{}{}", mark(index), self::node(node, now, width)), style(index, plain))
            })
            .collect(),
        Panel::Pods => panels
            .pods(picture)
            .skip(first)
            .take(room)
            .enumerate()
            .map(|(index, pod)| {
                let text = format!("{}{}", mark(index), self::pod(pod, now, width));
                Line::styled(text, style(index, pod_style(pod, view)))
            })
            .collect(),
        Panel::Story | Panel::Events | Panel::Logs => Vec::new(),
    };
    (lines, first > 0, first + room < all)
}

/// Events take as many lines as they need, unless lines run out to the right.
fn events(view: &View<'_>, picture: &Snapshot, width: usize, room: usize) -> (Vec<Line<'static>>, bool, bool) {
    let panels = &view.wizard.install.panels;
    let now = view.wizard.now;
    let at = panels.at(picture);
    let all = panels.rows(Panel::Events, picture);
    // The selected one is seen whole, with what came before it above.
    let first = at.saturating_sub(room / 3).min(all.saturating_sub(1));
    let mut lines: Vec<Line<'static>> = Vec::new();
    let mut shown = first;
    let mut selected_ends = 0;
    for (index, event) in panels.events(picture).enumerate().skip(first) {
        if lines.len() >= room && index > at {
            break;
        }
        let count = if event.count > 1 { format!(" ×{}", event.count) } else { String::new() };
        let text = format!(
            "{} {} {}: {}{count} {}",
            event.code(),
            age(event.at, now),
            event.about,
            event.reason,
            event.message
        );
        let plain = if event.warning { view.theme.warn() } else { view.theme.plain() };
        let style = if index == at { view.theme.strong().patch(plain) } else { plain };
        lines.extend(told(&text, list::mark(index == at), width, panels, style));
        if index == at {
            selected_ends = lines.len();
        }
        shown = index + 1;
    }
    let surplus = selected_ends.saturating_sub(room);
    let cut = lines.len() - surplus > room;
    let lines = lines.into_iter().skip(surplus).take(room).collect();
    (lines, first > 0 || surplus > 0, shown < all || cut)
}

/// From the end: the newest line stands at the bottom, whole.
fn logs(view: &View<'_>, picture: &Snapshot, width: usize, room: usize) -> (Vec<Line<'static>>, bool, bool) {
    let panels = &view.wizard.install.panels;
    let name = if width < 100 { 16 } else { 32 };
    let mut lines: Vec<Line<'static>> = Vec::new();
    let mut taken = 0;
    for log in panels.logs(picture).skip(panels.scroll) {
        if lines.len() >= room {
            break;
        }
        let text = match panels.pod {
            Some(_) => log.line.clone(),
            None => format!("{} {} {}", code('P', &log.pod), middle(&log.pod, name), log.line),
        };
        let mut these = told(&text, " ", width, panels, view.theme.plain());
        these.extend(lines);
        lines = these;
        taken += 1;
    }
    let surplus = lines.len().saturating_sub(room);
    let above = surplus > 0 || panels.scroll + taken < panels.rows(Panel::Logs, picture);
    (lines.into_iter().skip(surplus).collect(), above, panels.scroll > 0)
}

/// A text behind a mark: wrapped, or run out to the right.
fn told(text: &str, mark: &str, width: usize, panels: &Panels, style: Style) -> Vec<Line<'static>> {
    if panels.unwrapped {
        let shown: String =
            wrap::clean(text).chars().skip(panels.column).take(width.saturating_sub(mark.width() + 1)).collect();
        return vec![Line::styled(format!("{mark}{shown}"), style)];
    }
    let indent = " ".repeat(mark.width() + 2);
    wrap::text(text, width.saturating_sub(mark.width() + 3))
        .into_iter()
        .enumerate()
        .map(|(index, line)| Line::styled(format!("{}{line}", if index == 0 { mark } else { &indent }), style))
        .collect()
}

fn title(panel: Panel, width: usize) -> Option<String> {
    let cells = match panel {
        Panel::Nodes => ["node", "ready", "age", "type", "zone", "group"],
        Panel::Pods => ["pod", "status", "ready", "again", "age", "node"],
        Panel::Story | Panel::Events | Panel::Logs => return None,
    };
    let widths = if panel == Panel::Nodes { NODE } else { POD };
    Some(format!("{}{}", list::mark(false), columns("code", cells, widths, width)))
}

/// Widths after the first column, which takes what is left.
const NODE: [usize; 5] = [6, 5, 12, 11, 14];
const POD: [usize; 5] = [18, 6, 5, 5, 12];

fn node(node: &NodeRow, now: Timestamp, width: usize) -> String {
    let ready = match (node.ready, node.cordoned) {
        (true, false) => "yes",
        (true, true) => "cordon",
        (false, _) => "no",
    };
    let text = |part: &Option<std::sync::Arc<str>>| part.as_deref().unwrap_or("").to_owned();
    let cells = [
        node.name.clone(),
        ready.to_owned(),
        age(node.since, now),
        text(&node.instance_type),
        text(&node.zone),
        text(&node.node_group),
    ];
    columns(&node.code(), cells.each_ref().map(String::as_str), NODE, width)
}

fn pod(pod: &PodRow, now: Timestamp, width: usize) -> String {
    let ready = format!("{}/{}", pod.ready, pod.containers);
    let restarts = pod.restarts.to_string();
    let age = age(pod.since, now);
    let cells = [&*pod.name, &pod.status, &ready, &restarts, &age, pod.node.as_deref().unwrap_or("")];
    columns(&pod.code(), cells, POD, width)
}

fn pod_style(pod: &PodRow, view: &View<'_>) -> Style {
    match &*pod.status {
        _ if pod.settled() => view.theme.plain(),
        "Running" | "Pending" | "ContainerCreating" | "PodInitializing" => view.theme.warn(),
        _ => view.theme.fail(),
    }
}

/// A code and cells in columns; a name too long keeps both ends, which is what tells pods apart.
fn columns(code: &str, cells: [&str; 6], widths: [usize; 5], width: usize) -> String {
    let width = width.saturating_sub(3 + 7);
    let fixed: usize = widths.iter().sum::<usize>() + widths.len() + 1;
    // What does not fit beside the name is left out from the right; the name and the status stay.
    let (name, shown) = if width > fixed + 18 {
        (width - fixed, 5)
    } else {
        let four: usize = widths[..4].iter().sum::<usize>() + 5;
        (width.saturating_sub(four).max(12), 4)
    };
    let mut line = format!("{} {} ", wrap::pad(code, 6), wrap::pad(&middle(cells[0], name), name));
    for (cell, width) in cells[1..].iter().zip(widths).take(shown) {
        line.push_str(&wrap::pad(&middle(cell, width), width));
        line.push(' ');
    }
    line.trim_end().to_owned()
}

fn middle(text: &str, width: usize) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= width {
        return text.to_owned();
    }
    let keep = width.saturating_sub(1);
    let (front, back) = (keep / 2, keep - keep / 2);
    let start: String = letters[..front].iter().collect();
    let end: String = letters[letters.len() - back..].iter().collect();
    format!("{start}…{end}")
}

/// How long ago, in its largest unit.
fn age(since: Option<Timestamp>, now: Timestamp) -> String {
    let Some(since) = since else { return "-".into() };
    let seconds = now.duration_since(since).as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}
