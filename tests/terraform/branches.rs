//! Every branch of a guide's HCL is valid against a stub of its module, whose variables are the module's inputs.

use landfall::guides;
use landfall_core::value::{Scope, render_file};
use serde_json::{Value, json};

use super::bench::Bench;

const STUB: &str = r#"
variable "name" { type = string }
variable "enable_nvidia_gpu" {
  type    = bool
  default = false
}
variable "helm_repository_username" { type = string }
variable "helm_repository_password" { type = string }
variable "helm_chart_version" {
  type    = string
  default = null
}
variable "helm_chart_values" { type = list(string) }
variable "aws_auth_roles" { type = list(object({ rolearn = string, username = string, groups = list(string) })) }
variable "aws_auth_users" { type = list(object({ userarn = string, username = string, groups = list(string) })) }
variable "additional_data_buckets" {
  type    = list(string)
  default = []
}
variable "karpenter_node_pools" {
  type = map(object({
    instance_families = list(string)
    capacity_type     = list(string)
    taints            = list(object({ key = string, effect = string }))
  }))
  default = {}
}
variable "create_vpc" {
  type    = bool
  default = true
}
variable "vpc_id" {
  type    = string
  default = null
}
variable "node_subnet_ids" {
  type    = list(string)
  default = []
}
resource "terraform_data" "all" {
  input = [var.name, var.helm_chart_values, var.aws_auth_roles, var.aws_auth_users, var.karpenter_node_pools]
}
output "cluster_name" { value = var.name }
output "endpoint" { value = "https://example.com" }
output "certificate_authority_data" { value = "Q0E=" }
output "dal_role_arn" { value = "arn:aws:iam::123456789012:role/dal" }
"#;

fn answers() -> Vec<Value> {
    let base = json!({
        "module_version": "1.0.0", "module_name": "gateway", "gpu": false, "chart_version": null, "external_buckets": null,
        "node_pools": null, "pool_mapping": null, "own_vpc": false, "vpc_id": null, "node_subnets": null,
        "admin_roles": null, "admin_users": null, "backend": "local", "state_bucket": null, "state_key": null,
        "state_region": null, "state_lock": null, "state_table": null,
        "facts": { "caller": { "kind": "role", "name": "admin", "principal": "arn:aws:iam::123456789012:role/admin" } },
        "region": "eu-central-1", "account": "123456789012", "install": "abcd1234", "cluster": "gateway",
    });
    let with = |changes: Value| {
        let mut whole = base.clone();
        for (key, value) in changes.as_object().unwrap() {
            whole[key] = value.clone();
        }
        whole
    };
    let user = json!({ "caller": { "kind": "user", "name": "jo", "principal": "arn:aws:iam::123456789012:user/jo" } });
    let s3 = |lock: &str, table: Value| json!({ "backend": "s3", "state_bucket": "b", "state_key": "a/b.tfstate", "state_region": "eu-central-1", "state_lock": lock, "state_table": table });
    vec![
        base.clone(),
        with(json!({ "gpu": true, "chart_version": "0.16.20" })),
        with(
            json!({ "admin_roles": ["arn:aws:iam::123456789012:role/a"], "admin_users": ["arn:aws:iam::123456789012:user/b"] }),
        ),
        with(json!({ "admin_users": ["arn:aws:iam::123456789012:user/b"], "facts": user })),
        with(
            json!({ "external_buckets": [{ "bucket": "one", "owner": null }, { "bucket": "two", "owner": "210987654321" }] }),
        ),
        with(json!({
            "node_pools": [
                { "name": "gpu-pool", "families": "g5, g6", "capacity": "on-demand", "gpu": true, "taint": "example.com/expensive" },
                { "name": "plain", "families": "m6i", "capacity": "spot", "gpu": false, "taint": null },
            ],
            "pool_mapping": [{ "gpus": 4, "taint": "example.com/expensive" }, { "gpus": 8, "taint": "example.com/expensive" }],
        })),
        with(
            json!({ "own_vpc": true, "vpc_id": "vpc-0a1b2c3d", "node_subnets": ["subnet-0a1b2c3d", "subnet-0b1c2d3e"] }),
        ),
        with(s3("lockfile", Value::Null)),
        with(s3("dynamodb", json!("locks"))),
        with(json!({ "module_name": "a${var.evil}%{ if true }\"b" })),
    ]
}

fn scope(answers: &Value) -> Scope {
    let mut scope = Scope::new();
    for (name, value) in answers.as_object().unwrap() {
        scope.set(name.clone(), value.clone());
    }
    scope
}

#[test]
fn every_branch_of_the_gateways_configuration_is_valid() {
    let Some(bench) = Bench::new() else { return };
    let folder = guides::folder("apheris-gateway").unwrap();
    bench.write("gateway-1.0.0/main.tf", STUB);
    bench.write("values.yaml", "tenant: t\n");
    for answers in answers() {
        let scope = scope(&answers);
        for name in ["gateway.tf", "secrets.tf", "outputs.tf", "terraform_backend.tf"] {
            let text = render_file(&scope, folder.file(&format!("{name}.j2")).unwrap()).unwrap();
            bench.write(name, &text);
        }
        let shown = || std::fs::read_to_string(bench.work.path().join("gateway.tf")).unwrap();
        let (initialised, said) = bench.run(&["init", "-backend=false", "-input=false", "-no-color"]);
        assert!(initialised, "{said}\n{}", shown());
        let (valid, said) = bench.run(&["validate", "-no-color"]);
        assert!(valid, "{said}\n{}", shown());
        let providers = render_file(&scope, folder.file("providers.tf.j2").unwrap()).unwrap();
        bench.write("syntax/providers.tf", &providers);
        let (parsed, said) = bench.run(&["fmt", "-check", "syntax"]);
        assert!(parsed, "{said}\n{providers}");
    }
}

#[test]
fn whoever_applies_is_never_locked_out() {
    let folder = guides::folder("apheris-gateway").unwrap();
    let rendered = |answers: &Value| render_file(&scope(answers), folder.file("gateway.tf.j2").unwrap()).unwrap();
    let all = answers();
    assert!(!rendered(&all[0]).contains("role/admin"), "nobody is listed: the module's default stands");
    let listed = rendered(&all[2]);
    assert!(listed.contains("role/admin") && listed.contains("role/a\"") && listed.contains("user/b"), "{listed}");
    assert!(rendered(&all[3]).contains("user/jo"));
}

#[test]
fn an_answer_never_becomes_an_interpolation() {
    let folder = guides::folder("apheris-gateway").unwrap();
    let rendered = render_file(&scope(answers().last().unwrap()), folder.file("gateway.tf.j2").unwrap()).unwrap();
    assert!(rendered.contains(r#""a$${var.evil}%%{ if true }\"b""#), "{rendered}");
}
