//! Running a command.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::{
    Failure, Terraform, apply,
    configuration::Configuration,
    effect,
    module::{Effect, RECORDED},
    plan::Plan,
    print,
    state::{Held, Lock, State},
};

/// The version of the stand-in `tofu`.
const TOFU: &str = "1.11.0";

/// Runs it and returns its exit code.
pub fn run(terraform: &Terraform<'_>) -> i32 {
    let as_json = terraform.is("-json");
    let words = terraform.operands();
    let command = terraform.words.first().map(String::as_str).unwrap_or_default();
    let done = match (command, words.first().copied().unwrap_or_default()) {
        ("version", _) => version(terraform),
        ("init", _) => init(terraform),
        ("plan", _) => plan(terraform),
        ("show", _) => show(terraform),
        ("apply", _) => carry_out(terraform),
        ("output", _) => output(terraform),
        ("state", "list") => list(terraform),
        ("state", "pull") => pull(terraform),
        ("state", "rm") => let_go(terraform),
        ("import", _) => import(terraform),
        ("force-unlock", _) => opened(terraform).map(|(_, _, path)| {
            Lock::force(&path);
            println!("Terraform state has been successfully unlocked!");
            0
        }),
        ("validate", _) => Configuration::read(terraform).map(|_| {
            println!("Success! The configuration is valid.");
            0
        }),
        (other, _) => Err(Failure::said(format!("the rehearsal's terraform has no {other:?}"))),
    };
    done.unwrap_or_else(|failure| {
        print::failure(&failure, as_json);
        1
    })
}

/// Configuration, state and where the state is, once initialised.
fn opened(terraform: &Terraform<'_>) -> Result<(Configuration, State, std::path::PathBuf), Failure> {
    let configuration = Configuration::read(terraform)?;
    configuration.check_initialised(&terraform.folder)?;
    let path = configuration.state_path(terraform);
    furnish(terraform, &configuration, &path)?;
    let state = State::read(&path)?;
    Ok((configuration, state, path))
}

/// What the scenario says was applied before the start.
fn furnish(terraform: &Terraform<'_>, configuration: &Configuration, path: &Path) -> Result<(), Failure> {
    let Some(applied) = &terraform.place.tools.terraform.applied else { return Ok(()) };
    if path.exists() || configuration.source.is_empty() {
        return Ok(());
    }
    let Some(before) = as_applied(terraform, configuration) else { return Ok(()) };
    let mut state = State::read(path)?;
    for change in Plan::of(&before, state.clone(), false).changes {
        let address = change.address.trim_start_matches(&format!("module.{}.", configuration.name)).to_owned();
        let made = change.resource.as_ref().and_then(|resource| resource.effect.as_ref());
        // The account's clusters are the scenario's own.
        if let Some(made @ (Effect::Release(_) | Effect::Role(_))) = made {
            effect::make(terraform, &before, made, false)?;
        }
        if !applied.unknown.contains(&address) {
            state.put(Held { address: change.address, attributes: change.after, tainted: false });
        } else if let (Some(Effect::Release(release)), Some(manager)) = (made, &applied.kept_by) {
            effect::keep(terraform, &before.release(release), manager)?;
        }
    }
    Ok(state.write(path)?)
}

/// The configuration as it was when the scenario's module was applied before the start.
fn as_applied(terraform: &Terraform<'_>, configuration: &Configuration) -> Option<Configuration> {
    let setup = &terraform.place.tools.terraform;
    let applied = setup.applied.as_ref()?;
    let module = setup.modules.get(&applied.module)?.clone();
    let mut before =
        Configuration { module, outputs: Vec::new(), source: applied.source.clone(), ..configuration.clone() };
    before.var = applied.variables.clone();
    before.args.insert("source".into(), applied.source.clone());
    // What is new in the answers was not there then.
    for name in ["create_vpc", "vpc_id", "helm_chart_version"] {
        before.args.remove(name);
    }
    Some(before)
}

fn version(terraform: &Terraform<'_>) -> Result<i32, Failure> {
    if terraform.tofu {
        println!("OpenTofu v{TOFU}\non linux_amd64");
        return Ok(0);
    }
    let version = &terraform.place.tools.terraform.version;
    if terraform.is("-json") {
        println!("{}", json!({ "terraform_version": version, "platform": "linux_amd64" }));
    } else {
        println!("Terraform v{version}\non linux_amd64");
    }
    Ok(0)
}

fn init(terraform: &Terraform<'_>) -> Result<i32, Failure> {
    let configuration = Configuration::read(terraform)?;
    if !configuration.source.is_empty() && !terraform.folder.join(&configuration.source).is_dir() {
        return Err(Failure::said("Unreadable module directory").because(configuration.source));
    }
    if let Some(place) = configuration.backend.strip_prefix("s3:") {
        effect::bucket(terraform, place.split('/').next().unwrap_or(place))?;
    }
    println!("Initializing the backend...\nInitializing modules...");
    println!("- {} in {}", configuration.name, configuration.source.trim_start_matches("./"));
    println!("Initializing provider plugins...");
    for provider in ["hashicorp/aws", "hashicorp/helm", "gavinbunney/kubectl", "hashicorp/kubernetes"] {
        println!("- Finding {provider} versions matching the configuration...");
    }
    let folder = terraform.folder.join(".terraform");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(RECORDED), configuration.initialised().to_string())?;
    println!("\nTerraform has been successfully initialized!");
    Ok(0)
}

