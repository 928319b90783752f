//! `cloudwatch.alarm`: an alarm on a metric, on an expression, or on several metrics being low at once.

mod definition;
mod parameters;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_cloudwatch::types::MetricAlarm;
use landfall_core::event::{Found, Owner, Permissions};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::definition::{Definition, Query};
pub use self::parameters::Alarm;
use crate::{
    cloud::{
        Trouble,
        look::{self, marks, shell::aws},
    },
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// What others read.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
}

#[async_trait]
impl Step for Alarm {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        fixed: &["name"],
        costs: Some("each alarm by the month"),
        ..StepAbout::new("cloudwatch.alarm", "CW-01", "makes an alarm")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let wanted = self.definition(|late| late.known().cloned())?;
        let Some(found) = self.find(cx).await? else { return Ok(Found::absent()) };
        let owner = owner(cx, &found).await?;
        let outputs = Outputs { arn: found.alarm_arn().unwrap_or_default().to_owned(), name: self.name.clone() };
        // While an output it reads is not known, its name is all there is to compare.
        let differences = wanted.map(|wanted| wanted.differences(&Definition::of(&found))).unwrap_or_default();
        Ok(Found::there(outputs, differences, owner))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let wanted = self.definition(|late| late.known().cloned())?.ok_or_else(|| {
            Trouble::guide(
                "an output the alarm reads is not known yet",
                "Make the step run after the one that tells it.",
            )
        })?;
        let before = match self.find(cx).await? {
            Some(found) if owner(cx, &found).await? != Owner::Ours => Some(Definition::of(&found)),
            _ => None,
        };
        wanted.put(&cx.cloud.aws.cloudwatch().await?, &self.name, &cx.tags()).await?;
        Ok(Applied::Sent { before: before.filter(|before| *before != wanted).map(|before| json!(before)) })
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let Some(found) = self.find(cx).await? else { return Ok(()) };
        let ours = self.definition(|late| late.known().cloned())?;
        if ours.is_none_or(|ours| !ours.differences(&Definition::of(&found)).is_empty()) {
            return Err(look::changed_since(&format!("alarm {}", self.name)));
        }
        let client = cx.cloud.aws.cloudwatch().await?;
        match made.before.clone().map(serde_json::from_value::<Definition>) {
            Some(Ok(before)) => before.put(&client, &self.name, &BTreeMap::new()).await,
            _ => {
                client.delete_alarms().alarm_names(&self.name).send().await?;
                Ok(())
            }
        }
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        let Ok(Some(definition)) = self.definition(|late| Some(late.to_string())) else { return Vec::new() };
        let mut put = aws("cloudwatch put-metric-alarm")
            .with("--alarm-name", &self.name)
            .with("--alarm-description", &definition.description)
            .list("--alarm-actions", &definition.actions)
            .maybe("--threshold", definition.threshold)
            .with("--comparison-operator", &definition.comparison)
            .with("--evaluation-periods", definition.evaluation_periods)
            .with("--treat-missing-data", &definition.treat_missing_data);
        put = match &definition.metric {
            Some(series) => put
                .with("--namespace", &series.namespace)
                .with("--metric-name", &series.name)
                .json("--dimensions", &series.dimensions_json())
                .with("--statistic", &series.statistic)
                .with("--period", series.period),
            None => put.json("--metrics", &definition.queries.iter().map(Query::json).collect::<Value>()),
        };
        vec![put.region(&cx.target.region).to_string()]
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        format!("deletes the alarm {}", self.name)
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        Permissions::default()
            .iam(
                &cx.target.arn("cloudwatch", &format!("alarm:{}", self.name)),
                [
                    "cloudwatch:PutMetricAlarm",
                    "cloudwatch:DeleteAlarms",
                    "cloudwatch:ListTagsForResource",
                    "cloudwatch:TagResource",
                ],
            )
            .iam("*", ["cloudwatch:DescribeAlarms"])
    }
}

impl Alarm {
    async fn find(&self, cx: &Context) -> Result<Option<MetricAlarm>, Trouble> {
        let client = cx.cloud.aws.cloudwatch().await?;
        let answer = client.describe_alarms().alarm_names(&self.name).send().await?;
        Ok(answer.metric_alarms.unwrap_or_default().into_iter().next())
    }
}

async fn owner(cx: &Context, alarm: &MetricAlarm) -> Result<Owner, Trouble> {
    let client = cx.cloud.aws.cloudwatch().await?;
    let answer = client.list_tags_for_resource().set_resource_arn(alarm.alarm_arn.clone()).send().await;
    let tags = look::aside(answer)?.and_then(|answer| answer.tags).unwrap_or_default();
    Ok(marks::owner(&cx.install, tags.iter().filter_map(|tag| Some((tag.key()?, tag.value()?)))))
}
