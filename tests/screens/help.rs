//! What `--help` says.

use clap::{CommandFactory, Parser};
use landfall::cli::Cli;

/// Every command that people see, with its words.
fn commands(above: &clap::Command, words: &str, found: &mut Vec<(String, clap::Command)>) {
    found.push((words.to_owned(), above.clone()));
    for below in above.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help") {
        commands(below, &format!("{words} {}", below.get_name()), found);
    }
}

#[test]
fn every_command_says_in_one_line_what_it_is_for_and_every_flag_says_something() {
    let mut found = Vec::new();
    commands(&Cli::command(), "landfall", &mut found);
    assert!(found.len() > 20, "{}", found.len());
    for (words, command) in found {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!((10..=86).contains(&about.len()), "{words}: {about}");
        for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(!help.is_empty(), "{words}: {}", argument.get_id());
        }
    }
}

#[test]
fn the_examples_are_command_lines_of_this_program() {
    let mut found = Vec::new();
    commands(&Cli::command(), "landfall", &mut found);
    let mut examples = 0;
    for (words, command) in found {
        let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        for line in text.lines() {
            let Some((_, line)) = line.split_once("landfall ").filter(|_| line.starts_with("  ")) else { continue };
            let line = line.split("  ").next().unwrap_or(line).split(" >").next().unwrap_or(line);
            let parsed = Cli::try_parse_from(std::iter::once("landfall").chain(line.split_whitespace()));
            assert!(parsed.is_ok(), "{words}: {line}: {}", parsed.unwrap_err());
            examples += 1;
        }
    }
    assert!(examples > 20, "{examples}");
}
