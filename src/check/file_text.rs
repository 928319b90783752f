//! `file.text`: does a file that somebody brought hold what it must, and nothing that it must not?

use std::path::PathBuf;

use async_trait::async_trait;
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Problem},
};
use regex::Regex;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{Trouble, written},
    kind::{Check, CheckAbout, Context},
};

/// The text of a file somebody brought, for what must stand in it and what must not. Often it is the wrong file, or a
/// template that was never filled in.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileText {
    /// The file.
    file: PathBuf,
    /// What must be in it.
    #[serde(default)]
    holds: Vec<Passage>,
    /// What must not be in it.
    #[serde(default)]
    lacks: Vec<Passage>,
}

/// Something in a text.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Passage {
    /// A regular expression that finds it.
    pattern: String,
    /// What it is, for people.
    means: String,
}

#[async_trait]
impl Check for FileText {
    const ABOUT: CheckAbout = CheckAbout {
        name: "file.text",
        code: "FILE-03",
        about: "a file that was brought is as it has to be",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &["FILE-TEXT-MISSING", "FILE-TEXT-REFUSED"];

    async fn run(&self, _cx: &Context) -> Result<Outcome, Trouble> {
        let text = written::read(&self.file)?.ok_or_else(|| written::unusable(&self.file, &"it is not there"))?;
        self.judge(&text)
    }
}

impl FileText {
    fn judge(&self, text: &str) -> Result<Outcome, Trouble> {
        let (mut missing, mut there) = (Vec::new(), Vec::new());
        for passage in &self.holds {
            if !passage.found(text)? {
                missing.push(passage.means.as_str());
            }
        }
        for passage in &self.lacks {
            if passage.found(text)? {
                there.push(passage.means.as_str());
            }
        }
        let shown = self.file.display();
        let fail = |code: &str, what: String, fix: &str, list: &[&str]| Outcome::Fail {
            problem: Problem::new(code, what, format!("{fix}\n{}", list.join("\n"))),
        };
        Ok(match (there.as_slice(), missing.as_slice()) {
            ([], []) => Outcome::pass(format!("{shown} is as it has to be")),
            ([], missing) => fail(
                "FILE-TEXT-MISSING",
                format!("{shown} lacks {} of what it must hold", missing.len()),
                "Add to it:",
                missing,
            ),
            (there, _) => fail(
                "FILE-TEXT-REFUSED",
                format!("{shown} holds what it must not"),
                "Take out of it, and change the secret if others could read the file:",
                there,
            ),
        })
    }
}

impl Passage {
    fn found(&self, text: &str) -> Result<bool, Trouble> {
        let pattern = Regex::new(&self.pattern).map_err(|_| {
            Trouble::guide(format!("{:?} is not a regular expression", self.pattern), "Mend the guide.")
        })?;
        Ok(pattern.is_match(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Option<String> {
        let check: FileText = serde_json::from_value(serde_json::json!({"file": "gateway.tf",
            "holds": [{"pattern": "var\\.password", "means": "password = var.password"}],
            "lacks": [{"pattern": "password\\s*=\\s*\"", "means": "a password"}]}))
        .unwrap();
        check.judge(text).unwrap().problem().map(|problem| problem.code.clone())
    }

    #[test]
    fn what_is_missing_and_what_must_not_be_there_are_told_apart() {
        assert_eq!(code("password = var.password"), None);
        assert_eq!(code("nothing").as_deref(), Some("FILE-TEXT-MISSING"));
        assert_eq!(code("password = \"canary\"").as_deref(), Some("FILE-TEXT-REFUSED"));
    }
}
