//! `ses.identity`: may mail be sent from this address, and to everybody?

use async_trait::async_trait;
use aws_sdk_sesv2::config::{Builder, Region};
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        look::{
            self,
            shell::{aws, fix},
        },
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// The sender's identity in SES, and whether the account is still in the sandbox. From there mail goes only to
/// addresses that were confirmed one by one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SesIdentity {
    /// The address mail is sent from, or its domain.
    identity: String,
    /// Where it is set up; the target's region where left out.
    #[serde(default)]
    region: Option<String>,
}

#[async_trait]
impl Check for SesIdentity {
    const ABOUT: CheckAbout = CheckAbout {
        name: "ses.identity",
        code: "SES-01",
        about: "mail may be sent from an address, and to everybody",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] =
        &["SES-IDENTITY-MISSING", "SES-NOT-VERIFIED", "SES-PAUSED", "SES-SANDBOX"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let region = self.region.as_deref().unwrap_or(&cx.target.region);
        let ses = cx.cloud.aws.sesv2().await?;
        let there = || Builder::default().region(Region::new(region.to_owned()));
        let mut pending = None;
        let mut verified = None;
        for name in covering(&self.identity) {
            let call = ses.get_email_identity().email_identity(&name).customize().config_override(there()).send().await;
            match look::maybe(call)? {
                Some(found) if found.verified_for_sending_status() => {
                    verified = Some(name);
                    break;
                }
                Some(_) => pending = pending.or(Some(name)),
                None => {}
            }
        }
        let Some(name) = verified else {
            let problem = pending.map_or_else(|| self.missing(region), |name| unverified(&name, region));
            return Ok(Outcome::Fail { problem });
        };
        let account = ses.get_account().customize().config_override(there()).send().await?;
        if !account.sending_enabled() {
            return Ok(Outcome::Fail { problem: paused(region) });
        }
        if !account.production_access_enabled() {
            return Ok(Outcome::Fail { problem: sandboxed(region) });
        }
        let most = account.send_quota().map_or(0.0, |quota| quota.max24_hour_send());
        Ok(Outcome::pass(format!("{name} is verified in {region}, out of the sandbox, {most:.0} mails a day")))
    }

    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        Permissions::default().iam("*", ["ses:GetEmailIdentity", "ses:GetAccount"])
    }
}

/// The address itself, its domain and the domains above: any of them verified will do.
fn covering(identity: &str) -> Vec<String> {
    let mut names = vec![identity.to_owned()];
    let mut domain = identity.split_once('@').map_or(identity, |(_, domain)| domain);
    if domain != identity {
        names.push(domain.to_owned());
    }
    while let Some((_, above)) = domain.split_once('.').filter(|(_, above)| above.contains('.')) {
        names.push(above.to_owned());
        domain = above;
    }
    names
}

impl SesIdentity {
    fn missing(&self, region: &str) -> Problem {
        let list = aws("sesv2 list-email-identities").region(region);
        Problem::new(
            "SES-IDENTITY-MISSING",
            format!("SES in {region} knows neither {} nor a domain above it", self.identity),
            fix(
                "Have the domain verified there, or choose the region where it is: identities belong to one region.",
                [list],
            ),
        )
    }
}

fn unverified(name: &str, region: &str) -> Problem {
    let look = aws("sesv2 get-email-identity").with("--email-identity", name).region(region);
    Problem::new(
        "SES-NOT-VERIFIED",
        format!("{name} is not verified in {region}"),
        fix(
            "Publish the DKIM records SES names for a domain, or open the link in the mail SES sent to an address.",
            [look],
        ),
    )
    .why("Until then SES refuses every mail from it. DNS may take up to 72 hours.")
}

fn sandboxed(region: &str) -> Problem {
    let ask = aws("sesv2 put-account-details")
        .with("--mail-type", "TRANSACTIONAL")
        .with("--website-url", "https://YOUR-SITE")
        .shell("--production-access-enabled", "")
        .region(region);
    Problem::new(
        "SES-SANDBOX",
        format!("the account is in the SES sandbox in {region}"),
        fix("Ask AWS for production access; that usually takes a day.", [ask]),
    )
    .why("In the sandbox mail goes to verified addresses only, 200 a day.")
}

fn paused(region: &str) -> Problem {
    let look = aws("sesv2 get-account").region(region);
    Problem::new(
        "SES-PAUSED",
        format!("sending is paused for the account in {region}"),
        fix("Ask AWS support why, and have it turned on again.", [look]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_covered_by_its_domains() {
        let names = covering("alerts@ml.example.com");
        assert_eq!(names, ["alerts@ml.example.com", "ml.example.com", "example.com"]);
        assert_eq!(covering("example.com"), ["example.com"]);
    }
}
