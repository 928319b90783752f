//! Fields: what is asked, in groups; help, table or the line being typed below, or beside where there is room.
//!
//! ```text
//!  group
//!  ▶ ✓ label               answer
//!    ○ label
//! ─────────────────────────────────────── field ──
//!  help, errata, refusal; the table to choose from
//! ```

use landfall_core::{
    event::Row,
    wizard::{AnsweredBy, Editing, Field, Fields, Sign, Suggestions},
};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};
use unicode_width::UnicodeWidthStr;

use super::{View, guide::problem_lines, list, screen::Split, story, tasks, theme, wrap};

/// Draws fields and what belongs to the selected one.
pub fn draw(frame: &mut Frame, area: Rect, view: &View<'_>, fields: &Fields) {
    draw_with(frame, area, view, fields, &|_| Vec::new());
}

/// The same, with more lines below what belongs to the selected field.
pub fn draw_with(
    frame: &mut Frame,
    area: Rect,
    view: &View<'_>,
    fields: &Fields,
    rest: &dyn Fn(usize) -> Vec<Line<'static>>,
) {
    let wide = Split::is_wide(area) && fields.editing.is_none();
    let width = if wide { usize::from(area.width * 11 / 20) } else { usize::from(area.width) };
    let story_width = Split::story_width(area);
    let (rows, at) = rows(view, fields, width);
    let lines: usize = rows.iter().map(Vec::len).sum();
    let Some(field) = fields.selected() else {
        list::draw(frame, area, &rows, at, view.theme);
        return;
    };
    let above = about(view, field, story_width);
    match &fields.editing {
        None => {
            let mut below = above;
            below.extend(offers(view, field, story_width));
            below.extend(rest(story_width));
            let split = Split::of(area, lines, below.len());
            list::draw(frame, split.list, &rows, at, view.theme);
            split.draw_rule(frame, view, &field.label());
            tasks::whole(frame, split.story, below, view);
        }
        Some(editing) => {
            // Whoever chooses needs the table more than the list.
            let above = about(view, field, usize::from(area.width));
            let (table, selected) = edit(view, fields, field, editing, usize::from(area.width));
            let wanted = above.len() + table.iter().map(Vec::len).sum::<usize>();
            let split = Split::stacked(area, lines.min(3), wanted);
            list::draw(frame, split.list, &rows, at, view.theme);
            split.draw_rule(frame, view, &field.label());
            let story = split.story.intersection(frame.area());
            let room = table.iter().map(Vec::len).sum::<usize>().clamp(1, 6);
            let head = u16::try_from(above.len()).unwrap_or(u16::MAX);
            let head = head.min(story.height.saturating_sub(u16::try_from(room).unwrap_or(1)));
            tasks::whole(frame, Rect { height: head, ..story }, above, view);
            let bottom = Rect { y: story.y + head, height: story.height - head, ..story };
            list::draw(frame, bottom, &table, selected, view.theme);
        }
    }
}

/// Every wanted field's lines under its group's heading, and which of them is selected.
fn rows(view: &View<'_>, fields: &Fields, width: usize) -> (Vec<Vec<Line<'static>>>, usize) {
    let mut rows: Vec<Vec<Line<'static>>> = Vec::new();
    let mut at = 0;
    let mut group: Option<&str> = None;
    for (index, field) in fields.wanted() {
        let mut lines = Vec::new();
        if field.asked.group.as_deref() != group {
            group = field.asked.group.as_deref();
            lines.extend(group.map(|group| Line::styled(format!(" {group}"), view.theme.quiet())));
        }
        if index == fields.at {
            at = rows.len();
        }
        lines.extend(row(view, field, index == fields.at, width));
        rows.push(lines);
    }
    (rows, at)
}

