//! The ways out of a state that is not saved or left locked, and of a release that is there already.

use super::{TerraformModule, taken::taken};
use crate::{
    cloud::{
        Trouble,
        helm::Helm,
        terraform::{self, Planned},
    },
    kind::Context,
};

impl TerraformModule {
    pub(super) async fn go_way(&self, cx: &Context, recovery: &str) -> Result<(), Trouble> {
        let terraform = self.open(cx).await?;
        let planned = terraform.look(&cx.cancel).await?;
        match (recovery, planned) {
            ("push", Planned::Reviewed(_)) => terraform.push(&cx.cancel).await,
            ("push", Planned::Locked(lock)) if terraform::left_behind(&cx.folder, &cx.label(), &lock) => {
                terraform.unlock(&lock.id, &cx.cancel).await?;
                terraform.push(&cx.cancel).await?;
                terraform::put_away(&cx.folder, &cx.label());
                Ok(())
            }
            ("unlock", Planned::Locked(lock)) if terraform::left_behind(&cx.folder, &cx.label(), &lock) => {
                terraform.unlock(&lock.id, &cx.cancel).await?;
                terraform::put_away(&cx.folder, &cx.label());
                Ok(())
            }
            ("unlock", Planned::Reviewed(_)) => Ok(()),
            (_, Planned::Locked(lock)) => Err(self.held(&lock).into()),
            (way, Planned::Reviewed(reviewed)) => {
                let Some((change, found)) = taken(cx, &reviewed).await else { return Ok(()) };
                let (namespace, name) = change.named.clone().unwrap_or_default();
                match way {
                    "import" => terraform.import(&change.address, &format!("{namespace}/{name}"), &cx.cancel).await,
                    "uninstall" => {
                        let mut helm = Helm::open(&cx.cloud, &cx.folder).await?;
                        helm.uninstall(&namespace, &found, &cx.cancel, |line| cx.say(line)).await
                    }
                    _ => Err(Trouble::guide(format!("it has no way out called {way}"), "Choose one of those offered.")),
                }
            }
        }
    }
}
