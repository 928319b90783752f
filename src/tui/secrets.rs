//! Secrets: where they are kept, then every secret's fields with their length; never a value.
//!
//! ```text
//!  kept in
//!    ✓ keyring             the Secret Service of this desktop
//!  Postgres                → shield/postgres-secret
//!  ▶ ✓ password            24 characters, equals the Secret in the cluster
//!    ! key                 37 characters, ends with ⏎: t removes it
//! ──────────────────────────────────── Postgres ──
//!  help, errata; the value or source being entered
//! ```

use landfall_core::wizard::{SecretEditing, SecretField, SecretGroup, SecretRow, Sign};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::{View, list, screen::Split, story, tasks, theme, wrap};

/// Draws rows and what belongs to the selected one.
pub fn draw(frame: &mut Frame, area: Rect, view: &View<'_>) {
    let secrets = &view.wizard.secrets;
    let width = if Split::is_wide(area) { usize::from(area.width * 11 / 20) } else { usize::from(area.width) };
    let mut rows: Vec<Vec<Line<'static>>> = Vec::new();
    let mut group_before = None;
    for (index, row) in secrets.rows().into_iter().enumerate() {
        let selected = index == secrets.at;
        let mut lines = Vec::new();
        match row {
            SecretRow::Store(number) => {
                if number == 0 {
                    lines.push(Line::styled(" kept in", view.theme.quiet()));
                }
                if let Some(store) = secrets.stores.get(number) {
                    let sign = match (&store.unavailable, store.chosen) {
                        (_, true) => Sign::Pass,
                        (Some(_), _) => Sign::Skipped,
                        _ => Sign::Waits,
                    };
                    let about = store.unavailable.as_ref().unwrap_or(&store.about);
                    lines.extend(entry(view, selected, sign, &store.label, about, width));
                }
            }
            SecretRow::Field(number, field) => {
                let Some(group) = secrets.groups.get(number) else { continue };
                if group_before != Some(number) {
                    group_before = Some(number);
                    lines.extend(heading(view, group, width));
                }
                if let Some(field) = group.fields.get(field) {
                    lines.extend(entry(
                        view,
                        selected,
                        sign(field, group),
                        &label(group, field),
                        &fact(field, group),
                        width,
                    ));
                }
            }
            SecretRow::AddRow(_) => {
                lines.extend(entry(view, selected, Sign::Waits, "another row", "Enter adds one", width))
            }
        }
        rows.push(lines);
    }
    if rows.is_empty() {
        rows.push(vec![Line::styled(" this guide needs no secrets", view.theme.quiet())]);
    }
    let about = about(view, Split::story_width(area));
    let split = Split::of(area, rows.iter().map(Vec::len).sum(), about.len());
    list::draw(frame, split.list, &rows, secrets.at, view.theme);
    let title = secrets.selected_group().map(|group| group.label.clone()).unwrap_or_default();
    split.draw_rule(frame, view, &title);
    tasks::whole(frame, split.story, about, view);
}

