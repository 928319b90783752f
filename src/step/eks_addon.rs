//! `eks.addon`: an EKS add-on, with the role its pods take on.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_eks::types::{Addon as Described, AddonPodIdentityAssociations, AddonStatus, ResolveConflicts};
use landfall_core::{
    catalogue::Again,
    clock::Span,
    event::{Difference, Found, Owner, Permissions, Recovery, Waiting},
    value::{Late, Tree},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    cloud::{
        Trouble,
        look::{addon, marks, shell::aws},
    },
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Addon {
    /// Its name, e.g. `aws-ebs-csi-driver`.
    name: String,
    /// The cluster; the target's where left out.
    #[serde(default)]
    cluster: Option<String>,
    /// Its version; EKS' default for the cluster where left out.
    #[serde(default)]
    version: Option<String>,
    /// ARN of a role its service account assumes through the cluster's OIDC provider (IRSA).
    #[serde(default)]
    role: Option<Late<String>>,
    /// Roles by service account, taken on through EKS Pod Identity.
    #[serde(default)]
    pod_identity: BTreeMap<String, Late<String>>,
    /// Its settings.
    #[serde(default)]
    configuration: Option<Tree>,
    /// Whether what somebody else set is overwritten.
    #[serde(default)]
    overwrite: bool,
}

/// What others read.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
    /// Its version.
    pub version: String,
}

#[async_trait]
impl Step for Addon {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        again: Again::Token,
        fixed: &["name", "cluster"],
        interval: Span::seconds(5),
        deadline: Span::minutes(15),
        usual: Some("1 to 3 minutes"),
        ..StepAbout::new("eks.addon", "EKS-12", "adds an EKS add-on")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let Some(found) = addon::find(&cx.cloud, self.cluster(cx), &self.name).await? else {
            return Ok(Found::absent());
        };
        let owner = self.owner(&found, cx);
        let status = found.status().map_or("UNKNOWN", AddonStatus::as_str);
        match found.status() {
            Some(AddonStatus::Creating | AddonStatus::Updating | AddonStatus::Deleting) => {
                let waiting = Waiting { on: status.to_owned(), story: addon::issues(&found), ..Waiting::default() };
                Ok(Found::pending(waiting, owner))
            }
            Some(AddonStatus::Active) => {
                let outputs = Outputs {
                    arn: found.addon_arn().unwrap_or_default().to_owned(),
                    version: found.addon_version().unwrap_or_default().to_owned(),
                };
                let roles = addon::pod_identities(&cx.cloud, self.cluster(cx), &found).await?;
                Ok(Found::there(outputs, self.differences(&found, &roles), owner))
            }
            _ => {
                let ours = owner == Owner::Ours;
                let way = Recovery {
                    id: "again".into(),
                    does: format!("deletes the add-on {}, which is then made again", self.name),
                    loses: "its pods, until it is there again".into(),
                };
                let ways = if ours { vec![way] } else { Vec::new() };
                Ok(Found::broken(addon::down(&found, self.cluster(cx), &cx.target.region), ways, owner))
            }
        }
    }

    async fn apply(&self, cx: &Context, token: &str) -> Result<Applied, Trouble> {
        let eks = cx.cloud.aws.eks().await?;
        let conflicts = if self.overwrite { ResolveConflicts::Overwrite } else { ResolveConflicts::None };
        let configuration = self.configuration.as_ref().map(|tree| tree.0.to_string());
        let Some(found) = addon::find(&cx.cloud, self.cluster(cx), &self.name).await? else {
            eks.create_addon()
                .cluster_name(self.cluster(cx))
                .addon_name(&self.name)
                .set_addon_version(self.version.clone())
                .set_service_account_role_arn(self.role().cloned())
                .set_pod_identity_associations(self.associations())
                .set_configuration_values(configuration)
                .resolve_conflicts(conflicts)
                .set_tags(Some(cx.tags().into_iter().collect()))
                .client_request_token(token)
                .send()
                .await?;
            return Ok(Applied::made());
        };
        let roles = addon::pod_identities(&cx.cloud, self.cluster(cx), &found).await?;
        let before = json!({
            "version": found.addon_version(), "role": found.service_account_role_arn(),
            "pod_identity": roles, "configuration": found.configuration_values(),
        });
        eks.update_addon()
            .cluster_name(self.cluster(cx))
            .addon_name(&self.name)
            .set_addon_version(self.version.clone())
            .set_service_account_role_arn(self.role().cloned())
            .set_pod_identity_associations(self.associations())
            .set_configuration_values(configuration)
            .resolve_conflicts(conflicts)
            .client_request_token(token)
            .send()
            .await?;
        Ok(if self.owner(&found, cx) == Owner::Ours { Applied::made() } else { Applied::changed(before) })
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let Some(found) = addon::find(&cx.cloud, self.cluster(cx), &self.name).await? else { return Ok(()) };
        let eks = cx.cloud.aws.eks().await?;
        let Some(before) = &made.before else {
            if found.status() != Some(&AddonStatus::Deleting) {
                eks.delete_addon().cluster_name(self.cluster(cx)).addon_name(&self.name).send().await?;
            }
            return Ok(());
        };
        let roles = addon::pod_identities(&cx.cloud, self.cluster(cx), &found).await?;
        if !self.differences(&found, &roles).is_empty() {
            cx.say(format!("the add-on {} was changed since; it is left as it is", self.name));
            return Ok(());
        }
        let text = |name: &str| before[name].as_str().map(str::to_owned);
        let roles: BTreeMap<String, String> =
            serde_json::from_value(before["pod_identity"].clone()).unwrap_or_default();
        eks.update_addon()
            .cluster_name(self.cluster(cx))
            .addon_name(&self.name)
            .set_addon_version(text("version"))
            // An empty text takes the role away.
            .service_account_role_arn(text("role").unwrap_or_default())
            .set_pod_identity_associations((!self.pod_identity.is_empty()).then(|| associations(&roles)))
            .set_configuration_values(self.configuration.as_ref().map(|_| text("configuration").unwrap_or_default()))
            .resolve_conflicts(ResolveConflicts::Overwrite)
            .send()
            .await?;
        Ok(())
    }

    async fn recover(&self, cx: &Context, recovery: &str) -> Result<(), Trouble> {
        if recovery != "again" {
            let what = format!("eks.addon has no way out called {recovery}");
            return Err(Trouble::guide(what, "Choose one of those offered."));
        }
        let eks = cx.cloud.aws.eks().await?;
        eks.delete_addon().cluster_name(self.cluster(cx)).addon_name(&self.name).send().await?;
        Ok(())
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        let cluster = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        let identities =
            self.pod_identity.iter().map(|(account, role)| format!("serviceAccount={account},roleArn={role}"));
        let create = aws("eks create-addon")
            .with("--cluster-name", cluster)
            .with("--addon-name", &self.name)
            .maybe("--addon-version", self.version.as_ref())
            .maybe("--service-account-role-arn", self.role.as_ref())
            .list("--pod-identity-associations", identities)
            .maybe("--configuration-values", self.configuration.as_ref().map(Tree::shown));
        vec![create.region(&cx.target.region).to_string()]
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        format!("deletes the add-on {} and what it brought into the cluster", self.name)
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let cluster = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        let mut wanted =
            Permissions::default().iam(&cx.target.arn("eks", &format!("cluster/{cluster}")), ["eks:CreateAddon"]).iam(
                &cx.target.arn("eks", &format!("addon/{cluster}/{}/*", self.name)),
                ["eks:DescribeAddon", "eks:UpdateAddon", "eks:DeleteAddon", "eks:TagResource"],
            );
        if !self.pod_identity.is_empty() {
            wanted = wanted
                .iam(&cx.target.arn("eks", &format!("cluster/{cluster}")), ["eks:CreatePodIdentityAssociation"])
                .iam(
                    &cx.target.arn("eks", &format!("podidentityassociation/{cluster}/*")),
                    ["eks:DescribePodIdentityAssociation", "eks:DeletePodIdentityAssociation"],
                );
        }
        for role in self.role.iter().chain(self.pod_identity.values()) {
            let role = role.known().cloned().unwrap_or_else(|| cx.target.arn("iam", "role/*"));
            wanted = wanted.iam(&role, ["iam:PassRole", "iam:GetRole"]);
        }
        wanted
    }
}

