//! What does an answers file say?

use std::path::Path;

use landfall_core::{
    guide::Guide,
    plan::{Answers, unanswered},
    value::Document,
};

/// Reads an answers file; every mistake in it with its line. Where nothing else can bring answers (`alone`), a file with
/// mistakes is also told what it leaves open.
pub fn read_answers(path: &Path, guide: &Guide, alone: bool) -> Result<Answers, Vec<String>> {
    let text = std::fs::read_to_string(path).map_err(|error| vec![format!("{}: {error}", path.display())])?;
    let document = Document::parse(path, &text).map_err(|fault| vec![fault.to_string()])?;
    let (answers, mut faults) = Answers::read_in_part(&document, guide);
    if faults.is_empty() {
        return Ok(answers);
    }
    if alone {
        faults.extend(unanswered(&document, guide, &answers));
    }
    Err(faults.iter().map(ToString::to_string).collect())
}

/// Where an answers file has its answers: `answers.yaml:7`.
pub fn inputs_in(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let at = Document::parse(path, &text).ok()?.position("/inputs");
    Some(format!("{}:{}", at.file.display(), at.line))
}
