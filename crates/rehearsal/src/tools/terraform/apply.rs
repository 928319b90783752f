//! Carrying a plan out, one resource after the other, with the state written after each.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{
    Failure, Terraform,
    configuration::Configuration,
    effect,
    plan::{Change, Plan},
    print,
    state::{Held, State},
};

/// How often progress is told, in simulated time.
const TOLD: Duration = Duration::from_secs(10);

/// Carries it out; what was done stays, whatever follows.
pub fn run(terraform: &Terraform<'_>, configuration: &Configuration, plan: &Plan, path: &Path) -> Result<(), Failure> {
    let stop = interrupted();
    let mut state = State::read(path)?;
    if state.serial != plan.serial {
        return Err(Failure::said("Saved plan is stale").because(
            "The given plan file can no longer be applied because the state was changed by another operation after the plan was created.",
        ));
    }
    let configuration = &Configuration { var: plan.var.clone(), ..configuration.clone() };
    let mut counts = [0; 3];
    for change in plan.changes.iter().filter(|change| change.action != "no-op") {
        let action = if change.action == "replace" { "replace" } else { change.action.as_str() };
        let rest = json!({ "change": { "resource": print::resource(&change.address), "action": action } });
        print::line("planned_change", &format!("{}: Plan to {action}", change.address), rest);
    }
    for change in plan.changes.iter().filter(|change| change.action != "no-op") {
        if stop.load(Ordering::SeqCst) {
            return Err(Failure::said("execution halted"));
        }
        let done = one(terraform, configuration, change, &mut state, &stop);
        state.write(path)?;
        done?;
        match change.action.as_str() {
            "create" => counts[0] += 1,
            "update" => counts[1] += 1,
            "delete" => counts[2] += 1,
            _ => {
                counts[0] += 1;
                counts[2] += 1;
            }
        }
    }
    state.outputs = plan.outputs.clone();
    state.write(path)?;
    let verb = if plan.destroy { "Destroy" } else { "Apply" };
    let line =
        format!("{verb} complete! Resources: {} added, {} changed, {} destroyed.", counts[0], counts[1], counts[2]);
    let changes =
        json!({ "add": counts[0], "change": counts[1], "import": 0, "remove": counts[2], "operation": "apply" });
    print::line("change_summary", &line, json!({ "changes": changes }));
    Ok(())
}

fn one(
    terraform: &Terraform<'_>,
    configuration: &Configuration,
    change: &Change,
    state: &mut State,
    stop: &AtomicBool,
) -> Result<(), Failure> {
    let address = &change.address;
    let resource = change.resource.clone().unwrap_or_default();
    if matches!(change.action.as_str(), "delete" | "replace") {
        print::hook("apply_start", address, "delete", "Destroying...");
        if let Some(effect) = &resource.effect {
            effect::unmake(terraform, configuration, effect).map_err(|failure| at(address, failure))?;
        }
        state.remove(address);
        print::hook("apply_complete", address, "delete", "Destruction complete after 0s");
        if change.action == "delete" {
            return Ok(());
        }
    }
    let (action, verb) = if change.action == "update" { ("update", "Modif") } else { ("create", "Creat") };
    print::hook(
        "apply_start",
        address,
        action,
        &format!("{}...", if action == "update" { "Modifying" } else { "Creating" }),
    );
    let took = linger(terraform, address, action, Duration::try_from(resource.takes).unwrap_or_default());
    let made = failing(terraform, address).and_then(|()| match &resource.effect {
        Some(effect) => effect::make(terraform, configuration, effect, action == "update"),
        None => Ok(()),
    });
    let half = stop.load(Ordering::SeqCst) && resource.effect.is_none() && !resource.takes.is_zero();
    if let Err(failure) = made {
        print::hook("apply_errored", address, action, &format!("{verb}ion errored after {}s", took.as_secs()));
        return Err(at(address, failure));
    }
    state.put(Held { address: address.clone(), attributes: change.after.clone(), tainted: half });
    let word = if action == "update" { "Modifications" } else { "Creation" };
    print::hook("apply_complete", address, action, &format!("{word} complete after {}s", took.as_secs()));
    Ok(())
}

fn at(address: &str, failure: Failure) -> Failure {
    Failure { address: Some(address.to_owned()), ..failure }
}

/// Waits as long as it takes, and says so now and then. An interrupt does not shorten it: the call is under way.
fn linger(terraform: &Terraform<'_>, address: &str, action: &str, takes: Duration) -> Duration {
    let began = Instant::now();
    let step = terraform.clock.real(TOLD).max(Duration::from_millis(1));
    let whole = terraform.clock.real(takes);
    let mut told = 0_u32;
    while began.elapsed() < whole {
        thread::sleep(step.min(whole.saturating_sub(began.elapsed())));
        told += 1;
        if began.elapsed() < whole {
            let elapsed = TOLD * told;
            let verb = if action == "update" { "modifying" } else { "creating" };
            let (minutes, seconds) = (elapsed.as_secs() / 60, elapsed.as_secs() % 60);
            print::hook(
                "apply_progress",
                address,
                action,
                &format!("Still {verb}... [{minutes:02}m{seconds:02}s elapsed]"),
            );
        }
    }
    takes
}

/// What the scenario lets go wrong here.
fn failing(terraform: &Terraform<'_>, address: &str) -> Result<(), Failure> {
    let Some(fails) = terraform.place.tools.terraform.fails.get(address) else { return Ok(()) };
    let count = terraform.place.folder.join(format!("terraform-failed-{}", address.replace(['/', '"'], "_")));
    let before: usize = std::fs::read_to_string(&count).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    if fails.times.is_some_and(|times| before >= times) {
        return Ok(());
    }
    std::fs::write(&count, (before + 1).to_string())?;
    Err(Failure::said(fails.says.clone()))
}

/// Set when it is asked to stop.
fn interrupted() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let told = flag.clone();
    #[cfg(unix)]
    if let Ok(mut signals) = signal_hook::iterator::Signals::new([signal_hook::consts::SIGINT]) {
        thread::spawn(move || {
            for _ in signals.forever() {
                told.store(true, Ordering::SeqCst);
                let message = "\nInterrupt received.\nPlease wait for Terraform to exit or data loss may occur.\nGracefully shutting down...\n";
                print::line("log", message, serde_json::Value::Null);
            }
        });
    }
    #[cfg(not(unix))]
    drop(told);
    flag
}
