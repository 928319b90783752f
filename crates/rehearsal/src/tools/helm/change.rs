//! Commands that make a release: install and upgrade.

use serde_json::json;

use super::{
    Failure, Helm, back, effect, fetch,
    objects::{Objects, create_namespace},
    print,
    release::{self, Release},
    render::{self, Named},
    values,
};
use crate::tools::cluster::Cluster;

/// `helm install`.
pub fn install(helm: &Helm<'_>) -> Result<String, Failure> {
    let [name, reference] = helm.arguments.exactly::<2>()?;
    let cluster = helm.cluster()?;
    let namespace = helm.namespace(&cluster);
    let failed = |error| match error {
        Failure::Dies => Failure::Dies,
        error => Failure::said(format!("INSTALLATION FAILED: {error}")),
    };
    let taken =
        release::revisions(&cluster, &namespace, name)?.last().is_some_and(|last| last.status() != "uninstalled");
    if taken {
        return Err(if helm.is_four() {
            eprintln!(
                "level=ERROR msg=\"release name check failed\" error=\"cannot reuse a name that is still in use\""
            );
            failed(Failure::said("release name check failed: cannot reuse a name that is still in use"))
        } else {
            failed(Failure::said("cannot re-use a name that is still in use"))
        });
    }
    first(helm, &cluster, name, &namespace, reference).map_err(failed).map(|made| print::made(helm, &made))
}

/// `helm upgrade`, with `--install` or without.
pub fn upgrade(helm: &Helm<'_>) -> Result<String, Failure> {
    let [name, reference] = helm.arguments.exactly::<2>()?;
    let fits = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-' || letter == '.';
    if name.is_empty() || name.len() > 53 || !name.chars().all(fits) {
        return Err(Failure::said(format!("release name is invalid: {name}")));
    }
    let cluster = helm.cluster()?;
    let namespace = helm.namespace(&cluster);
    let revisions = release::revisions(&cluster, &namespace, name)?;
    let last = revisions.last().filter(|last| last.status() != "uninstalled" || !helm.arguments.is("install"));
    let Some(last) = last else {
        if !helm.arguments.is("install") {
            return Err(Failure::said(format!("UPGRADE FAILED: \"{name}\" has no deployed releases")));
        }
        println!("Release \"{name}\" does not exist. Installing it now.");
        return first(helm, &cluster, name, &namespace, reference).map(|made| print::made(helm, &made));
    };
    next(helm, &cluster, &revisions, last, reference).map_err(|error| match error {
        Failure::Dies => Failure::Dies,
        error => Failure::said(format!("UPGRADE FAILED: {error}")),
    })
}

/// The first revision.
fn first(helm: &Helm<'_>, cluster: &Cluster, name: &str, namespace: &str, reference: &str) -> Result<Release, Failure> {
    let (_, chart) = fetch::chart(helm, reference)?;
    let given = values::given(helm)?;
    let version = release::revisions(cluster, namespace, name)?.last().map_or(1, |last| last.version() + 1);
    let rendered = render::render(
        &chart,
        &given,
        &Named { name, namespace, revision: version, is_install: true },
        helm.is_four(),
    )?;
    let mut release = Release::pending(helm, name, namespace, version, &chart, &given, &rendered)?;
    release.become_status("pending-install", "Initial install underway");
    if dry_run(helm) {
        release.become_status("pending-install", "Dry run complete");
        return Ok(release);
    }
    let objects = Objects::new(helm, cluster, name, namespace);
    objects.claim(&rendered.objects, "install")?;
    if helm.arguments.is("create-namespace") {
        create_namespace(cluster, namespace)?;
    }
    release.save(helm, cluster).map_err(|error| match error {
        Failure::Cluster(refused) => Failure::said(format!("create: failed to create: {refused}")),
        error => error,
    })?;
    effect::linger(helm);
    match objects.write(&rendered.objects, &[]) {
        Ok(()) => {}
        Err(Failure::Dies) => return Err(Failure::Dies),
        Err(error) if rolls_back(helm) => {
            for object in rendered.objects.iter().rev() {
                objects.remove(object)?;
            }
            release.forget(cluster)?;
            let flag = if helm.is_four() { "rollback-on-failure" } else { "atomic" };
            return Err(Failure::said(format!(
                "release {name} failed, and has been uninstalled due to {flag} being set: {}",
                listed(helm, &error)
            )));
        }
        Err(error) => {
            let said = listed(helm, &error);
            release.become_status("failed", &format!("Release \"{name}\" failed: {said}"));
            release.save(helm, cluster)?;
            return Err(Failure::said(said));
        }
    }
    release.become_status("deployed", helm.arguments.last("description").unwrap_or("Install complete"));
    release.save(helm, cluster)?;
    Ok(release)
}

