//! What is set on a bucket, and whose is it?

use std::collections::BTreeMap;

use aws_sdk_s3::types::BucketVersioningStatus;
use landfall_core::event::Problem;
use serde::{Deserialize, Serialize};

use super::maybe;
use crate::cloud::{Cloud, Trouble};

/// What kinds compare, and what undo restores.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// `AES256`, `aws:kms` …; none where nothing is encrypted by default.
    pub algorithm: Option<String>,
    /// The KMS key of its default encryption.
    pub kms_key: Option<String>,
    /// Whether all four settings close it to the public.
    pub closed: bool,
    /// Whether it keeps versions.
    pub versioning: bool,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// The bucket's settings; none where there is no such bucket.
pub async fn settings(cloud: &Cloud, name: &str) -> Result<Option<Settings>, Trouble> {
    let s3 = cloud.aws.s3().await?;
    match s3.head_bucket().bucket(name).send().await {
        Ok(_) => {}
        Err(error) => {
            // HeadBucket answers without a body: its status is all there is.
            let status = error.raw_response().map(|response| response.status().as_u16());
            let region = error
                .raw_response()
                .and_then(|response| response.headers().get("x-amz-bucket-region"))
                .map(str::to_owned);
            match status {
                Some(404) => return Ok(None),
                Some(301) => return Err(elsewhere(name, region.as_deref()).into()),
                // A session that ended and a bucket of somebody else look alike; the same question with a body in its answer, for
                // which the same permission is needed, tells them apart.
                Some(400 | 403) => {
                    match s3.list_objects_v2().bucket(name).max_keys(0).send().await.map_err(Trouble::from) {
                        Ok(_) => {}
                        Err(Trouble::Denied { .. }) => return Err(taken(name).into()),
                        Err(trouble)
                            if matches!(trouble.code(), Some("PermanentRedirect" | "AuthorizationHeaderMalformed")) =>
                        {
                            return Err(elsewhere(name, region.as_deref()).into());
                        }
                        Err(trouble) => return Err(trouble),
                    }
                }
                _ => return Err(error.into()),
            }
        }
    }
    let encryption = s3.get_bucket_encryption().bucket(name).send().await.map_err(Trouble::from);
    let encryption = match encryption {
        Err(trouble) if trouble.code() == Some("ServerSideEncryptionConfigurationNotFoundError") => None,
        other => Some(other?),
    };
    let by_default = encryption
        .as_ref()
        .and_then(|answer| answer.server_side_encryption_configuration()?.rules().first())
        .and_then(|rule| rule.apply_server_side_encryption_by_default());
    let block = maybe(s3.get_public_access_block().bucket(name).send().await)?;
    let closed = block.as_ref().and_then(|answer| answer.public_access_block_configuration()).is_some_and(|block| {
        [
            block.block_public_acls(),
            block.ignore_public_acls(),
            block.block_public_policy(),
            block.restrict_public_buckets(),
        ]
        .iter()
        .all(|set| *set == Some(true))
    });
    let versioning = s3.get_bucket_versioning().bucket(name).send().await?;
    let tags = maybe(s3.get_bucket_tagging().bucket(name).send().await)?;
    let tags = tags.iter().flat_map(|answer| answer.tag_set());
    Ok(Some(Settings {
        algorithm: by_default.map(|by_default| by_default.sse_algorithm().as_str().to_owned()),
        kms_key: by_default.and_then(|by_default| by_default.kms_master_key_id()).map(str::to_owned),
        closed,
        versioning: versioning.status() == Some(&BucketVersioningStatus::Enabled),
        tags: tags.map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect(),
    }))
}

/// Somebody else has the name, or we may not look.
pub fn taken(name: &str) -> Problem {
    Problem::new(
        "S3-NAME-TAKEN",
        format!("the bucket name {name} belongs to somebody else, or you may not look at it"),
        "Choose another name in Inputs; or, if the bucket is yours, ask for s3:ListBucket on it.",
    )
    .why("Bucket names are one of a kind in all of AWS.")
}

/// It lives in another region.
pub fn elsewhere(name: &str, region: Option<&str>) -> Problem {
    let region = region.unwrap_or("another region");
    Problem::new(
        "S3-OTHER-REGION",
        format!("the bucket {name} is in {region}"),
        "Choose a bucket in the cluster's region, or another name for a new one.",
    )
    .why("Traffic to another region costs money and time, and a gateway endpoint does not carry it.")
}
