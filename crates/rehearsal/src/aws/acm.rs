//! ACM: certificates the scenario keeps there.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    ask::{Ask, page, uuid},
    error::AwsError,
    service::{Asked, Operation},
    setup::CertificateSetup,
    state::State,
};

/// The operations of this service.
pub const OPERATIONS: &[(&str, Operation)] = &[("ListCertificates", list), ("DescribeCertificate", describe)];

fn arn(state: &State, certificate: &CertificateSetup) -> String {
    state.arn("acm", &format!("certificate/{}", uuid(&format!("certificate/{}", certificate.domain))))
}

fn dates(state: &State, certificate: &CertificateSetup) -> (String, String) {
    let end = state.start + SignedDuration::from_hours(24 * certificate.days);
    ((end - SignedDuration::from_hours(24 * 395)).to_string(), end.to_string())
}

fn names(certificate: &CertificateSetup) -> Vec<&str> {
    std::iter::once(&certificate.domain).chain(&certificate.names).map(String::as_str).collect()
}

fn list(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let statuses = input.texts("CertificateStatuses");
    let found: Vec<Value> = state
        .setup
        .certificates
        .iter()
        .filter(|certificate| statuses.is_empty() || statuses.contains(&&*certificate.status))
        .map(|certificate| {
            let (from, until) = dates(state, certificate);
            json!({
                "CertificateArn": arn(state, certificate), "DomainName": certificate.domain,
                "SubjectAlternativeNameSummaries": names(certificate), "HasAdditionalSubjectAlternativeNames": false,
                "Status": certificate.status, "Type": "AMAZON_ISSUED", "KeyAlgorithm": "RSA_2048", "InUse": false,
                "NotBefore": from, "NotAfter": until, "RenewalEligibility": "INELIGIBLE",
            })
        })
        .collect();
    let (page, next) = page(found, input.whole("MaxItems"), input.maybe("NextToken"))?;
    Ok(json!({ "CertificateSummaryList": page, "NextToken": next }))
}

fn describe(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let wanted = input.text("CertificateArn");
    let certificate = state.setup.certificates.iter().find(|certificate| arn(state, certificate) == wanted);
    let Some(certificate) = certificate else {
        let message = format!("Could not find certificate {wanted}.");
        return Err(AwsError::bad("ResourceNotFoundException", message));
    };
    let (from, until) = dates(state, certificate);
    Ok(json!({ "Certificate": {
        "CertificateArn": wanted, "DomainName": certificate.domain, "SubjectAlternativeNames": names(certificate),
        "Status": certificate.status, "Type": "AMAZON_ISSUED", "KeyAlgorithm": "RSA_2048", "InUseBy": [],
        "Subject": format!("CN={}", certificate.domain), "Issuer": "Amazon", "CreatedAt": from, "IssuedAt": from,
        "NotBefore": from, "NotAfter": until, "RenewalEligibility": "INELIGIBLE",
    }}))
}
