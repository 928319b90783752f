//! The SDK's credentials; where they do not come, why is told by what this machine's configuration says.

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future},
};

use tokio::sync::Mutex;

use super::{Trouble, profiles::Profiles, sign_in, trouble::chain};

/// Credentials of the profile in use.
#[derive(Debug)]
pub(super) struct SignedIn {
    sdk: SharedCredentialsProvider,
    profile: Option<String>,
    /// What was told last.
    told: Mutex<Option<Trouble>>,
}

/// The SDK says once why a profile cannot be used, and from then on only that it has said so.
const SAID_BEFORE: &str = "error already taken";

impl SignedIn {
    /// What the SDK would find.
    pub(super) fn new(sdk: SharedCredentialsProvider, profile: Option<String>) -> Self {
        Self { sdk, profile, told: Mutex::default() }
    }

    async fn credentials(&self) -> Result<Credentials, Trouble> {
        // A misspelt profile must not end at whatever else this machine has: the SDK would go on to the machine's own role.
        if self.profile.is_some() {
            there(self.profile.as_deref()).await?;
        }
        match self.sdk.provide_credentials().await {
            Ok(credentials) => Ok(credentials),
            Err(error) => {
                let mut told = self.told.lock().await;
                match told.as_ref().filter(|_| chain(&error).contains(SAID_BEFORE)) {
                    Some(trouble) => Err(trouble.clone()),
                    None => {
                        let trouble = sign_in::told(&error, &Profiles::read(self.profile.as_deref()).await?);
                        *told = Some(trouble.clone());
                        Err(trouble)
                    }
                }
            }
        }
    }
}

impl ProvideCredentials for SignedIn {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        // Whoever asked finds the trouble below what the SDK makes of it.
        future::ProvideCredentials::new(
            async move { self.credentials().await.map_err(CredentialsError::provider_error) },
        )
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        self.sdk.fallback_on_interrupt()
    }
}

/// Refuses a profile that is chosen and not there, and files that cannot be read, before anything is asked for with them.
pub(super) async fn there(profile: Option<&str>) -> Result<(), Trouble> {
    Profiles::read(profile).await?.there().map_err(Trouble::from)
}
