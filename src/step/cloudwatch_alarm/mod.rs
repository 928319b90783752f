//! `cloudwatch.alarm`: an alarm on a metric, on an expression, or on several metrics being low at once.

mod definition;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_cloudwatch::types::MetricAlarm;
use landfall_core::{
    event::{Found, Owner, Permissions},
    value::Late,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::definition::{Definition, Query, Series};
use crate::{
    cloud::{
        Trouble,
        look::{self, marks, shell::aws},
    },
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide. Exactly one of `metric`, `expressions` and `all_below` says what is watched.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alarm {
    /// Its name, unique in the account and region.
    name: String,
    /// For people.
    description: String,
    /// ARNs of what it calls.
    actions: Vec<Late<String>>,
    /// One metric.
    #[serde(default)]
    metric: Option<Metric>,
    /// Metrics Insights queries or metric math; exactly one returns data.
    #[serde(default)]
    expressions: Vec<Expression>,
    /// True only while all of these metrics are below their limits.
    #[serde(default)]
    all_below: Vec<Below>,
    /// Compared with; not with `all_below`.
    #[serde(default)]
    threshold: Option<f64>,
    /// `greater`, `greater_or_equal`, `less`, `less_or_equal`, or CloudWatch's own word; not with `all_below`.
    #[serde(default)]
    comparison: Option<Comparison>,
    /// Over how many periods it has to be true.
    #[serde(default = "three")]
    evaluation_periods: i32,
    /// What a period without data means.
    #[serde(default)]
    treat_missing_data: MissingData,
}

/// How a datapoint is compared with the threshold.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// Above it.
    #[serde(alias = "GreaterThanThreshold")]
    Greater,
    /// Above or at it.
    #[serde(alias = "GreaterThanOrEqualToThreshold")]
    GreaterOrEqual,
    /// Below it.
    #[serde(alias = "LessThanThreshold")]
    Less,
    /// Below or at it.
    #[serde(alias = "LessThanOrEqualToThreshold")]
    LessOrEqual,
}

impl Comparison {
    /// CloudWatch's word.
    fn word(self) -> &'static str {
        match self {
            Self::Greater => "GreaterThanThreshold",
            Self::GreaterOrEqual => "GreaterThanOrEqualToThreshold",
            Self::Less => "LessThanThreshold",
            Self::LessOrEqual => "LessThanOrEqualToThreshold",
        }
    }
}

/// What a period without data means.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum MissingData {
    /// Nothing is known.
    #[default]
    Missing,
    /// The state stays.
    Ignore,
    /// As if it were true.
    Breaching,
    /// As if it were not.
    #[serde(alias = "notBreaching")]
    NotBreaching,
}

impl MissingData {
    /// CloudWatch's word.
    fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Ignore => "ignore",
            Self::Breaching => "breaching",
            Self::NotBreaching => "notBreaching",
        }
    }
}

/// One metric.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// e.g. `CWAgent`.
    namespace: String,
    /// e.g. `nvidia_smi_utilization_gpu`.
    name: String,
    /// Dimensions, exactly those the metric is sent with.
    dimensions: BTreeMap<String, Late<String>>,
    /// e.g. `Average`.
    #[serde(default = "average")]
    statistic: String,
    /// Seconds.
    period: i32,
}

/// One line of a computation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expression {
    /// Starts with a lower-case letter.
    id: String,
    /// Metrics Insights or metric math.
    expression: Late<String>,
    /// Seconds, for Metrics Insights.
    #[serde(default)]
    period: Option<i32>,
    /// Whether it is what is compared.
    #[serde(default = "yes")]
    return_data: bool,
}

/// One metric and its limit.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Below {
    /// The metric.
    metric: Metric,
    /// Its limit.
    below: f64,
}

fn three() -> i32 {
    3
}

fn average() -> String {
    "Average".into()
}

