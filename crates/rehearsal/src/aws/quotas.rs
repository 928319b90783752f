//! Service Quotas: how many vCPUs of each family may run at once, how many VPCs there may be.

use serde_json::{Value, json};

use super::{
    ask::{Ask, hex, page},
    error::AwsError,
    service::{Asked, Operation},
    state::State,
};

/// The operations of this service.
pub const OPERATIONS: &[(&str, Operation)] = &[
    ("GetServiceQuota", get),
    ("ListServiceQuotas", list),
    ("GetAWSDefaultServiceQuota", default),
    ("RequestServiceQuotaIncrease", request),
    ("ListRequestedServiceQuotaChangeHistoryByQuota", history),
];

/// How many VPCs a region may have.
pub const VPCS: &str = "L-F678F1CE";

/// A quota and what a new account has of it.
struct Quota {
    service: &'static str,
    code: &'static str,
    name: &'static str,
    usual: f64,
}

const fn ec2(code: &'static str, name: &'static str, usual: f64) -> Quota {
    Quota { service: "ec2", code, name, usual }
}

const QUOTAS: &[Quota] = &[
    ec2("L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 640.0),
    ec2("L-DB2E81BA", "Running On-Demand G and VT instances", 0.0),
    ec2("L-417A185B", "Running On-Demand P instances", 0.0),
    ec2("L-74FC7D96", "Running On-Demand F instances", 0.0),
    ec2("L-7295265B", "Running On-Demand X instances", 0.0),
    ec2("L-3819A6DF", "All G and VT Spot Instance Requests", 0.0),
    Quota { service: "vpc", code: VPCS, name: "VPCs per Region", usual: 5.0 },
];

impl Quota {
    fn of(code: &str) -> Option<&'static Self> {
        QUOTAS.iter().find(|quota| quota.code == code)
    }

    fn service_name(&self) -> &'static str {
        if self.service == "vpc" {
            "Amazon Virtual Private Cloud (Amazon VPC)"
        } else {
            "Amazon Elastic Compute Cloud (Amazon EC2)"
        }
    }
}

fn known(input: &Value) -> Result<&'static Quota, AwsError> {
    let (service, code) = (input.text("ServiceCode"), input.text("QuotaCode"));
    Quota::of(code).filter(|quota| quota.service == service).ok_or_else(|| {
        let message =
            format!("The request failed because the specified service or quota does not exist: {service} {code}");
        AwsError::bad("NoSuchResourceException", message)
    })
}

/// What a quota is now, increases that were granted included.
pub fn value(state: &State, code: &str) -> f64 {
    let usual = Quota::of(code).map_or(0.0, |quota| quota.usual);
    let own = state.setup.quotas.get(code).copied().unwrap_or(usual);
    let granted = state.quota_requests.iter().filter(|request| request.0 == code && granted(state, request));
    granted.map(|(_, value, _)| *value).fold(own, f64::max)
}

fn granted(state: &State, request: &(String, f64, jiff::Timestamp)) -> bool {
    state.setup.timings.quota.is_some_and(|takes| state.now >= request.2 + takes)
}

/// vCPUs that count against a quota.
pub fn used(state: &State, code: &str) -> u32 {
    let running = state.instances.values().filter(|instance| instance.lives() && instance.kind.quota() == code);
    running.map(|instance| instance.kind.vcpu).sum()
}

fn answer(state: &State, quota: &Quota, value: f64) -> Value {
    let Quota { service, code, name, .. } = quota;
    json!({
        "ServiceCode": service, "ServiceName": quota.service_name(), "QuotaCode": code, "QuotaName": name,
        "QuotaArn": state.arn("servicequotas", &format!("{service}/{code}")), "Value": value, "Unit": "None",
        "Adjustable": true, "GlobalQuota": false, "QuotaAppliedAtLevel": "ACCOUNT",
    })
}

fn get(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let quota = known(input)?;
    Ok(json!({ "Quota": answer(state, quota, value(state, quota.code)) }))
}

fn default(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let quota = known(input)?;
    Ok(json!({ "Quota": answer(state, quota, quota.usual) }))
}

fn list(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let service = input.text("ServiceCode");
    if !QUOTAS.iter().any(|quota| quota.service == service) {
        return Err(AwsError::not_simulated(&format!("servicequotas of {service}")));
    }
    let code = input.maybe("QuotaCode");
    let all: Vec<Value> = QUOTAS
        .iter()
        .filter(|quota| quota.service == service && code.is_none_or(|code| code == quota.code))
        .map(|quota| answer(state, quota, value(state, quota.code)))
        .collect();
    let (page, next) = page(all, input.whole("MaxResults"), input.maybe("NextToken"))?;
    Ok(json!({ "Quotas": page, "NextToken": next }))
}

fn requested(state: &State, at: usize) -> Value {
    let Some(request) = state.quota_requests.get(at) else { return Value::Null };
    let (code, value, when) = request;
    let Some(quota) = Quota::of(code) else { return Value::Null };
    let Quota { service, name, .. } = quota;
    json!({
        "Id": hex(&format!("quota-request/{code}/{at}"), 32), "ServiceCode": service,
        "ServiceName": quota.service_name(), "QuotaCode": code, "QuotaName": name,
        "DesiredValue": value, "Status": if granted(state, request) { "APPROVED" } else { "CASE_OPENED" },
        "Created": when.to_string(), "LastUpdated": when.to_string(), "GlobalQuota": false, "Unit": "None",
        "QuotaArn": state.arn("servicequotas", &format!("{service}/{code}")),
    })
}

fn request(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let quota = known(input)?;
    let wanted = input.get("DesiredValue").and_then(Value::as_f64).unwrap_or_default();
    let now = value(state, quota.code);
    if wanted <= now {
        let message = format!("You must provide a quota value greater than the current quota value of {now}");
        return Err(AwsError::bad("IllegalArgumentException", message));
    }
    if state.quota_requests.iter().any(|request| request.0 == quota.code && !granted(state, request)) {
        return Err(AwsError::bad(
            "ResourceAlreadyExistsException",
            "Only one open service quota increase request is allowed per quota.",
        ));
    }
    state.quota_requests.push((quota.code.to_owned(), wanted, asked.now));
    Ok(json!({ "RequestedQuota": requested(state, state.quota_requests.len() - 1) }))
}

fn history(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let quota = known(input)?;
    let all: Vec<Value> = (0..state.quota_requests.len())
        .filter(|at| state.quota_requests[*at].0 == quota.code)
        .map(|at| requested(state, at))
        .filter(|request| input.maybe("Status").is_none_or(|wanted| wanted == request.text("Status")))
        .collect();
    let (page, next) = page(all, input.whole("MaxResults"), input.maybe("NextToken"))?;
    Ok(json!({ "RequestedQuotas": page, "NextToken": next }))
}
