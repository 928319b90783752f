//! `rehearse`: start the simulated endpoints and run the same program against them, or only serve them.
//!
//! The program runs as a child with the endpoints in its environment, exactly as it would in another terminal beside
//! `--serve`: nothing in it knows of rehearsals.

use std::path::PathBuf;

use landfall_core::event::Problem;
use landfall_rehearsal::{Options, Rehearsal};

use super::{
    Common, Exit, ended,
    guide::refuse as refused,
    say::{complain, say, text},
    scenarios::{SMOOTH, scenario, scenarios},
};
use crate::{
    guides,
    report::{Format, explained},
};

/// How to rehearse.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct RehearseArguments {
    /// Guide to rehearse: its id, or the path of your own; you choose where it is left out.
    pub guide: Option<String>,
    /// What happens in it: smooth, or one in which something goes wrong.
    #[arg(long, default_value = SMOOTH)]
    pub scenario: String,
    /// List the scenarios there are, and how each ends.
    #[arg(long, requires = "guide")]
    pub scenarios: bool,
    /// How many times faster than real time the clock runs.
    #[arg(long)]
    pub speed: Option<f64>,
    /// Only serve the simulated endpoints, and print what another terminal has to export.
    #[arg(long)]
    pub serve: bool,
    /// Use this real cluster in place of the simulated one; AWS stays simulated.
    #[arg(long, value_name = "KUBECONFIG")]
    pub kubernetes: Option<PathBuf>,
    /// Keep its files in this folder; otherwise they are removed when it ends.
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// In the end, write what is in the simulated account and cluster to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub snapshot: Option<PathBuf>,
}

/// Rehearses.
pub async fn rehearse(common: &Common, arguments: &RehearseArguments, rest: &[String]) -> i32 {
    let refuse = |what: String, fix: &str| {
        complain!("{}", explained(&Problem::new("REHEARSAL", what, fix), common.look()));
        Exit::Usage.code()
    };
    let guide = arguments.guide.clone().or_else(guides::first).unwrap_or_default();
    let loaded = match guides::find(&guide) {
        Ok(loaded) => loaded,
        Err(fault) => return refuse(fault.to_string(), "See what there is:\n$ landfall guide list"),
    };
    if arguments.scenarios {
        return scenarios(common, &guide, &loaded);
    }
    let scenario = match scenario(&loaded, &arguments.scenario) {
        Ok(scenario) => scenario,
        Err(problem) => return refused(common, &problem),
    };
    let ends = scenario.ends.clone();
    let options = Options {
        scenario,
        speed: arguments.speed,
        folder: arguments.folder.clone(),
        kubernetes: arguments.kubernetes.clone(),
        program: std::env::current_exe().ok(),
    };
    let mut rehearsal = match Rehearsal::start(options).await {
        Ok(rehearsal) => rehearsal,
        Err(error) => return refuse(error.to_string(), "Check the folder's rights and the kubeconfig."),
    };
    let mut code =
        if arguments.serve { serve(&mut rehearsal).await } else { run(common, arguments, &rehearsal, rest).await };
    // With other answers, another API server or a person it may well end otherwise.
    let as_written = common.answers.is_none() && arguments.kubernetes.is_none() && arguments.guide.is_some();
    if common.yes && as_written && !arguments.serve && code != Exit::Interrupted.code() {
        let told = std::fs::read_to_string(transcript(&rehearsal)).unwrap_or_default();
        if let Some(problem) = ended::otherwise(&arguments.scenario, &ends, common.strict, code, &told) {
            complain!("{}", explained(&problem, common.look()));
            code = ended::code(&ends, code);
        }
    }
    if let Some(path) = &arguments.snapshot
        && let Err(error) = std::fs::write(path, snapshot(&rehearsal))
    {
        return refuse(format!("{}: {error}", path.display()), "Choose another place for --snapshot.");
    }
    let lasts = arguments.serve || arguments.folder.is_some();
    if !lasts && common.output == Format::Text && code != Exit::Usage.code() {
        let words = "This rehearsal's world ends here, and its journal and files with it: nothing is left to go on with or to \
                     take away.\nWith --folder DIR its files stay; with --serve its world does, for as long as that runs.";
        say!("\n{}", textwrap::fill(words, common.look().width.max(40)));
    }
    code
}

/// Where all that was said is kept.
fn transcript(rehearsal: &Rehearsal) -> PathBuf {
    rehearsal.folder().join("transcript.ndjson")
}

fn snapshot(rehearsal: &Rehearsal) -> String {
    let world = rehearsal.world();
    let left = serde_json::json!({
        "aws": world.aws.snapshot(), "kubernetes": world.cluster.snapshot(), "databases": world.databases_left(),
    });
    serde_json::to_string_pretty(&left).unwrap_or_default() + "\n"
}

async fn serve(rehearsal: &mut Rehearsal) -> i32 {
    let stopped = super::open::stopped();
    tokio::pin!(stopped);
    // Who reads that it serves may stop it at once: it listens before it says so.
    if futures::poll!(&mut stopped).is_ready() {
        return Exit::Done.code();
    }
    // The lines are for `eval`, so nothing else goes to standard output.
    text(&rehearsal.exports());
    complain!("serving; Ctrl-C ends it");
    tokio::select! {
        () = rehearsal.wait() => {}
        () = &mut stopped => {}
    }
    Exit::Done.code()
}

async fn run(common: &Common, arguments: &RehearseArguments, rehearsal: &Rehearsal, rest: &[String]) -> i32 {
    let Ok(program) = std::env::current_exe() else { return Exit::Failed.code() };
    let mut child = tokio::process::Command::new(program);
    if let Some(guide) = &arguments.guide {
        child.arg("install").arg(guide);
    }
    child.args(flags(common)).args(rest).envs(rehearsal.environment());
    if arguments.folder.is_none() {
        child.env("LANDFALL_TEMPORARY", rehearsal.folder());
    }
    if common.yes {
        child.arg("--transcript").arg(transcript(rehearsal));
    }
    let mut running = match child.spawn() {
        Ok(running) => running,
        Err(error) => {
            complain!(
                "{}",
                explained(
                    &Problem::new("REHEARSAL", error.to_string(), "Check that the program can be run."),
                    common.look()
                )
            );
            return Exit::Failed.code();
        }
    };
    // Signals of the terminal reach the child, too; it decides when to stop, and the world stays until it has.
    loop {
        tokio::select! {
            status = running.wait() => return status.ok().and_then(|status| status.code()).unwrap_or(Exit::Interrupted.code()),
            () = super::open::stopped() => {}
        }
    }
}

/// The common flags, for the child.
fn flags(common: &Common) -> Vec<String> {
    let mut flags = Vec::new();
    let mut flag = |name: &str, on: bool| {
        if on {
            flags.push(name.to_owned());
        }
    };
    flag("--yes", common.yes);
    flag("--line", common.line);
    flag("--full-screen", common.full_screen);
    flag("--ascii", common.ascii);
    flag("--strict", common.strict);
    let output = clap::ValueEnum::to_possible_value(&common.output).map(|value| value.get_name().to_owned());
    let mut value = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            flags.push(name.to_owned());
            flags.push(value);
        }
    };
    value("--output", output);
    value("--color", Some(common.color.to_string()));
    value("--theme", Some(common.theme.clone()));
    value("--answers", common.answers.as_ref().map(|path| path.display().to_string()));
    value("--profile", common.profile.clone());
    value("--region", common.region.clone());
    value("--context", common.context.clone());
    flags
}
