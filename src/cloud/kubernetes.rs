//! The cluster: one client, made on first use from the kubeconfig's context.

use std::{path::PathBuf, sync::Arc, sync::Mutex, time::Duration};

use kube::{
    Client, Config,
    client::ClientBuilder,
    config::{ExecInteractiveMode, KubeConfigOptions, Kubeconfig},
};
use landfall_core::event::Problem;
use tokio::sync::OnceCell;
use tower::util::MapResponseLayer;

use super::{Endpoints, Trouble, Vouch, vouch};

/// The door to the cluster.
pub struct Kubernetes {
    endpoints: Endpoints,
    vouch: Vouch,
    context: Mutex<Option<String>>,
    way: Mutex<Way>,
    client: Mutex<Arc<OnceCell<Client>>>,
}

/// Which way leads to the cluster.
#[derive(Clone, Debug, Default)]
enum Way {
    /// The person's kubeconfig.
    #[default]
    Person,
    /// None yet: the install makes the cluster of this name. The person's own context would be somebody else's.
    None(String),
    /// A kubeconfig made from what EKS says of the cluster.
    Made(Box<Kubeconfig>),
}

impl Kubernetes {
    /// A door that is not open yet.
    pub fn new(endpoints: Endpoints, vouch: Vouch) -> Self {
        Self {
            context: Mutex::new(endpoints.context.clone()),
            endpoints,
            vouch,
            way: Mutex::default(),
            client: Mutex::default(),
        }
    }

    /// The client.
    pub async fn client(&self) -> Result<Client, Trouble> {
        let cell = unpoisoned(&self.client).clone();
        cell.get_or_try_init(|| self.connect()).await.cloned()
    }

    /// Chooses another context; the next call uses it.
    pub fn choose(&self, context: Option<String>) {
        *unpoisoned(&self.context) = context;
        self.renew();
    }

    /// There is no cluster yet, and no other one may be taken for it.
    pub fn not_yet(&self, cluster: &str) {
        *unpoisoned(&self.way) = Way::None(cluster.to_owned());
        self.renew();
    }

    /// Goes to the cluster by this kubeconfig from now on, instead of the person's.
    pub fn reach(&self, kubeconfig: Kubeconfig) {
        unpoisoned(&self.context).clone_from(&kubeconfig.current_context);
        *unpoisoned(&self.way) = Way::Made(Box::new(kubeconfig));
        self.renew();
    }

    /// The chosen context, or the kubeconfig's own.
    pub fn context(&self) -> Option<String> {
        unpoisoned(&self.context).clone().or_else(|| self.kubeconfig().ok()?.current_context)
    }

    /// Forgets the client, so that renewed credentials are read.
    pub fn renew(&self) {
        *unpoisoned(&self.client) = Arc::default();
    }

    /// The kubeconfig, merged as kubectl does it.
    pub fn kubeconfig(&self) -> Result<Kubeconfig, Trouble> {
        let unreadable = |path: String, error: &dyn std::fmt::Display| {
            Trouble::from(
                Problem::new(
                    "KUBECONFIG-UNREADABLE",
                    format!("{path} cannot be read"),
                    "Correct the file, or point KUBECONFIG or --context at another.",
                )
                .why(error.to_string()),
            )
        };
        match unpoisoned(&self.way).clone() {
            Way::Person => {}
            Way::Made(kubeconfig) => return Ok(*kubeconfig),
            Way::None(cluster) => {
                return Err(Problem::new(
                    "KUBE-NO-CLUSTER",
                    format!("the cluster {cluster} is not there yet"),
                    "Go on with the step that makes it.",
                )
                .into());
            }
        }
        match &self.endpoints.kubeconfig {
            None => Kubeconfig::read().map_err(|error| unreadable("the kubeconfig".into(), &error)),
            Some(paths) => {
                let mut merged: Option<Kubeconfig> = None;
                for path in std::env::split_paths(paths).filter(|path| path != &PathBuf::new() && path.exists()) {
                    let next =
                        Kubeconfig::read_from(&path).map_err(|error| unreadable(path.display().to_string(), &error))?;
                    merged = Some(match merged {
                        Some(first) => {
                            first.merge(next).map_err(|error| unreadable(path.display().to_string(), &error))?
                        }
                        None => next,
                    });
                }
                merged.ok_or_else(|| unreadable(paths.display().to_string(), &"there is no such file"))
            }
        }
    }

    /// A client of any context, for Target's comparison.
    pub async fn config(&self, context: Option<String>) -> Result<Config, Trouble> {
        let mut kubeconfig = self.kubeconfig()?;
        for named in &mut kubeconfig.auth_infos {
            // An exec plugin that talks to the terminal would write over the screen.
            if let Some(exec) = named.auth_info.as_mut().and_then(|auth| auth.exec.as_mut()) {
                exec.interactive_mode = Some(ExecInteractiveMode::Never);
            }
        }
        let options = KubeConfigOptions { context, ..KubeConfigOptions::default() };
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| {
            Trouble::from(
                Problem::new("KUBECONFIG-CONTEXT", "the kubeconfig's context cannot be used", "Choose another context with --context, or rebuild it:\n$ aws eks update-kubeconfig --name <cluster>")
                    .why(error.to_string()),
            )
        })?;
        config.connect_timeout = Some(Duration::from_secs(8));
        // kube matches NO_PROXY wrongly, so the proxy is decided here.
        let host = config.cluster_url.host().unwrap_or_default().to_owned();
        config.proxy_url = match &self.endpoints.via {
            Some(proxy) if !super::net::bypasses(&self.endpoints.no_proxy, &host) => proxy.parse().ok(),
            _ => None,
        };
        Ok(config)
    }

    async fn connect(&self) -> Result<Client, Trouble> {
        let context = unpoisoned(&self.context).clone();
        let config = self.config(context).await?;
        let vouch = self.vouch.clone();
        let witness = MapResponseLayer::new(move |response: http::Response<_>| {
            let name = response.headers().get(vouch::HEADER).and_then(|value| value.to_str().ok());
            vouch.note("Kubernetes", name);
            response
        });
        let builder = ClientBuilder::try_from(config)?;
        Ok(builder.with_layer(&witness).build())
    }
}

fn unpoisoned<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
