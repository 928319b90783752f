//! Jobs run pods until enough of them completed.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    Work,
    event::{self, From},
    is_active, make_pod, next_name,
};
use crate::kube::{object, objects::Key, state::State};

const SELF: From<'_> = From::Controller("job-controller");

/// Makes pods, counts what became of them, and comes to an end.
pub fn touched(state: &mut State, key: &Key) {
    let Some(job) = state.objects.value(key).cloned() else { return };
    if object::is_deleting(&job) || object::condition(&job, "Complete") || object::condition(&job, "Failed") {
        return;
    }
    let number = |pointer: &str, otherwise: i64| object::int(&job, pointer).unwrap_or(otherwise);
    let (completions, parallelism, limit) =
        (number("/spec/completions", 1), number("/spec/parallelism", 1), number("/spec/backoffLimit", 6));
    let (mut active, mut ready, mut succeeded, mut failed) = (Vec::new(), 0, 0, 0);
    for pod in state.objects.owned_values(object::uid(&job), "pods") {
        match object::text(pod, "/status/phase") {
            "Succeeded" => succeeded += 1,
            "Failed" => failed += 1,
            _ if is_active(pod) => {
                active.push(Key::new("pods", &key.namespace, object::name(pod)));
                ready += i64::from(object::condition(pod, "Ready"));
            }
            _ => {}
        }
    }
    let began = object::text(&job, "/status/startTime").parse::<Timestamp>().unwrap_or(state.now);
    let deadline = object::int(&job, "/spec/activeDeadlineSeconds");
    let overdue = deadline.is_some_and(|deadline| state.now.duration_since(began).as_secs() >= deadline);
    if succeeded >= completions {
        event::normal(state, &job, SELF, "Completed", "Job completed");
        finish(state, key, &job, (succeeded, failed), None);
    } else if overdue {
        end_badly(
            state,
            key,
            &job,
            &active,
            (succeeded, failed),
            ("DeadlineExceeded", "Job was active longer than specified deadline"),
        );
    } else if failed > limit {
        end_badly(
            state,
            key,
            &job,
            &active,
            (succeeded, failed),
            ("BackoffLimitExceeded", "Job has reached the specified backoff limit"),
        );
    } else if object::text(&job, "/spec/suspend") != "true" && job["spec"]["suspend"] != true {
        let missing = parallelism.min(completions - succeeded) - i64::try_from(active.len()).unwrap_or(0);
        let wait = pause(state, &job, failed);
        if missing > 0 && wait > SignedDuration::ZERO {
            state.later(wait, Work::Look(key.clone()));
        } else {
            for _ in 0..missing {
                let name = next_name(state, &job);
                match make_pod(state, &job, &name, &[], |_| {}) {
                    Ok(pod) => {
                        active.push(pod);
                        event::normal(state, &job, SELF, "SuccessfulCreate", &format!("Created pod: {name}"));
                    }
                    Err(why) => {
                        event::warning(state, &job, SELF, "FailedCreate", &format!("Error creating: {why}"));
                        state.later(state.setup.times.retry, Work::Look(key.clone()));
                        break;
                    }
                }
            }
        }
        if let Some(deadline) = deadline
            && object::at(&job, "/status/startTime").is_none()
        {
            state.later(SignedDuration::from_secs(deadline), Work::Look(key.clone()));
        }
        let active = active.len();
        state.objects.change(key, |job| {
            let mut status = json!({ "startTime": object::stamp(began) });
            for (field, count) in [
                ("active", i64::try_from(active).unwrap_or(0)),
                ("ready", ready),
                ("succeeded", succeeded),
                ("failed", failed),
            ] {
                if count > 0 || field == "ready" {
                    status[field] = count.into();
                }
            }
            job["status"] = status;
        });
    }
}

/// How long until the next try: 10 s, doubled at each failure, at most six minutes. Kubernetes, "Jobs".
fn pause(state: &State, job: &Value, failed: i64) -> SignedDuration {
    if failed == 0 {
        return SignedDuration::ZERO;
    }
    let seconds = 10_i64.saturating_mul(1 << (failed - 1).min(6)).min(360);
    let ends = state.objects.owned_values(object::uid(job), "pods").filter_map(|pod| {
        object::text(pod, "/status/containerStatuses/0/state/terminated/finishedAt").parse::<Timestamp>().ok()
    });
    ends.max().map_or(SignedDuration::ZERO, |end| SignedDuration::from_secs(seconds) - state.now.duration_since(end))
}

fn end_badly(state: &mut State, key: &Key, job: &Value, active: &[Key], counts: (i64, i64), why: (&str, &str)) {
    event::warning(state, job, SELF, why.0, why.1);
    finish(state, key, job, counts, Some(why));
    for pod in active {
        state.begin_removal(pod, None);
    }
}

fn finish(state: &mut State, key: &Key, job: &Value, (succeeded, failed): (i64, i64), why: Option<(&str, &str)>) {
    let now = state.now;
    state.objects.change(key, |job| {
        let start = object::at(job, "/status/startTime").cloned().unwrap_or_else(|| object::stamp(now).into());
        job["status"] = json!({ "startTime": start, "ready": 0 });
        for (field, count) in [("succeeded", succeeded), ("failed", failed)] {
            if count > 0 {
                job["status"][field] = count.into();
            }
        }
        match why {
            None => {
                job["status"]["completionTime"] = object::stamp(now).into();
                object::set_condition(
                    job,
                    "SuccessCriteriaMet",
                    true,
                    "CompletionsReached",
                    "Reached expected number of succeeded pods",
                    now,
                );
                object::set_condition(
                    job,
                    "Complete",
                    true,
                    "CompletionsReached",
                    "Reached expected number of succeeded pods",
                    now,
                );
            }
            Some((reason, message)) => {
                object::set_condition(job, "FailureTarget", true, reason, message, now);
                object::set_condition(job, "Failed", true, reason, message, now);
            }
        }
    });
    if let Some(seconds) = object::int(job, "/spec/ttlSecondsAfterFinished") {
        state.later(SignedDuration::from_secs(seconds), Work::Forget(key.clone(), object::uid(job).to_owned()));
    }
}
