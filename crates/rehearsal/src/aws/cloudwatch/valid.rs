//! Which alarms CloudWatch refuses, and with what words: CloudWatch API Reference, "PutMetricAlarm".

use std::collections::BTreeSet;

use serde_json::Value;

use super::{data, insights::Query};
use crate::aws::{ask::Ask, error::AwsError};

/// Refuses an impossible alarm.
pub fn alarm(input: &Value) -> Result<(), AwsError> {
    let metrics = input.list("Metrics");
    let single = ["MetricName", "Namespace", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic"];
    let combination = |message: String| Err(AwsError::bad("InvalidParameterCombination", message));
    if input.part("EvaluationCriteria").is_some() {
        return Err(AwsError::not_simulated("cloudwatch PutMetricAlarm with EvaluationCriteria"));
    }
    if !metrics.is_empty() {
        if let Some(name) = single.iter().find(|name| input.part(name).is_some()) {
            return combination(format!("The parameters Metrics and {name} are mutually exclusive"));
        }
        queries(metrics)?;
    } else {
        for name in ["MetricName", "Namespace", "Period"] {
            if input.part(name).is_none() {
                return Err(validation(format!("The parameter {name} is required where Metrics is not given")));
            }
        }
        match (input.part("Statistic"), input.part("ExtendedStatistic")) {
            (Some(_), Some(_)) => {
                return combination("The parameters Statistic and ExtendedStatistic are mutually exclusive".to_owned());
            }
            (None, None) => return Err(validation("Exactly one of Statistic and ExtendedStatistic must be given")),
            _ => {}
        }
        period(input.whole("Period").unwrap_or_default())?;
    }
    let evaluations = match input.whole("EvaluationPeriods") {
        Some(evaluations) => evaluations,
        None => return Err(validation("The parameter EvaluationPeriods is required")),
    };
    if input.part("Threshold").is_none() && input.part("ThresholdMetricId").is_none() {
        return Err(validation("The parameter Threshold is required"));
    }
    if input.whole("DatapointsToAlarm").is_some_and(|points| points > evaluations) {
        return Err(validation("DatapointsToAlarm must be less than or equal to EvaluationPeriods"));
    }
    if let Some(treat) = input.maybe("TreatMissingData")
        && !["breaching", "notBreaching", "ignore", "missing"].contains(&treat)
    {
        return Err(validation(format!("Invalid value for TreatMissingData: {treat:?}")));
    }
    let longest = metrics
        .iter()
        .filter_map(|metric| metric.whole("Period").or_else(|| metric.part("MetricStat")?.whole("Period")))
        .chain(input.whole("Period"))
        .max()
        .unwrap_or_default();
    let insights = metrics.iter().any(|metric| is_query(metric.text("Expression")));
    if insights && longest * evaluations > 3 * 60 * 60 {
        return Err(validation(
            "Metrics Insights alarms can look at the last 3 hours only (EvaluationPeriods * Period must be <= 10800)",
        ));
    }
    if longest * evaluations > 86_400 {
        return Err(validation(
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400).",
        ));
    }
    actions(input)
}

fn actions(input: &Value) -> Result<(), AwsError> {
    for name in ["AlarmActions", "OKActions", "InsufficientDataActions"] {
        let mut seen = BTreeSet::new();
        for action in input.texts(name) {
            let parts = action.split(':').count();
            if !action.starts_with("arn:aws") || parts < 6 {
                return Err(validation(format!("Invalid arn syntax: {action}")));
            }
            if !seen.insert(action) {
                return Err(validation(format!("{name} must not contain the same action twice: {action}")));
            }
        }
    }
    Ok(())
}

fn queries(metrics: &[Value]) -> Result<(), AwsError> {
    let mut ids = BTreeSet::new();
    for metric in metrics {
        let id = metric.text("Id");
        let formed = id.starts_with(|letter: char| letter.is_ascii_lowercase())
            && id.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if !formed {
            return Err(validation(format!(
                "The value {id:?} for parameter Id must start with a lower-case letter and hold letters, digits and _ only"
            )));
        }
        if !ids.insert(id) {
            return Err(validation(format!("The values for parameter Id must be unique: {id:?}")));
        }
        match (metric.part("MetricStat"), metric.maybe("Expression")) {
            (Some(stat), None) => period(stat.whole("Period").unwrap_or_default())?,
            (None, Some(expression)) => {
                if is_query(expression) {
                    Query::read(expression).map_err(|wrong| validation(format!("Invalid metrics list: {wrong}")))?;
                    match metric.whole("Period") {
                        Some(given) => period(given)?,
                        None => return Err(validation("Period must be given with a Metrics Insights query")),
                    }
                } else {
                    data::readable(metrics, metric).map_err(|wrong| {
                        validation(format!("Invalid metrics list: Error in expression '{id}': {wrong}"))
                    })?;
                }
            }
            _ => return Err(validation(format!("Exactly one of MetricStat and Expression must be given for {id:?}"))),
        }
    }
    let returned = metrics.iter().filter(|metric| metric.get("ReturnData") != Some(&Value::Bool(false))).count();
    if returned != 1 {
        return Err(validation("Exactly one element of the metrics list should return data."));
    }
    Ok(())
}

/// Whether an expression is a Metrics Insights query and not metric math.
pub fn is_query(expression: &str) -> bool {
    expression.trim_start().get(..6).is_some_and(|start| start.eq_ignore_ascii_case("select"))
}

fn period(seconds: i64) -> Result<(), AwsError> {
    if matches!(seconds, 10 | 20 | 30) || (seconds > 0 && seconds % 60 == 0) {
        return Ok(());
    }
    Err(validation("Period must be 10, 20, 30 or a multiple of 60"))
}

fn validation(message: impl Into<String>) -> AwsError {
    AwsError::bad("ValidationError", message)
}
