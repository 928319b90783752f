//! `ec2.gateway_endpoint`: traffic to S3 that stays inside AWS' network, for the route tables that have it.

use async_trait::async_trait;
use aws_sdk_ec2::types::{ResourceType, TagSpecification, VpcEndpoint, VpcEndpointType};
use landfall_core::{
    catalogue::Again,
    event::{Difference, Found, Owner, Permissions, Problem, Waiting},
    value::{Late, Tree},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    cloud::{
        Trouble,
        look::{endpoint, marks, policy, shell::aws, vpc},
    },
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GatewayEndpoint {
    /// `s3` or `dynamodb`.
    service: String,
    /// The VPC's id.
    vpc: Late<String>,
    /// Route tables that lead to it; those of the VPC's private subnets where left out or empty.
    #[serde(default)]
    route_tables: Option<Late<Vec<String>>>,
    /// What may be asked through it; everything where left out.
    #[serde(default)]
    policy: Option<Tree>,
}

/// What others read.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Its id.
    pub id: String,
}

#[async_trait]
impl Step for GatewayEndpoint {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        again: Again::Token,
        fixed: &["service", "vpc"],
        ..StepAbout::new("ec2.gateway_endpoint", "EC2-04", "leads traffic to S3 through a gateway endpoint")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        let wanted = self.wanted(cx).await?;
        let Some(found) = self.find(cx, &wanted).await? else { return Ok(Found::absent()) };
        let owner = endpoint::owner(&found, &cx.install);
        let state = endpoint::state(&found);
        match state.as_str() {
            "pending" | "deleting" => Ok(Found::pending(Waiting::on(state), owner)),
            "failed" => Ok(Found::broken(failed(&found), Vec::new(), owner)),
            _ => {
                let outputs = Outputs { id: found.vpc_endpoint_id().unwrap_or_default().to_owned() };
                Ok(Found::there(outputs, self.differences(&found, &wanted), owner))
            }
        }
    }

    async fn apply(&self, cx: &Context, token: &str) -> Result<Applied, Trouble> {
        let ec2 = cx.cloud.aws.ec2().await?;
        let wanted = self.wanted(cx).await?;
        let policy = self.policy.as_ref().map(|policy| policy.0.to_string());
        if let Some(found) = self.find(cx, &wanted).await? {
            let missing = missing(&found, &wanted);
            let differs = self.differences(&found, &wanted).iter().any(|difference| difference.field == "policy");
            let before = json!({ "added": missing, "policy": document(&found) });
            ec2.modify_vpc_endpoint()
                .set_vpc_endpoint_id(found.vpc_endpoint_id.clone())
                .set_add_route_table_ids((!missing.is_empty()).then_some(missing))
                .set_policy_document(policy.filter(|_| differs))
                .send()
                .await?;
            let ours = endpoint::owner(&found, &cx.install) == Owner::Ours;
            return Ok(if ours { Applied::made() } else { Applied::changed(before) });
        }
        let Some(vpc) = self.vpc.known() else {
            return Err(Trouble::guide("the VPC is not known yet", "Make the step run after the one that tells it."));
        };
        let tags = TagSpecification::builder()
            .resource_type(ResourceType::VpcEndpoint)
            .set_tags(Some(marks::ec2(&cx.tags())))
            .build();
        ec2.create_vpc_endpoint()
            .client_token(token)
            .vpc_endpoint_type(VpcEndpointType::Gateway)
            .vpc_id(vpc)
            .service_name(endpoint::service_name(&cx.target.region, &self.service))
            .set_route_table_ids(Some(wanted))
            .set_policy_document(policy)
            .tag_specifications(tags)
            .send()
            .await?;
        Ok(Applied::made())
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let wanted = self.wanted(cx).await?;
        let Some(found) = self.find(cx, &wanted).await? else { return Ok(()) };
        let ec2 = cx.cloud.aws.ec2().await?;
        if let Some(before) = &made.before {
            return self.restore(cx, &found, before).await;
        }
        if endpoint::owner(&found, &cx.install) != Owner::Ours || endpoint::state(&found) == "deleting" {
            return Ok(());
        }
        let answer = ec2.delete_vpc_endpoints().set_vpc_endpoint_ids(found.vpc_endpoint_id.map(|id| vec![id]));
        let answer = answer.send().await?;
        match answer.unsuccessful().iter().find_map(|item| item.error()) {
            Some(error) => Err(Trouble::Service {
                code: error.code().unwrap_or_default().to_owned(),
                message: error.message().unwrap_or_default().to_owned(),
                request: None,
            }),
            None => Ok(()),
        }
    }

    fn commands(&self, cx: &PlanView<'_>) -> Vec<String> {
        let create = aws("ec2 create-vpc-endpoint")
            .with("--vpc-id", &self.vpc)
            .with("--service-name", endpoint::service_name(&cx.target.region, &self.service))
            .list("--route-table-ids", self.shown())
            .maybe("--policy-document", self.policy.as_ref().map(Tree::shown));
        vec![create.region(&cx.target.region).to_string()]
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        format!("deletes the gateway endpoint for {}; traffic then takes the way out of the VPC", self.service)
    }

    fn permissions(&self, cx: &PlanView<'_>) -> Permissions {
        let vpc = self.vpc.known().map_or("*", String::as_str);
        Permissions::default()
            .iam("*", ["ec2:DescribeVpcEndpoints", "ec2:DescribeRouteTables", "ec2:DescribeSubnets"])
            .iam(&cx.target.arn("ec2", &format!("vpc/{vpc}")), ["ec2:CreateVpcEndpoint"])
            .iam(&cx.target.arn("ec2", "route-table/*"), ["ec2:CreateVpcEndpoint", "ec2:ModifyVpcEndpoint"])
            .iam(
                &cx.target.arn("ec2", "vpc-endpoint/*"),
                ["ec2:CreateVpcEndpoint", "ec2:ModifyVpcEndpoint", "ec2:DeleteVpcEndpoints", "ec2:CreateTags"],
            )
    }
}

