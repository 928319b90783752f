//! `check` and `verify`: look, and touch nothing.

use landfall_core::{
    event::{Outcome, Section},
    plan::{Plan, PlannedTask},
};

use super::{Common, Exit, Opened, open::stop_on_signals};
use crate::engine::Standing;

/// Prerequisites only.
pub async fn check(common: &Common, guide: &str, only: &[String], skip: &[String]) -> i32 {
    run(common, guide, Section::Checks, only, skip).await
}

/// Post-install checks only.
pub async fn verify(common: &Common, guide: &str, only: &[String], skip: &[String]) -> i32 {
    run(common, guide, Section::Verify, only, skip).await
}

async fn run(common: &Common, guide: &str, section: Section, only: &[String], skip: &[String]) -> i32 {
    let mut opened = match Opened::guide(common, guide) {
        Ok(opened) => opened,
        Err(exit) => return exit.code(),
    };
    stop_on_signals(opened.session.cancel.clone());
    let exit = match looked(&mut opened, section, only, skip).await {
        Ok(exit) | Err(exit) => exit,
    };
    // What only looks has nothing to continue.
    let words = match (exit, section) {
        (Exit::Failed, Section::Verify) => "Not as it should be: see above.",
        (Exit::Failed, _) => "Failed: see above.",
        (Exit::Stopped, _) => "A check says stop: see above.",
        (Exit::Interrupted, _) => "Interrupted.",
        _ => exit.words(false),
    };
    opened.end_saying(exit, words, None)
}

async fn looked(opened: &mut Opened, section: Section, only: &[String], skip: &[String]) -> Result<Exit, Exit> {
    opened.ready_with_secrets().await?;
    let plan = opened.session.resolve().map_err(|trouble| opened.refuse(trouble.problem()))?;
    for pattern in only.iter().chain(skip) {
        if !plan.tasks.iter().any(|task| task.path.matches(pattern)) {
            let paths: Vec<String> = plan.section(section).map(|task| task.path.to_string()).collect();
            opened.reporter.problem(landfall_core::event::Problem::new(
                "TASK-UNKNOWN",
                format!("no task is called {pattern}"),
                format!("There are: {}", paths.join(", ")),
            ));
            return Err(Exit::Usage);
        }
    }
    stage(opened, &plan, section, |task| {
        (only.is_empty() || only.iter().any(|pattern| task.path.matches(pattern)))
            && !skip.iter().any(|pattern| task.path.matches(pattern))
    })
    .await
}

/// Runs a section's looks and says where they stand: Stopped, Warned (with `--strict`), or Done.
pub(super) async fn stage(
    opened: &mut Opened,
    plan: &Plan,
    section: Section,
    wanted: impl Fn(&PlannedTask) -> bool,
) -> Result<Exit, Exit> {
    opened.reporter.learn(plan, &opened.session.house.kinds);
    opened.reporter.stage(if section == Section::Checks { "Checks" } else { "Verify" });
    let engine = opened.session.engine(plan).map_err(|trouble| opened.refuse(trouble.problem()))?;
    let tasks: Vec<&PlannedTask> =
        plan.section(section).filter(|task| !task.early).filter(|task| wanted(task)).collect();
    let outputs = opened.session.outputs();
    let outcomes = opened.reporter.during(engine.look(&tasks, &outputs)).await;
    let outcomes = outcomes.map_err(|trouble| opened.refuse(trouble.problem()))?;
    opened.session.record_vouches(plan).await.map_err(|trouble| opened.refuse(trouble.problem()))?;
    let story = opened.session.story();
    let standing = Standing::of(plan, &story, &outcomes);
    for path in outcomes.keys() {
        let name = path.to_string();
        if let Some(said) = story.waived.get(&name).filter(|_| !matches!(outcomes[path], Outcome::Pass { .. })) {
            opened.reporter.notice(format!("{name} was waived by {}: {}", said.name, said.reason));
        }
        if let Some(said) = story.attested.get(&name).filter(|_| matches!(outcomes[path], Outcome::Unknown { .. })) {
            opened.reporter.notice(format!("{name}: {} answers for it: {}", said.name, said.reason));
        }
    }
    if !standing.stops.is_empty() {
        return Ok(if section == Section::Checks { Exit::Stopped } else { Exit::Failed });
    }
    let dubious = standing.warned + standing.answered_for > 0;
    Ok(if dubious && opened.common.strict { Exit::Warned } else { Exit::Done })
}
