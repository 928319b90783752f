//! What does the API server answer to a call?

use std::sync::Arc;

use http::Response;
use serde_json::Value;

use super::{
    access::{self, Attributes},
    body::{parse, read, removal},
    call::{Call, Target},
    discovery, eks_token, faults,
    fields::Writer,
    list, log, metrics,
    objects::Key,
    refusal::Refusal,
    reply::{Body, bytes, refuse, whole},
    resource::Resource,
    scale,
    setup::{Setup, User},
    table, watch,
    write::{Manner, PatchKind},
};
use crate::World;

/// In which form the caller wants objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As they are.
    Whole,
    /// As rows for people.
    Table,
    /// Only their metadata.
    Metadata,
}

impl Form {
    /// From `Accept`: the first form that is served.
    fn of(accept: &str) -> Result<Self, Refusal> {
        if accept.is_empty() {
            return Ok(Self::Whole);
        }
        for wanted in accept.split(',') {
            let mut parts = wanted.split(';').map(str::trim);
            if !matches!(parts.next().unwrap_or_default(), "application/json" | "*/*" | "application/*") {
                continue;
            }
            match parts.find_map(|part| part.strip_prefix("as=")) {
                None => return Ok(Self::Whole),
                Some("Table") if wanted.contains("v=v1;") || wanted.ends_with("v=v1") => return Ok(Self::Table),
                Some("PartialObjectMetadata" | "PartialObjectMetadataList") => return Ok(Self::Metadata),
                Some(_) => {}
            }
        }
        Err(Refusal::new(
            406,
            "NotAcceptable",
            format!("only application/json is served by the rehearsal's API server, not {accept:?}"),
        ))
    }
}

/// What a call comes to.
#[derive(Debug)]
pub enum Outcome {
    /// An answer.
    Answer(Response<Body>),
    /// The connection drops.
    Drop,
}

/// Answers a call.
pub fn answer(world: &Arc<World>, call: &Call, body: &[u8]) -> Outcome {
    let target = call.target();
    let attributes = target.as_ref().map_or_else(Attributes::default, |target| attributes(call, target));
    let mut lose = false;
    let faults = &world.cluster.setup().faults;
    let struck: Vec<usize> = if faults.is_empty() { Vec::new() } else { strike(world, attributes, call) };
    for fault in struck.into_iter().filter_map(|at| faults.get(at)) {
        if fault.drop {
            return Outcome::Drop;
        }
        if let Some(code) = fault.status {
            return Outcome::Answer(refuse(&faults::refusal(code)));
        }
        if fault.forget {
            world.cluster.with(|state| state.objects.forget());
        }
        if let (Some(manager), Some(target)) = (&fault.conflict, &target)
            && call.content_type == "application/apply-patch+yaml"
            && !call.query.is("force")
            && let Some(kind) = world.cluster.look(|state| state.kind(&target.group, &target.version, &target.plural))
        {
            return Outcome::Answer(refuse(&faults::conflict(&kind, &target.name, manager)));
        }
        lose |= fault.lose_answer;
    }
    let answer = identify(world, call).and_then(|()| match &target {
        Some(target) => on_objects(world, call, target, body),
        None => discovery::answer(world, call),
    });
    if lose {
        return Outcome::Drop;
    }
    Outcome::Answer(answer.unwrap_or_else(|refusal| refuse(&refusal)))
}

/// Which faults strike this call?
fn strike(world: &World, mut asked: Attributes<'_>, call: &Call) -> Vec<usize> {
    let now = world.clock.now();
    if call.content_type == "application/apply-patch+yaml" {
        asked.verb = "apply";
    }
    world.cluster.with(|state| {
        let setup = state.setup.clone();
        let start = state.start;
        let counted = setup.faults.iter().zip(state.counts.iter_mut()).enumerate();
        counted.filter_map(|(at, (fault, count))| fault.strikes(asked, count, start, now).then_some(at)).collect()
    })
}

/// How long a struck watch lasts.
pub fn watch_limit(world: &World, target: &Target) -> Option<jiff::SignedDuration> {
    let (start, now) = (world.cluster.look(|state| state.start), world.clock.now());
    let faults = world.cluster.setup().faults.iter();
    faults.filter_map(|fault| fault.closes_watch(&target.plural, &target.namespace, start, now)).min()
}

