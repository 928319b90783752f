//! Does a service ask us to slow down, and who hears of it? The door waits and asks again; the task in whose name it asks is told.

use std::{future::Future, sync::Arc};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

/// Hears the service's name.
pub type Hears = Arc<dyn Fn(&str) + Send + Sync>;

tokio::task_local! {
    static HEARS: Hears;
}

/// Does some work; `hears` is told of services that ask to slow down meanwhile.
pub async fn heard<T>(hears: Hears, work: impl Future<Output = T>) -> T {
    HEARS.scope(hears, work).await
}

/// Tells whoever works in this task, if anybody listens.
pub(super) fn tell(service: &str) {
    let _ = HEARS.try_with(|hears| hears(service));
}

/// A call of which it was told: its further attempts are no news.
#[derive(Debug)]
pub(super) struct Told;

impl Storable for Told {
    type Storer = StoreReplace<Self>;
}

/// What services call it, in header or body (AWS SDKs Reference Guide, "Retry behavior").
const WORDS: [&str; 5] =
    ["Throttl", "RequestLimitExceeded", "TooManyRequests", "SlowDown", "ProvisionedThroughputExceeded"];

/// Whether that is what an answer says.
pub(super) fn asked(response: &HttpResponse) -> bool {
    let status = response.status().as_u16();
    let says = |text: &str| WORDS.iter().any(|word| text.contains(word));
    status == 429
        || status >= 400
            && (response.headers().get("x-amzn-errortype").is_some_and(says)
                || response.body().bytes().is_some_and(|body| says(&String::from_utf8_lossy(body))))
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    #[test]
    fn each_services_own_words_are_understood_and_other_refusals_are_not() {
        let answer = |status: u16, body: &'static str| {
            asked(&HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body)))
        };
        assert!(answer(503, "<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>"));
        assert!(answer(429, ""));
        assert!(answer(400, r#"{"__type":"ThrottlingException"}"#));
        assert!(answer(503, "<Error><Code>SlowDown</Code></Error>"));
        assert!(!answer(503, "<Error><Code>ServiceUnavailable</Code></Error>"));
        assert!(!answer(400, r#"{"__type":"LimitExceededException"}"#));
        assert!(!answer(200, "Throttling"));
    }

    #[tokio::test]
    async fn only_who_works_in_the_task_hears() {
        let said = Arc::new(std::sync::Mutex::new(Vec::new()));
        let into = said.clone();
        tell("AWS ec2");
        heard(Arc::new(move |service: &str| into.lock().unwrap().push(service.to_owned())), async { tell("AWS eks") })
            .await;
        tell("AWS iam");
        assert_eq!(*said.lock().unwrap(), ["AWS eks"]);
    }
}
