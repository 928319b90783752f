//! Where is everything? The only thing that differs in a rehearsal, and it comes from the environment either way.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use aws_credential_types::provider::SharedCredentialsProvider;
use landfall_core::event::Problem;

use super::{Clock, Trouble, net::bypasses, together::together, vouch::mixed};

/// An AWS endpoint that does not come from the SDK's own variables.
#[derive(Clone, Debug)]
pub struct AwsEndpoint {
    /// Every service's address.
    pub url: String,
    /// Credentials for it.
    pub credentials: SharedCredentialsProvider,
}

/// Where everything is. The AWS SDK reads its own variables (`AWS_PROFILE`, `AWS_ENDPOINT_URL`, …) itself.
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    /// AWS endpoint inside this process (a test's); the SDK's own variables otherwise.
    pub aws: Option<AwsEndpoint>,
    /// AWS profile chosen by flag or in Target.
    pub profile: Option<String>,
    /// AWS region chosen by flag or in Target.
    pub region: Option<String>,
    /// kubeconfig files (`KUBECONFIG`), or the usual one where empty.
    pub kubeconfig: Option<PathBuf>,
    /// kubeconfig context chosen by flag or in Target.
    pub context: Option<String>,
    /// Search path for tools.
    pub path: std::ffi::OsString,
    /// DNS server to ask instead of the system's.
    pub dns: Option<SocketAddr>,
    /// Proxy for HTTPS and CONNECT (`HTTPS_PROXY`), e.g. `http://proxy:3128`.
    pub via: Option<String>,
    /// Hosts that are reached without it (`NO_PROXY`).
    pub no_proxy: String,
    /// The only hosts at which AWS and the cluster may be, and that anything else reaches without a proxy (`LANDFALL_ONLY`); any
    /// where empty.
    pub only: String,
    /// Certificates to trust instead of the system's (`SSL_CERT_FILE`).
    pub roots: Option<PathBuf>,
    /// The clock.
    pub clock: Clock,
    /// Which vault: `keyring`, `file:<path>[?passphrase-file=<path>]`, `session`; the keyring where empty.
    pub vault: Option<String>,
    /// Folder of installs.
    pub state: PathBuf,
    /// A folder that is removed when the program has ended (`LANDFALL_TEMPORARY`): whoever started it made it for this run.
    pub temporary: Option<PathBuf>,
    /// Answers file handed out with the endpoints.
    pub answers: Option<PathBuf>,
}

impl Endpoints {
    /// From the environment.
    pub fn from_environment() -> Result<Self, Trouble> {
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let either = |name: &str| text(name).or_else(|| text(&name.to_lowercase()));
        if let Some(handed_out) = text("LANDFALL_TOGETHER") {
            together(&handed_out, either)?;
        }
        let clock = match text("LANDFALL_CLOCK") {
            Some(clock) => clock.parse().map_err(|error| Trouble::setting("LANDFALL_CLOCK", &error))?,
            None => Clock::Real,
        };
        let dns = match text("LANDFALL_DNS") {
            Some(server) => Some(server.parse().map_err(|error| Trouble::setting("LANDFALL_DNS", &error))?),
            None => None,
        };
        Ok(Self {
            aws: None,
            profile: text("AWS_PROFILE"),
            region: text("AWS_REGION").or_else(|| text("AWS_DEFAULT_REGION")),
            kubeconfig: text("KUBECONFIG").map(PathBuf::from),
            context: None,
            path: std::env::var_os("PATH").unwrap_or_default(),
            dns,
            via: either("HTTPS_PROXY"),
            no_proxy: either("NO_PROXY").unwrap_or_default(),
            only: text("LANDFALL_ONLY").unwrap_or_default(),
            roots: text("SSL_CERT_FILE").map(PathBuf::from),
            clock,
            vault: text("LANDFALL_VAULT"),
            state: match text("LANDFALL_STATE_DIR") {
                Some(folder) => PathBuf::from(folder),
                None => state_folder()?,
            },
            temporary: text("LANDFALL_TEMPORARY").map(PathBuf::from),
            answers: text("LANDFALL_ANSWERS").map(PathBuf::from),
        })
    }
}

impl Endpoints {
    /// The folder with which the installs' folder goes, where it does not last.
    pub fn goes_with(&self) -> Option<&Path> {
        self.temporary.as_deref().filter(|temporary| self.state.starts_with(temporary))
    }

    /// Refuses a host that is none of the only ones.
    pub fn admit(&self, host: &str) -> Result<(), Problem> {
        if self.only.is_empty() || bypasses(&self.only, host) {
            return Ok(());
        }
        Err(mixed(format!("{host} is none of the hosts that may be reached: {}", self.only)))
    }
}

fn state_folder() -> Result<PathBuf, Trouble> {
    use etcetera::BaseStrategy;
    let base = etcetera::choose_base_strategy().map_err(|error| Trouble::setting("HOME", &error))?;
    Ok(base.state_dir().unwrap_or_else(|| base.data_dir()).join("landfall"))
}