/// Whose token it is, where it is not the caller's own.
fn user<'a>(setup: &'a Setup, call: &Call) -> Option<&'a User> {
    setup.users.iter().find(|user| call.token.as_ref() == Some(&user.token))
}

fn identify(world: &World, call: &Call) -> Result<(), Refusal> {
    let setup = world.cluster.setup();
    let tokens = &setup.tokens;
    match &call.token {
        Some(token) if eks_token::is(token) => eks_token::check(world, token),
        Some(_) if user(setup, call).is_some() => Ok(()),
        // A token that somebody signed is checked, and nobody known here signed this one.
        Some(token) if token.matches('.').count() == 2 => Err(Refusal::unauthorized()),
        Some(token) if tokens.is_empty() || tokens.contains(token) => Ok(()),
        Some(_) => Err(Refusal::unauthorized()),
        None if matches!(call.path.as_str(), "/version" | "/healthz" | "/livez" | "/readyz") => Ok(()),
        None => {
            let path = &call.path;
            Err(Refusal::new(
                403,
                "Forbidden",
                format!(
                    "forbidden: User \"system:anonymous\" cannot {} path \"{path}\"",
                    call.method.as_str().to_lowercase()
                ),
            ))
        }
    }
}

fn attributes<'a>(call: &Call, target: &'a Target) -> Attributes<'a> {
    let own = target.plural == "namespaces" && target.group.is_empty();
    Attributes {
        verb: call.verb(target),
        group: &target.group,
        resource: &target.plural,
        subresource: &target.subresource,
        namespace: if own { &target.name } else { &target.namespace },
        name: &target.name,
    }
}

fn on_objects(world: &Arc<World>, call: &Call, target: &Target, body: &[u8]) -> Result<Response<Body>, Refusal> {
    let setup = world.cluster.setup();
    if target.group == "metrics.k8s.io" && setup.metrics_server() {
        return metrics::answer(world, call, target);
    }
    if matches!(target.group.as_str(), "authorization.k8s.io" | "authentication.k8s.io") {
        return review(world, call, target, body);
    }
    let kind = world
        .cluster
        .look(|state| state.kind(&target.group, &target.version, &target.plural))
        .ok_or_else(Refusal::no_such_path)?;
    if !target.subresource.is_empty() && !kind.has(&target.subresource) {
        let known = matches!(
            target.subresource.as_str(),
            "exec"
                | "attach"
                | "portforward"
                | "eviction"
                | "binding"
                | "token"
                | "proxy"
                | "ephemeralcontainers"
                | "resize"
        );
        return Err(if known {
            Refusal::not_simulated(call.method.as_str(), &call.path)
        } else {
            Refusal::no_such_path()
        });
    }
    world.cluster.look(|state| access::check(state, user(setup, call), &kind, attributes(call, target)))?;
    let key = Key::new(&kind.id, if kind.namespaced { &target.namespace } else { "" }, &target.name);
    match (call.verb(target), target.subresource.as_str()) {
        ("watch", "") => watch::answer(world, call, target, kind, Form::of(&call.accept)?),
        ("list", "") => list::answer(world, call, target, &kind, Form::of(&call.accept)?),
        ("get", "log") => log::answer(world, call, &key, &kind),
        ("get", "scale") => {
            world.cluster.look(|state| state.existing(&kind, &key)).map(|object| whole(200, &scale::of(&object)))
        }
        ("get", _) => {
            let form = Form::of(&call.accept)?;
            world.cluster.look(|state| {
                let object = state.objects.get(&key).ok_or_else(|| Refusal::not_found(&kind, &key.name))?;
                Ok(match form {
                    Form::Whole => bytes(200, object.text().clone()),
                    form => show(world, 200, &kind, &object.value, form),
                })
            })
        }
        ("create", "") if target.name.is_empty() => {
            if kind.namespaced && target.namespace.is_empty() {
                return Err(Refusal::bad_request("the namespace of the object is not on the URL"));
            }
            let form = Form::of(&call.accept)?;
            let object = read(call, body, &["application/json", "application/yaml"])?;
            let made =
                world.cluster.with(|state| state.create(&kind, &key.namespace, object, &manner(call, "Update")))?;
            Ok(show(world, 201, &kind, &made, form))
        }
        ("update" | "patch", _) if !target.name.is_empty() => {
            change(world, call, &kind, &key, &target.subresource, body)
        }
        ("delete", "") => {
            let removal = removal(call, body)?;
            world.cluster.with(|state| state.delete(&kind, &key, &removal)).map(|object| whole(200, &object))
        }
        ("deletecollection", "") => list::delete(world, call, target, &kind, &removal(call, body)?),
        _ => Err(Refusal::not_simulated(call.method.as_str(), &call.path)),
    }
}

