//! One thing a guide asks, and whether an answer fits.

use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Lines, When};
use crate::mapping::Mapping;

/// One thing a guide asks.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Snake-case name; read as `{{ <id> }}`.
    pub id: String,
    /// What an answer looks like.
    #[serde(rename = "type")]
    pub kind: InputType,
    /// For people.
    #[serde(default)]
    pub label: Option<String>,
    /// What to know before answering.
    #[serde(default)]
    pub help: String,
    /// The heading it stands under.
    #[serde(default)]
    pub group: Option<String>,
    /// For `choice`: what can be chosen.
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// For `rows`: the columns.
    #[serde(default)]
    pub columns: Vec<Input>,
    /// Suggested answer; may be a template.
    #[serde(default)]
    pub default: Value,
    /// A look-up that offers answers.
    #[serde(default)]
    pub suggest: Option<Suggest>,
    /// For `mapping`: what the guide can say about keys of a file it does not know.
    #[serde(default)]
    pub offers: Vec<Offer>,
    /// Whether it is asked.
    #[serde(default)]
    pub when: When,
    /// May be left empty.
    #[serde(default)]
    pub optional: bool,
    /// Regular expression a text has to match.
    #[serde(default)]
    pub pattern: Option<String>,
    /// Smallest number, or fewest items.
    #[serde(default)]
    pub min: Option<i64>,
    /// Largest number, or most items.
    #[serde(default)]
    pub max: Option<i64>,
    /// Lines of the source.
    #[serde(default)]
    pub from: Vec<Lines>,
}

/// What an answer looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum InputType {
    /// Any text.
    #[serde(rename = "text")]
    Text,
    /// A whole number.
    #[serde(rename = "integer")]
    Integer,
    /// Yes or no.
    #[serde(rename = "boolean")]
    Boolean,
    /// One of the choices.
    #[serde(rename = "choice")]
    Choice,
    /// Several texts.
    #[serde(rename = "list")]
    List,
    /// Repeating rows of columns.
    #[serde(rename = "rows")]
    Rows,
    /// A host name.
    #[serde(rename = "host")]
    HostName,
    /// A file on this machine.
    #[serde(rename = "file")]
    File,
    /// An address with scheme.
    #[serde(rename = "url")]
    Url,
    /// A tree of keys and values.
    #[serde(rename = "tree")]
    Tree,
    /// A vendor's values file, filled in key by key; `suggest` reads the file. Templates read it as a tree of values.
    #[serde(rename = "mapping")]
    Mapping,
    /// `arn:aws:iam::…:role/…`.
    #[serde(rename = "aws.role_arn")]
    RoleArn,
    /// A chosen row of the AMI table.
    #[serde(rename = "aws.ami")]
    Ami,
    /// Subnet ids.
    #[serde(rename = "aws.subnets")]
    Subnets,
}

/// One choice.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
pub enum Choice {
    /// Only a name.
    Name(String),
    /// A name with an explanation.
    Explained {
        /// What an answers file says.
        id: String,
        /// For people.
        label: String,
        /// What it means, in one line.
        #[serde(default)]
        help: String,
    },
}

impl Choice {
    /// What an answers file says.
    pub fn id(&self) -> &str {
        match self {
            Self::Name(id) | Self::Explained { id, .. } => id,
        }
    }

    /// For people.
    pub fn label(&self) -> &str {
        match self {
            Self::Name(label) | Self::Explained { label, .. } => label,
        }
    }

    /// What it means.
    pub fn help(&self) -> &str {
        match self {
            Self::Name(_) => "",
            Self::Explained { help, .. } => help,
        }
    }
}

/// A look-up that offers answers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Suggest {
    /// Which look-up.
    pub lookup: String,
    /// Its parameters; templates over inputs answered before.
    #[serde(default)]
    pub with: Value,
}

/// What may belong to keys of a vendor's values file.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// For people.
    pub label: String,
    /// What a key becomes: a template over inputs and target.
    pub value: String,
    /// Regular expression over the path of a key, e.g. `(?i)role.?arn`.
    pub keys: String,
    /// Whether it is offered.
    #[serde(default)]
    pub when: When,
}

/// Why an answer does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

impl Input {
    /// For people.
    pub fn label(&self) -> String {
        self.label.clone().unwrap_or_else(|| self.id.replace('_', " "))
    }

    /// An answer in its own type, from what was typed or written in a file; or why it does not fit.
    pub fn accept(&self, answer: &Value) -> Result<Value, Refused> {
        let empty = matches!(answer, Value::Null) || answer.as_str().is_some_and(|text| text.trim().is_empty());
        if empty {
            return if self.optional {
                Ok(Value::Null)
            } else {
                Err(Refused(format!("{} has no answer yet", self.label())))
            };
        }
        if answer.as_str().is_some_and(|text| text.contains(['\u{E000}', '\u{E001}', '\u{E002}', '\u{E003}'])) {
            return Err(Refused("an answer cannot hold private-use characters".into()));
        }
        match self.kind {
            InputType::Integer => self.integer(answer),
            InputType::Boolean => boolean(answer),
            InputType::Choice => self.choice(answer),
            InputType::List | InputType::Subnets => self.list(answer),
            InputType::Rows => self.rows(answer),
            InputType::Tree | InputType::Ami => Ok(answer.clone()),
            InputType::Mapping => match Mapping::read(answer) {
                Ok(mapping) => Ok(mapping.answer()),
                Err(why) => Err(Refused(format!("{}: {why}", self.label()))),
            },
            _ => self.text(answer),
        }
    }