fn yes() -> bool {
    true
}

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
    const ABOUT: StepAbout =
        StepAbout { fixed: &["name"], ..StepAbout::new("cloudwatch.alarm", "CLOUDWATCH-01", "makes an alarm") };

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

    /// The definition; nothing while `read` cannot tell one of its texts.
    fn definition(&self, read: impl Fn(&Late<String>) -> Option<String>) -> Result<Option<Definition>, Trouble> {
        let kinds = [self.metric.is_some(), !self.expressions.is_empty(), !self.all_below.is_empty()];
        if kinds.iter().filter(|given| **given).count() != 1 {
            let what = format!("alarm {}: exactly one of metric, expressions and all_below", self.name);
            return Err(Trouble::guide(what, "Leave the others out."));
        }
        let returning = self.expressions.iter().filter(|expression| expression.return_data).count();
        if !self.expressions.is_empty() && returning != 1 {
            let what = format!("alarm {}: {returning} expressions return data, not one", self.name);
            return Err(Trouble::guide(what, "Set return_data: false on all but one."));
        }
        if self.all_below.is_empty() && (self.threshold.is_none() || self.comparison.is_none()) {
            let what = format!("alarm {}: threshold and comparison are missing", self.name);
            return Err(Trouble::guide(what, "Add them."));
        }
        Ok(self.read(&read))
    }

    fn read(&self, read: &impl Fn(&Late<String>) -> Option<String>) -> Option<Definition> {
        let mut actions = self.actions.iter().map(read).collect::<Option<Vec<_>>>()?;
        actions.sort();
        let metric = match &self.metric {
            Some(metric) => Some(metric.series(read)?),
            None => None,
        };
        let mut queries = Vec::new();
        for Expression { id, expression, period, return_data } in &self.expressions {
            let expression = Some(read(expression)?);
            queries.push(Query {
                id: id.clone(),
                expression,
                series: None,
                period: *period,
                return_data: *return_data,
            });
        }
        let mut conditions = Vec::new();
        for (index, Below { metric, below }) in self.all_below.iter().enumerate() {
            let id = format!("m{}", index + 1);
            conditions.push(format!("{id} < {below}"));
            let series = Some(metric.series(read)?);
            queries.push(Query { id, series, ..Query::default() });
        }
        let all_below = !conditions.is_empty();
        if all_below {
            let expression = Some(format!("IF({}, 1, 0)", conditions.join(" AND ")));
            queries.push(Query { id: "all_below".into(), expression, return_data: true, ..Query::default() });
        }
        let comparison = self.comparison.filter(|_| !all_below).unwrap_or(Comparison::GreaterOrEqual);
        Some(Definition {
            description: self.description.clone(),
            actions,
            metric,
            queries,
            threshold: if all_below { Some(1.0) } else { self.threshold },
            comparison: comparison.word().to_owned(),
            evaluation_periods: self.evaluation_periods,
            datapoints_to_alarm: None,
            treat_missing_data: self.treat_missing_data.word().to_owned(),
        })
    }
}

impl Metric {
    fn series(&self, read: &impl Fn(&Late<String>) -> Option<String>) -> Option<Series> {
        let dimensions =
            self.dimensions.iter().map(|(name, value)| Some((name.clone(), read(value)?))).collect::<Option<_>>()?;
        Some(Series {
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            dimensions,
            statistic: self.statistic.clone(),
            period: self.period,
        })
    }
}

async fn owner(cx: &Context, alarm: &MetricAlarm) -> Result<Owner, Trouble> {
    let client = cx.cloud.aws.cloudwatch().await?;
    let answer = client.list_tags_for_resource().set_resource_arn(alarm.alarm_arn.clone()).send().await;
    let tags = look::aside(answer)?.and_then(|answer| answer.tags).unwrap_or_default();
    Ok(marks::owner(&cx.install, tags.iter().filter_map(|tag| Some((tag.key()?, tag.value()?)))))
}
