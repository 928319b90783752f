//! Talks to the program through pipes, as `script`, a log or another program would: reads until it says something, then answers.

use std::{
    io::{Read, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Duration,
};

/// Nothing takes this long: it only keeps a broken test from hanging for ever.
const FOR_EVER: Duration = Duration::from_secs(300);

/// A running program, and what it has said.
pub struct Conversation {
    child: Child,
    stdin: Option<ChildStdin>,
    heard: Receiver<Vec<u8>>,
    bytes: Vec<u8>,
    /// Everything it said.
    pub text: String,
    at: usize,
}

impl Conversation {
    /// Rehearses a guide line by line, fast.
    pub fn rehearse(guide: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
        command.args(["rehearse", guide, "--line", "--speed", "600"]).args(arguments);
        Self::with(command)
    }

    /// Talks to any command of the program.
    pub fn with(mut command: Command) -> Self {
        command.env("LANG", "C.UTF-8").env_remove("LC_ALL").env_remove("LC_CTYPE").env("USER", "ada");
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let (said, heard) = channel();
        let mut stdout = child.stdout.take().unwrap();
        thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(length) = stdout.read(&mut chunk) {
                if length == 0 || said.send(chunk[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        let stdin = child.stdin.take();
        Self { child, stdin, heard, bytes: Vec::new(), text: String::new(), at: 0 }
    }

    /// Reads until it says this, from where the last reading ended; gives what it said before.
    pub fn until(&mut self, words: &str) -> String {
        loop {
            if let Some(found) = self.text[self.at..].find(words) {
                let before = self.text[self.at..self.at + found].to_owned();
                self.at += found + words.len();
                return before;
            }
            match self.heard.recv_timeout(FOR_EVER) {
                Ok(chunk) => self.bytes.extend(chunk),
                Err(RecvTimeoutError::Timeout) => panic!("it never said {words:?}; it said:\n{}", self.text),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("it ended without saying {words:?}; it said:\n{}", self.text)
                }
            }
            // A character may still be on its way.
            let whole = match std::str::from_utf8(&self.bytes) {
                Ok(_) => self.bytes.len(),
                Err(error) => error.valid_up_to(),
            };
            let rest = self.bytes.split_off(whole);
            self.text.push_str(std::str::from_utf8(&self.bytes).unwrap());
            self.bytes = rest;
        }
    }

    /// Waits for this question, and answers it; gives what was said before it.
    pub fn answer(&mut self, question: &str, line: &str) -> String {
        let before = self.until(&format!("? {question}"));
        self.until(": ");
        self.stdin.as_mut().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
        before
    }

    /// Standard input ends.
    pub fn hang_up(&mut self) {
        self.stdin = None;
    }

    /// Ctrl-C, as a terminal sends it: to everything that runs there.
    #[cfg(unix)]
    pub fn interrupt(&self) {
        let group = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process_group(group, rustix::process::Signal::INT).unwrap();
    }

    /// Its exit code, once it has ended; what it said last is in [`Self::text`].
    pub fn end(&mut self) -> i32 {
        self.stdin = None;
        while let Ok(chunk) = self.heard.recv_timeout(FOR_EVER) {
            self.bytes.extend(chunk);
        }
        self.text.push_str(&String::from_utf8_lossy(&std::mem::take(&mut self.bytes)));
        self.child.wait().unwrap().code().unwrap()
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        // A test that failed leaves nothing running: a rehearsal whose input ended pauses and ends by itself.
        self.stdin = None;
        if thread::panicking() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}
