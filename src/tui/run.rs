//! The drawing thread: the newest state is drawn, keys go to the driver, and what only a terminal can do is done here.

use std::{
    io::{self, Write},
    process::Command,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use crossterm::event::{Event, poll, read};
use landfall_core::wizard::{Input, Tick, Wizard};

use super::{
    Terminal, Theme, View,
    keys::{Came, understand},
    terminal::stop,
};
use crate::driver::{Ask, End, Handle};

/// How long a frame of the spinner stays.
const SPIN: Duration = Duration::from_millis(125);
/// How often a quiet screen looks whether its terminal is still there.
const ALIVE: Duration = Duration::from_secs(2);

/// What wakes the drawing thread.
enum Woke {
    Terminal(Event),
    Changed,
    Asked(Ask),
    /// The driver is gone.
    Over,
}

/// Draws until the person leaves. Blocks: give it a thread of its own.
pub fn run(handle: Handle, theme: Theme) -> io::Result<End> {
    let Handle { inputs, mut shown, mut asks } = handle;
    let mut terminal = Terminal::enter()?;
    // The first frame before anything else.
    let mut wizard = shown.borrow_and_update().clone();
    terminal.draw(&View { wizard: &wizard, theme, spin: 0 })?;

    let (woke, wakes) = channel();
    let gate = Gate::default();
    listen(woke.clone(), gate.clone());
    let quit = woke.clone();
    let (changes, news) = (woke.clone(), shown.clone());
    thread::spawn(move || {
        let mut news = news;
        futures::executor::block_on(async {
            while news.changed().await.is_ok() {
                if changes.send(Woke::Changed).is_err() {
                    return;
                }
            }
            let _ = changes.send(Woke::Over);
        });
    });
    thread::spawn(move || {
        futures::executor::block_on(async {
            while let Some(ask) = asks.recv().await {
                if woke.send(Woke::Asked(ask)).is_err() {
                    return;
                }
            }
        });
    });
    end_on_signals(&inputs, &quit);
    let (columns, rows) = terminal.size()?;
    let _ = inputs.send(Input::Size(columns, rows));

    let mut screen = Screen { terminal, theme, spin: 0, turned: Instant::now(), needed: false };
    loop {
        let mut dirty = false;
        for event in screen.wait(&wakes, &wizard) {
            match event {
                Woke::Terminal(event) => match understand(event) {
                    Came::Input(input) => {
                        dirty |= matches!(input, Input::Size(..));
                        if inputs.send(input).is_err() {
                            return Ok(End::Quit);
                        }
                    }
                    Came::Suspend => {
                        gate.close();
                        screen.terminal.lend(stop)?;
                        gate.open();
                        dirty = true;
                    }
                    Came::Redraw => {
                        screen.terminal.forget()?;
                        dirty = true;
                    }
                    Came::Nothing => {}
                },
                Woke::Changed => dirty = true,
                Woke::Asked(Ask::Copy { text, .. }) => screen.terminal.copy(&text)?,
                Woke::Asked(Ask::Shell { environment }) => {
                    gate.close();
                    screen.terminal.lend(|| shell(&environment))?;
                    gate.open();
                    let _ = inputs.send(Input::ShellEnded);
                    dirty = true;
                }
                Woke::Asked(Ask::Rehearse { guide, scenario }) => return Ok(End::Rehearse { guide, scenario }),
                Woke::Asked(Ask::Quit) | Woke::Over => return Ok(End::Quit),
            }
        }
        // crossterm reads a terminal that hung up for ever (crossterm#793): leave before that costs a core.
        if !screen.terminal.is_alive() {
            return Ok(End::HungUp);
        }
        wizard = shown.borrow_and_update().clone();
        screen.draw(&wizard, dirty)?;
    }
}

/// The terminal, and what is on it.
struct Screen {
    terminal: Terminal,
    theme: Theme,
    spin: usize,
    turned: Instant,
    needed: bool,
}

impl Screen {
    /// Waits for something to happen, or for the spinner's next frame; takes together what came together.
    fn wait(&mut self, wakes: &Receiver<Woke>, wizard: &Wizard) -> Vec<Woke> {
        let patience = if wizard.tick() == Tick::Spinner { SPIN.saturating_sub(self.turned.elapsed()) } else { ALIVE };
        let mut events = match wakes.recv_timeout(patience) {
            Ok(event) => vec![event],
            Err(RecvTimeoutError::Timeout) => Vec::new(),
            Err(RecvTimeoutError::Disconnected) => vec![Woke::Over],
        };
        events.extend(wakes.try_iter());
        events
    }

    fn draw(&mut self, wizard: &Wizard, mut dirty: bool) -> io::Result<()> {
        if wizard.tick() == Tick::Spinner && self.turned.elapsed() >= SPIN {
            self.spin = self.spin.wrapping_add(1);
            self.turned = Instant::now();
            dirty = true;
        }
        if !dirty {
            return Ok(());
        }
        let needed = wizard.needs_person();
        if needed && !self.needed {
            self.terminal.bell()?;
        }
        self.needed = needed;
        self.terminal.draw(&View { wizard, theme: self.theme, spin: self.spin })
    }
}

/// Reads the terminal while its gate is open.
fn listen(woke: Sender<Woke>, gate: Gate) {
    thread::spawn(move || {
        loop {
            gate.pass();
            match poll(Duration::from_millis(100)) {
                Ok(false) => continue,
                Ok(true) => {}
                Err(_) => return,
            }
            let Ok(event) = read() else { return };
            if woke.send(Woke::Terminal(event)).is_err() {
                return;
            }
        }
    });
}

/// SIGTERM and SIGHUP: what runs stops at its next record, and the terminal is given back.
#[cfg(unix)]
fn end_on_signals(inputs: &tokio::sync::mpsc::UnboundedSender<Input>, quit: &Sender<Woke>) {
    use signal_hook::{
        consts::{SIGHUP, SIGTERM},
        iterator::Signals,
    };
    let Ok(mut signals) = Signals::new([SIGTERM, SIGHUP]) else { return };
    let (inputs, quit) = (inputs.clone(), quit.clone());
    thread::spawn(move || {
        if signals.forever().next().is_some() {
            let _ = inputs.send(Input::Pause);
            let _ = quit.send(Woke::Over);
        }
    });
}

#[cfg(not(unix))]
fn end_on_signals(_: &tokio::sync::mpsc::UnboundedSender<Input>, _: &Sender<Woke>) {}

/// Keeps the reader away from the terminal while somebody else has it.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<Door>, Condvar)>);

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Door {
    #[default]
    Open,
    Closing,
    Closed,
}

impl Gate {
    /// Closes it; returns once the reader stands before it.
    fn close(&self) {
        let (door, bell) = &*self.0;
        let mut state = door.lock().unwrap_or_else(PoisonError::into_inner);
        *state = Door::Closing;
        // A reader that ended stands nowhere; nobody waits for it for ever.
        let until = Instant::now() + Duration::from_secs(1);
        while *state == Door::Closing && Instant::now() < until {
            let waited = bell.wait_timeout(state, Duration::from_millis(100)).unwrap_or_else(PoisonError::into_inner);
            state = waited.0;
        }
    }

    fn open(&self) {
        let (door, bell) = &*self.0;
        *door.lock().unwrap_or_else(PoisonError::into_inner) = Door::Open;
        bell.notify_all();
    }

    /// Where the reader waits while it is closed.
    fn pass(&self) {
        let (door, bell) = &*self.0;
        let mut state = door.lock().unwrap_or_else(PoisonError::into_inner);
        while *state != Door::Open {
            *state = Door::Closed;
            bell.notify_all();
            state = bell.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The person's own shell, until it ends.
fn shell(environment: &[(String, String)]) {
    let program = std::env::var("SHELL").unwrap_or_else(|_| "/bin/sh".into());
    let _ = writeln!(io::stdout(), "This is your shell; `exit` returns to Landfall.");
    let ended = Command::new(&program).envs(environment.iter().cloned()).status();
    if let Err(error) = ended {
        let _ = writeln!(io::stdout(), "{program} could not be started: {error}. Press Enter.");
        let _ = io::stdin().read_line(&mut String::new());
    }
}
