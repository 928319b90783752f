//! Text is wrapped, never cut.

use ratatui::{
    style::Style,
    text::{Line, Span},
};
use unicode_width::UnicodeWidthStr;

/// A text in lines of at most `width` columns; its own line breaks stay.
pub fn text(text: &str, width: usize) -> Vec<String> {
    let width = width.max(4);
    text.lines().flat_map(|line| textwrap::wrap(line.trim_end(), options(width))).map(|line| clean(&line)).collect()
}

/// Broken at spaces only: identifiers, host names and options keep their hyphens.
fn options(width: usize) -> textwrap::Options<'static> {
    textwrap::Options::new(width)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
}

/// A command in lines that can be copied from the screen: broken between options, joined by backslashes.
pub fn command(text: &str, width: usize) -> Vec<String> {
    let width = width.max(12);
    if text.width() <= width {
        return vec![clean(text)];
    }
    // An option and its value stay together.
    let mut pieces: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match pieces.last_mut() {
            Some(last) if last.starts_with('-') && !last.contains([' ', '=']) && !word.starts_with('-') => {
                last.push(' ');
                last.push_str(word);
            }
            _ => pieces.push(word.to_owned()),
        }
    }
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for piece in pieces {
        let indent = if lines.is_empty() { 0 } else { 2 };
        if !line.is_empty() && indent + line.width() + 1 + piece.width() + 2 > width {
            lines.push(format!("{}{line} \\", " ".repeat(indent)));
            line = String::new();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&piece);
    }
    let indent = if lines.is_empty() { 0 } else { 2 };
    lines.push(format!("{}{line}", " ".repeat(indent)));
    // A single piece longer than the line is broken hard; nothing is lost by it.
    lines
        .iter()
        .flat_map(|line| textwrap::wrap(line, options(width).subsequent_indent("  ")))
        .map(|line| clean(&line))
        .collect()
}

/// A line padded with spaces to `width` columns.
pub fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// A label and a wrapped text beside it.
pub fn labelled(label: &str, lines: Vec<String>, label_style: Style, style: Style) -> Vec<Line<'static>> {
    lines
        .into_iter()
        .enumerate()
        .map(|(index, line)| {
            let label = if index == 0 { label } else { "" };
            Line::from(vec![Span::styled(format!(" {} ", pad(label, 5)), label_style), Span::styled(line, style)])
        })
        .collect()
}

/// Control characters never reach the terminal; a tab is four spaces.
pub fn clean(text: &str) -> String {
    text.replace('\t', "    ").chars().filter(|letter| !letter.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_broken_between_options_and_stays_whole() {
        let long = "aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-DB2E81BA --desired-value 16 --region us-east-2";
        let lines = command(long, 73);
        assert_eq!(
            lines,
            [
                "aws service-quotas request-service-quota-increase --service-code ec2 \\",
                "  --quota-code L-DB2E81BA --desired-value 16 --region us-east-2"
            ]
        );
        let joined: Vec<String> = lines.iter().map(|line| line.trim_end_matches('\\').trim().to_owned()).collect();
        assert_eq!(joined.join(" "), long);
    }

    #[test]
    fn escape_sequences_are_taken_out() {
        assert_eq!(text("a\u{1b}[31mb\tc", 40), ["a[31mb    c"]);
    }
}
