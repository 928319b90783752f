//! The command line.

use clap::{CommandFactory, Parser, Subcommand};
use landfall_core::clock::Span;

use crate::command::{
    self, AnswersArguments, Common, InstallArguments, NewArguments, PlanArguments, RehearseArguments, SecretsCommand,
};

/// Turns a vendor's install guide into an install you can trust.
///
/// Without a command: full screen, to choose a guide or to go on with an unfinished install.
#[derive(Debug, Parser)]
#[command(name = "landfall", version, max_term_width = 100, after_help = FIRST)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Option<Command>,
}

/// For somebody who sees the program for the first time.
const FIRST: &str = "\
First steps:
  landfall guide list                 the guides there are; GUIDE is one of them
  landfall rehearse GUIDE             try an install; needs no account or cluster
  landfall guide needs GUIDE          what other teams have to bring
  landfall                            install, or go on where it stopped";

#[derive(Debug, Subcommand)]
enum Command {
    /// Try an install in a simulated account and cluster; nothing real is touched.
    #[command(after_help = "\
Examples:
  landfall rehearse GUIDE                              with sample answers
  landfall rehearse GUIDE --scenarios                  what may happen, how it ends
  landfall rehearse GUIDE --scenario no-quota          something goes wrong
  landfall rehearse GUIDE --yes --speed 60             asks nothing, one minute
  landfall rehearse GUIDE --serve > exports            only what is simulated, for
  . ./exports && landfall install GUIDE                in another terminal")]
    Rehearse {
        #[command(flatten)]
        arguments: RehearseArguments,
        /// How long it waits for what a person has to do, e.g. 30m.
        #[arg(long, value_name = "DURATION")]
        wait_person: Option<Span>,
    },
    /// Check the prerequisites: what is missing before an install can begin.
    #[command(after_help = "\
Examples:
  landfall check GUIDE --answers answers.yaml
  landfall check GUIDE --only checks/gpu_quota

The exit code is 0 where nothing stops the install, and 3 where something does.")]
    Check {
        /// Guide: its id (see `landfall guide list`), or the path of your own.
        guide: String,
        /// Only these checks, e.g. checks/gpu_quota.
        #[arg(long, value_name = "TASK-PATH")]
        only: Vec<String>,
        /// All but these checks.
        #[arg(long, value_name = "TASK-PATH")]
        skip: Vec<String>,
    },
    /// Look whether what was installed still works; fit for cron.
    #[command(after_help = "\
Examples:
  landfall verify GUIDE
  landfall verify GUIDE --output junit > verify.xml

The exit code is 0 where everything is as it should be, and 1 where something is not.")]
    Verify {
        /// Guide: its id (see `landfall guide list`), or the path of your own.
        guide: String,
        /// Only these, e.g. verify/gpu_allocatable.
        #[arg(long, value_name = "TASK-PATH")]
        only: Vec<String>,
        /// All but these.
        #[arg(long, value_name = "TASK-PATH")]
        skip: Vec<String>,
    },
    /// Show what an install would do, without doing it.
    #[command(after_help = "\
Examples:
  landfall plan GUIDE --answers answers.yaml
  landfall plan GUIDE --permissions                for those who grant them
  landfall plan GUIDE --output markdown            for a change board
  landfall plan GUIDE --out plan.json              freeze it; install just that:
  landfall install GUIDE --yes --plan plan.json")]
    Plan {
        /// Guide: its id (see `landfall guide list`), or the path of your own.
        guide: String,
        #[command(flatten)]
        arguments: PlanArguments,
    },
    /// Install, or go on with an install that was interrupted.
    #[command(after_help = "\
Examples:
  landfall install GUIDE
  landfall install GUIDE --line                                by questions
  landfall install GUIDE --yes --answers answers.yaml          asks nothing

`landfall rehearse GUIDE --serve --folder DIR` leaves an example of answers in DIR/answers.yaml.")]
    Install {
        /// Guide: its id (see `landfall guide list`), or the path of your own.
        guide: String,
        #[command(flatten)]
        arguments: InstallArguments,
    },
    /// Say where installs stand, also while they run.
    #[command(after_help = "\
Examples:
  landfall status                  all installs, with their ids
  landfall status 3fa9c1d2         the steps of one
  landfall status --watch          live, beside an install that runs")]
    Status {
        /// Install (its id) or guide; all installs where it is left out.
        install: Option<String>,
        /// Live: its steps, with nodes, pods, events and logs of its namespace.
        #[arg(long)]
        watch: bool,
    },
    /// Take away what an install made, last first, and nothing else.
    #[command(after_help = "\
Examples:
  landfall undo 3fa9c1d2                               shows what would go, and asks
  landfall undo 3fa9c1d2 --yes                         all but what holds data
  landfall undo 3fa9c1d2 --yes --lose steps/namespace  this, too, with its data")]
    Undo {
        /// Install (its id; see `landfall status`) or guide.
        install: String,
        /// Also this step, although data is lost with it; may be given several times.
        #[arg(long, value_name = "TASK-PATH")]
        lose: Vec<String>,
    },
    /// Keep the passwords and keys of an install: list, set, remove, write into a file.
    Secrets {
        #[command(subcommand)]
        command: SecretsCommand,
    },
    /// Write an answers file out of an install, to install the same elsewhere.
    #[command(after_help = "\
It holds answers and where secrets come from, never a secret.

Examples:
  landfall answers 3fa9c1d2 --out answers.yaml
  landfall install GUIDE --answers answers.yaml --context next")]
    Answers {
        #[command(flatten)]
        arguments: AnswersArguments,
    },
    /// Look at the guides there are, or write your own.
    Guide {
        #[command(subcommand)]
        command: GuideCommand,
    },
    /// Say what the code of a problem means, and how it is mended.
    #[command(after_help = "\
Example:
  landfall explain AWS-QUOTA-LOW")]
    Explain {
        /// The code, as it stands before the problem.
        code: String,
    },
    /// Prints a token for an EKS cluster, for a kubeconfig that was built from EKS.
    #[command(hide = true)]
    EksToken {
        /// The cluster's name.
        cluster: String,
    },
    /// Print what makes your shell complete landfall's commands.
    #[command(after_help = "\
Example:
  landfall completions bash > landfall.bash; . ./landfall.bash")]
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Subcommand)]
enum GuideCommand {
    /// List the guides there are.
    List,
    /// Say what other teams have to bring, with messages ready to send.
    Needs {
        /// Guide: its id (see `landfall guide list`), or the path of your own.
        guide: String,
    },
    /// Print a whole guide, corrected, as Markdown.
    Show {
        /// Guide: its id (see `landfall guide list`), or the path of your own.
        guide: String,
    },
    /// Find the mistakes in a guide you write, each with its file and line.
    #[command(after_help = "\
Examples:
  landfall guide lint ./acme-search
  landfall guide lint ./acme-search --source install.md")]
    Lint {
        /// Guide: the path of its folder or file, or an id.
        guide: String,
        /// The vendor's document, to see whether it changed since the guide was written.
        #[arg(long, value_name = "FILE")]
        source: Option<std::path::PathBuf>,
    },
    /// Begin a guide of your own: from a few questions, or from the vendor's document.
    #[command(after_help = "\
Examples:
  landfall guide new                                asks
  landfall guide new acme-search --from install.md  its passages become to-dos")]
    New {
        #[command(flatten)]
        arguments: NewArguments,
    },
    /// Print the JSON schema of guides, or of a guide's answers files, for your editor.
    Schema {
        /// The guide whose answers files are meant; guides themselves where it is left out.
        guide: Option<String>,
    },
}

impl Cli {
    /// Carries the command out; gives the exit code.
    pub async fn run(self) -> i32 {
        command::give_back_on_panic();
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
                GuideCommand::Needs { guide } => command::needs(&common, &guide).await,
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
