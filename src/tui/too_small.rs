//! A terminal too small to show anything whole says so instead.

use ratatui::{
    Frame,
    layout::Rect,
    widgets::{Paragraph, Wrap},
};

/// The smallest size that is drawn.
const SMALLEST: (u16, u16) = (60, 16);

/// Whether it is too small.
pub fn is(area: Rect) -> bool {
    area.width < SMALLEST.0 || area.height < SMALLEST.1
}

/// Says so; nothing stops meanwhile.
pub fn draw(frame: &mut Frame, area: Rect) {
    let (columns, rows) = SMALLEST;
    let text = format!(
        "This terminal is too small: {}x{}, needed {columns}x{rows}. Make it larger, or use --line. Nothing is lost.",
        area.width, area.height
    );
    frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }), area);
}
