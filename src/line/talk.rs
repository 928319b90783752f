//! The conversation: says lines, asks, waits for the wizard, and tells what tasks do.

use std::{
    io,
    process::Command,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender},
    },
    time::{Duration, Instant},
};

use landfall_core::{
    event::TaskPath,
    wizard::{Input, Over, Stage, Wizard},
};
use tokio::sync::{mpsc, watch};

use super::{
    ask::{Heard, Prompt, Said},
    progress::Progress,
    voice,
    wake::{Woke, listen},
};
use crate::{
    driver::{Ask, End, Handle},
    report::{Look, explained},
};

/// How long a wait lasts before something is said about it.
const PATIENCE: Duration = Duration::from_millis(700);

/// Why the conversation ends.
#[derive(Debug)]
pub(super) enum Leave {
    /// As the front end's end.
    End(End),
    /// The output cannot be written, or the terminal failed.
    Failed(io::Error),
}

impl From<io::Error> for Leave {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

/// What came while waiting.
enum Came {
    News,
    Interrupt,
    Heard(Heard),
}

/// The conversation.
pub(super) struct Talk {
    inputs: mpsc::UnboundedSender<Input>,
    shown: watch::Receiver<Arc<Wizard>>,
    wakes: Receiver<Woke>,
    questions: Sender<Prompt>,
    progress: Progress,
    marks: u64,
    /// Ctrl-C was pressed and nothing was answered since.
    interrupted: bool,
    entered: Option<Stage>,
    /// How text looks.
    pub(super) look: Look,
}

impl Talk {
    pub(super) fn begin(handle: Handle, look: Look) -> Self {
        let Handle { inputs, shown, asks } = handle;
        let (woke, wakes) = listen(shown.clone(), asks);
        let questions = voice::begin(woke, look.color);
        Self {
            inputs,
            shown,
            wakes,
            questions,
            progress: Progress::new(look),
            marks: 0,
            interrupted: false,
            entered: None,
            look,
        }
    }

    /// The newest state.
    pub(super) fn wizard(&self) -> Arc<Wizard> {
        self.shown.borrow().clone()
    }

    /// Says a line, or several.
    pub(super) fn say(&mut self, text: &str) -> Result<(), Leave> {
        Ok(self.progress.say(text)?)
    }

    /// Says a text, wrapped and indented.
    pub(super) fn para(&mut self, text: &str) -> Result<(), Leave> {
        let wrapped: Vec<String> = text.lines().map(|line| self.wrapped(line, "  ", "    ")).collect();
        self.say(&wrapped.join("\n"))
    }

    /// A text, wrapped.
    pub(super) fn wrapped(&self, text: &str, first: &str, rest: &str) -> String {
        let width = if self.look.width == 0 { 100 } else { self.look.width }.max(40);
        let options = textwrap::Options::new(width)
            .word_splitter(textwrap::WordSplitter::NoHyphenation)
            .initial_indent(first)
            .subsequent_indent(rest)
            .break_words(false);
        textwrap::fill(text, options)
    }

    /// Says where the person is, once for each stage that is entered.
    pub(super) fn entered(&mut self, stage: Stage) -> Result<(), Leave> {
        if self.entered == Some(stage) {
            return Ok(());
        }
        self.entered = Some(stage);
        let wizard = self.wizard();
        let place = wizard.header().join(", ");
        self.say(&format!("\n{} of {}: {}\n  {place}", stage.number(), Stage::ALL.len(), stage.title()))
    }

    /// The stage's heading is said again the next time, because something else was talked about.
    pub(super) fn strayed(&mut self) {
        self.entered = None;
    }

    /// Sends an input and waits until it has been taken in; says what the wizard has to say about it.
    pub(super) fn send(&mut self, input: Input) -> Result<(), Leave> {
        self.pass(input)?;
        self.heard_all()?;
        let wizard = self.wizard();
        if let Some(notice) = &wizard.notice {
            self.para(notice)?;
        }
        self.troubles()
    }

