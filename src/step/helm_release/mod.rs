//! `helm.release`: is a chart installed with our values? helm changes it; what is there is read from its record.

mod broken;
mod differs;
mod typed;

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use async_trait::async_trait;
use jiff::SignedDuration;
use landfall_core::{
    catalogue::Again,
    clock::Span,
    event::{Found, Host, Owner, Permissions, Problem, Waiting},
    value::{SecretText, Tree},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::helm_values::HelmValues;
use crate::{
    cloud::{
        Chart, Fingerprint, Trouble,
        helm::{ChartSource, Helm, Upgrade, working_on},
        ingress, manifests, offer,
        release::{self, Release},
    },
    kind::{Applied, Context, Job, Made, PlanView, Step, StepAbout},
};

/// How long an Ingress may be without an address: a load balancer takes minutes, and some controllers never tell one.
const ADDRESSED: Duration = Duration::from_secs(300);

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HelmRelease {
    /// Name of the release.
    name: String,
    /// Its namespace; the install's where left out.
    #[serde(default)]
    namespace: Option<String>,
    /// The chart's name.
    chart: String,
    /// The chart's archive, where it was brought along.
    #[serde(default)]
    chart_file: Option<PathBuf>,
    /// Its repository, `https://…` or `oci://…`.
    #[serde(default)]
    repository: Option<String>,
    /// Its version; the newest where left out.
    #[serde(default)]
    version: Option<String>,
    /// User name of the repository.
    #[serde(default)]
    username: Option<SecretText>,
    /// Its password.
    #[serde(default)]
    password: Option<SecretText>,
    /// Our values, laid over the vendor's file.
    #[serde(default)]
    values: Tree,
    /// The vendor's values file.
    #[serde(default)]
    values_file: Option<PathBuf>,
    /// An extended resource, e.g. `nvidia.com/gpu`: nothing is installed where something else offers it already.
    #[serde(default)]
    skip_when: Option<String>,
}

/// What others may read.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Its revision; 0 where nothing was installed because it was not needed.
    pub revision: i64,
    /// Version of the chart.
    pub chart_version: String,
    /// Version of what it installs.
    pub app_version: String,
    /// Host names of its Ingresses with the address behind each; empty while there is none.
    #[schemars(extend("x-words" = "address of {}"))]
    pub ingresses: BTreeMap<String, String>,
    /// Fingerprint of what it made.
    pub manifest_digest: String,
    /// helm's word, e.g. `deployed`; `not needed` where nothing was installed.
    pub status: String,
}

