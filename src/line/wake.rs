//! What wakes the conversation: a new state, an answer, a signal.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use landfall_core::wizard::Wizard;
use tokio::sync::{mpsc, watch};

use super::ask::Heard;
use crate::driver::Ask;

/// What wakes it.
pub(super) enum Woke {
    /// There is a new state.
    Changed,
    /// The driver wants something only a front end can do.
    Asked(Ask),
    /// The voice has an answer.
    Heard(Heard),
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM or SIGHUP.
    Terminate,
    /// The driver is gone.
    Over,
}

/// Listens to the driver and to signals.
pub(super) fn listen(
    shown: watch::Receiver<Arc<Wizard>>,
    asks: mpsc::UnboundedReceiver<Ask>,
) -> (Sender<Woke>, Receiver<Woke>) {
    let (woke, wakes) = channel();
    let (mut news, changes) = (shown, woke.clone());
    thread::spawn(move || {
        futures::executor::block_on(async {
            while news.changed().await.is_ok() {
                if changes.send(Woke::Changed).is_err() {
                    return;
                }
            }
            let _ = changes.send(Woke::Over);
        });
    });
    let (mut asks, asked) = (asks, woke.clone());
    thread::spawn(move || {
        futures::executor::block_on(async {
            while let Some(ask) = asks.recv().await {
                if asked.send(Woke::Asked(ask)).is_err() {
                    return;
                }
            }
        });
    });
    // Without a runtime there is no door to signals, and they do what they always do.
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(signals(woke.clone()));
    }
    (woke, wakes)
}

#[cfg(unix)]
async fn signals(woke: Sender<Woke>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()), signal(SignalKind::hangup()))
    else {
        return;
    };
    loop {
        let came = tokio::select! {
            _ = interrupt.recv() => Woke::Interrupt,
            _ = terminate.recv() => Woke::Terminate,
            _ = hangup.recv() => Woke::Terminate,
        };
        if woke.send(came).is_err() {
            return;
        }
    }
}

#[cfg(not(unix))]
async fn signals(woke: Sender<Woke>) {
    while tokio::signal::ctrl_c().await.is_ok() {
        if woke.send(Woke::Interrupt).is_err() {
            return;
        }
    }
}
