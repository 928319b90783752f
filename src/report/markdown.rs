//! One Markdown page: the plan, what happened, the summary; fit for a change ticket.

use std::{collections::BTreeMap, io::Write};

use landfall_core::{
    event::{Happened, TaskPath},
    wizard::PlanShown,
};

use super::{Line, Look, Observer, text::row};

pub(super) struct Markdown {
    out: Box<dyn Write + Send>,
    head: Vec<String>,
    plan: Option<Box<PlanShown>>,
    rows: BTreeMap<TaskPath, String>,
    problems: Vec<String>,
}

impl Markdown {
    pub(super) fn new(out: Box<dyn Write + Send>) -> Self {
        Self { out, head: Vec::new(), plan: None, rows: BTreeMap::new(), problems: Vec::new() }
    }
}

impl Observer for Markdown {
    fn see(&mut self, line: &Line) -> std::io::Result<()> {
        match line {
            Line::Target { guide, install, target, rehearsal } => {
                self.head.push(format!("# {guide}: install {install}\n"));
                if let Some(rehearsal) = rehearsal {
                    self.head.push(format!("**Rehearsal** ({rehearsal}): every endpoint is simulated.\n"));
                }
                for field in ["account", "region", "cluster", "namespace"] {
                    self.head.push(format!("- {field}: {}", target[field].as_str().unwrap_or_default()));
                }
            }
            Line::Plan { plan } => self.plan = Some(plan.clone()),
            Line::Notice { text } => self.problems.push(text.clone()),
            Line::Problem { problem } => {
                self.problems.push(format!("{}: {}. {}", problem.code, problem.what, problem.fix))
            }
            Line::Fact { code, title, fact } => {
                if matches!(
                    fact.what,
                    Happened::Looked { .. }
                        | Happened::HandedOver { .. }
                        | Happened::Finished { .. }
                        | Happened::Failed { .. }
                        | Happened::Skipped { .. }
                        | Happened::Undone { .. }
                ) && let Some(row) = row(code, title, &fact.what, Look { width: 10_000, ..Look::default() })
                {
                    self.rows.insert(fact.path.clone(), row);
                }
            }
            Line::Stage { .. } | Line::Watched { .. } => {}
            Line::End { outcome, summary, .. } => {
                let mut text = self.head.join("\n");
                if let Some(plan) = &self.plan {
                    text.push_str("\n\n## Plan\n\n");
                    text.push_str(&plan_page(plan));
                }
                for section in ["checks", "steps", "verify"] {
                    let rows: Vec<&String> = self
                        .rows
                        .iter()
                        .filter(|(path, _)| path.section.to_string() == section)
                        .map(|(_, row)| row)
                        .collect();
                    if !rows.is_empty() {
                        text.push_str(&format!("\n\n## {section}\n\n"));
                        rows.iter().for_each(|row| text.push_str(&format!("- {}\n", row.trim())));
                    }
                }
                if !self.problems.is_empty() {
                    text.push_str("\n\n## To know\n\n");
                    self.problems.iter().for_each(|problem| text.push_str(&format!("- {problem}\n")));
                }
                if let Some(summary) = summary {
                    text.push_str(&super::page("Summary", "", summary));
                }
                text.push_str(&format!("\n{outcome}\n"));
                self.out.write_all(text.trim_start().as_bytes())?;
                self.out.flush()?;
            }
        }
        Ok(())
    }
}

/// A plan as Markdown: what, commands, undo; permissions and hosts at the end.
pub(super) fn plan_page(plan: &PlanShown) -> String {
    let mut page = String::new();
    for task in &plan.tasks {
        page.push_str(&format!("### {}: {} ({})\n\n", task.what.verb(), task.title, task.path));
        for text in [&task.about, &task.line].into_iter().filter(|text| !text.is_empty()) {
            page.push_str(&format!("{text}\n\n"));
        }
        for difference in &task.changes {
            page.push_str(&format!("- {}\n", difference.line("planned")));
        }
        for erratum in &task.errata {
            page.push_str(&format!("- {erratum}\n"));
        }
        if !task.commands.is_empty() {
            page.push_str(&format!("\n```sh\n{}\n```\n\n", task.commands.join("\n")));
        }
        if let Some(costs) = &task.costs {
            page.push_str(&format!("Costs money, {costs}.\n\n"));
        }
        if task.keeps_data {
            page.push_str("May hold data: undo leaves it unless its name is given.\n\n");
        }
        if !task.undo.is_empty() {
            page.push_str(&format!("Taken back: {}\n\n", task.undo));
        }
    }
    page.push_str("### Hosts\n\n");
    plan.hosts.iter().for_each(|host| page.push_str(&format!("- {host}\n")));
    page.push_str(&format!("\n### Permissions\n\n```\n{}\n```\n\nPlan digest: {}\n", plan.permissions, plan.digest));
    page
}
