//! SimulatePrincipalPolicy.

use serde_json::{Value, json};

use super::{
    evaluate::{Decision, means, of_policies},
    missing,
};
use crate::aws::{
    ask::{Ask, page},
    error::AwsError,
    service::Asked,
    state::State,
};

/// SimulatePrincipalPolicy. It takes a user, group or role; a session of a role is none.
pub fn simulate(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let source = input.text("PolicySourceArn");
    if source.contains(":assumed-role/") || !source.starts_with("arn:aws:iam::") {
        let message = format!("Invalid Entity Arn: {source} does not clearly define entity type and name.");
        return Err(AwsError::bad("InvalidInput", message));
    }
    let role = super::role_of_arn(state, source).map(|role| (&role.attached, &role.inline));
    let user = state.iam.users.values().find(|user| user.arn == source).map(|user| (&user.attached, &user.inline));
    let policies = role.or(user);
    if policies.is_none() && source != state.iam_arn("root") {
        return Err(missing(format!("The entity {source} cannot be found.")));
    }
    let name = source.rsplit('/').next().unwrap_or_default();
    let callers_own = asked.caller.split('/').nth(1) == Some(name);
    let mut resources = input.texts("ResourceArns");
    if resources.is_empty() {
        resources.push("*");
    }
    let mut results = Vec::new();
    for action in input.texts("ActionNames") {
        if !action.contains(':') {
            return Err(AwsError::bad("InvalidInput", format!("Invalid Action: {action}")));
        }
        for resource in &resources {
            let denied = callers_own && state.setup.denied.iter().any(|pattern| means(pattern, action));
            let decision = match policies {
                _ if denied => Decision::ImplicitDeny,
                Some((attached, inline)) => of_policies(attached, inline, action, resource),
                None => Decision::Allowed,
            };
            let decision = match decision {
                Decision::Allowed => "allowed",
                Decision::ExplicitDeny => "explicitDeny",
                Decision::ImplicitDeny => "implicitDeny",
            };
            results.push(json!({
                "EvalActionName": action, "EvalResourceName": resource, "EvalDecision": decision,
                "MatchedStatements": [], "MissingContextValues": [],
            }));
        }
    }
    let (page, next) = page(results, input.whole("MaxItems"), input.maybe("Marker"))?;
    Ok(json!({ "EvaluationResults": page, "IsTruncated": next.is_some(), "Marker": next }))
}
