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
    client: Mutex<Arc<OnceCell<Client>>>,
}

impl Kubernetes {
    /// A door that is not open yet.
    pub fn new(endpoints: Endpoints, vouch: Vouch) -> Self {
        Self { context: Mutex::new(endpoints.context.clone()), endpoints, vouch, client: Mutex::default() }
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
        if config.proxy_url.is_none() {
            self.endpoints.admit(&host)?;
        }
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