impl Addon {
    fn cluster<'a>(&'a self, cx: &'a Context) -> &'a str {
        self.cluster.as_deref().unwrap_or(&cx.target.cluster)
    }

    fn role(&self) -> Option<&String> {
        self.role.as_ref().and_then(Late::known)
    }

    fn owner(&self, found: &Described, cx: &Context) -> Owner {
        let tags = found.tags().into_iter().flatten();
        marks::owner(&cx.install, tags.map(|(key, value)| (&**key, &**value)))
    }

    fn associations(&self) -> Option<Vec<AddonPodIdentityAssociations>> {
        let known: BTreeMap<String, String> = self
            .pod_identity
            .iter()
            .filter_map(|(account, role)| Some((account.clone(), role.known()?.clone())))
            .collect();
        (!known.is_empty()).then(|| associations(&known))
    }

    fn differences(&self, found: &Described, roles: &BTreeMap<String, String>) -> Vec<Difference> {
        let mut differences = Vec::new();
        let mut differing = |field: String, wanted: &str, found: Option<&str>| {
            if found != Some(wanted) {
                differences.push(Difference {
                    field,
                    wanted: wanted.into(),
                    found: found.unwrap_or("none").into(),
                    fixed: false,
                });
            }
        };
        if let Some(version) = &self.version {
            differing("version".into(), version, found.addon_version());
        }
        if let Some(role) = self.role() {
            differing("role".into(), role, found.service_account_role_arn());
        }
        for (account, role) in &self.pod_identity {
            if let Some(role) = role.known() {
                differing(format!("pod_identity.{account}"), role, roles.get(account).map(String::as_str));
            }
        }
        if let Some(wanted) = self.configuration.as_ref().filter(|tree| tree.unknown().is_none()) {
            let there = found.configuration_values().unwrap_or_default();
            // EKS keeps the text as it was sent: YAML, of which JSON is a part.
            let read: Value = serde_yaml::from_str(there).unwrap_or_default();
            if read != wanted.0 {
                differing("configuration".into(), &wanted.0.to_string(), Some(there));
            }
        }
        differences
    }
}

fn associations(roles: &BTreeMap<String, String>) -> Vec<AddonPodIdentityAssociations> {
    roles
        .iter()
        .filter_map(|(account, role)| {
            AddonPodIdentityAssociations::builder().service_account(account).role_arn(role).build().ok()
        })
        .collect()
}
