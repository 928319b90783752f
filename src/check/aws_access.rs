//! `aws.access`: may a role or user do what the product needs, and may the product's pods take that role on?

use async_trait::async_trait;
use aws_sdk_iam::types::{EvaluationResult, PolicyEvaluationDecisionType};
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
    value::Late,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    cloud::{
        Trouble,
        look::{
            self, policy,
            role::role_name,
            shell::{aws, fix},
            simulated::simulated,
        },
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// What a role or user may do is simulated with its policies, and the trust policy is read for who may take a role on.
/// The product calls AWS with it; a right that lacks shows only once its pods run.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// ARN of the role or user.
    principal: Late<String>,
    /// What it must be allowed to do.
    #[serde(default)]
    needs: Vec<Need>,
    /// Service accounts that must be able to assume it, as `namespace/name`; each with the audience `sts.amazonaws.com`.
    #[serde(default)]
    service_accounts: Vec<String>,
}

/// Actions on resources.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// e.g. `s3:GetObject`.
    actions: Vec<String>,
    /// ARNs.
    #[serde(default = "anything")]
    resources: Vec<Late<String>>,
}

fn anything() -> Vec<Late<String>> {
    vec![Late::Known("*".into())]
}

#[async_trait]
impl Check for Access {
    const ABOUT: CheckAbout = CheckAbout {
        name: "aws.access",
        code: "AWS-10",
        about: "a role or user may do what is needed (simulated)",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] =
        &["IAM-ACCESS-LACKS", "IAM-PRINCIPAL-MISSING", "IAM-TRUST-ACCOUNTS", "IAM-TRUST-AUDIENCE"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let Some(principal) = self.principal.known() else {
            return Ok(Outcome::Skip { reason: "it is not made yet".into() });
        };
        if !self.service_accounts.is_empty() {
            let answer = cx.cloud.aws.iam().await?.get_role().role_name(role_name(principal)).send().await;
            let Some(role) = look::maybe(answer)?.and_then(|answer| answer.role) else {
                return Ok(Outcome::Fail { problem: missing(principal) });
            };
            let trust = role.assume_role_policy_document().and_then(policy::decoded).unwrap_or_default();
            if let Some(problem) = self.untrusting(&trust, principal) {
                return Ok(Outcome::Fail { problem });
            }
        }
        let mut refused = Vec::new();
        let mut count = 0;
        for need in &self.needs {
            let resources: Vec<String> = need.resources.iter().filter_map(Late::known).cloned().collect();
            count += need.actions.len();
            let results = match simulated(&cx.cloud, principal, &need.actions, &resources).await {
                Err(trouble) if trouble.is_not_found() => return Ok(Outcome::Fail { problem: missing(principal) }),
                other => other?,
            };
            refused.extend(
                results.into_iter().filter(|result| *result.eval_decision() != PolicyEvaluationDecisionType::Allowed),
            );
        }
        Ok(if refused.is_empty() {
            let pods = match self.service_accounts.len() {
                0 => String::new(),
                many => format!("; {many} service accounts may assume it"),
            };
            Outcome::pass(format!("{count} actions allowed (simulated){pods}"))
        } else {
            Outcome::Fail { problem: lacks(principal, &refused) }
        })
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let principal = self.principal.known().cloned().unwrap_or_else(|| cx.target.arn("iam", "role/*"));
        let wanted = Permissions::default().iam(&principal, ["iam:SimulatePrincipalPolicy"]);
        if self.service_accounts.is_empty() { wanted } else { wanted.iam(&principal, ["iam:GetRole"]) }
    }
}

impl Access {
    fn untrusting(&self, trust: &Value, principal: &str) -> Option<Problem> {
        let look = aws("iam get-role")
            .with("--role-name", role_name(principal))
            .with("--query", "Role.AssumeRolePolicyDocument");
        let shut: Vec<String> =
            self.service_accounts.iter().filter(|account| !assumable(trust, account, ":sub")).cloned().collect();
        if !shut.is_empty() {
            let problem = Problem::new(
                "IAM-TRUST-ACCOUNTS",
                format!("{} does not trust {}", role_name(principal), shut.join(" and ")),
                fix(
                    "Add system:serviceaccount:NAMESPACE:NAME of each to the :sub condition of its trust policy.",
                    [look],
                ),
            );
            return Some(problem.why("Pods of a service account that is not named there get AccessDenied from STS."));
        }
        let wide = self.service_accounts.iter().any(|account| !assumable(trust, account, ":aud"));
        wide.then(|| {
            Problem::new(
                "IAM-TRUST-AUDIENCE",
                format!("{} trusts tokens made for anybody", role_name(principal)),
                fix("Add the condition ISSUER:aud = sts.amazonaws.com to its trust policy.", [look]),
            )
            .why("Without :aud a token that the cluster made for another service would do.")
        })
    }
}