fn plan(terraform: &Terraform<'_>) -> Result<i32, Failure> {
    let (configuration, _, path) = opened(terraform)?;
    let wanted = !terraform.is("-lock=false");
    let lock = if wanted { Some(Lock::take(terraform, &path, "OperationTypePlan")?) } else { None };
    let plan = Plan::of(&configuration, State::read(&path)?, terraform.is("-destroy"));
    drop(lock);
    if let Some(out) = terraform.value("-out") {
        std::fs::write(terraform.folder.join(out), serde_json::to_vec(&plan).map_err(std::io::Error::other)?)?;
    }
    let count =
        |actions: &[&str]| plan.changes.iter().filter(|change| actions.contains(&change.action.as_str())).count();
    let (add, change, remove) = (count(&["create", "replace"]), count(&["update"]), count(&["delete", "replace"]));
    let line = format!("Plan: {add} to add, {change} to change, {remove} to destroy.");
    print::line(
        "change_summary",
        &line,
        json!({ "changes": { "add": add, "change": change, "remove": remove, "operation": "plan" } }),
    );
    Ok(if terraform.is("-detailed-exitcode") && !plan.nothing() { 2 } else { 0 })
}

fn show(terraform: &Terraform<'_>) -> Result<i32, Failure> {
    let operands = terraform.operands();
    let path = operands.first().ok_or_else(|| Failure::said("the rehearsal's terraform shows saved plans only"))?;
    println!("{}", Plan::saved(&terraform.folder.join(path))?.shown(terraform));
    Ok(0)
}

fn carry_out(terraform: &Terraform<'_>) -> Result<i32, Failure> {
    let operands = terraform.operands();
    let saved = operands.first().ok_or_else(|| Failure::said("the rehearsal's terraform applies saved plans only"))?;
    let plan = Plan::saved(&terraform.folder.join(saved))?;
    let (configuration, _, path) = opened(terraform)?;
    let _lock = Lock::take(terraform, &path, "OperationTypeApply")?;
    apply::run(terraform, &configuration, &plan, &path)?;
    Ok(0)
}

fn output(terraform: &Terraform<'_>) -> Result<i32, Failure> {
    let (_, state, _) = opened(terraform)?;
    let told: Map<String, Value> = state
        .outputs
        .into_iter()
        .map(|(name, value)| (name, json!({ "sensitive": false, "type": "string", "value": value })))
        .collect();
    println!("{}", serde_json::to_string_pretty(&told).unwrap_or_default());
    Ok(0)
}

fn list(terraform: &Terraform<'_>) -> Result<i32, Failure> {
    let (_, state, _) = opened(terraform)?;
    state.resources.iter().for_each(|held| println!("{}", held.address));
    Ok(0)
}

fn pull(terraform: &Terraform<'_>) -> Result<i32, Failure> {
    let (_, state, path) = opened(terraform)?;
    if path.exists() {
        println!("{}", serde_json::to_string_pretty(&json!(state)).unwrap_or_default());
    }
    Ok(0)
}

fn let_go(terraform: &Terraform<'_>) -> Result<i32, Failure> {
    let (_, mut state, path) = opened(terraform)?;
    let _lock = Lock::take(terraform, &path, "OperationTypeInvalid")?;
    for address in terraform.operands().iter().skip(1) {
        if state.remove(address) == 0 {
            return Err(
                Failure::said("Invalid target address").because(format!("No matching objects found for {address}."))
            );
        }
        println!("Removed {address}");
    }
    state.write(&path)?;
    println!("Successfully removed {} resource instance(s).", terraform.operands().len().saturating_sub(1));
    Ok(0)
}

fn import(terraform: &Terraform<'_>) -> Result<i32, Failure> {
    let (configuration, mut state, path) = opened(terraform)?;
    let _lock = Lock::take(terraform, &path, "OperationTypeImport")?;
    let operands = terraform.operands();
    let [address, id] = operands.as_slice() else {
        return Err(Failure::said("The import command expects two arguments."));
    };
    // What is imported is as it is, not as it is to be.
    let plan = Plan::of(&as_applied(terraform, &configuration).unwrap_or(configuration), state.clone(), false);
    let change = plan.changes.into_iter().find(|change| change.address == *address);
    let change = change
        .ok_or_else(|| Failure::said(format!("resource address {address:?} does not exist in the configuration")))?;
    println!("{address}: Importing from ID {id:?}...");
    state.put(Held { address: (*address).to_owned(), attributes: change.after, tainted: false });
    state.write(&path)?;
    println!("\nImport successful!");
    Ok(0)
}
