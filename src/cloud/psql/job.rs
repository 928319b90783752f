//! The Job and its Secret.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{Psql, Script, script};
use crate::cloud::Trouble;

/// After this long Kubernetes stops the pod, and removes what an interrupted run left, in seconds.
const STOPS: i64 = 600;
/// Where the Secret's files are.
const FILES: &str = "/landfall/files";
/// Where the password file is copied to: psql refuses one that a group may read, and a Secret's files belong to a group.
const SCRATCH: &str = "/landfall/scratch";

/// The Job; it is suspended until its Secret is there.
pub(super) fn job(psql: &Psql) -> Value {
    let run = format!(
        "umask 077 && cp {FILES}/pgpass {SCRATCH}/pgpass && \
         exec psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --file={FILES}/script.sql"
    );
    let service = format!("{FILES}/pg_service.conf");
    let passwords = format!("{SCRATCH}/pgpass");
    let variables = [
        ("HOME", SCRATCH),
        ("PGAPPNAME", "landfall"),
        ("PGCLIENTENCODING", "UTF8"),
        ("PGCONNECT_TIMEOUT", "20"),
        ("PGPASSFILE", &passwords),
        ("PGSERVICE", script::FIRST),
        ("PGSERVICEFILE", &service),
    ];
    let variables: Vec<Value> = variables.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    let pull: Vec<Value> = psql.pull_secrets.iter().map(|name| json!({ "name": name })).collect();
    json!({
        "metadata": { "name": psql.name, "labels": psql.labels },
        "spec": {
            "suspend": true,
            "backoffLimit": 0,
            "activeDeadlineSeconds": STOPS,
            "ttlSecondsAfterFinished": STOPS,
            "template": {
                "metadata": { "labels": psql.labels },
                "spec": {
                    "restartPolicy": "Never",
                    "automountServiceAccountToken": false,
                    "imagePullSecrets": pull,
                    // The "restricted" pod security standard.
                    "securityContext": {
                        "runAsNonRoot": true, "runAsUser": 65_532, "runAsGroup": 65_532, "fsGroup": 65_532,
                        "seccompProfile": { "type": "RuntimeDefault" },
                    },
                    "containers": [{
                        "name": "psql",
                        "image": psql.image,
                        "command": ["sh", "-c", run],
                        "env": variables,
                        "resources": { "requests": { "cpu": "50m", "memory": "64Mi" }, "limits": { "memory": "128Mi" } },
                        "securityContext": {
                            "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                            "capabilities": { "drop": ["ALL"] },
                        },
                        "volumeMounts": [
                            { "name": "files", "mountPath": FILES, "readOnly": true },
                            { "name": "scratch", "mountPath": SCRATCH },
                        ],
                    }],
                    "volumes": [
                        { "name": "files", "secret": { "secretName": psql.name, "defaultMode": 0o440 } },
                        { "name": "scratch", "emptyDir": { "medium": "Memory", "sizeLimit": "1Mi" } },
                    ],
                },
            },
        },
    })
}

/// Its Secret, which goes when the Job goes.
pub(super) fn secret(psql: &Psql, script: &Script, job: &str) -> Result<Value, Trouble> {
    let authority = format!("{FILES}/ca.pem");
    let mut services = script.login.service(script::FIRST, &authority)?;
    let mut passwords = script.login.pass()?;
    if let Some(second) = &script.second {
        services.push_str(&second.service(script::SECOND, &authority)?);
        passwords.push_str(&second.pass()?);
    }
    let mut files = vec![("script.sql", script.text.reveal()), ("pg_service.conf", &services), ("pgpass", &passwords)];
    files.extend(script.login.ca.as_ref().map(|ca| ("ca.pem", ca.reveal())));
    let data: serde_json::Map<String, Value> =
        files.into_iter().map(|(name, text)| (name.to_owned(), STANDARD.encode(text).into())).collect();
    Ok(json!({
        "metadata": {
            "name": psql.name,
            "labels": psql.labels,
            "ownerReferences": [{ "apiVersion": "batch/v1", "kind": "Job", "name": psql.name, "uid": job }],
        },
        "type": "Opaque",
        "data": data,
    }))
}
