//! `create cluster` and `create nodegroup`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Eksctl,
    calls::{Aws, TAG, between, tag_parameters, trust},
    config::{Config, NodeGroup},
    print::{done, failed, info},
};

/// What a cluster stands in.
struct Network {
    private: Vec<(String, String)>,
    public: Vec<(String, String)>,
}

/// `create cluster -f FILE`.
pub fn cluster(eksctl: &Eksctl<'_>) -> Result<(), String> {
    let config = read(eksctl)?;
    let (name, region) = (&config.metadata.name, &config.metadata.region);
    let aws = Aws::of(eksctl, region)?;
    info(eksctl, &format!("eksctl version {}", eksctl.place.tools.eksctl.version));
    info(eksctl, &format!("using region {region}"));
    info(eksctl, &format!("using Kubernetes version {}", config.metadata.version));
    info(eksctl, &format!("creating EKS cluster {name:?} in {region:?} region with managed nodes"));
    let stack = format!("eksctl-{name}-cluster");
    info(eksctl, &format!("building cluster stack {stack:?}"));
    if aws.vpc_of(name)?.is_some() || aws.maybe(&format!("/clusters/{name}"))?.is_some() {
        return Err(format!(
            "creating CloudFormation stack {stack:?}: operation error CloudFormation: CreateStack, https response error StatusCode: 400, AlreadyExistsException: Stack [{stack}] already exists"
        ));
    }
    info(eksctl, &format!("deploying stack {stack:?}"));
    let made = network(&aws, &config).and_then(|network| eksctl.failing("cluster").map(|()| network));
    let network = made.map_err(|why| rolled_back(eksctl, name, region, &stack, &why))?;
    control_plane(&aws, &config, &network)?;
    aws.wait(&format!("waiting for CloudFormation stack {stack:?}"), || {
        let status = aws.eks("GET", &format!("/clusters/{name}"), &Value::Null)?["cluster"]["status"].clone();
        Ok((status == "ACTIVE").then_some(()))
    })?;
    for addon in &config.addons {
        info(eksctl, &format!("creating addon: {}", addon.name));
        match aws.eks("POST", &format!("/clusters/{name}/addons"), &json!({ "addonName": addon.name })) {
            Err(error) if !error.contains("ResourceInUse") => return Err(error),
            _ => {}
        }
    }
    if config.iam.with_oidc {
        let issuer =
            aws.eks("GET", &format!("/clusters/{name}"), &Value::Null)?["cluster"]["identity"]["oidc"]["issuer"]
                .clone();
        let url = issuer.as_str().unwrap_or_default();
        aws.query(
            "iam",
            "CreateOpenIDConnectProvider",
            &[("Url", url), ("ClientIDList.member.1", "sts.amazonaws.com")],
        )?;
    }
    make_groups(eksctl, &aws, &config, &config.managed_node_groups.iter().collect::<Vec<_>>(), &network)?;
    done(eksctl, &format!("all EKS cluster resources for {name:?} have been created"));
    done(eksctl, &format!("EKS cluster {name:?} in {region:?} region is ready"));
    Ok(())
}

