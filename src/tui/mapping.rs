//! A vendor's values file: its keys, what becomes of each, and what may belong there.
//!
//! ```text
//!  ▶ ○ auth.host        nothing; perhaps {{ auth_host }}
//!    ✓ shield.host      {{ shield_host }} = shield.example.com
//!    ✓ shield.tag       stays "" (empty): the chart's own
//! ─────────────────────────────────────────── auth.host ──
//!  says  The host name people sign in at
//!  now   nothing, in line 14
//!  maybe {{ auth_host }} = auth.example.com
//!        both say auth host
//! ```

use landfall_core::{
    mapping::{Known, State, VendorKey, read_typed, sort_of, suggested, written},
    wizard::{Doing, Field, Keys, MapRow, Sign},
};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::{View, list, screen::Split, story, tasks, theme, wrap};

/// As many candidates are told as fit beside everything else.
const CANDIDATES: usize = 3;

/// Draws the table and what belongs to the selected key.
pub fn draw(frame: &mut Frame, area: Rect, view: &View<'_>, field: &Field, keys: &Keys) {
    let choosing = matches!(keys.doing, Some(Doing::Pointing(..) | Doing::Adding(..)));
    let wide = Split::is_wide(area) && !choosing;
    let width = if wide { usize::from(area.width * 11 / 20) } else { usize::from(area.width) };
    let story_width = if choosing { usize::from(area.width) } else { Split::story_width(area) };
    let mut rows: Vec<Vec<Line<'static>>> =
        field.mapped.iter().enumerate().map(|(index, key)| row(view, key, index == keys.at, width)).collect();
    if rows.is_empty() {
        let text = match field.vendor() {
            Some(_) => "nothing in this file has to be filled in; a sets a key all the same",
            None => "the file was not read; Esc, then r reads it again",
        };
        rows.push(vec![Line::styled(format!("   {text}"), view.theme.quiet())]);
    }
    let lines: usize = rows.iter().map(Vec::len).sum();
    let selected = field.mapped.get(keys.at);
    let title = selected.map_or_else(|| field.label(), |row| row.path.to_string());
    match &keys.doing {
        Some(Doing::Pointing(at, filter)) => {
            let table = view.wizard.pointed(filter).iter().map(pointed).collect();
            choose(frame, area, view, (rows.as_slice(), keys.at), table, *at, filter, &title);
        }
        Some(Doing::Adding(at, filter)) => {
            let table = view.wizard.addable(filter).iter().map(added).collect();
            choose(frame, area, view, (rows.as_slice(), keys.at), table, *at, filter, "further keys of the file");
        }
        doing => {
            let mut below = typed(view, doing.as_ref(), story_width);
            let refusal = keys.refusal.as_deref().unwrap_or_default();
            let refusal = wrap::text(refusal, story_width.saturating_sub(8));
            below.extend(wrap::labelled("no", refusal, view.theme.quiet(), view.theme.fail()));
            below.extend(selected.map(|row| about(view, row, story_width)).unwrap_or_default());
            let split = Split::of(area, lines, below.len());
            list::draw(frame, split.list, &rows, keys.at, view.theme);
            split.draw_rule(frame, view, &title);
            tasks::whole(frame, split.story, below, view);
        }
    }
}

