//! A list with a selection: rows of one or more lines, scrolled so that the selected one is seen.
//!
//! ```text
//!    row                                   ↑ when there is more above
//!  ▶ the selected row
//!    row                                   ↓ when there is more below
//! ```

use ratatui::{Frame, layout::Rect, text::Line, widgets::Paragraph};

use super::theme::Theme;

/// Draws rows; `at` is the selected one.
pub fn draw(frame: &mut Frame, area: Rect, rows: &[Vec<Line<'static>>], at: usize, theme: Theme) {
    let area = area.intersection(frame.area());
    let height = usize::from(area.height);
    if height == 0 || area.width < 2 {
        return;
    }
    let all: usize = rows.iter().map(Vec::len).sum();
    let first = first_line(rows, at, height);
    let lines: Vec<Line<'static>> = rows.iter().flatten().skip(first).take(height).cloned().collect();
    frame.render_widget(Paragraph::new(lines), area);
    more(frame, area, first > 0, first + height < all, theme);
}

/// The first visible line: the start of a row, with the selected row near the middle where there is more than fits.
fn first_line(rows: &[Vec<Line<'static>>], at: usize, height: usize) -> usize {
    let all: usize = rows.iter().map(Vec::len).sum();
    if all <= height {
        return 0;
    }
    let start: usize = rows.iter().take(at).map(Vec::len).sum();
    let end = start + rows.get(at).map_or(0, Vec::len);
    let wanted = ((start + end) / 2).saturating_sub(height / 2).min(all - height).min(start);
    let mut first = 0;
    for row in rows {
        if first >= wanted {
            break;
        }
        first += row.len();
    }
    first.min(start)
}

/// Arrows at the right edge where there is more.
pub fn more(frame: &mut Frame, area: Rect, above: bool, below: bool, theme: Theme) {
    let area = area.intersection(frame.area());
    if area.is_empty() {
        return;
    }
    let column = area.right() - 1;
    let mut arrow = |row: u16, symbol: &str| {
        if let Some(cell) = frame.buffer_mut().cell_mut((column, row)) {
            cell.set_symbol(symbol).set_style(theme.key());
        }
    };
    if above {
        arrow(area.top(), "↑");
    }
    if below {
        arrow(area.bottom() - 1, "↓");
    }
}

/// The mark in front of a row.
pub fn mark(selected: bool) -> &'static str {
    if selected { " ▶ " } else { "   " }
}
