//! Where does it go? Account, region, cluster, namespace, and the proof that the kubeconfig's context is that cluster.

use std::{sync::Arc, time::Duration};

use aws_credential_types::provider::ProvideCredentials;
use jiff::{SignedDuration, Timestamp};
use landfall_core::event::{Outcome, Problem};
use landfall_core::journal::Story;
use landfall_core::plan::TargetAnswers;
use serde_json::json;

use super::{Session, facts::bare_task};
use crate::{
    cloud::{Cloud, Trouble, eks_kubeconfig, eks_kubeconfig_if_there, look::kubernetes, region},
    kind::{Context, Needs, Target},
};

/// Credentials that end sooner than this are asked for again before a plan.
const NEAR: Duration = Duration::from_secs(15 * 60);

/// What was chosen; what is left out is found.
pub type TargetChoice = TargetAnswers;

/// A target, and what proves it.
#[derive(Clone, Debug, Default)]
pub struct Proven {
    /// It.
    pub target: Target,
    /// Profile in use.
    pub profile: String,
    /// `role/admin`, `user/ops`.
    pub identity: String,
    /// kubeconfig context.
    pub context: String,
    /// When the session ends.
    pub expires: Option<Timestamp>,
    /// What proves that the context is that cluster.
    pub proof: Option<String>,
    /// Why it may not be.
    pub doubt: Option<Problem>,
    /// What to know of its version.
    pub remark: Option<String>,
    /// The rehearsal's name, where the endpoints are simulated.
    pub rehearsal: Option<String>,
}

impl Proven {
    /// The proof, and what to know beside it.
    pub fn told(&self) -> Option<String> {
        let said: Vec<&str> = [&self.proof, &self.remark].into_iter().flatten().map(String::as_str).collect();
        (!said.is_empty()).then(|| said.join(". "))
    }

    /// The target as the journal has it: proved when it was written down, not now.
    pub fn written(story: &Story) -> Self {
        let said = &story.answers.target;
        Self {
            target: serde_json::from_value(story.target.clone()).unwrap_or_default(),
            profile: said.profile.clone().unwrap_or_default(),
            context: said.context.clone().unwrap_or_default(),
            ..Self::default()
        }
    }
}

impl Session {
    /// Looks at AWS and the cluster. A doubt is not an error: Target shows it and stops there.
    pub async fn prove(&mut self, choice: &TargetChoice) -> Result<Proven, Trouble> {
        let mut endpoints = self.house.endpoints.clone();
        endpoints.profile = choice.profile.clone().or(endpoints.profile);
        endpoints.region = choice.region.clone().or(endpoints.region);
        endpoints.context = choice.context.clone().or(endpoints.context);
        let cloud = Arc::new(Cloud::new(endpoints.clone()));
        let mut proven = Proven { profile: endpoints.profile.clone().unwrap_or_default(), ..Proven::default() };
        let kind = self.guide.guide.target.cluster.clone();
        if kind == "eks" {
            self.prove_aws(&cloud, choice, &mut proven).await?;
            if choice.build_kubeconfig && self.guide.guide.target.makes.is_none() {
                let config = eks_kubeconfig(&cloud, &proven.target.cluster).await?;
                cloud.kube.use_own(config, &proven.target.cluster);
            }
        } else if !self.guide.guide.target.identities.is_empty() {
            // AWS may be part of it without being where it goes.
            proven.target.region = endpoints.region.clone().unwrap_or_default();
        }
        proven.target.namespace = choice
            .namespace
            .clone()
            .or_else(|| self.guide.guide.target.namespace.clone())
            .unwrap_or_else(|| "default".to_owned());
        self.cloud = cloud.clone();
        if self.guide.guide.target.makes.is_some() {
            self.reach_made(&cloud, &mut proven).await;
        } else if kind != "none" {
            proven.context = cloud.kube.context().unwrap_or_default();
            self.prove_cluster(&cloud, &mut proven, &kind).await;
        }
        self.compare_version(&cloud, &mut proven).await;
        if let Some(mix) = proven.doubt.take_if(|doubt| doubt.code == "ENDPOINTS-MIXED") {
            return Err(mix.into());
        }
        cloud.vouch.agree()?;
        proven.rehearsal = cloud.vouch.rehearsal();
        self.answers.target = TargetAnswers {
            profile: endpoints.profile,
            region: Some(proven.target.region.clone()).filter(|region| !region.is_empty()),
            cluster: Some(proven.target.cluster.clone()).filter(|cluster| !cluster.is_empty()),
            // A context of our own making is made anew, not looked for.
            context: Some(proven.context.clone()).filter(|context| {
                !context.is_empty() && !choice.build_kubeconfig && self.guide.guide.target.makes.is_none()
            }),
            namespace: Some(proven.target.namespace.clone()),
            build_kubeconfig: choice.build_kubeconfig,
        };
        self.proven = Some(proven.clone());
        Ok(proven)
    }

