//! Helm's command line.

use std::collections::BTreeMap;

use super::Failure;

/// A command with its operands and flags.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    /// `upgrade`, `repo add` …
    pub command: String,
    /// What is no flag.
    pub operands: Vec<String>,
    flags: BTreeMap<&'static str, Vec<String>>,
}

/// Commands of two words.
const GROUPS: [&str; 5] = ["repo", "show", "get", "search", "registry"];

const SHORT: [(&str, &str); 9] = [
    ("-n", "namespace"),
    ("-f", "values"),
    ("-i", "install"),
    ("-o", "output"),
    ("-A", "all-namespaces"),
    ("-a", "all"),
    ("-l", "labels"),
    ("-d", "destination"),
    ("-q", "short"),
];

/// Flags that stand alone.
const SWITCHES: [&str; 33] = [
    "include-crds",
    "install",
    "create-namespace",
    "atomic",
    "rollback-on-failure",
    "cleanup-on-fail",
    "wait-for-jobs",
    "hide-notes",
    "hide-secret",
    "skip-crds",
    "skip-schema-validation",
    "take-ownership",
    "force",
    "force-replace",
    "force-conflicts",
    "no-hooks",
    "reset-values",
    "reuse-values",
    "reset-then-reuse-values",
    "devel",
    "debug",
    "pass-credentials",
    "insecure-skip-tls-verify",
    "short",
    "all-namespaces",
    "all",
    "keep-history",
    "ignore-not-found",
    "force-update",
    "logs",
    "include-crds",
    "versions",
    "fail-on-repo-update-fail",
];

/// Flags with a value.
const VALUED: [&str; 30] = [
    "namespace",
    "values",
    "output",
    "labels",
    "destination",
    "version",
    "repo",
    "username",
    "password",
    "description",
    "timeout",
    "history-max",
    "kubeconfig",
    "kube-context",
    "repository-config",
    "repository-cache",
    "registry-config",
    "content-cache",
    "set",
    "set-string",
    "set-file",
    "set-json",
    "template",
    "filter",
    "max",
    "revision",
    "ca-file",
    "kube-version",
    "api-versions",
    "server-side",
];

/// Flags that may carry a value after `=`.
const EITHER: [&str; 3] = ["wait", "dry-run", "password-stdin"];

impl Arguments {
    /// Reads a command line.
    pub fn of(words: &[String], four: bool) -> Result<Self, Failure> {
        let mut read = Self::default();
        let mut words = words.iter();
        let mut operands = Vec::new();
        while let Some(word) = words.next() {
            if !word.starts_with('-') || word == "-" {
                operands.push(word.clone());
                continue;
            }
            let (name, inline) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            let command = operands.first().map(String::as_str);
            let flag = flag(name, command, four)?;
            let value = if SWITCHES.contains(&flag) || EITHER.contains(&flag) {
                inline.unwrap_or_else(|| "true".to_owned())
            } else {
                match inline.or_else(|| words.next().cloned()) {
                    Some(value) => value,
                    None => return Err(Failure::said(format!("flag needs an argument: {name}"))),
                }
            };
            read.flags.entry(flag).or_default().push(value);
        }
        let words = operands
            .first()
            .map_or(0, |first| if GROUPS.contains(&first.as_str()) { 2 } else { 1 })
            .min(operands.len());
        read.operands = operands.split_off(words);
        read.command = operands.join(" ");
        Ok(read)
    }

    /// Whether a switch is set.
    pub fn is(&self, flag: &str) -> bool {
        self.last(flag).is_some_and(|value| value != "false" && value != "none")
    }

    /// A flag's value; the last one counts.
    pub fn last(&self, flag: &str) -> Option<&str> {
        self.flags.get(flag)?.last().map(String::as_str)
    }

    /// All values of a flag.
    pub fn all(&self, flag: &str) -> &[String] {
        self.flags.get(flag).map_or(&[], Vec::as_slice)
    }

    /// Exactly so many operands.
    pub fn exactly<const N: usize>(&self) -> Result<[&str; N], Failure> {
        let operands: Vec<_> = self.operands.iter().map(String::as_str).collect();
        let plural = if N == 1 { "argument" } else { "arguments" };
        let usage = format!("\"helm {0}\" requires {N} {plural}\n\nUsage:  helm {0} [flags]", self.command);
        operands.try_into().map_err(|_| Failure::said(usage))
    }
}

fn flag(name: &str, command: Option<&str>, four: bool) -> Result<&'static str, Failure> {
    let full = match name.strip_prefix("--") {
        Some(full) => full,
        None => match SHORT.iter().find(|(short, _)| *short == name) {
            Some((_, "values")) if command == Some("list") => "filter",
            Some((_, "all")) if four && command == Some("list") => {
                return Err(Failure::said(format!("unknown shorthand flag: 'a' in {name}")));
            }
            Some((_, full)) => full,
            None => {
                return Err(Failure::said(format!(
                    "unknown shorthand flag: '{}' in {name}",
                    &name[1..2.min(name.len())]
                )));
            }
        },
    };
    let renamed = if four {
        ["force", "fail-on-repo-update-fail"].as_slice()
    } else {
        ["rollback-on-failure", "force-replace", "force-conflicts", "server-side", "content-cache"].as_slice()
    };
    let known = SWITCHES.iter().chain(&VALUED).chain(&EITHER).find(|known| **known == full && !renamed.contains(known));
    if four && full == "atomic" {
        eprintln!("Flag --atomic has been deprecated, use --rollback-on-failure instead");
    }
    known.copied().ok_or_else(|| Failure::said(format!("unknown flag: {name}")))
}
