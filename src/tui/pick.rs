//! A field being answered: the table to choose from, the line or the cells being typed.
//!
//! ```text
//!      family     release     date
//!  ▶   AL2023     1.31.13     2026-11-05
//!    ✗ AL2        1.31.9      2025-11-15
//!        not this one: …
//! ```

use landfall_core::{
    event::Row,
    wizard::{Editing, Field, Fields},
};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::{View, list, story, wrap};

/// What a field is being answered with, and which of its rows is selected.
pub fn edit(
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
        // A values file has a screen of its own.
        Editing::Keys(_) => (Vec::new(), 0),
        Editing::Cells { rows, row, column } => {
            let done = rows.len().saturating_sub(1);
            let table = rows
                .iter()
                .enumerate()
                .map(|(index, cells)| {
                    let mut lines = vec![Line::styled(format!("   row {}", index + 1), view.theme.quiet())];
                    for (number, (cell, asked)) in cells.iter().zip(&field.asked.columns).enumerate() {
                        let here = index == *row && number == *column;
                        lines.extend(story::typing_line(view, &asked.label(), cell, false, here, width));
                        if here && !asked.help.is_empty() {
                            let help = wrap::text(&asked.help, width.saturating_sub(8));
                            lines.extend(
                                help.into_iter().map(|line| Line::styled(format!("     {line}"), view.theme.quiet())),
                            );
                        }
                    }
                    if index == done && index == *row && cells.iter().all(|cell| cell.text().is_empty()) {
                        let leave = "   nothing more: Enter, with this row left empty";
                        lines.push(Line::styled(leave, view.theme.quiet()));
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
