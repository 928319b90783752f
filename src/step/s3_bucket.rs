//! `s3.bucket`: an encrypted bucket that nothing opens to the public.

use async_trait::async_trait;
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, PublicAccessBlockConfiguration,
    ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
    Tag, VersioningConfiguration,
};
use landfall_core::{
    event::{Difference, Found, Owner, Permissions, Problem},
    value::Late,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    cloud::{
        Trouble,
        look::{
            bucket::{self, Settings},
            marks,
            shell::{aws, fix},
        },
    },
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// Its name, one of a kind in all of AWS.
    name: String,
    /// ARN of a KMS key its objects are encrypted with by default; S3's own keys where left out.
    #[serde(default)]
    kms_key: Option<Late<String>>,
    /// Whether it keeps old versions of objects; left as it is where left out.
    #[serde(default)]
    versioning: Option<bool>,
}

/// What others read.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its region.
    pub region: String,
}

#[async_trait]
impl Step for Bucket {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        keeps_data: true,
        costs: Some("what lies in it by the gigabyte and month, its use by the request"),
        fixed: &["name"],
        ..StepAbout::new("s3.bucket", "S3-01", "makes an encrypted bucket, closed to the public")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let Some(settings) = bucket::settings(&cx.cloud, &self.name).await? else { return Ok(Found::absent()) };
        let owner = marks::owner(&cx.install, settings.tags.iter().map(|(key, value)| (&**key, &**value)));
        let outputs = Outputs {
            name: self.name.clone(),
            arn: arn(&cx.target.partition, &self.name),
            region: cx.target.region.clone(),
        };
        Ok(Found::there(outputs, self.differences(&settings), owner))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let s3 = cx.cloud.aws.s3().await?;
        let mut before = None;
        let settings = match bucket::settings(&cx.cloud, &self.name).await? {
            Some(settings) => {
                let tags = settings.tags.iter().map(|(key, value)| (&**key, &**value));
                if marks::owner(&cx.install, tags) != Owner::Ours {
                    before = Some(json!(settings));
                }
                settings
            }
            None => {
                let configuration = CreateBucketConfiguration::builder()
                    .set_location_constraint(constraint(&cx.target.region))
                    .set_tags(Some(tags(cx)?))
                    .build();
                let sent = s3
                    .create_bucket()
                    .bucket(&self.name)
                    .create_bucket_configuration(configuration)
                    .send()
                    .await
                    .map_err(|error| taken(error.into(), &self.name));
                let settings = bucket::settings(&cx.cloud, &self.name).await?.unwrap_or_default();
                let tags = settings.tags.iter().map(|(key, value)| (&**key, &**value));
                let ours = marks::owner(&cx.install, tags) == Owner::Ours;
                match sent {
                    // The answer was lost, and the call repeated.
                    Err(trouble) if ours && trouble.code() == Some("BucketAlreadyOwnedByYou") => {}
                    other => drop(other?),
                }
                settings
            }
        };
        let wanted: Vec<String> = self.differences(&settings).into_iter().map(|difference| difference.field).collect();
        let differs = |field: &str| wanted.iter().any(|name| name == field);
        if differs("encryption") {
            self.encrypt(cx, self.kms_key.as_ref().and_then(Late::known)).await?;
        }
        if differs("public access") {
            let closed = PublicAccessBlockConfiguration::builder()
                .block_public_acls(true)
                .ignore_public_acls(true)
                .block_public_policy(true)
                .restrict_public_buckets(true)
                .build();
            s3.put_public_access_block().bucket(&self.name).public_access_block_configuration(closed).send().await?;
        }
        if differs("versioning") {
            self.version(cx, self.versioning.unwrap_or_default()).await?;
        }
        Ok(Applied::Sent { before })
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let Some(settings) = bucket::settings(&cx.cloud, &self.name).await? else { return Ok(()) };
        let s3 = cx.cloud.aws.s3().await?;
        if let Some(before) = &made.before {
            return self.restore(cx, &settings, before).await;
        }
        let held = s3.list_objects_v2().bucket(&self.name).max_keys(1).send().await?;
        if held.key_count().unwrap_or_default() > 0 {
            return Err(self.not_empty(&cx.target.region).into());
        }
        match s3.delete_bucket().bucket(&self.name).send().await.map_err(Trouble::from) {
            Err(trouble) if trouble.code() == Some("BucketNotEmpty") => Err(self.not_empty(&cx.target.region).into()),
            other => other.map(drop),
        }
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        let region = &cx.target.region;
        let create = aws("s3api create-bucket").with("--bucket", &self.name).maybe(
            "--create-bucket-configuration",
            (region != "us-east-1").then(|| format!("LocationConstraint={region}")),
        );
        let mut commands = vec![create.region(region).to_string()];
        if let Some(key) = &self.kms_key {
            let rule = json!({ "Rules": [{ "ApplyServerSideEncryptionByDefault": { "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key.to_string() }, "BucketKeyEnabled": true }] });
            let encrypt = aws("s3api put-bucket-encryption")
                .with("--bucket", &self.name)
                .json("--server-side-encryption-configuration", &rule);
            commands.push(encrypt.region(region).to_string());
        }
        if let Some(versioning) = self.versioning {
            let status = if versioning { "Status=Enabled" } else { "Status=Suspended" };
            let version = aws("s3api put-bucket-versioning")
                .with("--bucket", &self.name)
                .with("--versioning-configuration", status);
            commands.push(version.region(region).to_string());
        }
        commands
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        format!("deletes the bucket {}, if nothing lies in it", self.name)
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        Permissions::default().iam(
            &arn(&cx.target.partition, &self.name),
            [
                "s3:CreateBucket",
                "s3:TagResource",
                "s3:ListBucket",
                "s3:GetBucketTagging",
                "s3:GetEncryptionConfiguration",
                "s3:PutEncryptionConfiguration",
                "s3:GetBucketPublicAccessBlock",
                "s3:PutBucketPublicAccessBlock",
                "s3:GetBucketVersioning",
                "s3:PutBucketVersioning",
                "s3:DeleteBucket",
            ],
        )
    }
}

impl Bucket {
    fn differences(&self, found: &Settings) -> Vec<Difference> {
        let differing = |field: &str, wanted: &str, found: String| Difference {
            field: field.into(),
            wanted: wanted.into(),
            found,
            fixed: false,
        };
        let mut differences = Vec::new();
        match self.kms_key.as_ref().map(Late::known) {
            Some(Some(key)) if found.kms_key.as_deref() != Some(key) => differences.push(differing(
                "encryption",
                key,
                found.kms_key.clone().unwrap_or_else(|| found.algorithm.clone().unwrap_or_else(|| "none".into())),
            )),
            None if found.algorithm.is_none() => differences.push(differing("encryption", "AES256", "none".into())),
            _ => {}
        }
        if !found.closed {
            differences.push(differing("public access", "blocked", "not wholly blocked".into()));
        }
        if let Some(wanted) = self.versioning
            && wanted != found.versioning
        {
            let word = |on: bool| if on { "on" } else { "off" };
            differences.push(differing("versioning", word(wanted), word(found.versioning).into()));
        }
        differences
    }

    async fn encrypt(&self, cx: &Context, key: Option<&String>) -> Result<(), Trouble> {
        let algorithm = if key.is_some() { ServerSideEncryption::AwsKms } else { ServerSideEncryption::Aes256 };
        let by_default = ServerSideEncryptionByDefault::builder()
            .sse_algorithm(algorithm)
            .set_kms_master_key_id(key.cloned())
            .build()
            .map_err(|error| Trouble::guide(error.to_string(), "Correct the bucket's encryption."))?;
        let rule = ServerSideEncryptionRule::builder()
            .apply_server_side_encryption_by_default(by_default)
            .bucket_key_enabled(key.is_some())
            .build();
        let configuration = ServerSideEncryptionConfiguration::builder()
            .rules(rule)
            .build()
            .map_err(|error| Trouble::guide(error.to_string(), "Correct the bucket's encryption."))?;
        let s3 = cx.cloud.aws.s3().await?;
        s3.put_bucket_encryption()
            .bucket(&self.name)
            .server_side_encryption_configuration(configuration)
            .send()
            .await?;
        Ok(())
    }

    async fn version(&self, cx: &Context, on: bool) -> Result<(), Trouble> {
        let status = if on { BucketVersioningStatus::Enabled } else { BucketVersioningStatus::Suspended };
        let configuration = VersioningConfiguration::builder().status(status).build();
        let s3 = cx.cloud.aws.s3().await?;
        s3.put_bucket_versioning().bucket(&self.name).versioning_configuration(configuration).send().await?;
        Ok(())
    }

    /// Puts back what was there, where our value still stands.
    async fn restore(&self, cx: &Context, found: &Settings, before: &Value) -> Result<(), Trouble> {
        let Ok(before) = serde_json::from_value::<Settings>(before.clone()) else { return Ok(()) };
        if let Some(Some(key)) = self.kms_key.as_ref().map(Late::known)
            && found.kms_key.as_ref() == Some(key)
            && before.kms_key.as_ref() != Some(key)
        {
            self.encrypt(cx, before.kms_key.as_ref()).await?;
        }
        if self.versioning == Some(found.versioning) && before.versioning != found.versioning {
            self.version(cx, before.versioning).await?;
        }
        if !before.closed {
            cx.say(format!("{} stays closed to the public", self.name));
        }
        Ok(())
    }

    fn not_empty(&self, region: &str) -> Problem {
        let look = aws("s3api list-objects-v2").with("--bucket", &self.name).with("--max-items", 10).region(region);
        Problem::new(
            "S3-NOT-EMPTY",
            format!("the bucket {} is not empty", self.name),
            fix("Empty it, old versions too, once nobody needs what lies in it; then undo again.", [look]),
        )
        .why("Landfall never deletes what somebody else put into a bucket.")
    }
}

/// A bucket's ARN, which names neither region nor account.
fn arn(partition: &str, name: &str) -> String {
    let partition = if partition.is_empty() { "aws" } else { partition };
    format!("arn:{partition}:s3:::{name}")
}

/// us-east-1 is the one region that must not be named: S3 API reference, CreateBucket.
fn constraint(region: &str) -> Option<BucketLocationConstraint> {
    (region != "us-east-1").then(|| BucketLocationConstraint::from(region))
}

fn tags(cx: &Context) -> Result<Vec<Tag>, Trouble> {
    cx.tags()
        .into_iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect::<Result<_, _>>()
        .map_err(|error| Trouble::guide(error.to_string(), "Correct the tags."))
}

fn taken(trouble: Trouble, name: &str) -> Trouble {
    if trouble.code() != Some("BucketAlreadyExists") {
        return trouble;
    }
    bucket::taken(name).into()
}
