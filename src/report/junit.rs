//! JUnit XML: every check, step and verification is a test case; Unknown and skipped ones are skipped cases.

use std::{collections::BTreeMap, io::Write};

use landfall_core::event::{Happened, Outcome, Section, TaskPath};

use super::{Line, Observer};

pub(super) struct Junit {
    out: Box<dyn Write + Send>,
    cases: BTreeMap<TaskPath, (String, Happened)>,
}

impl Junit {
    pub(super) fn new(out: Box<dyn Write + Send>) -> Self {
        Self { out, cases: BTreeMap::new() }
    }
}

impl Observer for Junit {
    fn see(&mut self, line: &Line) -> std::io::Result<()> {
        match line {
            Line::Fact { code, title, fact } => {
                if matches!(
                    fact.what,
                    Happened::Looked { .. }
                        | Happened::Finished { .. }
                        | Happened::Failed { .. }
                        | Happened::Skipped { .. }
                ) {
                    self.cases.insert(fact.path.clone(), (format!("{code} {title}"), fact.what.clone()));
                }
                Ok(())
            }
            Line::End { .. } => self.write(),
            _ => Ok(()),
        }
    }
}

impl Junit {
    fn write(&mut self) -> std::io::Result<()> {
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"landfall\">\n");
        for section in [Section::Checks, Section::Steps, Section::Verify] {
            let cases: Vec<_> = self.cases.iter().filter(|(path, _)| path.section == section).collect();
            if cases.is_empty() {
                continue;
            }
            let bodies: Vec<String> = cases.iter().map(|(_, (_, what))| body(what)).collect();
            let failures = bodies.iter().filter(|body| body.starts_with("<failure")).count();
            let skipped = bodies.iter().filter(|body| body.starts_with("<skipped")).count();
            text.push_str(&format!(
                "  <testsuite name=\"{section}\" tests=\"{}\" failures=\"{failures}\" skipped=\"{skipped}\">\n",
                cases.len()
            ));
            for ((path, (title, _)), body) in cases.iter().zip(bodies) {
                text.push_str(&format!(
                    "    <testcase classname=\"{}\" name=\"{}\">{body}</testcase>\n",
                    escape(&path.to_string()),
                    escape(title)
                ));
            }
            text.push_str("  </testsuite>\n");
        }
        text.push_str("</testsuites>\n");
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}

fn body(what: &Happened) -> String {
    let failure = |problem: &landfall_core::event::Problem| {
        format!(
            "<failure type=\"{}\" message=\"{}\">{}</failure>",
            escape(&problem.code),
            escape(&problem.what),
            escape(&format!("{}\n{}", problem.why, problem.fix))
        )
    };
    match what {
        Happened::Looked { outcome, .. } => match outcome {
            Outcome::Fail { problem } | Outcome::NotYet { problem } => failure(problem),
            Outcome::Skip { reason } => format!("<skipped message=\"{}\"/>", escape(reason)),
            Outcome::Unknown { denied, ask } => {
                format!("<skipped message=\"{}\"/>", escape(&format!("not seen: {denied}; ask {ask}")))
            }
            Outcome::Warn { problem } => {
                format!("<system-out>{}</system-out>", escape(&format!("warning {}: {}", problem.code, problem.what)))
            }
            Outcome::Pass { fact, .. } => format!("<system-out>{}</system-out>", escape(fact)),
        },
        Happened::Failed { problem } => failure(problem),
        Happened::Skipped { reason } => format!("<skipped message=\"{}\"/>", escape(reason)),
        _ => String::new(),
    }
}

/// XML text; control characters XML cannot hold are left out.
fn escape(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t'))
        .map(|letter| match letter {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            other => other.to_string(),
        })
        .collect()
}
