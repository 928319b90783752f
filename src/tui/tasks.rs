//! Checks and Verify: the list, and the selected row's story below it, or beside it where there is room.
//!
//! ```text
//! ┌ list ─────────────────────────┐      ┌ list ────────┬ story ────────┐
//! ├ story ────────────── AWS-04 ──┤  or  └──────────────┴───────────────┘
//! └───────────────────────────────┘
//! ```

use landfall_core::wizard::{TaskRow, Tasks};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};
use unicode_width::UnicodeWidthStr;

use super::{View, list, screen::Split, story, theme, wrap};

/// Draws list and story.
pub fn draw(frame: &mut Frame, area: Rect, view: &View<'_>, tasks: &Tasks) {
    let story = match tasks.selected() {
        Some(row) => story::lines(view, tasks, row, Vec::new(), Split::story_width(area)),
        None => Vec::new(),
    };
    let list_width = if Split::is_wide(area) { usize::from(area.width * 11 / 20) } else { usize::from(area.width) };
    let rows = rows(view, tasks, list_width);
    let split = Split::of(area, rows.iter().map(Vec::len).sum(), story.len());
    list::draw(frame, split.list, &rows, tasks.at, view.theme);
    let code = tasks.selected().map(|row| row.code.clone()).unwrap_or_default();
    split.draw_rule(frame, view, &code);
    whole(frame, split.story, story, view);
}

/// As much of a story as fits; where it does not, its last line says how to see it all.
pub fn whole(frame: &mut Frame, area: Rect, mut story: Vec<Line<'static>>, view: &View<'_>) {
    let area = area.intersection(frame.area());
    let height = usize::from(area.height);
    if height == 0 {
        return;
    }
    if story.len() > height {
        story.truncate(height.saturating_sub(1));
        story.push(Line::styled(" …     press e for all of it", view.theme.quiet()));
    }
    frame.render_widget(Paragraph::new(story), area);
}

/// Every row's lines.
pub fn rows(view: &View<'_>, tasks: &Tasks, width: usize) -> Vec<Vec<Line<'static>>> {
    let code = tasks.rows.iter().map(|row| row.code.width()).max().unwrap_or(0).clamp(6, 15);
    let longest = tasks.rows.iter().map(|row| row.title.width()).max().unwrap_or(0);
    let title = if width < 76 { 16 } else { longest.clamp(18, 26) };
    tasks
        .rows
        .iter()
        .enumerate()
        .map(|(index, row)| lines(view, tasks, row, index == tasks.at, (code, title, width)))
        .collect()
}

fn lines(
    view: &View<'_>,
    tasks: &Tasks,
    row: &TaskRow,
    selected: bool,
    (code, title, width): (usize, usize, usize),
) -> Vec<Line<'static>> {
    let fact = row.line(view.wizard.now, |path| tasks.row(path).map(|row| row.title.clone()));
    let fact = first_line(&fact);
    let before = 3 + code + 3 + title + 1;
    let titles = wrap::text(&row.title, title);
    let facts = wrap::text(&fact, width.saturating_sub(before + 1));
    let sign = row.sign();
    let style = if selected { view.theme.strong() } else { view.theme.plain() };
    (0..titles.len().max(facts.len()).max(1))
        .map(|index| {
            let part = |parts: &[String]| parts.get(index).cloned().unwrap_or_default();
            let first = index == 0;
            let codes = if first { wrap::pad(&row.code, code) } else { " ".repeat(code) };
            Line::from(vec![
                Span::styled(list::mark(selected && first), view.theme.strong()),
                Span::styled(format!("{codes} "), view.theme.quiet()),
                Span::styled(if first { theme::glyph(sign, view.spin) } else { " " }, view.theme.sign(sign)),
                Span::styled(format!(" {} ", wrap::pad(&part(&titles), title)), style),
                Span::styled(part(&facts), style),
            ])
        })
        .collect()
}

/// A list shows the first line; the story has all of it.
fn first_line(text: &str) -> String {
    match text.lines().next() {
        Some(line) => line.to_owned(),
        None => String::new(),
    }
}
