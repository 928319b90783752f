//! Footer: what can be pressed, from the same declaration that handles it; above it a line for the person.
//!
//! ```text
//! ────────────────────────────────────────────────────────────────────
//!  Enter next  Esc back  ↑↓ move  …
//! ```

use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::{View, wrap};

/// Keys, wrapped between keys.
pub fn lines(view: &View<'_>, width: usize) -> Vec<Line<'static>> {
    let theme = view.theme;
    let mut lines: Vec<Vec<Span<'static>>> = vec![Vec::new()];
    let mut used = 0;
    for (key, word) in view.wizard.keys().into_iter().filter_map(|binding| binding.footer) {
        let long = key.width() + 1 + word.width();
        let gap = if used == 0 { 1 } else { 2 };
        if used > 0 && used + gap + long > width {
            lines.push(Vec::new());
            used = 0;
        }
        let gap = if used == 0 { 1 } else { 2 };
        used += gap + long;
        if let Some(line) = lines.last_mut() {
            line.push(Span::raw(" ".repeat(gap)));
            line.push(Span::styled(key, theme.key()));
            line.push(Span::raw(format!(" {word}")));
        }
    }
    lines.into_iter().map(Line::from).collect()
}

/// A line for the person, until the next key.
pub fn notice(view: &View<'_>, width: usize) -> Vec<Line<'static>> {
    let notice = view.wizard.notice.as_deref().unwrap_or_default();
    wrap::text(notice, width.saturating_sub(2))
        .into_iter()
        .map(|line| Line::styled(format!(" {line}"), view.theme.warn()))
        .collect()
}
