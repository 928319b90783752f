//! The command line.

use clap::{CommandFactory, Parser, Subcommand};
use landfall_core::clock::Span;

use crate::command::{
    self, AnswersArguments, Common, InstallArguments, NewArguments, PlanArguments, RehearseArguments, SecretsCommand,
};

/// Turns a vendor's install guide into an install an SRE can trust.
///
/// Without a command: full screen, to choose a guide or go on with an unfinished install.
#[derive(Debug, Parser)]
#[command(name = "landfall", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The same program against simulated endpoints: no account, no cluster, nothing real is touched.
    Rehearse {
        #[command(flatten)]
        arguments: RehearseArguments,
        /// How long the rehearsed install waits for a person's step.
        #[arg(long, value_name = "DURATION")]
        wait_person: Option<Span>,
    },
    /// Prerequisites only; nothing is touched.
    Check {
        /// Guide: id, folder or file.
        guide: String,
        /// Only these tasks.
        #[arg(long, value_name = "TASK-PATH")]
        only: Vec<String>,
        /// Not these tasks.
        #[arg(long, value_name = "TASK-PATH")]
        skip: Vec<String>,
    },
    /// Post-install checks only; fit for cron.
    Verify {
        /// Guide: id, folder or file.
        guide: String,
        /// Only these tasks.
        #[arg(long, value_name = "TASK-PATH")]
        only: Vec<String>,
        /// Not these tasks.
        #[arg(long, value_name = "TASK-PATH")]
        skip: Vec<String>,
    },
    /// What would be done.
    Plan {
        /// Guide: id, folder or file.
        guide: String,
        #[command(flatten)]
        arguments: PlanArguments,
    },
    /// Do it, or go on with it.
    Install {
        /// Guide: id, folder or file.
        guide: String,
        #[command(flatten)]
        arguments: InstallArguments,
    },
    /// Where installs stand.
    Status {
        /// Install or guide; all where it is left out.
        install: Option<String>,
        /// Live panels of nodes, pods, events and logs.
        #[arg(long)]
        watch: bool,
    },
    /// Take away what an install made, in reverse, and nothing else.
    Undo {
        /// Install or guide.
        install: String,
        /// Also this step, although data is lost with it.
        #[arg(long, value_name = "TASK-PATH")]
        lose: Vec<String>,
    },
    /// Secrets of an install: list, set, rm, deliver.
    Secrets {
        #[command(subcommand)]
        command: SecretsCommand,
    },
    /// An answers file out of an install, for the next cluster: references, never secrets.
    Answers {
        #[command(flatten)]
        arguments: AnswersArguments,
    },
    /// Guides: list, needs, show, new, lint, schema.
    Guide {
        #[command(subcommand)]
        command: GuideCommand,
    },
    /// What a code means.
    Explain {
        /// e.g. AWS-QUOTA-LOW.
        code: String,
    },
    /// Prints a token for an EKS cluster, for a kubeconfig that was built from EKS.
    #[command(hide = true)]
    EksToken {
        /// The cluster's name.
        cluster: String,
    },
    /// Completions for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Subcommand)]
enum GuideCommand {
    /// Which guides there are.
    List,
    /// What other teams have to bring, each with a message ready to send.
    Needs {
        /// Guide: id, folder or file.
        guide: String,
    },
    /// The corrected guide as Markdown.
    Show {
        /// Guide: id, folder or file.
        guide: String,
    },
    /// Check a guide: every message has file, line and column.
    Lint {
        /// Guide: id, folder or file.
        guide: String,
        /// The vendor's document: its passages are compared with the guide's digests.
        #[arg(long, value_name = "FILE")]
        source: Option<std::path::PathBuf>,
    },
    /// Begin a guide: a few questions, or the vendor's document taken apart.
    New {
        #[command(flatten)]
        arguments: NewArguments,
    },
    /// The JSON schema of guides, for editors.
    Schema {
        /// Of this guide's answers files instead: id, folder or file.
        guide: Option<String>,
    },
}

impl Cli {
    /// Carries the command out; gives the exit code.
    pub async fn run(self) -> i32 {
        let common = self.common;
        match self.command {
            None => command::front(&common, None, &InstallArguments::default()).await,
            Some(Command::Rehearse { arguments, wait_person }) => {
                let rest: Vec<String> =
                    wait_person.into_iter().flat_map(|wait| ["--wait-person".to_owned(), wait.to_string()]).collect();
                command::rehearse(&common, &arguments, &rest).await
            }
            Some(Command::Check { guide, only, skip }) => command::check(&common, &guide, &only, &skip).await,
            Some(Command::Verify { guide, only, skip }) => command::verify(&common, &guide, &only, &skip).await,
            Some(Command::Plan { guide, arguments }) => command::plan(&common, &guide, &arguments).await,
            Some(Command::Install { guide, arguments }) => command::front(&common, Some(&guide), &arguments).await,
            Some(Command::Status { install, watch: true }) => command::watch(&common, install.as_deref()).await,
            Some(Command::Status { install, watch: false }) => command::status(&common, install.as_deref()),
            Some(Command::Undo { install, lose }) => command::undo(&common, &install, &lose).await,
            Some(Command::Secrets { command }) => command::secrets(&common, &command).await,
            Some(Command::Answers { arguments }) => command::answers(&common, &arguments),
            Some(Command::Guide { command }) => match command {
                GuideCommand::List => command::list(&common),
                GuideCommand::Needs { guide } => command::needs(&common, &guide),
                GuideCommand::Show { guide } => command::show(&common, &guide),
                GuideCommand::Lint { guide, source } => command::lint(&common, &guide, source.as_deref()),
                GuideCommand::New { arguments } => command::new(&common, &arguments),
                GuideCommand::Schema { guide } => command::schema(&common, guide.as_deref()),
            },
            Some(Command::Explain { code }) => command::explain(&common, &code),
            Some(Command::EksToken { cluster }) => command::eks_token(&common, &cluster).await,
            Some(Command::Completions { shell }) => {
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut Self::command(), "landfall", &mut script);
                command::completions(&script)
            }
        }
    }
}
