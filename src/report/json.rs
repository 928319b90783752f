//! JSON: as it happens (NDJSON), or one document at the end.

use std::io::Write;

use serde_json::{Value, json};

use super::{Line, Observer, VERSION};

/// One object a line.
pub(super) struct Ndjson(Box<dyn Write + Send>);

impl Ndjson {
    pub(super) fn new(out: Box<dyn Write + Send>) -> Self {
        Self(out)
    }
}

fn stamped(line: &Line) -> std::io::Result<Value> {
    let mut value = serde_json::to_value(line)?;
    if let Some(map) = value.as_object_mut() {
        map.insert("v".into(), VERSION.into());
    }
    Ok(value)
}

impl Observer for Ndjson {
    fn see(&mut self, line: &Line) -> std::io::Result<()> {
        writeln!(self.0, "{}", stamped(line)?)?;
        self.0.flush()
    }
}

/// One document.
pub(super) struct Json {
    out: Box<dyn Write + Send>,
    lines: Vec<Value>,
}

impl Json {
    pub(super) fn new(out: Box<dyn Write + Send>) -> Self {
        Self { out, lines: Vec::new() }
    }
}

impl Observer for Json {
    fn see(&mut self, line: &Line) -> std::io::Result<()> {
        self.lines.push(stamped(line)?);
        if let Line::End { .. } = line {
            let document = json!({ "v": VERSION, "lines": std::mem::take(&mut self.lines) });
            writeln!(self.out, "{}", serde_json::to_string_pretty(&document)?)?;
            self.out.flush()?;
        }
        Ok(())
    }
}
