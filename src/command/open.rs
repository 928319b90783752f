//! The beginning of nearly every command: guide, answers, target, install, facts, secrets.

use std::{
    io::IsTerminal,
    path::PathBuf,
    sync::{Arc, RwLock},
};

use landfall_core::{
    event::Problem,
    plan::{Answers, TargetAnswers},
    value::Plain,
};
use tokio::sync::mpsc;

use super::{Exit, Reporter, say::complain};
use crate::{
    cloud::{Endpoints, Trouble},
    engine::installs,
    guides,
    kinds::Kinds,
    report::{Format, Line, Look, Transcript, observer},
    secret::Place,
    session::{self, House, Session},
};

/// Flags every command understands.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "With every command")]
pub struct Common {
    /// Answers file: what is asked is taken from it; of secrets it says where they come from.
    #[arg(long, global = true, value_name = "FILE")]
    pub answers: Option<PathBuf>,
    /// Ask nothing: what is not answered is an error. It goes past no failed check, and agrees to no change of what was agreed to before.
    #[arg(long, global = true)]
    pub yes: bool,
    /// How it reports.
    #[arg(long, global = true, value_enum, default_value_t)]
    pub output: Format,
    /// One question after the other instead of a full screen; for plain terminals and screen readers.
    #[arg(long, global = true, conflicts_with = "full_screen")]
    pub line: bool,
    /// Full screen also where the terminal calls itself dumb.
    #[arg(long, global = true)]
    pub full_screen: bool,
    /// Whether there are colours; `NO_COLOR` is honoured, too.
    #[arg(long, global = true, value_enum, default_value = "auto")]
    pub color: clap::ColorChoice,
    /// Only ASCII characters; the default where the locale is not UTF-8.
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Colours of the full screen.
    #[arg(long, global = true, default_value = "auto", value_name = "THEME", value_parser = ["auto", "dark", "light", "none"])]
    pub theme: String,
    /// AWS profile; else AWS_PROFILE.
    #[arg(long, global = true)]
    pub profile: Option<String>,
    /// AWS region; else AWS_REGION, or the profile's.
    #[arg(long, global = true)]
    pub region: Option<String>,
    /// Context of the kubeconfig; else the current one.
    #[arg(long, global = true)]
    pub context: Option<String>,
    /// End with exit code 4 where there are warnings, or where somebody went past a failed check.
    #[arg(long, global = true)]
    pub strict: bool,
    /// Also write every line of the report to this file, as NDJSON.
    #[arg(long, global = true, value_name = "FILE", hide = true)]
    pub transcript: Option<PathBuf>,
}

impl Common {
    /// Where everything is, with these flags.
    pub fn endpoints(&self) -> Result<Endpoints, Trouble> {
        let mut endpoints = Endpoints::from_environment()?;
        endpoints.profile = self.profile.clone().or(endpoints.profile);
        endpoints.region = self.region.clone().or(endpoints.region);
        endpoints.context = self.context.clone().or(endpoints.context);
        Ok(endpoints)
    }

    /// How text looks.
    pub fn look(&self) -> Look {
        let color = match self.color {
            clap::ColorChoice::Always => true,
            clap::ColorChoice::Never => false,
            clap::ColorChoice::Auto => {
                std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && std::io::stdout().is_terminal()
            }
        };
        let width = crossterm::terminal::size().map_or(100, |(columns, _)| usize::from(columns));
        Look { color, ascii: self.ascii(), width: if std::io::stdout().is_terminal() { width } else { 100 } }
    }

    /// Whether only ASCII may be drawn: asked for, or the locale is not UTF-8.
    pub fn ascii(&self) -> bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        self.ascii || locale.is_some_and(|locale| !locale.to_lowercase().replace('-', "").contains("utf8"))
    }
}

/// A session with a guide, ready for a command.
pub struct Opened {
    /// The session.
    pub session: Session,
    /// Who tells.
    pub reporter: Reporter,
    /// The flags.
    pub common: Common,
    /// Where the answers file has its answers, where there is one.
    asked_at: Option<String>,
    /// Somebody else has the install open.
    held: bool,
}

/// What a command does with an install.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It writes or decides something, and has the install for itself meanwhile.
    Writes,
    /// It only reads, whoever has it open.
    Reads,
}

