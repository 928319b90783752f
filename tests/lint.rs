//! The Shield guide is clean, and every broken guide is told what is wrong with it, at its line.

use std::{fs, path::Path};

use landfall::{guides, kinds::Kinds, lint::lint};

#[test]
fn the_shield_guide_is_clean() {
    let folder = guides::folder("arthur-shield").unwrap();
    let messages = lint(&folder, &Kinds::all(), None);
    let told: Vec<String> = messages.iter().map(ToString::to_string).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

/// Each broken guide says in its first lines what must be told of it: `# lint: LINE RULE words of the message`.
#[test]
fn a_broken_guide_is_told_what_is_wrong_and_where() {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken-guides");
    let kinds = Kinds::all();
    let mut guides = 0;
    for entry in fs::read_dir(place).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let folder = guides::folder(path.to_str().unwrap()).unwrap();
        let messages = lint(&folder, &kinds, None);
        let told: Vec<String> = messages.iter().map(ToString::to_string).collect();
        let expected: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# lint: ")).collect();
        assert!(!expected.is_empty(), "{} expects nothing", path.display());
        for wanted in &expected {
            let mut words = wanted.splitn(3, ' ');
            let (line, rule, rest) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
            let there = messages.iter().any(|message| {
                message.line.to_string() == line && message.rule == rule && message.message.contains(rest)
            });
            assert!(there, "{}: expected {wanted:?} among\n{}", path.display(), told.join("\n"));
        }
        assert_eq!(messages.len(), expected.len(), "{}:\n{}", path.display(), told.join("\n"));
        guides += 1;
    }
    assert_eq!(guides, 10);
}

#[test]
fn a_changed_document_is_noticed_passage_by_passage() {
    let folder = guides::folder("arthur-shield").unwrap();
    let told = lint(&folder, &Kinds::all(), Some("another document\n"));
    let changed = told.iter().filter(|message| message.rule == "source-changed").count();
    assert!(changed > 60, "{changed} passages");
    assert!(told.iter().all(|message| message.line > 0 && message.column > 0));
}

#[test]
fn messages_are_read_by_machines() {
    let folder = guides::folder("tests/broken-guides/unknown-kind.yaml").unwrap();
    let told = serde_json::to_value(lint(&folder, &Kinds::all(), None)).unwrap();
    assert_eq!(told[0]["rule"], "unknown-kind");
    assert!(told[0]["line"].as_u64().unwrap() > 1);
    assert!(told[0]["file"].as_str().unwrap().ends_with("unknown-kind.yaml"));
}