#[async_trait]
impl Step for HelmRelease {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        again: Again::Upsert,
        fixed: &["name", "namespace"],
        deadline: Span::minutes(15),
        usual: Some("10 seconds to 2 minutes"),
        ..StepAbout::new("helm.release", "HELM-11", "a Helm release")
    };
    const NAMES_HOSTS: bool = true;

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let client = cx.cloud.kube.client().await?;
        let namespace = self.namespace_of(&cx.target.namespace);
        // A helm that a killed run left behind may not have written its record yet.
        let busy = working_on(&cx.folder, &self.name);
        let found = release::latest(&client, namespace, &self.name).await?;
        let revision = found.as_ref().map_or(0, |found| found.revision);
        if busy.is_some_and(|busy| busy > revision) {
            return Ok(Found::pending(Waiting::on("helm is at work"), Owner::Ours));
        }
        let Some(found) = found else {
            return self.absent(cx, namespace).await;
        };
        let owner = found.owner(&cx.install);
        if found.pending() {
            return Ok(self.under_way(cx, &found, owner));
        }
        match found.status.as_str() {
            "uninstalling" => return Ok(Found::pending(Waiting::on("helm is uninstalling it"), owner)),
            "failed" => return Ok(Found::broken(self.failed(&found), self.ways_out(&found, true), owner)),
            _ => {}
        }
        let ingresses = ingress::addresses(&client, namespace, &self.name).await?;
        if let Some((host, _)) = ingresses.iter().find(|(_, address)| address.is_empty())
            && age(cx, &found).is_some_and(|age| age < SignedDuration::try_from(ADDRESSED).unwrap_or_default())
        {
            return Ok(Found::pending(Waiting::on(format!("the Ingress of {host} has no address yet")), owner));
        }
        let outputs = Outputs {
            revision: found.revision,
            chart_version: found.chart_version.clone(),
            app_version: found.app_version.clone(),
            ingresses,
            manifest_digest: Fingerprint::of(&cx.folder)?.mark(found.manifest.as_bytes()),
            status: found.status.clone(),
        };
        Ok(Found::there(outputs, self.differences(cx, &found).await?, owner))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let mut helm = Helm::open(&cx.cloud, &cx.folder).await?;
        let archive = helm.fetch(&self.source(cx).await?, &cx.cancel).await?;
        let digest = Chart::open(&archive)?.digest;
        let values = self.values().await?;
        values.show(cx, &self.name)?;
        for secret in values.secrets(cx).await? {
            helm.hide(&secret);
        }
        let values = values.text(cx).await?;
        let name = self.name.clone();
        let namespace = self.namespace_of(&cx.target.namespace).to_owned();
        let description = Release::description(&cx.install, &digest);
        let client = cx.cloud.kube.client().await?;
        let there = release::latest(&client, &namespace, &name).await?;
        let revision = there.as_ref().map_or(1, |there| there.revision + 1);
        // Somebody else's revision is what undo goes back to; our own earlier ones are not.
        let before = there.filter(|there| there.owner(&cx.install) != Owner::Ours && there.status == "deployed");
        let cx = cx.clone();
        let job: Job = Box::pin(async move {
            let upgrade = Upgrade {
                name: &name,
                namespace: &namespace,
                chart: &archive,
                values: &values,
                description: &description,
                revision,
            };
            helm.upgrade(&upgrade, &cx.cancel, |line| cx.say(line)).await
        });
        Ok(match before {
            Some(before) => Applied::StartedOver { before: json!({ "revision": before.revision }), job },
            None => Applied::Started(job),
        })
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let namespace = self.namespace_of(&cx.target.namespace);
        let client = cx.cloud.kube.client().await?;
        let Some(found) = release::latest(&client, namespace, &self.name).await? else { return Ok(()) };
        if found.owner(&cx.install) != Owner::Ours {
            return Err(Problem::new(
                "HELM-OWNED",
                format!("the release {} was changed by somebody else since", self.name),
                format!("If nobody needs it, take it away by hand.\n$ {}", self.uninstall_line(namespace)),
            )
            .into());
        }
        let mut helm = Helm::open(&cx.cloud, &cx.folder).await?;
        let say = |line: &str| cx.say(line);
        match made.before.as_ref().and_then(|before| before["revision"].as_i64()) {
            Some(revision) => helm.rollback(namespace, &found, revision, &cx.cancel, say).await,
            None => helm.uninstall(namespace, &found, &cx.cancel, say).await,
        }
    }

    async fn recover(&self, cx: &Context, recovery: &str) -> Result<(), Trouble> {
        let namespace = self.namespace_of(&cx.target.namespace);
        let client = cx.cloud.kube.client().await?;
        let Some(found) = release::latest(&client, namespace, &self.name).await? else { return Ok(()) };
        let mut helm = Helm::open(&cx.cloud, &cx.folder).await?;
        let say = |line: &str| cx.say(line);
        match (recovery, found.last_good()) {
            ("again", _) => Ok(()),
            ("rollback", Some(revision)) => helm.rollback(namespace, &found, revision, &cx.cancel, say).await,
            ("uninstall", _) => helm.uninstall(namespace, &found, &cx.cancel, say).await,
            _ => Err(Trouble::guide(format!("{} cannot {recovery}", self.name), "Choose one of those offered.")),
        }
    }

    async fn preview(&self, cx: &Context) -> Result<String, Trouble> {
        let namespace = self.namespace_of(&cx.target.namespace);
        let client = cx.cloud.kube.client().await?;
        let found = release::latest(&client, namespace, &self.name).await?.unwrap_or_default();
        let mut helm = Helm::open(&cx.cloud, &cx.folder).await?;
        let archive = helm.fetch(&self.source(cx).await?, &cx.cancel).await?;
        let values = self.values().await?;
        let (shown, before) = (values.shown(), values.hide(cx, &found.values, &found.manifest).await?);
        let upgrade = Upgrade {
            name: &self.name,
            namespace,
            chart: &archive,
            values: &shown,
            description: "",
            revision: found.revision + 1,
        };
        let after = helm.template(&upgrade, false, &cx.cancel).await?;
        let chart = Chart::open(&archive)?;
        let over = values.over(&chart.values);
        let manifests = manifests::diff(&before, after.reveal());
        if over.is_empty() || manifests.is_empty() {
            return Ok(manifests);
        }
        Ok(format!("values.yaml of {} {}\n{over}\n\n{manifests}", chart.name, chart.version))
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        self.typed(self.namespace_of(&cx.target.namespace))
    }

    fn undo_line(&self, cx: &PlanView<'_>) -> String {
        format!("uninstalls the release {} from {}", self.name, self.namespace_of(&cx.target.namespace))
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let namespace = self.namespace_of(&cx.target.namespace);
        let write = &["get", "list", "create", "update", "patch", "delete"];
        // helm keeps its record in a Secret; what the chart itself makes is not known before it is rendered.
        Permissions::default()
            .rbac(Some(namespace), "", "secrets", write)
            .rbac(Some(namespace), "", "services", write)
            .rbac(Some(namespace), "", "configmaps", write)
            .rbac(Some(namespace), "", "serviceaccounts", write)
            .rbac(Some(namespace), "apps", "deployments", write)
            .rbac(Some(namespace), "apps", "daemonsets", write)
            .rbac(Some(namespace), "apps", "statefulsets", write)
            .rbac(Some(namespace), "networking.k8s.io", "ingresses", write)
    }

    fn hosts(&self, _cx: &PlanView<'_>) -> Vec<Host> {
        self.place().host().into_iter().collect()
    }
}

