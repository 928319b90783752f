//! Secret bytes: a type that cannot be printed, and a mask that takes them out of everything that is shown.

use base64::{Engine, engine::general_purpose};
use regex::Regex;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A secret's text. No Debug, no Display, no Serialize; wiped when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Plain(String);

impl Plain {
    /// Takes a text over.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the one call that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Length in characters, which fields show.
    pub fn len(&self) -> usize {
        self.0.chars().count()
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it ends in a newline or begins or ends with white space, which is nearly always a paste's mistake.
    pub fn stray_space(&self) -> bool {
        self.0.trim() != self.0
    }

    /// Without the stray space.
    #[must_use]
    pub fn trimmed(&self) -> Self {
        Self(self.0.trim().to_owned())
    }
}

impl std::fmt::Debug for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<secret>")
    }
}

/// Shorter secrets are not looked for in texts: they would blot out half the screen.
const SHORTEST: usize = 4;

/// Every known spelling of every known secret; takes them out of texts.
#[derive(Clone, Default)]
pub struct Mask {
    spellings: Vec<(String, String)>,
    pattern: Option<Regex>,
}

impl Mask {
    /// Learns a secret: as it is, each line of it, JSON-escaped, URL-encoded and base64 in its three alignments.
    pub fn learn(&mut self, name: &str, secret: &Plain) {
        let text = secret.reveal();
        let mut spellings: Vec<String> = vec![text.to_owned(), text.trim().to_owned()];
        spellings.extend(text.lines().map(|line| line.trim().to_owned()));
        for plain in [text, text.trim()] {
            let json = serde_json::Value::from(plain).to_string();
            spellings.push(json[1..json.len() - 1].to_owned());
            spellings.push(percent_encoded(plain));
            for engine in [general_purpose::STANDARD, general_purpose::URL_SAFE_NO_PAD] {
                spellings.extend(encoded(&engine, plain.as_bytes()));
            }
        }
        for spelling in spellings {
            if spelling.chars().count() >= SHORTEST && !self.spellings.iter().any(|(known, _)| *known == spelling) {
                self.spellings.push((spelling, name.to_owned()));
            }
        }
        // Longest first, so that a secret inside another does not leave a rest behind.
        self.spellings.sort_by_key(|(spelling, _)| std::cmp::Reverse(spelling.len()));
        let alternatives: Vec<String> = self.spellings.iter().map(|(spelling, _)| regex::escape(spelling)).collect();
        self.pattern = Regex::new(&alternatives.join("|")).ok();
    }

    /// The text with every secret replaced by `<secret NAME>`.
    pub fn hide(&self, text: &str) -> String {
        let Some(pattern) = &self.pattern else { return text.to_owned() };
        pattern
            .replace_all(text, |found: &regex::Captures<'_>| {
                let name = self
                    .spellings
                    .iter()
                    .find(|(spelling, _)| *spelling == found[0])
                    .map_or("?", |(_, name)| name.as_str());
                format!("<secret {name}>")
            })
            .into_owned()
    }
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mask({} spellings)", self.spellings.len())
    }
}

/// Base64 of the bytes wherever they stand inside a longer text: the inner part of each of the three alignments.
fn encoded(engine: &impl Engine, bytes: &[u8]) -> Vec<String> {
    (0..3)
        .filter_map(|shift| {
            let mut shifted = vec![0; shift];
            shifted.extend_from_slice(bytes);
            let text = engine.encode(&shifted);
            let text = text.trim_end_matches('=');
            let start = [0, 2, 3][shift];
            // The last character may hold bits of a following byte.
            let end = if (shift + bytes.len()).is_multiple_of(3) { text.len() } else { text.len() - 1 };
            text.get(start..end).map(str::to_owned)
        })
        .collect()
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_spelling_of_a_secret_survives(secret in "[a-zA-Z0-9/+=!\" ]{8,40}", before in "[a-z]{0,7}", after in "[a-z]{0,7}") {
            prop_assume!(secret.trim().len() >= 8);
            let mut mask = Mask::default();
            mask.learn("canary", &Plain::new(secret.clone()));
            let text = format!("{before}{secret}{after}");
            prop_assert!(!mask.hide(&text).contains(&secret));
            let base64 = general_purpose::STANDARD.encode(&text);
            let hidden = mask.hide(&base64);
            prop_assert!(hidden.contains("<secret canary>"), "{}", hidden);
            prop_assert!(!mask.hide(&percent_encoded(&secret)).contains(&percent_encoded(&secret)));
        }
    }

    #[test]
    fn a_secret_cannot_be_printed() {
        assert_eq!(format!("{:?}", Plain::new("hunter2".into())), "<secret>");
    }
}
