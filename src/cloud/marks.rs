//! Whose is a Kubernetes object? Our label says so; field managers and the labels of other tools say otherwise.

use std::collections::BTreeMap;

use kube::{Resource, ResourceExt};
use landfall_core::{event::Owner, plan::InstallId};

/// The label that carries the install's id.
pub const INSTALL: &str = "landfall.dev/install";
/// Our name among field managers.
pub const MANAGER: &str = "landfall";

/// Whose an object is.
pub fn owner<K: Resource>(object: &K, install: &InstallId) -> Owner {
    let managers = object.managed_fields().iter().filter_map(|fields| fields.manager.as_deref());
    whose(object.labels(), object.annotations(), managers, install)
}

/// Whose something with these labels, annotations and field managers is.
pub fn whose<'a>(
    labels: &BTreeMap<String, String>,
    annotations: &BTreeMap<String, String>,
    managers: impl Iterator<Item = &'a str>,
    install: &InstallId,
) -> Owner {
    match labels.get(INSTALL) {
        Some(id) if id == install.as_str() => return Owner::Ours,
        Some(id) => return Owner::Other(format!("Landfall's install {id}")),
        None => {}
    }
    if annotations.contains_key("argocd.argoproj.io/tracking-id") || labels.contains_key("argocd.argoproj.io/instance")
    {
        return Owner::Other("Argo CD".into());
    }
    if labels.contains_key("kustomize.toolkit.fluxcd.io/name") || labels.contains_key("helm.toolkit.fluxcd.io/name") {
        return Owner::Other("Flux".into());
    }
    if let Some(release) = annotations.get("meta.helm.sh/release-name") {
        return Owner::Other(format!("the Helm release {release}"));
    }
    for manager in managers {
        if let Some(other) = tool(manager) {
            return Owner::Other(other.into());
        }
    }
    Owner::Unmarked
}

/// The other manager behind a field manager's name; people's own tools (kubectl, helm by hand) are nobody's mark.
pub fn tool(manager: &str) -> Option<&'static str> {
    let known = [
        ("argocd", "Argo CD"),
        ("terraform", "Terraform"),
        ("Terraform", "Terraform"),
        ("HashiCorp", "Terraform"),
        ("pulumi", "Pulumi"),
        ("kustomize-controller", "Flux"),
        ("helm-controller", "Flux"),
        ("external-secrets", "External Secrets"),
        ("sealed-secrets", "Sealed Secrets"),
        ("cert-manager", "cert-manager"),
    ];
    match manager {
        // What the Sealed Secrets controller calls itself.
        "controller" => Some("Sealed Secrets"),
        _ => known.iter().find(|(prefix, _)| manager.starts_with(prefix)).map(|(_, name)| *name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner_of(labels: &[(&str, &str)], annotations: &[(&str, &str)], managers: &[&str]) -> Owner {
        let map = |pairs: &[(&str, &str)]| pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        whose(&map(labels), &map(annotations), managers.iter().copied(), &InstallId::of("abc"))
    }

    #[test]
    fn our_label_counts_before_everything_else() {
        assert_eq!(owner_of(&[(INSTALL, "abc")], &[], &["argocd-controller"]), Owner::Ours);
        assert_eq!(owner_of(&[(INSTALL, "xyz")], &[], &[]), Owner::Other("Landfall's install xyz".into()));
    }

    #[test]
    fn other_managers_are_known_by_labels_annotations_and_field_managers() {
        assert_eq!(owner_of(&[], &[], &["kubectl-client-side-apply", "Helm"]), Owner::Unmarked);
        assert_eq!(owner_of(&[], &[], &["terraform-provider-helm_v2"]), Owner::Other("Terraform".into()));
        assert_eq!(
            owner_of(&[], &[("meta.helm.sh/release-name", "web")], &[]),
            Owner::Other("the Helm release web".into())
        );
    }
}
