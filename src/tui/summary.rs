//! Summary: the last page, as sections; it scrolls.
//!
//! ```text
//!  Open
//!    Search: https://…
//!  The vendor's text
//!    As printed, this guide would have failed here 7 times.
//! ```

use ratatui::{Frame, layout::Rect, text::Line, widgets::Paragraph};

use super::{View, list, wrap};

/// Draws the page.
pub fn draw(frame: &mut Frame, area: Rect, view: &View<'_>) {
    let area = area.intersection(frame.area());
    let width = usize::from(area.width);
    let Some(shown) = &view.wizard.summary.shown else {
        frame.render_widget(Paragraph::new(" putting the summary together …"), area);
        return;
    };
    let mut lines: Vec<Line<'static>> = Vec::new();
    for (title, texts) in shown.sections() {
        lines.push(Line::styled(format!(" {}", wrap::clean(&title)), view.theme.strong()));
        for text in texts {
            let wrapped = wrap::text(&text, width.saturating_sub(6));
            lines.extend(
                wrapped
                    .into_iter()
                    .enumerate()
                    .map(|(index, line)| Line::raw(format!("{}{line}", if index == 0 { "   " } else { "     " }))),
            );
        }
    }
    let height = usize::from(area.height);
    let first = view.wizard.summary.scroll.min(lines.len().saturating_sub(height));
    let below = first + height < lines.len();
    frame.render_widget(Paragraph::new(lines.into_iter().skip(first).take(height).collect::<Vec<_>>()), area);
    list::more(frame, area, first > 0, below, view.theme);
}