impl Opened {
    /// Reads guide and answers.
    pub fn guide(common: &Common, guide: &str) -> Result<Self, Exit> {
        let (facts, received) = mpsc::unbounded_channel();
        let mut seen_by = observer(common.output, common.look(), Box::new(std::io::stdout()));
        let transcript =
            common.transcript.as_ref().map(|path| std::fs::File::create(path).map_err(|error| (path, error)));
        let unwritten = match transcript {
            Some(Ok(file)) => {
                seen_by = Box::new(Transcript::new(seen_by, Box::new(file)));
                None
            }
            Some(Err((path, error))) => Some(format!("the transcript {} cannot be written: {error}", path.display())),
            None => None,
        };
        let mut reporter = Reporter::new(seen_by, received);
        if let Some(words) = unwritten {
            reporter.notice(words);
        }
        let refuse = |reporter: &mut Reporter, problem: Problem| {
            reporter.problem(problem);
            Exit::Usage
        };
        let endpoints = common.endpoints().map_err(|trouble| refuse(&mut reporter, trouble.problem()))?;
        let loaded = guides::find(guide).map_err(|fault| {
            refuse(
                &mut reporter,
                Problem::new(
                    "GUIDE-UNUSABLE",
                    fault.to_string(),
                    "See what there is:\n$ landfall guide list\nCheck your own:\n$ landfall guide lint PATH",
                ),
            )
        })?;
        let mut answers = Answers::default();
        let file = common.answers.clone().or_else(|| endpoints.answers.clone());
        if let Some(path) = &file {
            // An install that is there may have the rest of the answers.
            let mut here = installs(&endpoints.state).into_iter();
            let alone = !here.any(|(_, story)| story.is_ok_and(|story| story.guide == loaded.guide.id));
            match session::read_answers(path, &loaded.guide, alone) {
                Ok(read) => answers = read,
                Err(faults) => {
                    for fault in faults {
                        refuse(
                            &mut reporter,
                            Problem::new(
                                "ANSWERS-WRONG",
                                fault,
                                "Correct the line and start again; nothing was changed.",
                            ),
                        );
                    }
                    return Err(Exit::Usage);
                }
            }
        }
        let house = House { kinds: Arc::new(Kinds::all()), endpoints, mask: Arc::new(RwLock::default()), facts };
        let mut session = Session::new(house, Arc::new(loaded), answers);
        session.file_says_all = file.is_some();
        let asked_at = file.as_deref().and_then(session::inputs_in);
        Ok(Self { session, reporter, common: common.clone(), asked_at, held: false })
    }

    /// Proves the target, binds the install, looks facts up, and refuses unanswered inputs.
    pub async fn ready(&mut self, does: Use) -> Result<(), Exit> {
        self.reach(does).await?;
        self.answered().await
    }

    /// The same, and brings the secrets in; whatever is missing of both is refused together.
    pub async fn ready_with_secrets(&mut self) -> Result<(), Exit> {
        self.reach(Use::Writes).await?;
        if let Err(exit) = self.answered().await {
            let open = !self.session.settle().open.is_empty();
            let missing = if open { self.session.missing_secrets().await.unwrap_or_default() } else { Vec::new() };
            missing.into_iter().for_each(|problem| self.reporter.problem(problem));
            return Err(exit);
        }
        self.tell_carried();
        self.secrets().await
    }

    /// Proves the target, binds the install and looks facts up.
    pub async fn reach(&mut self, does: Use) -> Result<(), Exit> {
        let choice = self.choice();
        let proven = self.session.prove(&choice).await.map_err(|trouble| self.refuse(trouble.problem()))?;
        if let Some(doubt) = proven.doubt {
            self.reporter.problem(doubt);
            return Err(Exit::Stopped);
        }
        let (place, passphrase) = self.vault()?;
        let bound = match does {
            Use::Writes => self.session.bind(place, passphrase).await,
            Use::Reads => self.session.bind_to_read(place, passphrase).await,
        };
        bound.map_err(|trouble| self.refuse(trouble.problem()))?;
        let install = self.session.bound.as_ref().map(|bound| bound.install.to_string()).unwrap_or_default();
        self.reporter.line(&Line::Target {
            guide: self.session.guide.guide.title.clone(),
            install,
            target: self.session.target_value(),
            rehearsal: proven.rehearsal,
        });
        if let Some(remark) = proven.remark {
            self.reporter.notice(remark);
        }
        self.session.gather().await.map_err(|trouble| self.refuse(trouble.problem()))
    }

    /// Where it goes, as flags and answers say.
    pub fn choice(&self) -> TargetAnswers {
        let said = &self.session.answers.target;
        TargetAnswers {
            profile: self.common.profile.clone().or_else(|| said.profile.clone()),
            region: self.common.region.clone().or_else(|| said.region.clone()),
            context: self.common.context.clone().or_else(|| said.context.clone()),
            ..said.clone()
        }
    }

    /// Where secrets are, and what opens it.
    pub fn vault(&mut self) -> Result<(Place, Option<Plain>), Exit> {
        let place = Place::from_setting(self.session.house.endpoints.vault.as_deref())
            .map_err(|trouble| self.refuse(Trouble::from(trouble).problem()))?;
        Ok((place, std::env::var("LANDFALL_VAULT_PASSPHRASE").ok().map(Plain::new)))
    }

