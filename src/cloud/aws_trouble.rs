//! What went wrong at AWS? The SDK's errors, classified.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{
    Door, Trouble,
    aws::{PROFILE, Refused},
    sign_in,
    trouble::chain,
};

const DENIED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "AuthorizationError",
    "NotAuthorized",
    "UnauthorizedException",
    "Client.UnauthorizedOperation",
];
const EXPIRED: &[&str] = &[
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    // S3's own words.
    "InvalidAccessKeyId",
    "InvalidToken",
];

/// Every AWS operation's error, by its code.
impl<E> From<SdkError<E, HttpResponse>> for Trouble
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let request = error.raw_response().and_then(|response| {
            response
                .headers()
                .get("x-amzn-requestid")
                .or_else(|| response.headers().get("x-amz-request-id"))
                .map(str::to_owned)
        });
        let chain = chain(&error);
        if let Some(refused) = beneath::<Refused>(&error) {
            return refused.0.clone().into();
        }
        // Credentials are asked for while the request is built.
        if let Some(trouble) = beneath::<Self>(&error) {
            return trouble.clone();
        }
        match &error {
            SdkError::ServiceError(service) => {
                let code = service.err().code().unwrap_or("Unknown").to_owned();
                let message = service.err().message().unwrap_or(&chain).to_owned();
                if DENIED.contains(&code.as_str()) {
                    return Self::Denied {
                        action: denied_action(&message),
                        message,
                        ask: "your AWS administrators".into(),
                    };
                }
                if EXPIRED.contains(&code.as_str()) {
                    let with = error.raw_response().and_then(|response| response.headers().get(PROFILE));
                    let problem = Box::new(sign_in::refused(&code, &message, with));
                    return Self::Expired { door: Door::Aws, problem };
                }
                Self::Service { code, message, request }
            }
            SdkError::ResponseError(_) => Self::Service { code: "UnreadableAnswer".into(), message: chain, request },
            _ => Self::Unreachable { door: Door::Aws, what: "AWS".into(), message: chain },
        }
    }
}

/// Credentials that were asked for without a call.
impl From<CredentialsError> for Trouble {
    fn from(error: CredentialsError) -> Self {
        match beneath::<Self>(&error) {
            Some(trouble) => trouble.clone(),
            None => Self::Unreachable {
                door: Door::Aws,
                what: "where AWS credentials come from".into(),
                message: chain(&error),
            },
        }
    }
}

/// "… is not authorized to perform: eks:DescribeCluster on resource: …"
pub(super) fn denied_action(message: &str) -> String {
    message
        .split("to perform: ")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next())
        .map_or_else(|| "the AWS call".into(), |action| action.trim_end_matches(['.', ',']).to_owned())
}

/// Our own word, below what the SDK makes of it.
fn beneath<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    std::iter::successors(Some(error), |error| (**error).source()).find_map(|error| error.downcast_ref())
}
