//! What can be asked, and what can be answered.

use landfall_core::value::Plain;

/// One thing to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    /// What can be typed instead of its number.
    pub(super) word: String,
    /// For people.
    pub(super) label: String,
}

impl Offer {
    pub(super) fn new(word: impl Into<String>, label: impl Into<String>) -> Self {
        Self { word: word.into(), label: label.into() }
    }
}

/// One question.
#[derive(Clone, Debug)]
pub(super) enum Prompt {
    /// One of these.
    Choose {
        title: String,
        offers: Vec<Offer>,
        /// Which one Enter takes.
        at: Option<usize>,
        /// An answer of one's own is possible; Enter takes this one where no offer stands for it.
        own: Option<String>,
    },
    /// Any of these.
    Several { title: String, offers: Vec<Offer>, ticked: Vec<usize> },
    /// A line.
    Text {
        title: String,
        /// What Enter takes.
        given: String,
    },
    /// Yes or no.
    Confirm { title: String, given: bool },
    /// A line that nobody may read.
    Secret { title: String },
}

/// An answer.
#[derive(Clone, Debug)]
pub(super) enum Said {
    /// This offer.
    Chosen(usize),
    /// These offers.
    Ticked(Vec<usize>),
    /// This text.
    Text(String),
    /// Yes or no.
    Yes(bool),
    /// A secret.
    Secret(Plain),
    /// Esc or `<`: leave this question.
    Back,
    /// `?`: explain it.
    Help,
    /// `!`: a shell.
    Shell,
}

/// What came of a question.
#[derive(Debug)]
pub(super) enum Heard {
    /// An answer.
    Said(Said),
    /// Ctrl-C.
    Interrupted,
    /// Standard input ended.
    Ended,
    /// The terminal failed.
    Failed(std::io::Error),
}
