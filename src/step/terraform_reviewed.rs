//! `terraform.reviewed`: was a plan that another run (a pipeline) saved read by a person, and agreed to? Nothing is run here:
//! who made the plan applies it.

use std::path::PathBuf;

use async_trait::async_trait;
use landfall_core::{
    catalogue::Again,
    event::{Found, Owner, Problem, Question},
    value::Late,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    cloud::{Trouble, keep_private, terraform::Reviewed, written},
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TerraformReviewed {
    /// The file: what `show -json` says of a saved plan.
    plan: PathBuf,
    /// `terraform` or `tofu`, for words.
    #[serde(default = "usual")]
    tool: String,
    /// Digests of the files it is made of.
    #[serde(default)]
    made_of: Vec<Late<String>>,
}

fn usual() -> String {
    "terraform".into()
}

/// What others may read.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Digest of the plan that was agreed to.
    pub digest: String,
}

#[async_trait]
impl Step for TerraformReviewed {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        again: Again::Upsert,
        ..StepAbout::new("terraform.reviewed", "TF-13", "a plan of another run, agreed to")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let agreed = written::read(&agreed(cx))?;
        let there = match self.made_of.iter().all(|digest| digest.known().is_some()) {
            true => written::read(&self.plan)?.map(|text| written::digest(&text)),
            false => None,
        };
        Ok(match (agreed, there) {
            (Some(agreed), Some(there)) if agreed != there => Found::absent(),
            // Whoever applied it may have removed it since.
            (Some(digest), _) => Found::there(Outputs { digest }, Vec::new(), Owner::Ours),
            (None, _) => Found::absent(),
        })
    }

    async fn approval(&self, cx: &Context) -> Result<Option<Question>, Trouble> {
        let (digest, reviewed) = self.read()?;
        keep_private(&asked(cx), digest.as_bytes())?;
        Ok(Some(reviewed.question(&self.tool, "agree")))
    }

    async fn declined(&self, cx: &Context) {
        let _ = written::remove(&asked(cx));
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let (digest, reviewed) = self.read()?;
        if written::read(&asked(cx))?.as_ref() != Some(&digest) {
            return Err(Problem::new(
                "TF-PLAN-REPLACED",
                format!("{} is not the plan that was shown", self.plan.display()),
                "Start again: the plan that is there now is shown and asked for.",
            )
            .why("It was written anew between the question and the answer.")
            .into());
        }
        for line in reviewed.text().lines() {
            cx.say(line);
        }
        keep_private(&agreed(cx), digest.as_bytes())?;
        Ok(Applied::made())
    }

    async fn undo(&self, cx: &Context, _made: &Made) -> Result<(), Trouble> {
        written::remove(&asked(cx))?;
        written::remove(&agreed(cx))
    }

    async fn preview(&self, _cx: &Context) -> Result<String, Trouble> {
        Ok(match self.read() {
            Ok((_, reviewed)) => reviewed.text(),
            Err(_) => "It is shown once the pipeline has planned, and has to be agreed to.".into(),
        })
    }

    fn commands(&self, _cx: &PlanView<'_>) -> Vec<String> {
        vec![format!("# read {} and agree to it before it is applied", self.plan.display())]
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        "forgets that it was agreed to".into()
    }
}

impl TerraformReviewed {
    fn read(&self) -> Result<(String, Reviewed), Trouble> {
        let text = written::read(&self.plan)?;
        let reviewed = text.as_deref().and_then(Reviewed::written);
        match (text, reviewed) {
            (Some(text), Some(reviewed)) => Ok((written::digest(&text), reviewed)),
            _ => Err(Problem::new(
                "TF-PLAN-MISSING",
                format!("{} is not a plan as JSON", self.plan.display()),
                format!("Have the run that plans write it down:\n$ {} show -json reviewed.plan > plan.json", self.tool),
            )
            .into()),
        }
    }
}

/// Holds the digest of the plan that was agreed to.
fn agreed(cx: &Context) -> PathBuf {
    cx.folder.join(format!("terraform-{}.agreed", cx.path.id))
}

/// Holds the digest of the plan that was shown last.
fn asked(cx: &Context) -> PathBuf {
    cx.folder.join(format!("terraform-{}.asked", cx.path.id))
}
