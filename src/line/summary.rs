//! Summary: what was made, what the vendor's text had wrong, and what to know from now on.

use landfall_core::wizard::Stage;

use super::{
    ask::Offer,
    more::menu,
    talk::{Leave, Talk},
};
use crate::driver::End;

pub(super) fn show(talk: &mut Talk) -> Result<(), Leave> {
    talk.wait("Writing the summary", |wizard| {
        wizard.stage != Stage::Summary || wizard.summary.shown.is_some() || wizard.over.is_some()
    })?;
    let wizard = talk.wizard();
    if let Some(shown) = &wizard.summary.shown {
        for (title, lines) in shown.sections() {
            talk.say(&format!("\n{title}"))?;
            for line in lines {
                talk.para(&line)?;
            }
        }
    }
    let offers = vec![Offer::new("finish", "Finish"), Offer::new("again", "Say it again")];
    match menu(talk, "Done", offers, Some(0))?.as_deref() {
        Some("finish") => Err(Leave::End(End::Quit)),
        _ => Ok(()),
    }
}
