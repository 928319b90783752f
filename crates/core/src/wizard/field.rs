//! A field: what is asked, what was answered, and what could be chosen.

use serde_json::Value;

use super::{ErratumShown, MapRow};
use crate::{
    event::{Problem, Table},
    guide::Input as Asked,
    mapping::VendorFile,
    value::SecretRef,
};

/// One field of Target or Inputs.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name in `Input::Set` and `Effect::Lookup`: an input's id, or `target.region` and its siblings.
    pub name: String,
    /// What is asked.
    pub asked: Asked,
    /// What a person or a suggestion answered; null where nobody did.
    pub given: Value,
    /// What counts: what was given, or the guide's default; null where there is neither.
    pub answer: Value,
    /// Who gave it.
    pub by: AnsweredBy,
    /// Why the last answer was not taken, or why the accepted one no longer fits.
    pub refusal: Option<String>,
    /// What could be chosen.
    pub suggestions: Suggestions,
    /// Its condition holds, so it is asked.
    pub wanted: bool,
    /// Steps that are finished were made with it, so it can no longer change; why.
    pub locked: Option<String>,
    /// Steps that are finished were made with it and would be made anew; which.
    pub replaces: Option<String>,
    /// What the vendor's text has wrong here.
    pub errata: Vec<ErratumShown>,
    /// Where in the vendor's document it comes from.
    pub from: Option<String>,
    /// The parameters its look-up was last asked with, so that it is asked again when they change.
    pub looked_with: Option<Value>,
    /// For a mapping: the keys that were decided or have to be.
    pub mapped: Vec<MapRow>,
}

/// Who gave an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnsweredBy {
    /// Nobody yet.
    #[default]
    Nobody,
    /// The guide's default.
    Default,
    /// A look-up's suggestion.
    Suggestion,
    /// A person, or an answers file.
    Person,
}

/// What could be chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Suggestions {
    /// The guide offers none.
    #[default]
    None,
    /// Answers it depends on are missing; which.
    After(String),
    /// Asked for.
    Asked,
    /// These. Rejected rows stay visible with their reason.
    Table(Table),
    /// The look-up failed; typing is always possible.
    Failed(Problem),
    /// It reads a secret that is not there yet; which, for people.
    Needs(SecretRef, String),
    /// The keys of a vendor's values file.
    Vendor(VendorFile),
}
