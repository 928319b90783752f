//! An alarm's definition, differences and command.

use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, Statistic};
use landfall_core::{guide::Folder, plan::InstallId, value::Scope};
use serde_json::{Value, json};

use super::*;
use crate::kind::Target;

fn alarm(change: Value) -> Alarm {
    let mut parameters = json!({ "name": "gpu-busy", "description": "GPU above 40 %", "actions": ["arn:policy"] });
    for (key, value) in change.as_object().unwrap() {
        parameters[key] = value.clone();
    }
    serde_json::from_value(parameters).unwrap()
}

fn busy() -> Alarm {
    alarm(json!({
        "metric": {
            "namespace": "CWAgent", "name": "nvidia_smi_utilization_gpu", "period": 120,
            "dimensions": { "EKSClusterName": "pay-1" },
        },
        "threshold": 40, "comparison": "GreaterThanThreshold",
    }))
}

fn known(alarm: &Alarm) -> Definition {
    alarm.definition(|late| late.known().cloned()).unwrap().unwrap()
}

#[test]
fn an_alarm_as_planned_has_no_differences_and_a_changed_one_names_them() {
    let stored = |threshold| {
        MetricAlarm::builder()
            .alarm_description("GPU above 40 %")
            .alarm_actions("arn:policy")
            .namespace("CWAgent")
            .metric_name("nvidia_smi_utilization_gpu")
            .dimensions(Dimension::builder().name("EKSClusterName").value("pay-1").build())
            .statistic(Statistic::Average)
            .period(120)
            .threshold(threshold)
            .comparison_operator(ComparisonOperator::GreaterThanThreshold)
            .evaluation_periods(3)
            .build()
    };
    assert!(known(&busy()).differences(&Definition::of(&stored(40.0))).is_empty());
    let found = known(&busy()).differences(&Definition::of(&stored(90.0)));
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].field.as_str(), found[0].wanted.as_str(), found[0].found.as_str()), ("threshold", "40", "90"));
}

#[test]
fn all_below_is_one_alarm_that_is_true_only_when_all_are_low() {
    let metric = |name: &str| json!({ "namespace": "N", "name": name, "dimensions": {}, "period": 300 });
    let idle = alarm(json!({
        "all_below": [{ "metric": metric("gpu"), "below": 10 }, { "metric": metric("cpu"), "below": 5 }],
    }));
    let definition = known(&idle);
    assert_eq!(definition.queries[2].expression.as_deref(), Some("IF(m1 < 10 AND m2 < 5, 1, 0)"));
    assert_eq!(definition.queries.iter().filter(|query| query.return_data).count(), 1);
    assert_eq!((definition.threshold, definition.comparison.as_str()), (Some(1.0), "GreaterThanOrEqualToThreshold"));
}

#[test]
fn comparisons_are_said_in_plain_words_or_cloudwatchs_and_others_are_refused() {
    let with =
        |word: &str| json!({ "expressions": [{ "id": "a", "expression": "x" }], "threshold": 1, "comparison": word });
    assert_eq!(known(&alarm(with("less"))).comparison, "LessThanThreshold");
    assert_eq!(known(&alarm(with("GreaterThanThreshold"))).comparison, "GreaterThanThreshold");
    let refused = serde_json::from_value::<Alarm>(
        json!({ "name": "a", "description": "", "actions": [], "comparison": "above" }),
    );
    assert!(refused.is_err());
    assert_eq!(known(&alarm(json!({ "treat_missing_data": "not_breaching", "expressions": [{ "id": "a", "expression": "x" }], "threshold": 1, "comparison": "less" }))).treat_missing_data, "notBreaching");
}

#[test]
fn what_is_watched_is_said_once() {
    let refused = |change| alarm(change).definition(|late| late.known().cloned()).unwrap_err().problem().what;
    assert!(refused(json!({})).contains("exactly one of"));
    let two = json!({ "threshold": 1, "comparison": "GreaterThanThreshold", "expressions": [
        { "id": "a", "expression": "x" }, { "id": "b", "expression": "y" },
    ]});
    assert!(refused(two).contains("2 expressions return data"));
    let bare = json!({ "expressions": [{ "id": "a", "expression": "x" }] });
    assert!(refused(bare).contains("threshold and comparison"));
}

#[test]
fn a_query_with_quotes_reaches_aws_whole() {
    let query = r#"SELECT AVG(CPUUtilization) FROM SCHEMA("AWS/EC2", AutoScalingGroupName) WHERE AutoScalingGroupName = 'eks-gpu-1'"#;
    let alarm = alarm(json!({
        "expressions": [{ "id": "cpu", "expression": query, "period": 300 }],
        "threshold": 60, "comparison": "GreaterThanThreshold",
    }));
    let target = Target { region: "us-east-2".into(), ..Target::default() };
    let (install, files, scope) = (InstallId::of("i"), Folder::default(), Scope::new());
    let command =
        alarm.commands(&PlanView { target: &target, install: &install, files: &files, scope: &scope }).remove(0);
    let script = format!("aws() {{ printf '%s\\n' \"$@\"; }}\n{command}");
    let ran = std::process::Command::new("bash").arg("-ec").arg(script).output().unwrap();
    let output = String::from_utf8(ran.stdout).unwrap();
    let metrics: Value =
        output.lines().find(|line| line.starts_with('[')).map(|line| serde_json::from_str(line).unwrap()).unwrap();
    assert_eq!(metrics[0]["Expression"], query);
    assert_eq!(metrics[0]["Period"], 300);
}
