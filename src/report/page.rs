//! The summary as a page of its own.

use std::fmt::Write;

use landfall_core::wizard::SummaryShown;

/// The summary as one Markdown page.
pub fn page(title: &str, install: &str, summary: &SummaryShown) -> String {
    let mut text = format!("# {title}: install {install}\n");
    let mut section = |heading: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            let _ = write!(text, "\n## {heading}\n\n");
            for line in lines {
                let _ = writeln!(text, "- {}", summary.lasting(&line).replace('\n', "\n  "));
            }
        }
    };
    section("What stays", summary.nothing_stays().into_iter().collect());
    section("What was done", summary.made.clone());
    section("Addresses", summary.urls.iter().map(|(title, url)| format!("{title}: {url}")).collect());
    section(
        "What the vendor's guide has wrong here",
        summary.errata.iter().map(|(id, wrong, instead)| format!("{id}: {wrong}. Instead: {instead}")).collect(),
    );
    section("Answered for by people", summary.vouched.clone());
    section(
        "What expires",
        summary.expires.iter().map(|(at, what)| format!("{}: {what}", at.strftime("%Y-%m-%d"))).collect(),
    );
    section("From now on", summary.after.iter().map(|(title, text)| format!("{title}: {text}")).collect());
    let calls = summary.cloudtrail.iter().filter(|_| summary.temporary.is_none());
    section("Find every call of this install", calls.map(|line| format!("`{line}`")).collect());
    text
}
