//! `s3.bucket_policy`: statements in a bucket's policy; those that others wrote are left alone.

use async_trait::async_trait;
use landfall_core::{
    event::{Difference, Found, Owner, Permissions},
    value::Tree,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    cloud::{
        Trouble,
        look::{self, policy, shell::aws},
    },
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BucketPolicy {
    /// The bucket's name.
    bucket: String,
    /// A policy document. Each statement has a Sid, by which it is known in the bucket's policy.
    document: Tree,
}

/// Nothing that others need.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {}

#[async_trait]
impl Step for BucketPolicy {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        fixed: &["bucket"],
        ..StepAbout::new("s3.bucket_policy", "S3-02", "adds statements to a bucket's policy")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let Some(found) = self.find(cx).await? else { return Ok(Found::absent()) };
        let present = self.wanted()?.iter().filter(|(sid, _)| statement(&found, sid).is_some()).count();
        if present == 0 {
            return Ok(Found::absent());
        }
        let mut differences = Vec::new();
        if self.document.unknown().is_none() {
            for (sid, wanted) in self.wanted()? {
                let there = statement(&found, &sid).unwrap_or(&Value::Null);
                if !policy::same(&wanted, there) {
                    let shown = if there.is_null() { "none".into() } else { policy::short(there) };
                    differences.push(Difference {
                        field: sid,
                        wanted: policy::short(&wanted),
                        found: shown,
                        fixed: false,
                    });
                }
            }
        }
        // A policy carries no tags.
        Ok(Found::there(Outputs {}, differences, Owner::Unmarked))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let found = self.find(cx).await?;
        let wanted = self.wanted()?;
        let mut document = found.clone().unwrap_or_else(|| json!({ "Version": "2012-10-17", "Statement": [] }));
        let mut statements = statements(&document);
        let replaced: Vec<Value> =
            statements.iter().filter(|one| wanted.iter().any(|(sid, _)| one["Sid"] == **sid)).cloned().collect();
        statements.retain(|one| !wanted.iter().any(|(sid, _)| one["Sid"] == **sid));
        statements.extend(wanted.into_iter().map(|(_, statement)| statement));
        document["Statement"] = statements.into();
        self.put(cx, &document).await?;
        Ok(Applied::Sent { before: (!replaced.is_empty()).then(|| json!(replaced)) })
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let Some(mut document) = self.find(cx).await? else { return Ok(()) };
        let mut statements = statements(&document);
        for (sid, wanted) in self.wanted()? {
            if statement(&document, &sid).is_some_and(|there| !policy::same(&wanted, there)) {
                return Err(look::changed_since(&format!("statement {sid} of the policy of bucket {}", self.bucket)));
            }
            statements.retain(|one| one["Sid"] != *sid);
        }
        statements.extend(made.before.as_ref().and_then(Value::as_array).into_iter().flatten().cloned());
        if statements.is_empty() {
            let s3 = cx.cloud.aws.s3().await?;
            s3.delete_bucket_policy().bucket(&self.bucket).send().await?;
            return Ok(());
        }
        document["Statement"] = statements.into();
        self.put(cx, &document).await
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        let put =
            aws("s3api put-bucket-policy").with("--bucket", &self.bucket).json("--policy", &self.document.shown());
        vec![put.region(&cx.target.region).to_string()]
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        format!("takes its statements out of the policy of bucket {}", self.bucket)
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let partition = if cx.target.partition.is_empty() { "aws" } else { &cx.target.partition };
        Permissions::default().iam(
            &format!("arn:{partition}:s3:::{}", self.bucket),
            ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"],
        )
    }
}

impl BucketPolicy {
    /// Its statements by their Sid.
    fn wanted(&self) -> Result<Vec<(String, Value)>, Trouble> {
        let sid = |statement: Value| match statement["Sid"].as_str().filter(|sid| !sid.is_empty()) {
            Some(sid) => Ok((sid.to_owned(), statement)),
            None => Err(Trouble::guide(
                "a statement of s3.bucket_policy has no Sid",
                "Give each statement a Sid of letters and digits.",
            )),
        };
        statements(&self.document.0).into_iter().map(sid).collect()
    }

    async fn find(&self, cx: &Context) -> Result<Option<Value>, Trouble> {
        let s3 = cx.cloud.aws.s3().await?;
        let answer = look::maybe(s3.get_bucket_policy().bucket(&self.bucket).send().await)?;
        Ok(answer.and_then(|answer| serde_json::from_str(answer.policy()?).ok()))
    }

    async fn put(&self, cx: &Context, document: &Value) -> Result<(), Trouble> {
        let s3 = cx.cloud.aws.s3().await?;
        s3.put_bucket_policy().bucket(&self.bucket).policy(document.to_string()).send().await?;
        Ok(())
    }
}

fn statements(document: &Value) -> Vec<Value> {
    match &document["Statement"] {
        Value::Array(many) => many.clone(),
        one @ Value::Object(_) => vec![one.clone()],
        _ => Vec::new(),
    }
}

fn statement<'a>(document: &'a Value, sid: &str) -> Option<&'a Value> {
    match &document["Statement"] {
        Value::Array(many) => many.iter().find(|one| one["Sid"] == sid),
        one => (one["Sid"] == sid).then_some(one),
    }
}
