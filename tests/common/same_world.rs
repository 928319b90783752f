//! Do two rehearsals leave the same simulated resources? One comparison, with everything that may differ listed.

use std::path::Path;

use serde_json::Value;

/// What may differ between two rehearsals of one scenario; a name may end in `*`. The install's id is made the same before.
const MAY_DIFFER: [&[&str]; 10] = [
    // helm's record holds times.
    &["kubernetes", "secrets", "shield", "sh.helm.release.v1.arthur-shield.*", "data", "release"],
    &["kubernetes", "secrets", "shield", "sh.helm.release.v1.arthur-shield.*", "metadata", "labels", "modifiedAt"],
    &["kubernetes", "secrets", "kube-system", "sh.helm.release.v1.nvidia-device-plugin.*", "data", "release"],
    &[
        "kubernetes",
        "secrets",
        "kube-system",
        "sh.helm.release.v1.nvidia-device-plugin.*",
        "metadata",
        "labels",
        "modifiedAt",
    ],
    // The sample answers have these generated.
    &["kubernetes", "secrets", "shield", "shield-app-secret-key", "data", "key"],
    &["kubernetes", "secrets", "shield", "shield-auth-client-secret", "data", "secret"],
    // Each rehearsal signs certificates of its own.
    &["kubernetes", "secrets", "shield", "shield-tls", "data", "tls.crt"],
    &["kubernetes", "secrets", "shield", "shield-tls", "data", "tls.key"],
    &["kubernetes", "secrets", "shield", "shield-auth-tls", "data", "tls.crt"],
    &["kubernetes", "secrets", "shield", "shield-auth-tls", "data", "tls.key"],
];

/// Reads a file of `--snapshot`.
pub fn left(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Panics with every difference that is not on the list.
pub fn is_the_same(one: &Value, other: &Value) {
    let worlds = [anonymous(one), anonymous(other)];
    for exception in MAY_DIFFER {
        let there = worlds.iter().all(|world| has(world, exception));
        assert!(there, "{exception:?} may differ, but is not there any more");
    }
    let mut differences = Vec::new();
    compare(&mut Vec::new(), &worlds[0], &worlds[1], &mut differences);
    assert!(differences.is_empty(), "what was left differs:\n{}", differences.join("\n"));
}

/// The same without the random id of the install, wherever it stands.
fn anonymous(world: &Value) -> Value {
    let labels = &world["kubernetes"]["namespaces"][""]["shield"]["metadata"]["labels"];
    let id = labels["landfall.dev/install"].as_str().unwrap();
    assert_eq!(id.len(), 8, "{id}");
    serde_json::from_str(&world.to_string().replace(id, "<install>")).unwrap()
}

fn has(world: &Value, path: &[&str]) -> bool {
    let Some((first, rest)) = path.split_first() else { return true };
    let Some(members) = world.as_object() else { return false };
    members.iter().any(|(name, value)| fits(first, name) && has(value, rest))
}

fn fits(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |beginning| name.starts_with(beginning))
}

fn compare<'v>(path: &mut Vec<&'v str>, one: &'v Value, other: &'v Value, differences: &mut Vec<String>) {
    if let (Some(one), Some(other)) = (one.as_object(), other.as_object()) {
        let names = one.keys().chain(other.keys().filter(|name| !one.contains_key(*name)));
        for name in names {
            path.push(name);
            compare(path, one.get(name).unwrap_or(&Value::Null), other.get(name).unwrap_or(&Value::Null), differences);
            path.pop();
        }
        return;
    }
    let listed = |exception: &&[&str]| {
        exception.len() == path.len() && exception.iter().zip(path.iter()).all(|(pattern, name)| fits(pattern, name))
    };
    if one != other && !MAY_DIFFER.iter().any(listed) {
        differences.push(format!("{}: {one} and {other}", path.join(" / ")));
    }
}

/// The comparison itself can fail: tried on what a world really holds.
#[test]
fn what_is_not_listed_is_told() {
    let secret =
        |key: &str| serde_json::json!({ "data": { key: "x" }, "metadata": { "labels": { "modifiedAt": "1" } } });
    let mut world = serde_json::json!({
        "aws": { "alarms": { "a/b": { "threshold": 40 } } },
        "kubernetes": {
            "namespaces": { "": { "shield": { "metadata": { "labels": { "landfall.dev/install": "0a1b2c3d" } } } } },
            "secrets": {
                "kube-system": { "sh.helm.release.v1.nvidia-device-plugin.v1": secret("release") },
                "shield": {
                    "sh.helm.release.v1.arthur-shield.v1": secret("release"),
                    "shield-app-secret-key": secret("key"),
                    "shield-auth-client-secret": secret("secret"),
                    "shield-tls": { "data": { "tls.crt": "x", "tls.key": "x" } },
                    "shield-auth-tls": { "data": { "tls.crt": "x", "tls.key": "x" } },
                },
            },
        },
    });
    let before = world.clone();
    world["kubernetes"]["namespaces"][""]["shield"]["metadata"]["labels"]["landfall.dev/install"] = "ffffffff".into();
    world["kubernetes"]["secrets"]["shield"]["shield-tls"]["data"]["tls.key"] = "y".into();
    is_the_same(&before, &world);
    world["aws"]["alarms"]["a/b"]["threshold"] = 41.into();
    let told = std::panic::catch_unwind(|| is_the_same(&before, &world)).unwrap_err();
    let told = told.downcast_ref::<String>().unwrap();
    assert!(told.ends_with("aws / alarms / a/b / threshold: 40 and 41"), "{told}");
}
