//! Plan: what will be done, task by task; one aspect of the selected one below, or beside where there is room.
//!
//! ```text
//!  ▶ make    GPU launch template   60 GiB gp3, encrypted
//!    adopt   Namespace             shield
//! ───────────────────────────────────────────────
//!  [what]  changes  commands  undo  permissions  hosts
//!  …
//! ```

use landfall_core::wizard::{Change, PlanTab, PlannedTask};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{View, guide::problem_lines, list, screen::Split, wrap};

/// Draws tasks and the tab.
pub fn draw(frame: &mut Frame, area: Rect, view: &View<'_>) {
    let stage = &view.wizard.plan;
    let width = if Split::is_wide(area) { usize::from(area.width * 11 / 20) } else { usize::from(area.width) };
    let Some(plan) = &stage.plan else {
        let mut lines = match &stage.refused {
            Some(problem) => problem_lines(view, problem, usize::from(area.width)),
            None => vec![Line::styled(" looking at what is there, and making the plan …", view.theme.quiet())],
        };
        lines.truncate(usize::from(area.height));
        frame.render_widget(Paragraph::new(lines), area);
        return;
    };
    let rows: Vec<Vec<Line<'static>>> =
        plan.tasks.iter().enumerate().map(|(index, task)| row(view, task, index == stage.at, width)).collect();
    let story_width = Split::story_width(area);
    let shown = shown(view, story_width);
    let mut notes: Vec<Line<'static>> = Vec::new();
    for line in &plan.review {
        let text =
            wrap::text(&format!("{} {}: {}", line.what.verb(), line.path.id, line.why), story_width.saturating_sub(8));
        notes.extend(wrap::labelled("now", text, view.theme.quiet(), view.theme.warn()));
    }
    if !plan.review.is_empty() && plan.unchanged > 0 {
        let text = vec![format!("{} steps stay as they are", plan.unchanged)];
        notes.extend(wrap::labelled("now", text, view.theme.quiet(), view.theme.plain()));
    }
    if !stage.unwanted().is_empty() {
        let text = if stage.take_away {
            "what is no longer wanted is taken away once the rest is done; u leaves it"
        } else {
            "what is no longer wanted is left; u takes it away once the rest is done"
        };
        let text = wrap::text(text, story_width.saturating_sub(8));
        notes.extend(wrap::labelled("know", text, view.theme.quiet(), view.theme.warn()));
    }
    for stake in plan.stakes_in_short() {
        let text = wrap::text(&stake, story_width.saturating_sub(8));
        notes.extend(wrap::labelled("know", text, view.theme.quiet(), view.theme.warn()));
    }
    for note in &plan.notes {
        let text = wrap::text(&format!("{} {}", note.code, note.what), story_width.saturating_sub(8));
        notes.extend(wrap::labelled("know", text, view.theme.quiet(), view.theme.warn()));
    }
    let probes = stage.probes();
    if !probes.is_empty() {
        let names: Vec<&str> = probes.iter().map(|probe| probe.title.as_str()).collect();
        let text = format!("agreeing also lets these make something in the cluster for a moment: {}", names.join(", "));
        notes.extend(wrap::labelled(
            "know",
            wrap::text(&text, story_width.saturating_sub(8)),
            view.theme.quiet(),
            view.theme.plain(),
        ));
    }
    let split = Split::of(area, rows.iter().map(Vec::len).sum(), shown.len() + notes.len() + 1);
    list::draw(frame, split.list, &rows, stage.at, view.theme);
    let code = stage.selected().map(|task| task.code.clone()).unwrap_or_default();
    split.draw_rule(frame, view, &code);
    let story = split.story.intersection(frame.area());
    let mut lines = tabs(view, story_width);
    let head = lines.len();
    // What is to be known before agreeing comes first, and is scrolled with the rest: none of it is cut off.
    let shown: Vec<Line<'static>> = match stage.tab {
        PlanTab::What if view.wizard.handing.is_none() => notes.into_iter().chain(shown).collect(),
        _ => shown,
    };
    let room = usize::from(story.height).saturating_sub(lines.len());
    let last = shown.len().saturating_sub(room.max(1));
    // What is being typed stands at the end.
    let first = if view.wizard.handing.is_some() { last } else { stage.scroll.min(last) };
    let below = first + room < shown.len();
    lines.extend(shown.into_iter().skip(first).take(room));
    frame.render_widget(Paragraph::new(lines), story);
    let body = Rect {
        y: story.y + u16::try_from(head).unwrap_or(0),
        height: story.height.saturating_sub(u16::try_from(head).unwrap_or(0)),
        ..story
    };
    list::more(frame, body, first > 0, below, view.theme);
}

fn row(view: &View<'_>, task: &PlannedTask, selected: bool, width: usize) -> Vec<Line<'static>> {
    let style = if selected { view.theme.strong() } else { view.theme.plain() };
    let verb_style = match task.what {
        Change::Replace | Change::Unwanted | Change::Decide => view.theme.fail(),
        Change::Change | Change::Person | Change::HandOver => view.theme.warn(),
        Change::Make => view.theme.pass(),
        _ => view.theme.quiet(),
    };
    let titles = wrap::text(&task.title, 24);
    let facts = wrap::text(&task.line, width.saturating_sub(39));
    (0..titles.len().max(facts.len()).max(1))
        .map(|index| {
            let part = |parts: &[String]| parts.get(index).cloned().unwrap_or_default();
            let verb = if index == 0 { task.what.verb() } else { "" };
            Line::from(vec![
                Span::styled(list::mark(selected && index == 0), view.theme.strong()),
                Span::styled(wrap::pad(verb, 10), verb_style),
                Span::styled(format!("{} ", wrap::pad(&part(&titles), 24)), style),
                Span::styled(part(&facts), style),
            ])
        })
        .collect()
}

fn tabs(view: &View<'_>, width: usize) -> Vec<Line<'static>> {
    let mut lines: Vec<Vec<Span<'static>>> = vec![Vec::new()];
    let mut used = 0;
    for tab in PlanTab::ALL {
        let here = tab == view.wizard.plan.tab;
        let title = if here { format!(" [{}]", tab.title()) } else { format!("  {} ", tab.title()) };
        if used + title.len() > width {
            lines.push(Vec::new());
            used = 0;
        }
        used += title.len();
        let style = if here { view.theme.strong() } else { view.theme.quiet() };
        if let Some(line) = lines.last_mut() {
            line.push(Span::styled(title, style));
        }
    }
    lines.into_iter().map(Line::from).collect()
}

fn shown(view: &View<'_>, width: usize) -> Vec<Line<'static>> {
    let stage = &view.wizard.plan;
    if let Some(handing) = &view.wizard.handing {
        return super::story::hand_over(view, handing, width);
    }
    let commands = stage.tab == PlanTab::Commands;
    let room = width.saturating_sub(2);
    stage
        .shown()
        .iter()
        .flat_map(|line| if commands { wrap::command(line, room) } else { wrap::text(line, room) })
        .map(|line| {
            // A rendered diff: what goes and what comes, by its own first character.
            let style = match line.chars().next() {
                Some('+') if stage.tab == PlanTab::Changes => view.theme.pass(),
                Some('-') if stage.tab == PlanTab::Changes => view.theme.fail(),
                _ => view.theme.plain(),
            };
            Line::styled(format!(" {line}"), style)
        })
        .collect()
}
