//! `kube.denied_user`: is something kept from people who must not see it? Asked of the API server on their behalf.

use async_trait::async_trait;
use futures::{StreamExt, stream};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use kube::{Api, api::PostParams};
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::Trouble,
    kind::{Check, CheckAbout, Context, PlanView},
};

/// So many questions at a time.
const AT_ONCE: usize = 8;

/// The API server is asked whether others may read what is in the namespace. Secrets and data of the product would be
/// open to them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KubeDeniedUser {
    /// Who: a user name as the API server knows it, prefix included.
    user: String,
    /// The groups they are in, prefixes included; everybody is in `system:authenticated`.
    #[serde(default)]
    groups: Vec<String>,
    /// Where.
    namespace: String,
    /// What, as `resource` or `resource.group`.
    #[serde(default = "secrets")]
    resources: Vec<String>,
    /// Which verbs.
    #[serde(default = "reading")]
    verbs: Vec<String>,
}

fn secrets() -> Vec<String> {
    vec!["secrets".into()]
}

fn reading() -> Vec<String> {
    ["get", "list", "watch"].map(str::to_owned).to_vec()
}

#[async_trait]
impl Check for KubeDeniedUser {
    const ABOUT: CheckAbout = CheckAbout {
        name: "kube.denied_user",
        code: "K8S-13",
        about: "others cannot see what is in a namespace",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &["K8S-NAMESPACE-OPEN"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let reviews: Api<SubjectAccessReview> = Api::all(cx.cloud.kube.client().await?);
        let deeds = self.resources.iter().flat_map(|resource| self.verbs.iter().map(move |verb| (resource, verb)));
        let asked: Vec<(String, SubjectAccessReview)> =
            deeds.map(|(resource, verb)| (format!("{verb} {resource}"), self.review(resource, verb))).collect();
        let count = asked.len();
        let mut answers =
            stream::iter(asked).map(|(deed, review)| ask(reviews.clone(), deed, review)).buffered(AT_ONCE);
        let mut open = Vec::new();
        while let Some(answer) = answers.next().await {
            open.extend(answer?);
        }
        if open.is_empty() {
            return Ok(Outcome::pass(format!("{} is denied all {count} in {}", self.user, self.namespace)));
        }
        let deeds: Vec<&str> = open.iter().map(|(deed, _)| deed.as_str()).collect();
        let reasons: Vec<&str> =
            open.iter().map(|(_, reason)| reason.as_str()).filter(|text| !text.is_empty()).collect();
        let problem = Problem::new(
            "K8S-NAMESPACE-OPEN",
            format!("{} may {} in {}", self.user, deeds.join(", "), self.namespace),
            format!(
                "Take away the binding that allows it, or use a namespace of its own.\n$ kubectl get rolebindings --namespace {} -o wide\n$ kubectl get clusterrolebindings -o wide",
                self.namespace
            ),
        );
        let why = if reasons.is_empty() { "The API server allows it.".to_owned() } else { reasons.join(" ") };
        Ok(Outcome::Fail { problem: problem.why(why) })
    }

    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        Permissions::default().rbac(None, "authorization.k8s.io", "subjectaccessreviews", &["create"])
    }
}

/// The deed with the API server's reason, where it is allowed.
async fn ask(
    reviews: Api<SubjectAccessReview>,
    deed: String,
    review: SubjectAccessReview,
) -> Result<Option<(String, String)>, Trouble> {
    let answer = reviews.create(&PostParams::default(), &review).await?;
    let allowed = answer.status.filter(|status| status.allowed);
    Ok(allowed.map(|status| (deed, status.reason.unwrap_or_default())))
}

impl KubeDeniedUser {
    fn review(&self, resource: &str, verb: &str) -> SubjectAccessReview {
        let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
        let mut groups = self.groups.clone();
        groups.push("system:authenticated".into());
        SubjectAccessReview {
            spec: SubjectAccessReviewSpec {
                user: Some(self.user.clone()),
                groups: Some(groups),
                resource_attributes: Some(ResourceAttributes {
                    namespace: Some(self.namespace.clone()),
                    group: Some(group.to_owned()),
                    resource: Some(resource.to_owned()),
                    verb: Some(verb.to_owned()),
                    ..ResourceAttributes::default()
                }),
                ..SubjectAccessReviewSpec::default()
            },
            ..SubjectAccessReview::default()
        }
    }
}
