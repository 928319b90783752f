//! Line by line: the same wizard as prompts and progress, for plain terminals, `script`, screen readers, logs and pipes.
//!
//! [`run`] walks the stages; each has a file of its own. [`talk`] is what they share: it says lines, asks, waits for the
//! wizard, and tells what tasks do. [`voice`] asks: with inquire at a terminal, by plain lines everywhere else.

mod ask;
mod field;
mod guide;
mod inputs;
mod install;
mod mapping;
mod more;
mod plan;
mod progress;
pub mod question;
mod rows;
mod secret;
mod secrets;
mod summary;
mod talk;
mod target;
mod tasks;
mod voice;
mod wake;
mod watch;

pub use watch::watch;

use std::io;

use landfall_core::{value::Plain, wizard::Stage};

use crate::{
    driver::{End, Handle},
    report::Look,
};
use talk::{Leave, Talk};

/// Asks for one secret at the terminal; nothing of it is shown.
pub fn hidden(title: &str) -> io::Result<Plain> {
    voice::hidden(title).map_err(io::Error::other)
}

/// Walks the stages until the person leaves. Blocks: give it a thread of its own, inside a tokio runtime.
pub fn run(handle: Handle, look: Look) -> io::Result<End> {
    let mut talk = Talk::begin(handle, look);
    match walk(&mut talk) {
        Leave::End(end) => {
            if end == End::HungUp {
                talk.pause_before_leaving();
            }
            // Nobody may be there any more to read it.
            let _ = talk.farewell(&end);
            Ok(end)
        }
        // Whoever read the output has gone.
        Leave::Failed(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            talk.pause_before_leaving();
            Ok(End::HungUp)
        }
        Leave::Failed(error) => Err(error),
    }
}

fn walk(talk: &mut Talk) -> Leave {
    let walked = talk.heard_all();
    if let Err(leave) = walked {
        return leave;
    }
    loop {
        if let Err(leave) = stage(talk) {
            return leave;
        }
    }
}

fn stage(talk: &mut Talk) -> Result<(), Leave> {
    let stage = talk.wizard().stage;
    talk.entered(stage)?;
    match stage {
        Stage::Guide => guide::choose(talk),
        Stage::Target => target::confirm(talk),
        Stage::Inputs => inputs::answer(talk),
        Stage::Secrets => secrets::enter(talk),
        Stage::Checks | Stage::Verify => tasks::look(talk, stage),
        Stage::Plan => plan::agree(talk),
        Stage::Install => install::follow(talk),
        Stage::Summary => summary::show(talk),
    }
}
