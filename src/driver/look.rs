//! Looking around: guides, installs, the summary, and fields' tables.

use std::{sync::Arc, time::Duration};

use aws_credential_types::provider::ProvideCredentials;
use landfall_core::{
    event::Problem,
    guide::LoadedGuide,
    journal::Story,
    wizard::{GuideRow, Input, InstallRow, Look, Resumed, Stage, TargetChoice, Vouched},
};
use serde_json::Value;

use super::{Ask, Worker, target::target_seen};
use crate::{
    cloud::Cloud,
    engine::{holder, installs},
    guides,
    session::{Proven, Session},
};

/// How long credentials are looked for before the first screen says that there are none.
const CREDENTIALS: Duration = Duration::from_secs(2);

impl Worker {
    pub(super) async fn look(&mut self, look: Look) {
        match look {
            Look::Guides => self.guides(),
            Look::Guide(id) => self.guide(&id),
            Look::Install(id) => self.install(&id).await,
            Look::Rehearse { guide, scenario } => {
                let _ = self.asks.send(Ask::Rehearse { guide, scenario });
            }
            Look::Target(choice) => self.target(&choice).await,
            Look::Confirm => self.confirm().await,
            Look::Stores => self.stores(),
            Look::Summary => self.summary(),
        }
    }

    fn guides(&self) {
        let rows = guides::all()
            .into_iter()
            .map(|loaded| match loaded {
                Ok(loaded) => GuideRow {
                    id: loaded.guide.id.clone(),
                    title: loaded.guide.title.clone(),
                    about: loaded.guide.about.clone(),
                    takes: loaded.guide.takes.clone().unwrap_or_default(),
                    from: if loaded.folder.name.starts_with("assets/") {
                        "built in".into()
                    } else {
                        loaded.folder.name.clone()
                    },
                    scenarios: loaded.folder.scenarios().into_iter().map(str::to_owned).collect(),
                    broken: None,
                },
                Err(fault) => GuideRow {
                    id: fault.to_string(),
                    title: "a guide that cannot be read".into(),
                    broken: Some(Problem::new(
                        "GUIDE-UNUSABLE",
                        fault.to_string(),
                        "Mend it:\n$ landfall guide lint PATH",
                    )),
                    ..GuideRow::default()
                },
            })
            .collect();
        self.tell(Input::Guides(rows));
        let rows = installs(&self.house.endpoints.state).into_iter().filter_map(|(folder, story)| {
            let story = story.ok()?;
            (!story.is_finished()).then(|| install_row(&folder, &story)).flatten()
        });
        self.tell(Input::Installs(rows.collect()));
        let (endpoints, inputs) = (self.house.endpoints.clone(), self.inputs.clone());
        tokio::spawn(async move {
            let cloud = Cloud::new(endpoints);
            let found = tokio::time::timeout(CREDENTIALS, async {
                match cloud.aws.config().await.credentials_provider() {
                    Some(provider) => provider.provide_credentials().await.is_ok(),
                    None => false,
                }
            });
            let _ = inputs.send(Input::Credentials(found.await.unwrap_or(false)));
        });
    }

    fn guide(&mut self, id: &str) {
        let loaded = match guides::find(id) {
            Ok(loaded) => Arc::new(loaded),
            Err(fault) => {
                return self.tell(Input::Opened(Err(Problem::new(
                    "GUIDE-UNUSABLE",
                    fault.to_string(),
                    "See what there is:\n$ landfall guide list",
                ))));
            }
        };
        let answers = match self.answers(&loaded.guide) {
            Ok(answers) => answers,
            Err(faults) => {
                return self.tell(Input::Opened(Err(Problem::new(
                    "ANSWERS-WRONG",
                    faults.join("\n"),
                    "Correct the lines and start again.",
                ))));
            }
        };
        let mut session = Session::new(self.house.clone(), loaded.clone(), answers.clone());
        session.file_named = self.answers_file().is_some();
        self.session = Some(session);
        self.planned = None;
        self.tell(Input::Opened(Ok(loaded)));
        self.tell(Input::Beforehand { attest: answers.attest, waive: answers.waive });
        // An answers file walks the same screens, filled in.
        self.tell(Input::Answers(answers.inputs));
        let target = [
            ("profile", answers.target.profile),
            ("region", answers.target.region),
            ("cluster", answers.target.cluster),
            ("context", answers.target.context),
            ("namespace", answers.target.namespace),
        ];
        for (name, value) in target {
            if let Some(value) = value {
                self.tell(Input::Set { field: format!("target.{name}"), value: value.into() });
            }
        }
        if answers.target.build_kubeconfig {
            self.tell(Input::BuildKubeconfig);
        }
    }

