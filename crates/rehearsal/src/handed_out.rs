//! What a rehearsal hands out: the files in its folder, and the environment that leads a client to it.

use std::{collections::BTreeMap, io, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::SignedDuration;
use serde_json::json;

use crate::{
    World,
    folder::Folder,
    outside::authority::Authorities,
    serve::StartError,
    tools::{self, place::Place},
};

/// The profile that the AWS configuration holds.
pub const PROFILE: &str = "corp-prod";

/// The kubeconfig of the world itself, in its folder.
pub const OWN_KUBECONFIG: &str = "kube/own";

/// The bearer token of the kubeconfig.
pub const TOKEN: &str = "rehearsal";

/// The hosts that are simulated; all others lie behind the proxy.
const HERE: &str = "127.0.0.1,localhost";

/// How long a session of the profile lasts where the scenario does not say.
const SESSION: SignedDuration = SignedDuration::from_hours(1);

/// Where everything listens.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// All of AWS: a URL.
    pub aws: String,
    /// The API server: a URL.
    pub api: String,
    /// The proxy: address and port.
    pub proxy: String,
    /// The DNS server: address and port.
    pub dns: String,
}

/// All that goes into it.
#[derive(Clone, Copy, Debug)]
pub struct HandedOut<'a> {
    /// The folder.
    pub folder: &'a Folder,
    /// The world.
    pub world: &'a World,
    /// Who signs.
    pub authorities: &'a Authorities,
    /// Where everything listens.
    pub at: &'a Addresses,
}

