//! A terminal of 120 columns and 40 rows with a program in it. What comes is stamped as it is read and understood afterwards.
#![allow(dead_code, reason = "each bench uses its own part of this")]

use std::{
    io::{Read, Write},
    path::Path,
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::{Duration, Instant},
};

use crate::program::Done;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

const PATIENCE: Duration = Duration::from_secs(30);

/// A terminal with a program in it.
pub struct Terminal {
    /// When the program was started.
    pub begun: Instant,
    chunks: Receiver<(Instant, Vec<u8>)>,
    written: usize,
    keyboard: Box<dyn Write + Send>,
    screen: vt100::Parser,
    program: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
    _home: tempfile::TempDir,
}

impl Terminal {
    /// Starts a program, with nothing of this machine's own settings.
    pub fn start(program: &Path, arguments: &[&str]) -> Done<Self> {
        Self::start_in(program, arguments, &[])
    }

    /// The same, with these variables.
    pub fn start_in(program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Done<Self> {
        let home = tempfile::tempdir()?;
        let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size)?;
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", home.path());
        for (name, value) in [("LC_ALL", "C.UTF-8"), ("TERM", "xterm-256color"), ("AWS_EC2_METADATA_DISABLED", "true")]
        {
            command.env(name, value);
        }
        for (name, value) in environment {
            command.env(name, value);
        }
        command.cwd(home.path());
        let mut output = pair.master.try_clone_reader()?;
        let keyboard = pair.master.take_writer()?;
        let (sender, chunks) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 65_536];
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                if sender.send((Instant::now(), bytes[..read].to_vec())).is_err() {
                    return;
                }
            }
        });
        let begun = Instant::now();
        let program = pair.slave.spawn_command(command)?;
        let screen = vt100::Parser::new(40, 120, 0);
        Ok(Self { begun, chunks, written: 0, keyboard, screen, program, _master: pair.master, _home: home })
    }

    /// When the screen became as wanted.
    pub fn until(&mut self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) -> Done<Instant> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.chunks.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok((at, bytes)) => {
                    self.take(&bytes);
                    if wanted(self.screen.screen()) {
                        return Ok(at);
                    }
                }
                Err(error) => {
                    return Err(format!("{what} was not seen ({error}):\n{}", self.screen.screen().contents()).into());
                }
            }
        }
    }

    /// Reads until nothing has come for a while.
    pub fn rest(&mut self, quiet: Duration) {
        loop {
            match self.chunks.recv_timeout(quiet) {
                Ok((_, bytes)) => self.take(&bytes),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Reads for so long, whatever comes.
    pub fn rest_for(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while let Ok((_, bytes)) = self.chunks.recv_timeout(until.saturating_duration_since(Instant::now())) {
            self.take(&bytes);
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.written += bytes.len();
        self.screen.process(bytes);
    }

    /// How many bytes have come.
    pub fn written(&self) -> usize {
        self.written
    }

    /// The program's process.
    pub fn process(&self) -> Done<u32> {
        Ok(self.program.process_id().ok_or("the program has ended")?)
    }

    /// The screen by now.
    pub fn screen(&self) -> &vt100::Screen {
        self.screen.screen()
    }

    /// Presses keys; gives when.
    pub fn press(&mut self, keys: &str) -> Done<Instant> {
        let at = Instant::now();
        self.keyboard.write_all(keys.as_bytes())?;
        self.keyboard.flush()?;
        Ok(at)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
