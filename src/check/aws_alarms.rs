//! `aws.alarms`: do the alarms exist, and do they get data?

use async_trait::async_trait;
use aws_sdk_cloudwatch::types::{MetricAlarm, StateValue};
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
    value::Late,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        look::shell::{aws, fix},
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// Each alarm, whether its actions are on, and whether its metric gets data. An alarm without data never fires: nothing
/// scales, and nobody is told.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alarms {
    /// Names.
    names: Vec<Late<String>>,
    /// Whether they must have left INSUFFICIENT_DATA: the metrics arrive.
    #[serde(default)]
    with_data: bool,
}

#[async_trait]
impl Check for Alarms {
    const ABOUT: CheckAbout = CheckAbout {
        name: "aws.alarms",
        code: "AWS-07",
        about: "alarms exist and get data",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] =
        &["CLOUDWATCH-ACTIONS-OFF", "CLOUDWATCH-ALARM-MISSING", "CLOUDWATCH-NO-DATA"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let names: Vec<String> = self.names.iter().filter_map(Late::known).cloned().collect();
        if names.is_empty() {
            return Ok(Outcome::skip("no alarms are made"));
        }
        let client = cx.cloud.aws.cloudwatch().await?;
        // DescribeAlarms takes at most 100 names: CloudWatch API reference.
        let mut found = Vec::new();
        for some in names.chunks(100) {
            let answer = client.describe_alarms().set_alarm_names(Some(some.to_vec())).send().await?;
            found.extend(answer.metric_alarms.unwrap_or_default());
        }
        let region = cx.cloud.aws.region().await.unwrap_or_default();
        Ok(judge(&names, &found, self.with_data, &region))
    }

    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        Permissions::default().iam("*", ["cloudwatch:DescribeAlarms"])
    }
}

fn judge(names: &[String], found: &[MetricAlarm], with_data: bool, region: &str) -> Outcome {
    let look = || aws("cloudwatch describe-alarms").list("--alarm-names", names).region(region);
    let missing: Vec<&str> = names
        .iter()
        .filter(|name| !found.iter().any(|alarm| alarm.alarm_name() == Some(name.as_str())))
        .map(String::as_str)
        .collect();
    if !missing.is_empty() {
        let what = format!("there is no alarm {}", missing.join(", "));
        let advice = "Install again: the step that makes it looks and makes it anew.";
        let problem = Problem::new("CLOUDWATCH-ALARM-MISSING", what, fix(advice, [look()]));
        return Outcome::Fail { problem: problem.why("Without it nothing scales.") };
    }
    let silent: Vec<&str> = found
        .iter()
        .filter(|alarm| alarm.state_value() == Some(&StateValue::InsufficientData))
        .filter_map(|alarm| alarm.alarm_name())
        .collect();
    if with_data && !silent.is_empty() {
        let what = format!("no data yet for {}", silent.join(", "));
        let advice = "Give it a few periods. If it stays so: does the agent run on the nodes, may their role put metrics, do the dimensions match?";
        let problem = Problem::new("CLOUDWATCH-NO-DATA", what, fix(advice, [look()]));
        let reasons: Vec<&str> = found.iter().filter_map(|alarm| alarm.state_reason()).collect();
        return Outcome::NotYet { problem: problem.why(reasons.join(" ")) };
    }
    let actions_off = found.iter().find(|alarm| alarm.actions_enabled() == Some(false));
    if let Some(alarm) = actions_off {
        let name = alarm.alarm_name().unwrap_or_default();
        let enable = aws("cloudwatch enable-alarm-actions").list("--alarm-names", [name]).region(region);
        let what = format!("the actions of {name} are switched off");
        let problem = Problem::new("CLOUDWATCH-ACTIONS-OFF", what, fix("Switch them on.", [enable]));
        return Outcome::Warn { problem };
    }
    let data = if with_data { " with data" } else { "" };
    Outcome::pass(format!("{} alarms{data}", names.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm(name: &str, state: StateValue) -> MetricAlarm {
        MetricAlarm::builder().alarm_name(name).state_value(state).build()
    }

    #[test]
    fn missing_silent_and_working_alarms_are_told_apart() {
        let names = ["a".to_owned(), "b".to_owned()];
        let found = [alarm("a", StateValue::Ok), alarm("b", StateValue::InsufficientData)];
        assert!(matches!(judge(&names, &found[..1], true, ""), Outcome::Fail { .. }));
        assert!(matches!(judge(&names, &found, true, ""), Outcome::NotYet { .. }));
        assert_eq!(judge(&names, &found, false, ""), Outcome::pass("2 alarms"));
    }
}