    async fn prove_aws(&self, cloud: &Cloud, choice: &TargetChoice, proven: &mut Proven) -> Result<(), Trouble> {
        let Some(region) = cloud.aws.region().await else {
            // The profile would have brought it.
            cloud.aws.profile_there().await?;
            return Err(Problem::new(
                "AWS-REGION",
                "no AWS region is chosen",
                "Choose one in Target, with --region, or\n$ export AWS_REGION=us-east-2",
            )
            .into());
        };
        region::nameable(&region)?;
        let asked = cloud.aws.sts().await?.get_caller_identity().send().await;
        let identity = asked.map_err(|error| region::doubted(error.into(), &region))?;
        let arn = identity.arn().unwrap_or_default();
        let mut parts = arn.splitn(6, ':');
        proven.target.partition = parts.nth(1).unwrap_or("aws").to_owned();
        proven.identity = identity_name(arn);
        proven.target.account = identity.account().unwrap_or_default().to_owned();
        proven.target.region = region;
        if let Some(provider) = cloud.aws.config().await.credentials_provider()
            && let Ok(credentials) = provider.provide_credentials().await
        {
            proven.expires = credentials.expiry().and_then(|expiry| Timestamp::try_from(expiry).ok());
        }
        let eks = cloud.aws.eks().await?;
        if let Some(suggested) = &self.guide.guide.target.makes {
            let cluster = choice.cluster.clone().unwrap_or_else(|| suggested.clone());
            proven.target.cluster_id = proven.target.arn("eks", &format!("cluster/{cluster}"));
            proven.target.cluster = cluster;
            return Ok(());
        }
        let cluster = match &choice.cluster {
            Some(cluster) => cluster.clone(),
            None => {
                let listed = eks.list_clusters().send().await?;
                match listed.clusters() {
                    [only] => only.clone(),
                    [] => {
                        return Err(Problem::new(
                            "EKS-NO-CLUSTER",
                            format!("there is no EKS cluster in {}", proven.target.region),
                            "Choose another region or account.",
                        )
                        .into());
                    }
                    several => {
                        return Err(Problem::new(
                            "EKS-CHOOSE",
                            "several clusters; choose one",
                            format!("Choose in Target, or with target.cluster in the answers: {}", several.join(", ")),
                        )
                        .into());
                    }
                }
            }
        };
        let described = eks.describe_cluster().name(&cluster).send().await.map_err(|error| {
            let trouble = Trouble::from(error);
            if trouble.is_not_found() {
                Problem::new(
                    "EKS-NOT-FOUND",
                    format!("there is no EKS cluster {cluster} in {}", proven.target.region),
                    format!(
                        "Check region and account. See what there is:\n$ aws eks list-clusters --region {}",
                        proven.target.region
                    ),
                )
                .why(region::doubt(&proven.target.region).map(|doubt| doubt.what).unwrap_or_default())
                .into()
            } else {
                trouble
            }
        })?;
        proven.target.cluster_id = described.cluster().and_then(|cluster| cluster.arn()).unwrap_or_default().to_owned();
        proven.target.cluster = cluster;
        Ok(())
    }

    /// A cluster that the guide makes: where it is there already, what EKS says of it leads there; where it is not, no other
    /// cluster may be taken for it.
    async fn reach_made(&self, cloud: &Cloud, proven: &mut Proven) {
        let (name, region) = (proven.target.cluster.clone(), &proven.target.region);
        match eks_kubeconfig_if_there(cloud, &name).await {
            Ok(Some(kubeconfig)) => {
                proven.context = kubeconfig.current_context.clone().unwrap_or_default();
                proven.proof = Some(format!("{name} is there: its address and authority are EKS's own"));
                cloud.kube.use_own(kubeconfig, &name);
            }
            Ok(None) => {
                proven.proof = Some(format!("{name} is not in {region} yet: it is made"));
                cloud.kube.not_yet(&name);
            }
            Err(trouble) => {
                proven.doubt = Some(trouble.problem());
                cloud.kube.not_yet(&name);
            }
        }
    }

    /// Asks for credentials again where these end before the plan's longest step might, so that the plan is made (and
    /// begun) with what lasts. True where they end at another time now.
    pub async fn renew_if_near(&mut self) -> bool {
        let Some(expires) = self.proven.as_ref().and_then(|proven| proven.expires) else { return false };
        let longest = self.resolve().ok().and_then(|plan| self.needs(&plan).longest_step).map_or(NEAR, |span| span.0);
        let near = SignedDuration::try_from(longest.max(NEAR)).unwrap_or_default();
        if expires.duration_since(self.cloud.clock().now()) > near {
            return false;
        }
        self.cloud.aws.renew();
        let Some(provider) = self.cloud.aws.config().await.credentials_provider() else { return false };
        // Whoever cannot renew them now is told by the plan's note, and asked once they have ended.
        let Ok(credentials) = provider.provide_credentials().await else { return false };
        let renewed = credentials.expiry().and_then(|expiry| Timestamp::try_from(expiry).ok());
        if let Some(proven) = &mut self.proven {
            proven.expires = renewed;
        }
        renewed != Some(expires)
    }

