//! `s3.bucket`: is a bucket there, in this region, encrypted and closed to the public?

use async_trait::async_trait;
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
            bucket::{self, Settings},
            shell::{aws, fix},
        },
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// The bucket: whether it is there, in this region, encrypted, and closed to the public. The product's data will lie in
/// it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// Its name.
    name: String,
    /// Whether its absence is as it should be, because a step makes it; then only a name that is taken fails.
    #[serde(default)]
    may_be_absent: bool,
}

#[async_trait]
impl Check for Bucket {
    const ABOUT: CheckAbout = CheckAbout {
        name: "s3.bucket",
        code: "S3-03",
        about: "a bucket, encrypted and closed to the public",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &["S3-MISSING", "S3-NOT-ENCRYPTED", "S3-PUBLIC"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        Ok(match bucket::settings(&cx.cloud, &self.name).await? {
            Some(settings) => self.judge(&settings, &cx.target.region),
            None if self.may_be_absent => Outcome::pass("the name is free"),
            None => Outcome::Fail { problem: self.missing(&cx.target.region) },
        })
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let partition = if cx.target.partition.is_empty() { "aws" } else { &cx.target.partition };
        Permissions::default().iam(
            &format!("arn:{partition}:s3:::{}", self.name),
            [
                "s3:ListBucket",
                "s3:GetBucketTagging",
                "s3:GetEncryptionConfiguration",
                "s3:GetBucketPublicAccessBlock",
                "s3:GetBucketVersioning",
            ],
        )
    }
}

impl Bucket {
    fn judge(&self, found: &Settings, region: &str) -> Outcome {
        let name = &self.name;
        if !found.closed {
            let block = aws("s3api put-public-access-block").with("--bucket", name).with(
                "--public-access-block-configuration",
                "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true",
            );
            let problem = Problem::new(
                "S3-PUBLIC",
                format!("nothing keeps the bucket {name} from being made public"),
                fix("Close it, unless it serves the public on purpose.", [block.region(region)]),
            );
            return Outcome::Warn { problem: problem.why("Not all four settings of its public access block are on.") };
        }
        let Some(algorithm) = &found.algorithm else {
            let problem = Problem::new(
                "S3-NOT-ENCRYPTED",
                format!("the bucket {name} encrypts nothing by default"),
                "Turn default encryption on.",
            );
            return Outcome::Warn { problem };
        };
        let key = found.kms_key.as_deref().map_or_else(String::new, |key| format!(" with {key}"));
        Outcome::pass(format!("{name}: {algorithm}{key}, closed to the public"))
    }

    fn missing(&self, region: &str) -> Problem {
        let list = aws("s3api list-buckets").with("--bucket-region", region);
        Problem::new(
            "S3-MISSING",
            format!("there is no bucket {}", self.name),
            fix("Choose one that is there, or have it made.", [list.region(region)]),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_bucket_is_warned_of() {
        let check = Bucket { name: "data".into(), may_be_absent: false };
        let closed = Settings { algorithm: Some("AES256".into()), closed: true, ..Settings::default() };
        assert!(matches!(check.judge(&closed, "us-east-2"), Outcome::Pass { .. }));
        let open = Settings { closed: false, ..closed.clone() };
        assert_eq!(check.judge(&open, "us-east-2").problem().unwrap().code, "S3-PUBLIC");
        let plain = Settings { algorithm: None, ..closed };
        assert_eq!(check.judge(&plain, "us-east-2").problem().unwrap().code, "S3-NOT-ENCRYPTED");
    }
}
