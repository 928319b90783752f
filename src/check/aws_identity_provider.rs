//! `aws.identity_provider`: can, or does, an EKS cluster let in people whom an OIDC issuer knows?

use async_trait::async_trait;
use aws_sdk_eks::types::ConfigStatus;
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
    value::SecretText,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        look::{
            identity_provider,
            shell::{aws, fix},
        },
        net::{Chain, host_of},
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// Whether the cluster has room for an OIDC provider (EKS allows one), and whether EKS will trust the issuer's
/// certificate; afterwards, whether it is active. Nobody can sign in through it before.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityProvider {
    /// The cluster; the target's where left out.
    #[serde(default)]
    cluster: Option<String>,
    /// Name of the configuration.
    name: String,
    /// The issuer.
    issuer: String,
    /// The issuer's certificate with its intermediates (PEM), before it can be seen live.
    #[serde(default)]
    certificate: Option<SecretText>,
    /// Whether its certificate comes from an authority of one's own, which EKS never trusts.
    #[serde(default)]
    own_authority: bool,
    /// Whether it must be associated and active.
    #[serde(default)]
    active: bool,
}

#[async_trait]
impl Check for IdentityProvider {
    const ABOUT: CheckAbout = CheckAbout {
        name: "aws.identity_provider",
        code: "EKS-05",
        about: "an EKS cluster and an OIDC issuer fit together",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] =
        &["EKS-IDENTITY-PROVIDER-OTHER", "EKS-IDENTITY-PROVIDER-WAITING", "EKS-ISSUER-UNTRUSTED"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let cluster = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        if self.active {
            let found = identity_provider::find(&cx.cloud, cluster, &self.name).await?;
            return Ok(match found.as_ref().and_then(|found| found.status()) {
                Some(ConfigStatus::Active) => Outcome::pass(format!("{} is ACTIVE on {cluster}", self.name)),
                status => {
                    let status = status.map_or("not there", |status| status.as_str()).to_owned();
                    let problem = Problem::new(
                        "EKS-IDENTITY-PROVIDER-WAITING",
                        format!("the identity provider {} is {status}", self.name),
                        "EKS needs 15 minutes or so to associate it.",
                    );
                    Outcome::NotYet { problem }
                }
            });
        }
        let others = identity_provider::all(&cx.cloud, cluster).await?;
        if let Some(other) = others.iter().find(|other| **other != self.name) {
            let region = cx.cloud.aws.region().await.unwrap_or_default();
            let disassociate = aws("eks disassociate-identity-provider-config")
                .with("--cluster-name", cluster)
                .with("--identity-provider-config", format!("type=oidc,name={other}"))
                .region(&region);
            let problem = Problem::new(
                "EKS-IDENTITY-PROVIDER-OTHER",
                format!("{cluster} has the identity provider {other} already, and EKS allows one"),
                fix("Use that one's issuer, or take it away if nobody signs in by it any more.", [disassociate]),
            );
            return Ok(Outcome::Fail { problem });
        }
        if self.own_authority {
            return Ok(Outcome::Fail { problem: self.untrusted("An authority of one's own signs it.") });
        }
        let Some(certificate) = &self.certificate else {
            return Ok(Outcome::pass(format!("{cluster} has room for an identity provider")));
        };
        let host = host_of(&self.issuer, "").map(|host| host.host).unwrap_or_default();
        let chain = cx.cloud.net.judge(cx.reveal(certificate).await?.reveal().as_bytes(), &host)?;
        Ok(match distrust(&chain) {
            Some(why) => Outcome::Fail { problem: self.untrusted(&why) },
            None => Outcome::pass(format!("{cluster} has room for it, and its certificate is publicly trusted")),
        })
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let cluster = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        let arn = cx.target.arn("eks", &format!("cluster/{cluster}"));
        Permissions::default()
            .iam(&arn, ["eks:ListIdentityProviderConfigs"])
            .iam(&cx.target.arn("eks", "identityproviderconfig/*"), ["eks:DescribeIdentityProviderConfig"])
    }
}

impl IdentityProvider {
    fn untrusted(&self, why: &str) -> Problem {
        Problem::new(
            "EKS-ISSUER-UNTRUSTED",
            format!("EKS would not trust the certificate of {}", self.issuer),
            "Have a publicly trusted authority issue the issuer's certificate. EKS takes no CA file; only an API server of your own does (--oidc-ca-file).",
        )
        .why(why)
    }
}

fn distrust(chain: &Chain) -> Option<String> {
    let own = chain.certificates.first()?;
    if own.self_signed {
        return Some("It is self-signed.".into());
    }
    chain.untrusted.as_ref().map(|why| format!("It is from {}: {why}", own.issuer))
}
