//! The only doors to the outside: AWS, Kubernetes, the network, and child processes.
//!
//! [`Endpoints`] says where everything is; it comes from the environment, which is also how a rehearsal hands itself out.
//! Retry and throttling live here and nowhere else; errors are classified once per door, into [`Trouble`].

pub mod api_server;
pub mod archive;
pub mod arrived;
mod aws;
pub mod aws_hosts;
mod aws_trouble;
mod chart;
mod child_aws;
mod child_kubeconfig;
mod clock;
mod eks_kubeconfig;
mod eks_token;
pub mod eksctl;
mod endpoints;
mod fingerprint;
pub mod helm;
pub mod ingress;
mod kubernetes;
pub mod ldap;
pub mod look;
pub mod manifests;
pub mod marks;
pub mod net;
pub mod objects;
pub mod offer;
mod once;
mod outlived;
pub mod pods;
pub mod private;
pub mod process;
mod profiles;
pub mod psql;
pub mod quantity;
pub mod region;
pub mod registry;
pub mod release;
mod sign_in;
mod signed_in;
pub mod slowed;
pub mod storage_class;
pub mod terraform;
mod together;
pub mod token;
mod told;
mod trouble;
pub mod values;
mod vouch;
pub mod written;

pub use aws::Aws;
pub use chart::Chart;
pub use child_aws::child_aws;
pub use child_kubeconfig::child_kubeconfig;
pub use clock::Clock;
pub use eks_kubeconfig::{FILE as KUBECONFIG_FILE, eks_kubeconfig, eks_kubeconfig_if_there, keep_kubeconfig};
pub use eks_token::EksToken;
pub use endpoints::{AwsEndpoint, Endpoints};
pub use fingerprint::Fingerprint;
pub use kubernetes::Kubernetes;
pub use net::Net;
pub use once::{Once, unheard};
pub use private::{folder_unusable, keep_private};
pub use process::Process;
pub use profiles::profile_set;
pub use trouble::{Door, Trouble};
pub use vouch::Vouch;

/// All doors, opened on first use.
pub struct Cloud {
    /// Where everything is.
    pub endpoints: Endpoints,
    /// AWS.
    pub aws: Aws,
    /// The cluster.
    pub kube: Kubernetes,
    /// Everything else on the network.
    pub net: Net,
    /// Child processes.
    pub process: Process,
    /// Who vouches for the endpoints: a rehearsal names itself in every answer.
    pub vouch: Vouch,
}

impl Cloud {
    /// Doors to these endpoints; nothing is opened yet.
    pub fn new(endpoints: Endpoints) -> Self {
        let vouch = Vouch::default();
        Self {
            aws: Aws::new(endpoints.clone(), vouch.clone()),
            kube: Kubernetes::new(endpoints.clone(), vouch.clone()),
            net: Net::new(endpoints.clone()),
            process: Process::new(endpoints.clone()),
            vouch,
            endpoints,
        }
    }

    /// Forgets what a door was opened with, so that renewed credentials are read.
    pub fn renew(&self, door: Door) {
        match door {
            Door::Kubernetes => self.kube.renew(),
            _ => self.aws.renew(),
        }
    }

    /// The install's clock.
    pub fn clock(&self) -> Clock {
        self.endpoints.clock
    }
}
