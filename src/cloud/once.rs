//! Calls that are sent once: those that make a second thing when they are repeated, because no token and no name tells the
//! service that it has heard them before. Nobody repeats them here; the engine looks whether they landed.

use aws_smithy_runtime_api::client::{
    interceptors::context::InterceptorContext,
    orchestrator::HttpResponse,
    result::SdkError,
    retries::classifiers::{ClassifyRetry, RetryAction},
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{Aws, Door, Trouble};

/// The door to AWS, for calls that are sent once: `cloud.aws.once().kms()`.
pub struct Once<'a>(pub(super) &'a Aws);

/// Forbids to repeat a call unless the service said that it did nothing.
#[derive(Debug)]
pub(super) struct OnlyRefused;

impl ClassifyRetry for OnlyRefused {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response().map(|response| response.status().as_u16()) {
            // Throttled, for one: the usual rules decide.
            Some(400..=499) => RetryAction::NoActionIndicated,
            _ => RetryAction::RetryForbidden,
        }
    }

    fn name(&self) -> &'static str {
        "only what was refused"
    }
}

/// What went wrong with a call that was sent once: an answer that leaves open whether it was done is none.
pub fn unheard<E>(error: SdkError<E, HttpResponse>) -> Trouble
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let answered = error.raw_response().map(|response| response.status().as_u16());
    match (answered, Trouble::from(error)) {
        // 501 is a plain no.
        (Some(0..=399 | 500 | 502..), Trouble::Service { code, message, .. }) => {
            Trouble::Unreachable { door: Door::Aws, what: "AWS".into(), message: format!("{code}: {message}") }
        }
        (_, trouble) => trouble,
    }
}
