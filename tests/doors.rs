//! Who may use whom inside the program, who may name the outside, and whose names may stand in Rust at all.
//!
//! The compiler keeps the doors between the crates; this keeps those between the rooms of `src`. A room that needs another one
//! belongs in the table first, and that is a decision.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "doors/paths.rs"]
mod paths;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use paths::{Named, named, rust_files, tokens};
use proc_macro2::{TokenStream, TokenTree};

/// Each room of `src`, and the rooms it may use; every room may use the core. A kind never uses another kind.
const ROOMS: &[(&str, &[&str])] = &[
    ("cloud", &[]),
    ("kind", &["cloud"]),
    ("secret", &["kind", "cloud"]),
    ("check", &["kind", "cloud"]),
    ("step", &["kind", "cloud"]),
    ("lookup", &["kind", "cloud"]),
    ("kinds", &["kind", "check", "step", "lookup"]),
    ("guides", &[]),
    ("problems", &[]),
    ("lint", &["kinds", "problems"]),
    ("engine", &["kinds", "kind", "cloud"]),
    ("watch", &["cloud"]),
    ("session", &["engine", "kinds", "kind", "secret", "cloud", "guides", "report"]),
    ("driver", &["session", "engine", "kinds", "watch", "secret", "cloud", "guides"]),
    ("report", &["kinds"]),
    ("tui", &["driver"]),
    ("line", &["driver", "report"]),
    (
        "command",
        &[
            "cloud", "driver", "engine", "guides", "kind", "kinds", "line", "lint", "problems", "report", "secret",
            "session", "tui", "watch",
        ],
    ),
    ("cli", &["command"]),
    ("main", &["cli"]),
    ("lib", &[]),
];

/// What leads outside, or draws, and the only rooms that may name it.
const OUTSIDE: &[(&str, &[&str])] = &[
    ("reqwest", &["cloud"]),
    ("hickory_resolver", &["cloud"]),
    ("oci_client", &["cloud"]),
    ("ldap3", &["cloud"]),
    ("tokio::net", &["cloud"]),
    ("std::net::TcpStream", &["cloud"]),
    ("tokio::process", &["cloud", "command"]),
    ("keyring_core", &["secret"]),
    ("ratatui", &["tui"]),
    ("indicatif", &["line"]),
    ("inquire", &["line"]),
    ("landfall_rehearsal", &["command", "lint", "main"]),
];

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every file of `src`: its room and the paths it names.
fn rooms() -> Vec<(String, Vec<Named>)> {
    let src = src();
    let files = rust_files(&src).into_iter().map(|file| {
        let below = file.strip_prefix(&src).unwrap().with_extension("");
        let room = below.iter().next().unwrap().to_str().unwrap().to_owned();
        (room, named(&src, &file))
    });
    files.collect()
}

fn room_of(path: &str) -> Option<&str> {
    path.strip_prefix("crate::").or_else(|| path.strip_prefix("landfall::"))?.split("::").next()
}

#[test]
fn rooms_use_only_what_the_table_allows() {
    let known: BTreeSet<&str> = ROOMS.iter().map(|(room, _)| *room).collect();
    let mut shut = Vec::new();
    for (room, paths) in rooms() {
        let may = ROOMS.iter().find(|(name, _)| *name == room).map(|(_, may)| *may);
        let may = may.unwrap_or_else(|| panic!("the room {room} is not in the table"));
        for Named { path, place } in paths {
            let Some(used) = room_of(&path).filter(|used| *used != room && known.contains(used)) else { continue };
            if !may.contains(&used) {
                shut.push(format!("{place}: {room} may not use {path}"));
            }
        }
    }
    assert!(shut.is_empty(), "{}", shut.join("\n"));
}

#[test]
fn kinds_never_use_each_other() {
    let is_kind = |file: &Path| {
        let text = fs::read_to_string(file).unwrap();
        ["impl Check for", "impl Step for", "impl Lookup for"].iter().any(|kind| text.contains(kind))
    };
    let mut shut = Vec::new();
    for room in ["check", "step", "lookup"] {
        let kinds: Vec<PathBuf> = rust_files(&src().join(room)).into_iter().filter(|file| is_kind(file)).collect();
        let nouns: Vec<String> = kinds
            .iter()
            .map(|file| format!("crate::{room}::{}", file.file_stem().unwrap().to_str().unwrap()))
            .collect();
        for (file, noun) in kinds.iter().zip(&nouns) {
            for Named { path, place } in named(&src(), file) {
                let other = nouns.iter().any(|other| other != noun && path.starts_with(&format!("{other}::")));
                if other {
                    shut.push(format!("{place}: {path}"));
                }
            }
        }
    }
    assert!(shut.is_empty(), "{}", shut.join("\n"));
}

