//! What does a pod need from the objects around it, and what is missing?

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::{
    kube::{object, state::State},
    outside::psql::Asked,
};

/// The first volume that cannot be mounted, in the kubelet's words.
pub fn mounts(state: &State, pod: &Value) -> Option<String> {
    object::list(pod, "/spec/volumes").iter().find_map(|volume| {
        let sources = std::iter::once(volume).chain(object::list(volume, "/projected/sources"));
        let missing = sources.filter_map(|source| {
            let secret = source.get("secret").map(|secret| {
                let name = if secret.get("secretName").is_some() { "/secretName" } else { "/name" };
                ("secrets", "secret", object::text(secret, name), secret)
            });
            let map = source.get("configMap").map(|map| ("configmaps", "configmap", object::text(map, "/name"), map));
            secret.or(map)
        });
        missing.into_iter().find_map(|(resource, word, name, source)| {
            if source["optional"] == true {
                return None;
            }
            let why = match state.objects.find(resource, object::namespace(pod), name) {
                None => format!("{word} \"{name}\" not found"),
                Some(found) => {
                    let key = object::list(source, "/items")
                        .iter()
                        .map(|item| object::text(item, "/key"))
                        .find(|key| !has(found, key))?;
                    format!("references non-existent {word} key: {key}")
                }
            };
            Some(format!("MountVolume.SetUp failed for volume \"{}\" : {why}", object::text(volume, "/name")))
        })
    })
}

fn has(object: &Value, key: &str) -> bool {
    ["data", "binaryData"].iter().any(|part| object.get(part).is_some_and(|data| data.get(key).is_some()))
}

/// Does it wait for a volume claim?
pub fn unbound(state: &State, pod: &Value) -> bool {
    object::list(pod, "/spec/volumes")
        .iter()
        .map(|volume| object::text(volume, "/persistentVolumeClaim/claimName"))
        .filter(|claim| !claim.is_empty())
        .any(|claim| {
            state
                .objects
                .find("persistentvolumeclaims", object::namespace(pod), claim)
                .is_none_or(|claim| object::text(claim, "/status/phase") != "Bound")
        })
}

/// The first container whose environment cannot be made, and why.
pub fn environment(state: &State, pod: &Value) -> Option<(String, String)> {
    let namespace = object::namespace(pod);
    let containers = object::list(pod, "/spec/initContainers").iter().chain(object::list(pod, "/spec/containers"));
    containers.into_iter().find_map(|container| {
        let single = object::list(container, "/env").iter().filter_map(|variable| {
            let from = variable.get("valueFrom")?;
            let secret = from.get("secretKeyRef").map(|source| ("secrets", "secret", "Secret", source));
            secret
                .or_else(|| from.get("configMapKeyRef").map(|source| ("configmaps", "configmap", "ConfigMap", source)))
        });
        let whole = object::list(container, "/envFrom").iter().filter_map(|from| {
            let secret = from.get("secretRef").map(|source| ("secrets", "secret", "Secret", source));
            secret.or_else(|| from.get("configMapRef").map(|source| ("configmaps", "configmap", "ConfigMap", source)))
        });
        let message = single.chain(whole).find_map(|(resource, word, kind, source)| {
            if source["optional"] == true {
                return None;
            }
            let (name, key) = (object::text(source, "/name"), object::text(source, "/key"));
            match state.objects.find(resource, namespace, name) {
                None => Some(format!("{word} \"{name}\" not found")),
                Some(found) if !key.is_empty() && !has(found, key) => {
                    Some(format!("couldn't find key {key} in {kind} {namespace}/{name}"))
                }
                Some(_) => None,
            }
        })?;
        Some((object::text(container, "/name").to_owned(), message))
    })
}

