//! With which flags does the API server run? Readable where it runs as a pod (kubeadm's static ones), else not.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Client, ResourceExt, api::ListParams};

use super::Trouble;

/// One API server that runs as a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiServer {
    /// The pod's name.
    pub pod: String,
    /// Its flags without the dashes; one that is given several times has several values.
    pub flags: BTreeMap<String, Vec<String>>,
}

/// Those that can be seen; none where the control plane is somebody else's.
pub async fn seen(client: &Client) -> Result<Vec<ApiServer>, Trouble> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), "kube-system");
    let found = pods.list(&ListParams::default().labels("component=kube-apiserver")).await?;
    Ok(found.items.iter().map(|pod| ApiServer { pod: pod.name_any(), flags: flags(&words(pod)) }).collect())
}

fn words(pod: &Pod) -> Vec<String> {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let own = containers.filter(|container| container.name == "kube-apiserver");
    own.flat_map(|container| container.command.iter().chain(&container.args).flatten().cloned()).collect()
}

/// `--name=value`, `--name value` or `--name`.
fn flags(words: &[String]) -> BTreeMap<String, Vec<String>> {
    let mut flags: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let Some(flag) = word.strip_prefix("--") else { continue };
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (name, value.to_owned()),
            None => match words.next_if(|next| !next.starts_with('-')) {
                Some(value) => (flag, value.clone()),
                None => (flag, String::new()),
            },
        };
        flags.entry(name.to_owned()).or_default().push(value);
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_in_each_of_their_spellings() {
        let words = ["kube-apiserver", "--oidc-issuer-url=https://a/dex", "--oidc-client-id", "c", "--anonymous-auth"];
        let flags = flags(&words.map(str::to_owned));
        assert_eq!(flags["oidc-issuer-url"], ["https://a/dex"]);
        assert_eq!(flags["oidc-client-id"], ["c"]);
        assert_eq!(flags["anonymous-auth"], [""]);
    }
}
