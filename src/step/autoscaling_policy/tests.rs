//! A policy's differences and its command.

use aws_sdk_autoscaling::types::StepAdjustment;
use landfall_core::{guide::Folder, plan::InstallId, value::Scope};

use super::*;
use crate::kind::Target;

fn policy(adjustment: i32, bound: Bound) -> Policy {
    Policy {
        cluster: None,
        node_group: "gpu".into(),
        name: "out".into(),
        adjustment,
        bound,
        warmup_seconds: Some(300),
        after: None,
    }
}

fn stored(adjustment: i32) -> ScalingPolicy {
    ScalingPolicy::builder()
        .policy_type("StepScaling")
        .adjustment_type("ChangeInCapacity")
        .step_adjustments(
            StepAdjustment::builder().metric_interval_lower_bound(0.0).scaling_adjustment(adjustment).build(),
        )
        .estimated_instance_warmup(300)
        .build()
}

#[test]
fn a_policy_as_planned_has_no_differences() {
    assert!(policy(1, Bound::Lower).definition().differences(&Definition::of(&stored(1))).is_empty());
}

#[test]
fn another_step_is_a_difference() {
    let found = policy(-1, Bound::Upper).definition().differences(&Definition::of(&stored(1)));
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].wanted.as_str(), found[0].found.as_str()), ("∞ to 0: -1", "0 to ∞: +1"));
}

#[test]
fn bash_finds_the_scaling_group_by_itself() {
    let target = Target { region: "us-east-2".into(), cluster: "pay-1".into(), ..Target::default() };
    let (install, files, scope) = (InstallId::of("i"), Folder::default(), Scope::new());
    let view = PlanView { target: &target, install: &install, files: &files, scope: &scope };
    let command = policy(1, Bound::Lower).commands(&view).remove(0);
    let script =
        format!("aws() {{ if [ \"$1\" = eks ]; then echo eks-gpu-1; else printf '%s\\n' \"$@\"; fi; }}\n{command}");
    let ran = std::process::Command::new("bash").arg("-ec").arg(script).output().unwrap();
    let output = String::from_utf8(ran.stdout).unwrap();
    assert!(output.contains("--auto-scaling-group-name\neks-gpu-1\n"), "{output}");
    assert!(output.contains("[{\"MetricIntervalLowerBound\":0,\"ScalingAdjustment\":1}]\n"), "{output}");
}
