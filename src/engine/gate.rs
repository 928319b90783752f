//! Where tasks wait while credentials are renewed: the first one asks, the others wait behind it.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::cloud::{Cloud, Door, Trouble};

/// How often a parked door is tried again.
const AGAIN: Duration = Duration::from_secs(5);
/// A program that fails to bring credentials is asked less and less often: every time may be a wrong password more, and lock
/// an account.
const RARELY: Duration = Duration::from_secs(300);
const HELPER_FAILED: &str = "AWS-HELPER-FAILED";

/// One gate a door.
#[derive(Default)]
pub struct Gate {
    aws: Mutex<()>,
    kubernetes: Mutex<()>,
}

impl Gate {
    /// Waits until the door answers again, or the install is asked to stop. `tell` hears each time it is tried in vain.
    pub async fn pass(
        &self,
        door: Door,
        cloud: &Cloud,
        cancel: &CancellationToken,
        tell: &(dyn Fn(&Trouble) + Send + Sync),
    ) -> Result<(), Trouble> {
        let gate = match door {
            Door::Kubernetes => &self.kubernetes,
            _ => &self.aws,
        };
        let _first = gate.lock().await;
        let clock = cloud.clock();
        let mut pause = AGAIN;
        loop {
            cloud.renew(door);
            let tried = match door {
                Door::Kubernetes => match cloud.kube.client().await {
                    Ok(client) => client.apiserver_version().await.map(drop).map_err(Trouble::from),
                    Err(trouble) => Err(trouble),
                },
                _ => match cloud.aws.sts().await {
                    Ok(sts) => sts.get_caller_identity().send().await.map(drop).map_err(Trouble::from),
                    Err(trouble) => Err(trouble),
                },
            };
            match tried {
                Err(trouble @ (Trouble::Expired { .. } | Trouble::Unreachable { .. })) => {
                    tell(&trouble);
                    pause = if trouble.problem().code == HELPER_FAILED { (pause * 2).min(RARELY) } else { AGAIN };
                }
                // Any other answer comes from a door that is open again.
                _ => return Ok(()),
            }
            tokio::select! {
                () = clock.sleep(pause) => {}
                () = cancel.cancelled() => return Err(Trouble::Interrupted),
            }
        }
    }
}
