//! `answers`: an answers file out of an install, for its like on the next cluster. It holds references, never secrets.

use std::{fmt::Write as _, fs::OpenOptions, io::Write as _, path::PathBuf};

use landfall_core::{
    event::Problem,
    guide::{Guide, Input, InputType, LoadedGuide},
    journal::Story,
    plan::{Answers, InstallId, Said, SecretSource, scope, settle},
    value::Document,
};
use serde_json::{Value, json};

use super::{
    Common, Exit,
    guide::load,
    say::{complain, say, text},
    status::known_install,
    yaml,
};
use crate::report::explained;

/// What to write.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct AnswersArguments {
    /// Install (its id; see `landfall status`) or guide.
    install: String,
    /// The file it is written into, which must not exist yet; else it is printed.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// For the same cluster again: also what holds for it alone, and what people answered for.
    #[arg(long)]
    same: bool,
}

/// Writes an install's answers.
pub fn answers(common: &Common, arguments: &AnswersArguments) -> i32 {
    let (guide, story) = match known_install(common, &arguments.install) {
        Ok(found) => found,
        Err(exit) => return exit.code(),
    };
    let loaded = match load(common, &guide) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let refuse = |problem: Problem| {
        complain!("{}", explained(&problem, common.look()));
        Exit::Failed.code()
    };
    let written = written(&loaded, &story, arguments.same);
    // What cannot be read again must not be handed out.
    let read = Document::parse("answers.yaml", &written).map_err(|fault| fault.to_string()).and_then(|document| {
        let read = Answers::read(&document, &loaded.guide);
        read.map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    });
    if let Err(why) = read {
        let what = format!("the answers of {} do not fit their guide", arguments.install);
        let fix = "Tell us, with `landfall status`; the install itself is not touched by it.";
        return refuse(Problem::new("ANSWERS-NOT-WRITTEN", what, fix).why(why));
    }
    let Some(out) = &arguments.out else {
        text(&written);
        return Exit::Done.code();
    };
    let wrote = OpenOptions::new().write(true).create_new(true).open(out);
    if let Err(error) = wrote.and_then(|mut file| file.write_all(written.as_bytes())) {
        let what = format!("{} cannot be written", out.display());
        let fix = "Name another place for --out; a file that is there is never overwritten.";
        return refuse(Problem::new("ANSWERS-NOT-WRITTEN", what, fix).why(error.to_string()));
    }
    say!("wrote {}", out.display());
    Exit::Done.code()
}

/// The file: what holds for any cluster stands, what belongs to this one is a comment.
fn written(loaded: &LoadedGuide, story: &Story, same: bool) -> String {
    let guide = &loaded.guide;
    let mut page = Page { guide, story, same, out: String::new() };
    page.head();
    page.target();
    page.inputs();
    page.secrets();
    page.said();
    page.rest();
    page.out
}

struct Page<'a> {
    guide: &'a Guide,
    story: &'a Story,
    same: bool,
    out: String,
}

