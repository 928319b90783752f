//! `eks.identity_provider`: lets an EKS cluster accept the ID tokens of an OIDC issuer. One a cluster; it takes EKS some
//! fifteen minutes.

use async_trait::async_trait;
use aws_sdk_eks::types::{ConfigStatus, OidcIdentityProviderConfig, OidcIdentityProviderConfigRequest};
use landfall_core::{
    catalogue::Again,
    clock::Span,
    event::{Difference, Found, Owner, Permissions, Problem, Waiting},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    cloud::{
        Trouble,
        look::{identity_provider, marks, shell::aws},
    },
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityProvider {
    /// The cluster; the target's where left out.
    #[serde(default)]
    cluster: Option<String>,
    /// Name of the configuration.
    name: String,
    /// The issuer, exactly as its tokens name it.
    issuer: String,
    /// The client its tokens are for.
    client_id: String,
    /// The claim that is the user's name.
    username_claim: String,
    /// What is put before it.
    #[serde(default)]
    username_prefix: Option<String>,
    /// The claim that lists the groups.
    groups_claim: String,
    /// What is put before each.
    #[serde(default)]
    groups_prefix: Option<String>,
}

/// What others may read.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Its ARN.
    pub arn: String,
}

#[async_trait]
impl Step for IdentityProvider {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        again: Again::Token,
        fixed: &[
            "cluster",
            "name",
            "issuer",
            "client_id",
            "username_claim",
            "username_prefix",
            "groups_claim",
            "groups_prefix",
        ],
        interval: Span::seconds(20),
        deadline: Span::minutes(45),
        usual: Some("10 to 20 minutes"),
        ..StepAbout::new("eks.identity_provider", "EKS-14", "lets a cluster accept an OIDC issuer's tokens")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let found = identity_provider::find(&cx.cloud, self.cluster(&cx.target.cluster), &self.name).await?;
        Ok(found.map_or_else(Found::absent, |found| self.judged(cx, &found)))
    }

    async fn apply(&self, cx: &Context, token: &str) -> Result<Applied, Trouble> {
        let oidc = OidcIdentityProviderConfigRequest::builder()
            .identity_provider_config_name(&self.name)
            .issuer_url(&self.issuer)
            .client_id(&self.client_id)
            .username_claim(&self.username_claim)
            .set_username_prefix(filled(&self.username_prefix))
            .groups_claim(&self.groups_claim)
            .set_groups_prefix(filled(&self.groups_prefix))
            .build()
            .map_err(|error| Trouble::guide(error.to_string(), "Correct the guide."))?;
        let eks = cx.cloud.aws.eks().await?;
        eks.associate_identity_provider_config()
            .cluster_name(self.cluster(&cx.target.cluster))
            .oidc(oidc)
            .set_tags(Some(cx.tags().into_iter().collect()))
            .client_request_token(token)
            .send()
            .await?;
        Ok(Applied::made())
    }

    async fn undo(&self, cx: &Context, _made: &Made) -> Result<(), Trouble> {
        let eks = cx.cloud.aws.eks().await?;
        eks.disassociate_identity_provider_config()
            .cluster_name(self.cluster(&cx.target.cluster))
            .identity_provider_config(identity_provider::named(&self.name)?)
            .send()
            .await?;
        Ok(())
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        let mut oidc = vec![
            format!("identityProviderConfigName={}", self.name),
            format!("issuerUrl={}", self.issuer),
            format!("clientId={}", self.client_id),
            format!("usernameClaim={}", self.username_claim),
            format!("groupsClaim={}", self.groups_claim),
        ];
        oidc.extend(filled(&self.username_prefix).map(|prefix| format!("usernamePrefix={prefix}")));
        oidc.extend(filled(&self.groups_prefix).map(|prefix| format!("groupsPrefix={prefix}")));
        let command = aws("eks associate-identity-provider-config")
            .with("--cluster-name", self.cluster(&cx.target.cluster))
            .with("--oidc", oidc.join(","))
            .region(&cx.target.region);
        vec![command.to_string()]
    }

    fn undo_line(&self, cx: &PlanView<'_>) -> String {
        format!(
            "disassociates the identity provider {} from {}; nobody signs in by it any more",
            self.name,
            self.cluster(&cx.target.cluster)
        )
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let cluster = cx.target.arn("eks", &format!("cluster/{}", self.cluster(&cx.target.cluster)));
        Permissions::default().iam(&cluster, ["eks:AssociateIdentityProviderConfig", "eks:TagResource"]).iam(
            &cx.target.arn("eks", "identityproviderconfig/*"),
            ["eks:DescribeIdentityProviderConfig", "eks:DisassociateIdentityProviderConfig"],
        )
    }
}

impl IdentityProvider {
    fn cluster<'a>(&'a self, default: &'a str) -> &'a str {
        self.cluster.as_deref().unwrap_or(default)
    }

    fn judged(&self, cx: &Context, found: &OidcIdentityProviderConfig) -> Found<Outputs> {
        let tags = found.tags().into_iter().flatten();
        let owner = marks::owner(&cx.install, tags.map(|(key, value)| (key.as_str(), value.as_str())));
        match found.status() {
            Some(ConfigStatus::Active) => {}
            Some(status) => return Found::pending(Waiting::on(format!("EKS says {}", status.as_str())), owner),
            None => return Found::pending(Waiting::on("EKS says nothing of its status"), owner),
        }
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let pairs = [
            ("issuer", self.issuer.clone(), text(found.issuer_url())),
            ("client_id", self.client_id.clone(), text(found.client_id())),
            ("username_claim", self.username_claim.clone(), text(found.username_claim())),
            ("username_prefix", filled(&self.username_prefix).unwrap_or_default(), text(found.username_prefix())),
            ("groups_claim", self.groups_claim.clone(), text(found.groups_claim())),
            ("groups_prefix", filled(&self.groups_prefix).unwrap_or_default(), text(found.groups_prefix())),
        ];
        let differs = |(field, wanted, found): (&str, String, String)| {
            (wanted != found).then(|| Difference { field: field.into(), wanted, found, fixed: true })
        };
        let differences: Vec<Difference> = pairs.into_iter().filter_map(differs).collect();
        if !differences.is_empty() && owner != Owner::Ours {
            let lines: Vec<String> =
                differences.iter().map(|one| format!("{} is {}, not {}", one.field, one.found, one.wanted)).collect();
            let problem = Problem::new(
                "EKS-IDENTITY-PROVIDER-DIFFERS",
                format!("the identity provider {} is set up otherwise", self.name),
                "EKS changes none in place: disassociate it and start again, or answer as it is set up.",
            );
            return Found::broken(problem.why(lines.join("; ")), Vec::new(), owner);
        }
        Found::there(Outputs { arn: text(found.identity_provider_config_arn()) }, differences, owner)
    }
}

fn filled(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}