impl GatewayEndpoint {
    fn shown(&self) -> Vec<String> {
        let named = self.route_tables.as_ref().map(Late::shown).unwrap_or_default();
        if named.is_empty() { vec![format!("<route tables of the private subnets of {}>", self.vpc)] } else { named }
    }

    /// The route tables that are to lead to it, as far as they are known.
    async fn wanted(&self, cx: &Context) -> Result<Vec<String>, Trouble> {
        match (&self.route_tables, self.vpc.known()) {
            (Some(Late::Known(tables)), _) if !tables.is_empty() => Ok(tables.clone()),
            (None | Some(Late::Known(_)), Some(vpc)) => vpc::private_tables(&cx.cloud, vpc).await,
            _ => Ok(Vec::new()),
        }
    }

    /// Ours, else the one that has most of the route tables.
    async fn find(&self, cx: &Context, wanted: &[String]) -> Result<Option<VpcEndpoint>, Trouble> {
        let service = endpoint::service_name(&cx.target.region, &self.service);
        let mut found = match self.vpc.known() {
            Some(vpc) => endpoint::gateways(&cx.cloud, vpc, &service).await?,
            None => endpoint::marked(&cx.cloud, &cx.tags(), &service).await?,
        };
        found.sort_by_key(|found| (endpoint::owner(found, &cx.install) != Owner::Ours, missing(found, wanted).len()));
        Ok(found.into_iter().next())
    }

    fn differences(&self, found: &VpcEndpoint, wanted: &[String]) -> Vec<Difference> {
        let mut differences = Vec::new();
        if !missing(found, wanted).is_empty() {
            differences.push(Difference {
                field: "route_tables".into(),
                wanted: wanted.join(", "),
                found: found.route_table_ids().join(", "),
                fixed: false,
            });
        }
        if let Some(policy) = self.policy.as_ref().filter(|policy| policy.unknown().is_none()) {
            differences.extend(policy::difference("policy", &policy.0, &document(found)));
        }
        differences
    }

    /// Takes our route tables away again, and puts the policy back where ours still stands.
    async fn restore(&self, cx: &Context, found: &VpcEndpoint, before: &Value) -> Result<(), Trouble> {
        let added: Vec<String> = serde_json::from_value(before["added"].clone()).unwrap_or_default();
        let still: Vec<String> = added.into_iter().filter(|table| found.route_table_ids().contains(table)).collect();
        let ours = self.policy.as_ref().is_some_and(|ours| policy::same(&ours.0, &document(found)));
        let was = (ours && !before["policy"].is_null()).then(|| before["policy"].to_string());
        if still.is_empty() && was.is_none() {
            return Ok(());
        }
        let ec2 = cx.cloud.aws.ec2().await?;
        ec2.modify_vpc_endpoint()
            .set_vpc_endpoint_id(found.vpc_endpoint_id.clone())
            .set_remove_route_table_ids((!still.is_empty()).then_some(still))
            .set_policy_document(was)
            .send()
            .await?;
        Ok(())
    }
}

/// Those of the wanted route tables that do not lead to it.
fn missing(found: &VpcEndpoint, wanted: &[String]) -> Vec<String> {
    wanted.iter().filter(|table| !found.route_table_ids().contains(table)).cloned().collect()
}

fn document(found: &VpcEndpoint) -> Value {
    found.policy_document().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null)
}

fn failed(found: &VpcEndpoint) -> Problem {
    let id = found.vpc_endpoint_id().unwrap_or_default();
    let why = found.last_error().and_then(|error| error.message()).unwrap_or("EC2 gives no reason.");
    Problem::new("EC2-ENDPOINT-FAILED", format!("the endpoint {id} has failed"), "Delete it, then start again.")
        .why(why)
}
