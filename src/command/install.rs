//! `install` without a person: checks, plan, install, verify, summary.

use std::{path::PathBuf, time::Duration};

use landfall_core::{
    clock::Span,
    event::{Problem, Section, TaskPath},
    journal::Record,
    plan::Change,
};

use super::{Common, Exit, Opened, looks, open::stop_on_signals, plan::Frozen};
use crate::{
    engine::{Left, RunEnd, RunOptions},
    report::Line,
    session::Planned,
};

/// How to install.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct InstallArguments {
    /// A plan frozen by `plan --out`: refuse to run where anything differs from it, and show what.
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// How long to wait for what a person has to do, e.g. 30m or 2d; else as long as the guide says.
    #[arg(long, value_name = "DURATION")]
    pub wait_person: Option<Span>,
}

/// Installs without asking.
pub async fn install(common: &Common, guide: &str, arguments: &InstallArguments) -> i32 {
    let mut opened = match Opened::guide(common, guide) {
        Ok(opened) => opened,
        Err(exit) => return exit.code(),
    };
    stop_on_signals(opened.session.cancel.clone());
    let mut summary = None;
    let exit = match installed(&mut opened, arguments, &mut summary).await {
        Ok(exit) | Err(exit) => exit,
    };
    let exit = if opened.session.cancel.is_cancelled() { Exit::Interrupted } else { exit };
    if let Some(bound) = &opened.session.bound {
        let closed = bound.journal.write(Record::Closed { code: exit.code() }).await;
        if let Err(trouble) = closed {
            opened.reporter.problem(trouble.problem());
        }
    }
    opened.end(exit, summary)
}

async fn installed(
    opened: &mut Opened,
    arguments: &InstallArguments,
    summary: &mut Option<landfall_core::wizard::SummaryShown>,
) -> Result<Exit, Exit> {
    opened.ready_with_secrets().await?;
    opened.mappings().await?;
    let resolved = opened.session.resolve().map_err(|trouble| opened.refuse(trouble.problem()))?;
    let begun = !opened.session.story().steps.is_empty();
    let checks = looks::stage(opened, &resolved, Section::Checks, |_| true).await?;
    if checks == Exit::Stopped {
        return Ok(Exit::Stopped);
    }
    if opened.session.renew_if_near().await {
        opened.reporter.notice("The AWS credentials were about to end and were renewed.");
    }
    opened.reporter.stage("Plan");
    let planned = opened.session.plan().await.map_err(|trouble| opened.refuse(trouble.problem()))?;
    opened.reporter.line(&Line::Plan { plan: Box::new(planned.shown.clone()) });
    if let Some(path) = &arguments.plan {
        same_as_frozen(opened, &planned, path, begun)?;
    }
    let name = agreed_to(opened, &planned, arguments.plan.is_some())?;
    let probes: Vec<String> =
        planned.shown.tasks.iter().filter(|task| task.probe).map(|task| task.title.clone()).collect();
    if !probes.is_empty() && !opened.session.answers.probes {
        opened.refuse(Problem::new(
            "PROBES-NOT-AGREED",
            format!("these looks make something in the cluster for a moment: {}", probes.join(", ")),
            "Agree to them with probes: true in the answers file.",
        ));
        return Err(Exit::Person);
    }
    let bound = opened.session.bound().cloned().map_err(|trouble| opened.refuse(trouble.problem()))?;
    let frozen = opened.session.agreement(&planned, name);
    bound.journal.write(frozen).await.map_err(|trouble| opened.refuse(trouble.problem()))?;
    opened.reporter.stage("Install");
    let options = RunOptions {
        answers: opened.session.answers.clone(),
        alone: true,
        wait_person: arguments.wait_person.map(|wait| Duration::from_secs(wait.0.as_secs())),
        ..RunOptions::default()
    };
    let (end, outputs) = opened
        .reporter
        .during(planned.engine.run(&planned.plan, &options))
        .await
        .map_err(|trouble| opened.refuse(trouble.problem()))?;
    drop(outputs);
    if end == RunEnd::Finished {
        let left = take_away(opened, &planned).await?;
        if !left.is_empty() {
            return Ok(Exit::Failed);
        }
    }
    match end {
        RunEnd::Finished => {}
        RunEnd::Failed(_) => return Ok(Exit::Failed),
        RunEnd::WaitsForPerson(_) => return Ok(Exit::Person),
        RunEnd::Interrupted => return Ok(Exit::Interrupted),
    }
    let verified = looks::stage(opened, &planned.plan, Section::Verify, |_| true).await?;
    let mut page = opened.session.summary(&planned.plan);
    if let Err(error) = opened.session.write_summary(&mut page) {
        opened.reporter.notice(format!("the summary could not be written: {error}"));
    }
    *summary = Some(page);
    Ok(match (checks, verified) {
        (_, Exit::Failed) => Exit::Failed,
        (Exit::Warned, _) | (_, Exit::Warned) => Exit::Warned,
        _ => Exit::Done,
    })
}

