//! `landfall` and `landfall install` with a person: the wizard, full screen or line by line.

use std::{
    io::IsTerminal,
    sync::{Arc, RwLock},
};

use landfall_core::event::Problem;
use tokio::sync::mpsc;

use super::{Common, Exit, InstallArguments, RehearseArguments, say::complain};
use crate::{
    driver::{self, Begin, End},
    kinds::Kinds,
    line,
    report::{Format, explained},
    session::House,
    tui::{self, Ground, Theme},
};

/// A person at a terminal gets the wizard; with `--yes` or a machine-readable output it runs alone.
pub async fn front(common: &Common, guide: Option<&str>, arguments: &InstallArguments) -> i32 {
    let alone = common.yes || common.output != Format::Text;
    match guide {
        Some(guide) if alone || arguments.plan.is_some() => super::install(common, guide, arguments).await,
        _ => wizard(common, guide).await,
    }
}

async fn wizard(common: &Common, guide: Option<&str>) -> i32 {
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    // A terminal that can only print lines gets lines.
    let dumb = !common.full_screen && std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let by_line = common.line || terminal && dumb;
    if !terminal && !by_line {
        complain!(
            "{}",
            explained(
                &Problem::new(
                    "NO-TERMINAL",
                    "there is no terminal to ask on",
                    "Run it alone with an answers file:\n$ landfall install GUIDE --yes --answers answers.yaml\nOr line by line:\n$ landfall install GUIDE --line"
                ),
                common.look()
            )
        );
        return Exit::Usage.code();
    }
    let endpoints = match common.endpoints() {
        Ok(endpoints) => endpoints,
        Err(trouble) => {
            complain!("{}", explained(&trouble.problem(), common.look()));
            return Exit::Usage.code();
        }
    };
    let (facts, told) = mpsc::unbounded_channel();
    let house = House { kinds: Arc::new(Kinds::all()), endpoints, mask: Arc::new(RwLock::default()), facts };
    let handle = driver::start(house, told, Begin { guide: guide.map(str::to_owned), answers: common.answers.clone() });
    let shown = handle.shown.clone();
    let theme = theme(common);
    // Drawing has a thread of its own: nothing the network does can hold it up.
    let look = common.look();
    let ended =
        tokio::task::spawn_blocking(move || if by_line { line::run(handle, look) } else { tui::run(handle, theme) })
            .await;
    match ended {
        Ok(Ok(End::Quit)) => left(&shown.borrow()),
        Ok(Ok(End::HungUp | End::Interrupted)) => Exit::Interrupted.code(),
        Ok(Ok(End::Rehearse { guide, scenario })) => {
            let arguments = RehearseArguments { guide: Some(guide), scenario, ..RehearseArguments::default() };
            Box::pin(super::rehearse(common, &arguments, &[])).await
        }
        Ok(Err(error)) => {
            complain!("{}", explained(&Problem::new("TERMINAL", error.to_string(), "Try --line."), common.look()));
            Exit::Failed.code()
        }
        Err(error) => {
            complain!("landfall: the screen stopped: {error}");
            Exit::Failed.code()
        }
    }
}

/// What the exit code says of where the person left.
fn left(wizard: &landfall_core::wizard::Wizard) -> i32 {
    use landfall_core::wizard::{Ended, Stage};
    match (wizard.stage, &wizard.install.ended) {
        (Stage::Summary, _) | (_, Some(Ended::Done)) => Exit::Done,
        (_, Some(Ended::Failed)) => Exit::Failed,
        (_, Some(Ended::WaitsForPerson)) => Exit::Person,
        (Stage::Guide | Stage::Target | Stage::Inputs | Stage::Secrets | Stage::Checks | Stage::Plan, None) => {
            Exit::Done
        }
        _ => Exit::Interrupted,
    }
    .code()
}

pub(super) fn theme(common: &Common) -> Theme {
    let plain = common.color == clap::ColorChoice::Never
        || common.color == clap::ColorChoice::Auto
            && std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let ground = match (plain, common.theme.as_str()) {
        (true, _) | (_, "none") => Ground::None,
        (_, "light") => Ground::Light,
        _ => Ground::Dark,
    };
    Theme { ground, ascii: common.ascii() }
}
