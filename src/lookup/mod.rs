//! Look-ups: one file a kind. Each fills an input's table.

pub mod aws_caller;
pub mod aws_certificates;
pub mod aws_cluster_facts;
pub mod aws_clusters;
pub mod aws_eks_gpu_amis;
pub mod aws_node_groups;
pub mod aws_node_roles;
pub mod aws_profiles;
pub mod aws_regions;
pub mod aws_route_tables;
pub mod aws_scaling_owner;
pub mod aws_storage_driver;
pub mod aws_subnets;
pub mod aws_vpcs;
pub mod aws_zones;
pub mod helm_chart;
pub mod helm_chart_facts;
pub mod helm_chart_versions;
pub mod kube_api_server;
pub mod kube_contexts;
pub mod kube_gpu_offer;
pub mod kube_namespaces;
