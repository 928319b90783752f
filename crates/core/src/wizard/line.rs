//! A line being typed. It may be a secret, so it cannot be printed.

use super::Typed;
use crate::value::Plain;

/// A text with a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    text: Plain,
    cursor: usize,
}

impl Default for Line {
    fn default() -> Self {
        Self::of("")
    }
}

impl Line {
    /// A line with the cursor at its end.
    pub fn of(text: &str) -> Self {
        Self { text: Plain::new(text.to_owned()), cursor: text.chars().count() }
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.text.reveal()
    }

    /// The text, for the vault.
    pub fn plain(&self) -> Plain {
        self.text.clone()
    }

    /// Where the cursor stands, in characters.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Length in characters.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Empties it.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Types at the cursor.
    pub fn insert(&mut self, typed: &Typed) {
        let at = self.byte(self.cursor);
        let text = self.text();
        let joined = format!("{}{}{}", &text[..at], typed.reveal(), &text[at..]);
        self.cursor += typed.reveal().chars().count();
        self.text = Plain::new(joined);
    }

    /// Deletes before the cursor.
    pub fn backspace(&mut self) {
        if self.cursor > 0 {
            self.cursor -= 1;
            self.delete();
        }
    }

    /// Deletes at the cursor.
    pub fn delete(&mut self) {
        let (start, end) = (self.byte(self.cursor), self.byte(self.cursor + 1));
        let text = self.text();
        self.text = Plain::new(format!("{}{}", &text[..start], &text[end..]));
    }

    /// Deletes the word before the cursor, and the spaces after it.
    pub fn delete_word(&mut self) {
        let before: Vec<char> = self.text().chars().take(self.cursor).collect();
        let word = before
            .iter()
            .rposition(|letter| *letter != ' ')
            .map_or(0, |last| before[..last].iter().rposition(|letter| *letter == ' ').map_or(0, |space| space + 1));
        while self.cursor > word {
            self.backspace();
        }
    }

    /// Moves the cursor.
    pub fn move_by(&mut self, by: isize) {
        self.cursor = self.cursor.saturating_add_signed(by).min(self.len());
    }

    /// To the start.
    pub fn home(&mut self) {
        self.cursor = 0;
    }

    /// To the end.
    pub fn end(&mut self) {
        self.cursor = self.len();
    }

    fn byte(&self, character: usize) -> usize {
        let text = self.text();
        text.char_indices().nth(character).map_or(text.len(), |(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_deleted_with_the_spaces_after_it() {
        let mut line = Line::of("one twö  ");
        line.delete_word();
        assert_eq!(line.text(), "one ");
        line.delete_word();
        line.delete_word();
        assert!(line.is_empty());
    }

    #[test]
    fn characters_of_several_bytes_are_edited_whole() {
        let mut line = Line::of("aü");
        line.insert(&Typed::new("ß"));
        assert_eq!(line.text(), "aüß");
        line.move_by(-2);
        line.delete();
        assert_eq!(line.text(), "aß");
        line.backspace();
        line.backspace();
        line.end();
        line.delete();
        assert_eq!((line.text(), line.cursor()), ("ß", 1));
        assert_eq!(format!("{:?}", Typed::new("hunter2")), "<typed>");
        assert!(!format!("{line:?}").contains('ß'));
    }
}