fn row(view: &View<'_>, row: &MapRow, selected: bool, width: usize) -> Vec<Line<'static>> {
    let now = row.key.as_ref().map(VendorKey::shown).unwrap_or_default();
    let (sign, text) = match &row.state {
        State::Open => {
            let perhaps = suggested(&row.candidates).map(|best| format!("; perhaps {}", best.expression));
            (Sign::Waits, format!("{now}{}", perhaps.unwrap_or_default()))
        }
        State::Changed(_) => (Sign::Warn, format!("{now}; the vendor changed it since")),
        State::Dangling(name) => (Sign::Fail, format!("points to {name}, which has no value here")),
        State::Set(value) => {
            let said = written(value);
            (Sign::Pass, if said == row.becomes { said } else { format!("{said} = {}", row.becomes) })
        }
        State::Left(reason) => (Sign::Pass, format!("stays {now}: {reason}")),
    };
    let label = if width < 76 { 22 } else { 26 };
    let labels = wrap::text(&row.path.to_string(), label);
    let texts = wrap::text(&text, width.saturating_sub(label + 7));
    let style = if selected { view.theme.strong() } else { view.theme.plain() };
    (0..labels.len().max(texts.len()).max(1))
        .map(|index| {
            let part = |parts: &[String]| parts.get(index).cloned().unwrap_or_default();
            Line::from(vec![
                Span::styled(list::mark(selected && index == 0), view.theme.strong()),
                Span::styled(if index == 0 { theme::glyph(sign, view.spin) } else { " " }, view.theme.sign(sign)),
                Span::styled(format!(" {} ", wrap::pad(&part(&labels), label)), style),
                Span::styled(part(&texts), style),
            ])
        })
        .collect()
}

/// What the vendor says of a key, what stands there, and what may belong there.
fn about(view: &View<'_>, row: &MapRow, width: usize) -> Vec<Line<'static>> {
    let room = width.saturating_sub(8);
    let mut lines = Vec::new();
    let mut say = |label: &str, text: String| {
        lines.extend(wrap::labelled(label, wrap::text(&text, room), view.theme.quiet(), view.theme.plain()));
    };
    match &row.key {
        Some(key) => {
            say("says", key.comment.clone());
            say("now", format!("{}, in line {}", key.shown(), key.line));
        }
        None => say("now", "the vendor's file has no such key; it is added".into()),
    }
    if let State::Changed(seen) = &row.state {
        say("was", format!("{} {}", written(&seen.now), seen.says).trim().to_owned());
    }
    for candidate in row.candidates.iter().take(CANDIDATES) {
        say("maybe", format!("{} = {} ({})", candidate.expression, candidate.shown, candidate.why));
    }
    lines
}

/// The line being typed, and what it would mean.
fn typed(view: &View<'_>, doing: Option<&Doing>, width: usize) -> Vec<Line<'static>> {
    let (label, line) = match doing {
        Some(Doing::Typing(line)) => ("value", line),
        Some(Doing::Leaving(line)) => ("reason", line),
        Some(Doing::Naming(line)) => ("key", line),
        _ => return Vec::new(),
    };
    let mut lines = story::typing_line(view, label, line, false, true, width);
    let means = match (doing, read_typed(line.text())) {
        (Some(Doing::Typing(_)), _) if line.is_empty() => "YAML: text, 5432, true, [a, b]; or {{ name }} of an answer",
        (Some(Doing::Typing(_)), Ok(value)) => sort_of(&value),
        (Some(Doing::Naming(_)), _) => "such as auth.host or annotations[\"a.b/c\"]",
        _ => "",
    };
    if !means.is_empty() {
        lines.push(Line::styled(format!("          {means}"), view.theme.quiet()));
    }
    lines
}

fn pointed(known: &Known) -> [String; 3] {
    [known.expression.clone(), known.shown.clone(), known.label.clone()]
}

fn added(key: &VendorKey) -> [String; 3] {
    [key.path.to_string(), key.shown(), key.comment.clone()]
}

#[expect(clippy::too_many_arguments, reason = "a list, a table below it, and what both are called")]
fn choose(
    frame: &mut Frame,
    area: Rect,
    view: &View<'_>,
    (rows, selected): (&[Vec<Line<'static>>], usize),
    cells: Vec<[String; 3]>,
    at: usize,
    filter: &str,
    title: &str,
) {
    let width = usize::from(area.width);
    let mut table: Vec<Vec<Line<'static>>> = Vec::new();
    if !filter.is_empty() {
        table.push(vec![Line::styled(format!("   only with: {filter}"), view.theme.key())]);
    }
    let head = table.len();
    // What is chosen gets the most room, its value the next most; the rest is for whoever needs it.
    let first = cells.iter().map(|cells| cells[0].chars().count()).max().unwrap_or(8).clamp(8, width * 2 / 5);
    let second = (width.saturating_sub(first + 8)) / 2;
    let third = width.saturating_sub(first + second + 8);
    for (index, cells) in cells.iter().enumerate() {
        let style = if index == at { view.theme.strong() } else { view.theme.plain() };
        let columns: Vec<(Vec<String>, usize)> =
            cells.iter().zip([first, second, third]).map(|(cell, room)| (wrap::text(cell, room), room)).collect();
        let height = columns.iter().map(|(lines, _)| lines.len()).max().unwrap_or(0).max(1);
        table.push(
            (0..height)
                .map(|line| {
                    let text: Vec<String> = columns
                        .iter()
                        .map(|(lines, room)| wrap::pad(lines.get(line).map_or("", String::as_str), *room))
                        .collect();
                    Line::from(vec![
                        Span::styled(list::mark(index == at && line == 0), view.theme.strong()),
                        Span::styled(text.join("  ").trim_end().to_owned(), style),
                    ])
                })
                .collect(),
        );
    }
    if cells.is_empty() {
        table.push(vec![Line::styled("   nothing fits; Tab types it", view.theme.quiet())]);
    }
    let wanted = table.iter().map(Vec::len).sum();
    let split = Split::stacked(area, rows.iter().map(Vec::len).sum::<usize>().min(3), wanted);
    list::draw(frame, split.list, rows, selected, view.theme);
    split.draw_rule(frame, view, title);
    list::draw(frame, split.story, &table, at + head, view.theme);
}