/// What the pod's first container runs, with which variables and files.
pub fn program(state: &State, pod: &Value) -> Asked {
    let container = &pod["spec"]["containers"][0];
    let texts = |pointer: &str| object::list(container, pointer).iter().filter_map(Value::as_str).map(str::to_owned);
    let variables = object::list(container, "/env")
        .iter()
        .filter_map(|variable| Some((variable["name"].as_str()?.to_owned(), variable["value"].as_str()?.to_owned())));
    let mut asked = Asked {
        words: texts("/command").chain(texts("/args")).collect(),
        variables: variables.collect(),
        ..Asked::default()
    };
    for mount in object::list(container, "/volumeMounts") {
        let named = |volume: &&Value| volume["name"] == mount["name"];
        let volume = object::list(pod, "/spec/volumes").iter().find(named);
        let secret = volume.map(|volume| object::text(volume, "/secret/secretName")).unwrap_or_default();
        let Some(found) = state.objects.find("secrets", object::namespace(pod), secret) else { continue };
        for (key, value) in found["data"].as_object().into_iter().flatten() {
            let bytes = STANDARD.decode(value.as_str().unwrap_or_default()).unwrap_or_default();
            let path = format!("{}/{key}", object::text(mount, "/mountPath"));
            asked.files.insert(path, String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    asked
}

/// Names of the pull secrets of a pod and its service account.
fn pull_secret_names(state: &State, pod: &Value) -> Vec<String> {
    let account =
        state.objects.find("serviceaccounts", object::namespace(pod), object::text(pod, "/spec/serviceAccountName"));
    let of_account = account.map(|account| object::list(account, "/imagePullSecrets")).unwrap_or_default();
    object::list(pod, "/spec/imagePullSecrets")
        .iter()
        .chain(of_account)
        .map(|secret| object::text(secret, "/name").to_owned())
        .collect()
}

/// Pull secrets that are not there.
pub fn pull_secrets(state: &State, pod: &Value) -> Option<String> {
    let missing: Vec<String> = pull_secret_names(state, pod)
        .into_iter()
        .filter(|name| state.objects.find("secrets", object::namespace(pod), name).is_none())
        .collect();
    (!missing.is_empty()).then(|| missing.join(", "))
}

/// Why a registry does not give an image to this pod.
pub fn pull_refusal(state: &State, pod: &Value, image: &str) -> Option<String> {
    let names = pull_secret_names(state, pod);
    let secrets: Vec<&Value> =
        names.iter().filter_map(|name| state.objects.find("secrets", object::namespace(pod), name)).collect();
    let host = image.split('/').next().filter(|host| host.contains(['.', ':'])).unwrap_or("docker.io");
    let denied = |why: &str| {
        Some(format!("failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": {why}"))
    };
    let Some(login) = state.setup.registries.get(host) else {
        // A chart names pull secrets because its registry is private.
        let none = !names.is_empty() && secrets.is_empty();
        return if none {
            denied(
                "pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials",
            )
        } else {
            None
        };
    };
    let given: Vec<(String, String)> = secrets.iter().filter_map(|secret| credentials(secret, host)).collect();
    if given.is_empty() {
        return denied(
            "pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials",
        );
    }
    let accepted = given.iter().any(|(user, password)| {
        *user == login.username && login.password.as_ref().is_none_or(|wanted| wanted == password)
    });
    if accepted {
        None
    } else {
        denied(&format!(
            "failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://{host}/token: 401 Unauthorized"
        ))
    }
}

/// User name and password for a host, from a Secret of type `kubernetes.io/dockerconfigjson`.
fn credentials(secret: &Value, host: &str) -> Option<(String, String)> {
    let text = STANDARD.decode(secret.get("data")?.get(".dockerconfigjson")?.as_str()?).ok()?;
    let config: Value = serde_json::from_slice(&text).ok()?;
    let plain = |name: &str| {
        name.trim_start_matches("https://")
            .trim_start_matches("http://")
            .split('/')
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let entry = config.get("auths")?.as_object()?.iter().find(|(name, _)| plain(name) == host)?.1;
    if let (Some(user), Some(password)) = (entry["username"].as_str(), entry["password"].as_str()) {
        return Some((user.into(), password.into()));
    }
    let both = String::from_utf8(STANDARD.decode(entry["auth"].as_str()?).ok()?).ok()?;
    both.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
}
