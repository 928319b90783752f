//! Before a container runs: volumes, images, environment.

use jiff::SignedDuration;

use super::{it::It, needs, pod::Step, status};
use crate::kube::state::State;

/// Are its volumes there?
pub fn mount(state: &mut State, it: It<'_>) {
    if let Some(message) = needs::mounts(state, it.pod) {
        it.tell(state, "", true, "FailedMount", &message);
        it.then(state, state.setup.times.retry, Step::Mount);
        return;
    }
    if needs::unbound(state, it.pod) {
        it.then(state, SignedDuration::from_secs(1), Step::Mount);
        return;
    }
    if let Some(why) = it.rule(state).no_sandbox.clone() {
        let message = format!("Failed to create pod sandbox: failed to setup network for sandbox: {why}");
        it.tell(state, "", true, "FailedCreatePodSandBox", &message);
        it.then(state, state.setup.times.retry, Step::Mount);
        return;
    }
    if let Some(missing) = needs::pull_secrets(state, it.pod) {
        let message = format!(
            "Unable to retrieve some image pull secrets ({missing}); attempting to pull the image may not succeed."
        );
        it.tell(state, "", true, "FailedToRetrieveImagePullSecret", &message);
    }
    for (container, image) in status::images(it.pod) {
        it.tell(state, &container, false, "Pulling", &format!("Pulling image \"{image}\""));
    }
    let takes = it.rule(state).pull.unwrap_or(state.setup.times.pull);
    it.then(state, takes, Step::Pull);
}

/// Does it get its images?
pub fn pull(state: &mut State, it: It<'_>) {
    let run = it.run(state);
    run.pulls += 1;
    let pulls = run.pulls;
    let rule = it.rule(state);
    let failure = rule.image_pull_failure.as_ref();
    let told =
        failure.filter(|failure| failure.times.is_none_or(|times| pulls <= times)).map(|failure| &failure.reason);
    for (container, image) in status::images(it.pod) {
        if let Some(reason) =
            told.cloned().or_else(|| foreign(state, it)).or_else(|| needs::pull_refusal(state, it.pod, &image))
        {
            it.tell(state, &container, true, "Failed", &format!("Failed to pull image \"{image}\": {reason}"));
            it.tell(state, &container, true, "Failed", "Error: ErrImagePull");
            it.waiting(state, None, "ErrImagePull", &reason);
            it.then(state, SignedDuration::from_secs(2), Step::HoldPull);
            return;
        }
    }
    let takes = it.rule(state).pull.unwrap_or(state.setup.times.pull).as_millis();
    for (container, image) in status::images(it.pod) {
        it.tell(
            state,
            &container,
            false,
            "Pulled",
            &format!("Successfully pulled image \"{image}\" in {takes}ms ({takes}ms including waiting)."),
        );
    }
    it.then(state, SignedDuration::ZERO, Step::Configure);
}

/// Is the image made for other machines than the node?
fn foreign(state: &State, it: It<'_>) -> Option<String> {
    let rule = it.rule(state);
    let machine = state.machines.get(&it.node(state))?;
    let fits = rule.architectures.is_empty() || rule.architectures.contains(&machine.architecture);
    (!fits).then(|| format!("no match for platform in manifest: not found (linux/{})", machine.architecture))
}

/// It did not, and waits before the next try.
pub fn hold_pull(state: &mut State, it: It<'_>) {
    let tries = it.run(state).pulls;
    for (container, image) in status::images(it.pod).into_iter().take(1) {
        it.tell(state, &container, false, "BackOff", &format!("Back-off pulling image \"{image}\""));
        it.tell(state, &container, true, "Failed", "Error: ImagePullBackOff");
        it.waiting(state, None, "ImagePullBackOff", &format!("Back-off pulling image \"{image}\""));
    }
    it.then(state, backoff(tries), Step::Pull);
}

/// 10 s, doubled each time, at most five minutes: Kubernetes, "Images" and "Pod Lifecycle".
pub fn backoff(tries: u32) -> SignedDuration {
    SignedDuration::from_secs(10 << tries.saturating_sub(1).min(5)).min(SignedDuration::from_mins(5))
}

/// Is its environment there?
pub fn configure(state: &mut State, it: It<'_>) {
    if let Some((container, message)) = needs::environment(state, it.pod) {
        it.tell(state, &container, true, "Failed", &format!("Error: {message}"));
        it.waiting(state, Some(&container), "CreateContainerConfigError", &message);
        it.then(state, state.setup.times.retry, Step::Configure);
        return;
    }
    let takes = it.rule(state).start.unwrap_or(state.setup.times.start);
    it.then(state, takes, Step::Start);
}
