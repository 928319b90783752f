//! What an alarm is, in one form: what a guide wants, what CloudWatch has, and what undo puts back.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::{
    Client,
    types::{
        ComparisonOperator, Dimension, Metric as SdkMetric, MetricAlarm, MetricDataQuery, MetricStat, Statistic, Tag,
    },
};
use landfall_core::event::Difference;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cloud::Trouble;

/// An alarm's definition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// For people.
    pub description: String,
    /// What it calls.
    pub actions: Vec<String>,
    /// The one metric it watches, if it does.
    pub metric: Option<Series>,
    /// What it computes from, if it computes.
    pub queries: Vec<Query>,
    /// Compared with.
    pub threshold: Option<f64>,
    /// How.
    pub comparison: String,
    /// Over how many periods.
    pub evaluation_periods: i32,
    /// How many of them must breach.
    pub datapoints_to_alarm: Option<i32>,
    /// What missing data means.
    pub treat_missing_data: String,
}

/// One metric with its statistic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// e.g. `CWAgent`.
    pub namespace: String,
    /// e.g. `nvidia_smi_utilization_gpu`.
    pub name: String,
    /// Dimensions, exactly.
    pub dimensions: BTreeMap<String, String>,
    /// e.g. `Average`.
    pub statistic: String,
    /// Seconds.
    pub period: i32,
}

/// One line of a computation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Query {
    /// Starts with a lower-case letter.
    pub id: String,
    /// Metrics Insights or metric math.
    pub expression: Option<String>,
    /// A metric.
    pub series: Option<Series>,
    /// Seconds, for Metrics Insights.
    pub period: Option<i32>,
    /// Whether it is what is compared.
    pub return_data: bool,
}

impl Definition {
    /// What CloudWatch has.
    pub fn of(alarm: &MetricAlarm) -> Self {
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let metric = alarm.metric_name().map(|name| Series {
            namespace: text(alarm.namespace()),
            name: name.to_owned(),
            dimensions: dimensions_of(alarm.dimensions()),
            statistic: alarm
                .statistic()
                .map(|statistic| statistic.as_str().to_owned())
                .or_else(|| alarm.extended_statistic().map(str::to_owned))
                .unwrap_or_default(),
            period: alarm.period().unwrap_or_default(),
        });
        let mut actions = alarm.alarm_actions().to_vec();
        actions.sort();
        Self {
            description: text(alarm.alarm_description()),
            actions,
            metric,
            queries: alarm.metrics().iter().map(Query::of).collect(),
            threshold: alarm.threshold(),
            comparison: text(alarm.comparison_operator().map(|operator| operator.as_str())),
            evaluation_periods: alarm.evaluation_periods().unwrap_or_default(),
            datapoints_to_alarm: alarm.datapoints_to_alarm(),
            // CloudWatch leaves its default out.
            treat_missing_data: alarm.treat_missing_data().unwrap_or("missing").to_owned(),
        }
    }

    /// Writes it: an upsert of the whole alarm. Tags are taken only when it is new.
    pub async fn put(&self, client: &Client, name: &str, tags: &BTreeMap<String, String>) -> Result<(), Trouble> {
        let tags = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        let mut call = client
            .put_metric_alarm()
            .alarm_name(name)
            .alarm_description(&self.description)
            .set_alarm_actions(Some(self.actions.clone()))
            .set_threshold(self.threshold)
            .comparison_operator(ComparisonOperator::from(self.comparison.as_str()))
            .evaluation_periods(self.evaluation_periods)
            .set_datapoints_to_alarm(self.datapoints_to_alarm)
            .treat_missing_data(&self.treat_missing_data)
            .set_tags(Some(tags));
        if let Some(series) = &self.metric {
            call = call
                .namespace(&series.namespace)
                .metric_name(&series.name)
                .set_dimensions(Some(series.dimensions()))
                .period(series.period);
            call = match Statistic::from(series.statistic.as_str()) {
                known @ (Statistic::Average
                | Statistic::Maximum
                | Statistic::Minimum
                | Statistic::SampleCount
                | Statistic::Sum) => call.statistic(known),
                _ => call.extended_statistic(&series.statistic),
            };
        } else {
            call = call.set_metrics(Some(self.queries.iter().map(Query::query).collect()));
        }
        call.send().await?;
        Ok(())
    }

