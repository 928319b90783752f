//! Which objects are meant? Label selectors in both their forms, and field selectors.

use serde_json::Value;

use super::{object, refusal::Refusal, resource::Resource};

/// A conjunction of requirements on labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labels(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq)]
struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
    Gt,
    Lt,
}

impl Requirement {
    fn holds(&self, value: Option<&str>) -> bool {
        let number = |text: &str| text.parse::<i64>().ok();
        match (self.operator, value) {
            (Operator::In, Some(value)) => self.values.iter().any(|wanted| wanted == value),
            (Operator::NotIn, Some(value)) => self.values.iter().all(|wanted| wanted != value),
            (Operator::NotIn | Operator::DoesNotExist, None) | (Operator::Exists, Some(_)) => true,
            (Operator::Gt, Some(value)) => self.values.first().is_some_and(|than| number(value) > number(than)),
            (Operator::Lt, Some(value)) => self.values.first().is_some_and(|than| number(value) < number(than)),
            (Operator::DoesNotExist, Some(_))
            | (Operator::In | Operator::Exists | Operator::Gt | Operator::Lt, None) => false,
        }
    }
}

impl Labels {
    /// From a query: `a=b,c!=d,e in (f,g),h,!i`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let wrong = || Refusal::bad_request(format!("unable to parse requirement: {text:?} is not a label selector"));
        let mut requirements = Vec::new();
        for part in split(text) {
            let part = part.trim();
            if part.is_empty() {
                continue;
            }
            let one = |key: &str, operator, value: &str| Requirement {
                key: key.trim().into(),
                operator,
                values: vec![value.trim().into()],
            };
            let requirement = if let Some((key, value)) = part.split_once("!=") {
                one(key, Operator::NotIn, value)
            } else if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
                one(key, Operator::In, value)
            } else if let Some((key, values)) = part.split_once(" notin ") {
                Requirement {
                    key: key.trim().into(),
                    operator: Operator::NotIn,
                    values: set(values).ok_or_else(wrong)?,
                }
            } else if let Some((key, values)) = part.split_once(" in ") {
                Requirement { key: key.trim().into(), operator: Operator::In, values: set(values).ok_or_else(wrong)? }
            } else if let Some(key) = part.strip_prefix('!') {
                Requirement { key: key.trim().into(), operator: Operator::DoesNotExist, values: Vec::new() }
            } else if part.contains(char::is_whitespace) {
                return Err(wrong());
            } else {
                Requirement { key: part.into(), operator: Operator::Exists, values: Vec::new() }
            };
            requirements.push(requirement);
        }
        Ok(Self(requirements))
    }

    /// From an object: `{matchLabels, matchExpressions}`.
    pub fn of(selector: &Value) -> Self {
        let mut requirements = Self::of_map(&selector["matchLabels"]).0;
        requirements.extend(Self::of_expressions(object::list(selector, "/matchExpressions")).0);
        Self(requirements)
    }

    /// From a plain map, as in `nodeSelector`.
    pub fn of_map(map: &Value) -> Self {
        let map = map.as_object().into_iter().flatten();
        Self(
            map.map(|(key, value)| Requirement {
                key: key.clone(),
                operator: Operator::In,
                values: vec![value.as_str().unwrap_or_default().into()],
            })
            .collect(),
        )
    }

    /// From `matchExpressions`; an operator nobody knows holds for nothing.
    pub fn of_expressions(expressions: &[Value]) -> Self {
        let requirements = expressions.iter().map(|expression| Requirement {
            key: object::text(expression, "/key").into(),
            operator: match object::text(expression, "/operator") {
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                "Gt" => Operator::Gt,
                "Lt" => Operator::Lt,
                _ => Operator::In,
            },
            values: object::list(expression, "/values")
                .iter()
                .filter_map(|value| value.as_str().map(Into::into))
                .collect(),
        });
        Self(requirements.collect())
    }

    /// No requirement at all?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Does an object carry what is asked for?
    pub fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|requirement| requirement.holds(object::label(object, &requirement.key).map(String::as_str)))
    }
}

fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

fn set(text: &str) -> Option<Vec<String>> {
    let inside = text.trim().strip_prefix('(')?.strip_suffix(')')?;
    Some(inside.split(',').map(|value| value.trim().to_owned()).collect())
}

/// A conjunction of requirements on fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(Vec<(String, bool, String)>);

impl Fields {
    /// From a query: `metadata.name=x,status.phase!=Running`.
    pub fn parse(text: &str, resource: &Resource) -> Result<Self, Refusal> {
        let mut fields = Vec::new();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let (field, equal, value) = if let Some((field, value)) = part.split_once("!=") {
                (field, false, value)
            } else if let Some((field, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
                (field, true, value)
            } else {
                return Err(Refusal::bad_request(format!("invalid field selector: {part:?}; can't understand it")));
            };
            if !known(&resource.id, field) {
                return Err(Refusal::bad_request(format!("field label not supported: {field}")));
            }
            fields.push((field.to_owned(), equal, value.to_owned()));
        }
        Ok(Self(fields))
    }

    /// Does an object have what is asked for?
    pub fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|(field, equal, wanted)| {
            let field = if field == "source" { "source.component" } else { field };
            let value = field.split('.').try_fold(object, |here, key| here.get(key));
            let holds = match value {
                Some(Value::String(value)) => value == wanted,
                Some(Value::Bool(value)) => wanted.parse() == Ok(*value),
                Some(Value::Number(value)) => value.as_i64().is_some_and(|value| wanted.parse() == Ok(value)),
                _ => wanted.is_empty() || wanted == "false",
            };
            holds == *equal
        })
    }
}

fn known(resource: &str, field: &str) -> bool {
    matches!(field, "metadata.name" | "metadata.namespace")
        || match resource {
            "pods" => matches!(
                field,
                "spec.nodeName"
                    | "spec.restartPolicy"
                    | "spec.schedulerName"
                    | "spec.serviceAccountName"
                    | "status.phase"
                    | "status.podIP"
            ),
            "events" => {
                field.starts_with("involvedObject.")
                    || matches!(field, "reason" | "reportingComponent" | "source" | "type")
            }
            "secrets" => field == "type",
            "namespaces" => field == "status.phase",
            "nodes" => field == "spec.unschedulable",
            "jobs.batch" => field == "status.successful",
            "replicasets.apps" => field == "status.replicas",
            _ => false,
        }
}