fn heading(view: &View<'_>, group: &SecretGroup, width: usize) -> Vec<Line<'static>> {
    let becomes = group.kubernetes.as_ref().map(|name| format!("  → {name}")).unwrap_or_default();
    let text = wrap::text(&format!("{}{becomes}", group.label), width.saturating_sub(2));
    text.into_iter().map(|line| Line::styled(format!(" {line}"), view.theme.quiet())).collect()
}

/// In rows, the row's number stands before the column.
fn label(group: &SecretGroup, field: &SecretField) -> String {
    let Some(shape) = &group.rows else { return field.label.clone() };
    let index = group.fields.iter().position(|known| known.reference == field.reference).unwrap_or(0);
    format!("{}. {}", index / shape.columns.max(1) + 1, field.label)
}

fn sign(field: &SecretField, group: &SecretGroup) -> Sign {
    if field.refusal.is_some() {
        Sign::Fail
    } else if field.is_busy() {
        Sign::Busy
    } else if field.stray_space && !field.multiline || field.equals_cluster == Some(false) {
        Sign::Warn
    } else if field.length.is_some() || group.joined.is_some() {
        Sign::Pass
    } else {
        Sign::Waits
    }
}

fn fact(field: &SecretField, group: &SecretGroup) -> String {
    if let Some(refusal) = &field.refusal {
        return refusal.clone();
    }
    let mut parts = Vec::new();
    match (field.length, field.shown_in_short()) {
        (_, Some(shown)) => parts.push(shown),
        (Some(1), None) => parts.push("1 character".into()),
        (Some(length), None) => parts.push(format!("{length} characters")),
        (None, None) if group.joined.is_some() => parts.push("kept already".into()),
        (None, None) if field.is_busy() => parts.push("asking the vault".into()),
        (None, None) if field.optional => parts.push("(may stay empty)".into()),
        (None, None) if field.generate.is_some() => parts.push("g makes it up".into()),
        (None, None) => {}
    }
    if field.stray_space {
        let what = if field.multiline { "ends with ⏎" } else { "stray space or ⏎ at an end: t removes it" };
        parts.push(what.into());
    }
    match field.equals_cluster {
        Some(true) => parts.push("equals the Secret in the cluster".into()),
        Some(false) => parts.push("differs from the Secret in the cluster".into()),
        None if field.in_cluster == Some(true) && field.length.is_none() => {
            parts.push("the cluster has it: f takes it from there".into())
        }
        None => {}
    }
    parts.join(", ")
}

fn entry(view: &View<'_>, selected: bool, sign: Sign, label: &str, fact: &str, width: usize) -> Vec<Line<'static>> {
    let labels = wrap::text(label, 26);
    let facts = wrap::text(fact, width.saturating_sub(33));
    let style = if selected { view.theme.strong() } else { view.theme.plain() };
    (0..labels.len().max(facts.len()).max(1))
        .map(|index| {
            let part = |parts: &[String]| parts.get(index).cloned().unwrap_or_default();
            Line::from(vec![
                Span::styled(list::mark(selected && index == 0), view.theme.strong()),
                Span::styled(if index == 0 { theme::glyph(sign, view.spin) } else { " " }, view.theme.sign(sign)),
                Span::styled(format!(" {} ", wrap::pad(&part(&labels), 26)), style),
                Span::styled(part(&facts), style),
            ])
        })
        .collect()
}

fn about(view: &View<'_>, width: usize) -> Vec<Line<'static>> {
    let secrets = &view.wizard.secrets;
    let theme = view.theme;
    let room = width.saturating_sub(8);
    let mut lines = Vec::new();
    if let Some(editing) = &secrets.editing {
        lines.extend(edit(view, editing, width));
    }
    match (secrets.selected(), secrets.selected_group()) {
        (Some(SecretRow::Store(number)), _) => {
            if let Some(store) = secrets.stores.get(number) {
                lines.extend(wrap::labelled("about", wrap::text(&store.about, room), theme.quiet(), theme.plain()));
            }
        }
        (_, Some(group)) => {
            lines.extend(wrap::labelled("help", wrap::text(&group.help, room), theme.quiet(), theme.plain()));
            for erratum in &group.errata {
                let text = format!("{} {} Instead: {}", erratum.id, erratum.wrong, erratum.instead);
                lines.extend(wrap::labelled("guide", wrap::text(&text, room), theme.quiet(), theme.warn()));
            }
            let from = group.from.as_deref().unwrap_or_default();
            lines.extend(wrap::labelled("from", wrap::text(from, room), theme.quiet(), theme.plain()));
        }
        _ => {}
    }
    lines
}

fn edit(view: &View<'_>, editing: &SecretEditing, width: usize) -> Vec<Line<'static>> {
    let secrets = &view.wizard.secrets;
    match editing {
        SecretEditing::Value(line) => {
            let visible = secrets.selected_field().is_some_and(|field| field.visible);
            let mut lines = story::typing_line(view, "value", line, !visible, true, width);
            let length = line.len();
            let stray = line.text().trim() != line.text();
            let note = if stray {
                format!("{length} characters, stray space or ⏎ at an end")
            } else {
                format!("{length} characters")
            };
            lines.push(Line::styled(format!("          {note}"), view.theme.quiet()));
            lines
        }
        SecretEditing::Source(at) => {
            let sources = secrets.selected_field().map(SecretField::sources).unwrap_or_default();
            let rows = sources.iter().enumerate().map(|(index, source)| {
                let style = if index == *at { view.theme.strong() } else { view.theme.plain() };
                Line::styled(format!("{}{}", list::mark(index == *at), source.title()), style)
            });
            rows.collect()
        }
        SecretEditing::Name(source, line) => {
            let mut lines = vec![Line::styled(format!("   {}: {}", source.title(), source.asks()), view.theme.quiet())];
            lines.extend(story::typing_line(view, "name", line, false, true, width));
            lines
        }
        SecretEditing::Passphrase(_, line) => {
            let mut lines =
                vec![Line::styled("   a passphrase opens the file; nobody can restore it", view.theme.quiet())];
            lines.extend(story::typing_line(view, "phrase", line, true, true, width));
            lines
        }
    }
}
