//! Buckets. Their names are one of a kind in the whole world, and each lives in one region.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::aws::{
    ask::{Ask, page},
    error::AwsError,
    service::Asked,
    setup::BucketSetup,
    state::State,
};

/// A bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Name.
    pub name: String,
    /// Where it lives.
    pub region: String,
    /// Whether it belongs to another account.
    pub foreign: bool,
    /// When it was made.
    pub created: Timestamp,
    /// How its objects are encrypted by default.
    pub encryption: Value,
    /// What is closed to the public; none where it was taken away.
    pub block: Option<Value>,
    /// `Enabled` or `Suspended`, once it was set.
    pub versioning: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Its policy.
    pub policy: Option<Value>,
    /// Keys of what lies in it.
    pub objects: Vec<String>,
}

impl Bucket {
    /// A new one, as S3 makes them since 2023: encrypted with its own keys and closed to the public.
    pub fn new(name: &str, region: &str, created: Timestamp) -> Self {
        let rule =
            json!({ "ApplyServerSideEncryptionByDefault": { "SSEAlgorithm": "AES256" }, "BucketKeyEnabled": false });
        Self {
            name: name.to_owned(),
            region: region.to_owned(),
            foreign: false,
            created,
            encryption: json!({ "Rules": [rule] }),
            block: Some(json!({
                "BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true,
            })),
            versioning: None,
            tags: BTreeMap::new(),
            policy: None,
            objects: Vec::new(),
        }
    }

    /// As the scenario has it.
    pub fn of(setup: &BucketSetup, region: &str, start: Timestamp) -> Self {
        let made = Self::new(
            &setup.name,
            setup.region.as_deref().unwrap_or(region),
            start - SignedDuration::from_hours(24 * 90),
        );
        Self {
            foreign: setup.foreign,
            versioning: setup.versioning.clone(),
            tags: setup.tags.clone(),
            policy: setup.policy.clone(),
            objects: setup.objects.clone(),
            block: if setup.open { None } else { made.block.clone() },
            ..made
        }
    }
}

/// The bucket a request means, for its owner and in its region.
pub fn find<'a>(state: &'a mut State, input: &Value, asked: &Asked) -> Result<&'a mut Bucket, AwsError> {
    let name = input.text("Bucket");
    let missing = || AwsError::new(404, "NoSuchBucket", "The specified bucket does not exist");
    let bucket = state.buckets.get_mut(name).ok_or_else(missing)?;
    if bucket.foreign {
        return Err(AwsError::new(403, "AccessDenied", "Access Denied"));
    }
    if bucket.region != asked.region {
        let message = "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.";
        return Err(AwsError::new(301, "PermanentRedirect", message).with("x-amz-bucket-region", bucket.region.clone()));
    }
    Ok(bucket)
}

/// ListBuckets.
pub fn list(state: &mut State, input: &Value, _: &Asked) -> Result<Value, AwsError> {
    let prefix = input.text("Prefix");
    let own: Vec<Value> = state
        .buckets
        .values()
        .filter(|bucket| !bucket.foreign && bucket.name.starts_with(prefix))
        .map(|bucket| {
            json!({ "Name": bucket.name, "CreationDate": bucket.created.to_string(), "BucketRegion": bucket.region })
        })
        .collect();
    let (page, next) = page(own, input.whole("MaxBuckets"), input.maybe("ContinuationToken"))?;
    Ok(json!({ "Buckets": page, "ContinuationToken": next }))
}

/// CreateBucket.
pub fn create(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let name = input.text("Bucket").to_owned();
    if !valid(&name) {
        return Err(AwsError::bad("InvalidBucketName", "The specified bucket is not valid."));
    }
    let wanted = input.part("CreateBucketConfiguration");
    let constraint = wanted.and_then(|wanted| wanted.maybe("LocationConstraint"));
    let illegal = |which: &str| {
        let message = format!(
            "The {which} location constraint is incompatible for the region specific endpoint this request was sent to."
        );
        Err(AwsError::bad("IllegalLocationConstraintException", message))
    };
    match constraint {
        None if asked.region != "us-east-1" => return illegal("unspecified"),
        Some("us-east-1") => {
            return Err(AwsError::bad("InvalidLocationConstraint", "The specified location-constraint is not valid"));
        }
        Some(other) if other != asked.region => return illegal(other),
        _ => {}
    }
    if let Some(known) = state.buckets.get(&name) {
        return Err(if known.foreign {
            let message = "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.";
            AwsError::new(409, "BucketAlreadyExists", message)
        } else {
            let message = "Your previous request to create the named bucket succeeded and you already own it.";
            AwsError::new(409, "BucketAlreadyOwnedByYou", message)
        });
    }
    let mut bucket = Bucket::new(&name, &asked.region, asked.now);
    bucket.tags = super::settings::tag_map(wanted.map(|wanted| wanted.list("Tags")).unwrap_or_default());
    state.buckets.insert(name.clone(), bucket);
    Ok(json!({ "Location": format!("http://{name}.s3.amazonaws.com/") }))
}

/// Letters, digits, dots and hyphens, 3 to 63 of them, beginning and ending with a letter or digit. S3 User Guide, "Bucket naming rules".
fn valid(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.chars().all(|c| plain(c) || c == '-' || c == '.')
        && name.starts_with(plain)
        && name.ends_with(plain)
        && !name.contains("..")
}

/// HeadBucket. Its refusals have no body.
pub fn head(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let bucket = find(state, input, asked)?;
    Ok(json!({ "BucketRegion": bucket.region, "AccessPointAlias": false }))
}

/// DeleteBucket.
pub fn delete(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let bucket = find(state, input, asked)?;
    if !bucket.objects.is_empty() {
        return Err(AwsError::new(409, "BucketNotEmpty", "The bucket you tried to delete is not empty"));
    }
    let name = bucket.name.clone();
    state.buckets.remove(&name);
    Ok(json!({}))
}

/// GetBucketLocation. A bucket in us-east-1 has none.
pub fn location(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let bucket = find(state, input, asked)?;
    Ok(if bucket.region == "us-east-1" { json!({}) } else { json!({ "LocationConstraint": bucket.region }) })
}

/// ListObjectsV2.
pub fn objects(state: &mut State, input: &Value, asked: &Asked) -> Result<Value, AwsError> {
    let bucket = find(state, input, asked)?;
    let prefix = input.text("Prefix");
    let created = bucket.created.to_string();
    let all: Vec<Value> = bucket
        .objects
        .iter()
        .filter(|key| key.starts_with(prefix))
        .map(|key| json!({ "Key": key, "Size": 1, "LastModified": created, "StorageClass": "STANDARD" }))
        .collect();
    let most = input.whole("MaxKeys").unwrap_or(1000);
    let (page, next) = page(all, Some(most), input.maybe("ContinuationToken"))?;
    Ok(json!({
        "Name": bucket.name, "Prefix": prefix, "MaxKeys": most, "KeyCount": page.len(), "IsTruncated": next.is_some(),
        "NextContinuationToken": next, "Contents": page,
    }))
}
