//! `status --watch`: an install's steps beside its nodes, pods, events and logs, live.

use std::{
    io::IsTerminal,
    path::PathBuf,
    sync::{Arc, RwLock},
};

use landfall_core::{event::Problem, journal::Story};
use tokio::sync::mpsc;

use super::{
    Common, Exit,
    front::theme,
    open::stopped,
    say::complain,
    status::{found, refuse},
};
use crate::{
    driver::{self, End, Watched},
    engine::installs,
    guides,
    kinds::Kinds,
    line,
    report::{Format, observer},
    session::House,
    tui,
};

/// Watches an install until the person leaves: full screen at a terminal, a line for every change elsewhere.
pub async fn watch(common: &Common, install: Option<&str>) -> i32 {
    match opened(common, install) {
        Ok((house, told, watched)) => match common.output {
            Format::Text | Format::Ndjson => show(common, driver::watch(house, told, watched)).await,
            _ => refuse(
                common,
                &Problem::new(
                    "OUTPUT-FORMAT",
                    "what is watched never ends, so it cannot be one document",
                    "Take --output text or --output ndjson.",
                ),
                Exit::Usage,
            )
            .code(),
        },
        Err(exit) => exit.code(),
    }
}

type Opened = (House, mpsc::UnboundedReceiver<landfall_core::event::Fact>, Watched);

fn opened(common: &Common, install: Option<&str>) -> Result<Opened, Exit> {
    let endpoints = common.endpoints().map_err(|trouble| refuse(common, &trouble.problem(), Exit::Usage))?;
    let (folder, story) = match install {
        Some(install) => found(common, install)?,
        None => only(
            common,
            installs(&endpoints.state).into_iter().filter_map(|(folder, story)| Some((folder, story.ok()?))).collect(),
        )?,
    };
    let copy = folder.join("guide").join("guide.yaml").display().to_string();
    let guide = guides::find(&copy).or_else(|_| guides::find(&story.guide)).map_err(|fault| {
        let problem = Problem::new("GUIDE-UNUSABLE", fault.to_string(), "Put the guide back.");
        refuse(common, &problem, Exit::Usage)
    })?;
    let (facts, told) = mpsc::unbounded_channel();
    let house = House { kinds: Arc::new(Kinds::all()), endpoints, mask: Arc::new(RwLock::default()), facts };
    Ok((house, told, Watched { folder, guide: Arc::new(guide), story }))
}

/// The only install there is.
fn only(common: &Common, mut all: Vec<(PathBuf, Story)>) -> Result<(PathBuf, Story), Exit> {
    if all.len() == 1
        && let Some(one) = all.pop()
    {
        return Ok(one);
    }
    let names: Vec<String> =
        all.iter().filter_map(|(folder, _)| folder.file_name()?.to_str().map(str::to_owned)).collect();
    let what = if names.is_empty() {
        "there is no install here".into()
    } else {
        format!("there are several installs: {}", names.join(", "))
    };
    let fix = "Name one; they are listed by\n$ landfall status";
    Err(refuse(common, &Problem::new("INSTALL-UNKNOWN", what, fix), Exit::Usage))
}

async fn show(common: &Common, handle: driver::Handle) -> i32 {
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if terminal && !common.line && common.output == Format::Text {
        let theme = theme(common);
        // Drawing has a thread of its own: nothing the network does can hold it up.
        return match tokio::task::spawn_blocking(move || tui::run(handle, theme)).await {
            Ok(Ok(End::HungUp)) => Exit::Interrupted.code(),
            Ok(Ok(_)) => Exit::Done.code(),
            Ok(Err(error)) => {
                let problem = Problem::new("TERMINAL", error.to_string(), "Try --line.");
                refuse(common, &problem, Exit::Failed).code()
            }
            Err(error) => {
                complain!("landfall: the screen stopped: {error}");
                Exit::Failed.code()
            }
        };
    }
    let observer = observer(common.output, common.look(), Box::new(std::io::stdout()));
    tokio::select! {
        _ = line::watch(handle, observer) => {}
        () = stopped() => {}
    }
    Exit::Done.code()
}