    async fn install(&mut self, id: &str) {
        let folder = self.house.endpoints.state.join(id);
        let story = installs(&self.house.endpoints.state).into_iter().find(|(known, _)| *known == folder);
        let story = match story {
            Some((_, Ok(story))) => story,
            Some((_, Err(fault))) => {
                return self.tell(Input::Opened(Err(Problem::new(
                    "JOURNAL-BROKEN",
                    fault.to_string(),
                    "Keep a copy of the file, then follow the message.",
                ))));
            }
            None => {
                return self.tell(Input::Opened(Err(Problem::new(
                    "INSTALL-UNKNOWN",
                    format!("{} is gone", folder.display()),
                    "Choose another.",
                ))));
            }
        };
        let copy = folder.join("guide").join("guide.yaml").display().to_string();
        let loaded = match guides::find(&copy).or_else(|_| guides::find(&story.guide)) {
            Ok(loaded) => Arc::new(loaded),
            Err(fault) => {
                return self.tell(Input::Opened(Err(Problem::new(
                    "GUIDE-UNUSABLE",
                    fault.to_string(),
                    "Put the guide back.",
                ))));
            }
        };
        let mut session = Session::new(self.house.clone(), loaded.clone(), story.answers.carried_over());
        let proven = match session.prove(&story.answers.target).await {
            Ok(proven) => proven,
            Err(trouble) => return self.tell(Input::Opened(Err(trouble.problem()))),
        };
        self.session = Some(session);
        if let Err(trouble) = self.bind().await {
            return self.tell(Input::Opened(Err(trouble.problem())));
        }
        if let Some(rehearsal) = &proven.rehearsal {
            self.tell(Input::Rehearsal(rehearsal.clone()));
        }
        let mut resumed = resumed(id, loaded, &proven, &story);
        if let Some(session) = &self.session {
            // Before a plan is agreed to, the journal has none: they were looked up just now.
            resumed.facts = session.frozen.clone();
        }
        self.tell(Input::Resumed(Box::new(resumed)));
        if let Some(session) = &self.session {
            self.beforehand(session);
        }
    }

    /// What answers say of checks, before they are looked at.
    pub(super) fn beforehand(&self, session: &Session) {
        let (attest, waive) = (session.answers.attest.clone(), session.answers.waive.clone());
        self.tell(Input::Beforehand { attest, waive });
    }

    fn summary(&self) {
        let (Some(session), Some(planned)) = (&self.session, &self.planned) else { return };
        let mut summary = session.summary(&planned.plan);
        if let Err(error) = session.write_summary(&mut summary) {
            self.tell(Input::Trouble(Problem::new(
                "SUMMARY-DISK",
                format!("the summary could not be written: {error}"),
                "Make room, then press r.",
            )));
        }
        self.tell(Input::Summary(Arc::new(summary)));
    }

    pub(super) fn lookup(&self, field: String, lookup: String, with: Value) {
        let (Some(session), inputs) = (self.session.clone(), self.inputs.clone()) else { return };
        tokio::spawn(async move {
            let rows = session.lookup(&lookup, &with).await.map_err(|trouble| trouble.problem());
            let _ = inputs.send(Input::Rows { field, rows });
        });
    }
}

fn install_row(folder: &std::path::Path, story: &Story) -> Option<InstallRow> {
    let field = |name: &str| story.target[name].as_str().unwrap_or_default().to_owned();
    let failed = story
        .steps
        .iter()
        .find_map(|(path, step)| step.failed.as_ref().map(|problem| format!("{path}: {}", problem.what)));
    let title = guides::find(&story.guide).map_or_else(|_| story.guide.clone(), |loaded| loaded.guide.title);
    Some(InstallRow {
        id: folder.file_name()?.to_str()?.to_owned(),
        title,
        target: format!("{} {} {}/{}", field("account"), field("region"), field("cluster"), field("namespace")),
        stage: stage_of(story),
        waits_for: failed.unwrap_or_else(|| match story.closed {
            Some(5) => match story.with_others().next() {
                Some((path, asked)) => format!("{}, who was asked for {path}", asked.what.to),
                None => "a person".into(),
            },
            Some(3) => "a check that says stop".into(),
            Some(_) => "to be started again".into(),
            None if story.steps.is_empty() => "to go on; nothing was touched yet".into(),
            None => format!("to go on: {}", story.steps_done()),
        }),
        at: story.last?,
        // Not by ourselves, who came back to the list.
        held_by: holder(folder).filter(|who| !who.is_this_process()).map(|who| who.to_string()),
    })
}

fn stage_of(story: &Story) -> Stage {
    match (&story.plan_digest, story.looked.is_empty(), story.answers.inputs.is_empty()) {
        (Some(_), ..) => Stage::Install,
        (None, false, _) => Stage::Checks,
        (None, true, false) => Stage::Secrets,
        (None, true, true) => Stage::Inputs,
    }
}

pub(super) fn resumed(id: &str, guide: Arc<LoadedGuide>, proven: &Proven, story: &Story) -> Resumed {
    let vouched = |said: &landfall_core::plan::Said| {
        Some(Vouched { path: said.task.parse().ok()?, name: said.name.clone(), reason: said.reason.clone() })
    };
    let facts = story.facts.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
    let target = &story.answers.target;
    Resumed {
        install: id.to_owned(),
        guide,
        target: target_seen(proven),
        choice: TargetChoice {
            profile: target.profile.clone(),
            region: target.region.clone(),
            cluster: target.cluster.clone(),
            context: target.context.clone(),
            namespace: target.namespace.clone(),
            build_kubeconfig: target.build_kubeconfig,
        },
        answers: story.answers.inputs.clone(),
        facts,
        waivers: story.waived.values().filter_map(vouched).collect(),
        attestations: story.attested.values().filter_map(vouched).collect(),
        said: story.facts_told(),
        open: story
            .steps
            .iter()
            .filter(|(_, step)| step.open && step.handed_over.is_none())
            .map(|(path, _)| path.clone())
            .collect(),
        begun: !story.steps.is_empty(),
        plan: None,
        stage: stage_of(story),
    }
}
