//! What a guide says of an alarm, and the definition that follows from it.

use std::collections::BTreeMap;

use landfall_core::value::Late;
use schemars::JsonSchema;
use serde::Deserialize;

use super::definition::{Definition, Query, Series};
use crate::cloud::Trouble;

/// Parameters in a guide. Exactly one of `metric`, `expressions` and `all_below` says what is watched.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alarm {
    /// Its name, unique in the account and region.
    pub name: String,
    /// For people.
    pub description: String,
    /// ARNs of what it calls.
    pub actions: Vec<Late<String>>,
    /// One metric.
    #[serde(default)]
    pub metric: Option<Metric>,
    /// Metrics Insights queries or metric math; exactly one returns data.
    #[serde(default)]
    pub expressions: Vec<Expression>,
    /// True only while all of these metrics are below their limits.
    #[serde(default)]
    pub all_below: Vec<Below>,
    /// Compared with; not with `all_below`.
    #[serde(default)]
    pub threshold: Option<f64>,
    /// `greater`, `greater_or_equal`, `less`, `less_or_equal`, or CloudWatch's own word; not with `all_below`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub comparison: Option<Comparison>,
    /// Over how many periods it has to be true.
    #[serde(default = "three")]
    pub evaluation_periods: i32,
    /// What a period without data means.
    #[serde(default)]
    #[schemars(with = "String")]
    pub treat_missing_data: MissingData,
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
    pub namespace: String,
    /// e.g. `nvidia_smi_utilization_gpu`.
    pub name: String,
    /// Dimensions, exactly those the metric is sent with.
    pub dimensions: BTreeMap<String, Late<String>>,
    /// e.g. `Average`.
    #[serde(default = "average")]
    pub statistic: String,
    /// Seconds.
    pub period: i32,
}

/// One line of a computation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expression {
    /// Starts with a lower-case letter.
    pub id: String,
    /// Metrics Insights or metric math.
    pub expression: Late<String>,
    /// Seconds, for Metrics Insights.
    #[serde(default)]
    pub period: Option<i32>,
    /// Whether it is what is compared.
    #[serde(default = "yes")]
    return_data: bool,
}

/// One metric and its limit.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Below {
    /// The metric.
    pub metric: Metric,
    /// Its limit.
    pub below: f64,
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

impl Alarm {
    /// The definition; nothing while `read` cannot tell one of its texts.
    pub fn definition(&self, read: impl Fn(&Late<String>) -> Option<String>) -> Result<Option<Definition>, Trouble> {
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
