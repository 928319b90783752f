//! A cluster that was begun and is not whole: it is deleted, or tried again.

use landfall_core::event::{Found, Owner, Problem, Recovery};

use super::{EksCluster, Outputs, owner, tell};
use crate::{
    cloud::{
        Trouble,
        eksctl::{self, Eksctl},
        look::cluster,
    },
    kind::Context,
};

/// The way out that takes a half-made cluster away.
pub(super) const DELETE: &str = "delete";

impl EksCluster {
    pub(super) fn half_made(&self, why: &str) -> Found<Outputs> {
        let problem = Problem::new(
            "EKSCTL-HALF-MADE",
            format!("the cluster {} was begun and is not whole", self.name),
            "Choose delete to begin afresh, or again where what was in the way is gone and nothing was left.",
        )
        .why(why.to_owned());
        let delete = Recovery {
            id: DELETE.into(),
            does: format!(
                "delete what is there of it (eksctl delete cluster --name {} --wait), then make it",
                self.name
            ),
            loses: "what was made of this cluster so far".into(),
        };
        let again = Recovery { id: "again".into(), does: "try again with what is there".into(), loses: String::new() };
        Found::broken(problem, vec![delete, again], Owner::Ours)
    }

    pub(super) async fn delete(&self, cx: &Context) -> Result<(), Trouble> {
        if let Some(found) = cluster::find(&cx.cloud, &self.name).await?
            && owner(cx, &found) != Owner::Ours
        {
            return Err(Problem::new(
                "EKS-CLUSTER-OTHER",
                format!("the cluster {} does not carry this install's tags", self.name),
                "See whose it is; delete it by hand if nobody needs it.",
            )
            .why("Only what carries the mark of this install is deleted.")
            .into());
        }
        let region = self.region.as_deref().unwrap_or(&cx.target.region);
        let eksctl = Eksctl::open(&cx.cloud, &cx.folder, &cx.label())?;
        eksctl.delete(&self.name, region, &cx.cancel, |progress, said| tell(cx, progress, said)).await?;
        eksctl::forget_failure(&cx.folder, &cx.label());
        Ok(())
    }
}
