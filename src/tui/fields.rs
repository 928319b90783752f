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
    guide::InputType,
    wizard::{AnsweredBy, Field, Fields, Sign, Suggestions},
};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::{View, guide::problem_lines, list, pick, screen::Split, tasks, theme, wrap};

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
            let means = wrap::text(&field.means().unwrap_or_default(), story_width.saturating_sub(8));
            let mut below = wrap::labelled("means", means, view.theme.quiet(), view.theme.plain());
            below.extend(above);
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
            let (table, selected) = pick::edit(view, fields, field, editing, usize::from(area.width));
            let wanted = above.len() + table.iter().map(Vec::len).sum::<usize>();
            let split = Split::stacked(area, lines.min(3), wanted);
            list::draw(frame, split.list, &rows, at, view.theme);
            split.draw_rule(frame, view, &field.label());
            let story = split.story.intersection(frame.area());
            let room = table.iter().map(Vec::len).sum::<usize>().clamp(1, 9);
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
    let mapping = field.asked.kind == InputType::Mapping;
    let sign = if field.refusal.is_some() {
        Sign::Fail
    } else if mapping && field.suggestions == Suggestions::Asked {
        Sign::Busy
    } else if mapping && (field.vendor().is_none() || !field.settled()) {
        Sign::Waits
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
        (_, shown) if mapping && !shown.is_empty() => shown,
        (_, shown) if shown.is_empty() && field.asked.optional => "(may stay empty)".into(),
        (_, shown) if shown.is_empty() => match &field.suggestions {
            Suggestions::After(missing) => format!("after: {missing}"),
            Suggestions::Asked => "looking up".into(),
            Suggestions::Needs(_, label) => format!("look-up after: {label} (a secret)"),
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
        lines.extend(wrap::labelled("guide", wrap::text(&text, room), theme.quiet(), theme.warn()));
    }
    for (label, text) in [("no", &field.refusal), ("fixed", &field.locked)] {
        let text = text.as_deref().unwrap_or_default();
        lines.extend(wrap::labelled(label, wrap::text(text, room), theme.quiet(), theme.fail()));
    }
    let replaces = field.replaces.as_deref().unwrap_or_default();
    lines.extend(wrap::labelled("know", wrap::text(replaces, room), theme.quiet(), theme.warn()));
    let from = field.from.as_deref().unwrap_or_default();
    lines.extend(wrap::labelled("from", wrap::text(from, room), theme.quiet(), theme.plain()));
    lines
}

/// The table of a field that is not being answered: its first rows, and why there is none.
fn offers(view: &View<'_>, field: &Field, width: usize) -> Vec<Line<'static>> {
    match &field.suggestions {
        Suggestions::Failed(problem) => {
            let mut lines = problem_lines(view, problem, width);
            if field.asked.kind != InputType::Mapping {
                lines.push(Line::styled("       typing is always possible", view.theme.quiet()));
            }
            lines
        }
        Suggestions::Table(table) if !table.note.is_empty() => {
            let note = format!("{} to choose from ({})", table.rows.len(), table.note);
            wrap::labelled("table", wrap::text(&note, width.saturating_sub(8)), view.theme.quiet(), view.theme.quiet())
        }
        Suggestions::Vendor(file) => {
            let note =
                format!("{} {}, sha256 {}; Enter shows its keys", file.of.chart, file.of.version, file.of.digest);
            wrap::labelled("file", wrap::text(&note, width.saturating_sub(8)), view.theme.quiet(), view.theme.quiet())
        }
        Suggestions::Needs(_, label) => {
            let note = format!("{label} is read for it, and is entered at the next stage");
            wrap::labelled("wait", wrap::text(&note, width.saturating_sub(8)), view.theme.quiet(), view.theme.quiet())
        }
        _ => Vec::new(),
    }
}
