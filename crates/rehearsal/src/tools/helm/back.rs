//! Commands that take a release back: rollback and uninstall.

use serde_json::json;

use super::{
    Failure, Helm, effect,
    objects::Objects,
    release::{self, Release},
    render,
};
use crate::tools::cluster::Cluster;

/// `helm rollback`.
pub fn rollback(helm: &Helm<'_>) -> Result<String, Failure> {
    let (name, wanted) = match helm.arguments.operands.as_slice() {
        [name] => (name, 0),
        [name, version] => (
            name,
            version.parse().map_err(|_| Failure::said(format!("could not convert revision to a number: {version}")))?,
        ),
        _ => {
            return Err(Failure::said(
                "\"helm rollback\" requires at least 1 argument\n\nUsage:  helm rollback <RELEASE> [REVISION] [flags]",
            ));
        }
    };
    let cluster = helm.cluster()?;
    let revisions = release::revisions(&cluster, &helm.namespace(&cluster), name)?;
    let last = revisions.last().ok_or_else(|| Failure::said("release: not found"))?;
    let wanted: u64 = if wanted == 0 { last.version() - 1 } else { wanted };
    let target = revisions.iter().find(|one| one.version() == wanted);
    let target = target.ok_or_else(|| Failure::said(format!("release has no {wanted} version")))?;
    back_to(helm, &cluster, &revisions, target)?;
    Ok("Rollback was a success! Happy Helming!\n".to_owned())
}

/// Makes a revision what the cluster holds, as a new revision.
pub fn back_to(helm: &Helm<'_>, cluster: &Cluster, revisions: &[Release], target: &Release) -> Result<(), Failure> {
    let Some(last) = revisions.last() else { return Ok(()) };
    let description =
        helm.arguments.last("description").map_or_else(|| format!("Rollback to {}", target.version()), str::to_owned);
    let mut release = target.clone();
    release.body["version"] = json!(last.version() + 1);
    release.body["info"]["last_deployed"] = json!(helm.now().to_string());
    if helm.is_four() {
        release.body["info"]["rollback_revision"] = json!(target.version());
    }
    release.become_status("pending-rollback", &description);
    release.save(helm, cluster)?;
    let objects = Objects::new(helm, cluster, target.name(), target.namespace());
    effect::linger(helm);
    objects.write(&render::objects(target.manifest()), &render::objects(last.manifest()))?;
    let deployed: Vec<_> = revisions.iter().filter(|one| one.status() == "deployed").cloned().collect();
    supersede(helm, cluster, &deployed)?;
    release.become_status("deployed", &description);
    release.save(helm, cluster)
}

/// `helm uninstall`.
pub fn uninstall(helm: &Helm<'_>) -> Result<String, Failure> {
    let cluster = helm.cluster()?;
    let namespace = helm.namespace(&cluster);
    let mut said = String::new();
    for name in &helm.arguments.operands {
        let revisions = release::revisions(&cluster, &namespace, name)?;
        let Some(last) = revisions.last() else {
            if helm.arguments.is("ignore-not-found") {
                said += &format!("release \"{name}\" uninstalled\n");
                continue;
            }
            return Err(Failure::said(format!("uninstall: Release not loaded: {name}: release: not found")));
        };
        let gone = last.status() == "uninstalled";
        if !gone {
            let mut going = last.clone();
            going.become_status("uninstalling", "Deletion in progress (or silently failed)");
            going.save(helm, &cluster)?;
            effect::linger(helm);
            let objects = Objects::new(helm, &cluster, name, &namespace);
            for (removed, object) in render::objects(last.manifest()).iter().rev().enumerate() {
                effect::midway(helm, removed)?;
                objects.remove(object)?;
            }
            if helm.arguments.is("keep-history") {
                going.body["info"]["deleted"] = json!(helm.now().to_string());
                going.become_status(
                    "uninstalled",
                    helm.arguments.last("description").unwrap_or("Uninstallation complete"),
                );
                going.save(helm, &cluster)?;
            }
        }
        if !helm.arguments.is("keep-history") {
            for revision in &revisions {
                revision.forget(&cluster)?;
            }
        }
        said += &format!("release \"{name}\" uninstalled\n");
    }
    Ok(said)
}

/// These hold no longer.
pub fn supersede(helm: &Helm<'_>, cluster: &Cluster, revisions: &[Release]) -> Result<(), Failure> {
    for old in revisions {
        let mut old = old.clone();
        old.body["info"]["status"] = json!("superseded");
        old.save(helm, cluster)?;
    }
    Ok(())
}
