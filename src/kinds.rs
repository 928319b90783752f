//! The one list: name → check, step or look-up. A new kind is one file and one line here.

use std::{collections::BTreeMap, sync::Arc};

use landfall_core::catalogue::Catalogue;

use crate::kind::{AnyCheck, AnyLookup, AnyStep, Erased};
use crate::{check, lookup, step};

/// Every kind there is, by name.
#[derive(Clone)]
pub struct Kinds {
    /// What looks.
    pub checks: BTreeMap<String, Arc<dyn AnyCheck>>,
    /// What changes one thing.
    pub steps: BTreeMap<String, Arc<dyn AnyStep>>,
    /// What fills tables.
    pub lookups: BTreeMap<String, Arc<dyn AnyLookup>>,
}

macro_rules! by_name {
    ($any:ident: $($kind:ty),* $(,)?) => {
        [$(Arc::new(Erased::<$kind>::new()) as Arc<dyn $any>),*]
            .into_iter()
            .map(|kind| (kind.describe().name, kind))
            .collect()
    };
}

impl Kinds {
    /// All of them.
    pub fn all() -> Self {
        Self {
            checks: by_name!(AnyCheck:
                check::aws_access::Access,
                check::aws_addon::Addon,
                check::aws_alarms::Alarms,
                check::aws_certificate::Certificate,
                check::aws_cluster::Cluster,
                check::aws_cluster_version::ClusterVersion,
                check::aws_identity::Identity,
                check::aws_identity_provider::IdentityProvider,
                check::aws_instance_offering::InstanceOffering,
                check::aws_node_group::NodeGroup,
                check::aws_orderable_database::OrderableDatabase,
                check::aws_permissions::Permissions,
                check::aws_quota::Quota,
                check::aws_role_policies::RolePolicies,
                check::aws_scaling_policies::ScalingPolicies,
                check::aws_subnets::Subnets,
                check::dns_name::DnsName,
                check::ec2_gateway_endpoint::GatewayEndpoint,
                check::ec2_vpc::Vpc,
                check::eks_admins::EksAdmins,
                check::file_archive::FileArchive,
                check::file_text::FileText,
                check::file_values::FileValues,
                check::helm_api_versions::HelmApiVersions,
                check::helm_chart_available::HelmChartAvailable,
                check::helm_release::HelmRelease,
                check::helm_test::HelmTest,
                check::http_endpoint::HttpEndpoint,
                check::kube_api_server_flags::KubeApiServerFlags,
                check::kube_allocatable::KubeAllocatable,
                check::kube_context::KubeContext,
                check::kube_crd::KubeCrd,
                check::kube_denied_user::KubeDeniedUser,
                check::kube_device_plugin::KubeDevicePlugin,
                check::kube_image_tag::KubeImageTag,
                check::kube_ingress_class::KubeIngressClass,
                check::kube_job::KubeJob,
                check::kube_logs::KubeLogs,
                check::kube_metrics::KubeMetrics,
                check::kube_permissions::KubePermissions,
                check::kube_pods::KubePods,
                check::kube_requests::KubeRequests,
                check::kube_resource_exists::KubeResourceExists,
                check::kms_key::Key,
                check::kube_secret::KubeSecret,
                check::kube_storage_class::KubeStorageClass,
                check::kube_version::KubeVersion,
                check::ldap_bind::LdapBind,
                check::network_route::NetworkRoute,
                check::oidc_discovery::OidcDiscovery,
                check::oidc_token::OidcToken,
                check::openai_deployment::OpenAiDeployment,
                check::person_attests::PersonAttests,
                check::postgres_database::PostgresDatabase,
                check::rds_instance::Instance,
                check::postgres_inside::PostgresInside,
                check::registry_image::RegistryImage,
                check::s3_bucket::Bucket,
                check::ses_identity::SesIdentity,
                check::s3_endpoint::S3Endpoint,
                check::terraform_plan::TerraformPlan,
                check::terraform_state::TerraformState,
                check::tls_certificate::TlsCertificate,
                check::tool_version::ToolVersion,
            ),
            steps: by_name!(AnyStep:
                step::autoscaling_policy::Policy,
                step::cloudwatch_alarm::Alarm,
                step::ec2_gateway_endpoint::GatewayEndpoint,
                step::ec2_launch_template::LaunchTemplate,
                step::ec2_security_group::SecurityGroup,
                step::ec2_security_group_rule::SecurityGroupRule,
                step::eks_addon::Addon,
                step::eks_cluster::EksCluster,
                step::eks_identity_provider::IdentityProvider,
                step::eks_kubeconfig::EksKubeconfig,
                step::eks_node_group::NodeGroup,
                step::eks_node_labels::NodeLabels,
                step::eks_pod_identity_association::PodIdentityAssociation,
                step::file_rendered::FileRendered,
                step::file_split::FileSplit,
                step::file_unpacked::FileUnpacked,
                step::helm_release::HelmRelease,
                step::http_request::HttpRequest,
                step::iam_access_key::AccessKey,
                step::iam_oidc_provider::OidcProvider,
                step::iam_role::IamRole,
                step::iam_role_policy::RolePolicy,
                step::iam_service_account_role::ServiceAccountRole,
                step::iam_user::IamUser,
                step::kms_key::Key,
                step::kube_default_storage_class::DefaultStorageClass,
                step::kube_manifest::KubeManifest,
                step::kube_namespace::KubeNamespace,
                step::kube_secret::KubeSecret,
                step::person_does::PersonDoes,
                step::rds_postgres::Postgres,
                step::rds_subnet_group::SubnetGroup,
                step::postgres_database::PostgresDatabase,
                step::postgres_user::PostgresUser,
                step::registry_mirror::RegistryMirror,
                step::s3_bucket::Bucket,
                step::s3_bucket_policy::BucketPolicy,
                step::terraform_forgotten::TerraformForgotten,
                step::terraform_module::TerraformModule,
                step::terraform_reviewed::TerraformReviewed,
                step::tls_authority::TlsAuthority,
            ),
            lookups: by_name!(AnyLookup:
                lookup::aws_caller::CallerFacts,
                lookup::aws_certificates::Certificates,
                lookup::aws_cluster_facts::ClusterFacts,
                lookup::aws_clusters::Clusters,
                lookup::aws_eks_gpu_amis::GpuAmis,
                lookup::aws_node_groups::NodeGroups,
                lookup::aws_node_roles::NodeRoles,
                lookup::aws_profiles::Profiles,
                lookup::aws_regions::Regions,
                lookup::aws_route_tables::RouteTables,
                lookup::aws_scaling_owner::ScalingOwner,
                lookup::aws_storage_driver::StorageDriver,
                lookup::aws_subnets::Subnets,
                lookup::aws_vpcs::Vpcs,
                lookup::aws_zones::Zones,
                lookup::helm_chart::HelmChart,
                lookup::helm_chart_facts::HelmChartFacts,
                lookup::helm_chart_versions::HelmChartVersions,
                lookup::kube_api_server::KubeApiServer,
                lookup::kube_contexts::KubeContexts,
                lookup::kube_gpu_offer::KubeGpuOffer,
                lookup::kube_namespaces::KubeNamespaces,
            ),
        }
    }

    /// What they declare.
    pub fn catalogue(&self) -> Catalogue {
        Catalogue::of(
            self.checks
                .values()
                .map(|kind| kind.describe())
                .chain(self.steps.values().map(|kind| kind.describe()))
                .chain(self.lookups.values().map(|kind| kind.describe())),
        )
    }
}
