//! What AWS is doing, from the running task that waits for it: capacity, quota, nodes that do not join.

use jiff::Timestamp;

use super::{Cause, Chain, Running};

/// A running task's own line, where it already knows a problem.
pub(super) fn why(task: &Running<'_>, _now: Timestamp) -> Option<Chain> {
    let problem = task.why.problem.as_ref()?;
    // What waits says it already, where that is the problem itself.
    let what = match problem.what == task.why.on {
        true => problem.code.clone(),
        false => format!("{}: {}", problem.code, problem.what),
    };
    Some(Chain::of(task.title, task.why.on.clone(), vec![Cause { code: "", what, fix: problem.fix.clone() }]))
}

/// Why there are no nodes yet: the running task that brings them, and its problem.
pub(super) fn nodes(running: &[Running<'_>], now: Timestamp) -> Vec<Cause> {
    let brings_nodes = |task: &&Running<'_>| {
        let title = task.title.to_lowercase();
        title.contains("node group") || title.contains("nodes") || task.why.on.contains("node")
    };
    let Some(task) = running.iter().find(brings_nodes) else { return Vec::new() };
    let minutes =
        task.since.map(|since| now.duration_since(since).as_secs().max(0) / 60).filter(|minutes| *minutes > 0);
    let since = minutes.map(|minutes| format!(" {minutes} min")).unwrap_or_default();
    let mut causes = vec![Cause::going_on(format!("{} {}{since}", task.title, task.why.on))];
    if let Some(problem) = &task.why.problem {
        causes.push(Cause { code: "", what: format!("{}: {}", problem.code, problem.what), fix: problem.fix.clone() });
    }
    causes
}