/// Changed answers change what was agreed to: somebody agrees to that, too, before anything is done. A frozen plan was
/// agreed to as it is.
fn agreed_to(opened: &mut Opened, planned: &Planned, frozen: bool) -> Result<String, Exit> {
    let digest = &planned.shown.review_digest;
    let said = opened.session.plan_approval(digest);
    if digest.is_empty() || frozen || said.is_some() {
        return Ok(said.map(|said| said.name.clone()).unwrap_or_default());
    }
    let lines: Vec<String> = planned
        .compared
        .iter()
        .filter(|line| line.fresh)
        .map(|line| format!("{} {}: {}", line.what.verb(), line.path, line.why))
        .collect();
    let count = lines.len();
    opened.reporter.problem(
        Problem::new(
            "PLAN-CHANGED",
            format!("{count} steps differ from what was agreed to; nothing was done"),
            format!(
                "Look at the plan above, then agree to exactly it in the answers file:\n$ approve: [{{ task: plan, choice: {digest}, name: …, reason: … }}]"
            ),
        )
        .why(lines.join("\n")),
    );
    Err(Exit::Person)
}

/// What is no longer wanted goes where the answers say so, step by step; what is left is told.
async fn take_away(opened: &mut Opened, planned: &Planned) -> Result<Left, Exit> {
    let engine = &planned.engine;
    let lines = engine.undo_plan(&opened.session.story());
    let unwanted =
        |path: &TaskPath| planned.compared.iter().any(|line| line.what == Change::Unwanted && line.path == *path);
    let agreed: Vec<TaskPath> = opened
        .session
        .answers
        .approve
        .iter()
        .filter(|said| said.choice.as_deref() == Some("take_away"))
        .filter_map(|said| said.task.parse().ok())
        .filter(unwanted)
        .collect();
    for line in lines.iter().filter(|line| unwanted(&line.path) && !agreed.contains(&line.path)) {
        opened.reporter.notice(format!(
            "{}: no longer wanted and left; approve: [{{ task: {}, choice: take_away, name: …, reason: … }}] takes it away ({})",
            line.path, line.path, line.line
        ));
    }
    let lines: Vec<_> = lines.into_iter().filter(|line| agreed.contains(&line.path)).collect();
    if lines.is_empty() {
        return Ok(Left::default());
    }
    let taken = opened.reporter.during(engine.take_away(lines, &agreed)).await;
    taken.map_err(|trouble| opened.refuse(trouble.problem()))
}

fn same_as_frozen(opened: &mut Opened, planned: &Planned, path: &PathBuf, begun: bool) -> Result<(), Exit> {
    let wrong = |opened: &mut Opened, what: String| {
        opened.refuse(Problem::new("PLAN-FILE", what, "Freeze a plan again with `landfall plan --out`."))
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(opened, format!("{}: {error}", path.display())))?;
    let frozen: Frozen =
        serde_json::from_str(&text).map_err(|error| wrong(opened, format!("{}: {error}", path.display())))?;
    let mut now = Frozen::of(opened, planned);
    if begun {
        // What this plan itself has made since is not a difference.
        now.observed.clone_from(&frozen.observed);
    }
    for (id, answer) in now.answers["inputs"].as_object_mut().into_iter().flatten() {
        // Where the plan was frozen before the chart could be read, it says nothing of its digest.
        if let Some(mapping) = answer.as_object_mut().filter(|_| frozen.answers["inputs"][id].get("of").is_none()) {
            mapping.retain(|part, _| !matches!(part.as_str(), "of" | "seen"));
        }
    }
    let differences = frozen.differences(&now);
    if differences.is_empty() {
        return Ok(());
    }
    opened.reporter.problem(
        Problem::new(
            "PLAN-DIFFERS",
            format!("{} things differ from the frozen plan", differences.len()),
            "Have the differences agreed to, then freeze the plan again.",
        )
        .why(differences.join("\n")),
    );
    Err(Exit::Stopped)
}