impl HandedOut<'_> {
    /// Writes the files. On a real cluster the user's own helm does the work.
    pub fn fill(&self, program: &Path, real_cluster: bool) -> io::Result<()> {
        let (folder, scenario) = (self.folder, &self.world.scenario);
        for (path, content) in &scenario.files {
            folder.write(path, folder.named_in(content))?;
        }
        // As a person brings them along.
        for (name, chart) in &scenario.tools.charts {
            folder.write(&format!("charts/{}", chart.file_name(name)), chart.archive(name)?)?;
        }
        folder.write("ca.pem", self.authorities.trusted_pem())?;
        // A folder that is used again keeps the vault it has.
        if !folder.join("vault-passphrase").exists() {
            folder.write("vault-passphrase", uuid::Uuid::new_v4().to_string())?;
        }
        // JSON is YAML in which every string is quoted, so that each comes back as it was.
        folder.write("answers.yaml", serde_json::to_vec_pretty(&folder.named_in_all(&scenario.answers))?)?;
        folder.write("aws/config", self.aws_config())?;
        folder.write("aws/credentials", "")?;
        folder.write("kube/config", self.kubeconfig(scenario.kubernetes.context)?)?;
        // The world outside looks at the cluster whatever the person's kubeconfig knows.
        folder.write(OWN_KUBECONFIG, self.kubeconfig(true)?)?;
        for (name, module) in &scenario.tools.terraform.modules {
            for name in std::iter::once(name).chain(&module.also) {
                folder.write(&format!("downloads/{name}.zip"), module.archive()?)?;
            }
        }
        // Who has the real one keeps it: it knows far more.
        let stands_in = |name: &str| match name {
            "helm" => !real_cluster,
            "aws" => !on_path("aws"),
            _ => true,
        };
        let stood_in_for: Vec<_> = tools::NAMES.into_iter().filter(|name| stands_in(name)).collect();
        folder.link_tools(program, &stood_in_for)?;
        let mut tools = scenario.tools.clone();
        tools.credentials.lasts = tools.credentials.lasts.or(scenario.aws.session).or(Some(SESSION));
        folder.mark(&Place {
            scenario: scenario.id.clone(),
            folder: folder.path().to_owned(),
            clock: self.world.clock.to_string(),
            proxy: self.at.proxy.clone(),
            aws: (self.at.aws.clone(), scenario.aws.region.clone()),
            tools,
        })
    }

    /// Writes the certificates that the scenario wants as files, and those somebody put into the cluster.
    pub fn certificates(&self) -> Result<(), StartError> {
        for wanted in &self.world.scenario.outside.certificates {
            let leaf = self.authorities.leaf(&wanted.file, &wanted.certificate)?;
            if let Some((namespace, name)) = wanted.secret.as_deref().and_then(|secret| secret.split_once('/')) {
                self.world.cluster.place(json!({
                    "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
                    "metadata": { "name": name, "namespace": namespace },
                    "data": { "tls.crt": STANDARD.encode(&leaf.chain_pem), "tls.key": STANDARD.encode(&leaf.key_pem) },
                }));
            }
            let issuer = self.authorities.issuer_pem(&wanted.certificate).unwrap_or_else(|| leaf.chain_pem.clone());
            self.folder.write(&format!("{}-ca.crt", wanted.file), issuer).map_err(StartError::Folder)?;
            for (ending, pem) in [("crt", leaf.chain_pem), ("key", leaf.key_pem)] {
                self.folder.write(&format!("{}.{ending}", wanted.file), pem).map_err(StartError::Folder)?;
            }
        }
        Ok(())
    }

    /// The environment of a client.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let inside = |path: &str| self.folder.join(path).display().to_string();
        let proxy = format!("http://{}", self.at.proxy);
        let mut path = std::env::var_os("PATH").map_or_else(Vec::new, |path| std::env::split_paths(&path).collect());
        path.insert(0, self.folder.join("bin"));
        let path =
            std::env::join_paths(path).map_or_else(|_| inside("bin"), |path| path.to_string_lossy().into_owned());
        let mut pairs = vec![
            ("AWS_ENDPOINT_URL", self.at.aws.clone()),
            ("AWS_PROFILE", PROFILE.to_owned()),
            ("AWS_CONFIG_FILE", inside("aws/config")),
            ("AWS_SHARED_CREDENTIALS_FILE", inside("aws/credentials")),
            ("AWS_REGION", self.world.scenario.aws.region.clone()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("KUBECONFIG", inside("kube/config")),
            ("PATH", path),
            ("HTTPS_PROXY", proxy.clone()),
            ("HTTP_PROXY", proxy),
            ("NO_PROXY", HERE.to_owned()),
            ("LANDFALL_ONLY", HERE.to_owned()),
            ("SSL_CERT_FILE", inside("ca.pem")),
            ("LANDFALL_DNS", self.at.dns.clone()),
            ("LANDFALL_CLOCK", self.world.clock.to_string()),
            ("LANDFALL_VAULT", format!("file:{}?passphrase-file={}", inside("vault.age"), inside("vault-passphrase"))),
            ("LANDFALL_STATE_DIR", inside("state")),
            ("LANDFALL_ANSWERS", inside("answers.yaml")),
        ];
        pairs.push(("LANDFALL_TOGETHER", self.together(&pairs)));
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Which of the variables a client must not be without, as JSON: what the value must hold, or null where it may be another.
    fn together(&self, handed_out: &[(&str, String)]) -> String {
        let held = |name: &str, value: &String| match name {
            "PATH" => json!(self.folder.join("bin")),
            "AWS_PROFILE" | "AWS_REGION" | "KUBECONFIG" | "LANDFALL_CLOCK" | "LANDFALL_VAULT"
            | "LANDFALL_STATE_DIR" => {
                json!(null)
            }
            _ => json!(value),
        };
        let needed = handed_out.iter().filter(|(name, _)| *name != "LANDFALL_ANSWERS");
        let held: serde_json::Map<_, _> = needed.map(|(name, value)| ((*name).to_owned(), held(name, value))).collect();
        json!(held).to_string()
    }

    fn aws_config(&self) -> String {
        let (region, helper) = (&self.world.scenario.aws.region, self.folder.join("bin/landfall-credentials"));
        format!("[profile {PROFILE}]\nregion = {region}\ncredential_process = \"{}\"\n", helper.display())
    }

    /// Named as `aws eks update-kubeconfig` would; or, where the scenario has no such context, one of a cluster that is not
    /// running.
    fn kubeconfig(&self, leads_there: bool) -> io::Result<String> {
        let aws = &self.world.scenario.aws;
        let (name, cluster) = if leads_there {
            let name = format!("arn:aws:eks:{}:{}:cluster/{}", aws.region, aws.account, self.world.cluster_name());
            let authority = STANDARD.encode(self.authorities.own_pem());
            (name, json!({"server": self.at.api, "certificate-authority-data": authority}))
        } else {
            // The discard port: nobody listens there.
            ("laptop".to_owned(), json!({"server": "https://127.0.0.1:9", "insecure-skip-tls-verify": true}))
        };
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": name, "user": {"token": TOKEN}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        });
        serde_yaml::to_string(&config).map_err(io::Error::other)
    }
}

/// Whether the machine itself has a tool.
fn on_path(name: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}