    /// How what was found differs.
    pub fn differences(&self, found: &Self) -> Vec<Difference> {
        let number = |value: Option<f64>| value.map_or_else(|| "none".into(), |value| value.to_string());
        let watched = |definition: &Self| match &definition.metric {
            Some(series) => series.shown(),
            None => definition.queries.iter().map(Query::shown).collect::<Vec<_>>().join("; "),
        };
        let fields = [
            ("description", self.description.clone(), found.description.clone()),
            ("actions", self.actions.join(", "), found.actions.join(", ")),
            ("metric", watched(self), watched(found)),
            ("threshold", number(self.threshold), number(found.threshold)),
            ("comparison", self.comparison.clone(), found.comparison.clone()),
            ("evaluation_periods", self.evaluation_periods.to_string(), found.evaluation_periods.to_string()),
            ("treat_missing_data", self.treat_missing_data.clone(), found.treat_missing_data.clone()),
        ];
        fields
            .into_iter()
            .filter(|(_, wanted, found)| wanted != found)
            .map(|(field, wanted, found)| Difference { field: field.into(), wanted, found, fixed: false })
            .collect()
    }
}

impl Series {
    fn dimensions(&self) -> Vec<Dimension> {
        self.dimensions.iter().map(|(name, value)| Dimension::builder().name(name).value(value).build()).collect()
    }

    // No unit: the agent's GPU metrics come as percent or without one, and a wrong one matches nothing.
    fn stat(&self) -> MetricStat {
        let metric = SdkMetric::builder()
            .namespace(&self.namespace)
            .metric_name(&self.name)
            .set_dimensions(Some(self.dimensions()))
            .build();
        MetricStat::builder().metric(metric).period(self.period).stat(&self.statistic).build()
    }

    fn shown(&self) -> String {
        let pairs: Vec<String> = self.dimensions.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!(
            "{} of {}/{} {{{}}} every {} s",
            self.statistic,
            self.namespace,
            self.name,
            pairs.join(", "),
            self.period
        )
    }

    /// As the command line takes it inside `--metrics`.
    fn json(&self) -> Value {
        json!({
            "Metric": { "Namespace": self.namespace, "MetricName": self.name, "Dimensions": self.dimensions_json() },
            "Period": self.period,
            "Stat": self.statistic,
        })
    }

    /// As the command line takes it for `--dimensions`.
    pub fn dimensions_json(&self) -> Value {
        self.dimensions.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect()
    }
}

impl Query {
    fn of(query: &MetricDataQuery) -> Self {
        let series = query.metric_stat().map(|stat| Series {
            namespace: stat.metric().and_then(|metric| metric.namespace()).unwrap_or_default().to_owned(),
            name: stat.metric().and_then(|metric| metric.metric_name()).unwrap_or_default().to_owned(),
            dimensions: stat.metric().map(|metric| dimensions_of(metric.dimensions())).unwrap_or_default(),
            statistic: stat.stat().unwrap_or_default().to_owned(),
            period: stat.period().unwrap_or_default(),
        });
        Self {
            id: query.id().unwrap_or_default().to_owned(),
            expression: query.expression().map(str::to_owned),
            series,
            period: query.period(),
            return_data: query.return_data().unwrap_or(true),
        }
    }

    fn query(&self) -> MetricDataQuery {
        MetricDataQuery::builder()
            .id(&self.id)
            .set_expression(self.expression.clone())
            .set_metric_stat(self.series.as_ref().map(Series::stat))
            .set_period(self.period)
            .return_data(self.return_data)
            .build()
    }

    fn shown(&self) -> String {
        let what = match (&self.expression, &self.series) {
            (Some(expression), _) => expression.clone(),
            (None, Some(series)) => series.shown(),
            (None, None) => String::new(),
        };
        let period = self.period.map_or_else(String::new, |period| format!(" every {period} s"));
        format!("{}: {what}{period}", self.id)
    }

    /// As the command line takes it.
    pub fn json(&self) -> Value {
        let mut query = json!({ "Id": self.id, "ReturnData": self.return_data });
        let mut set = |name: &str, value: Option<Value>| value.map(|value| query[name] = value);
        set("Expression", self.expression.as_ref().map(|expression| json!(expression)));
        set("MetricStat", self.series.as_ref().map(Series::json));
        set("Period", self.period.map(|period| json!(period)));
        query
    }
}

fn dimensions_of(dimensions: &[Dimension]) -> BTreeMap<String, String> {
    let pair = |dimension: &Dimension| Some((dimension.name()?.to_owned(), dimension.value()?.to_owned()));
    dimensions.iter().filter_map(pair).collect()
}
