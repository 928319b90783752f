//! `terraform.plan`: is there a plan that another run (a pipeline) saved, and what would it do? Nothing is run.

use std::{collections::BTreeMap, path::PathBuf};

use async_trait::async_trait;
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{Trouble, terraform::Reviewed, written},
    kind::{Check, CheckAbout, Context},
};

/// A plan that another run saved, and what it would make, change and destroy. Nothing is run.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TerraformPlan {
    /// The file: what `show -json` says of a saved plan.
    plan: PathBuf,
    /// What the plan's root outputs must say, so that no older plan is taken for this one.
    #[serde(default)]
    outputs: BTreeMap<String, String>,
}

#[async_trait]
impl Check for TerraformPlan {
    const ABOUT: CheckAbout = CheckAbout {
        name: "terraform.plan",
        code: "TF-02",
        about: "what a saved plan would do",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &["TF-PLAN-DESTROYS", "TF-PLAN-MISSING", "TF-PLAN-OTHER"];

    async fn run(&self, _cx: &Context) -> Result<Outcome, Trouble> {
        Ok(self.judge(written::read(&self.plan)?.as_deref()))
    }
}

impl TerraformPlan {
    fn judge(&self, text: Option<&str>) -> Outcome {
        let Some(reviewed) = text.and_then(Reviewed::written) else {
            let what = match text {
                None => format!("{} is not there yet", self.plan.display()),
                Some(_) => format!("{} is not a plan as JSON", self.plan.display()),
            };
            let fix = "Have the run that plans write it down:\n$ terraform show -json reviewed.plan > plan.json";
            return Outcome::NotYet { problem: Problem::new("TF-PLAN-MISSING", what, fix) };
        };
        let other = self.outputs.iter().find(|(name, wanted)| reviewed.will_say.get(*name) != Some(*wanted));
        if let Some((name, wanted)) = other {
            let found = reviewed.will_say.get(name).map_or("nothing", String::as_str);
            return Outcome::NotYet {
                problem: Problem::new(
                    "TF-PLAN-OTHER",
                    format!("{} is a plan of something else", self.plan.display()),
                    "Have it planned again from the folder as it is now.",
                )
                .why(format!("Its output {name} will be {found}, not {wanted}.")),
            };
        }
        if reviewed.destroyed() > 0 {
            return Outcome::Warn {
                problem: Problem::new(
                    "TF-PLAN-DESTROYS",
                    format!("the plan takes things away: {}", reviewed.summary()),
                    "Read the list; let nobody apply it before it was agreed to.",
                )
                .why(reviewed.text()),
            };
        }
        Outcome::pass(reviewed.text())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan(actions: &[&str], install: &str) -> String {
        json!({
            "format_version": "1.2",
            "resource_changes": [{"address": "a.b", "mode": "managed", "change": {"actions": actions, "before": null, "after": {}}}],
            "planned_values": {"outputs": {"landfall_install": {"value": install}}},
        })
        .to_string()
    }

    fn looked(text: Option<&str>) -> Outcome {
        let outputs = BTreeMap::from([("landfall_install".to_owned(), "abcd".to_owned())]);
        TerraformPlan { plan: "plan.json".into(), outputs }.judge(text)
    }

    fn code(text: Option<&str>) -> Option<String> {
        looked(text).problem().map(|problem| problem.code.clone())
    }

    #[test]
    fn a_plan_that_only_makes_things_passes_and_says_what() {
        let Outcome::Pass { fact, .. } = looked(Some(&plan(&["create"], "abcd"))) else { panic!("no pass") };
        assert!(fact.contains("1 to add, 0 to change, 0 to destroy") && fact.contains("+ a.b  add"), "{fact}");
    }

    #[test]
    fn what_is_missing_half_written_or_of_something_else_is_waited_for() {
        assert!(matches!(looked(None), Outcome::NotYet { .. }));
        assert_eq!(code(None).as_deref(), Some("TF-PLAN-MISSING"));
        assert_eq!(code(Some("{\"format")).as_deref(), Some("TF-PLAN-MISSING"));
        assert_eq!(code(Some(&plan(&["create"], "other"))).as_deref(), Some("TF-PLAN-OTHER"));
    }

    #[test]
    fn what_is_taken_away_is_a_warning_with_the_list() {
        let Outcome::Warn { problem } = looked(Some(&plan(&["delete", "create"], "abcd"))) else {
            panic!("no warning")
        };
        assert_eq!(problem.code, "TF-PLAN-DESTROYS");
        assert!(problem.why.contains("-/+ a.b  REPLACE"), "{}", problem.why);
    }
}
