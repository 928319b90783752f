//! Plain text for people: a row a task, problems with their fix, never wider than the terminal, never cut.

use std::{collections::BTreeMap, io::Write};

use landfall_core::{
    event::{Happened, How, Outcome, Problem, TaskPath},
    wizard::PlanShown,
};

use super::{Line, Look, Observer};

pub(super) struct Text {
    out: Box<dyn Write + Send>,
    look: Look,
    waiting: BTreeMap<TaskPath, String>,
}

impl Text {
    pub(super) fn new(out: Box<dyn Write + Send>, look: Look) -> Self {
        Self { out, look, waiting: BTreeMap::new() }
    }

    fn say(&mut self, text: &str) -> std::io::Result<()> {
        writeln!(self.out, "{text}")?;
        self.out.flush()
    }
}

impl Observer for Text {
    fn see(&mut self, line: &Line) -> std::io::Result<()> {
        let look = self.look;
        match line {
            Line::Target { guide, install, target, rehearsal } => {
                if let Some(rehearsal) = rehearsal {
                    self.say(&format!("REHEARSAL ({rehearsal}): every endpoint is simulated"))?;
                }
                let field = |name: &str| target[name].as_str().unwrap_or_default().to_owned();
                let place = [field("account"), field("region"), format!("{}/{}", field("cluster"), field("namespace"))];
                let place: Vec<String> = place.into_iter().filter(|part| !part.is_empty()).collect();
                self.say(&format!("{guide}, install {install}: {}", place.join(" ")))
            }
            Line::Stage { stage } => self.say(&format!("\n{stage}")),
            Line::Fact { code, title, fact } => {
                if let Happened::Waiting { why, .. } = &fact.what {
                    // The same wait is said once.
                    if self.waiting.insert(fact.path.clone(), why.on.clone()).as_ref() == Some(&why.on) {
                        return Ok(());
                    }
                }
                let Some(row) = row(code, title, &fact.what, look) else { return Ok(()) };
                self.say(&row)?;
                match &fact.what {
                    // Who goes past it, or leaves it out, names it so.
                    Happened::Looked {
                        outcome: Outcome::Fail { .. } | Outcome::NotYet { .. } | Outcome::Unknown { .. },
                        ..
                    }
                    | Happened::Failed { .. }
                    | Happened::Person { .. } => self.say(&format!("        task {}", fact.path)),
                    // Never wrapped: it is there to be copied.
                    Happened::Asked { .. } => self.say(&format!(
                        "             in the answers: approve: [{{ task: {}, choice: …, name: …, reason: … }}]",
                        fact.path
                    )),
                    _ => Ok(()),
                }
            }
            Line::Plan { plan } => {
                let page = plan_text(plan, look);
                self.say(&page)
            }
            Line::Watched { at, code, seen } => {
                let color = look.color && matches!(**seen, super::Seen::Connection { state: "reconnecting", .. });
                let words = format!("{} {code:<8} {}", at.strftime("%H:%M:%S"), seen.words());
                // Never wrapped: a row is a line, so that grep finds all of it.
                self.say(&if color { format!("\u{1b}[33m{words}\u{1b}[0m") } else { words })
            }
            // Never wrapped: permissions and commands are there to be copied.
            Line::Notice { text } => self.say(text),
            Line::Problem { problem } => self.say(&explained(problem, look)),
            Line::End { outcome, summary, .. } => {
                if let Some(summary) = summary {
                    self.say("\nSummary")?;
                    for made in &summary.made {
                        self.say(&wrapped(made, "  ", look))?;
                    }
                    if let Some(line) = summary.errata_line() {
                        self.say(&format!("\n  {line}"))?;
                    }
                    if let Some(line) = summary.nothing_stays() {
                        self.say(&wrapped(&format!("What stays: {line}"), "  ", look))?;
                    }
                    for (title, text) in &summary.after {
                        self.say(&wrapped(&summary.lasting(&format!("{title}: {text}")), "  ", look))?;
                    }
                    for path in summary.files() {
                        self.say(&format!("  written: {path}"))?;
                    }
                }
                self.say(&format!("\n{outcome}"))
            }
        }
    }
}

