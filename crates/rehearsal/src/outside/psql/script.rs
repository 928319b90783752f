//! A script: psql's own commands, its variables, and SQL for the server.

use std::collections::BTreeMap;

use super::{Ended, Psql, connected};
use crate::{
    World,
    outside::postgres::{cell::Cell, session::Session},
};

/// What a line of a script leads to.
enum Next {
    /// The next line.
    On,
    /// Another login, before the next line.
    Connect(String),
    /// The end, with a code.
    Stop(i64),
}

/// Where in `\if` … `\endif` it is: whether this branch runs, whether one of them already did, whether the whole does.
struct Branch {
    runs: bool,
    done: bool,
    outer: bool,
}

struct Run<'a> {
    psql: &'a Psql,
    variables: BTreeMap<String, String>,
    branches: Vec<Branch>,
    line: usize,
    statement: String,
    log: Vec<String>,
}

/// The variable that says whether an error ends a script, and the one that says whether the last statement was one.
const STOP: &str = "ON_ERROR_STOP";
const ERROR: &str = "ERROR";

/// Runs a script; unless it says otherwise, the first error ends it.
pub fn run(world: &World, psql: &Psql) -> Ended {
    let mut run = Run {
        psql,
        variables: BTreeMap::from([(STOP.to_owned(), "1".to_owned())]),
        branches: Vec::new(),
        line: 0,
        statement: String::new(),
        log: Vec::new(),
    };
    let mut service = psql.first().to_owned();
    let mut again = false;
    loop {
        let next = connected(world, psql, &service, |session| run.through(session));
        match next {
            Ok(Next::Connect(other)) => service = other,
            Ok(Next::On) => return Ended { lines: run.log, code: 0 },
            Ok(Next::Stop(code)) => return Ended { lines: run.log, code },
            Err(why) => {
                let (place, code) = if again {
                    (format!("psql:{}:{}: error: ", psql.path, run.line), 3)
                } else {
                    ("psql: error: ".to_owned(), 2)
                };
                run.log.extend(format!("{place}{why}").lines().map(str::to_owned));
                return Ended { lines: run.log, code };
            }
        }
        again = true;
    }
}

impl Run<'_> {
    /// Goes on in this session, to the end or to another login.
    fn through(&mut self, session: &mut Session<'_>) -> Next {
        let lines: Vec<String> = self.psql.text.lines().map(str::to_owned).collect();
        while let Some(line) = lines.get(self.line) {
            self.line += 1;
            match self.one(session, line.trim()) {
                Next::On => {}
                other => return other,
            }
        }
        Next::On
    }

    fn runs(&self) -> bool {
        self.branches.last().is_none_or(|branch| branch.runs)
    }

    fn one(&mut self, session: &mut Session<'_>, line: &str) -> Next {
        if let Some(command) = line.strip_prefix('\\').filter(|_| self.statement.is_empty()) {
            return self.command(command);
        }
        if !self.runs() || line.is_empty() || line.starts_with("--") {
            return Next::On;
        }
        self.statement.push_str(line);
        self.statement.push(' ');
        let whole = self.statement.trim().to_owned();
        let (text, kept) = match whole.strip_suffix("\\gset") {
            Some(text) => (text.trim().to_owned(), true),
            None if whole.ends_with(';') => (whole.trim_end_matches(';').to_owned(), false),
            None => return Next::On,
        };
        self.statement.clear();
        let answer = session.execute(&self.filled(&text), &[]);
        self.variables.insert(ERROR.to_owned(), answer.is_err().to_string());
        match answer {
            Err(refusal) => {
                self.log.push(format!("psql:{}:{}: ERROR:  {}", self.psql.path, self.line, refusal.message));
                if self.variables.get(STOP).is_some_and(|value| holds(value)) { Next::Stop(3) } else { Next::On }
            }
            Ok(outcome) if kept => {
                for ((name, _), cell) in outcome.columns.iter().zip(outcome.rows.first().into_iter().flatten()) {
                    self.variables.insert(name.clone(), shown(cell));
                }
                Next::On
            }
            Ok(outcome) => {
                for row in &outcome.rows {
                    self.log.push(row.iter().map(shown).collect::<Vec<_>>().join("|"));
                }
                Next::On
            }
        }
    }

    fn command(&mut self, command: &str) -> Next {
        let (word, rest) = command.split_once(' ').unwrap_or((command, ""));
        let holds = |run: &Self| holds(run.filled(rest).trim());
        match word {
            "if" => {
                let outer = self.runs();
                let runs = outer && holds(self);
                self.branches.push(Branch { runs, done: runs, outer });
            }
            "elif" | "else" => {
                let holds = word == "else" || holds(self);
                let Some(branch) = self.branches.last_mut() else { return self.refused(word) };
                branch.runs = branch.outer && !branch.done && holds;
                branch.done |= branch.runs;
            }
            "endif" => drop(self.branches.pop()),
            _ if !self.runs() => {}
            "echo" => self.log.push(rest.to_owned()),
            "set" => {
                let (name, value) = rest.split_once(' ').unwrap_or((rest, ""));
                let value = self.filled(value);
                self.variables.insert(name.to_owned(), value);
            }
            "connect" => match rest.trim_matches('\'').strip_prefix("service=") {
                Some(service) => return Next::Connect(service.to_owned()),
                None => return self.refused(word),
            },
            _ => return self.refused(word),
        }
        Next::On
    }

    fn refused(&mut self, word: &str) -> Next {
        self.log.push(format!("psql:{}:{}: error: invalid command \\{word}", self.psql.path, self.line));
        Next::Stop(3)
    }

    /// The text with `:name` and `:'name'` replaced, outside of quotes.
    fn filled(&self, text: &str) -> String {
        let (mut out, mut rest, mut quote) = (String::new(), text, None);
        while let Some(sign) = rest.chars().next() {
            match (sign, quote) {
                ('\'' | '"', None) => quote = Some(sign),
                (sign, Some(open)) if sign == open => quote = None,
                (':', None) if !rest.starts_with("::") && !out.ends_with(':') => {
                    let quoted = rest[1..].starts_with('\'');
                    let name: String = rest[1 + usize::from(quoted)..]
                        .chars()
                        .take_while(|c| c.is_alphanumeric() || *c == '_')
                        .collect();
                    if let Some(value) = self.variables.get(&name) {
                        out.push_str(&if quoted { format!("'{}'", value.replace('\'', "''")) } else { value.clone() });
                        rest = &rest[1 + name.len() + 2 * usize::from(quoted)..];
                        continue;
                    }
                }
                _ => {}
            }
            out.push(sign);
            rest = &rest[sign.len_utf8()..];
        }
        out
    }
}

/// Whether a text means yes, as psql has it.
fn holds(text: &str) -> bool {
    matches!(text, "t" | "true" | "on" | "1" | "yes")
}

fn shown(cell: &Cell) -> String {
    String::from_utf8_lossy(&cell.bytes(false)).into_owned()
}
