//! Alarms and the state they are in.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{data, valid};
use crate::aws::{
    ask::{Ask, page},
    error::AwsError,
    service::Asked,
    state::State,
};

/// An alarm.
#[derive(Clone, Debug)]
pub struct Alarm {
    /// Name, one of a kind in the region.
    pub name: String,
    /// ARN.
    pub arn: String,
    /// What was asked for.
    pub input: Value,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// When it was last put.
    pub updated: Timestamp,
}

/// PutMetricAlarm: makes one, or replaces the one of that name; tags are only taken when it is new.
pub fn put(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    valid::alarm(input)?;
    let name = input.text("AlarmName").to_owned();
    let arn = state.arn("cloudwatch", &format!("alarm:{name}"));
    let mut kept = input.clone();
    let given = kept.as_object_mut().and_then(|kept| kept.remove("Tags")).unwrap_or_default();
    let tags = match state.alarms.get(&name) {
        Some(known) => known.tags.clone(),
        None => tag_map(given.as_array().map(Vec::as_slice).unwrap_or_default()),
    };
    for (member, default) in [("ActionsEnabled", json!(true)), ("TreatMissingData", json!("missing"))] {
        if kept.part(member).is_none() {
            kept[member] = default;
        }
    }
    state.alarms.insert(name.clone(), Alarm { name, arn, input: kept, tags, updated: asked.now });
    Ok(json!({}))
}

fn tag_map(tags: &[Value]) -> BTreeMap<String, String> {
    tags.iter().map(|tag| (tag.text("Key").to_owned(), tag.text("Value").to_owned())).collect()
}

/// State and reason: compared over its evaluation periods with the data there is.
fn state_of(state: &State, alarm: &Alarm) -> (&'static str, String) {
    let input = &alarm.input;
    let periods = input.whole("EvaluationPeriods").unwrap_or(1).max(1);
    let needed = input.whole("DatapointsToAlarm").unwrap_or(periods);
    let threshold = input.get("Threshold").and_then(Value::as_f64).unwrap_or_default();
    let period = SignedDuration::from_secs(data::period(input).max(1));
    let mut values = Vec::new();
    for back in 0..periods {
        let end = state.now - period * i32::try_from(back).unwrap_or(i32::MAX);
        if end - period >= alarm.updated - SignedDuration::from_hours(3) {
            values.extend(data::value(state, input, end, period));
        }
    }
    if values.is_empty() {
        return match input.maybe("TreatMissingData") {
            Some("breaching") => {
                ("ALARM", "no datapoints were received and missing ones are treated as breaching".to_owned())
            }
            Some("notBreaching") => {
                ("OK", "no datapoints were received and missing ones are treated as not breaching".to_owned())
            }
            _ => ("INSUFFICIENT_DATA", "Insufficient Data: no datapoints were received".to_owned()),
        };
    }
    let breaches = |value: &&f64| match input.text("ComparisonOperator") {
        "GreaterThanOrEqualToThreshold" => **value >= threshold,
        "GreaterThanThreshold" => **value > threshold,
        "LessThanThreshold" => **value < threshold,
        "LessThanOrEqualToThreshold" => **value <= threshold,
        _ => false,
    };
    let breaching = values.iter().filter(breaches).count() as i64;
    let state = if breaching >= needed { "ALARM" } else { "OK" };
    (state, format!("Threshold Crossed: {breaching} of {} datapoints breach the threshold ({threshold})", values.len()))
}

/// DescribeAlarms.
pub fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let names = input.texts("AlarmNames");
    let kinds = input.texts("AlarmTypes");
    let mut found = Vec::new();
    for alarm in state.alarms.values() {
        let (value, reason) = state_of(state, alarm);
        let fits = (names.is_empty() || names.contains(&&*alarm.name))
            && input.maybe("AlarmNamePrefix").is_none_or(|prefix| alarm.name.starts_with(prefix))
            && input.maybe("StateValue").is_none_or(|wanted| wanted == value)
            && input
                .maybe("ActionPrefix")
                .is_none_or(|prefix| alarm.input.texts("AlarmActions").iter().any(|action| action.starts_with(prefix)))
            && (kinds.is_empty() || kinds.contains(&"MetricAlarm"));
        if fits {
            let mut answer = alarm.input.clone();
            answer["AlarmArn"] = alarm.arn.as_str().into();
            answer["AlarmConfigurationUpdatedTimestamp"] = alarm.updated.to_string().into();
            answer["StateValue"] = value.into();
            answer["StateReason"] = reason.into();
            answer["StateUpdatedTimestamp"] = alarm.updated.to_string().into();
            for list in ["OKActions", "AlarmActions", "InsufficientDataActions", "Dimensions"] {
                if answer.part(list).is_none() {
                    answer[list] = json!([]);
                }
            }
            found.push(answer);
        }
    }
    let (page, next) = page(found, input.whole("MaxRecords"), input.maybe("NextToken"))?;
    Ok(json!({ "MetricAlarms": page, "CompositeAlarms": [], "NextToken": next }))
}

/// DeleteAlarms: all of them or, where one is missing, none.
pub fn delete(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let names = input.texts("AlarmNames");
    if let Some(name) = names.iter().find(|name| !state.alarms.contains_key(**name)) {
        return Err(AwsError::new(404, "ResourceNotFound", format!("Alarm {name} does not exist")));
    }
    state.alarms.retain(|name, _| !names.contains(&&**name));
    Ok(json!({}))
}

fn by_arn<'a>(state: &'a mut State, arn: &str) -> Result<&'a mut Alarm, AwsError> {
    state
        .alarms
        .values_mut()
        .find(|alarm| alarm.arn == arn)
        .ok_or_else(|| AwsError::new(404, "ResourceNotFoundException", format!("Unknown alarm: {arn}")))
}

/// ListTagsForResource.
pub fn tags(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let alarm = by_arn(state, input.text("ResourceARN"))?;
    let tags: Vec<Value> = alarm.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    Ok(json!({ "Tags": tags }))
}

/// TagResource.
pub fn tag(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let tags = tag_map(input.list("Tags"));
    by_arn(state, input.text("ResourceARN"))?.tags.extend(tags);
    Ok(json!({}))
}
