//! What a resource does in the world: a cluster, a role, a Helm release.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{
    Failure, Terraform,
    configuration::Configuration,
    module::{Effect, Release},
};
use crate::tools::{
    cluster::{Cluster, ClusterError, encoded},
    helm::{self, arguments::Arguments},
    http::Client,
};

/// Lets it happen.
pub fn make(
    terraform: &Terraform<'_>,
    configuration: &Configuration,
    effect: &Effect,
    exists: bool,
) -> Result<(), Failure> {
    match effect {
        Effect::Cluster(_) | Effect::Role(_) if exists => Ok(()),
        Effect::Cluster(name) => {
            let name = configuration.fill(name, &Value::Null);
            let body = json!({
                "name": name, "roleArn": "arn:aws:iam::123456789012:role/cluster", "version": "1.33", "resourcesVpcConfig": {},
            });
            aws(terraform, &EKS, "POST", "/clusters", &body.to_string())
        }
        Effect::Role(name) => {
            let name = configuration.fill(name, &Value::Null);
            let trust = json!({
                "Version": "2012-10-17",
                "Statement": [{ "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" }],
            });
            let rest = format!("&AssumeRolePolicyDocument={}", encoded(&trust.to_string()));
            role(terraform, "CreateRole", &name, &rest)
        }
        Effect::Release(release) => released(terraform, configuration, &configuration.release(release), exists),
    }
}

/// Leaves another manager's mark on a release's record.
pub fn keep(terraform: &Terraform<'_>, release: &Release, manager: &str) -> Result<(), Failure> {
    let said = |error: ClusterError| Failure::said(error.to_string());
    let cluster = Cluster::of(&terraform.place.kubeconfig(), None).map_err(said)?;
    let (name, namespace) = (&release.name, &release.namespace);
    let path = format!("/api/v1/namespaces/{namespace}/secrets/sh.helm.release.v1.{name}.v1");
    let kept = json!({ "metadata": { "annotations": { "kept-by": manager } } });
    cluster.merge_as(manager, &path, &kept).map(drop).map_err(said)
}

/// Takes it back.
pub fn unmake(terraform: &Terraform<'_>, configuration: &Configuration, effect: &Effect) -> Result<(), Failure> {
    match effect {
        Effect::Cluster(name) => {
            let name = configuration.fill(name, &Value::Null);
            aws(terraform, &EKS, "DELETE", &format!("/clusters/{}", name.as_str().unwrap_or_default()), "")
        }
        Effect::Role(name) => role(terraform, "DeleteRole", &configuration.fill(name, &Value::Null), ""),
        Effect::Release(release) => {
            let release = configuration.release(release);
            helm(terraform, &["uninstall", &release.name, "--namespace", &release.namespace])
        }
    }
}

fn released(
    terraform: &Terraform<'_>,
    configuration: &Configuration,
    release: &Release,
    exists: bool,
) -> Result<(), Failure> {
    let home = tempfile::tempdir()?;
    let verb = if exists { "upgrade" } else { "install" };
    let Release { name, chart, namespace, repository, .. } = release;
    let words: [&str; 7] = [verb, name, chart, "--namespace", namespace, "--repo", repository];
    let mut words: Vec<String> = words.map(str::to_owned).to_vec();
    if !exists {
        words.push("--create-namespace".into());
    }
    for (flag, value) in
        [("--version", &release.version), ("--username", &release.username), ("--password", &release.password)]
    {
        if !value.is_empty() {
            words.extend([flag.to_owned(), value.clone()]);
        }
    }
    for (index, source) in release.values.iter().enumerate() {
        let path: PathBuf = match source.split_once(':') {
            Some(("file", name)) => terraform.folder.join(name),
            Some(("text", text)) => {
                let path = home.path().join(format!("{index}.yaml"));
                std::fs::write(&path, configuration.fill(text, &Value::Null).as_str().unwrap_or_default())?;
                path
            }
            _ => continue,
        };
        words.extend(["--values".to_owned(), path.display().to_string()]);
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    helm(terraform, &words)
}

/// The helm provider brings helm's own code along; here it is the stand-in's.
fn helm(terraform: &Terraform<'_>, words: &[&str]) -> Result<(), Failure> {
    let four = terraform.place.tools.helm.version.starts_with('4');
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let arguments = Arguments::of(&words, four).map_err(|error| Failure::said(error.to_string()))?;
    let mut environment = terraform.environment.clone();
    environment.insert("KUBECONFIG".into(), terraform.place.kubeconfig().display().to_string());
    let helm = helm::Helm { place: terraform.place, arguments, environment: &environment, clock: terraform.clock };
    helm::command::run(&helm).map(drop).map_err(|error| {
        let said = error.to_string();
        Failure::said(said.strip_prefix("INSTALLATION FAILED: ").unwrap_or(&said).to_owned())
    })
}

/// A service as its requests name it.
struct Service {
    name: &'static str,
    content_type: &'static str,
}

const EKS: Service = Service { name: "eks", content_type: "application/json" };
const IAM: Service = Service { name: "iam", content_type: "application/x-www-form-urlencoded" };
const S3: Service = Service { name: "s3", content_type: "application/xml" };

fn role(terraform: &Terraform<'_>, action: &str, name: &Value, rest: &str) -> Result<(), Failure> {
    let name = encoded(name.as_str().unwrap_or_default());
    aws(terraform, &IAM, "POST", "/", &format!("Action={action}&Version=2010-05-08&RoleName={name}{rest}"))
}

/// Whether a bucket is there and may be opened.
pub fn bucket(terraform: &Terraform<'_>, name: &str) -> Result<(), Failure> {
    aws(terraform, &S3, "HEAD", &format!("/{name}"), "").map_err(|failure| {
        Failure::said(format!("Failed to get existing workspaces: S3 bucket \"{name}\" does not exist."))
            .because(failure.summary)
    })
}

fn aws(terraform: &Terraform<'_>, service: &Service, method: &str, path: &str, body: &str) -> Result<(), Failure> {
    let (url, region) = &terraform.place.aws;
    let name = service.name;
    let scope = format!(
        "AWS4-HMAC-SHA256 Credential=TERRAFORM/20261120/{region}/{name}/aws4_request, SignedHeaders=host, Signature=0"
    );
    let headers = [("authorization", scope.as_str()), ("content-type", service.content_type)];
    let reply = Client::new(&[], None, None)?.send(method, &format!("{url}{path}"), &headers, body.as_bytes())?;
    if (200..300).contains(&reply.status) {
        return Ok(());
    }
    let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    Err(Failure::said(format!("{method} {path}: {} {}", reply.status, reply.reason))
        .because(answer["message"].as_str().unwrap_or_default()))
}
