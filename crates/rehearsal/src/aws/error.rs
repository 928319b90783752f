//! What a service says when it says no.

use serde_json::Value;

/// An error answer, before it is written in a protocol's form.
#[derive(Clone, Debug, PartialEq)]
pub struct AwsError {
    /// HTTP status.
    pub status: u16,
    /// The service's code.
    pub code: String,
    /// The service's message.
    pub message: String,
    /// Members beside the message, e.g. `clusterName`.
    pub fields: Vec<(&'static str, Value)>,
}

impl AwsError {
    /// An error with a code and a message.
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), fields: Vec::new() }
    }

    /// A client's error: status 400.
    pub fn bad(code: &str, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    /// The same with one more member.
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// The loud refusal of what is not simulated. Clients do not repeat a 501.
    pub fn not_simulated(what: &str) -> Self {
        Self::new(501, "NotSimulated", format!("this rehearsal does not simulate {what}"))
    }

    /// What `service` says to someone who may not do `action`.
    pub fn denied(service: &str, action: &str, caller: &str) -> Self {
        let reason = format!("because no identity-based policy allows the {action} action");
        let message = format!("User: {caller} is not authorized to perform: {action} {reason}");
        match service {
            "ec2" => Self::new(
                403,
                "UnauthorizedOperation",
                format!("You are not authorized to perform this operation. {message}"),
            ),
            "eks" => Self::new(403, "AccessDeniedException", message),
            "ssm" | "secretsmanager" | "servicequotas" | "acm" | "kms" => Self::bad("AccessDeniedException", message),
            "ses" => Self::new(403, "AccessDeniedException", message),
            _ => Self::new(403, "AccessDenied", message),
        }
    }

    /// What `service` says to someone who asks too often.
    pub fn throttled(service: &str) -> Self {
        match service {
            "ec2" => Self::new(503, "RequestLimitExceeded", "Request limit exceeded."),
            "eks" => Self::new(429, "ThrottlingException", "Rate exceeded"),
            "s3" => Self::new(503, "SlowDown", "Please reduce your request rate."),
            "ses" => Self::new(429, "TooManyRequestsException", "Too many requests"),
            "ssm" | "secretsmanager" | "acm" | "kms" => Self::bad("ThrottlingException", "Rate exceeded"),
            "servicequotas" => Self::bad("TooManyRequestsException", "Rate exceeded"),
            _ => Self::bad("Throttling", "Rate exceeded"),
        }
    }

    /// What `service` says to someone whose session is over.
    pub fn expired(service: &str) -> Self {
        let message = "The security token included in the request is expired";
        match service {
            "ec2" => Self::bad("RequestExpired", "Request has expired."),
            "eks" | "ses" => Self::new(403, "ExpiredTokenException", message),
            "s3" => Self::bad("ExpiredToken", "The provided token has expired."),
            "ssm" | "secretsmanager" | "servicequotas" | "acm" | "kms" => Self::bad("ExpiredTokenException", message),
            _ => Self::new(403, "ExpiredToken", message),
        }
    }

    /// What `service` says to a request that does not have the right shape.
    pub fn invalid(service: &str, missing: Option<&str>, unknown: Option<&str>, message: String) -> Self {
        match (service, missing, unknown) {
            ("ec2" | "rds", Some(name), _) => {
                Self::bad("MissingParameter", format!("The request must contain the parameter {name}"))
            }
            ("ec2", None, Some(name)) => {
                Self::bad("UnknownParameter", format!("The parameter {name} is not recognized"))
            }
            ("ec2", None, None) => Self::bad("InvalidParameterValue", message),
            ("rds", ..) => Self::bad("InvalidParameterValue", message),
            ("eks", ..) => Self::bad("InvalidParameterException", message),
            ("s3", ..) => Self::bad("InvalidRequest", message),
            ("iam" | "autoscaling" | "sts" | "cloudwatch", ..) => Self::bad("ValidationError", message),
            _ => Self::bad("ValidationException", message),
        }
    }
}
