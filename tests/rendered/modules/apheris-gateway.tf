# A stand-in for the vendor's module: its inputs and outputs, and nothing behind them.
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
