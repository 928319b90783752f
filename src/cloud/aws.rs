//! AWS: one configuration, loaded on first use; a client per service.

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{
                BeforeDeserializationInterceptorContextMut, BeforeDeserializationInterceptorContextRef,
                BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
            },
        },
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;
use landfall_core::event::Problem;
use std::{sync::Mutex, time::Duration};
use tokio::sync::OnceCell;

use super::{
    Endpoints, Trouble, Vouch,
    once::{Once, OnlyRefused},
    signed_in::{SignedIn, there},
    slowed, vouch,
};

/// The door to AWS.
pub struct Aws {
    endpoints: Endpoints,
    vouch: Vouch,
    config: Mutex<std::sync::Arc<OnceCell<SdkConfig>>>,
}

macro_rules! clients {
    ($($(#[$doc:meta])* $name:ident: $sdk:ident),* $(,)?) => {
        impl Aws {
            $(
                $(#[$doc])*
                pub async fn $name(&self) -> Result<$sdk::Client, Trouble> {
                    let config = $sdk::config::Builder::from(&self.config().await)
                        .interceptor(self.witness(concat!("AWS ", stringify!($name))));
                    Ok($sdk::Client::from_conf(config.build()))
                }
            )*
        }

        impl Once<'_> {
            $(
                $(#[$doc])*
                pub async fn $name(&self) -> Result<$sdk::Client, Trouble> {
                    let config = $sdk::config::Builder::from(&self.0.config().await)
                        .interceptor(self.0.witness(concat!("AWS ", stringify!($name))))
                        .retry_classifier(OnlyRefused);
                    Ok($sdk::Client::from_conf(config.build()))
                }
            )*
        }
    };
}

clients! {
    /// Certificate Manager.
    acm: aws_sdk_acm,
    /// Auto Scaling.
    autoscaling: aws_sdk_autoscaling,
    /// CloudWatch.
    cloudwatch: aws_sdk_cloudwatch,
    /// EC2.
    ec2: aws_sdk_ec2,
    /// EKS.
    eks: aws_sdk_eks,
    /// IAM.
    iam: aws_sdk_iam,
    /// Key Management Service.
    kms: aws_sdk_kms,
    /// Relational Database Service.
    rds: aws_sdk_rds,
    /// S3.
    s3: aws_sdk_s3,
    /// Simple Email Service.
    sesv2: aws_sdk_sesv2,
    /// Secrets Manager.
    secretsmanager: aws_sdk_secretsmanager,
    /// Service Quotas.
    servicequotas: aws_sdk_servicequotas,
    /// Systems Manager.
    ssm: aws_sdk_ssm,
    /// Security Token Service.
    sts: aws_sdk_sts,
}

impl Aws {
    /// A door that is not open yet.
    pub fn new(endpoints: Endpoints, vouch: Vouch) -> Self {
        Self { endpoints, vouch, config: Mutex::default() }
    }

    /// The same door, for calls that would make a second thing if they were repeated.
    pub fn once(&self) -> Once<'_> {
        Once(self)
    }

    fn witness(&self, service: &'static str) -> Witness {
        Witness { service, vouch: self.vouch.clone(), endpoints: self.endpoints.clone() }
    }

    /// The shared configuration, for what is not a service (credentials).
    pub async fn config(&self) -> SdkConfig {
        let cell = match self.config.lock() {
            Ok(cell) => cell.clone(),
            Err(poisoned) => poisoned.into_inner().clone(),
        };
        cell.get_or_init(|| self.load()).await.clone()
    }

    /// Forgets credentials and configuration, so that renewed ones are read.
    pub fn renew(&self) {
        let fresh = std::sync::Arc::default();
        match self.config.lock() {
            Ok(mut cell) => *cell = fresh,
            Err(poisoned) => *poisoned.into_inner() = fresh,
        }
    }

    /// Refuses a profile that the configuration of this machine does not have, before anything is asked for with it.
    pub async fn profile_there(&self) -> Result<(), Trouble> {
        match self.endpoints.aws {
            Some(_) => Ok(()),
            None => there(self.endpoints.profile.as_deref()).await,
        }
    }

    /// The region in use.
    pub async fn region(&self) -> Option<String> {
        self.config().await.region().map(|region| region.as_ref().to_owned())
    }

    async fn load(&self) -> SdkConfig {
        // Retry lives here alone; a rehearsal's faster clock shortens the waits between attempts, too.
        let clock = self.endpoints.clock;
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(4)
                    .with_initial_backoff(Duration::from_millis(300))
                    .with_max_backoff(Duration::from_secs(8)),
            )
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(5))
                    .operation_attempt_timeout(Duration::from_secs(20))
                    .build(),
            )
            .time_source(clock);
        if let Some(profile) = &self.endpoints.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &self.endpoints.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(endpoint) = &self.endpoints.aws {
            loader = loader.endpoint_url(&endpoint.url).credentials_provider(endpoint.credentials.clone());
        }
        let config = loader.load().await;
        match (config.credentials_provider(), &self.endpoints.aws) {
            (Some(sdk), None) => {
                let told = SignedIn::new(sdk, self.endpoints.profile.clone());
                config.into_builder().credentials_provider(SharedCredentialsProvider::new(told)).build()
            }
            _ => config,
        }
    }
}

/// Where an answer says with which profile it was asked for: it is put there as it comes in.
pub(super) const PROFILE: &str = "x-landfall-profile";

/// Notes which endpoints named themselves simulated.
#[derive(Debug)]
struct Witness {
    service: &'static str,
    vouch: Vouch,
    endpoints: Endpoints,
}

/// A call that must not be made.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.what)]
pub(super) struct Refused(pub(super) Problem);

impl Intercept for Witness {
    fn name(&self) -> &'static str {
        "Witness"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let uri: http::Uri = context.request().uri().parse()?;
        Ok(self.endpoints.admit(uri.host().unwrap_or_default()).map_err(Refused)?)
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(profile) = &self.endpoints.profile {
            // A name that is no header's value is left out.
            let _ = context.response_mut().headers_mut().try_insert(PROFILE, profile.clone());
        }
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.vouch.note(self.service, context.response().headers().get(vouch::HEADER));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if bag.load::<slowed::Told>().is_none() && context.response().is_some_and(slowed::asked) {
            bag.interceptor_state().store_put(slowed::Told);
            slowed::tell(self.service);
        }
        Ok(())
    }
}