#[test]
fn only_the_doors_name_the_outside() {
    let mut shut = Vec::new();
    for (room, paths) in rooms() {
        for Named { path, place } in paths {
            let door = OUTSIDE.iter().find(|(door, _)| path == *door || path.starts_with(&format!("{door}::")));
            if let Some((door, may)) = door.filter(|(_, may)| !may.contains(&&*room)) {
                shut.push(format!("{place}: {door} is for {}", may.join(", ")));
            }
        }
    }
    assert!(shut.is_empty(), "{}", shut.join("\n"));
}

#[test]
fn the_core_reaches_no_machine() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/core/Cargo.toml")).unwrap();
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    let doors =
        ["tokio", "aws", "kube", "k8s", "ratatui", "crossterm", "reqwest", "rustls", "hickory", "rustix", "async"];
    for line in dependencies.lines() {
        assert!(!doors.iter().any(|door| line.starts_with(door)), "crates/core depends on {line}");
    }
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/core/src");
    for file in rust_files(&src) {
        for Named { path, place } in named(&src, &file) {
            let reaches =
                ["std::process", "std::net", "std::thread", "std::env::var"].iter().any(|door| path.starts_with(door));
            assert!(!reaches, "{place}: {path}");
        }
    }
}

/// Words and texts of a file, documentation included, its tests not.
fn words(tokens: TokenStream) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut test = false;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) if test && tokens[at - 1].to_string() != "#" => test = false,
            TokenTree::Group(group) => {
                let text = group.stream().to_string();
                if text.starts_with("cfg") && text.contains("test") {
                    test = true;
                } else {
                    found.extend(words(group.stream()));
                }
            }
            TokenTree::Punct(_) => {}
            word => found.push((word.to_string(), word.span().start().line)),
        }
    }
    found
}

#[test]
fn no_product_is_named_in_rust() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut products = BTreeSet::new();
    for guide in fs::read_dir(root.join("assets/guides")).unwrap().map(|entry| entry.unwrap().path()) {
        let Ok(text) = fs::read_to_string(guide.join("guide.yaml")) else { continue };
        let id = guide.file_name().unwrap().to_str().unwrap().to_owned();
        let title =
            text.lines().find_map(|line| line.strip_prefix("title:")).unwrap_or_default().trim().trim_matches('"');
        let prefix = text.lines().find_map(|line| line.strip_prefix("code_prefix:"));
        products.extend(prefix.map(|prefix| format!("{}-", prefix.trim().to_lowercase())));
        products.insert(title.to_lowercase());
        products.insert(id.replace('-', "_"));
        products.extend(id.split('-').next().map(str::to_owned));
        products.insert(id);
    }
    products.retain(|product| !product.is_empty());
    let mut named = Vec::new();
    for folder in ["src", "crates/core/src", "crates/rehearsal/src"] {
        for file in rust_files(&root.join(folder)).iter().filter(|file| !file.ends_with("tests.rs")) {
            for (word, line) in words(tokens(file)) {
                if let Some(product) = products.iter().find(|product| word.to_lowercase().contains(product.as_str())) {
                    named.push(format!("{}:{line}: {product} in {word}", file.display()));
                }
            }
        }
    }
    assert!(named.is_empty(), "{}", named.join("\n"));
}

/// Where a rehearsal may be asked for: those who start one, who vouches for what is simulated, and the label that says so.
const REHEARSAL: &[&str] = &[
    "main.rs",
    "command/rehearse.rs",
    "cloud/vouch.rs",
    "driver/look.rs",
    "driver/target.rs",
    "driver/watching.rs",
    "report/markdown.rs",
    "report/text.rs",
    "tui/target.rs",
];

/// A rehearsal differs from the real thing in its environment alone.
#[test]
fn nothing_behaves_otherwise_in_a_rehearsal() {
    let mut asked = Vec::new();
    for file in rust_files(&src()).iter().filter(|file| !REHEARSAL.iter().any(|may| file.ends_with(may))) {
        for (number, line) in fs::read_to_string(file).unwrap().lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default().trim_start().to_lowercase();
            let condition = ["if ", "else if ", "} else if ", "match ", "while ", "&& ", "|| "];
            if code.contains("rehears") && condition.iter().any(|word| code.starts_with(word) || code.contains(" if "))
            {
                asked.push(format!("{}:{}: {}", file.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(asked.is_empty(), "{}", asked.join("\n"));
}
