//! Numbers: which metrics there are, and their values over time.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    insights::Query,
    math,
    metrics::{Series, series},
    valid::is_query,
};
use crate::aws::{
    ask::{Ask, page},
    error::AwsError,
    service::Asked,
    state::State,
};

/// ListMetrics.
pub fn list(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let fits = |series: &Series| {
        input.maybe("Namespace").is_none_or(|wanted| wanted == series.namespace)
            && input.maybe("MetricName").is_none_or(|wanted| wanted == series.name)
            && input.list("Dimensions").iter().all(|dimension| {
                let value = series.dimensions.get(dimension.text("Name"));
                value.is_some_and(|value| dimension.maybe("Value").is_none_or(|wanted| wanted == value))
            })
    };
    let found: Vec<Value> = series(state).into_iter().filter(fits).map(|series| metric(&series)).collect();
    let (page, next) = page(found, Some(500), input.maybe("NextToken"))?;
    Ok(json!({ "Metrics": page, "NextToken": next }))
}

fn metric(series: &Series) -> Value {
    let dimensions: Vec<Value> =
        series.dimensions.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
    json!({ "Namespace": series.namespace, "MetricName": series.name, "Dimensions": dimensions })
}

/// The series a `MetricStat`, a query or an alarm's own metric means.
fn meant(state: &State, query: &Value) -> Result<Vec<Series>, AwsError> {
    if let Some(expression) = query.maybe("Expression") {
        let query = Query::read(expression).map_err(|wrong| AwsError::bad("ValidationError", wrong))?;
        return Ok(series(state).into_iter().filter(|series| query.means(series)).collect());
    }
    let metric = query.part("MetricStat").and_then(|stat| stat.part("Metric")).unwrap_or(query);
    let wanted: BTreeMap<String, String> = metric
        .list("Dimensions")
        .iter()
        .map(|dimension| (dimension.text("Name").to_owned(), dimension.text("Value").to_owned()))
        .collect();
    let exact = |series: &Series| {
        series.namespace == metric.text("Namespace")
            && series.name == metric.text("MetricName")
            && series.dimensions == wanted
    };
    Ok(series(state).into_iter().filter(exact).collect())
}

