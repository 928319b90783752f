//! The shell that starts psql: `cp`, `umask` and `exec`, one after the other.

use std::collections::BTreeMap;

use super::{Asked, Ended, Psql};

/// psql as these words start it.
pub fn psql(asked: &Asked) -> Result<Psql, Ended> {
    let mut files = asked.files.clone();
    let words: Vec<&str> = asked.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["sh" | "/bin/sh", "-c", text, ..] => {
            for command in text.split("&&").flat_map(|part| part.split(';')) {
                let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
                if let Some(started) = step(&words, &asked.variables, &mut files)? {
                    return Ok(started);
                }
            }
            Err(Ended::default())
        }
        _ => {
            let started = step(&asked.words, &asked.variables, &mut files)?;
            started.ok_or_else(|| Ended::with(format!("{}: not found", words.first().unwrap_or(&"sh")), 127))
        }
    }
}

fn step(
    words: &[String],
    variables: &BTreeMap<String, String>,
    files: &mut BTreeMap<String, String>,
) -> Result<Option<Psql>, Ended> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] | ["umask", _] => Ok(None),
        ["cp", from, to] => {
            let Some(text) = files.get(*from).cloned() else {
                return Err(Ended::with(format!("cp: can't stat '{from}': No such file or directory"), 1));
            };
            files.insert((*to).to_owned(), text);
            Ok(None)
        }
        ["exec", "psql", rest @ ..] | ["psql", rest @ ..] => {
            let file = rest.iter().find_map(|word| word.strip_prefix("--file="));
            let file =
                file.ok_or_else(|| Ended::with("psql: error: the rehearsal's psql reads scripts only (--file=…)", 1))?;
            Psql::new(file, variables, files).map(Some)
        }
        [other, ..] => Err(Ended::with(format!("sh: {other}: not found"), 127)),
    }
}
