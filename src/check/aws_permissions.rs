//! `aws.permissions`: may we do what the plan does? Advisory: a simulation misses session and endpoint policies.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_iam::types::{EvaluationResult, PolicyEvaluationDecisionType};
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions as Wanted, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        look::{
            role::{Caller, caller},
            simulated::simulated,
        },
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// Every IAM action of the plan is simulated for whoever is signed in. It is advice: a simulation does not see session,
/// endpoint and organization policies. A right that lacks stops the install in its middle.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Permissions {}

#[async_trait]
impl Check for Permissions {
    const ABOUT: CheckAbout = CheckAbout {
        name: "aws.permissions",
        code: "AWS-02",
        about: "AWS allows what the plan does",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &["IAM-DENIED"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let needed = &cx.needs.permissions.iam;
        if needed.is_empty() {
            return Ok(Outcome::skip("the plan asks nothing of AWS"));
        }
        let caller_arn = cx.cloud.aws.sts().await?.get_caller_identity().send().await?.arn.unwrap_or_default();
        let principal = match caller(&caller_arn) {
            Caller::Root => return Ok(Outcome::pass("the root user may do everything")),
            Caller::User(arn) => arn,
            // A session's ARN has lost the role's path, and the simulation takes the role itself.
            Caller::Session { role, .. } => {
                let answer = cx.cloud.aws.iam().await?.get_role().role_name(role).send().await?;
                answer.role.map(|role| role.arn).unwrap_or_default()
            }
            Caller::Other(arn) => {
                return Ok(Outcome::Unknown {
                    denied: format!("{arn} cannot be simulated"),
                    ask: "your AWS administrators".into(),
                });
            }
        };
        let mut results = Vec::new();
        for (resources, actions) in by_resources(needed) {
            results.extend(simulated(&cx.cloud, &principal, &actions, &resources).await?);
        }
        Ok(judge(&results, &principal, needed.len()))
    }

    fn permissions(&self, _cx: &PlanView<'_>) -> Wanted {
        Wanted::default().iam("*", ["sts:GetCallerIdentity", "iam:GetRole", "iam:SimulatePrincipalPolicy"])
    }
}

/// Actions that ask for the same resources go into one call.
fn by_resources(needed: &BTreeMap<String, Vec<String>>) -> BTreeMap<Vec<String>, Vec<String>> {
    let mut groups: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    for (action, resources) in needed {
        groups.entry(resources.clone()).or_default().push(action.clone());
    }
    groups
}

fn judge(results: &[EvaluationResult], principal: &str, count: usize) -> Outcome {
    let refused: Vec<&EvaluationResult> =
        results.iter().filter(|result| *result.eval_decision() != PolicyEvaluationDecisionType::Allowed).collect();
    if refused.is_empty() {
        return Outcome::pass(format!("{count} actions allowed (simulated)"));
    }
    // A condition the simulation knows nothing of (a tag, an address) may well hold in the real call.
    let sure: Vec<&&EvaluationResult> =
        refused.iter().filter(|result| result.missing_context_values().is_empty()).collect();
    let mut names: Vec<&str> = refused.iter().map(|result| result.eval_action_name()).collect();
    names.dedup();
    let shown = names.iter().take(4).copied().collect::<Vec<_>>().join(", ");
    let more = if names.len() > 4 { format!(" and {} more", names.len() - 4) } else { String::new() };
    let lines: Vec<String> = refused.iter().map(|result| line(result)).collect();
    let problem = Problem::new(
        "IAM-DENIED",
        format!("{shown}{more} would be denied"),
        "Ask your AWS administrators to allow them; the whole list:\n$ landfall plan --permissions",
    )
    .why(format!(
        "Simulated for {principal}; session and VPC-endpoint policies are not part of it. {}",
        lines.join("; ")
    ));
    if sure.is_empty() { Outcome::Warn { problem } } else { Outcome::Fail { problem } }
}

fn line(result: &EvaluationResult) -> String {
    let how = match result.eval_decision() {
        PolicyEvaluationDecisionType::ExplicitDeny => "denied explicitly",
        _ if result.organizations_decision_detail().is_some_and(|detail| !detail.allowed_by_organizations()) => {
            "denied by the organization"
        }
        _ if result
            .permissions_boundary_decision_detail()
            .is_some_and(|detail| !detail.allowed_by_permissions_boundary()) =>
        {
            "outside the permissions boundary"
        }
        _ => "not allowed",
    };
    format!("{} on {}: {how}", result.eval_action_name(), result.eval_resource_name().unwrap_or("*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(action: &str, decision: PolicyEvaluationDecisionType, context: Option<&str>) -> EvaluationResult {
        EvaluationResult::builder()
            .eval_action_name(action)
            .eval_decision(decision)
            .eval_resource_name("*")
            .set_missing_context_values(context.map(|name| vec![name.to_owned()]))
            .build()
            .unwrap()
    }

    #[test]
    fn a_plain_denial_fails_and_a_conditional_one_is_warned_of() {
        use PolicyEvaluationDecisionType::{Allowed, ImplicitDeny};
        assert!(matches!(judge(&[result("a:B", Allowed, None)], "r", 1), Outcome::Pass { .. }));
        let denied = judge(&[result("eks:CreateNodegroup", ImplicitDeny, None)], "r", 1);
        assert!(matches!(denied, Outcome::Fail { .. }));
        assert_eq!(denied.line(), "eks:CreateNodegroup would be denied");
        let conditional = judge(&[result("a:B", ImplicitDeny, Some("aws:RequestTag/x"))], "r", 1);
        assert!(matches!(conditional, Outcome::Warn { .. }));
    }

    #[test]
    fn actions_on_the_same_resources_are_asked_together() {
        let needed = BTreeMap::from([
            ("a:B".to_owned(), vec!["*".to_owned()]),
            ("a:C".to_owned(), vec!["*".to_owned()]),
            ("iam:PassRole".to_owned(), vec!["arn:x".to_owned()]),
        ]);
        assert_eq!(by_resources(&needed).len(), 2);
    }
}
