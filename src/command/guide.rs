//! `guide list|needs|show|lint|schema` and `explain`: what there is, without touching anything.

use landfall_core::{event::Problem, guide::LoadedGuide, plan::Answers, value::Scope};

use super::{
    Common, Exit,
    say::{complain, say},
};
use crate::{guides, kinds::Kinds, report::explained};

static PROBLEMS: include_dir::Dir<'static> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/assets/problems");

fn refuse(common: &Common, problem: &Problem) -> i32 {
    complain!("{}", explained(problem, common.look()));
    Exit::Usage.code()
}

fn load(common: &Common, guide: &str) -> Result<LoadedGuide, i32> {
    guides::find(guide).map_err(|fault| {
        refuse(common, &Problem::new("GUIDE-UNUSABLE", fault.to_string(), "See what there is:\n$ landfall guide list"))
    })
}

/// Which guides there are.
pub fn list(common: &Common) -> i32 {
    for loaded in guides::all() {
        match loaded {
            Ok(loaded) => {
                let guide = &loaded.guide;
                say!("{}  {}", guide.id, guide.title);
                say!(
                    "    {} inputs, {} secrets, {} needs from other teams, {} checks, {} steps, {} verifications, {} corrections",
                    guide.inputs.len(),
                    guide.secrets.len(),
                    guide.needs.len(),
                    guide.checks.len(),
                    guide.steps.len(),
                    guide.verify.len(),
                    guide.errata.len()
                );
                if let Some(takes) = &guide.takes {
                    say!("    takes {takes}");
                }
                say!(
                    "    rehearse it: landfall rehearse {} --scenario {}",
                    guide.id,
                    loaded.folder.scenarios().join("|")
                );
            }
            Err(fault) => {
                refuse(
                    common,
                    &Problem::new("GUIDE-UNUSABLE", fault.to_string(), "Mend it:\n$ landfall guide lint PATH"),
                );
            }
        }
    }
    Exit::Done.code()
}

/// What other teams have to bring, each with a message ready to send.
pub fn needs(common: &Common, guide: &str) -> i32 {
    let loaded = match load(common, guide) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let answers = match common.answers.as_ref() {
        None => Answers::default(),
        Some(path) => {
            let read = std::fs::read_to_string(path).map_err(|error| error.to_string()).and_then(|text| {
                let document = landfall_core::value::Document::parse(path, &text).map_err(|fault| fault.to_string())?;
                Answers::read(&document, &loaded.guide)
                    .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
            });
            match read {
                Ok(answers) => answers,
                Err(error) => {
                    return refuse(common, &Problem::new("ANSWERS-WRONG", error, "Correct the answers file."));
                }
            }
        }
    };
    let scope = labels_for_gaps(&loaded, &answers);
    say!("# {}: what other teams have to bring\n", loaded.guide.title);
    for need in &loaded.guide.needs {
        if need.when.as_deref().is_some_and(|condition| !scope.holds(condition).unwrap_or(true)) {
            continue;
        }
        let text = |text: &str| match scope.render_text(text) {
            Ok(serde_json::Value::String(text)) => text,
            _ => text.to_owned(),
        };
        say!("## {} (ask: {})", text(&need.title), text(&need.ask));
        if let Some(takes) = &need.takes {
            say!("Usually takes {takes}.");
        }
        say!("\n{}\n", text(&need.message));
    }
    Exit::Done.code()
}

/// Answers and defaults where there are some, `<label>` where not.
fn labels_for_gaps(loaded: &LoadedGuide, answers: &Answers) -> Scope {
    let guide = &loaded.guide;
    let target = serde_json::json!({
        "account": "<AWS account>",
        "region": answers.target.region.clone().unwrap_or_else(|| "<region>".into()),
        "cluster": answers.target.cluster.clone().unwrap_or_else(|| "<cluster>".into()),
        "namespace": answers.target.namespace.clone().or_else(|| guide.target.namespace.clone()).unwrap_or_else(|| "<namespace>".into()),
        "partition": "aws",
    });
    let facts = guide.facts.iter().map(|fact| (fact.id.clone(), serde_json::Value::Null)).collect();
    let settled = landfall_core::plan::settle(guide, answers, &facts, &target);
    let mut scope =
        landfall_core::plan::scope(guide, &settled, &facts, &target, &landfall_core::plan::InstallId::of("<install>"));
    for input in &guide.inputs {
        if settled.values.get(&input.id).is_none_or(serde_json::Value::is_null) && settled.asked.contains(&input.id) {
            scope.set(input.id.clone(), serde_json::json!(format!("<{}>", input.label())));
        }
    }
    scope
}

