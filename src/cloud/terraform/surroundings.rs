//! What may terraform see of the person's surroundings? The way to AWS, and its own settings.

use std::path::Path;

use crate::cloud::{Cloud, Trouble, child_aws, process::Command};

/// Variables of its own that hold places and times, no keys.
const OWN: [&str; 3] = ["TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR", "TF_REGISTRY_CLIENT_TIMEOUT"];

/// The command with what it may see. `home` is the run's own folder.
pub(super) async fn given(mut command: Command, cloud: &Cloud, home: &Path) -> Result<Command, Trouble> {
    for name in OWN {
        if let Some(value) = std::env::var_os(name) {
            command = command.env(name, value);
        }
    }
    // It asks its maker for news otherwise; the plan lists no such host.
    command = command.env("CHECKPOINT_DISABLE", "1").env("TF_IN_AUTOMATION", "1").env("TF_INPUT", "0");
    child_aws(command, cloud, home).await
}