/// `create nodegroup -f FILE`: those that are not there.
pub fn node_groups(eksctl: &Eksctl<'_>) -> Result<(), String> {
    let config = read(eksctl)?;
    let name = &config.metadata.name;
    let aws = Aws::of(eksctl, &config.metadata.region)?;
    let there = aws.eks("GET", &format!("/clusters/{name}/node-groups"), &Value::Null)?;
    let there: Vec<&str> = there["nodegroups"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let missing: Vec<&NodeGroup> =
        config.managed_node_groups.iter().filter(|group| !there.contains(&group.name.as_str())).collect();
    if !there.is_empty() {
        info(eksctl, &format!("{} existing nodegroup(s) ({}) will be excluded", there.len(), there.join(",")));
    }
    let cluster = aws.eks("GET", &format!("/clusters/{name}"), &Value::Null)?;
    let subnets = cluster["cluster"]["resourcesVpcConfig"]["subnetIds"].as_array().cloned().unwrap_or_default();
    let network = described(&aws, &subnets)?;
    make_groups(eksctl, &aws, &config, &missing, &network)?;
    done(eksctl, &format!("created {} managed nodegroup(s) in cluster {name:?}", missing.len()));
    Ok(())
}

fn read(eksctl: &Eksctl<'_>) -> Result<Config, String> {
    let path = eksctl.value("--config-file").or_else(|| eksctl.value("-f"));
    Config::read(&path.ok_or("the rehearsal's eksctl takes a config file (--config-file)")?)
}

/// Everything that is made is told whose it is.
fn tags(config: &Config) -> BTreeMap<String, String> {
    let mut tags = config.metadata.tags.clone();
    tags.insert(TAG.to_owned(), config.metadata.name.clone());
    tags.insert("eksctl.cluster.k8s.io/v1alpha1/cluster-name".to_owned(), config.metadata.name.clone());
    tags
}

/// The VPC of the config, or a new one: a public and a private subnet in each zone.
fn network(aws: &Aws<'_>, config: &Config) -> Result<Network, String> {
    let subnets = &config.vpc.subnets;
    if config.vpc.id.is_some() || !subnets.private.is_empty() || !subnets.public.is_empty() {
        let ids: Vec<Value> =
            subnets.private.values().chain(subnets.public.values()).map(|subnet| json!(subnet.id)).collect();
        return described(aws, &ids);
    }
    let zones = match config.availability_zones.is_empty() {
        false => config.availability_zones.clone(),
        true => ["a", "b", "c"].map(|letter| format!("{}{letter}", config.metadata.region)).to_vec(),
    };
    let cidr = config.vpc.cidr.clone().unwrap_or_else(|| "192.168.0.0/16".to_owned());
    let own = tags(config);
    let named = |name: &str| {
        let mut tags = own.clone();
        tags.insert("Name".to_owned(), format!("eksctl-{}-cluster/{name}", config.metadata.name));
        tags
    };
    let vpc = query(aws, "CreateVpc", &[("CidrBlock", &cidr)], tag_parameters("vpc", &named("VPC")))?;
    let vpc = between(&vpc, "<vpcId>", "</vpcId>").ok_or("CreateVpc named no VPC")?;
    // eksctl's own default: eight parts, public ones first.
    let start: Vec<&str> = cidr.split('.').take(2).collect();
    let mut made = Network { private: Vec::new(), public: Vec::new() };
    for (public, kind) in [(true, "Public"), (false, "Private")] {
        for (index, zone) in zones.iter().enumerate() {
            let part = 32 * (index + if public { 0 } else { zones.len() });
            let block = format!("{}.{part}.0/19", start.join("."));
            let mut tags = named(&format!("Subnet{kind}{}", zone.replace('-', "").to_uppercase()));
            tags.insert(format!("kubernetes.io/role/{}", if public { "elb" } else { "internal-elb" }), "1".to_owned());
            let parameters = [("VpcId", vpc.as_str()), ("CidrBlock", &block), ("AvailabilityZone", zone)];
            let answer = query(aws, "CreateSubnet", &parameters, tag_parameters("subnet", &tags))?;
            let id = between(&answer, "<subnetId>", "</subnetId>").ok_or("CreateSubnet named no subnet")?;
            if public { &mut made.public } else { &mut made.private }.push((id, zone.clone()));
        }
    }
    Ok(made)
}

/// What EC2 says of these subnets.
fn described(aws: &Aws<'_>, ids: &[Value]) -> Result<Network, String> {
    let mut made = Network { private: Vec::new(), public: Vec::new() };
    for id in ids.iter().filter_map(Value::as_str) {
        let answer = aws.query("ec2", "DescribeSubnets", &[("SubnetId.1", id)])?;
        let zone = between(&answer, "<availabilityZone>", "</availabilityZone>").unwrap_or_default();
        let public =
            answer.contains("<key>kubernetes.io/role/elb</key>") || answer.contains("<mapPublicIpOnLaunch>true<");
        if public { &mut made.public } else { &mut made.private }.push((id.to_owned(), zone));
    }
    Ok(made)
}

fn query(
    aws: &Aws<'_>,
    action: &str,
    parameters: &[(&str, &str)],
    tags: Vec<(String, String)>,
) -> Result<String, String> {
    let mut all = parameters.to_vec();
    all.extend(tags.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    aws.query("ec2", action, &all)
}

/// A role for a service, with policies of AWS. Returns its ARN.
fn role(aws: &Aws<'_>, name: &str, service: &str, policies: &[&str]) -> Result<String, String> {
    let trust = trust(service);
    let answer = match aws.query("iam", "CreateRole", &[("RoleName", name), ("AssumeRolePolicyDocument", &trust)]) {
        Err(error) if error.contains("EntityAlreadyExists") => aws.query("iam", "GetRole", &[("RoleName", name)])?,
        other => other?,
    };
    for policy in policies {
        let arn = format!("arn:aws:iam::aws:policy/{policy}");
        aws.query("iam", "AttachRolePolicy", &[("RoleName", name), ("PolicyArn", &arn)])?;
    }
    between(&answer, "<Arn>", "</Arn>").ok_or_else(|| "IAM named no role".to_owned())
}

fn control_plane(aws: &Aws<'_>, config: &Config, network: &Network) -> Result<(), String> {
    let name = &config.metadata.name;
    let role =
        role(aws, &format!("eksctl-{name}-cluster-ServiceRole"), "eks.amazonaws.com", &["AmazonEKSClusterPolicy"])?;
    let subnets: Vec<&String> = network.public.iter().chain(&network.private).map(|(id, _)| id).collect();
    let body = json!({
        "name": name, "roleArn": role, "version": config.metadata.version, "tags": tags(config),
        "resourcesVpcConfig": { "subnetIds": subnets },
    });
    aws.eks("POST", "/clusters", &body).map(drop)
}

fn make_groups(
    eksctl: &Eksctl<'_>,
    aws: &Aws<'_>,
    config: &Config,
    groups: &[&NodeGroup],
    network: &Network,
) -> Result<(), String> {
    let (name, region) = (&config.metadata.name, &config.metadata.region);
    for group in groups {
        let stack = format!("eksctl-{name}-nodegroup-{}", group.name);
        info(eksctl, &format!("building managed nodegroup stack {stack:?}"));
        info(eksctl, &format!("deploying stack {stack:?}"));
        if let Err(why) = eksctl.failing(&format!("nodegroup-{}", group.name)) {
            return Err(rolled_back(eksctl, name, region, &stack, &why));
        }
        let role = role(
            aws,
            &format!("{stack}-NodeInstanceRole"),
            "ec2.amazonaws.com",
            &["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonEKS_CNI_Policy"],
        )?;
        let from =
            if group.private_networking || network.public.is_empty() { &network.private } else { &network.public };
        let fits = |zone: &String| group.availability_zones.is_empty() || group.availability_zones.contains(zone);
        let subnets: Vec<&String> = from.iter().filter(|(_, zone)| fits(zone)).map(|(id, _)| id).collect();
        let types = match &group.instance_type {
            Some(one) => vec![one.clone()],
            None if group.instance_types.is_empty() => vec!["m5.large".to_owned()],
            None => group.instance_types.clone(),
        };
        let least = group.min_size.or(group.desired_capacity).unwrap_or(2);
        let wanted = group.desired_capacity.unwrap_or(least);
        let mut all = tags(config);
        all.extend(group.tags.clone());
        all.insert("alpha.eksctl.io/nodegroup-name".to_owned(), group.name.clone());
        let body = json!({
            "nodegroupName": group.name, "subnets": subnets, "nodeRole": role, "instanceTypes": types,
            "diskSize": group.volume_size.unwrap_or(80), "labels": group.labels, "tags": all,
            "scalingConfig": { "minSize": least, "maxSize": group.max_size.unwrap_or(wanted.max(least)), "desiredSize": wanted },
        });
        aws.eks("POST", &format!("/clusters/{name}/node-groups"), &body)?;
        let path = format!("/clusters/{name}/node-groups/{}", group.name);
        let ended = aws.wait(&format!("waiting for CloudFormation stack {stack:?}"), || {
            let there = aws.eks("GET", &path, &Value::Null)?;
            let status = there["nodegroup"]["status"].as_str().unwrap_or_default().to_owned();
            let issue = there["nodegroup"]["health"]["issues"][0]["message"].as_str().unwrap_or_default().to_owned();
            Ok((status != "CREATING").then_some((status, issue)))
        })?;
        if ended.0 != "ACTIVE" {
            return Err(rolled_back(eksctl, name, region, &stack, &ended.1));
        }
        info(eksctl, &format!("nodegroup {:?} has {wanted} node(s)", group.name));
    }
    Ok(())
}

fn rolled_back(eksctl: &Eksctl<'_>, name: &str, region: &str, stack: &str, why: &str) -> String {
    failed(eksctl, "unexpected status \"ROLLBACK_IN_PROGRESS\" while waiting for CloudFormation stack");
    info(
        eksctl,
        &format!("fetching stack events in attempt to troubleshoot the root cause of the failure of {stack:?}"),
    );
    failed(eksctl, &format!("{stack}: CREATE_FAILED – {why}"));
    info(eksctl, &format!("to cleanup resources, run 'eksctl delete cluster --region={region} --name={name}'"));
    format!("failed to create cluster {name:?}")
}
