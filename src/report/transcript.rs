//! A copy of every line, as NDJSON, beside whatever else is said.

use std::io;

use super::{Format, Line, Look, Observer, observer};

/// Two observers of the same lines: the one that was asked for, and one that keeps them all.
pub struct Transcript {
    said: Box<dyn Observer>,
    kept: Box<dyn Observer>,
}

impl Transcript {
    /// Passes each line to `said`, and writes it to `file`, too.
    pub fn new(said: Box<dyn Observer>, file: Box<dyn io::Write + Send>) -> Self {
        Self { said, kept: observer(Format::Ndjson, Look::default(), file) }
    }
}

impl Observer for Transcript {
    fn see(&mut self, line: &Line) -> io::Result<()> {
        let kept = self.kept.see(line);
        self.said.see(line)?;
        kept
    }
}
