//! docs/writing-guides.md, followed to the letter: its files are saved, its commands run, in a folder of a person's own.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::testbed::Cluster;

const DOCUMENT: &str = "docs/writing-guides.md";
/// What only a real cluster can show.
const REAL: &str = "7. Install it on a real cluster";

/// A block of code of the document.
struct Block {
    /// The heading it stands under.
    section: String,
    /// What follows the fence: a language, and the file it is saved as.
    info: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn blocks() -> Vec<Block> {
    let text = fs::read_to_string(root().join(DOCUMENT)).unwrap();
    let (mut blocks, mut section, mut lines) = (Vec::new(), String::new(), text.lines());
    while let Some(line) = lines.next() {
        if let Some(heading) = line.strip_prefix("## ") {
            section = heading.to_owned();
        }
        let ticks = line.chars().take_while(|sign| *sign == '`').count();
        if ticks >= 3 {
            let fence = "`".repeat(ticks);
            let inside: Vec<&str> = lines.by_ref().take_while(|line| *line != fence).collect();
            let info = line[ticks..].to_owned();
            blocks.push(Block { section: section.clone(), info, text: inside.join("\n") + "\n" });
        }
    }
    blocks
}

/// A person at a machine of their own.
struct Person {
    home: tempfile::TempDir,
    settings: BTreeMap<String, String>,
    said: String,
    ran: Vec<String>,
}

impl Person {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap(), settings: BTreeMap::new(), said: String::new(), ran: Vec::new() }
    }

    fn folder(&self) -> &Path {
        self.home.path()
    }

    /// Does what one block says.
    fn follow(&mut self, block: &Block) {
        let mut info = block.info.split_whitespace();
        match (info.next(), info.next()) {
            (_, Some(file)) => fs::write(self.folder().join(file), &block.text).unwrap(),
            (Some("sh"), None) => block.text.lines().for_each(|line| self.type_in(line)),
            (Some("text"), None) => {
                for line in block.text.lines() {
                    assert!(self.said.contains(line), "{}: {line:?} is not in\n{}", block.section, self.said);
                }
            }
            _ => {}
        }
    }

    fn type_in(&mut self, line: &str) {
        if let Some((name, value)) = line.strip_prefix("export ").and_then(|rest| rest.split_once('=')) {
            self.settings.insert(name.to_owned(), value.to_owned());
            return;
        }
        let code = line.split_once("# exit code ").map_or(0, |(_, code)| code[..1].parse().unwrap());
        let program = PathBuf::from(env!("CARGO_BIN_EXE_landfall"));
        let path = std::env::var("PATH").unwrap();
        let mut command = Command::new("sh");
        command
            .args(["-c", line])
            .current_dir(self.folder())
            .env_clear()
            .env("PATH", format!("{}:{path}", program.parent().unwrap().display()))
            .env("HOME", self.folder())
            .envs(&self.settings)
            .stdin(Stdio::null());
        let output = command.output().unwrap();
        self.said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{line}\n{}", self.said);
        self.ran.push(line.to_owned());
    }
}

#[test]
fn what_needs_no_cluster_goes_as_the_document_says() {
    let mut person = Person::new();
    blocks().iter().filter(|block| block.section != REAL).for_each(|block| person.follow(block));
    assert!(person.ran.len() > 12, "{:?}", person.ran);
    for command in ["guide new", "guide lint", "guide show", "guide needs", "guide schema", "rehearse", "explain"] {
        assert!(person.ran.iter().any(|line| line.contains(command)), "{command} is not shown");
    }
}

#[test]
fn the_guide_is_installed_on_a_real_cluster_as_the_document_says_and_taken_away() {
    let Some(cluster) = Cluster::start() else { return };
    let mut person = Person::new();
    person.settings.insert("KUBECONFIG".into(), cluster.kubeconfig().display().to_string());
    person.settings.insert("LANDFALL_VAULT_PASSPHRASE".into(), "of this test".into());
    let mut installed = false;
    for block in blocks() {
        if block.info.ends_with(".yaml") || block.info.ends_with(".md") {
            person.follow(&block);
        }
        if block.section != REAL || block.info != "sh" {
            continue;
        }
        for line in block.text.lines() {
            person.type_in(line);
            if line.contains("landfall install") {
                let board = cluster.get(&["--namespace", "lantern", "deployment", "board"]);
                let settings = board["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"].clone();
                assert_eq!(settings, "https://sign-in.mycompany.example");
                installed = true;
            }
            if line.contains("landfall answers") {
                let written = fs::read_to_string(person.folder().join("next.yaml")).unwrap();
                assert!(written.contains("admin.password:\n    generate: password"), "{written}");
            }
        }
    }
    assert!(installed && person.ran.iter().any(|line| line.starts_with("landfall undo")));
    let left = cluster.kubectl(&["get", "namespaces", "-o", "name"]);
    assert!(!left.contains("lantern"), "{left}");
}

#[test]
fn the_finished_guide_is_kept_as_an_example() {
    let shown = blocks().into_iter().find(|block| block.info == "yaml lantern-board.yaml").unwrap();
    let kept = fs::read_to_string(root().join("docs/examples/lantern-board.yaml")).unwrap();
    assert!(shown.text == kept, "docs/examples/lantern-board.yaml and {DOCUMENT} show different guides");
}