/// The next revision.
fn next(
    helm: &Helm<'_>,
    cluster: &Cluster,
    revisions: &[Release],
    last: &Release,
    reference: &str,
) -> Result<String, Failure> {
    let (name, namespace) = (last.name(), last.namespace());
    let (_, chart) = fetch::chart(helm, reference)?;
    if last.status().starts_with("pending-") {
        return Err(Failure::said("another operation (install/upgrade/rollback) is in progress"));
    }
    let deployed = revisions.iter().rev().find(|one| one.status() == "deployed");
    let base = deployed.or(Some(last).filter(|last| matches!(last.status(), "failed" | "superseded")));
    let base = base.ok_or_else(|| Failure::said(format!("\"{name}\" has no deployed releases")))?;
    let mut given = values::given(helm)?;
    let config = &base.body["config"];
    let reuse = helm.arguments.is("reuse-values") || helm.arguments.is("reset-then-reuse-values");
    let nothing_given = given.as_object().is_some_and(serde_json::Map::is_empty);
    if config.is_object() && (reuse || (nothing_given && !helm.arguments.is("reset-values"))) {
        let over = std::mem::replace(&mut given, config.clone());
        values::overlay(&mut given, over);
    }
    let version = last.version() + 1;
    let named = Named { name, namespace, revision: version, is_install: false };
    let rendered = render::render(&chart, &given, &named, helm.is_four())?;
    let mut release = Release::pending(helm, name, namespace, version, &chart, &given, &rendered)?;
    release.body["info"]["first_deployed"] = base.body["info"]["first_deployed"].clone();
    release.labels =
        base.labels.clone().into_iter().chain(release.labels).filter(|(_, value)| *value != json!("null")).collect();
    let done = format!("Release \"{name}\" has been upgraded. Happy Helming!\n");
    if dry_run(helm) {
        release.become_status("pending-upgrade", "Dry run complete");
        return Ok(done + &print::made(helm, &release));
    }
    let objects = Objects::new(helm, cluster, name, namespace);
    let before = render::objects(base.manifest());
    let fresh: Vec<_> = rendered
        .objects
        .iter()
        .filter(|object| !before.iter().any(|old| old["metadata"]["name"] == object["metadata"]["name"]))
        .cloned()
        .collect();
    objects.claim(&fresh, "update")?;
    release.save(helm, cluster)?;
    effect::linger(helm);
    match objects.write(&rendered.objects, &before) {
        Ok(()) => {}
        Err(Failure::Dies) => return Err(Failure::Dies),
        Err(error) => {
            release.become_status("failed", &format!("Upgrade \"{name}\" failed: {error}"));
            release.save(helm, cluster)?;
            if rolls_back(helm) {
                back::back_to(helm, cluster, &[revisions, &[release]].concat(), base)?;
                let flag = if helm.is_four() { "rollback-on-failure" } else { "atomic" };
                return Err(Failure::said(format!(
                    "release {name} failed, and has been rolled back due to {flag} being set: {error}"
                )));
            }
            return Err(error);
        }
    }
    release.become_status("deployed", helm.arguments.last("description").unwrap_or("Upgrade complete"));
    back::supersede(helm, cluster, std::slice::from_ref(base))?;
    release.save(helm, cluster)?;
    let keep = helm.arguments.last("history-max").and_then(|text| text.parse().ok()).unwrap_or(10);
    if keep > 0 {
        for old in revisions.iter().take((revisions.len() + 1).saturating_sub(keep)) {
            old.forget(cluster)?;
        }
    }
    Ok(done + &print::made(helm, &release))
}

fn rolls_back(helm: &Helm<'_>) -> bool {
    helm.arguments.is("atomic") || helm.arguments.is("rollback-on-failure")
}

fn dry_run(helm: &Helm<'_>) -> bool {
    helm.arguments.is("dry-run")
}

/// Version 3 counts its errors and lists them.
pub fn listed(helm: &Helm<'_>, error: &Failure) -> String {
    if helm.is_four() { error.to_string() } else { format!("1 error occurred:\n\t* {error}\n\n") }
}
