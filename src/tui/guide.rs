//! Guide: unfinished installs, guides, rehearsals; what the selected one is below.
//!
//! ```text
//!  ▶ continue  Acme Search          123456789012 us-east-2 pay-1/shield
//!    begin     Acme Search          built in
//!    rehearse  Acme Search          simulated endpoints, no account needed
//! ───────────────────────────────────────────────
//!  about …
//! ```

use landfall_core::{event::Problem, wizard::Entry};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::{View, list, screen::Split, story, tasks, wrap};

/// Draws the list and what the selected one is.
pub fn draw(frame: &mut Frame, area: Rect, view: &View<'_>) {
    let guides = &view.wizard.guide;
    let entries = guides.rows();
    let width = if Split::is_wide(area) { usize::from(area.width * 11 / 20) } else { usize::from(area.width) };
    let mut rows: Vec<Vec<Line<'static>>> =
        entries.iter().enumerate().map(|(index, entry)| row(view, entry, index == guides.at, width)).collect();
    if rows.is_empty() {
        let text = if guides.guides.is_none() { " reading guides …" } else { " there is no guide here" };
        rows.push(vec![Line::styled(text, view.theme.quiet())]);
    }
    let about = about(view, entries.get(guides.at), Split::story_width(area));
    let split = Split::of(area, rows.iter().map(Vec::len).sum(), about.len());
    list::draw(frame, split.list, &rows, guides.at, view.theme);
    split.draw_rule(frame, view, "");
    tasks::whole(frame, split.story, about, view);
}

fn row(view: &View<'_>, entry: &Entry<'_>, selected: bool, width: usize) -> Vec<Line<'static>> {
    let (verb, title, rest) = match entry {
        Entry::Install(install) => (
            "continue",
            &install.title,
            format!("{}: {}, {}", install.target, install.stage.title(), install.waits_for),
        ),
        Entry::Guide(guide) => (
            "begin",
            &guide.title,
            match &guide.broken {
                Some(problem) => problem.what.clone(),
                None => guide.takes.clone(),
            },
        ),
        Entry::Rehearse(guide, _) => ("rehearse", &guide.title, "simulated endpoints, no account needed".into()),
    };
    let style = if selected { view.theme.strong() } else { view.theme.plain() };
    let titles = wrap::text(title, 24);
    let rests = wrap::text(rest.trim_end_matches([',', ' ']), width.saturating_sub(40));
    (0..titles.len().max(rests.len()).max(1))
        .map(|index| {
            let part = |parts: &[String]| parts.get(index).cloned().unwrap_or_default();
            Line::from(vec![
                Span::styled(list::mark(selected && index == 0), view.theme.strong()),
                Span::styled(wrap::pad(if index == 0 { verb } else { "" }, 10), view.theme.quiet()),
                Span::styled(format!("{} ", wrap::pad(&part(&titles), 24)), style),
                Span::styled(part(&rests), style),
            ])
        })
        .collect()
}

fn about(view: &View<'_>, entry: Option<&Entry<'_>>, width: usize) -> Vec<Line<'static>> {
    let guides = &view.wizard.guide;
    let theme = view.theme;
    let mut lines = Vec::new();
    let mut say = |label: &str, text: &str| {
        lines.extend(wrap::labelled(label, wrap::text(text, width.saturating_sub(8)), theme.quiet(), theme.plain()));
    };
    if let Some(opening) = &guides.opening {
        say("now", &format!("opening {opening} …"));
    }
    match entry {
        Some(Entry::Install(install)) => {
            say("where", &install.target);
            say("stage", install.stage.title());
            say("waits", &install.waits_for);
            say("last", &install.at.strftime("%Y-%m-%d %H:%M UTC").to_string());
            if let Some(who) = &install.held_by {
                say("held", &format!("{who} has it open now"));
            }
        }
        Some(Entry::Guide(guide)) => {
            say("about", &guide.about);
            say("takes", &guide.takes);
            say("from", &guide.from);
            if view.wizard.guide.credentials == Some(false) {
                say("know", "no AWS credentials were found: log in first, or rehearse");
            }
        }
        Some(Entry::Rehearse(guide, scenario)) => {
            say("about", &guide.about);
            say("with", &format!("scenario {scenario}; others: landfall rehearse {} --scenario NAME", guide.id));
            say("know", "nothing real is touched: every endpoint is simulated on this machine");
        }
        None => {}
    }
    let broken = match entry {
        Some(Entry::Guide(guide)) => guide.broken.as_ref(),
        _ => None,
    };
    if let Some(problem) = guides.refused.as_ref().or(broken) {
        lines.extend(problem_lines(view, problem, width));
    }
    lines
}

/// A problem: what, why, fix.
pub fn problem_lines(view: &View<'_>, problem: &Problem, width: usize) -> Vec<Line<'static>> {
    let theme = view.theme;
    let room = width.saturating_sub(8);
    let mut lines = wrap::labelled(
        "wrong",
        wrap::text(&format!("{} {}", problem.code, problem.what), room),
        theme.quiet(),
        theme.fail(),
    );
    lines.extend(wrap::labelled("why", wrap::text(&problem.why, room), theme.quiet(), theme.plain()));
    let mut label = "fix";
    for line in problem.fix.lines() {
        let command = line.strip_prefix("$ ");
        let line = landfall_core::wizard::StoryLine {
            label,
            text: command.unwrap_or(line).to_owned(),
            command: command.is_some(),
            loss: false,
        };
        lines.extend(story::told(view, &line, width));
        label = "";
    }
    lines
}