/// The corrected guide as readable Markdown, with its errata.
pub fn show(common: &Common, guide: &str) -> i32 {
    let loaded = match load(common, guide) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let guide = &loaded.guide;
    say!("# {}\n\n{}\n\nAfter: {}\n", guide.title, guide.about, guide.source.document);
    say!("## What is asked\n");
    for input in &guide.inputs {
        say!("- **{}** ({}): {}", input.label(), input.id, input.help.trim());
    }
    say!("\n## Secrets\n");
    for secret in &guide.secrets {
        say!("- **{}** ({}): {}", secret.label, secret.id, secret.help.trim());
    }
    for (heading, tasks) in [("Checks", &guide.checks), ("Steps", &guide.steps), ("Verification", &guide.verify)] {
        say!("\n## {heading}\n");
        for task in tasks {
            say!(
                "### {} ({}, {})\n",
                task.title.clone().unwrap_or_else(|| task.id.replace('_', " ")),
                task.id,
                task.kind
            );
            if let Some(when) = &task.when {
                say!("Only when `{when}`.\n");
            }
            if !task.about.is_empty() {
                say!("{}\n", task.about.trim());
            }
            if let Some(place) = loaded.place(&task.from) {
                say!("From: {place}\n");
            }
            for erratum in guide.errata.iter().filter(|erratum| erratum.shown_at.contains(&task.id)) {
                say!("- {}: {} Instead: {}", erratum.id, erratum.wrong, erratum.instead);
            }
        }
    }
    say!("\n## Where the vendor's text is wrong\n");
    for erratum in &guide.errata {
        let word = if erratum.warned { "To know" } else { "Instead" };
        say!("- {}: {} {word}: {}", erratum.id, erratum.wrong, erratum.instead);
    }
    Exit::Done.code()
}

/// Checks a guide; with `source`, its passages' digests against the vendor's document.
pub fn lint(common: &Common, guide: &str, source: Option<&std::path::Path>) -> i32 {
    let kinds = Kinds::all();
    let folder = match guides::folder(guide) {
        Ok(folder) => folder,
        Err(fault) => {
            return refuse(common, &Problem::new("GUIDE-UNUSABLE", fault.to_string(), "Correct the place it names."));
        }
    };
    let text = match source.map(|path| std::fs::read_to_string(path).map_err(|error| (path, error))).transpose() {
        Ok(text) => text,
        Err((path, error)) => {
            return refuse(
                common,
                &Problem::new("GUIDE-UNUSABLE", format!("{}: {error}", path.display()), "Correct the path."),
            );
        }
    };
    let messages = crate::lint::lint(&folder, &kinds, text.as_deref());
    if common.output != crate::report::Format::Text {
        say!("{}", serde_json::to_string_pretty(&messages).unwrap_or_default());
    } else {
        for message in &messages {
            say!("{message}");
        }
        say!("{guide}: {} messages", messages.len());
    }
    if messages.is_empty() { Exit::Done.code() } else { Exit::Usage.code() }
}

/// The JSON schema of guides, for editors.
pub fn schema() -> i32 {
    say!("{}", serde_json::to_string_pretty(&schemars::schema_for!(landfall_core::guide::Guide)).unwrap_or_default());
    Exit::Done.code()
}

/// What a code means: a problem's page, a kind, or a guide's problem or erratum.
pub fn explain(common: &Common, code: &str) -> i32 {
    if let Some(page) = PROBLEMS.get_file(format!("{code}.md")).and_then(include_dir::File::contents_utf8) {
        say!("{page}");
        return Exit::Done.code();
    }
    let kinds = Kinds::all();
    for kind in kinds
        .catalogue()
        .room(landfall_core::catalogue::Room::Check)
        .chain(kinds.catalogue().room(landfall_core::catalogue::Room::Step))
    {
        if kind.code == code || kind.name == code {
            say!(
                "{} ({}): {}\n\nParameters:\n{}",
                kind.code,
                kind.name,
                kind.about,
                serde_json::to_string_pretty(&kind.parameters).unwrap_or_default()
            );
            return Exit::Done.code();
        }
    }
    for loaded in guides::all().into_iter().flatten() {
        let guide = &loaded.guide;
        for problem in &guide.problems {
            if format!("{}-{}", guide.code_prefix, problem.id.to_uppercase().replace('_', "-")) == code {
                say!(
                    "{}",
                    explained(&Problem::new(code, &problem.what, &problem.fix).why(&problem.why), common.look())
                );
                return Exit::Done.code();
            }
        }
        if let Some(erratum) = guide.errata.iter().find(|erratum| erratum.id == code) {
            say!("{code} ({}): {}\nInstead: {}", guide.title, erratum.wrong, erratum.instead);
            return Exit::Done.code();
        }
    }
    let mut known: Vec<String> =
        PROBLEMS.files().filter_map(|file| file.path().file_stem()?.to_str().map(str::to_owned)).collect();
    known.sort();
    refuse(
        common,
        &Problem::new(
            "CODE-UNKNOWN",
            format!("nothing is known as {code}"),
            format!("Pages exist for: {}", known.join(", ")),
        ),
    )
}