    /// Waits until everything sent so far has been taken in.
    pub(super) fn heard_all(&mut self) -> Result<(), Leave> {
        self.marks += 1;
        let mark = self.marks;
        self.pass(Input::Mark(mark))?;
        while self.wizard().mark < mark {
            if let Came::Interrupt = self.next(None)? {
                self.interrupted = true;
            }
        }
        Ok(())
    }

    fn pass(&self, input: Input) -> Result<(), Leave> {
        self.inputs.send(input).map_err(|_| Leave::End(End::Quit))
    }

    /// Says what went wrong beside the stages, once.
    pub(super) fn troubles(&mut self) -> Result<(), Leave> {
        let Some(Over::Trouble(problem)) = self.wizard().over.clone() else { return Ok(()) };
        let text = explained(&problem, self.look);
        self.say(&text)?;
        self.pass(Input::Close)?;
        self.heard_all()
    }

    /// Waits until `done`; false where Ctrl-C came first. `what` is said when it takes long.
    pub(super) fn wait(&mut self, what: &str, done: impl Fn(&Wizard) -> bool) -> Result<bool, Leave> {
        let began = Instant::now();
        let mut said = false;
        loop {
            if done(&self.wizard()) {
                self.progress.clear();
                self.troubles()?;
                return Ok(true);
            }
            if !said && began.elapsed() >= PATIENCE {
                said = true;
                self.progress.waits(what)?;
            }
            let came = self.next(Some(if said { Duration::from_secs(1) } else { PATIENCE }))?;
            if let Came::Interrupt = came {
                self.progress.clear();
                self.interrupted = true;
                return Ok(false);
            }
        }
    }

    /// Tells what the stage's tasks do until `done`; false where Ctrl-C came first.
    pub(super) fn follow(&mut self, done: impl Fn(&Wizard) -> bool) -> Result<bool, Leave> {
        loop {
            let wizard = self.wizard();
            self.progress.tell(&wizard)?;
            self.troubles()?;
            if done(&wizard) {
                self.progress.clear();
                return Ok(true);
            }
            if let Came::Interrupt = self.next(Some(Duration::from_secs(1)))? {
                self.progress.clear();
                return Ok(false);
            }
        }
    }

    /// Forgets what was told of a task that is looked at again; of all where none is named.
    pub(super) fn tell_again(&mut self, path: Option<&TaskPath>) {
        self.progress.forget(path);
    }

    /// Asks. `?` says the help and asks again, `!` opens a shell and asks again; Ctrl-C twice leaves.
    pub(super) fn ask(&mut self, prompt: &Prompt, help: &[String]) -> Result<Said, Leave> {
        loop {
            self.questions.send(prompt.clone()).map_err(|_| Leave::End(End::HungUp))?;
            match self.answer()? {
                Some(Said::Help) if help.is_empty() => self.help()?,
                Some(Said::Help) => {
                    for line in help {
                        self.para(line)?;
                    }
                }
                Some(Said::Shell) => self.shell()?,
                Some(said) => return Ok(said),
                None => {}
            }
        }
    }

    /// The answer to the question that was asked; none where it has to be asked again.
    fn answer(&mut self) -> Result<Option<Said>, Leave> {
        loop {
            match self.next(None)? {
                Came::News => {}
                Came::Interrupt => self.interrupt()?,
                Came::Heard(Heard::Interrupted) => {
                    self.interrupt()?;
                    return Ok(None);
                }
                Came::Heard(Heard::Said(said)) => {
                    self.interrupted = false;
                    return Ok(Some(said));
                }
                Came::Heard(Heard::Ended) => return Err(Leave::End(End::HungUp)),
                Came::Heard(Heard::Failed(error)) => return Err(Leave::Failed(error)),
            }
        }
    }

    /// Ctrl-C at a question: the first says what the second does; an install that runs is paused at once.
    fn interrupt(&mut self) -> Result<(), Leave> {
        if self.interrupted {
            return Err(Leave::End(End::Interrupted));
        }
        self.interrupted = true;
        if self.wizard().install.tasks.running {
            self.pass(Input::Pause)?;
            return self.say("\n  It stops at the next safe point; Ctrl-C again leaves at once.");
        }
        let left = self.wizard().when_left();
        self.say("")?;
        self.para(&format!("Ctrl-C again leaves. {left}"))
    }