/// Whether a statement lets a service account in; asked of `:sub`, or of `:aud` beside it.
fn assumable(trust: &Value, account: &str, condition: &str) -> bool {
    let subject = format!("system:serviceaccount:{}", account.replacen('/', ":", 1));
    let statements: Vec<&Value> = match &trust["Statement"] {
        Value::Array(many) => many.iter().collect(),
        one => vec![one],
    };
    statements.into_iter().any(|statement| {
        let operators = statement["Condition"].as_object().into_iter().flatten();
        let conditions = operators.flat_map(|(operator, keys)| {
            keys.as_object().into_iter().flatten().map(move |(key, value)| (operator, key, value))
        });
        let has = |end: &str, wanted: &str| {
            conditions.clone().any(|(operator, key, value)| {
                let fits = |text: &str| text == wanted || (operator.starts_with("StringLike") && like(text, wanted));
                key.ends_with(end)
                    && match value {
                        Value::String(one) => fits(one),
                        Value::Array(many) => many.iter().filter_map(Value::as_str).any(fits),
                        _ => false,
                    }
            })
        };
        statement["Effect"] == "Allow"
            && has(":sub", &subject)
            && (condition != ":aud" || has(":aud", "sts.amazonaws.com"))
    })
}

/// IAM's `*` and `?`.
fn like(pattern: &str, text: &str) -> bool {
    let mut regex = String::from("^");
    for letter in pattern.chars() {
        match letter {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            other => regex.push_str(&regex::escape(&other.to_string())),
        }
    }
    regex.push('$');
    regex::Regex::new(&regex).is_ok_and(|regex| regex.is_match(text))
}

fn missing(principal: &str) -> Problem {
    let name = principal.rsplit('/').next().unwrap_or(principal);
    Problem::new(
        "IAM-PRINCIPAL-MISSING",
        format!("there is no {name}"),
        "Choose another role or user in Inputs, or have it made.",
    )
    .why(format!("IAM knows no {principal}."))
}

fn lacks(principal: &str, refused: &[EvaluationResult]) -> Problem {
    let mut names: Vec<&str> = refused.iter().map(EvaluationResult::eval_action_name).collect();
    names.dedup();
    let shown = names.iter().take(4).copied().collect::<Vec<_>>().join(", ");
    let more = if names.len() > 4 { format!(" and {} more", names.len() - 4) } else { String::new() };
    let name = principal.rsplit('/').next().unwrap_or(principal);
    let lines: Vec<String> = refused
        .iter()
        .map(|result| format!("{} on {}", result.eval_action_name(), result.eval_resource_name().unwrap_or("*")))
        .collect();
    let policies = aws("iam list-role-policies").with("--role-name", name);
    Problem::new(
        "IAM-ACCESS-LACKS",
        format!("{name} may not {shown}{more}"),
        fix("Have them added to one of its policies.", [policies]),
    )
    .why(format!("Simulated: {}.", lines.join("; ")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn trust(condition: Value) -> Value {
        json!({ "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition }] })
    }

    fn code(trust: &Value) -> String {
        let check = Access {
            principal: Late::Known("arn:aws:iam::123456789012:role/app".into()),
            needs: Vec::new(),
            service_accounts: vec!["ml/app".into(), "ml/app-hook".into()],
        };
        check
            .untrusting(trust, "arn:aws:iam::123456789012:role/app")
            .map_or_else(|| "pass".into(), |problem| problem.code)
    }

    #[test]
    fn both_service_accounts_and_the_audience_must_be_named() {
        let subjects = json!(["system:serviceaccount:ml:app", "system:serviceaccount:ml:app-hook"]);
        let whole = json!({ "StringEquals": { "i:sub": subjects, "i:aud": "sts.amazonaws.com" } });
        assert_eq!(code(&trust(whole)), "pass");
        assert_eq!(code(&trust(json!({ "StringEquals": { "i:sub": subjects } }))), "IAM-TRUST-AUDIENCE");
        let one = json!({ "StringEquals": { "i:sub": "system:serviceaccount:ml:app", "i:aud": "sts.amazonaws.com" } });
        assert_eq!(code(&trust(one)), "IAM-TRUST-ACCOUNTS");
        let like = json!({ "StringLike": { "i:sub": "system:serviceaccount:ml:app*" }, "StringEquals": { "i:aud": "sts.amazonaws.com" } });
        assert_eq!(code(&trust(like)), "pass");
    }
}
