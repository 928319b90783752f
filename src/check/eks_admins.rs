//! `eks.admins`: can whoever applies get into the cluster afterwards, and who else can?

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
            cluster,
            role::{Caller, caller},
        },
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// Who has access to the cluster by its access entries, and whether whoever applies is among them. Otherwise nobody can
/// go on once the cluster is made.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EksAdmins {
    /// ARNs of roles that are given admin access.
    #[serde(default)]
    roles: Vec<String>,
    /// ARNs of users that are.
    #[serde(default)]
    users: Vec<String>,
    /// The cluster; the target's where left out.
    #[serde(default)]
    cluster: Option<String>,
}

#[async_trait]
impl Check for EksAdmins {
    const ABOUT: CheckAbout = CheckAbout {
        name: "eks.admins",
        code: "EKS-06",
        about: "who gets into the cluster",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &["EKS-NOBODY-LISTED"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let answer = cx.cloud.aws.sts().await?.get_caller_identity().send().await?;
        let name = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        let there = cluster::find(&cx.cloud, name).await?.is_some();
        Ok(self.judge(answer.arn().unwrap_or_default(), there))
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let name = self.cluster.as_deref().unwrap_or(&cx.target.cluster);
        Permissions::default().iam(&cx.target.arn("eks", &format!("cluster/{name}")), ["eks:DescribeCluster"])
    }
}

impl EksAdmins {
    fn judge(&self, arn: &str, there: bool) -> Outcome {
        let (list, name) = match caller(arn) {
            Caller::Session { role, .. } => (&self.roles, format!("role/{role}")),
            Caller::User(arn) => (&self.users, format!("user/{}", arn.rsplit('/').next().unwrap_or_default())),
            Caller::Root | Caller::Other(_) => (&self.users, arn.to_owned()),
        };
        let listed = list.iter().any(|known| known.rsplit(':').next() == Some(name.as_str()));
        let count = self.roles.len() + self.users.len();
        if count == 0 {
            return Outcome::Warn {
                problem: Problem::new(
                    "EKS-NOBODY-LISTED",
                    "nobody is listed; whoever makes the cluster gets admin access, and what else the module's default gives",
                    "List the roles and users that are to get in, so that it does not hang on one session.",
                )
                .why(format!("{name} applies.")),
            };
        }
        match (listed, there) {
            (true, _) => Outcome::pass(format!("{count} listed, {name} among them")),
            (false, false) => Outcome::pass(format!("{count} listed; {name}, who makes the cluster, is added")),
            (false, true) => Outcome::pass(format!("{count} listed; {name} is added, so that nobody is locked out")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:sts::123456789012:assumed-role/admin/sre";

    fn looked(roles: &[&str]) -> Outcome {
        let roles = roles.iter().map(|name| format!("arn:aws:iam::123456789012:role/{name}")).collect();
        EksAdmins { roles, users: Vec::new(), cluster: None }.judge(ARN, false)
    }

    #[test]
    fn an_empty_list_is_told() {
        assert_eq!(looked(&[]).problem().unwrap().code, "EKS-NOBODY-LISTED");
    }

    #[test]
    fn whoever_applies_is_looked_for_by_the_sessions_role() {
        assert!(matches!(looked(&["admin"]), Outcome::Pass { fact, .. } if fact.contains("role/admin among them")));
        assert!(matches!(looked(&["other"]), Outcome::Pass { fact, .. } if fact.contains("role/admin, who makes")));
    }
}
