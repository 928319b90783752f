//! The account: its regions, who may call, and the passing of time.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    ask::{Ask, hex},
    error::AwsError,
    fault::{Fault, Faults},
    furnish::{fill_in, furnish},
    iam::evaluate::means,
    rds,
    service::{Asked, action, operation},
    setup::Setup,
    snapshot,
    state::State,
    wire::{Signature, model::model, validate::validate},
};
use crate::{Clock, world::Happening};

/// State of the account.
#[derive(Debug)]
pub struct Account {
    clock: Clock,
    setup: Setup,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    home: State,
    elsewhere: BTreeMap<String, State>,
    faults: Faults,
    sessions: BTreeMap<String, Timestamp>,
    troubles: Vec<String>,
    /// Of each of the scenario's later calls: whether it was made, and from when its time counts.
    later: Vec<(bool, Option<Timestamp>)>,
}

/// Credentials of a new session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: String,
    /// Session token.
    pub session_token: String,
    /// When it ends, where the scenario lets sessions end.
    pub expiration: Option<Timestamp>,
}

impl Account {
    /// An account as the scenario has it, at the clock's time.
    pub fn new(setup: &Setup, clock: Clock) -> Self {
        let start = clock.now();
        let mut troubles = Vec::new();
        let home = furnish(setup, start, &mut troubles);
        let inner = Inner {
            home,
            elsewhere: BTreeMap::new(),
            faults: Faults::new(&setup.faults),
            sessions: BTreeMap::new(),
            troubles,
            later: setup.later.iter().map(|call| (false, call.since.is_none().then_some(start))).collect(),
        };
        Self { clock, setup: setup.clone(), inner: Mutex::new(inner) }
    }

    /// Moves on to now.
    pub fn settle(&self, now: Timestamp) -> Vec<Happening> {
        let mut inner = self.inner();
        inner.home.advance(now);
        self.make_later_calls(&mut inner, now);
        std::mem::take(&mut inner.home.happenings)
    }

    /// What somebody else does meanwhile.
    fn make_later_calls(&self, inner: &mut Inner, now: Timestamp) {
        for (index, call) in self.setup.later.iter().enumerate() {
            let due = match inner.later[index] {
                (false, Some(since)) => now >= since + call.after,
                _ => false,
            };
            if !due {
                continue;
            }
            inner.later[index].0 = true;
            let asked = Asked {
                now,
                caller: "somebody-else".to_owned(),
                access_key: String::new(),
                region: self.setup.region.clone(),
            };
            let input = fill_in(&inner.home, call.input.clone());
            if let Err(error) = perform(&mut inner.home, &call.service, &call.operation, &input, &asked) {
                let trouble = format!("{} {} later: {}: {}", call.service, call.operation, error.code, error.message);
                tracing::warn!("{trouble}");
                inner.troubles.push(trouble);
            }
        }
    }

    /// Says where a cluster's API server is, and the PEM of its CA; one that is made later has the same.
    pub fn set_cluster_endpoint(&self, name: &str, endpoint: &str, certificate_authority: &str) {
        let mut inner = self.inner();
        let authority = STANDARD.encode(certificate_authority);
        if let Some(cluster) = inner.home.clusters.get_mut(name) {
            cluster.endpoint = endpoint.to_owned();
            cluster.certificate_authority = authority.clone();
        }
        inner.home.served = Some((endpoint.to_owned(), authority));
    }

    /// Whether the database at this address takes connections from what has a cluster's own security group; none where
    /// no database has the address.
    pub fn database_lets_in(&self, address: &str, cluster: &str) -> Option<bool> {
        rds::lets_in(&self.inner().home, address, cluster)
    }

    /// Names of the clusters.
    pub fn clusters(&self) -> Vec<String> {
        self.inner().home.clusters.keys().cloned().collect()
    }

    /// A cluster's OIDC issuer, which its API server names in its tokens.
    pub fn issuer(&self, name: &str) -> Option<String> {
        self.inner().home.clusters.get(name).map(|cluster| cluster.issuer.clone())
    }

    /// Home region.
    pub fn region(&self) -> &str {
        &self.setup.region
    }

    /// Credentials of a session that begins with its first call.
    pub fn session(&self) -> Session {
        let known = self.inner().sessions.len();
        let key = format!("ASIA{}", hex(&format!("session/{known}/{}", self.clock.now()), 16).to_uppercase());
        Session {
            secret_access_key: hex(&format!("secret/{key}"), 40),
            session_token: hex(&format!("token/{key}"), 64),
            expiration: self.setup.session.map(|lasts| self.clock.now() + lasts),
            access_key_id: key,
        }
    }

    /// What is wrong with the scenario's own calls, if anything.
    pub fn troubles(&self) -> Vec<String> {
        self.inner().troubles.clone()
    }

    /// Everything an install could leave behind, sorted and without times.
    pub fn snapshot(&self) -> Value {
        snapshot::snapshot(&self.inner().home)
    }

    /// The faults that hit a call, which is counted.
    pub(super) fn faults(&self, service: &str, operation: &str) -> Vec<Fault> {
        let mut inner = self.inner();
        let since = self.clock.now().duration_since(inner.home.start);
        inner.faults.hit(service, operation, since)
    }

