//! What went wrong at a door, classified once: the engine decides by it whether to fail, to park or to ask.

use landfall_core::{event::Problem, value::SecretRef};

use super::sign_in;

/// Which door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Door {
    /// AWS.
    Aws,
    /// The cluster.
    Kubernetes,
    /// Everything else on the network.
    Network,
    /// Child processes.
    Process,
    /// The vault.
    Vault,
}

/// What went wrong at a door.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Trouble {
    /// We were refused; a check becomes Unknown, a step fails.
    #[error("{action} was denied: {message}")]
    Denied {
        /// e.g. `servicequotas:GetServiceQuota`.
        action: String,
        /// What the service said.
        message: String,
        /// Who can tell or allow.
        ask: String,
    },
    /// Nobody is signed in (any more); the door is parked until somebody is.
    #[error("{}: {}", .problem.code, .problem.what)]
    Expired {
        /// Whose.
        door: Door,
        /// Why, and how to sign in.
        problem: Box<Problem>,
    },
    /// Nobody answered.
    #[error("{what}: {message}")]
    Unreachable {
        /// Which door.
        door: Door,
        /// What was asked.
        what: String,
        /// What went wrong.
        message: String,
    },
    /// The service answered with an error of its own.
    #[error("{code}: {message}")]
    Service {
        /// Its code, e.g. `ResourceInUseException`.
        code: String,
        /// Its message.
        message: String,
        /// The request's id, for a support case.
        request: Option<String>,
    },
    /// Something with a page of its own.
    #[error("{}: {}", .0.code, .0.what)]
    Problem(Box<Problem>),
    /// The install was asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl Trouble {
    /// The guide or its parameters are wrong.
    pub fn guide(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Problem(Box::new(Problem::new("GUIDE-BROKEN", what, fix)))
    }

    /// A setting is wrong.
    pub fn setting(name: &str, error: &dyn std::fmt::Display) -> Self {
        Self::Problem(Box::new(Problem::new(
            "SETTING-WRONG",
            format!("{name}: {error}"),
            format!("Correct {name}, or unset it."),
        )))
    }

    /// Credentials that the door no longer takes, in its own words.
    pub fn expired(door: Door, message: impl Into<String>) -> Self {
        let message: String = message.into();
        let problem = match door {
            Door::Kubernetes => Problem::new(
                "KUBE-EXPIRED",
                "the cluster no longer accepts these credentials",
                "Renew them; Landfall goes on by itself.\n$ aws eks update-kubeconfig --name <cluster>",
            )
            .why(message),
            _ => sign_in::refused("ExpiredToken", &message, None),
        };
        Self::Expired { door, problem: Box::new(problem) }
    }

    /// A secret was never entered.
    pub fn secret_missing(reference: &SecretRef) -> Self {
        Self::Problem(Box::new(Problem::new(
            "SECRET-MISSING",
            format!("the secret {reference} has not been entered"),
            format!("Enter it at the Secrets stage, or run\n$ landfall secrets set <guide> {reference}"),
        )))
    }

    /// The service's own error code, if it is one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Service { code, .. } => Some(code),
            Self::Problem(problem) => Some(&problem.code),
            _ => None,
        }
    }

    /// Whether the service says that there is no such thing.
    pub fn is_not_found(&self) -> bool {
        self.code().is_some_and(|code| {
            code == "404"
                || code.ends_with("NotFound")
                || code.ends_with("NotFoundException")
                || code.ends_with("NotFoundFault")
                || code.starts_with("NoSuch")
                || code.contains(".NotFound")
                || code == "InvalidLaunchTemplateName.NotFoundException"
        })
    }

    /// For people, with a fix.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Denied { action, message, ask } => Problem::new(
                "DENIED",
                format!("{action} was denied"),
                format!("Ask {ask} to allow {action}, or to look for you."),
            )
            .why(message.clone()),
            Self::Unreachable { what, message, .. } => Problem::new(
                "UNREACHABLE",
                format!("{what} did not answer"),
                "Check the network path (VPN, proxy, firewall) and try again with r.",
            )
            .why(message.clone()),
            Self::Service { code, message, request } => {
                let why = match request {
                    Some(request) => format!("{message} (request {request})"),
                    None => message.clone(),
                };
                Problem::new(
                    code.clone(),
                    message.clone(),
                    "Read the service's message; try again once its cause is gone.",
                )
                .why(why)
            }
            Self::Problem(problem) | Self::Expired { problem, .. } => (**problem).clone(),
            Self::Interrupted => {
                Problem::new("INTERRUPTED", "it was interrupted", "Start again: it continues where it stopped.")
            }
        }
    }
}

impl From<Problem> for Trouble {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

/// An error and all its causes, in a line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let line = error.to_string();
        if !text.contains(&line) {
            text.push_str(": ");
            text.push_str(&line);
        }
        cause = error.source();
    }
    text
}

impl From<kube::Error> for Trouble {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => match status.code {
                401 => Self::expired(Door::Kubernetes, status.message),
                403 => Self::Denied {
                    action: kubernetes_action(&status.message),
                    message: status.message,
                    ask: "your cluster's administrators".into(),
                },
                code => {
                    let code = if status.reason.is_empty() { code.to_string() } else { status.reason };
                    Self::Service { code, message: status.message, request: None }
                }
            },
            other => Self::Unreachable {
                door: Door::Kubernetes,
                what: "the cluster's API server".into(),
                message: chain(&other),
            },
        }
    }
}

/// `pods is forbidden: User "x" cannot list resource "pods" in API group "" …` → `list pods`.
fn kubernetes_action(message: &str) -> String {
    let verb = message.split(" cannot ").nth(1).and_then(|rest| rest.split_whitespace().next());
    let resource = message.split("resource \"").nth(1).and_then(|rest| rest.split('"').next());
    match (verb, resource) {
        (Some(verb), Some(resource)) => format!("{verb} {resource}"),
        _ => "the Kubernetes call".into(),
    }
}
