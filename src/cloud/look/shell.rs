//! What would a person type instead? `aws` commands that can be pasted into bash as they are.

use std::{borrow::Cow, fmt};

use serde_json::Value;

/// One `aws` command; every word is quoted as bash needs it.
#[derive(Clone, Debug)]
pub struct Aws {
    parts: Vec<String>,
}

/// Starts a command, e.g. `aws("eks create-nodegroup")`.
pub fn aws(call: &str) -> Aws {
    Aws { parts: vec![format!("aws {call}")] }
}

/// A word as bash reads it back unchanged.
pub fn quoted(word: &str) -> Cow<'_, str> {
    shell_words::quote(word)
}

impl Aws {
    /// A flag with a value.
    #[must_use]
    pub fn with(mut self, flag: &str, value: impl fmt::Display) -> Self {
        self.parts.push(format!("{flag} {}", quoted(&value.to_string())));
        self
    }

    /// A flag with a value, where there is one.
    #[must_use]
    pub fn maybe(self, flag: &str, value: Option<impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.with(flag, value),
            None => self,
        }
    }

    /// A flag with several values; left out where there are none.
    #[must_use]
    pub fn list<T: AsRef<str>>(mut self, flag: &str, values: impl IntoIterator<Item = T>) -> Self {
        let words: Vec<String> = values.into_iter().map(|value| quoted(value.as_ref()).into_owned()).collect();
        if !words.is_empty() {
            self.parts.push(format!("{flag} {}", words.join(" ")));
        }
        self
    }

    /// A flag with JSON.
    #[must_use]
    pub fn json(self, flag: &str, value: &Value) -> Self {
        self.with(flag, value)
    }

    /// A flag whose value bash works out, e.g. `"$(aws …)"`; it must be quoted already.
    #[must_use]
    pub fn shell(mut self, flag: &str, value: &str) -> Self {
        self.parts.push(format!("{flag} {value}"));
        self
    }

    /// A flag without a value.
    #[must_use]
    pub fn flag(mut self, flag: &str) -> Self {
        self.parts.push(flag.to_owned());
        self
    }

    /// The region, where it is known.
    #[must_use]
    pub fn region(self, region: &str) -> Self {
        self.maybe("--region", Some(region).filter(|region| !region.is_empty()))
    }

    /// As one line, for a command inside another.
    pub fn one_line(&self) -> String {
        self.parts.join(" ")
    }
}

impl fmt::Display for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.parts.join(" \\\n  "))
    }
}

/// A fix: what to do, then commands to copy. A command of several lines stays one command.
pub fn fix(what: impl fmt::Display, commands: impl IntoIterator<Item = Aws>) -> String {
    let mut text = what.to_string();
    for command in commands {
        text.push_str(&format!("\n$ {}", command.one_line()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bash_reads_every_word_back_as_it_was() {
        let query = r#"SELECT AVG(x) FROM "AWS/EC2" WHERE a = 'b' AND c = "$d"!"#;
        let command = aws("cloudwatch put-metric-alarm").with("--metrics", query).list("--names", ["a b", "c"]);
        let words = shell_words::split(&command.to_string().replace("\\\n", " ")).unwrap();
        assert_eq!(words, ["aws", "cloudwatch", "put-metric-alarm", "--metrics", query, "--names", "a b", "c"]);
    }
}
