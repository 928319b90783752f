//! What lies over a stage: help, an explanation, something that went wrong, the question whether to leave.
//!
//! ```text
//!  title
//!
//!  text, scrolled
//! ```

use landfall_core::wizard::{Action, Mode, Over, Stage};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{View, guide::problem_lines, list, wrap};

/// Draws it in the body's place.
pub fn draw(frame: &mut Frame, area: Rect, view: &View<'_>) {
    let area = area.intersection(frame.area());
    let width = usize::from(area.width);
    let lines = match &view.wizard.over {
        Some(Over::Help) => help(view, width),
        Some(Over::Explain(texts)) => texts
            .iter()
            .enumerate()
            .flat_map(|(index, text)| {
                let style = if index == 0 { view.theme.strong() } else { view.theme.plain() };
                let indent = text.len() - text.trim_start().len();
                wrap::text(text.trim_start(), width.saturating_sub(3 + indent))
                    .into_iter()
                    .map(move |line| Line::styled(format!(" {}{line}", " ".repeat(indent)), style))
            })
            .collect(),
        Some(Over::Trouble(problem)) => problem_lines(view, problem, width),
        Some(Over::Leave) => {
            let text = format!("Leave? {}", view.wizard.when_left());
            wrap::text(&text, width.saturating_sub(2)).into_iter().map(|line| Line::raw(format!(" {line}"))).collect()
        }
        None => Vec::new(),
    };
    let height = usize::from(area.height);
    let first = view.wizard.over_scroll.min(lines.len().saturating_sub(height));
    let below = first + height < lines.len();
    frame.render_widget(Paragraph::new(lines.into_iter().skip(first).take(height).collect::<Vec<_>>()), area);
    list::more(frame, area, first > 0, below, view.theme);
}

fn help(view: &View<'_>, width: usize) -> Vec<Line<'static>> {
    let watching = view.wizard.watching.is_some();
    let title = if watching { "Status" } else { view.wizard.stage.title() };
    let mut lines: Vec<Line<'static>> = vec![Line::styled(format!(" {title}"), view.theme.strong())];
    lines
        .extend(wrap::text(about(view), width.saturating_sub(2)).into_iter().map(|line| Line::raw(format!(" {line}"))));
    let moves = [Action::Up, Action::Down, Action::PageUp, Action::PageDown, Action::First, Action::Last];
    lines.push(Line::from(vec![
        Span::styled("  ↑ ↓ PgUp PgDn Home End ", view.theme.key()),
        Span::raw("move, or scroll"),
    ]));
    let mode = match view.wizard.mode_below() {
        mode @ (Mode::Mapping
        | Mode::PlanRunning
        | Mode::InstallPanel
        | Mode::Installed
        | Mode::InstallAsks
        | Mode::Stopped
        | Mode::InstalledPanel
        | Mode::Watching
        | Mode::WatchingPanel) => mode,
        _ => Mode::Stage(view.wizard.stage),
    };
    for binding in mode.keys().into_iter().filter(|binding| !moves.contains(&binding.does)) {
        let texts = wrap::text(binding.help, width.saturating_sub(14));
        for (index, text) in texts.into_iter().enumerate() {
            let key = if index == 0 { binding.press.shown() } else { String::new() };
            lines.push(Line::from(vec![
                Span::styled(format!("  {} ", wrap::pad(&key, 9)), view.theme.key()),
                Span::raw(text),
            ]));
        }
    }
    let interrupt = if watching {
        "leaves; nothing stops by that"
    } else {
        "stops a running install at the next safe point, twice leaves at once; elsewhere asks whether to leave"
    };
    for (key, text) in [
        ("F1", "this page, while something is being typed"),
        ("Ctrl-C", interrupt),
        ("Ctrl-Z", "back to your shell; fg returns"),
    ] {
        for (index, line) in wrap::text(text, width.saturating_sub(14)).into_iter().enumerate() {
            let key = if index == 0 { key } else { "" };
            lines.push(Line::from(vec![
                Span::styled(format!("  {} ", wrap::pad(key, 9)), view.theme.key()),
                Span::raw(line),
            ]));
        }
    }
    lines
}

const WATCHING: &str = "Where an install stands, from its journal, and what goes on in its namespace. Nothing can be done from here. Every row has a code that is the same on every screen: read it out over the phone, or filter for it.";

fn about(view: &View<'_>) -> &'static str {
    if view.wizard.mode_below() == Mode::Mapping {
        return "The keys of the vendor's file that are empty or placeholders, and what becomes of them. A reference such as {{ auth_host }} follows the answer, here and on the next cluster; a secret is only ever referred to.";
    }
    if view.wizard.watching.is_some() {
        return WATCHING;
    }
    match view.wizard.stage {
        Stage::Guide => "Choose what to install, go on with an unfinished install, or rehearse it without an account.",
        Stage::Target => {
            "Where it goes: account, region, cluster, namespace. Nothing goes on before the context is proved to be that cluster."
        }
        Stage::Inputs => "What the guide asks. Answers can be changed later; what hung on them is made anew.",
        Stage::Secrets => {
            "What goes into the vault. Values are never shown, only their length and whether they equal the cluster's."
        }
        Stage::Checks => {
            "Looked at before anything is touched. A stop has to be mended or waived with a name and a reason; what nobody could look at can be answered for."
        }
        Stage::Plan if view.wizard.plan_is_run() => {
            "What was agreed to. A running install goes on meanwhile; n and Enter go back to it."
        }
        Stage::Plan => {
            "Exactly what will be done, how it is undone, and what it needs. Nothing is touched before you agree."
        }
        Stage::Install => {
            "The steps as they go. Everything is written down first: it can be stopped and started again at any time."
        }
        Stage::Verify => "What proves that the result works.",
        Stage::Summary => {
            "What was made, what the vendor's text had wrong, what expires, and what to know from now on."
        }
    }
}
