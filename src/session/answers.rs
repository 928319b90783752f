//! What does an answers file say?

use std::path::Path;

use landfall_core::{guide::Guide, plan::Answers, value::Document};

/// Reads an answers file; every mistake in it with its line.
pub fn read_answers(path: &Path, guide: &Guide) -> Result<Answers, Vec<String>> {
    let text = std::fs::read_to_string(path).map_err(|error| vec![format!("{}: {error}", path.display())])?;
    let document = Document::parse(path, &text).map_err(|fault| vec![fault.to_string()])?;
    Answers::read(&document, guide).map_err(|faults| faults.iter().map(ToString::to_string).collect())
}
