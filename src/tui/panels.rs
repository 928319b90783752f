//! Panels of what is watched: nodes, pods, events, logs. Only what is visible becomes text.
//!
//! ```text
//!  name                 status      ready  restarts  age   node
//! ```

use jiff::Timestamp;
use landfall_core::{
    why::{Link, NodeRow, PodRow, Snapshot},
    wizard::Panel,
};
use ratatui::{Frame, layout::Rect, style::Style, text::Line, widgets::Paragraph};

use super::{View, list, wrap};

/// How many lines a panel would like.
pub fn wanted(panel: Panel, view: &View<'_>) -> usize {
    rows(panel, &view.wizard.snapshot).max(3) + 1
}

fn rows(panel: Panel, snapshot: &Snapshot) -> usize {
    match panel {
        Panel::Story => 0,
        Panel::Nodes => snapshot.nodes.len(),
        Panel::Pods => snapshot.pods.len(),
        Panel::Events => snapshot.events.len(),
        Panel::Logs => snapshot.logs.len(),
    }
}

/// Draws a panel; logs are scrolled from their end.
pub fn draw(frame: &mut Frame, area: Rect, view: &View<'_>, panel: Panel, scroll: usize) {
    let area = area.intersection(frame.area());
    let snapshot = &view.wizard.snapshot;
    let width = usize::from(area.width);
    let mut lines: Vec<Line<'static>> = Vec::new();
    if let Link::Lost { why, .. } = &snapshot.link {
        let text = format!("the connection dropped, connecting again; this is what was last seen ({why})");
        lines.extend(
            wrap::text(&text, width.saturating_sub(2))
                .into_iter()
                .map(|line| Line::styled(format!(" {line}"), view.theme.warn())),
        );
    }
    let all = rows(panel, snapshot);
    if all == 0 {
        let text = match (&snapshot.link, panel) {
            (_, panel) if snapshot.denied.iter().any(|kind| kind == panel.title()) => {
                format!(" nobody lets us look at {} here", panel.title())
            }
            (Link::Off | Link::Connecting, _) => " nothing seen yet".to_owned(),
            (_, panel) => format!(
                " no {} in {}",
                panel.title(),
                if snapshot.namespace.is_empty() { "the cluster" } else { &snapshot.namespace }
            ),
        };
        lines.push(Line::styled(text, view.theme.quiet()));
        frame.render_widget(Paragraph::new(lines), area);
        return;
    }
    if matches!(panel, Panel::Nodes | Panel::Pods) {
        lines.push(Line::styled(title(panel, width), view.theme.quiet()));
    }
    let head = lines.len();
    let room = usize::from(area.height).saturating_sub(head);
    let last = all.saturating_sub(room.max(1));
    let first = if panel == Panel::Logs { last.saturating_sub(scroll) } else { scroll.min(last) };
    let now = view.wizard.now;
    match panel {
        Panel::Nodes => lines.extend(snapshot.nodes.iter().skip(first).take(room).map(|node| {
            let style = if node.ready { view.theme.plain() } else { view.theme.warn() };
            Line::styled(self::node(node, now, width), style)
        })),
        Panel::Pods => lines.extend(
            snapshot
                .pods
                .iter()
                .skip(first)
                .take(room)
                .map(|pod| Line::styled(self::pod(pod, now, width), pod_style(pod, view))),
        ),
        Panel::Events => {
            let texts = snapshot.events.iter().skip(first).take(room).flat_map(|event| {
                let count = if event.count > 1 { format!(" ×{}", event.count) } else { String::new() };
                let text = format!("{} {}: {}{count} {}", age(event.at, now), event.about, event.reason, event.message);
                let style = if event.warning { view.theme.warn() } else { view.theme.plain() };
                wrapped(&text, width, style)
            });
            lines.extend(texts.take(room));
        }
        Panel::Logs => {
            // From the end: the newest line stands at the bottom, whole.
            let mut texts: Vec<Line<'static>> = Vec::new();
            for log in snapshot.logs.iter().rev().skip(scroll).take(room) {
                let mut these = wrapped(&format!("{} {}", log.pod, log.line), width, view.theme.plain());
                these.extend(texts);
                texts = these;
                if texts.len() >= room {
                    break;
                }
            }
            let surplus = texts.len().saturating_sub(room);
            lines.extend(texts.into_iter().skip(surplus));
        }
        Panel::Story => {}
    }
    frame.render_widget(Paragraph::new(lines), area);
    let body = Rect { y: area.y + u16::try_from(head).unwrap_or(0), height: u16::try_from(room).unwrap_or(0), ..area };
    list::more(frame, body, first > 0, first + room < all, view.theme);
}

fn wrapped(text: &str, width: usize, style: Style) -> Vec<Line<'static>> {
    wrap::text(text, width.saturating_sub(4))
        .into_iter()
        .enumerate()
        .map(|(index, line)| Line::styled(format!("{}{line}", if index == 0 { " " } else { "   " }), style))
        .collect()
}

fn title(panel: Panel, width: usize) -> String {
    match panel {
        Panel::Nodes => columns(["node", "ready", "age", "type", "zone", "group"], NODE, width),
        _ => columns(["pod", "status", "ready", "again", "age", "node"], POD, width),
    }
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
    columns(cells.each_ref().map(String::as_str), NODE, width)
}

fn pod(pod: &PodRow, now: Timestamp, width: usize) -> String {
    let ready = format!("{}/{}", pod.ready, pod.containers);
    let restarts = pod.restarts.to_string();
    let age = age(pod.since, now);
    columns([&pod.name, &pod.status, &ready, &restarts, &age, pod.node.as_deref().unwrap_or("")], POD, width)
}

fn pod_style(pod: &PodRow, view: &View<'_>) -> Style {
    match &*pod.status {
        _ if pod.settled() => view.theme.plain(),
        "Running" | "Pending" | "ContainerCreating" | "PodInitializing" => view.theme.warn(),
        _ => view.theme.fail(),
    }
}

/// Cells in columns; a name too long keeps both ends, which is what tells pods apart.
fn columns(cells: [&str; 6], widths: [usize; 5], width: usize) -> String {
    let fixed: usize = widths.iter().sum::<usize>() + widths.len() + 2;
    // What does not fit beside the name is left out from the right; the name and the status stay.
    let (name, shown) = if width > fixed + 20 {
        (width - fixed, 5)
    } else {
        let four: usize = widths[..4].iter().sum::<usize>() + 6;
        (width.saturating_sub(four).max(12), 4)
    };
    let mut line = format!(" {} ", wrap::pad(&middle(cells[0], name), name));
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
