//! `aws.certificate`: is an ACM certificate issued, publicly trusted, for these names, and for how long?

use async_trait::async_trait;
use aws_sdk_acm::types::{CertificateDetail, CertificateStatus, CertificateType};
use jiff::Timestamp;
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        look::{
            names::covers,
            shell::{aws, fix},
            time::{day, days, days_between, moment},
        },
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// An ACM certificate: its status, names, type and end. A load balancer cannot be made with one that is not issued, and
/// clients refuse one that is private, for other names, or over.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// The certificate's ARN.
    arn: String,
    /// Host names it has to cover.
    names: Vec<String>,
    /// Warned of when fewer days are left.
    #[serde(default = "thirty")]
    days: u32,
}

fn thirty() -> u32 {
    30
}

#[async_trait]
impl Check for Certificate {
    const ABOUT: CheckAbout = CheckAbout {
        name: "aws.certificate",
        code: "AWS-09",
        about: "a certificate in ACM",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] =
        &["ACM-ENDS", "ACM-EXPIRED", "ACM-MISSING", "ACM-NAMES", "ACM-PENDING", "ACM-PRIVATE", "ACM-UNUSABLE"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let client = cx.cloud.aws.acm().await?;
        let answer = client.describe_certificate().certificate_arn(&self.arn).send().await;
        let found = crate::cloud::look::maybe(answer)?.and_then(|answer| answer.certificate);
        Ok(match found {
            Some(found) => self.judge(&found, cx.cloud.clock().now()),
            None => Outcome::Fail {
                problem: Problem::new(
                    "ACM-MISSING",
                    format!("there is no certificate {}", self.arn),
                    fix(
                        "Correct the ARN; a load balancer uses certificates of its own region.",
                        [aws("acm list-certificates")],
                    ),
                ),
            },
        })
    }

    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        Permissions::default().iam(&self.arn, ["acm:DescribeCertificate"])
    }
}

impl Certificate {
    fn judge(&self, found: &CertificateDetail, now: Timestamp) -> Outcome {
        let look = || aws("acm describe-certificate").with("--certificate-arn", &self.arn);
        let problem = |code: &str, what: String, advice: &str| Problem::new(code, what, fix(advice, [look()]));
        let status = found.status().map_or("UNKNOWN", |status| status.as_str());
        match found.status() {
            Some(CertificateStatus::Issued) => {}
            Some(CertificateStatus::PendingValidation) => {
                let advice = "Create the validation record ACM shows; it is issued minutes after that.";
                let pending = problem("ACM-PENDING", "the certificate waits for its validation".into(), advice);
                return Outcome::NotYet { problem: pending };
            }
            _ => {
                let advice = "Request or import another certificate.";
                return Outcome::Fail {
                    problem: problem("ACM-UNUSABLE", format!("the certificate is {status}"), advice),
                };
            }
        }
        if found.r#type() == Some(&CertificateType::Private) {
            let why = "Browsers and API clients do not trust it without further set-up.";
            let advice = "Use a publicly trusted certificate.";
            let private = problem("ACM-PRIVATE", "a private CA signed the certificate".into(), advice);
            return Outcome::Fail { problem: private.why(why) };
        }
        let has: Vec<&str> = found
            .domain_name()
            .into_iter()
            .chain(found.subject_alternative_names().iter().map(String::as_str))
            .collect();
        let uncovered: Vec<&str> = self
            .names
            .iter()
            .map(String::as_str)
            .filter(|name| !has.iter().any(|certificate| covers(certificate, name)))
            .collect();
        if !uncovered.is_empty() {
            let what = format!("the certificate does not cover {}", uncovered.join(", "));
            let other = problem("ACM-NAMES", what, "Use a certificate for these names, or correct the host names.");
            return Outcome::Fail { problem: other.why(format!("It covers {}.", has.join(", "))) };
        }
        let Some(ends) = found.not_after().map(moment) else {
            return Outcome::pass(format!("covers {}", self.names.join(", ")));
        };
        let left = days_between(now, ends);
        if left < 0 {
            let what = format!("the certificate ended {}", day(ends));
            return Outcome::Fail { problem: problem("ACM-EXPIRED", what, "Renew it or import another.") };
        }
        // ACM renews its own certificates 60 days before they end; imported ones it does not.
        if left < i64::from(self.days) {
            let what = format!("the certificate ends in {} ({})", days(left), day(ends));
            let advice = "Renew it; ACM does that by itself only for certificates it issued, while their validation record stands.";
            return Outcome::Warn { problem: problem("ACM-ENDS", what, advice) };
        }
        Outcome::pass(format!("covers {}, {} left", self.names.join(", "), days(left)))
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;

    use super::*;

    fn judge(status: CertificateStatus, name: &str, ends: i64) -> Outcome {
        let check = Certificate { arn: "arn:x".into(), names: vec!["shield.corp.example".into()], days: 30 };
        let found = CertificateDetail::builder()
            .status(status)
            .domain_name(name)
            .not_after(DateTime::from_secs(ends * 86_400))
            .build();
        check.judge(&found, Timestamp::from_second(100 * 86_400).unwrap())
    }

    fn code(outcome: &Outcome) -> &str {
        outcome.problem().map_or("", |problem| &problem.code)
    }

    #[test]
    fn status_names_and_days_are_looked_at() {
        use CertificateStatus::{Issued, PendingValidation, Revoked};
        assert!(matches!(judge(Issued, "*.corp.example", 200), Outcome::Pass { .. }));
        assert_eq!(code(&judge(Issued, "*.corp.example", 110)), "ACM-ENDS");
        assert_eq!(code(&judge(Issued, "*.corp.example", 99)), "ACM-EXPIRED");
        assert_eq!(code(&judge(Issued, "corp.example", 200)), "ACM-NAMES");
        assert!(matches!(judge(PendingValidation, "corp.example", 200), Outcome::NotYet { .. }));
        assert_eq!(code(&judge(Revoked, "*.corp.example", 200)), "ACM-UNUSABLE");
    }
}
