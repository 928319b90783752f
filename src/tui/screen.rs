//! The screen: header, body, footer.
//!
//! ```text
//! header      where we are, how far
//! ──────
//! body        the stage's own
//! ──────
//! footer      keys
//! ```

use landfall_core::wizard::Stage;
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Text},
    widgets::Paragraph,
};

use super::{
    View, fields, footer, guide, header, install, mapping, over, plan, secrets, summary, target, tasks, theme,
    too_small,
};

/// Draws everything.
pub fn draw(frame: &mut Frame, view: &View<'_>) {
    let area = frame.area();
    if too_small::is(area) {
        too_small::draw(frame, area);
    } else {
        whole(frame, area, view);
    }
    if view.theme.ascii {
        theme::to_ascii(frame.buffer_mut());
    }
}

fn whole(frame: &mut Frame, area: Rect, view: &View<'_>) {
    let width = usize::from(area.width);
    let head = header::lines(view, width);
    let notice = footer::notice(view, width);
    let foot = footer::lines(view, width);
    let mut top = area.top();
    top += put(frame, area, top, head);
    top += put(frame, area, top, vec![rule(view, width, "")]);
    let below = notice.len() + foot.len() + 1;
    let bottom = area.bottom().saturating_sub(u16::try_from(below).unwrap_or(u16::MAX)).max(top);
    let body = Rect { y: top, height: bottom - top, ..area };
    if view.wizard.over.is_some() {
        over::draw(frame, body, view);
    } else {
        match view.wizard.stage {
            Stage::Guide => guide::draw(frame, body, view),
            Stage::Target => target::draw(frame, body, view),
            Stage::Inputs => match (view.wizard.inputs.keys(), view.wizard.inputs.selected()) {
                (Some(keys), Some(field)) => mapping::draw(frame, body, view, field, keys),
                _ => fields::draw(frame, body, view, &view.wizard.inputs),
            },
            Stage::Secrets => secrets::draw(frame, body, view),
            Stage::Checks => tasks::draw(frame, body, view, &view.wizard.checks),
            Stage::Plan => plan::draw(frame, body, view),
            Stage::Install => install::draw(frame, body, view),
            Stage::Verify => tasks::draw(frame, body, view, &view.wizard.verify.tasks),
            Stage::Summary => summary::draw(frame, body, view),
        }
    }
    let mut top = bottom;
    top += put(frame, area, top, vec![rule(view, width, "")]);
    top += put(frame, area, top, notice);
    put(frame, area, top, foot);
}

/// Draws lines from `top` on; says how many.
pub fn put(frame: &mut Frame, area: Rect, top: u16, lines: Vec<Line<'static>>) -> u16 {
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(area.bottom().saturating_sub(top));
    let place = Rect { y: top, height, ..area };
    if height > 0 {
        frame.render_widget(Paragraph::new(Text::from(lines)), place.intersection(frame.area()));
    }
    height
}

/// A rule, with a title near its right end.
pub fn rule(view: &View<'_>, width: usize, title: &str) -> Line<'static> {
    use unicode_width::UnicodeWidthStr;
    if title.is_empty() {
        return Line::styled("─".repeat(width), view.theme.quiet());
    }
    let right = 8.min(width);
    let left = width.saturating_sub(right + title.width() + 2);
    Line::from(vec![
        ratatui::text::Span::styled("─".repeat(left), view.theme.quiet()),
        ratatui::text::Span::styled(format!(" {title} "), view.theme.strong()),
        ratatui::text::Span::styled("─".repeat(right), view.theme.quiet()),
    ])
}

/// A body of a list and what belongs to its selected row: below it, or beside it where there is room.
pub struct Split {
    /// The list.
    pub list: Rect,
    /// The rule between them; empty where they stand side by side.
    pub rule: Rect,
    /// What belongs to the selected row.
    pub story: Rect,
}

impl Split {
    /// From this width on, the story stands beside the list.
    const WIDE: u16 = 110;

    /// Whether the story stands beside the list.
    pub fn is_wide(area: Rect) -> bool {
        area.width >= Self::WIDE
    }

    /// The story's width.
    pub fn story_width(area: Rect) -> usize {
        usize::from(if Self::is_wide(area) { area.width - area.width * 11 / 20 - 1 } else { area.width })
    }

    /// `list` and `story` are how many lines each would like.
    pub fn of(area: Rect, list: usize, story: usize) -> Self {
        if Self::is_wide(area) {
            let width = area.width * 11 / 20;
            return Self {
                list: Rect { width, ..area },
                rule: Rect { x: area.x + width, width: 1, ..area },
                story: Rect { x: area.x + width + 1, width: area.width - width - 1, ..area },
            };
        }
        Self::stacked(area, list, story)
    }

    /// One above the other, whatever the width.
    pub fn stacked(area: Rect, list: usize, story: usize) -> Self {
        let all = usize::from(area.height);
        // The story gets what it needs up to half, and more where the list leaves room.
        let half = all.saturating_sub(1) / 2;
        let story = story.min(half.max(all.saturating_sub(list + 1)));
        let story = u16::try_from(story).unwrap_or(0);
        let list = area.height.saturating_sub(story + 1);
        Self {
            list: Rect { height: list, ..area },
            rule: Rect { y: area.y + list, height: 1.min(area.height), ..area },
            story: Rect { y: area.y + list + 1, height: story.min(area.height.saturating_sub(list + 1)), ..area },
        }
    }

    /// Draws the rule between them.
    pub fn draw_rule(&self, frame: &mut Frame, view: &View<'_>, title: &str) {
        let place = self.rule.intersection(frame.area());
        if place.is_empty() {
            return;
        }
        if place.width == 1 {
            let lines: Vec<Line> = (0..place.height).map(|_| Line::styled("│", view.theme.quiet())).collect();
            frame.render_widget(Paragraph::new(lines), place);
        } else {
            frame.render_widget(Paragraph::new(rule(view, usize::from(place.width), title)), place);
        }
    }
}
