//! Starting a rehearsal and handing out where everything is.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use tokio::{
    net::{TcpListener, UdpSocket},
    task::JoinSet,
};

use crate::{
    Clock, Scenario, World,
    folder::Folder,
    handed_out::{Addresses, HandedOut, OWN_KUBECONFIG, TOKEN},
    hands,
    kube::{
        self,
        upstream::{Unusable, Upstream},
    },
    outside::{
        authority::{Authorities, CertificateError},
        dns,
        proxy::Proxy,
        setup::Certificate,
    },
    tools::{
        cluster::{Cluster, ClusterError},
        terraform::pipeline,
    },
};

/// How to start.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What to simulate (already merged with the scenario it is based on).
    pub scenario: Scenario,
    /// Overrides the scenario's speed.
    pub speed: Option<f64>,
    /// The folder to use; a temporary one that is removed at the end where it is left out.
    pub folder: Option<PathBuf>,
    /// A real API server's kubeconfig in place of the simulated one.
    pub kubernetes: Option<PathBuf>,
    /// The program that the tools in `bin` are links to; the running one where it is left out.
    pub program: Option<PathBuf>,
}

/// Why a rehearsal did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The scenario contradicts itself.
    #[error("scenario {id}: {}", troubles.join("; "))]
    Scenario {
        /// Which.
        id: String,
        /// What is wrong with it.
        troubles: Vec<String>,
    },
    /// The folder could not be filled.
    #[error("preparing the rehearsal's folder: {0}")]
    Folder(io::Error),
    /// No port.
    #[error("listening on loopback for {what}: {source}")]
    Listen {
        /// Which server.
        what: &'static str,
        /// The reason.
        source: io::Error,
    },
    /// A certificate.
    #[error("{0}")]
    Certificate(#[from] CertificateError),
    /// The cluster.
    #[error("{0}")]
    Cluster(#[from] ClusterError),
    /// The real API server's kubeconfig.
    #[error("{0}")]
    Kubernetes(#[from] Unusable),
}

/// A running rehearsal; everything stops when it is dropped.
#[derive(Debug)]
pub struct Rehearsal {
    world: Arc<World>,
    environment: BTreeMap<String, String>,
    servers: JoinSet<()>,
    folder: Folder,
}

impl Rehearsal {
    /// Starts every server on loopback and fills the folder.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let scenario = options.scenario;
        let speed = options.speed.or(scenario.speed).unwrap_or(1.0);
        let clock = Clock::starting_at(scenario.start.unwrap_or_else(Timestamp::now), speed);
        let folder = Folder::open(options.folder).map_err(StartError::Folder)?;
        let mut troubles = scenario.outside.troubles(&scenario.tools.charts);
        let world = Arc::new(World::new(scenario, clock));
        troubles.extend(world.aws.troubles());
        if options.kubernetes.is_none() {
            // The cluster is furnished at the first step.
            world.settle();
            troubles.extend(world.cluster.troubles());
        }
        if !troubles.is_empty() {
            return Err(StartError::Scenario { id: world.scenario.id.clone(), troubles });
        }
        let authorities = Arc::new(Authorities::new(&world.scenario.outside, clock)?);
        let mut servers = JoinSet::new();

        let aws = listen("AWS").await?;
        let api = listen("Kubernetes").await?;
        let proxy = listen("the proxy").await?;
        let (names_udp, names_tcp) = listen_for_names().await?;
        let address =
            |listener: &TcpListener, what| listener.local_addr().map_err(|source| StartError::Listen { what, source });
        let at = Addresses {
            aws: format!("http://{}", address(&aws, "AWS")?),
            api: format!("https://{}", address(&api, "Kubernetes")?),
            proxy: address(&proxy, "the proxy")?.to_string(),
            dns: address(&names_tcp, "DNS")?.to_string(),
        };

        let program = options.program.map_or_else(std::env::current_exe, Ok).map_err(StartError::Folder)?;
        let out = HandedOut { folder: &folder, world: &world, authorities: &authorities, at: &at };
        out.fill(&program, options.kubernetes.is_some()).map_err(StartError::Folder)?;
        out.certificates()?;
        let cluster = Cluster::of(&folder.join(OWN_KUBECONFIG), None)?;
        world.outside.ask_cluster(cluster.clone());

        world.aws.set_cluster_endpoint(&world.cluster_name(), &at.api, &authorities.own_pem());
        servers.spawn(crate::aws::serve(world.clone(), aws));
        let tls = api_server_tls(&authorities)?;
        match &options.kubernetes {
            None => servers.spawn(ended("Kubernetes", kube::serve(world.clone(), api, tls))),
            Some(kubeconfig) => {
                let mut upstream = Upstream::read(kubeconfig)?;
                upstream.stand_ins.push(TOKEN.into());
                servers.spawn(ended(
                    "Kubernetes",
                    kube::proxy::serve(Arc::new(upstream), world.scenario.id.clone(), api, tls),
                ))
            }
        };
        servers.spawn(dns::serve_udp(world.clone(), names_udp));
        servers.spawn(dns::serve_tcp(world.clone(), names_tcp));
        servers.spawn(Proxy::new(world.clone(), authorities.clone()).serve(proxy));
        match options.kubernetes {
            None => servers.spawn(world.clone().run()),
            Some(_) => servers.spawn(hands::run(world.clone(), cluster)),
        };
        let environment = out.environment();
        if world.scenario.tools.terraform.pipeline.is_some() {
            // Beside the servers: it ends before them.
            let (world, folder, environment) = (world.clone(), folder.path().to_owned(), environment.clone());
            servers.spawn(async move {
                pipeline::run(world, folder, environment).await;
                std::future::pending().await
            });
        }
        Ok(Self { world, environment, servers, folder })
    }

    /// The world, for tests that look at what an install left behind.
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What a client needs, as environment variables.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// The same as lines for a shell.
    pub fn exports(&self) -> String {
        let line = |(name, value): (&String, &String)| format!("export {name}='{}'\n", value.replace('\'', r"'\''"));
        self.environment.iter().map(line).collect()
    }

    /// Waits for as long as all of it runs.
    pub async fn wait(&mut self) {
        self.servers.join_next().await;
    }
}

/// TLS of the API server; HTTP/2 carries many watches on one connection.
fn api_server_tls(authorities: &Authorities) -> Result<Arc<rustls::ServerConfig>, CertificateError> {
    let names = Certificate { names: vec!["127.0.0.1".into(), "localhost".into()], ..Certificate::default() };
    let mut tls = authorities.leaf("127.0.0.1", &names)?.server("127.0.0.1")?;
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(tls))
}

async fn ended(what: &'static str, server: impl Future<Output = io::Result<()>>) {
    if let Err(error) = server.await {
        tracing::error!(%error, "{what} is no longer served");
    }
}

async fn listen(what: &'static str) -> Result<TcpListener, StartError> {
    TcpListener::bind("127.0.0.1:0").await.map_err(|source| StartError::Listen { what, source })
}

/// One port for both ways of asking for names.
async fn listen_for_names() -> Result<(UdpSocket, TcpListener), StartError> {
    let failed = |source| StartError::Listen { what: "DNS", source };
    let mut attempts = 0;
    loop {
        let tcp = listen("DNS").await?;
        match UdpSocket::bind(tcp.local_addr().map_err(failed)?).await {
            Ok(udp) => return Ok((udp, tcp)),
            // Someone else has the same number for UDP.
            Err(_) if attempts < 20 => attempts += 1,
            Err(source) => return Err(failed(source)),
        }
    }
}