fn row(view: &View<'_>, field: &Field, selected: bool, width: usize) -> Vec<Line<'static>> {
    let sign = if field.refusal.is_some() {
        Sign::Fail
    } else if !field.answer.is_null() {
        Sign::Pass
    } else if field.suggestions == Suggestions::Asked {
        Sign::Busy
    } else {
        Sign::Waits
    };
    let by = match field.by {
        AnsweredBy::Default => "  (default)",
        AnsweredBy::Suggestion if field.name.starts_with("target.") => "  (found)",
        AnsweredBy::Suggestion => "  (suggested)",
        _ => "",
    };
    let answer = match (&field.refusal, field.shown()) {
        (Some(refusal), shown) if shown.is_empty() => refusal.clone(),
        (_, shown) if shown.is_empty() && field.asked.optional => "(may stay empty)".into(),
        (_, shown) if shown.is_empty() => match &field.suggestions {
            Suggestions::After(missing) => format!("after: {missing}"),
            Suggestions::Asked => "looking up".into(),
            _ => String::new(),
        },
        (_, shown) => format!("{shown}{by}"),
    };
    let label = if width < 76 { 22 } else { 26 };
    let labels = wrap::text(&field.label(), label);
    let answers = wrap::text(&answer, width.saturating_sub(label + 7));
    let style = if selected { view.theme.strong() } else { view.theme.plain() };
    (0..labels.len().max(answers.len()).max(1))
        .map(|index| {
            let part = |parts: &[String]| parts.get(index).cloned().unwrap_or_default();
            Line::from(vec![
                Span::styled(list::mark(selected && index == 0), view.theme.strong()),
                Span::styled(if index == 0 { theme::glyph(sign, view.spin) } else { " " }, view.theme.sign(sign)),
                Span::styled(format!(" {} ", wrap::pad(&part(&labels), label)), style),
                Span::styled(part(&answers), style),
            ])
        })
        .collect()
}

/// Help, errata, refusal and lock of a field.
fn about(view: &View<'_>, field: &Field, width: usize) -> Vec<Line<'static>> {
    let theme = view.theme;
    let room = width.saturating_sub(8);
    let mut lines = wrap::labelled("help", wrap::text(&field.asked.help, room), theme.quiet(), theme.plain());
    for erratum in &field.errata {
        let text = format!("{} {} Instead: {}", erratum.id, erratum.wrong, erratum.instead);
        lines.extend(wrap::labelled("wrong", wrap::text(&text, room), theme.quiet(), theme.warn()));
    }
    for (label, text) in [("no", &field.refusal), ("fixed", &field.locked)] {
        let text = text.as_deref().unwrap_or_default();
        lines.extend(wrap::labelled(label, wrap::text(text, room), theme.quiet(), theme.fail()));
    }
    let from = field.from.as_deref().unwrap_or_default();
    lines.extend(wrap::labelled("from", wrap::text(from, room), theme.quiet(), theme.plain()));
    lines
}

/// The table of a field that is not being answered: its first rows, and why there is none.
fn offers(view: &View<'_>, field: &Field, width: usize) -> Vec<Line<'static>> {
    match &field.suggestions {
        Suggestions::Failed(problem) => {
            let mut lines = problem_lines(view, problem, width);
            lines.push(Line::styled("       typing is always possible", view.theme.quiet()));
            lines
        }
        Suggestions::Table(table) if !table.note.is_empty() => {
            let note = format!("{} to choose from ({})", table.rows.len(), table.note);
            wrap::labelled("table", wrap::text(&note, width.saturating_sub(8)), view.theme.quiet(), view.theme.quiet())
        }
        _ => Vec::new(),
    }
}

/// What a field is being answered with, and which of its rows is selected.
fn edit(
    view: &View<'_>,
    fields: &Fields,
    field: &Field,
    editing: &Editing,
    width: usize,
) -> (Vec<Vec<Line<'static>>>, usize) {
    match editing {
        Editing::Line(line) => (vec![story::typing_line(view, "answer", line, false, true, width)], 0),
        Editing::Pick { at, ticked, filter } => {
            let picks = fields.picks();
            let widths = widths(field, &picks, width);
            let mut table: Vec<Vec<Line<'static>>> = Vec::new();
            let mut head = Vec::new();
            if !filter.is_empty() {
                head.push(Line::styled(format!("   only with: {filter}"), view.theme.key()));
            }
            if !field.columns().is_empty() {
                head.extend(
                    columns(field.columns(), &widths)
                        .into_iter()
                        .map(|line| Line::styled(format!("     {line}"), view.theme.quiet())),
                );
            }
            table.push(head);
            let mut selected = 0;
            for (index, row) in &picks {
                if index == at {
                    selected = table.len();
                }
                let tick = if field.takes_several() { Some(ticked.contains(index)) } else { None };
                table.push(pick(view, row, index == at, tick, &widths, width));
            }
            if picks.is_empty() {
                table.push(vec![Line::styled("   nothing fits; Tab types an answer", view.theme.quiet())]);
            }
            (table, selected)
        }
        Editing::Cells { rows, row, column } => {
            let titles: Vec<String> = field.asked.columns.iter().map(|column| column.label()).collect();
            let table = rows
                .iter()
                .enumerate()
                .map(|(index, cells)| {
                    let mut lines = vec![Line::styled(format!("   row {}", index + 1), view.theme.quiet())];
                    for (number, (cell, title)) in cells.iter().zip(&titles).enumerate() {
                        lines.extend(story::typing_line(
                            view,
                            title,
                            cell,
                            false,
                            index == *row && number == *column,
                            width,
                        ));
                    }
                    lines
                })
                .collect();
            (table, *row)
        }
    }
}

fn pick(
    view: &View<'_>,
    row: &Row,
    selected: bool,
    tick: Option<bool>,
    widths: &[usize],
    width: usize,
) -> Vec<Line<'static>> {
    let style = match (&row.rejected, selected) {
        (Some(_), _) => view.theme.quiet(),
        (None, true) => view.theme.strong(),
        (None, false) => view.theme.plain(),
    };
    let box_ = match (tick, &row.rejected) {
        (_, Some(_)) => "✗ ",
        (Some(true), None) => "✓ ",
        (Some(false), None) => "○ ",
        (None, None) => "  ",
    };
    let mut lines: Vec<Line<'static>> = columns(&row.cells, widths)
        .into_iter()
        .enumerate()
        .map(|(index, text)| {
            Line::from(vec![
                Span::styled(list::mark(selected && index == 0), view.theme.strong()),
                Span::styled(if index == 0 { box_ } else { "  " }, style),
                Span::styled(text, style),
            ])
        })
        .collect();
    if let Some(why) = &row.rejected {
        let why = wrap::text(&format!("not this one: {why}"), width.saturating_sub(10));
        lines.extend(why.into_iter().map(|line| Line::styled(format!("       {line}"), view.theme.warn())));
    }
    lines
}

/// Cells beside each other, each wrapped in its own column.
fn columns(cells: &[String], widths: &[usize]) -> Vec<String> {
    let cells: Vec<Vec<String>> = cells.iter().zip(widths).map(|(cell, width)| wrap::text(cell, *width)).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(0).max(1);
    (0..height)
        .map(|index| {
            let line: String = cells
                .iter()
                .zip(widths)
                .map(|(cell, width)| format!("{} ", wrap::pad(cell.get(index).map_or("", String::as_str), *width)))
                .collect();
            line.trim_end().to_owned()
        })
        .collect()
}

/// Column widths: what they need, and the widest ones shrink until all fit.
fn widths(field: &Field, picks: &[(usize, Row)], width: usize) -> Vec<usize> {
    let columns = picks.iter().map(|(_, row)| row.cells.len()).max().unwrap_or(0);
    let mut widths: Vec<usize> = (0..columns)
        .map(|column| {
            let title = field.columns().get(column).map_or(0, |title| title.width());
            picks
                .iter()
                .filter_map(|(_, row)| row.cells.get(column))
                .map(|cell| cell.width())
                .max()
                .unwrap_or(0)
                .max(title)
                .max(1)
        })
        .collect();
    let room = width.saturating_sub(6 + columns);
    while widths.iter().sum::<usize>() > room {
        let Some(widest) = widths.iter_mut().max() else { break };
        if *widest <= 8 {
            break;
        }
        *widest -= 1;
    }
    widths
}
