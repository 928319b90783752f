//! Story: why, what to do, where it comes from; a person's word or answer being given inside it.
//!
//! ```text
//!  why   …
//!  fix   aws … \
//!          --option …
//!  from  …
//! ```

use landfall_core::{
    event::Question,
    wizard::{Answering, Handing, Line as Typing, StoryLine, TaskRow, TaskState, Tasks, Vouching, story},
};
use ratatui::{
    style::Style,
    text::{Line, Span},
};

use super::{View, wrap};

/// How many lines of a question stand above its choices.
const ASKED: usize = 2;

/// A row's story, wrapped; `causes` stand before where it comes from.
pub fn lines(
    view: &View<'_>,
    tasks: &Tasks,
    row: &TaskRow,
    causes: Vec<Line<'static>>,
    width: usize,
) -> Vec<Line<'static>> {
    if let Some(handing) = view.wizard.handing.as_ref().filter(|handing| handing.path == row.path) {
        return hand_over(view, handing, width);
    }
    if let Some(vouching) = tasks.vouching.as_ref().filter(|vouching| vouching.path == row.path) {
        return vouch(view, vouching, row, width);
    }
    let expires = view.wizard.target.seen.as_ref().and_then(|seen| seen.expires);
    // What the vendor's text has wrong, and where it stands in it, comes last.
    let (from, rest): (Vec<StoryLine>, Vec<StoryLine>) =
        story(row, view.wizard.now, expires).into_iter().partition(|line| matches!(line.label, "from" | "guide"));
    let mut lines = Vec::new();
    let rest = match &row.state {
        TaskState::Asked(question) => {
            let answering = tasks.answering.as_ref().filter(|answering| answering.path == row.path);
            lines.extend(asked(view, question, answering, width));
            // Where the question is longer than what stands above the choices, all of it follows them.
            let whole = wrap::text(&question.text, width.saturating_sub(8)).len() <= ASKED;
            &rest[usize::from(whole).min(rest.len())..]
        }
        _ => &rest[..],
    };
    lines.extend(rest.iter().flat_map(|line| told(view, line, width)));
    lines.extend(causes);
    lines.extend(from.iter().flat_map(|line| told(view, line, width)));
    for line in row.said.iter().rev().take(4).rev() {
        lines.extend(wrap::labelled(
            "out",
            wrap::text(line, width.saturating_sub(8)),
            view.theme.quiet(),
            view.theme.quiet(),
        ));
    }
    lines
}