    /// What a kind gets before an install is bound: no vault, nobody listens.
    pub(super) fn preview(
        &self,
        cloud: &Arc<Cloud>,
        target: Target,
        task: landfall_core::plan::PlannedTask,
    ) -> Context {
        let (sender, _nobody) = tokio::sync::mpsc::unbounded_channel();
        let teller = self.teller(sender);
        let path = task.path.clone();
        Context {
            cloud: cloud.clone(),
            target: Arc::new(target),
            install: landfall_core::plan::InstallId::of("preview"),
            path: task.path,
            needs: Arc::new(Needs::default()),
            files: Arc::new(self.guide.folder.clone()),
            scope: Arc::default(),
            secrets: Arc::new(NoSecrets),
            tell: Arc::new(move |what| teller.tell(&path, what)),
            cancel: self.cancel.clone(),
            folder: std::path::PathBuf::new(),
        }
    }

    /// Compares the cluster's version with the one that the vendor's document was tested with.
    async fn compare_version(&self, cloud: &Cloud, proven: &mut Proven) {
        let Some(tested) = &self.guide.guide.source.tested_on.kubernetes else { return };
        if proven.proof.is_none() || proven.doubt.is_some() || self.guide.guide.target.makes.is_some() {
            return;
        }
        // A cluster that does not say is no reason to stop.
        let Ok(client) = cloud.kube.client().await else { return };
        proven.remark = kubernetes::server(&client).await.ok().and_then(|server| kubernetes::remark(&server, tested));
    }

    /// Asks the kind that compares context and cluster; its answer is the proof or the doubt.
    async fn prove_cluster(&self, cloud: &Arc<Cloud>, proven: &mut Proven, kind: &str) {
        if kind != "eks" {
            match cloud.kube.config(None).await {
                Ok(config) => {
                    let ca = config.root_cert.unwrap_or_default().concat();
                    proven.target.cluster_id =
                        landfall_core::plan::digest(&json!([config.cluster_url.to_string(), ca]));
                    proven.target.cluster.clone_from(&proven.context);
                    // It has to answer, and in doing so says whether it is simulated.
                    let answer = match cloud.kube.client().await {
                        Ok(client) => client.apiserver_version().await.map_err(Trouble::from),
                        Err(trouble) => Err(trouble),
                    };
                    match answer {
                        Ok(version) => {
                            proven.proof = Some(format!("context {}, {}", proven.context, version.git_version));
                        }
                        Err(trouble) => proven.doubt = Some(trouble.problem()),
                    }
                }
                Err(trouble) => proven.doubt = Some(trouble.problem()),
            }
            return;
        }
        let Some(check) = self.house.kinds.checks.get("kube.context") else { return };
        let cx = self.preview(cloud, proven.target.clone(), bare_task("context"));
        match check.run(&cx, &json!({})).await {
            Ok(Outcome::Pass { fact, .. }) => proven.proof = Some(fact),
            Ok(Outcome::Warn { problem }) => proven.proof = Some(problem.what),
            Ok(Outcome::Unknown { denied, ask }) => {
                proven.doubt =
                    Some(Problem::new("KUBE-CONTEXT-UNKNOWN", format!("{denied} was denied"), format!("Ask {ask}.")));
            }
            Ok(other) => proven.doubt = other.problem().cloned(),
            Err(trouble) => proven.doubt = Some(trouble.problem()),
        }
    }
}

/// `arn:aws:sts::123456789012:assumed-role/admin/session` → `role/admin`.
fn identity_name(arn: &str) -> String {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or(arn);
    match resource.strip_prefix("assumed-role/") {
        Some(rest) => format!("role/{}", rest.split('/').next().unwrap_or(rest)),
        None => resource.to_owned(),
    }
}

/// The proof of a target needs no secrets.
struct NoSecrets;

#[async_trait::async_trait]
impl crate::kind::Secrets for NoSecrets {
    async fn get(&self, _: &landfall_core::value::SecretRef) -> Result<Option<landfall_core::value::Plain>, Trouble> {
        Ok(None)
    }

    async fn put(&self, _: &landfall_core::value::SecretRef, _: landfall_core::value::Plain) -> Result<(), Trouble> {
        Ok(())
    }

    async fn forget(&self, _: &landfall_core::value::SecretRef) -> Result<(), Trouble> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assumed_role_is_shown_as_its_role() {
        assert_eq!(identity_name("arn:aws:sts::123456789012:assumed-role/admin/me@corp"), "role/admin");
        assert_eq!(identity_name("arn:aws:iam::123456789012:user/ops"), "user/ops");
    }
}