fn mean(series: &[Series], end: Timestamp, period: SignedDuration) -> Option<f64> {
    let values: Vec<f64> = series.iter().filter(|it| it.has(end, period)).map(|it| it.at(end)).collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Seconds of an alarm's period.
pub fn period(alarm: &Value) -> i64 {
    let of = |metric: &Value| metric.whole("Period").or_else(|| metric.part("MetricStat")?.whole("Period"));
    alarm.whole("Period").or_else(|| alarm.list("Metrics").iter().find_map(of)).unwrap_or(60)
}

/// What an alarm looks at, in the period that ends at a moment.
pub fn value(state: &State, alarm: &Value, end: Timestamp, period: SignedDuration) -> Option<f64> {
    let metrics = alarm.list("Metrics");
    match metrics.iter().find(|metric| metric.get("ReturnData") != Some(&Value::Bool(false))) {
        Some(query) => one(state, metrics, query, end, period).ok()?,
        None => mean(&meant(state, alarm).ok()?, end, period),
    }
}

/// One of several queries; metric math may name the others.
fn one(
    state: &State,
    all: &[Value],
    query: &Value,
    end: Timestamp,
    period: SignedDuration,
) -> Result<Option<f64>, String> {
    match query.maybe("Expression") {
        Some(expression) if !is_query(expression) => {
            // Without the query itself, so that two that name each other come to an end.
            let others: Vec<Value> = all.iter().filter(|other| other.text("Id") != query.text("Id")).cloned().collect();
            math::evaluate(expression, &|id| {
                let other = others.iter().find(|other| other.text("Id") == id);
                one(state, &others, other.ok_or_else(|| format!("there is no metric with the id {id:?}"))?, end, period)
            })
        }
        _ => Ok(mean(&meant(state, query).map_err(|error| error.message)?, end, period)),
    }
}

/// Refuses metric math that cannot be read or names what there is not.
pub fn readable(all: &[Value], query: &Value) -> Result<(), String> {
    let known = |id: &str| all.iter().any(|other| other.text("Id") == id && id != query.text("Id"));
    let checked = math::evaluate(query.text("Expression"), &|id| match known(id) {
        true => Ok(Some(1.0)),
        false => Err(format!("there is no metric with the id {id:?}")),
    });
    checked.map(drop)
}

/// GetMetricData.
pub fn get(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let (start, end) = span(input)?;
    let mut results = Vec::new();
    for query in input.list("MetricDataQueries") {
        if query.get("ReturnData") == Some(&Value::Bool(false)) {
            continue;
        }
        let seconds = query.whole("Period").or_else(|| query.part("MetricStat")?.whole("Period")).unwrap_or(60).max(1);
        let all = input.list("MetricDataQueries");
        let value = |end, period| one(state, all, query, end, period);
        value(start, SignedDuration::from_secs(seconds)).map_err(|wrong| AwsError::bad("ValidationError", wrong))?;
        let mut points = points(|end, period| value(end, period).ok().flatten(), start, end.min(state.now), seconds);
        if input.maybe("ScanBy") != Some("TimestampAscending") {
            points.reverse();
        }
        let (times, values): (Vec<String>, Vec<f64>) = points.into_iter().unzip();
        let label = query.maybe("Label").map_or_else(|| label(query), str::to_owned);
        results.push(json!({
            "Id": query.text("Id"), "Label": label, "Timestamps": times, "Values": values, "StatusCode": "Complete",
        }));
    }
    Ok(json!({ "MetricDataResults": results, "Messages": [] }))
}

fn label(query: &Value) -> String {
    let metric = query.part("MetricStat").and_then(|stat| stat.part("Metric"));
    metric.map_or_else(|| query.text("Id").to_owned(), |metric| metric.text("MetricName").to_owned())
}

/// GetMetricStatistics.
pub fn statistics(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let (start, end) = span(input)?;
    let seconds = input.whole("Period").unwrap_or(60).max(1);
    let series = meant(state, input)?;
    let points = points(|end, period| mean(&series, end, period), start, end.min(state.now), seconds);
    let asked = input.texts("Statistics");
    let datapoints: Vec<Value> = points
        .into_iter()
        .map(|(time, value)| {
            let mut point = json!({ "Timestamp": time, "Unit": "Percent" });
            for statistic in &asked {
                point[*statistic] = match *statistic {
                    "SampleCount" => json!(series.len() as f64),
                    "Sum" => json!(value * series.len() as f64),
                    _ => json!(value),
                };
            }
            point
        })
        .collect();
    Ok(json!({ "Label": input.text("MetricName"), "Datapoints": datapoints }))
}

fn span(input: &Value) -> Result<(Timestamp, Timestamp), AwsError> {
    let read = |name: &str| {
        let wrong = |_| AwsError::bad("ValidationError", format!("{name} is not a timestamp"));
        input.text(name).parse::<Timestamp>().map_err(wrong)
    };
    let (start, end) = (read("StartTime")?, read("EndTime")?);
    if start >= end {
        return Err(AwsError::bad(
            "ValidationError",
            "The parameter StartTime must be less than the parameter EndTime.",
        ));
    }
    Ok((start, end))
}

fn points(
    value: impl Fn(Timestamp, SignedDuration) -> Option<f64>,
    start: Timestamp,
    end: Timestamp,
    seconds: i64,
) -> Vec<(String, f64)> {
    let period = SignedDuration::from_secs(seconds);
    let mut at = Timestamp::from_second(start.as_second().div_euclid(seconds) * seconds).unwrap_or(start);
    let mut points = Vec::new();
    while at < end && points.len() < 1440 {
        if let Some(value) = value(at + period, period) {
            points.push((at.to_string(), value));
        }
        at += period;
    }
    points
}
