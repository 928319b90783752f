//! Each configuration of each way is validated by terraform, against a stub of the vendor's module.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use landfall::guides;
use landfall_core::{
    guide::{Folder, LoadedGuide},
    value::render_file,
};

use super::ways::{said, ways};
use crate::testbed::Testbed;

/// The machine's own terraform, or the test bed's OpenTofu.
fn tool() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = std::env::split_paths(&path).map(|folder| folder.join("terraform")).find(|program| program.is_file());
    own.or_else(|| Testbed::require("tofu"))
}

/// A configuration: its files by name.
type Files = BTreeMap<String, String>;

/// Every configuration a guide can write, each once, with a way it is written by.
fn configurations(folder: Folder) -> BTreeMap<Files, String> {
    let loaded = LoadedGuide::read(folder).unwrap();
    let (mut all, mut made) = (BTreeMap::new(), Files::new());
    for way in ways(&loaded) {
        let mut folders: BTreeMap<PathBuf, Files> = BTreeMap::new();
        for task in loaded.guide.steps.iter().filter(|task| task.kind == "file.rendered") {
            for scope in way.scopes(task) {
                let with = way.parameters(task, &scope);
                let Some(path) = with["path"].as_str().map(|path| PathBuf::from(said(path))) else { continue };
                if path.extension().is_none_or(|ending| ending != "tf") {
                    continue;
                }
                let text = match with["template"].as_str() {
                    Some(template) => {
                        let text = render_file(&scope, loaded.folder.file(template).unwrap());
                        said(&text.unwrap_or_else(|fault| panic!("{}: {template}: {fault}", way.label)))
                    }
                    // Somebody brings it; here it is the one that would have been made.
                    None => String::new(),
                };
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                if !text.is_empty() {
                    made.entry(name.clone()).or_insert_with(|| text.clone());
                }
                folders.entry(path.parent().unwrap().to_owned()).or_default().insert(name, text);
            }
        }
        for files in folders.into_values() {
            all.entry(files).or_insert_with(|| way.label.clone());
        }
    }
    let whole = |(mut files, way): (Files, String)| {
        for (name, text) in files.iter_mut().filter(|(_, text)| text.is_empty()) {
            *text = made[name].clone();
        }
        (files, way)
    };
    all.into_iter().map(whole).collect()
}

/// Local modules that a configuration calls, as `./name`.
fn modules(files: &Files) -> BTreeSet<String> {
    let sources = files.values().flat_map(|text| text.lines()).filter_map(|line| {
        let value = line.trim().strip_prefix("source")?.trim_start().strip_prefix('=')?.trim();
        value.trim_matches('"').strip_prefix("./").map(str::to_owned)
    });
    sources.collect()
}

fn run(tool: &Path, folder: &Path, words: &[&str]) -> (bool, String) {
    let output = Command::new(tool)
        .arg(format!("-chdir={}", folder.display()))
        .args(words)
        .env("CHECKPOINT_DISABLE", "1")
        .env_remove("TF_CLI_CONFIG_FILE")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout) + &text(&output.stderr))
}

/// What terraform says of a configuration that it refuses.
///
/// Providers are not downloaded: the file that wants some is read for its grammar and its shape alone.
fn refused(tool: &Path, guide: &str, files: &Files) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let stub = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rendered/modules").join(format!("{guide}.tf"));
    for module in modules(files) {
        let place = folder.path().join(module);
        fs::create_dir_all(&place).unwrap();
        fs::copy(&stub, place.join("main.tf")).unwrap_or_else(|error| panic!("{}: {error}", stub.display()));
    }
    fs::write(folder.path().join("values.yaml"), "tenant: t\n").unwrap();
    let apart = folder.path().join("apart");
    fs::create_dir(&apart).unwrap();
    for (name, text) in files {
        let place = if text.contains("required_providers") { &apart } else { folder.path() };
        fs::write(place.join(name), text).unwrap();
    }
    let steps: [(&Path, &[&str]); 4] = [
        (&apart, &["fmt", "-check", "-no-color"]),
        (folder.path(), &["fmt", "-check", "-no-color", "-list=false"]),
        (folder.path(), &["init", "-backend=false", "-input=false", "-no-color"]),
        (folder.path(), &["validate", "-no-color"]),
    ];
    // Only what cannot be parsed is wrong with a format; how it is indented is not.
    steps.into_iter().find_map(|(place, words)| {
        let (good, said) = run(tool, place, words);
        let wrong = if words[0] == "fmt" { said.contains("Error") } else { !good };
        wrong.then(|| format!("{}: {said}", words.join(" ")))
    })
}

#[test]
fn terraform_takes_every_configuration_of_every_guide_in_every_way() {
    let Some(tool) = tool() else { return };
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for folder in guides::embedded() {
        let id = folder.name.rsplit('/').next().unwrap().to_owned();
        for (files, way) in configurations(folder) {
            seen += 1;
            wrong.extend(
                refused(&tool, &id, &files)
                    .map(|said| format!("{way}: {said}\n{}", files.values().cloned().collect::<Vec<_>>().join("\n"))),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(seen > 5, "{seen} configurations");
}

#[test]
fn what_is_wrong_in_a_template_is_seen() {
    let Some(tool) = tool() else { return };
    for (file, from, to) in [
        ("gateway.tf.j2", "  vpc_id          = {{ vpc_id | hcl }}", "  vpc_ids         = {{ vpc_id | hcl }}"),
        ("gateway.tf.j2", "additional_data_buckets = {{", "additional_data_buckets = [ {{"),
        ("secrets.tf.j2", "variable \"helm_repository_username\"", "variable \"helm_repository_user\""),
        ("terraform_backend.tf.j2", "encrypt      = true", "encrypt      = "),
        ("providers.tf.j2", "provider \"kubectl\" {", "provider kubectl\" {"),
    ] {
        let mut folder = guides::folder("apheris-gateway").unwrap();
        let text = folder.files.get_mut(file).unwrap();
        assert!(text.contains(from), "{file} has no {from}");
        *text = text.replace(from, to);
        let told = configurations(folder).keys().any(|files| refused(&tool, "apheris-gateway", files).is_some());
        assert!(told, "{file} with {to} is taken");
    }
}