    /// Refuses what is not answered; what is, is written down.
    pub async fn answered(&mut self) -> Result<(), Exit> {
        let open = self.session.settle().open;
        let place = self.asked_at.clone().map(|at| format!("{at}: ")).unwrap_or_default();
        for (id, refused) in &open {
            self.refuse(Problem::new(
                "ANSWER-MISSING",
                format!("{place}{refused}"),
                format!("Answer it under inputs: in the answers file, as\n$ {id}: …"),
            ));
        }
        if !open.is_empty() {
            return Err(Exit::Usage);
        }
        // Before it is written down: a refused answer must not stand in the journal.
        let locked = match self.session.resolve() {
            Ok(plan) if self.session.answers != self.session.story().answers => self.session.locked_answers(&plan),
            _ => Vec::new(),
        };
        if !locked.is_empty() {
            locked.into_iter().for_each(|problem| self.reporter.problem(problem));
            return Err(Exit::Usage);
        }
        self.session.record_answers().await.map_err(|trouble| self.refuse(trouble.problem()))
    }

    /// Says what is taken over from earlier runs.
    pub fn tell_carried(&mut self) {
        for line in std::mem::take(&mut self.session.carried) {
            self.reporter.notice(line);
        }
    }

    /// Brings the secrets in; what is missing is refused.
    pub async fn secrets(&mut self) -> Result<(), Exit> {
        let (missing, noticed) =
            self.session.bring_secrets().await.map_err(|trouble| self.refuse(trouble.problem()))?;
        for line in noticed {
            self.reporter.notice(line);
        }
        if missing.is_empty() {
            return Ok(());
        }
        for problem in missing {
            self.reporter.problem(problem);
        }
        Err(Exit::Usage)
    }

    /// Reads the vendors' values files that are filled in by a person; keys nobody decided are refused, each by its path.
    pub async fn mappings(&mut self) -> Result<(), Exit> {
        let open = self.session.mappings().await.map_err(|trouble| self.refuse(trouble.problem()))?;
        if open.is_empty() {
            return self.session.record_answers().await.map_err(|trouble| self.refuse(trouble.problem()));
        }
        for problem in open {
            self.reporter.problem(problem);
        }
        Err(Exit::Usage)
    }

    /// Tells a problem; for what was given to us.
    pub fn refuse(&mut self, problem: Problem) -> Exit {
        let exit = match problem.code.as_str() {
            "ENDPOINTS-MIXED" => Exit::Usage,
            code if code.starts_with("JOURNAL-") || code == "UNREACHABLE" => Exit::Failed,
            "INTERRUPTED" => Exit::Interrupted,
            _ => Exit::Usage,
        };
        self.held |= problem.code == "JOURNAL-HELD";
        self.reporter.problem(problem);
        exit
    }

    /// Says how it ended, and gives the exit code.
    pub fn end(&mut self, exit: Exit, summary: Option<landfall_core::wizard::SummaryShown>) -> i32 {
        let lasts = self.session.house.endpoints.goes_with().is_none();
        self.end_saying(exit, exit.words(lasts), summary)
    }

    /// The same in a command's own words.
    pub fn end_saying(&mut self, exit: Exit, words: &str, summary: Option<landfall_core::wizard::SummaryShown>) -> i32 {
        let words =
            if self.held { "Nothing was done: another Landfall has this install open, see above." } else { words };
        let summary = summary.map(Box::new);
        self.reporter.line(&Line::End { code: exit.code(), outcome: words.to_owned(), summary });
        match self.reporter.lost() {
            Some(error) => {
                complain!("landfall: standard output cannot be written: {error}");
                if exit == Exit::Done { Exit::Failed.code() } else { exit.code() }
            }
            None => exit.code(),
        }
    }
}

/// Asks the install to stop at the first Ctrl-C, SIGTERM or SIGHUP; leaves at once at the second.
pub fn stop_on_signals(cancel: tokio_util::sync::CancellationToken) {
    tokio::spawn(async move {
        for times in 0..2 {
            stopped().await;
            if times == 0 {
                cancel.cancel();
            } else {
                std::process::exit(Exit::Interrupted.code());
            }
        }
    });
}

/// Ends at the next Ctrl-C, SIGTERM or SIGHUP.
#[cfg(unix)]
pub async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let (terminate, hangup) = (signal(SignalKind::terminate()), signal(SignalKind::hangup()));
    let (Ok(mut terminate), Ok(mut hangup)) = (terminate, hangup) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
}

/// Ends at the next Ctrl-C.
#[cfg(not(unix))]
pub async fn stopped() {
    let _ = tokio::signal::ctrl_c().await;
}