impl Page<'_> {
    fn head(&mut self) {
        let (guide, story) = (self.guide, self.story);
        let install = story.install.as_ref().map(|install| install.as_str()).unwrap_or_default();
        let from =
            format!("# Answers for {}, out of the install {install} ({}).\n", one_line(&guide.title), story.state());
        self.out.push_str(&from);
        self.out.push_str("# They hold references to secrets, never a secret.\n");
        self.out.push_str(match self.same {
            true => "# All of it, for the same cluster again.\n",
            false => {
                "# What belongs to that cluster is a comment, and asked anew; so is what persons answered for there.\n"
            }
        });
        let id = &guide.id;
        let _ = writeln!(self.out, "# Their schema, for editors: landfall guide schema {id}");
        let _ = writeln!(self.out, "guide: {}", yaml::word(id));
    }

    fn target(&mut self) {
        let target = serde_json::to_value(&self.story.answers.target).unwrap_or_default();
        let fields: Vec<(String, Value, bool)> = target
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.clone(), value.clone(), self.same || key == "build_kubeconfig"))
            .collect();
        self.section("target", fields);
    }

    fn inputs(&mut self) {
        let answered = &self.story.answers.inputs;
        let fields: Vec<(String, Value, bool)> = self
            .guide
            .inputs
            .iter()
            .filter_map(|input| Some((input, answered.get(&input.id)?)))
            .filter(|(_, answer)| !answer.is_null())
            .map(|(input, answer)| (input.id.clone(), answer.clone(), self.same || !self.of_cluster(input, answer)))
            .collect();
        self.section("inputs", fields);
    }

    /// Whether an answer belongs to the cluster it was given for.
    fn of_cluster(&self, input: &Input, answer: &Value) -> bool {
        let kind = matches!(input.kind, InputType::RoleArn | InputType::Ami | InputType::Subnets | InputType::HostName);
        let offered = input
            .suggest
            .as_ref()
            .is_some_and(|suggest| ["aws.", "kube.", "eks."].iter().any(|room| suggest.lookup.starts_with(room)));
        let said = answer.to_string();
        let names = ["account", "cluster", "cluster_id"].iter().filter_map(|field| self.story.target[*field].as_str());
        kind || offered || names.filter(|name| name.len() > 2).any(|name| said.contains(name))
    }

    fn secrets(&mut self) {
        let said = &self.story.answers.secrets;
        let mut fields = Vec::new();
        let mut asked = Vec::new();
        let target = &self.story.target;
        let facts = self.story.facts.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
        let settled = settle(self.guide, &self.story.answers, &facts, target);
        let install = self.story.install.clone().unwrap_or_else(|| InstallId::of("answers"));
        let scope = scope(self.guide, &settled, &facts, target, &install);
        for secret in &self.guide.secrets {
            let wanted = secret.when.as_ref().is_none_or(|condition| scope.holds(condition).unwrap_or(true));
            let references: Vec<(String, bool)> = match secret.rows {
                Some(_) => vec![(secret.id.clone(), false)],
                None => {
                    secret.fields.iter().map(|field| (format!("{}.{}", secret.id, field.id), field.optional)).collect()
                }
            };
            for (reference, optional) in references {
                match said.get(&reference) {
                    Some(source) => {
                        let anywhere = !matches!(source, SecretSource::Vault(_) | SecretSource::Existing(_));
                        fields.push((reference, json!(source), self.same || anywhere));
                    }
                    None if wanted && !optional => asked.push(reference),
                    None => {}
                }
            }
        }
        self.section("secrets", fields);
        if !asked.is_empty() {
            let list =
                "# Asked anew, or named here as { file: … }, { env: … }, { command: [ … ] } or { aws_secret: … }:\n";
            self.out.push_str(list);
            for reference in asked {
                let _ = writeln!(self.out, "#   {reference}");
            }
        }
    }

    /// What persons answered for, in this install.
    fn said(&mut self) {
        let answers = &self.story.answers;
        let with = |list: &[Said], more: &std::collections::BTreeMap<String, Said>| {
            let mut all = list.to_vec();
            all.extend(more.values().filter(|said| list.iter().all(|other| other.task != said.task)).cloned());
            all
        };
        // An agreement to a plan holds for that plan alone.
        let approve: Vec<Said> = answers.approve.iter().filter(|said| said.task != "plan").cloned().collect();
        let lists = [
            ("attest", with(&answers.attest, &self.story.attested)),
            ("waive", with(&answers.waive, &self.story.waived)),
            ("approve", approve),
            ("adopt", answers.adopt.clone()),
        ];
        for (key, list) in lists {
            self.whole(key, &json!(list), self.same);
        }
    }

    fn rest(&mut self) {
        let answers = &self.story.answers;
        let (hand_over, steps, probes) = (json!(answers.hand_over), json!(answers.steps), answers.probes);
        self.whole("hand_over", &hand_over, true);
        self.whole("steps", &steps, true);
        if probes {
            self.out.push_str("probes: true\n");
        }
    }

    /// A key with all that is below it, where there is something.
    fn whole(&mut self, key: &str, value: &Value, stands: bool) {
        let empty =
            value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(serde_json::Map::is_empty);
        if empty {
            return;
        }
        let mut text = String::new();
        yaml::field(&mut text, key, value, 0);
        self.push(&text, stands);
    }

    /// A mapping of which some fields stand and others are comments.
    fn section(&mut self, key: &str, fields: Vec<(String, Value, bool)>) {
        if fields.is_empty() {
            return;
        }
        let none = if fields.iter().any(|(.., stands)| *stands) { "" } else { " {}" };
        let _ = writeln!(self.out, "{key}:{none}");
        for (name, value, stands) in fields {
            let mut text = String::new();
            yaml::field(&mut text, &name, &value, 1);
            self.push(&text, stands);
        }
    }

    fn push(&mut self, text: &str, stands: bool) {
        for line in text.lines() {
            let _ = if stands { writeln!(self.out, "{line}") } else { writeln!(self.out, "# {line}") };
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
