//! Header: where are we, and how far?
//!
//! ```text
//!  REHEARSAL │ product │ account profile │ region │ cluster/namespace
//!  ✓✓✓✓ ● stage n/9, next stage │ progress                      elapsed
//! ────────────────────────────────────────────────────────────────────
//! ```

use landfall_core::why::Link;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::{View, wrap};

/// The header's lines, without the rule below them.
pub fn lines(view: &View<'_>, width: usize) -> Vec<Line<'static>> {
    let mut lines = place(view, width);
    lines.extend(progress(view, width));
    lines
}

fn place(view: &View<'_>, width: usize) -> Vec<Line<'static>> {
    let theme = view.theme;
    let mut lines: Vec<Vec<Span<'static>>> = vec![vec![Span::raw(" ")]];
    let mut used = 1;
    for (index, part) in view.wizard.header().into_iter().enumerate() {
        let part = wrap::clean(&part);
        // Too long for this line: the part goes to the next one, whole.
        if index > 0 && used + 3 + part.width() > width {
            lines.push(vec![Span::raw(" ")]);
            used = 1;
        } else if index > 0 {
            if let Some(line) = lines.last_mut() {
                line.push(Span::styled(" │ ", theme.quiet()));
            }
            used += 3;
        }
        used += part.width();
        let style = match (index, part.as_str()) {
            (0, "REHEARSAL") => theme.reverse(),
            (0 | 1, _) => theme.strong(),
            _ => theme.plain(),
        };
        if let Some(line) = lines.last_mut() {
            line.push(Span::styled(part, style));
        }
    }
    lines.into_iter().map(Line::from).collect()
}

/// The line of an install that is watched: which one, how far, and whether what is seen is current.
fn watching(view: &View<'_>, install: &str, width: usize) -> Vec<Line<'static>> {
    let theme = view.theme;
    let (link, style) = match &view.wizard.snapshot.link {
        _ if view.wizard.install.panels.held.is_some() => ("held", theme.warn()),
        Link::Lost { .. } => ("! reconnecting", theme.warn()),
        Link::Live => ("live", theme.pass()),
        Link::Off | Link::Connecting => ("connecting", theme.quiet()),
    };
    let here = format!("Status of {install}");
    let progress = wrap::clean(&view.wizard.progress());
    let room = width.saturating_sub(link.width() + 2);
    let mut spans = vec![Span::styled(" ● ", theme.busy()), Span::styled(here.clone(), theme.strong())];
    let mut used = here.width() + 3;
    let mut rest = Vec::new();
    for part in progress.split(" │ ") {
        if rest.is_empty() && used + 3 + part.width() <= room {
            spans.push(Span::raw(format!(" │ {part}")));
            used += 3 + part.width();
        } else {
            rest.push(part);
        }
    }
    spans.push(Span::raw(" ".repeat(width.saturating_sub(used + link.width() + 1))));
    spans.push(Span::styled(link, style));
    let mut lines = vec![Line::from(spans)];
    let rest = wrap::text(&rest.join(", "), width.saturating_sub(2));
    lines.extend(rest.into_iter().map(|line| Line::raw(format!(" {line}"))));
    lines
}

fn progress(view: &View<'_>, width: usize) -> Vec<Line<'static>> {
    if let Some(standing) = &view.wizard.watching {
        return watching(view, &standing.install, width);
    }
    let (wizard, theme) = (view.wizard, view.theme);
    let done = "✓".repeat(wizard.stage.number() - 1);
    let here = format!("{} {}/9", wizard.stage.title(), wizard.stage.number());
    let next = wizard.stage.next().map(|next| format!(", next {}", next.title())).unwrap_or_default();
    let progress = wrap::clean(&wizard.progress());
    let elapsed = if wizard.shows_elapsed() { wizard.elapsed() } else { String::new() };
    let gap = if done.is_empty() { "" } else { " " };
    let long = format!(" {done}{gap}● {here}{next} │ {progress}");
    // What comes next is the least important: it goes first.
    let room = width.saturating_sub(elapsed.width() + 2);
    let next = if long.width() <= room { next } else { String::new() };
    let rest = format!("{next} │ {progress}");
    let used = format!(" {done}{gap}● {here}{rest}").width();
    let mut spans = vec![
        Span::styled(format!(" {done}"), theme.pass()),
        Span::styled(format!("{gap}● "), theme.busy()),
        Span::styled(here, theme.strong()),
    ];
    if used <= room {
        spans.push(Span::raw(rest));
        spans.push(Span::raw(" ".repeat(width.saturating_sub(used + elapsed.width() + 1))));
        spans.push(Span::styled(elapsed, theme.quiet()));
        return vec![Line::from(spans)];
    }
    let used: usize = spans.iter().map(|span| span.content.width()).sum();
    spans.push(Span::raw(" ".repeat(width.saturating_sub(used + elapsed.width() + 1))));
    spans.push(Span::styled(elapsed, theme.quiet()));
    let mut lines = vec![Line::from(spans)];
    lines.extend(wrap::text(&progress, width.saturating_sub(2)).into_iter().map(|line| Line::raw(format!(" {line}"))));
    lines
}