fn change(
    world: &World,
    call: &Call,
    kind: &Arc<Resource>,
    key: &Key,
    subresource: &str,
    body: &[u8],
) -> Result<Response<Body>, Refusal> {
    let form = Form::of(&call.accept)?;
    if call.method == http::Method::PUT {
        let object = read(call, body, &["application/json", "application/yaml"])?;
        let made = world.cluster.with(|state| match subresource {
            "scale" => scale::put(state, kind, key, &object, &manner(call, "Update")),
            "finalize" => state.update(kind, key, "", object, &manner(call, "Update")),
            _ => state.update(kind, key, subresource, object, &manner(call, "Update")),
        })?;
        return Ok(show(world, 200, kind, &made, form));
    }
    let patch_kind = match call.content_type.as_str() {
        "application/merge-patch+json" => PatchKind::Merge,
        "application/strategic-merge-patch+json" if !kind.custom => PatchKind::Strategic,
        "application/apply-patch+yaml" => PatchKind::Apply,
        other => {
            return Err(Refusal::unsupported_media(
                other,
                "application/merge-patch+json, application/strategic-merge-patch+json and application/apply-patch+yaml",
            ));
        }
    };
    let patch = parse(body)?;
    if patch_kind == PatchKind::Apply && call.query.get("fieldManager").is_empty() {
        return Err(Refusal::bad_request(
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch",
        ));
    }
    let manner = manner(call, if patch_kind == PatchKind::Apply { "Apply" } else { "Update" });
    let (existed, made) = world.cluster.with(|state| {
        let existed = state.objects.get(key).is_some();
        let made = match subresource {
            "scale" => scale::patch(state, kind, key, &patch, &manner),
            _ => state.patch(kind, key, subresource, patch_kind, patch, &manner),
        };
        made.map(|made| (existed, made))
    })?;
    Ok(show(world, if existed { 200 } else { 201 }, kind, &made, form))
}

fn review(world: &World, call: &Call, target: &Target, body: &[u8]) -> Result<Response<Body>, Refusal> {
    if call.method != http::Method::POST || target.version != "v1" {
        return Err(Refusal::not_simulated(call.method.as_str(), &call.path));
    }
    let body = read(call, body, &["application/json", "application/yaml"])?;
    let setup = world.cluster.setup();
    let person = user(setup, call);
    if target.plural == "subjectaccessreviews" {
        let asked =
            Attributes { verb: "create", group: &target.group, resource: &target.plural, ..Attributes::default() };
        let kind =
            Resource { id: "subjectaccessreviews.authorization.k8s.io".into(), ..Resource::unnamed(&target.group) };
        world.cluster.look(|state| access::check(state, person, &kind, asked))?;
    }
    let answer = world
        .cluster
        .look(|state| access::review(state, person, &target.plural, body))
        .ok_or_else(|| Refusal::not_simulated("POST", &call.path))?;
    Ok(whole(201, &answer))
}

fn manner(call: &Call, operation: &'static str) -> Manner {
    let named = call.query.get("fieldManager");
    let manager = if !named.is_empty() {
        named
    } else if call.agent.is_empty() {
        "unknown"
    } else {
        &call.agent
    };
    Manner {
        writer: Writer { manager: manager.to_owned(), operation, subresource: String::new() },
        dry_run: call.query.get("dryRun") == "All",
    }
}

/// An object in the form that is wanted.
fn show(world: &World, code: u16, kind: &Resource, object: &Value, form: Form) -> Response<Body> {
    match form {
        Form::Table if object["kind"] == *kind.kind => {
            whole(code, &table::of(kind, [object].into_iter(), &Value::Null, world.clock.now()))
        }
        Form::Metadata => whole(code, &list::metadata(object)),
        _ => whole(code, object),
    }
}
