//! What would a person type instead?

use super::HelmRelease;

impl HelmRelease {
    /// The commands that fetch the chart and install it.
    pub(super) fn typed(&self, namespace: &str) -> Vec<String> {
        let place = self.place();
        let version = place.version.as_ref().map(|version| format!(" --version {version}")).unwrap_or_default();
        let install = |chart: &str| {
            format!(
                "helm upgrade --install {} {chart}{version} --namespace {namespace} --values values.yaml",
                self.name
            )
        };
        match (&place.file, &place.repository) {
            (Some(file), _) => vec![install(&file.display().to_string())],
            (None, Some(repository)) if repository.starts_with("oci://") => {
                let host = repository.trim_start_matches("oci://").split('/').next().unwrap_or_default();
                let log_in = self
                    .username
                    .as_ref()
                    .map(|username| format!("helm registry login {host} --username {username} --password-stdin"));
                log_in.into_iter().chain([install(&format!("{repository}/{}", self.chart))]).collect()
            }
            (None, repository) => {
                let login = match &self.username {
                    Some(username) => format!(" --username {username} --password-stdin"),
                    None => String::new(),
                };
                vec![
                    format!("helm repo add vendor {}{login}", repository.as_deref().unwrap_or("<repository>")),
                    "helm repo update vendor".into(),
                    install(&format!("vendor/{}", self.chart)),
                ]
            }
        }
    }
}
