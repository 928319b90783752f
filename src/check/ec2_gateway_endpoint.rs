//! `ec2.gateway_endpoint`: does traffic to S3 stay inside AWS' network?

use async_trait::async_trait;
use landfall_core::{
    catalogue::Touches,
    event::{Outcome, Permissions, Problem},
    value::Late,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    cloud::{
        Trouble,
        look::{
            endpoint,
            shell::{aws, fix},
            vpc,
        },
    },
    kind::{Check, CheckAbout, Context, PlanView},
};

/// Whether the VPC has a gateway endpoint for the service, on the route tables of these subnets. Without it the traffic
/// takes the NAT gateway, which costs by the gigabyte and may be closed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GatewayEndpoint {
    /// `s3` or `dynamodb`.
    service: String,
    /// The VPC's id.
    vpc: Late<String>,
    /// Route tables that must lead to it; those of the VPC's private subnets where left out or empty.
    #[serde(default)]
    route_tables: Option<Late<Vec<String>>>,
}

#[async_trait]
impl Check for GatewayEndpoint {
    const ABOUT: CheckAbout = CheckAbout {
        name: "ec2.gateway_endpoint",
        code: "EC2-06",
        about: "a gateway endpoint on the right route tables",
        touches: Touches::Nothing,
    };
    const PROBLEMS: &'static [&'static str] = &["EC2-ENDPOINT-MISSING", "EC2-ENDPOINT-ROUTES"];

    async fn run(&self, cx: &Context) -> Result<Outcome, Trouble> {
        let Some(vpc) = self.vpc.known() else { return Ok(Outcome::skip("the VPC is not made yet")) };
        let service = endpoint::service_name(&cx.target.region, &self.service);
        let found = endpoint::gateways(&cx.cloud, vpc, &service).await?;
        let wanted = match &self.route_tables {
            Some(Late::Known(tables)) if !tables.is_empty() => tables.clone(),
            Some(Late::Unknown(_)) => return Ok(Outcome::skip("the route tables are not made yet")),
            _ => vpc::private_tables(&cx.cloud, vpc).await?,
        };
        let ready = found.iter().filter(|found| endpoint::state(found) == "available");
        let led: Vec<&String> = ready.flat_map(|found| found.route_table_ids()).collect();
        let region = &cx.target.region;
        if found.is_empty() {
            let create = aws("ec2 create-vpc-endpoint")
                .with("--vpc-id", vpc)
                .with("--service-name", &service)
                .list("--route-table-ids", &wanted);
            let problem = Problem::new(
                "EC2-ENDPOINT-MISSING",
                format!("{vpc} has no gateway endpoint for {}", self.service),
                fix("Have one made; gateway endpoints cost nothing.", [create.region(region)]),
            );
            let why = "Without it the traffic leaves the VPC, through a NAT gateway that is paid for by the gigabyte.";
            return Ok(Outcome::Fail { problem: problem.why(why) });
        }
        let missing: Vec<&String> = wanted.iter().filter(|table| !led.contains(table)).collect();
        if !missing.is_empty() {
            let ids: Vec<&str> = missing.iter().map(|table| table.as_str()).collect();
            let id = found.first().and_then(|found| found.vpc_endpoint_id()).unwrap_or_default();
            let add = aws("ec2 modify-vpc-endpoint").with("--vpc-endpoint-id", id).list("--add-route-table-ids", &ids);
            let problem = Problem::new(
                "EC2-ENDPOINT-ROUTES",
                format!("{} does not lead to the endpoint for {}", ids.join(", "), self.service),
                fix("Have the route tables added to it.", [add.region(region)]),
            );
            let why = "Subnets of these route tables still reach the service by the way out of the VPC.";
            return Ok(Outcome::Fail { problem: problem.why(why) });
        }
        let tables =
            if wanted.len() == 1 { "1 route table".to_owned() } else { format!("{} route tables", wanted.len()) };
        Ok(Outcome::pass(format!("{tables} lead to it")))
    }

    fn permissions(&self, _cx: &PlanView<'_>) -> Permissions {
        let reads = ["ec2:DescribeVpcEndpoints", "ec2:DescribeRouteTables", "ec2:DescribeSubnets"];
        Permissions::default().iam("*", reads)
    }
}