/// One task's row; nothing for facts that are only interesting on a screen.
pub fn row(code: &str, title: &str, what: &Happened, look: Look) -> Option<String> {
    let mark = |utf8: &str, ascii: &str, color: u8| {
        let mark = if look.ascii { ascii } else { utf8 };
        if look.color { format!("\u{1b}[{color}m{mark}\u{1b}[0m") } else { mark.to_owned() }
    };
    let head = |mark: String, line: &str| {
        let lead = format!("  {mark} {code:<8} {title}");
        if line.is_empty() {
            lead
        } else {
            wrapped(&format!("{lead}: {line}"), "             ", look).trim_start().to_owned()
        }
    };
    let row = match what {
        Happened::Looked { outcome, .. } => match outcome {
            Outcome::Pass { fact, .. } => head(mark("✓", "ok", 32), fact),
            Outcome::Skip { reason } => head(mark("–", "-", 90), reason),
            Outcome::Warn { problem } => {
                format!("{}\n{}", head(mark("!", "!", 33), &problem.what), story(problem, look))
            }
            Outcome::Fail { problem } | Outcome::NotYet { problem } => {
                format!("{}\n{}", head(mark("✗", "X", 31), &problem.what), story(problem, look))
            }
            Outcome::Unknown { denied, ask } => head(mark("?", "?", 35), &format!("not seen: {denied}; ask {ask}")),
        },
        Happened::Applying => head(mark("▸", ">", 36), "sending the change"),
        Happened::Waiting { why, .. } => {
            let mut text = head(mark("…", "~", 36), &why.on);
            for line in why.story.iter().rev().take(3).rev() {
                text.push_str(&format!("\n{}", wrapped(line, "             ", look)));
            }
            if let Some(problem) = &why.problem {
                text.push_str(&format!("\n{}", story(problem, look)));
            }
            text
        }
        Happened::Person { instruction, until, .. } => {
            let mut text = head(mark("☛", "@", 35), "a person has to do this");
            for line in instruction.lines() {
                text.push_str(&format!("\n{}", wrapped(line, "             ", look)));
            }
            text.push_str(&format!("\n             waits: {until}"));
            text
        }
        Happened::HandedOver { handed, until, story, .. } => {
            let told = if until.is_empty() { String::new() } else { format!("; {until}") };
            let mut text = head(mark("☛", "@", 35), &format!("handed over to {}{told}", handed.to));
            for line in story {
                text.push_str(&format!("\n{}", wrapped(line, "             ", look)));
            }
            // Never wrapped: a path is there to be copied.
            text.push_str(&format!("\n             what to do: {}", handed.file));
            text
        }
        Happened::Asked { question } => {
            let mut text = head(mark("?", "?", 35), &question.text);
            for difference in &question.differences {
                text.push_str(&format!("\n             {}", difference.line("planned")));
            }
            for choice in &question.choices {
                text.push_str(&format!("\n             {}: {}", choice.id, choice.label));
            }
            text
        }
        Happened::Finished { how, .. } => {
            let word = match how {
                How::Made => "made",
                How::Changed => "changed",
                How::Adopted => "there already",
                How::HandedOver => "done by somebody else",
            };
            head(mark("✓", "ok", 32), word)
        }
        Happened::Failed { problem } => {
            format!("{}\n{}", head(mark("✗", "X", 31), &problem.what), story(problem, look))
        }
        Happened::Skipped { reason } => head(mark("–", "-", 90), reason),
        Happened::Undone { line } => head(mark("✓", "ok", 32), line),
        Happened::Recognised { problem } => {
            format!("{}\n{}", head(mark("!", "!", 33), &problem.what), story(problem, look))
        }
        Happened::Said { line } => wrapped(line, "             ", look),
        Happened::Throttled { service } => head(mark("…", "~", 36), &format!("{service} asks to slow down")),
        Happened::Looking => return None,
    };
    // `wrapped` took the indent off the first line.
    Some(if row.starts_with(' ') { row } else { format!("  {row}") })
}

/// A problem with its reason and fix.
pub fn explained(problem: &Problem, look: Look) -> String {
    format!("{}\n{}", wrapped(&format!("{}: {}", problem.code, problem.what), "  ", look), story(problem, look))
}

fn story(problem: &Problem, look: Look) -> String {
    let mut lines = Vec::new();
    for (name, text) in [
        ("why ", problem.why.as_str()),
        ("fix ", problem.fix.as_str()),
        ("from", problem.source.as_deref().unwrap_or("")),
    ] {
        for (index, line) in text.lines().enumerate() {
            let lead = if index == 0 { name } else { "    " };
            // Commands are never wrapped: they are there to be copied.
            lines.push(match line.strip_prefix("$ ") {
                Some(command) => format!("        {lead}   {command}"),
                None => wrapped_after(&format!("        {lead} "), line, "             ", look),
            });
        }
    }
    lines.join("\n")
}

fn wrapped(text: &str, indent: &str, look: Look) -> String {
    wrapped_after(indent, text, indent, look)
}

fn wrapped_after(first: &str, text: &str, indent: &str, look: Look) -> String {
    let width = if look.width == 0 { 100 } else { look.width };
    let options = textwrap::Options::new(width.max(40))
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .initial_indent(first)
        .subsequent_indent(indent)
        .break_words(false);
    textwrap::fill(text, options)
}

fn plan_text(plan: &PlanShown, look: Look) -> String {
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::NOTHING).set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    if look.width > 0 {
        table.set_width(u16::try_from(look.width).unwrap_or(120));
    }
    for task in &plan.tasks {
        // Answers name a task by its path.
        let told = format!("{} ({})", task.line, task.path);
        table.add_row([task.what.verb(), &task.code, &task.title, told.trim_start()]);
    }
    // With room for the path to stand unbroken: it is there to be copied.
    if let Some(column) = table.column_mut(3).filter(|_| look.width > 0) {
        let half = u16::try_from(look.width / 2).unwrap_or(60);
        column.set_constraint(comfy_table::ColumnConstraint::LowerBoundary(comfy_table::Width::Fixed(half)));
    }
    let mut text = table.to_string();
    for line in &plan.review {
        text.push_str(&format!(
            "\n{}",
            wrapped(&format!("{} {}: {}", line.what.verb(), line.path, line.why), "  ", look)
        ));
    }
    if !plan.review.is_empty() && plan.unchanged > 0 {
        text.push_str(&format!("\n  {} steps stay as they are", plan.unchanged));
    }
    for stake in plan.stakes() {
        text.push_str(&format!("\n{}", wrapped(&stake, "  ", look)));
    }
    for note in &plan.notes {
        text.push_str(&format!("\n{}", explained(note, look)));
    }
    format!("{text}\nplan digest {}", &plan.digest[..plan.digest.len().min(16)])
}
