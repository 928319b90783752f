//! Which steps does somebody else do? Named one by one, or by a house rule such as "every step of kinds iam.*".

use serde::{Deserialize, Serialize};

use super::PlannedTask;
use crate::{clock::Span, event::TaskPath, journal::StepStory};

/// A step, or every step of a kind, that somebody else does; we look until it is done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandOver {
    /// The step: its path or id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// A house rule: every step of these kinds, with `*`, e.g. `iam.*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Who is asked.
    pub to: String,
    /// Why; a ticket.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Who hands it over.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// How long to wait for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
}

impl HandOver {
    /// Whether this step is meant.
    pub fn covers(&self, path: &TaskPath, kind: &str) -> bool {
        self.task.as_ref().is_some_and(|task| path.matches(task))
            || self.kind.as_ref().is_some_and(|pattern| fits(pattern, kind))
    }
}

/// Who does a step instead of us: what was agreed in this install counts, then the answers' rules, a named step first, then
/// what the guide itself says.
pub fn handed_over(step: Option<&StepStory>, rules: &[HandOver], task: &PlannedTask) -> Option<HandOver> {
    if let Some(asked) = step.and_then(|step| step.handed_over.as_ref()) {
        return Some(asked.what.clone());
    }
    if step.is_some_and(|step| step.taken_back) {
        return None;
    }
    let meant = || rules.iter().filter(|rule| rule.covers(&task.path, &task.kind));
    meant().find(|rule| rule.task.is_some()).or_else(|| meant().next()).or(task.hand_over.as_ref()).cloned()
}

/// Whether a name fits a pattern in which `*` stands for anything.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, rest)) => name.strip_prefix(head).is_some_and(|tail| {
            tail.char_indices().map(|(at, _)| &tail[at..]).chain([""]).any(|tail| fits(rest, tail))
        }),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::journal::Asked;

    fn rule(task: Option<&str>, kind: Option<&str>, to: &str) -> HandOver {
        HandOver { task: task.map(str::to_owned), kind: kind.map(str::to_owned), to: to.into(), ..HandOver::default() }
    }

    fn task(id: &str, kind: &str) -> PlannedTask {
        PlannedTask { kind: kind.to_owned(), ..PlannedTask::bare(TaskPath::new(crate::event::Section::Steps, id)) }
    }

    #[test]
    fn a_house_rule_covers_a_family_of_kinds_and_a_named_step_comes_first() {
        let rules = [rule(None, Some("iam.*"), "IAM team"), rule(Some("usage_role"), None, "Ms Holm")];
        let to = |id: &str, kind: &str| handed_over(None, &rules, &task(id, kind)).map(|with| with.to);
        assert_eq!(to("node_role", "iam.role_policy").as_deref(), Some("IAM team"));
        assert_eq!(to("usage_role", "iam.service_account_role").as_deref(), Some("Ms Holm"));
        assert_eq!(to("group", "eks.node_group"), None);
        assert!(fits("*.role*", "iam.role_policy") && !fits("iam.*", "iamx") && fits("*", ""));
    }

    #[test]
    fn what_was_taken_back_is_not_handed_over_by_a_rule_again() {
        let rules = [rule(None, Some("iam.*"), "IAM team")];
        let role = task("node_role", "iam.role_policy");
        let back = StepStory { taken_back: true, ..StepStory::default() };
        assert_eq!(handed_over(Some(&back), &rules, &role), None);
        let asked = Asked { what: rule(None, None, "Mr Ruiz"), at: Timestamp::UNIX_EPOCH, file: String::new() };
        let asked = StepStory { handed_over: Some(asked), ..StepStory::default() };
        assert_eq!(handed_over(Some(&asked), &[], &role).unwrap().to, "Mr Ruiz");
    }

    #[test]
    fn the_guides_own_rule_comes_last() {
        let ours =
            PlannedTask { hand_over: Some(rule(None, None, "your pipeline")), ..task("gateway", "terraform.module") };
        assert_eq!(handed_over(None, &[], &ours).unwrap().to, "your pipeline");
        assert_eq!(handed_over(None, &[rule(Some("gateway"), None, "Ms Holm")], &ours).unwrap().to, "Ms Holm");
        let back = StepStory { taken_back: true, ..StepStory::default() };
        assert_eq!(handed_over(Some(&back), &[], &ours), None);
    }
}