/// A question as far as it fits above its choices, then the choices: however long it is, they are seen.
fn asked(view: &View<'_>, question: &Question, answering: Option<&Answering>, width: usize) -> Vec<Line<'static>> {
    let room = width.saturating_sub(8);
    let mut text = wrap::text(&question.text, room);
    if text.len() > ASKED {
        text = wrap::text(&question.text, room.saturating_sub(2));
        text.truncate(ASKED);
        if let Some(last) = text.last_mut() {
            last.push_str(" …");
        }
    }
    let mut lines = wrap::labelled("asks", text, view.theme.quiet(), view.theme.plain());
    let typing = answering.is_some_and(|answering| answering.typed.is_some());
    for (index, choice) in question.choices.iter().enumerate() {
        let selected = answering.is_some_and(|answering| answering.at == index);
        // While a word is typed for one of them, the others make room for it.
        if typing && !selected {
            continue;
        }
        let mark = if selected { "▶ " } else { "  " };
        let style = if selected { view.theme.strong() } else { view.theme.plain() };
        let text = wrap::text(&format!("{mark}{}", choice.label), room);
        lines.extend(wrap::labelled("", text, view.theme.quiet(), style));
    }
    match answering {
        None => lines.extend(wrap::labelled("", vec!["Enter answers".into()], view.theme.quiet(), view.theme.quiet())),
        Some(answering) => {
            let wanted = question.choices.get(answering.at).and_then(|choice| choice.typed.as_deref());
            lines.extend(typed_word(view, answering, wanted, width));
        }
    }
    lines
}

/// One line of a story, wrapped.
pub fn told(view: &View<'_>, line: &StoryLine, width: usize) -> Vec<Line<'static>> {
    let room = width.saturating_sub(8);
    let text = if line.command { wrap::command(&line.text, room) } else { wrap::text(&line.text, room) };
    let style = match (line.loss, line.command) {
        (true, _) => view.theme.fail(),
        (_, true) => view.theme.strong(),
        _ => view.theme.plain(),
    };
    wrap::labelled(line.label, text, view.theme.quiet(), style)
}

/// A text being typed, with its cursor, wrapped by columns.
pub fn typing(view: &View<'_>, line: &Typing, hidden: bool, width: usize) -> Vec<Vec<Span<'static>>> {
    let width = width.max(4);
    let letters: Vec<char> = if hidden {
        // Only length and line ends are shown.
        line.text().chars().map(|letter| if letter == '\n' { '⏎' } else { '•' }).collect()
    } else {
        line.text()
            .chars()
            .map(|letter| if letter == '\n' { '⏎' } else { letter })
            .filter(|letter| !letter.is_control())
            .collect()
    };
    let cells: Vec<(String, Style)> = letters
        .iter()
        .chain(std::iter::once(&' '))
        .enumerate()
        .map(|(index, letter)| {
            let style = if index == line.cursor() { view.theme.reverse() } else { view.theme.strong() };
            (letter.to_string(), style)
        })
        .collect();
    cells
        .chunks(width)
        .map(|chunk| chunk.iter().map(|(letter, style)| Span::styled(letter.clone(), *style)).collect())
        .collect()
}

/// A label with a text being typed beside it.
pub fn typing_line(
    view: &View<'_>,
    label: &str,
    line: &Typing,
    hidden: bool,
    active: bool,
    width: usize,
) -> Vec<Line<'static>> {
    let room = width.saturating_sub(10);
    let parts = if active {
        typing(view, line, hidden, room)
    } else {
        wrap::text(line.text(), room).into_iter().map(|text| vec![Span::raw(text)]).collect()
    };
    let parts = if parts.is_empty() { vec![Vec::new()] } else { parts };
    let mark = if active { " ▶ " } else { "   " };
    parts
        .into_iter()
        .enumerate()
        .map(|(index, spans)| {
            let label = if index == 0 { format!("{mark}{} ", wrap::pad(label, 6)) } else { " ".repeat(10) };
            Line::from([vec![Span::styled(label, view.theme.quiet())], spans].concat())
        })
        .collect()
}

/// Who does a step instead of us, being typed.
pub fn hand_over(view: &View<'_>, handing: &Handing, width: usize) -> Vec<Line<'static>> {
    let room = width.saturating_sub(8);
    let meaning = wrap::text(&handing.meaning(), room);
    let mut lines = wrap::labelled("", meaning, view.theme.quiet(), view.theme.plain());
    lines.extend(typing_line(view, "to", &handing.to, false, !handing.on_reason, width));
    lines.extend(typing_line(view, "why", &handing.reason, false, handing.on_reason, width));
    let refusal = wrap::text(handing.refusal.as_deref().unwrap_or_default(), room);
    lines.extend(wrap::labelled("", refusal, view.theme.quiet(), view.theme.fail()));
    lines
}

fn vouch(view: &View<'_>, vouching: &Vouching, row: &TaskRow, width: usize) -> Vec<Line<'static>> {
    let meaning = wrap::text(&vouching.meaning(row), width.saturating_sub(8));
    let mut lines = wrap::labelled("", meaning, view.theme.quiet(), view.theme.plain());
    lines.extend(typing_line(view, "name", &vouching.name, false, !vouching.on_reason, width));
    lines.extend(typing_line(view, "reason", &vouching.reason, false, vouching.on_reason, width));
    let refusal = vouching.refusal.as_deref().unwrap_or_default();
    lines.extend(wrap::labelled(
        "",
        wrap::text(refusal, width.saturating_sub(8)),
        view.theme.quiet(),
        view.theme.fail(),
    ));
    lines
}

fn typed_word(view: &View<'_>, answering: &Answering, wanted: Option<&str>, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if let (Some(line), Some(wanted)) = (&answering.typed, wanted) {
        lines.extend(wrap::labelled(
            "",
            vec![format!("type {wanted} to choose this")],
            view.theme.quiet(),
            view.theme.warn(),
        ));
        lines.extend(typing_line(view, "word", line, false, true, width));
    }
    let refusal = answering.refusal.as_deref().unwrap_or_default();
    lines.extend(wrap::labelled(
        "",
        wrap::text(refusal, width.saturating_sub(8)),
        view.theme.quiet(),
        view.theme.fail(),
    ));
    lines
}
