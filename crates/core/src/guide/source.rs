//! The vendor's document as a list of passages: where each stands, and a digest of it, never its text.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Lines;

/// `source.yaml`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The document's title.
    pub document: String,
    /// How many lines it has.
    pub lines: u32,
    /// Its passages, in order.
    pub passages: Vec<Passage>,
}

/// What a passage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PassageKind {
    /// Text.
    Prose,
    /// Something to type, apply or copy.
    Snippet,
    /// An alternative the reader chooses.
    Choice,
    /// Nothing for an install (navigation, a footer); needs no citation.
    Aside,
}

/// One passage of the document.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Passage {
    /// Where it stands.
    pub lines: Lines,
    /// The heading it stands under.
    pub heading: String,
    /// Which one under that heading, from 1.
    pub ordinal: u32,
    /// What it is.
    pub kind: PassageKind,
    /// SHA-256 of its text with white space folded, in hex.
    pub sha256: String,
}

impl Passage {
    /// For people: `GPU node group, step 4`.
    pub fn place(&self) -> String {
        format!("{}, passage {}", self.heading, self.ordinal)
    }
}

impl Source {
    /// The passage a line stands in.
    pub fn at(&self, line: u32) -> Option<&Passage> {
        self.passages.iter().find(|passage| passage.lines.first <= line && line <= passage.lines.last)
    }

    /// The places of all passages that some lines touch, in the order of the document.
    pub fn places<'a>(&'a self, cited: &'a [Lines]) -> impl Iterator<Item = String> + 'a {
        let touched = |passage: &&Passage| {
            cited.iter().any(|lines| lines.first <= passage.lines.last && passage.lines.first <= lines.last)
        };
        self.passages.iter().filter(touched).map(Passage::place)
    }

    /// Passages that must be cited and are not.
    pub fn uncited<'a>(&'a self, cited: &'a [Lines]) -> impl Iterator<Item = &'a Passage> {
        self.passages.iter().filter(move |passage| {
            passage.kind != PassageKind::Aside
                && !cited.iter().any(|lines| lines.first <= passage.lines.last && passage.lines.first <= lines.last)
        })
    }

    /// The digest of lines of a text, white space folded.
    pub fn digest(text: &str, lines: Lines) -> String {
        let passage: Vec<&str> = text
            .lines()
            .skip(lines.first.saturating_sub(1) as usize)
            .take((lines.last - lines.first + 1) as usize)
            .flat_map(str::split_whitespace)
            .collect();
        Sha256::digest(passage.join(" ")).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