    /// The person's own shell, where there is a terminal for it.
    pub(super) fn shell(&mut self) -> Result<(), Leave> {
        if !io::IsTerminal::is_terminal(&io::stdin()) {
            return self.para("There is no terminal for a shell here: standard input is a pipe or a file.");
        }
        self.pass(Input::Shell)?;
        loop {
            match self.wakes.recv() {
                Ok(Woke::Asked(Ask::Shell { environment })) => {
                    self.say("This is your shell; `exit` returns to Landfall.")?;
                    let program = std::env::var("SHELL").unwrap_or_else(|_| "/bin/sh".into());
                    if let Err(error) = Command::new(&program).envs(environment).status() {
                        self.para(&format!("{program} could not be started: {error}. Set SHELL to one that can."))?;
                    }
                    return self.send(Input::ShellEnded);
                }
                Ok(Woke::Over) | Err(_) => return Err(Leave::End(End::Quit)),
                Ok(Woke::Terminate) => return Err(Leave::End(End::HungUp)),
                Ok(_) => {}
            }
        }
    }

    /// What can be answered everywhere.
    pub(super) fn help(&mut self) -> Result<(), Leave> {
        self.para("Enter takes what is offered. A number, a word or the beginning of a line chooses from a list.")?;
        self.para("? explains what is asked. < (or Esc) goes back. ! opens your shell. - empties an optional answer.")?;
        self.para("Ctrl-C pauses a running install at the next safe point; twice leaves. A menu's last line leads to the other stages and to leaving.")
    }

    fn next(&mut self, patience: Option<Duration>) -> Result<Came, Leave> {
        let woke = match patience {
            None => self.wakes.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(patience) => self.wakes.recv_timeout(patience),
        };
        match woke {
            Ok(Woke::Changed | Woke::Asked(Ask::Copy { .. } | Ask::Shell { .. })) | Err(RecvTimeoutError::Timeout) => {
                Ok(Came::News)
            }
            Ok(Woke::Heard(heard)) => Ok(Came::Heard(heard)),
            Ok(Woke::Interrupt) => Ok(Came::Interrupt),
            Ok(Woke::Terminate) => Err(Leave::End(End::HungUp)),
            Ok(Woke::Asked(Ask::Rehearse { guide, scenario })) => Err(Leave::End(End::Rehearse { guide, scenario })),
            Ok(Woke::Asked(Ask::Quit) | Woke::Over) | Err(RecvTimeoutError::Disconnected) => Err(Leave::End(End::Quit)),
        }
    }

    /// Nobody is there to answer any more: a running install stops at the next safe point.
    pub(super) fn pause_before_leaving(&mut self) {
        if !self.wizard().install.tasks.running || self.pass(Input::Pause).is_err() {
            return;
        }
        while self.wizard().install.tasks.running {
            match self.next(Some(Duration::from_secs(1))) {
                Ok(Came::News | Came::Heard(_)) => {}
                // A second signal does not wait.
                Ok(Came::Interrupt) | Err(_) => return,
            }
        }
    }

    /// The last words: how it goes on, and how it is undone.
    pub(super) fn farewell(&mut self, end: &End) -> Result<(), Leave> {
        self.progress.clear();
        // inquire leaves raw mode by itself, except where a signal came during a question.
        if *end == End::HungUp {
            let _ = crossterm::terminal::disable_raw_mode();
        }
        let wizard = self.wizard();
        let stays = !matches!(end, End::Rehearse { .. }) && wizard.temporary.is_none();
        let Some(install) = wizard.install_id.as_ref().filter(|_| stays) else { return Ok(()) };
        if wizard.stage != Stage::Summary {
            let guide = wizard.loaded.as_ref().map(|loaded| loaded.guide.id.as_str()).unwrap_or_default();
            self.say(&format!("\n  It can go on later: landfall install {guide} --line"))?;
            if wizard.secrets_go() {
                self.say("  Secrets were in this session only: they are asked for again.")?;
            }
        }
        if wizard.install.begun {
            self.say(&format!("  What it made can be taken away: landfall undo {install}"))?;
        }
        Ok(())
    }
}
