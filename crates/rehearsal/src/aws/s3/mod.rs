//! S3: buckets and what is set on them; what lies in them only as far as a bucket that is not empty is refused.

pub mod bucket;
mod policy;
mod settings;

use super::service::Operation;

pub use bucket::Bucket;

/// The operations of this service.
pub const OPERATIONS: &[(&str, Operation)] = &[
    ("ListBuckets", bucket::list),
    ("CreateBucket", bucket::create),
    ("HeadBucket", bucket::head),
    ("DeleteBucket", bucket::delete),
    ("GetBucketLocation", bucket::location),
    ("ListObjectsV2", bucket::objects),
    ("PutBucketEncryption", settings::put_encryption),
    ("GetBucketEncryption", settings::encryption),
    ("PutPublicAccessBlock", settings::put_block),
    ("GetPublicAccessBlock", settings::block),
    ("DeletePublicAccessBlock", settings::delete_block),
    ("PutBucketVersioning", settings::put_versioning),
    ("GetBucketVersioning", settings::versioning),
    ("PutBucketTagging", settings::put_tags),
    ("GetBucketTagging", settings::tags),
    ("DeleteBucketTagging", settings::delete_tags),
    ("PutBucketPolicy", policy::put),
    ("GetBucketPolicy", policy::get),
    ("DeleteBucketPolicy", policy::delete),
];

/// What IAM calls the action behind an operation; most are called the same.
pub fn action(operation: &str) -> &str {
    match operation {
        "ListBuckets" => "ListAllMyBuckets",
        "HeadBucket" | "ListObjectsV2" => "ListBucket",
        "PutBucketEncryption" => "PutEncryptionConfiguration",
        "GetBucketEncryption" => "GetEncryptionConfiguration",
        "PutPublicAccessBlock" | "DeletePublicAccessBlock" => "PutBucketPublicAccessBlock",
        "GetPublicAccessBlock" => "GetBucketPublicAccessBlock",
        "DeleteBucketTagging" => "PutBucketTagging",
        other => other,
    }
}
