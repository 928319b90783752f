//! Everything in the state is destroyed, as its plan says; what was there before stays.

use landfall_core::event::Problem;

use super::{TerraformModule, begun, gone};
use crate::{
    cloud::{
        Trouble,
        terraform::{self, Planned},
    },
    kind::{Context, Made},
};

impl TerraformModule {
    pub(super) async fn take_away(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        if made.before.is_some() {
            return Err(Problem::new(
                "TF-WAS-THERE",
                "it was there before this install, which only updated it",
                "To go back, answer with the version that was there and install again.",
            )
            .why("Destroying it would take away what this install did not make.")
            .into());
        }
        if terraform::unsaved(&self.folder) {
            return Err(self.not_saved().into());
        }
        if self.lock && gone(cx).exists() {
            return Ok(());
        }
        if !self.is_there() {
            return Err(Problem::new(
                "TF-CONFIGURATION-GONE",
                "the configuration is gone, so nothing can be destroyed",
                "Write it again (install with the same answers), then undo.",
            )
            .why(format!("What it made may still run, and cost; {} holds no .tf file.", self.folder.display()))
            .into());
        }
        let terraform = self.open(cx).await?;
        match terraform.prepare(true, &cx.cancel).await? {
            Planned::Locked(lock) => return Err(self.held(&lock).into()),
            Planned::Reviewed(reviewed) => {
                for line in reviewed.text().lines() {
                    cx.say(line);
                }
            }
        }
        terraform.apply(&cx.cancel, |_, said| said.into_iter().for_each(|line| cx.say(line))).await?;
        let _ = std::fs::remove_file(begun(cx));
        terraform::clear(&self.folder, &cx.folder);
        crate::cloud::keep_private(&gone(cx), b"")?;
        Ok(())
    }
}