    fn integer(&self, answer: &Value) -> Result<Value, Refused> {
        let number = match answer {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let number =
            number.ok_or_else(|| Refused(format!("{} is a whole number, not {}", self.label(), shown(answer))))?;
        self.between(number, "")?;
        Ok(Value::from(number))
    }

    fn between(&self, number: i64, of: &str) -> Result<(), Refused> {
        if let Some(min) = self.min.filter(|min| number < *min) {
            return Err(Refused(format!("{} is at least {min}{of}, not {number}", self.label())));
        }
        if let Some(max) = self.max.filter(|max| number > *max) {
            return Err(Refused(format!("{} is at most {max}{of}, not {number}", self.label())));
        }
        Ok(())
    }

    fn choice(&self, answer: &Value) -> Result<Value, Refused> {
        let text = plain_text(answer).unwrap_or_default();
        if self.choices.iter().any(|choice| choice.id() == text) {
            return Ok(Value::String(text));
        }
        let known: Vec<&str> = self.choices.iter().map(Choice::id).collect();
        Err(Refused(format!("{} is one of {}, not {}", self.label(), known.join(", "), shown(answer))))
    }

    fn list(&self, answer: &Value) -> Result<Value, Refused> {
        let items: Vec<Value> = match answer {
            Value::Array(items) => items.clone(),
            Value::String(text) => {
                text.split([',', ' ', '\n']).map(str::trim).filter(|item| !item.is_empty()).map(Value::from).collect()
            }
            _ => return Err(Refused(format!("{} is a list, not {}", self.label(), shown(answer)))),
        };
        self.between(i64::try_from(items.len()).unwrap_or(i64::MAX), " items")?;
        let items = items.iter().map(|item| self.text(item)).collect::<Result<_, _>>()?;
        Ok(Value::Array(items))
    }

    fn rows(&self, answer: &Value) -> Result<Value, Refused> {
        let Value::Array(rows) = answer else {
            return Err(Refused(format!("{} is a list of rows, not {}", self.label(), shown(answer))));
        };
        self.between(i64::try_from(rows.len()).unwrap_or(i64::MAX), " rows")?;
        let mut accepted = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let mut fields = serde_json::Map::new();
            for column in &self.columns {
                let cell = row.get(&column.id).unwrap_or(&Value::Null);
                let cell = column.accept(cell).map_err(|refused| Refused(format!("row {}: {refused}", index + 1)))?;
                fields.insert(column.id.clone(), cell);
            }
            accepted.push(Value::Object(fields));
        }
        Ok(Value::Array(accepted))
    }

    fn text(&self, answer: &Value) -> Result<Value, Refused> {
        let text =
            plain_text(answer).ok_or_else(|| Refused(format!("{} is a text, not {}", self.label(), shown(answer))))?;
        let text = text.trim().to_owned();
        let shape = match self.kind {
            InputType::HostName => {
                Some((r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$", "a host name such as shield.example.com"))
            }
            InputType::Url => Some((r"^(https?|oci)://[^\s/]+(/\S*)?$", "an address such as https://example.com/path")),
            InputType::RoleArn => Some((
                r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/\S+$",
                "a role's ARN such as arn:aws:iam::123456789012:role/name",
            )),
            InputType::Subnets => Some((r"^subnet-[0-9a-f]+$", "a subnet id such as subnet-0a1b2c3d")),
            _ => None,
        };
        for (pattern, example) in shape.into_iter().chain(self.pattern.as_deref().map(|own| (own, ""))) {
            let fits = Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(&text));
            if !fits {
                let wanted =
                    if example.is_empty() { format!("has to match {pattern}") } else { format!("is {example}") };
                return Err(Refused(format!("{} {wanted}, not {text:?}", self.label())));
            }
        }
        Ok(Value::String(text))
    }
}

fn boolean(answer: &Value) -> Result<Value, Refused> {
    match answer {
        Value::Bool(_) => Ok(answer.clone()),
        Value::String(text) => match text.trim().to_lowercase().as_str() {
            "yes" | "y" | "true" => Ok(Value::Bool(true)),
            "no" | "n" | "false" => Ok(Value::Bool(false)),
            _ => Err(Refused(format!("the answer is yes or no, not {text:?}"))),
        },
        _ => Err(Refused(format!("the answer is yes or no, not {}", shown(answer)))),
    }
}

fn plain_text(answer: &Value) -> Option<String> {
    match answer {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn shown(answer: &Value) -> String {
    match answer {
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "a group of keys".into(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn input(text: Value) -> Input {
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn an_answer_takes_its_own_type_or_is_refused_with_the_reason() {
        let count = input(json!({"id": "gpu_max", "type": "integer", "min": 1, "max": 20}));
        assert_eq!(count.accept(&json!("4")).unwrap(), 4);
        assert_eq!(count.accept(&json!(0)).unwrap_err().0, "gpu max is at least 1, not 0");
        assert!(count.accept(&json!("four")).unwrap_err().0.contains("whole number"));
        let host = input(json!({"id": "auth_host", "type": "host"}));
        assert!(host.accept(&json!("shield-auth.corp.example")).is_ok());
        assert!(host.accept(&json!("https://x.example")).is_err());
        let subnets = input(json!({"id": "subnets", "type": "aws.subnets", "min": 2}));
        assert_eq!(subnets.accept(&json!("subnet-1, subnet-2")).unwrap(), json!(["subnet-1", "subnet-2"]));
        assert!(subnets.accept(&json!(["subnet-1"])).is_err());
    }
}
