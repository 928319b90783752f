//! `kms.key`: can a customer key be used, and by whom?

use async_trait::async_trait;
use aws_sdk_kms::types::{KeyMetadata, KeySpec, KeyState};
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
            self,
            shell::{aws, fix},
        },
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// The key's state, kind and policy. Nothing that is encrypted with it can be made or read while it is disabled or
/// about to be deleted.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Its ARN, id or alias.
    key: Late<String>,
    /// ARN of a role or user that is to use it: the key's policy must name it, or leave the decision to IAM, or a grant be there.
    /// Of a service-linked role IAM has no say, so that it must be named or have a grant.
    #[serde(default)]
    used_by: Option<Late<String>>,
}

#[async_trait]
impl Check for Key {
    const ABOUT: CheckAbout = CheckAbout {
        name: "kms.key",
        code: "KMS-02",
        about: "a customer key that can be used",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] =
        &["KMS-KEY-CLOSED", "KMS-KEY-DISABLED", "KMS-KEY-GOING", "KMS-KEY-MISSING", "KMS-KEY-SPEC"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let Some(id) = self.key.known() else { return Ok(Outcome::Skip { reason: "the key is not made yet".into() }) };
        let kms = cx.cloud.aws.kms().await?;
        let region = &cx.target.region;
        let found = look::maybe(kms.describe_key().key_id(id).send().await)?.and_then(|answer| answer.key_metadata);
        let Some(key) = found else {
            let list = aws("kms list-aliases").region(region);
            let problem = Problem::new(
                "KMS-KEY-MISSING",
                format!("there is no key {id} in {region}"),
                fix("Choose one that is there; keys belong to one region.", [list]),
            );
            return Ok(Outcome::Fail { problem });
        };
        if let Some(problem) = unusable(&key, region) {
            return Ok(Outcome::Fail { problem });
        }
        let answer = kms.get_key_policy().key_id(key.key_id()).send().await?;
        let policy: Value = answer.policy().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let user = self.used_by.as_ref().and_then(Late::known);
        if let Some(user) = user.filter(|user| !lets_in(&policy, user, &cx.target.account)) {
            let listed =
                kms.list_grants().key_id(key.arn().unwrap_or(key.key_id())).grantee_principal(user).send().await;
            let problem = shut_out(&key, user, region);
            match listed.map_err(Trouble::from) {
                Ok(answer) if answer.grants().is_empty() => return Ok(Outcome::Fail { problem }),
                Ok(_) => {}
                // The policy was seen, and it lets nobody in; that a grant might is only a hope.
                Err(Trouble::Denied { .. }) => {
                    let why = format!("{} Whether a grant lets it in could not be looked at.", problem.why);
                    return Ok(Outcome::Fail { problem: problem.why(why) });
                }
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(Outcome::pass(format!("{} is Enabled", key.key_id())))
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let keys = cx.target.arn("kms", "key/*");
        let look = Permissions::default().iam(&keys, ["kms:DescribeKey", "kms:GetKeyPolicy"]);
        if self.used_by.is_some() { look.iam(&keys, ["kms:ListGrants"]) } else { look }
    }
}

fn unusable(key: &KeyMetadata, region: &str) -> Option<Problem> {
    let id = key.key_id();
    if key.key_spec() != Some(&KeySpec::SymmetricDefault) {
        let spec = key.key_spec().map_or("unknown", KeySpec::as_str);
        let what = format!("the key {id} is {spec}, not symmetric");
        let problem = Problem::new("KMS-KEY-SPEC", what, "Choose a symmetric key (SYMMETRIC_DEFAULT).");
        return Some(problem.why("EBS, S3 and envelope encryption take symmetric keys only."));
    }
    match key.key_state() {
        Some(KeyState::Enabled) => None,
        Some(KeyState::PendingDeletion) => {
            let cancel = aws("kms cancel-key-deletion").with("--key-id", id).region(region);
            let problem = Problem::new(
                "KMS-KEY-GOING",
                format!("the key {id} will be deleted"),
                fix("Choose another key, or have this one back while it can be had.", [cancel]),
            );
            Some(problem.why("What it encrypted can then never be read again."))
        }
        state => {
            let state = state.map_or("unknown", KeyState::as_str);
            let enable = aws("kms enable-key").with("--key-id", id).region(region);
            let what = format!("the key {id} is {state}");
            Some(Problem::new("KMS-KEY-DISABLED", what, fix("Have it enabled, or choose another.", [enable])))
        }
    }
}

/// Whether a role belongs to an AWS service, which alone decides what it may.
fn service_linked(principal: &str) -> bool {
    principal.contains(":role/aws-service-role/")
}

/// Whether the policy names the principal, or leaves the decision to the account's IAM policies by naming its root.
fn lets_in(policy: &Value, principal: &str, account: &str) -> bool {
    let statements: Vec<&Value> = match &policy["Statement"] {
        Value::Array(many) => many.iter().collect(),
        one => vec![one],
    };
    statements.into_iter().filter(|statement| statement["Effect"] == "Allow").any(|statement| {
        let named = &statement["Principal"]["AWS"];
        let root = |name: &str| name == account || name.ends_with(&format!("::{account}:root"));
        // Nobody can give a service-linked role a policy: EC2 Auto Scaling User Guide, "Required AWS KMS key policy".
        let names = |name: &str| name == "*" || name == principal || (root(name) && !service_linked(principal));
        match named {
            Value::String(one) => names(one),
            Value::Array(many) => many.iter().filter_map(Value::as_str).any(names),
            _ => statement["Principal"] == "*",
        }
    })
}

/// What a service does with the key of volumes it attaches: EC2 Auto Scaling User Guide, "Required AWS KMS key policy".
const OPERATIONS: [&str; 8] = [
    "Encrypt",
    "Decrypt",
    "ReEncryptFrom",
    "ReEncryptTo",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "DescribeKey",
    "CreateGrant",
];

fn shut_out(key: &KeyMetadata, user: &str, region: &str) -> Problem {
    let look = aws("kms get-key-policy").with("--key-id", key.key_id()).with("--output", "text").region(region);
    let what = format!("the policy of key {} lets {user} in by no statement", key.key_id());
    if service_linked(user) {
        let grant = aws("kms create-grant")
            .with("--key-id", key.key_id())
            .with("--grantee-principal", user)
            .list("--operations", OPERATIONS)
            .region(region);
        let words = "Have its administrators name the role in the policy, or make a grant for it.";
        return Problem::new("KMS-KEY-CLOSED", what, fix(words, [look, grant])).why(
            "The role belongs to an AWS service and takes no IAM policies, so that naming the account is not enough.",
        );
    }
    Problem::new(
        "KMS-KEY-CLOSED",
        what,
        fix(
            "Have its administrators name it in the policy, or the account's root, which leaves the decision to IAM.",
            [look],
        ),
    )
    .why("A key's own policy decides first: no IAM policy helps where it names neither.")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_policy_lets_in_whom_it_names_and_through_root_whomever_iam_allows() {
        let policy = |principal: Value| json!({ "Statement": [{ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "kms:*" }] });
        let role = "arn:aws:iam::123456789012:role/csi";
        assert!(lets_in(&policy(json!("arn:aws:iam::123456789012:root")), role, "123456789012"));
        assert!(lets_in(&policy(json!([role])), role, "123456789012"));
        assert!(!lets_in(&policy(json!("arn:aws:iam::123456789012:role/other")), role, "123456789012"));
        assert!(!lets_in(&policy(json!("arn:aws:iam::999999999999:root")), role, "123456789012"));
    }

    #[test]
    fn a_service_linked_role_must_be_named_itself() {
        let policy = |principal: &str| json!({ "Statement": { "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "kms:*" } });
        let role =
            "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling";
        assert!(lets_in(&policy(role), role, "123456789012"));
        assert!(!lets_in(&policy("arn:aws:iam::123456789012:root"), role, "123456789012"));
    }

    #[test]
    fn only_an_enabled_symmetric_key_is_usable() {
        let key = |state: KeyState, spec: KeySpec| {
            KeyMetadata::builder().key_id("k").key_state(state).key_spec(spec).build().unwrap()
        };
        let code = |key: &KeyMetadata| unusable(key, "us-east-2").map_or_else(|| "pass".into(), |problem| problem.code);
        assert_eq!(code(&key(KeyState::Enabled, KeySpec::SymmetricDefault)), "pass");
        assert_eq!(code(&key(KeyState::Disabled, KeySpec::SymmetricDefault)), "KMS-KEY-DISABLED");
        assert_eq!(code(&key(KeyState::PendingDeletion, KeySpec::SymmetricDefault)), "KMS-KEY-GOING");
        assert_eq!(code(&key(KeyState::Enabled, KeySpec::Rsa2048)), "KMS-KEY-SPEC");
    }
}
