//! A secret is where it belongs, and nowhere else.

use std::{fs, path::Path};

use crate::rehearsed::rehearse;

/// The scenario's sample secrets: what is told nobody. User names and host names are none.
const CANARIES: [&str; 7] = [
    "rehearsed-helm-password",
    "rehearsed-image-password",
    "rehearsed-database-password",
    "rehearsed-console-password",
    "rehearsed-admin-key",
    "rehearsed-openai-key-1",
    "rehearsed-openai-key-2",
];

fn holds_none(what: &str, bytes: &[u8]) {
    for canary in CANARIES {
        let encoded = {
            use base64::Engine;
            base64::engine::general_purpose::STANDARD.encode(canary)
        };
        for text in [canary.as_bytes(), encoded.as_bytes()] {
            assert!(!bytes.windows(text.len()).any(|window| window == text), "{what} holds {canary}");
        }
    }
}

fn every_file(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { every_file(&path, found) } else { found.push(path) }
    }
}

#[test]
fn no_secret_is_in_what_is_said_or_written() {
    let run = rehearse("smooth");
    run.said.ends_with(0);
    holds_none("standard output", run.said.out.as_bytes());
    holds_none("standard error", run.said.err.as_bytes());
    let mut files = Vec::new();
    every_file(&run.world.join("state"), &mut files);
    assert!(files.iter().any(|path| path.ends_with("journal.jsonl")));
    for path in &files {
        holds_none(&path.display().to_string(), &fs::read(path).unwrap());
    }
    holds_none("the vault", &fs::read(run.world.join("vault.age")).unwrap());
}

#[cfg(unix)]
#[test]
fn what_is_delivered_is_readable_to_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let run = rehearse("smooth");
    run.said.ends_with(0);
    let delivered = run.world.join("first-api-key");
    assert_eq!(fs::metadata(&delivered).unwrap().permissions().mode() & 0o777, 0o600);
    let key = fs::read_to_string(&delivered).unwrap();
    assert!(!key.trim().is_empty());
    assert!(!run.said.out.contains(key.trim()), "it is shown to nobody");
}
