//! SES: which addresses and domains may be sent from, and whether to everybody.

use serde_json::{Value, json};

use super::{
    ask::{Ask, page},
    error::AwsError,
    service::{Asked, Operation},
    setup::SesSetup,
    state::State,
};

/// The operations of this service.
pub const OPERATIONS: &[(&str, Operation)] =
    &[("GetAccount", account), ("GetEmailIdentity", identity), ("ListEmailIdentities", list)];

/// What is set up in this region; every region has a sandbox and identities of its own.
fn here(state: &State) -> SesSetup {
    let ses = &state.setup.ses;
    if ses.region.as_deref().unwrap_or(&state.setup.region) == state.region { ses.clone() } else { SesSetup::default() }
}

fn account(state: &mut State, _: &Value, _: &Asked) -> Result<Value, AwsError> {
    let ses = here(state);
    let most = if ses.production { 50_000.0 } else { 200.0 };
    Ok(json!({
        "DedicatedIpAutoWarmupEnabled": true, "EnforcementStatus": "HEALTHY", "ProductionAccessEnabled": ses.production,
        "SendingEnabled": !ses.paused,
        "SendQuota": { "Max24HourSend": most, "MaxSendRate": if ses.production { 14.0 } else { 1.0 }, "SentLast24Hours": 0.0 },
    }))
}

fn kind(name: &str) -> &'static str {
    if name.contains('@') { "EMAIL_ADDRESS" } else { "DOMAIN" }
}

fn identity(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let name = input.text("EmailIdentity");
    let ses = here(state);
    let Some(verified) = ses.identities.get(name) else {
        return Err(AwsError::new(404, "NotFoundException", format!("Email identity {name} does not exist.")));
    };
    let word = if *verified { "SUCCESS" } else { "PENDING" };
    Ok(json!({
        "IdentityType": kind(name), "FeedbackForwardingStatus": true, "VerifiedForSendingStatus": verified,
        "VerificationStatus": word,
        "DkimAttributes": { "SigningEnabled": kind(name) == "DOMAIN", "Status": if kind(name) == "DOMAIN" { word } else { "NOT_STARTED" } },
    }))
}

fn list(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let all: Vec<Value> = here(state)
        .identities
        .iter()
        .map(|(name, verified)| {
            json!({
                "IdentityType": kind(name), "IdentityName": name, "SendingEnabled": verified,
                "VerificationStatus": if *verified { "SUCCESS" } else { "PENDING" },
            })
        })
        .collect();
    let (page, next) = page(all, input.whole("PageSize"), input.maybe("NextToken"))?;
    Ok(json!({ "EmailIdentities": page, "NextToken": next }))
}
