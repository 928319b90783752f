//! What a scaling policy is, in one form: what a guide wants, what the group has, and what undo puts back.

use aws_sdk_autoscaling::types::ScalingPolicy;
use landfall_core::event::Difference;
use serde::{Deserialize, Serialize};

/// What of a policy is compared and, at undo, put back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    pub kind: String,
    pub adjustment_type: String,
    pub steps: Vec<(Option<i64>, Option<i64>, i32)>,
    pub warmup_seconds: Option<i32>,
}

impl Definition {
    /// What the group has.
    pub fn of(policy: &ScalingPolicy) -> Self {
        // Thousandths: exact to compare, and finer than any metric here.
        let thousandths = |bound: Option<f64>| bound.map(|bound| (bound * 1000.0).round() as i64);
        let mut steps: Vec<_> = policy
            .step_adjustments()
            .iter()
            .map(|step| {
                let lower = thousandths(step.metric_interval_lower_bound());
                let upper = thousandths(step.metric_interval_upper_bound());
                (lower, upper, step.scaling_adjustment().unwrap_or_default())
            })
            .collect();
        steps.sort_unstable();
        Self {
            kind: policy.policy_type().unwrap_or_default().to_owned(),
            adjustment_type: policy.adjustment_type().unwrap_or_default().to_owned(),
            steps,
            warmup_seconds: policy.estimated_instance_warmup(),
        }
    }

    /// How what was found differs.
    pub fn differences(&self, found: &Self) -> Vec<Difference> {
        let steps = |definition: &Self| {
            let end = |bound: Option<i64>| bound.map_or_else(|| "∞".to_owned(), |bound| (bound / 1000).to_string());
            let step = |(lower, upper, adjustment): &(Option<i64>, Option<i64>, i32)| {
                format!("{} to {}: {adjustment:+}", end(*lower), end(*upper))
            };
            definition.steps.iter().map(step).collect::<Vec<_>>().join("; ")
        };
        let warmup = |definition: &Self| definition.warmup_seconds.map_or_else(|| "none".into(), |s| format!("{s} s"));
        let fields = [
            ("type", self.kind.clone(), found.kind.clone()),
            ("adjustment_type", self.adjustment_type.clone(), found.adjustment_type.clone()),
            ("steps", steps(self), steps(found)),
            ("warmup", warmup(self), warmup(found)),
        ];
        fields
            .into_iter()
            .filter(|(_, wanted, found)| wanted != found)
            .map(|(field, wanted, found)| Difference { field: field.into(), wanted, found, fixed: false })
            .collect()
    }
}
