//! Which paths does a Rust file name? Its tokens are read, so that grouped `use`s, macros and calls count, comments and text do not.

use std::{
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A path somebody wrote out, `crate::` for its beginning where it is one of this crate.
pub struct Named {
    /// e.g. `crate::cloud::Trouble`.
    pub path: String,
    /// Where.
    pub place: String,
}

/// Every Rust file below a folder, in order.
pub fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The tokens of a file.
pub fn tokens(file: &Path) -> TokenStream {
    fs::read_to_string(file).unwrap().parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Every path a file of the crate whose `src` this is names.
pub fn named(src: &Path, file: &Path) -> Vec<Named> {
    let mut scan = Scan { file, module: module(file.strip_prefix(src).unwrap()), found: Vec::new() };
    scan.tokens(tokens(file));
    scan.found
}

/// `check/aws_quota.rs` is the module `check::aws_quota`.
fn module(below: &Path) -> Vec<String> {
    let mut parts: Vec<String> =
        below.with_extension("").iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        parts.pop();
    }
    parts
}

struct Scan<'a> {
    file: &'a Path,
    module: Vec<String>,
    found: Vec<Named>,
}

impl Scan<'_> {
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        let mut module = None;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Ident(word) if word == "mod" => module = tokens.get(at + 1).map(ToString::to_string),
                TokenTree::Ident(_) => {
                    at = self.path(&tokens, at, String::new());
                    continue;
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && module.is_some() => {
                    self.module.extend(module.take());
                    self.tokens(group.stream());
                    self.module.pop();
                }
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Punct(sign) if sign.as_char() == ';' => module = None,
                _ => {}
            }
            at += 1;
        }
    }

    /// Reads the path that begins here; gives the place behind it.
    fn path(&mut self, tokens: &[TokenTree], mut at: usize, mut path: String) -> usize {
        let line = tokens[at].span().start().line;
        loop {
            match tokens.get(at) {
                Some(TokenTree::Ident(word)) => path = joined(&path, &word.to_string()),
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    let branches: Vec<TokenTree> = group.stream().into_iter().collect();
                    let mut branch = 0;
                    while branch < branches.len() {
                        branch = match &branches[branch] {
                            TokenTree::Ident(_) => self.path(&branches, branch, path.clone()),
                            _ => branch + 1,
                        };
                    }
                    return at + 1;
                }
                _ => break,
            }
            at += 1;
            let colons = |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(sign)) if sign.as_char() == ':');
            if !(colons(at) && colons(at + 1)) {
                break;
            }
            at += 2;
        }
        self.found.push(Named { path: self.in_crate(&path), place: format!("{}:{line}", self.file.display()) });
        at
    }

    /// `super::super::x` as `crate::…::x`.
    fn in_crate(&self, path: &str) -> String {
        let mut module = self.module.clone();
        let mut rest = path;
        let mut above = false;
        while let Some(after) = rest.strip_prefix("super::") {
            module.pop();
            (rest, above) = (after, true);
        }
        if !above {
            return path.to_owned();
        }
        module.push(rest.to_owned());
        joined("crate", &module.join("::"))
    }
}

fn joined(path: &str, word: &str) -> String {
    if path.is_empty() { word.to_owned() } else { format!("{path}::{word}") }
}
