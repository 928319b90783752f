//! Install: the steps in order, and one panel: the selected step's story, nodes, pods, events or logs.
//!
//! ```text
//! ┌ steps ────────────────────────┐      ┌ steps ───────┬ story ────────┐
//! ├──────────────────── EKS-07 ───┤  or  └──────────────┴───────────────┘
//! │ why   …                       │
//! │ [story] nodes pods …          │
//! └───────────────────────────────┘
//! ```

use landfall_core::{
    why::{Running, why},
    wizard::{Ended, Panel, TaskState},
};
use ratatui::{Frame, layout::Rect, text::Line, widgets::Paragraph};

use super::{View, list, panels, screen::Split, story, tasks, wrap};

/// Draws steps and panel. Rows of what is watched get the whole width.
pub fn draw(frame: &mut Frame, area: Rect, view: &View<'_>) {
    let install = &view.wizard.install;
    let steps = &install.tasks;
    let told = install.panels.shown == Panel::Story;
    let beside = told && Split::is_wide(area);
    let story_width = if told { Split::story_width(area) } else { usize::from(area.width) };
    let list_width = if beside { usize::from(area.width * 11 / 20) } else { usize::from(area.width) };
    let rows = tasks::rows(view, steps, list_width);
    let causes = chains(view, story_width);
    let story = match steps.selected() {
        Some(row) if told => {
            let mut lines = done(view, story_width);
            lines.extend(story::lines(view, steps, row, causes.clone(), story_width));
            lines
        }
        _ => Vec::new(),
    };
    let lines: usize = rows.iter().map(Vec::len).sum();
    let asks = steps.selected().is_some_and(|row| matches!(row.state, TaskState::Asked(_)));
    let split = if told {
        // What has to be decided gets the room it needs.
        let list = if area.height < 14 { 1 } else { 3 };
        Split::of(area, if asks { lines.min(list) } else { lines }, story.len() + 1)
    } else {
        // On a small screen the rows matter more than the steps.
        let steps = if area.height < 14 { 1 } else { 4 };
        Split::stacked(area, lines.min(steps), usize::from(area.height).saturating_sub(lines.min(steps) + 1))
    };
    list::draw(frame, split.list, &rows, steps.at, view.theme);
    let code = steps.selected().map(|row| row.code.clone()).unwrap_or_default();
    split.draw_rule(frame, view, &code);
    let place = split.story.intersection(frame.area());
    if place.height == 0 {
        return;
    }
    let mut head = Vec::new();
    if !told {
        head.extend(done(view, story_width));
        head.extend(causes.into_iter().take(if area.height < 14 { 1 } else { 3 }));
    }
    head.extend(panels::tabs(view, usize::from(place.width)));
    let height = u16::try_from(head.len()).unwrap_or(1).min(place.height);
    frame.render_widget(Paragraph::new(head), Rect { height, ..place });
    let below = Rect { y: place.y + height, height: place.height - height, ..place };
    if told {
        tasks::whole(frame, below, story, view);
    } else {
        panels::draw(frame, below, view);
    }
}

/// When all is done, where it goes on.
fn done(view: &View<'_>, width: usize) -> Vec<Line<'static>> {
    if view.wizard.watching.is_some() || view.wizard.install.ended != Some(Ended::Done) {
        return Vec::new();
    }
    let text = "everything is installed: Enter or n goes on to Verify, which proves that it works";
    wrap::labelled("done", wrap::text(text, width.saturating_sub(8)), view.theme.quiet(), view.theme.pass())
}

/// Why things wait: one causal line each, with the code of what can be done about it.
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
            let code = chain.to_do().filter(|cause| !cause.code.is_empty()).map(|cause| format!(" ({})", cause.code));
            wrap::labelled(
                "why",
                wrap::text(&format!("{}{}", chain.line(), code.unwrap_or_default()), width.saturating_sub(8)),
                view.theme.quiet(),
                view.theme.warn(),
            )
        })
        .collect()
}
