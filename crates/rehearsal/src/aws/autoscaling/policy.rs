//! Scaling policies.

use serde_json::{Map, Value, json};

use super::group;
use crate::aws::{
    ask::{Ask, page, uuid},
    error::AwsError,
    service::Asked,
    state::State,
};

/// A scaling policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its group.
    pub group: String,
    /// Name, one of a kind in the group.
    pub name: String,
    /// ARN.
    pub arn: String,
    /// What was asked for.
    pub input: Map<String, Value>,
}

/// ARN of the policy of this name in this group.
pub fn arn(state: &State, group: &str, name: &str) -> String {
    let id = uuid(&format!("policy/{group}/{name}"));
    state.arn("autoscaling", &format!("scalingPolicy:{id}:autoScalingGroupName/{group}:policyName/{name}"))
}

/// PutScalingPolicy: makes one, or replaces the one of that name.
pub fn put(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let group = group::find(state, input.text("AutoScalingGroupName"))?.name.clone();
    let name = input.text("PolicyName").to_owned();
    let kind = input.maybe("PolicyType").unwrap_or("SimpleScaling");
    valid(kind, input)?;
    let mut kept = input.as_object().cloned().unwrap_or_default();
    kept.insert("PolicyType".to_owned(), kind.into());
    if kind == "StepScaling" && !kept.contains_key("MetricAggregationType") {
        kept.insert("MetricAggregationType".to_owned(), "Average".into());
    }
    let arn = arn(state, &group, &name);
    state.policies.insert((group.clone(), name.clone()), Policy { group, name, arn: arn.clone(), input: kept });
    Ok(json!({ "PolicyARN": arn, "Alarms": [] }))
}

fn valid(kind: &str, input: &Value) -> Result<(), AwsError> {
    let refuse = |message: &str| Err(AwsError::bad("ValidationError", message));
    let steps = input.list("StepAdjustments");
    let cannot = |name: &str| refuse(&format!("{name} is not supported for policy type {kind}"));
    match kind {
        "StepScaling" => {
            if steps.is_empty() {
                return refuse("Step scaling policies require at least one step adjustment");
            }
            if input.maybe("AdjustmentType").is_none() {
                return refuse("AdjustmentType must be specified for policy type StepScaling");
            }
            if input.part("ScalingAdjustment").is_some() {
                return cannot("ScalingAdjustment");
            }
            if input.part("Cooldown").is_some() {
                return cannot("Cooldown");
            }
            let open = |name: &str| steps.iter().filter(|step| step.part(name).is_none()).count();
            if open("MetricIntervalLowerBound") > 1 || open("MetricIntervalUpperBound") > 1 {
                return refuse(
                    "At most one StepAdjustment may have an unspecified lower bound, and one an unspecified upper bound",
                );
            }
            for step in steps {
                let bound = |name: &str| step.get(name).and_then(Value::as_f64);
                if let (Some(lower), Some(upper)) =
                    (bound("MetricIntervalLowerBound"), bound("MetricIntervalUpperBound"))
                    && lower >= upper
                {
                    return refuse("MetricIntervalLowerBound must be less than MetricIntervalUpperBound");
                }
            }
            Ok(())
        }
        "SimpleScaling" => {
            if !steps.is_empty() {
                return cannot("StepAdjustments");
            }
            if input.part("EstimatedInstanceWarmup").is_some() {
                return cannot("EstimatedInstanceWarmup");
            }
            if input.part("ScalingAdjustment").is_none() || input.maybe("AdjustmentType").is_none() {
                return refuse("ScalingAdjustment and AdjustmentType must be specified for policy type SimpleScaling");
            }
            Ok(())
        }
        "TargetTrackingScaling" => match input.part("TargetTrackingConfiguration") {
            Some(_) => Ok(()),
            None => refuse("TargetTrackingConfiguration must be specified for policy type TargetTrackingScaling"),
        },
        "PredictiveScaling" => Err(AwsError::not_simulated("autoscaling PutScalingPolicy of type PredictiveScaling")),
        _ => refuse(&format!("Invalid policy type {kind:?}")),
    }
}

/// DescribePolicies, each with the alarms that act through it.
pub fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    if let Some(group) = input.maybe("AutoScalingGroupName") {
        group::find(state, group)?;
    }
    let (names, kinds) = (input.texts("PolicyNames"), input.texts("PolicyTypes"));
    let mut found = Vec::new();
    for policy in state.policies.values() {
        let kind = policy.input.get("PolicyType").and_then(Value::as_str).unwrap_or_default();
        let fits = input.maybe("AutoScalingGroupName").is_none_or(|group| group == policy.group)
            && (names.is_empty() || names.contains(&&*policy.name) || names.contains(&&*policy.arn))
            && (kinds.is_empty() || kinds.contains(&kind));
        if !fits {
            continue;
        }
        let alarms: Vec<Value> = state
            .alarms
            .values()
            .filter(|alarm| alarm.input.texts("AlarmActions").contains(&&*policy.arn))
            .map(|alarm| json!({ "AlarmName": alarm.name, "AlarmARN": alarm.arn }))
            .collect();
        let mut answer = policy.input.clone();
        answer.insert("PolicyARN".to_owned(), policy.arn.as_str().into());
        answer.insert("Alarms".to_owned(), alarms.into());
        answer.entry("Enabled").or_insert(true.into());
        found.push(Value::Object(answer));
    }
    let (page, next) = page(found, input.whole("MaxRecords"), input.maybe("NextToken"))?;
    Ok(json!({ "ScalingPolicies": page, "NextToken": next }))
}

/// DeletePolicy.
pub fn delete(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let wanted = input.text("PolicyName");
    let group = input.maybe("AutoScalingGroupName");
    let key = state
        .policies
        .values()
        .find(|policy| policy.arn == wanted || (policy.name == wanted && group == Some(&policy.group)))
        .map(|policy| (policy.group.clone(), policy.name.clone()));
    match key {
        Some(key) => {
            state.policies.remove(&key);
            Ok(json!({}))
        }
        None => Err(AwsError::bad("ValidationError", format!("PolicyName: {wanted} not found"))),
    }
}