    /// The simulated clock.
    pub(super) fn clock(&self) -> Clock {
        self.clock
    }

    /// Who holds this access key, as STS would answer; nobody where the session is over.
    pub fn caller(&self, access_key: &str, region: &str, token: Option<&str>) -> Option<String> {
        let signature = Signature {
            access_key: access_key.to_owned(),
            region: region.to_owned(),
            service: "sts".to_owned(),
            token: token.map(str::to_owned),
        };
        self.admit("sts", "GetCallerIdentity", &signature).ok()
    }

    /// Refuses callers whose session is over, and actions the scenario denies.
    pub(super) fn admit(&self, service: &str, operation: &str, signature: &Signature) -> Result<String, AwsError> {
        let mut inner = self.inner();
        let now = self.clock.now();
        let first = *inner.sessions.entry(signature.access_key.clone()).or_insert(now);
        // The tools of a rehearsal write the end of a session into its token.
        let token = signature.token.as_deref().and_then(|token| token.strip_prefix("rehearsal-until-"));
        let ended = token.and_then(|end| end.parse::<Timestamp>().ok()).is_some_and(|end| now >= end);
        if ended || self.setup.session.is_some_and(|lasts| now >= first + lasts) {
            return Err(AwsError::expired(service));
        }
        let assumed = inner.home.tokens.get(&("session".to_owned(), signature.access_key.clone()));
        let caller = assumed.map_or_else(|| self.setup.caller.clone(), |(caller, _)| caller.clone());
        let action = action(service, operation);
        if caller == self.setup.caller && self.setup.denied.iter().any(|pattern| means(pattern, &action)) {
            return Err(AwsError::denied(service, &action, &caller));
        }
        Ok(caller)
    }

    /// Does a call. IAM, STS and S3 are the whole account's; everything else is the region's own.
    pub(super) fn perform(
        &self,
        service: &str,
        name: &str,
        input: &Value,
        signature: &Signature,
        caller: String,
    ) -> Result<Value, AwsError> {
        let mut inner = self.inner();
        let now = self.clock.now();
        let start = inner.home.start;
        // A bucket's name is one of a kind everywhere: S3 itself knows which region it is in.
        let global = matches!(service, "iam" | "sts" | "s3");
        let state = if global || signature.region == self.setup.region {
            &mut inner.home
        } else {
            let region = &signature.region;
            inner.elsewhere.entry(region.clone()).or_insert_with(|| {
                let bare = Setup {
                    quotas: BTreeMap::new(),
                    secrets: BTreeMap::new(),
                    certificates: Vec::new(),
                    ..self.setup.clone()
                };
                State::empty(&bare, region, start)
            })
        };
        state.advance(now);
        let asked = Asked {
            now: state.now,
            caller,
            access_key: signature.access_key.clone(),
            region: signature.region.clone(),
        };
        let answer = perform(state, service, name, input, &asked)?;
        for (index, call) in self.setup.later.iter().enumerate() {
            if call.since.as_ref().is_some_and(|since| since.service == service && since.operation == name) {
                inner.later[index].1.get_or_insert(now);
            }
        }
        Ok(answer)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // State is changed by whole operations; one that panicked leaves at worst its own resource half made.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Validates, repeats what a client token already did, and runs the operation.
pub(super) fn perform(
    state: &mut State,
    service: &str,
    name: &str,
    input: &Value,
    asked: &Asked,
) -> Result<Value, AwsError> {
    let (Some(model), Some(run)) = (model(service), operation(service, name)) else {
        return Err(AwsError::not_simulated(&format!("{service} {name}")));
    };
    let shapes = model.operations.get(name);
    let findings = validate(model, shapes.and_then(|shapes| shapes.input.as_deref()), input);
    if !findings.is_empty() {
        let first = |list: &[String]| list.first().cloned();
        let (missing, unknown) = (first(&findings.missing), first(&findings.unknown));
        return Err(AwsError::invalid(service, missing.as_deref(), unknown.as_deref(), findings.message()));
    }
    if input.yes("DryRun") {
        return Err(AwsError::new(412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set."));
    }
    let token = input.maybe("clientRequestToken").or_else(|| input.maybe("ClientToken"));
    let Some(token) = token else { return run(state, input, asked) };
    let key = (name.to_owned(), token.to_owned());
    let mut rest = input.clone();
    if let Some(rest) = rest.as_object_mut() {
        rest.retain(|member, _| member != "clientRequestToken" && member != "ClientToken");
    }
    let digest = hex(&rest.to_string(), 64);
    if let Some((known, answer)) = state.tokens.get(&key) {
        if *known == digest {
            return Ok(answer.clone());
        }
        return Err(match service {
            "ec2" => AwsError::bad(
                "IdempotentParameterMismatch",
                format!("Client token {token} was already used with different parameters"),
            ),
            _ => AwsError::bad(
                "InvalidRequestException",
                format!("The client request token {token} was already used with different parameters"),
            ),
        });
    }
    let answer = run(state, input, asked)?;
    state.tokens.insert(key, (digest, answer.clone()));
    Ok(answer)
}

/// An id for a request.
pub(super) fn request_id() -> String {
    uuid::Uuid::new_v4().to_string()
}
