//! A member of a shape: its type, and its form on the wire where that is another.

use serde::Deserialize;

/// A member's type and wire form.
#[derive(Debug, Deserialize)]
#[serde(from = "MemberForm")]
pub struct Member {
    /// A scalar's or shape's name.
    pub of: String,
    /// Name on the wire where it is another.
    pub wire: Option<String>,
    /// Name in EC2's form fields where it is another still.
    pub query: Option<String>,
    /// `path`, `query` or `header` where it is not in the body.
    pub place: Option<String>,
    /// A list without an element around its items.
    pub flat: bool,
    /// A timestamp's format where it is not the protocol's own.
    pub format: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum MemberForm {
    Plain(String),
    Full {
        of: String,
        #[serde(default, rename = "as")]
        wire: Option<String>,
        #[serde(default)]
        query: Option<String>,
        #[serde(default, rename = "in")]
        place: Option<String>,
        #[serde(default)]
        flat: bool,
        #[serde(default)]
        format: Option<String>,
    },
}

impl From<MemberForm> for Member {
    fn from(form: MemberForm) -> Self {
        match form {
            MemberForm::Plain(of) => Self { of, wire: None, query: None, place: None, flat: false, format: None },
            MemberForm::Full { of, wire, query, place, flat, format } => Self { of, wire, query, place, flat, format },
        }
    }
}