impl HelmRelease {
    fn namespace_of<'a>(&'a self, default: &'a str) -> &'a str {
        self.namespace.as_deref().unwrap_or(default)
    }

    /// Where the chart comes from, without a login.
    fn place(&self) -> ChartSource {
        let version = self.version.as_deref();
        ChartSource::of(self.chart_file.as_deref(), self.repository.as_deref(), &self.chart, version, None)
    }

    async fn source(&self, cx: &Context) -> Result<ChartSource, Trouble> {
        let login = cx.login(self.username.as_ref(), self.password.as_ref()).await?;
        Ok(ChartSource { login, ..self.place() })
    }

    async fn values(&self) -> Result<HelmValues, Trouble> {
        HelmValues::of(&self.values, self.values_file.as_deref().filter(|path| !path.as_os_str().is_empty())).await
    }

    /// Nothing is needed where another device plugin or operator does its work.
    async fn absent(&self, cx: &Context, namespace: &str) -> Result<Found<Outputs>, Trouble> {
        let Some(resource) = &self.skip_when else { return Ok(Found::absent()) };
        let own = format!("{namespace}/{}", self.name);
        let offers = offer::offers(&cx.cloud.kube.client().await?, resource).await?;
        let Some(other) = offers.iter().find(|offer| offer.release.as_deref() != Some(&own)) else {
            return Ok(Found::absent());
        };
        let outputs = Outputs {
            revision: 0,
            chart_version: String::new(),
            app_version: String::new(),
            ingresses: BTreeMap::new(),
            manifest_digest: String::new(),
            status: "not needed".into(),
        };
        Ok(Found::there(outputs, Vec::new(), Owner::Other(format!("{}, which offers {resource}", other.name))))
    }

    fn uninstall_line(&self, namespace: &str) -> String {
        format!("helm uninstall {} --namespace {namespace}", self.name)
    }
}

/// How long ago it was changed last.
fn age(cx: &Context, found: &Release) -> Option<SignedDuration> {
    found.changed.map(|changed| cx.cloud.clock().now().duration_since(changed))
}
