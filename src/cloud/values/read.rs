//! How does helm read a values file? As YAML 1.1: `yes` and `off` are booleans, `0777` is octal, `1_000` a thousand.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput};
use serde_json::{Map, Number, Value};

/// Deeper files are refused; helm's own reader stops there, too.
const DEEPEST: usize = 100;
/// Aliases may not blow a file up to more than this many nodes.
const LARGEST: usize = 200_000;

/// A values file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values {
    /// What helm makes of it.
    pub tree: Value,
    /// The line each value's key stands in, from 1, by JSON pointer.
    pub lines: BTreeMap<String, usize>,
}

/// Why a text is not a values file. Quotes nothing of it: it may hold secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct NotValues {
    /// Line, from 1.
    pub line: usize,
    /// Why.
    pub message: String,
}

impl Values {
    /// Reads a text as helm does.
    pub fn read(text: &str) -> Result<Self, NotValues> {
        let mut reader =
            Reader { events: Parser::new_from_str(text), anchors: BTreeMap::new(), lines: BTreeMap::new(), nodes: 0 };
        let tree = reader.document()?;
        match tree {
            Value::Null => Ok(Self { tree: Value::Object(Map::new()), lines: reader.lines }),
            Value::Object(_) => Ok(Self { tree, lines: reader.lines }),
            _ => Err(NotValues { line: 1, message: "a values file is a mapping of keys to values".into() }),
        }
    }
}

struct Reader<'t> {
    events: Parser<'t, StrInput<'t>>,
    anchors: BTreeMap<usize, Value>,
    lines: BTreeMap<String, usize>,
    nodes: usize,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), NotValues> {
        match self.events.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                Err(NotValues { line: error.marker().line(), message: format!("this is not YAML: {}", error.info()) })
            }
            None => Err(NotValues { line: 1, message: "the text ends too early".into() }),
        }
    }

    fn document(&mut self) -> Result<Value, NotValues> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(Value::Null),
                (Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd | Event::Nothing, _) => {}
                (event, span) => return self.node(event, span, String::new(), 0),
            }
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span, path: String, depth: usize) -> Result<Value, NotValues> {
        let line = span.start.line();
        let refuse = |message: &str| Err(NotValues { line, message: message.into() });
        self.nodes += 1;
        if depth > DEEPEST || self.nodes > LARGEST {
            return refuse("this is nested too deeply or grows too large");
        }
        self.lines.entry(path.clone()).or_insert(line);
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let text_wanted = tag.is_some_and(|tag| tag.suffix == "str");
                let plain = style == ScalarStyle::Plain && !text_wanted;
                (anchor, if plain { scalar(&text) } else { Value::String(text.into_owned()) })
            }
            Event::SequenceStart(anchor, _) => {
                let mut items = Vec::new();
                loop {
                    let (event, span) = self.next()?;
                    if event == Event::SequenceEnd {
                        break (anchor, Value::Array(items));
                    }
                    items.push(self.node(event, span, format!("{path}/{}", items.len()), depth + 1)?);
                }
            }
            Event::MappingStart(anchor, _) => (anchor, self.mapping(&path, depth)?),
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).cloned().unwrap_or_default();
                self.nodes += count(&value);
                (0, value)
            }
            _ => return refuse("this is not expected here"),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn mapping(&mut self, path: &str, depth: usize) -> Result<Value, NotValues> {
        let mut fields = Map::new();
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.next()?;
            let line = span.start.line();
            let key = match event {
                Event::MappingEnd => break,
                Event::Scalar(text, ..) => text.into_owned(),
                _ => return Err(NotValues { line, message: "a key is not a plain word".into() }),
            };
            let below = format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
            self.lines.insert(below.clone(), line);
            let (event, span) = self.next()?;
            let value = self.node(event, span, below, depth + 1)?;
            match value {
                Value::Object(more) if key == "<<" => merged.push(more),
                value => {
                    fields.insert(key, value);
                }
            }
        }
        for (key, value) in merged.into_iter().flatten() {
            fields.entry(key).or_insert(value);
        }
        Ok(Value::Object(fields))
    }
}

fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(count).sum::<usize>(),
        _ => 1,
    }
}

/// A plain scalar, as the YAML 1.1 reader inside helm resolves it (go.yaml.in/yaml/v2, resolve.go).
fn scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return true.into(),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => return false.into(),
        _ => {}
    }
    number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

fn number(text: &str) -> Option<Number> {
    let first = text.chars().next()?;
    if !(first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) {
        return None;
    }
    let plain = text.replace('_', "");
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let whole = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => u64::from_str_radix(&digits[2..], 16).ok(),
        [b'0', b'o' | b'O', ..] => u64::from_str_radix(&digits[2..], 8).ok(),
        [b'0', b'b' | b'B', ..] => u64::from_str_radix(&digits[2..], 2).ok(),
        [b'0', _, ..] if digits.bytes().all(|digit| digit.is_ascii_digit()) => u64::from_str_radix(digits, 8).ok(),
        bytes if !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit) => digits.parse().ok(),
        _ => None,
    };
    match whole {
        Some(number) if negative => i64::try_from(number).ok().map(|number| Number::from(-number)),
        Some(number) => Some(Number::from(number)),
        None => float(&plain, digits),
    }
}

fn float(plain: &str, digits: &str) -> Option<Number> {
    let looks_so = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.contains(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    if !looks_so {
        return None;
    }
    let number: f64 = plain.trim_start_matches('+').parse().ok()?;
    // JSON has no infinity; helm fails on one, too.
    Number::from_f64(number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_and_numbers_are_read_as_helm_reads_them() {
        let text = "a: yes\nb: off\nc: 0777\nd: 1e3\ne: ~\nf: 1_000\ng: 0x1F\nh: -7\ni: .5\nj: 1.2.3\nk: 'yes'\n\
                    l: 0o17\nm: 08\nn: 12:30\no: \"1\"\np:\nq: 1.0\n";
        let tree = Values::read(text).unwrap().tree;
        assert_eq!(
            tree,
            json!({"a": true, "b": false, "c": 511, "d": 1000.0, "e": null, "f": 1000, "g": 31, "h": -7, "i": 0.5,
                "j": "1.2.3", "k": "yes", "l": 15, "m": 8.0, "n": "12:30", "o": "1", "p": null, "q": 1.0})
        );
    }

    #[test]
    fn anchors_and_merge_keys_are_followed() {
        let text = "base: &b { x: 1, y: 2 }\nmore:\n  <<: *b\n  y: 3\nsame: *b\n";
        let tree = Values::read(text).unwrap().tree;
        assert_eq!(tree["more"], json!({"y": 3, "x": 1}));
        assert_eq!(tree["same"], json!({"x": 1, "y": 2}));
    }

    #[test]
    fn a_file_without_values_is_an_empty_one() {
        assert_eq!(Values::read("# nothing\n").unwrap().tree, json!({}));
        assert_eq!(Values::read("").unwrap().tree, json!({}));
    }

    #[test]
    fn a_broken_file_is_named_by_line_without_its_text() {
        let fault = Values::read("password: hunter2\nb: [1, 2\nc: 3\n").unwrap_err();
        assert!(fault.line >= 2, "{fault}");
        assert!(!fault.to_string().contains("hunter2"));
        assert!(Values::read("- a\n").is_err());
    }

    #[test]
    fn aliases_cannot_blow_a_file_up() {
        let mut text = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n".to_owned();
        for level in 1..9 {
            let below = format!("*a{}", level - 1);
            text.push_str(&format!("a{level}: &a{level} [{}]\n", [below.as_str(); 10].join(",")));
        }
        assert!(Values::read(&text).is_err());
    }
}
