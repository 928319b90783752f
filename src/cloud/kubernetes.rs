//! The cluster: one client, made on first use from the kubeconfig's context.

use std::{path::PathBuf, sync::Arc, sync::Mutex, time::Duration};

use jiff::Timestamp;
use kube::{
    Client, Config,
    client::ClientBuilder,
    config::{ExecInteractiveMode, KubeConfigOptions, Kubeconfig},
};
use landfall_core::event::Problem;
use tokio::sync::OnceCell;
use tower::util::MapResponseLayer;

use super::{Aws, EksToken, Endpoints, Trouble, Vouch, vouch};

/// A kubeconfig that was built from EKS, and for which cluster. Tokens are made here, without a child.
#[derive(Clone)]
struct Own {
    config: Kubeconfig,
    cluster: String,
    /// When the client's token is no longer taken.
    until: Option<Timestamp>,
}

/// The door to the cluster.
pub struct Kubernetes {
    endpoints: Endpoints,
    vouch: Vouch,
    context: Mutex<Option<String>>,
    own: Mutex<Option<Own>>,
    /// The cluster that the install has still to make.
    awaited: Mutex<Option<String>>,
    aws: Aws,
    client: Mutex<Arc<OnceCell<Client>>>,
}

impl Kubernetes {
    /// A door that is not open yet.
    pub fn new(endpoints: Endpoints, vouch: Vouch) -> Self {
        Self {
            context: Mutex::new(endpoints.context.clone()),
            aws: Aws::new(endpoints.clone(), vouch.clone()),
            endpoints,
            vouch,
            own: Mutex::default(),
            awaited: Mutex::default(),
            client: Mutex::default(),
        }
    }

    /// The client.
    pub async fn client(&self) -> Result<Client, Trouble> {
        let until = unpoisoned(&self.own).as_ref().and_then(|own| own.until);
        if until.is_some_and(|until| until <= Timestamp::now()) {
            self.renew();
        }
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

    /// Where the API server is, as the kubeconfig's context says; nobody is asked.
    pub fn server(&self) -> Option<(String, u16)> {
        let kubeconfig = self.kubeconfig().ok()?;
        let chosen = self.context()?;
        let context = kubeconfig.contexts.iter().find(|named| named.name == chosen)?.context.as_ref()?;
        let cluster = kubeconfig.clusters.iter().find(|named| named.name == context.cluster)?.cluster.as_ref()?;
        let server: http::Uri = cluster.server.as_deref()?.parse().ok()?;
        let usual = if server.scheme_str() == Some("http") { 80 } else { 443 };
        let host = server.host()?.trim_start_matches('[').trim_end_matches(']');
        Some((host.to_owned(), server.port_u16().unwrap_or(usual)))
    }

    /// There is no cluster yet: the install makes it, and the person's own context leads to another one.
    pub fn not_yet(&self, cluster: &str) {
        *unpoisoned(&self.awaited) = Some(cluster.to_owned());
        self.renew();
    }

    /// Whether the install still has to make the cluster.
    pub fn is_awaited(&self) -> bool {
        unpoisoned(&self.awaited).is_some()
    }

    /// Uses this kubeconfig, built from EKS for this cluster, from now on instead of the person's.
    pub fn use_own(&self, config: Kubeconfig, cluster: &str) {
        *unpoisoned(&self.awaited) = None;
        *unpoisoned(&self.context) = config.current_context.clone();
        *unpoisoned(&self.own) = Some(Own { config, cluster: cluster.to_owned(), until: None });
        self.renew();
    }

    /// The kubeconfig that is used instead of the person's, where one is.
    pub fn own(&self) -> Option<Kubeconfig> {
        unpoisoned(&self.own).as_ref().map(|own| own.config.clone())
    }

    /// Forgets the client, so that renewed credentials are read: the cluster's, and those its tokens are made from.
    pub fn renew(&self) {
        self.aws.renew();
        if let Some(own) = unpoisoned(&self.own).as_mut() {
            own.until = None;
        }
        *unpoisoned(&self.client) = Arc::default();
    }

    /// The kubeconfig, merged as kubectl does it.
    pub fn kubeconfig(&self) -> Result<Kubeconfig, Trouble> {
        if let Some(own) = self.own() {
            return Ok(own);
        }
        if let Some(cluster) = unpoisoned(&self.awaited).clone() {
            return Err(Problem::new(
                "KUBE-NO-CLUSTER",
                format!("the cluster {cluster} is not there yet"),
                "Go on with the step that makes it.",
            )
            .into());
        }
        let unreadable = |path: String, error: &dyn std::fmt::Display| {
            Trouble::from(
                Problem::new(
                    "KUBECONFIG-UNREADABLE",
                    format!("{path} cannot be read"),
                    "Correct the file, point KUBECONFIG or --context at another, or let one be built from EKS: k in Target, or build_kubeconfig: true below target: in the answers.",
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
                Problem::new("KUBECONFIG-CONTEXT", "the kubeconfig's context cannot be used", "Choose another context with --context, or let one be built from EKS: k in Target, or build_kubeconfig: true below target: in the answers.\n$ kubectl config get-contexts")
                    .why(error.to_string()),
            )
        })?;
        config.connect_timeout = Some(Duration::from_secs(8));
        let host = config.cluster_url.host().unwrap_or_default().to_owned();
        self.endpoints.admit(&host)?;
        // kube matches NO_PROXY wrongly, so the proxy is decided here.
        config.proxy_url = match &self.endpoints.via {
            Some(proxy) if !super::net::bypasses(&self.endpoints.no_proxy, &host) => proxy.parse().ok(),
            _ => None,
        };
        Ok(config)
    }

    async fn connect(&self) -> Result<Client, Trouble> {
        let context = unpoisoned(&self.context).clone();
        let mut config = self.config(context).await?;
        let cluster = unpoisoned(&self.own).as_ref().map(|own| own.cluster.clone());
        if let Some(cluster) = cluster {
            let token = EksToken::for_cluster(&self.aws, self.endpoints.clock, &cluster).await?;
            config.auth_info.exec = None;
            config.auth_info.token = Some(token.token.reveal().to_owned().into());
            if let Some(own) = unpoisoned(&self.own).as_mut() {
                own.until = Some(token.expires);
            }
        }
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
