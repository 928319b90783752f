//! Install: the steps in order, and one panel: the selected step's story, nodes, pods, events or logs.
//!
//! ```text
//! ┌ steps ────────────────────────┐      ┌ steps ───────┬ panel ────────┐
//! ├ [story] nodes pods … ─ EKS-07 ┤  or  └──────────────┴───────────────┘
//! └───────────────────────────────┘
//! ```

use landfall_core::{
    why::{Link, Running, why},
    wizard::{Panel, TaskState},
};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{View, list, panels, screen::Split, story, tasks, wrap};

/// Draws steps and panel.
pub fn draw(frame: &mut Frame, area: Rect, view: &View<'_>) {
    let install = &view.wizard.install;
    let steps = &install.tasks;
    let story_width = Split::story_width(area);
    let list_width = if Split::is_wide(area) { usize::from(area.width * 11 / 20) } else { usize::from(area.width) };
    let rows = tasks::rows(view, steps, list_width);
    let story = match steps.selected() {
        Some(row) => story::lines(view, steps, row, chains(view, story_width), story_width),
        None => Vec::new(),
    };
    let wanted = match install.panel {
        Panel::Story => story.len() + 1,
        panel => panels::wanted(panel, view) + 1,
    };
    let lines: usize = rows.iter().map(Vec::len).sum();
    let split = Split::of(area, if install.panel == Panel::Story { lines } else { lines.min(4) }, wanted);
    list::draw(frame, split.list, &rows, steps.at, view.theme);
    let code = steps.selected().map(|row| row.code.clone()).unwrap_or_default();
    split.draw_rule(frame, view, &code);
    let place = split.story.intersection(frame.area());
    if place.height == 0 {
        return;
    }
    let tabs = tabs(view, usize::from(place.width));
    let height = u16::try_from(tabs.len()).unwrap_or(1).min(place.height);
    frame.render_widget(Paragraph::new(tabs), Rect { height, ..place });
    let below = Rect { y: place.y + height, height: place.height - height, ..place };
    match install.panel {
        Panel::Story => tasks::whole(frame, below, story, view),
        panel => panels::draw(frame, below, view, panel, install.scroll),
    }
}

fn tabs(view: &View<'_>, width: usize) -> Vec<Line<'static>> {
    let snapshot = &view.wizard.snapshot;
    let count = |panel: Panel| match panel {
        Panel::Nodes if !snapshot.nodes.is_empty() => format!(" {}", snapshot.nodes.len()),
        Panel::Pods if !snapshot.pods.is_empty() => {
            let ready = snapshot.pods.iter().filter(|pod| pod.settled()).count();
            format!(" {ready}/{}", snapshot.pods.len())
        }
        _ => String::new(),
    };
    let spans: Vec<Span<'static>> = Panel::ALL
        .iter()
        .map(|panel| {
            let title = format!("{}{}", panel.title(), count(*panel));
            if *panel == view.wizard.install.panel {
                Span::styled(format!(" [{title}]"), view.theme.strong())
            } else {
                Span::styled(format!("  {title} "), view.theme.quiet())
            }
        })
        .collect();
    let link = match &snapshot.link {
        Link::Lost { .. } => Some(Span::styled("  ! reconnecting", view.theme.warn())),
        Link::Connecting => Some(Span::styled("  connecting", view.theme.quiet())),
        _ => None,
    };
    // What does not fit goes to the next line, whole.
    let mut lines: Vec<Line<'static>> = vec![Line::default()];
    for span in spans.into_iter().chain(link) {
        if lines.last().is_some_and(|line| line.width() > 0 && line.width() + span.width() > width) {
            lines.push(Line::default());
        }
        if let Some(line) = lines.last_mut() {
            line.push_span(span);
        }
    }
    lines
}

/// Why things wait: one causal line each.
fn chains(view: &View<'_>, width: usize) -> Vec<Line<'static>> {
    let rows = &view.wizard.install.tasks.rows;
    let running: Vec<Running<'_>> = rows
        .iter()
        .filter_map(|row| match &row.state {
            TaskState::Waiting { why, .. } => Some(Running { title: &row.title, since: row.since, why }),
            _ => None,
        })
        .collect();
    why(&view.wizard.snapshot, view.wizard.now, &running)
        .into_iter()
        .take(3)
        .flat_map(|chain| {
            wrap::labelled(
                "why",
                wrap::text(&chain.line(), width.saturating_sub(8)),
                view.theme.quiet(),
                view.theme.warn(),
            )
        })
        .collect()
}
