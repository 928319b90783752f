//! Which series of numbers exist: EC2's own, and the CloudWatch agent's where user data installs it.

use std::{collections::BTreeMap, sync::LazyLock};

use jiff::{SignedDuration, Timestamp};
use regex::Regex;
use serde_json::Value;

use crate::aws::{
    ask::Ask,
    ec2::Instance,
    eks::{NodeGroup, join},
    iam,
    state::State,
};

/// A series.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// e.g. `AWS/EC2`.
    pub namespace: &'static str,
    /// e.g. `CPUUtilization`.
    pub name: String,
    /// Dimensions.
    pub dimensions: BTreeMap<String, String>,
    /// Its first data point.
    pub since: Timestamp,
    /// What it is around.
    pub level: f64,
}

/// The measurements of the agent's `nvidia_gpu` section.
const GPU_MEASUREMENTS: &[&str] =
    &["utilization_gpu", "utilization_memory", "memory_total", "memory_used", "memory_free", "power_draw"];

static SHELL: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\$\([^()]*\)|\\\$").ok());

/// All series that have data by now.
pub fn series(state: &State) -> Vec<Series> {
    let mut all: Vec<Series> = Vec::new();
    for instance in state.instances.values().filter(|instance| instance.state == "running") {
        let Some(joined) = instance.joined else { continue };
        let since = joined + state.setup.timings.metrics;
        for (key, value) in [("InstanceId", &instance.id), ("AutoScalingGroupName", &instance.group)] {
            let dimensions = BTreeMap::from([(key.to_owned(), value.clone())]);
            add(
                &mut all,
                Series {
                    namespace: "AWS/EC2",
                    name: "CPUUtilization".to_owned(),
                    dimensions,
                    since,
                    level: state.setup.load.cpu,
                },
            );
        }
        let group = state.node_groups.values().find(|group| group.scaling_group.as_deref() == Some(&instance.group));
        if let (Some(group), Some(_)) = (group, instance.kind.gpus) {
            agent(state, group, instance, since, &mut all);
        }
    }
    all.extend(super::databases::series(state));
    all.retain(|series| series.since <= state.now);
    all
}

fn add(all: &mut Vec<Series>, new: Series) {
    let same = |known: &&mut Series| {
        known.namespace == new.namespace && known.name == new.name && known.dimensions == new.dimensions
    };
    match all.iter_mut().find(same) {
        Some(known) => known.since = known.since.min(new.since),
        None => all.push(new),
    }
}

fn agent(state: &State, group: &NodeGroup, instance: &Instance, since: Timestamp, all: &mut Vec<Series>) {
    let role = group.role.rsplit('/').next().unwrap_or_default();
    let Some(configuration) = configuration(&join::user_data(state, group)) else { return };
    if !iam::allows(state, role, "cloudwatch:PutMetricData", "*") {
        return;
    }
    let metrics = &configuration["metrics"];
    let Some(section) = metrics["metrics_collected"].part("nvidia_gpu") else { return };
    let resolve = |key: &str, text: &str| match (key, text) {
        ("InstanceId", _) | (_, "${aws:InstanceId}") => instance.id.clone(),
        ("InstanceType", _) | (_, "${aws:InstanceType}") => instance.kind.name.to_owned(),
        ("ImageId", _) | (_, "${aws:ImageId}") => instance.image.clone(),
        ("AutoScalingGroupName", _) | (_, "${aws:AutoScalingGroupName}") => instance.group.clone(),
        _ => text.to_owned(),
    };
    let mut dimensions: BTreeMap<String, String> = BTreeMap::new();
    for place in [metrics.part("append_dimensions"), section.part("append_dimensions")].into_iter().flatten() {
        for (key, value) in place.as_object().into_iter().flatten() {
            dimensions.insert(key.clone(), resolve(key, value.as_str().unwrap_or_default()));
        }
    }
    let (_, gpu, memory) = instance.kind.gpus.unwrap_or((0, "", 0));
    for (key, value) in [("index", "0"), ("name", gpu), ("host", &*instance.node(&state.region))] {
        dimensions.insert(key.to_owned(), value.to_owned());
    }
    if state.setup.load.arch {
        dimensions.insert("arch".to_owned(), "Turing".to_owned());
    }
    let total = f64::from(memory) * 1024.0;
    let asked: Vec<String> = section
        .texts("measurement")
        .into_iter()
        .map(|name| name.trim_start_matches("nvidia_smi_").to_owned())
        .collect();
    for name in GPU_MEASUREMENTS.iter().filter(|name| asked.iter().any(|wanted| wanted == *name)) {
        let level = match *name {
            "utilization_gpu" => state.setup.load.gpu,
            "utilization_memory" => state.setup.load.gpu / 2.0,
            "memory_total" => total,
            "memory_used" => total * 0.4,
            "memory_free" => total * 0.6,
            _ => 31.0,
        };
        let metric = format!("nvidia_smi_{name}");
        let base = Series { namespace: "CWAgent", name: metric, dimensions: dimensions.clone(), since, level };
        for set in metrics.list("aggregation_dimensions") {
            let keys: Vec<&str> = set.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            if keys.iter().all(|key| dimensions.contains_key(*key)) {
                let chosen = keys.iter().map(|key| ((*key).to_owned(), dimensions[*key].clone())).collect();
                add(all, Series { dimensions: chosen, ..base.clone() });
            }
        }
        add(all, base);
    }
}

/// The agent's configuration in user data: the JSON object that has `metrics`. What the shell would put in is kept as a word.
pub fn configuration(user_data: &str) -> Option<Value> {
    let plain = SHELL.as_ref()?.replace_all(user_data, "shell");
    plain.match_indices('{').find_map(|(at, _)| {
        let mut stream = serde_json::Deserializer::from_str(&plain[at..]).into_iter::<Value>();
        let value = stream.next()?.ok()?;
        value.get("metrics").is_some().then_some(value)
    })
}

impl Series {
    /// The value at a moment: near its level, always the same for the same moment.
    pub fn at(&self, moment: Timestamp) -> f64 {
        if self.name.starts_with("nvidia_smi_memory_") {
            return self.level;
        }
        let wave = (moment.as_second() as f64 / 300.0).sin();
        (self.level * (1.0 + 0.06 * wave) * 100.0).round() / 100.0
    }

    /// Whether it had data in the period that ends at a moment.
    pub fn has(&self, end: Timestamp, period: SignedDuration) -> bool {
        end > self.since && end.checked_sub(period).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agents_configuration_is_found_inside_a_script() {
        let script = "#!/bin/bash\ncat <<E > /f\n{\"metrics\": {\"metrics_collected\": {\"nvidia_gpu\": {\"append_dimensions\": {\"ImageId\": \"$(curl -H \"X: y\" -s http://169.254.169.254/)\"}}}}}\nE\n";
        let found = configuration(script).unwrap_or_default();
        assert!(found["metrics"]["metrics_collected"]["nvidia_gpu"].is_object());
        assert!(configuration("#!/bin/bash\necho {}\n").is_none());
    }
}
