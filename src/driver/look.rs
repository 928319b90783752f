//! Looking around: guides, installs, the target, stores, the summary, and fields' tables.

use std::{sync::Arc, time::Duration};

use aws_credential_types::provider::ProvideCredentials;
use landfall_core::{
    event::Problem,
    guide::LoadedGuide,
    journal::Story,
    plan::{SecretSource, TargetAnswers},
    value::SecretRef,
    wizard::{
        GuideRow, Input, InstallRow, Look, Origin, Resumed, Stage, StoreOffer, TargetChoice, TargetSeen, Vouched,
    },
};
use serde_json::Value;

use super::{Ask, Worker};
use crate::{
    cloud::{Cloud, Trouble},
    engine::{holder, installs},
    guides,
    secret::Place,
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
        self.session = Some(Session::new(self.house.clone(), loaded.clone(), answers.clone()));
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

    async fn target(&mut self, choice: &TargetChoice) {
        let Some(session) = self.session.as_mut() else { return };
        let choice = TargetAnswers {
            profile: choice.profile.clone(),
            region: choice.region.clone(),
            cluster: choice.cluster.clone(),
            context: choice.context.clone(),
            namespace: choice.namespace.clone(),
            build_kubeconfig: choice.build_kubeconfig,
        };
        let seen = session.prove(&choice).await;
        if let Ok(proven) = &seen
            && let Some(rehearsal) = &proven.rehearsal
        {
            self.tell(Input::Rehearsal(rehearsal.clone()));
        }
        self.tell(Input::TargetSeen(seen.map(|proven| target_seen(&proven)).map_err(|trouble| trouble.problem())));
    }

    async fn confirm(&mut self) {
        if let Err(trouble) = self.bind().await {
            return self.tell(Input::Trouble(trouble.problem()));
        }
        let Some(session) = self.session.as_ref() else { return };
        let Ok(bound) = session.bound() else { return };
        let story = session.story();
        // Whoever goes on later goes on with what was chosen and brought; an answer that is locked must not stand there.
        let locked = match session.resolve() {
            Ok(plan) => !session.locked_answers(&plan).is_empty(),
            Err(_) => !story.steps.is_empty(),
        };
        if !locked && let Err(trouble) = session.record_answers().await {
            return self.tell(Input::Trouble(trouble.problem()));
        }
        // With those of an earlier run, which binding found.
        self.tell(Input::Answers(session.answers.inputs.clone()));
        self.beforehand(session);
        self.tell(Input::FactsSeen(session.frozen.clone()));
        if let Some(proven) = session.proven.as_ref().filter(|_| !story.steps.is_empty()) {
            let resumed = resumed(bound.install.as_str(), session.guide.clone(), proven, &story);
            self.tell(Input::GoesOn(Box::new(resumed)));
        }
        for (reference, source) in session.answers.secrets.clone() {
            self.take_from_answers(reference, source);
        }
        // Last, so that who waits for it finds all answers in place.
        self.tell(Input::Bound(bound.install.to_string()));
    }

    async fn bind(&mut self) -> Result<(), Trouble> {
        let place = Place::from_setting(self.house.endpoints.vault.as_deref())?;
        let session =
            self.session.as_mut().ok_or_else(|| Trouble::guide("no guide was chosen", "Choose one first."))?;
        // Without a keyring the install is bound all the same; Secrets offers where else to keep them.
        match session.bind(place.clone(), None).await {
            Err(trouble)
                if trouble.code().is_some_and(|code| code == "VAULT-KEYRING" || code == "VAULT-PASSPHRASE") =>
            {
                session.bind(Place::Session, None).await?;
            }
            other => other?,
        }
        session.gather().await
    }

    fn take_from_answers(&self, reference: String, source: SecretSource) {
        let origin = |source: SecretSource| match source {
            SecretSource::File(path) => Some(Origin::File(path.display().to_string())),
            SecretSource::Env(name) => Some(Origin::Environment(name)),
            SecretSource::Command(words) => Some(Origin::Command(shell_words::join(words))),
            SecretSource::AwsSecret(name) => Some(Origin::SecretsManager(name)),
            SecretSource::Generate(how) => Some(Origin::Generated(how)),
            SecretSource::Vault(_) | SecretSource::Existing(_) | SecretSource::Rows(_) => None,
        };
        match source {
            SecretSource::Rows(rows) => {
                for (index, row) in rows.into_iter().enumerate() {
                    for (column, source) in row {
                        if let Some(from) = origin(source) {
                            self.tell(Input::TakeSecret {
                                reference: SecretRef(format!("{reference}.{index}.{column}")),
                                from,
                            });
                        }
                    }
                }
            }
            source => {
                if let Some(from) = origin(source) {
                    self.tell(Input::TakeSecret { reference: SecretRef(reference), from });
                }
            }
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
    fn beforehand(&self, session: &Session) {
        let (attest, waive) = (session.answers.attest.clone(), session.answers.waive.clone());
        self.tell(Input::Beforehand { attest, waive });
    }

    fn stores(&self) {
        let place =
            self.session.as_ref().and_then(|session| session.bound.as_ref()).map(|bound| bound.vault.place().clone());
        let wanted = Place::from_setting(self.house.endpoints.vault.as_deref());
        let keyring = matches!(&wanted, Ok(Place::Keyring)) && place != Some(Place::Keyring);
        let offer =
            |id: &str, label: &str, about: &str, passphrase: bool, chosen: bool, unavailable: Option<String>| {
                StoreOffer { id: id.into(), label: label.into(), about: about.into(), unavailable, passphrase, chosen }
            };
        let in_file = matches!(place, Some(Place::File { .. }));
        self.tell(Input::Stores(vec![
            offer(
                "keyring",
                "OS keyring",
                "kept by the system, across runs",
                false,
                place == Some(Place::Keyring),
                keyring.then(|| "there is none here, or it is locked".into()),
            ),
            offer("file", "encrypted file", "opened by a passphrase, across runs", !in_file, in_file, None),
            offer(
                "session",
                "this session only",
                "gone when the program ends",
                false,
                place == Some(Place::Session),
                None,
            ),
        ]));
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

fn target_seen(proven: &Proven) -> TargetSeen {
    let target = proven.target.clone();
    TargetSeen {
        account: target.account,
        partition: target.partition,
        profile: proven.profile.clone(),
        identity: proven.identity.clone(),
        region: target.region,
        cluster: target.cluster,
        cluster_id: target.cluster_id,
        context: proven.context.clone(),
        namespace: target.namespace,
        expires: proven.expires,
        proof: proven.told(),
        doubt: proven.doubt.clone(),
        rehearsal: proven.rehearsal.clone(),
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
        held_by: holder(folder).filter(|who| *who != format!("process {}", std::process::id())),
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
