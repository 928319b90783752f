//! Child processes: which tool, in what surroundings, what does it say, and how is it stopped?
//!
//! A child runs in a process group of its own and sees a clean environment. Secrets reach it by 0600 files or stdin,
//! never by argument or environment.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::Stdio,
    sync::Mutex,
    time::Duration,
};

use landfall_core::{event::Problem, value::Plain};
use semver::Version;
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command as Spawn},
};
use tokio_util::sync::CancellationToken;

use super::{
    Endpoints, Trouble,
    told::{Stream, Told},
};

/// How long a child may take to stop after each signal.
const PATIENCE: [(Stop, Duration); 3] = [
    (Stop::Interrupt, Duration::from_secs(60)),
    (Stop::Terminate, Duration::from_secs(10)),
    (Stop::Kill, Duration::from_secs(10)),
];
/// What is kept of a child's output; more is read and dropped.
const KEPT: usize = 64 << 20;
/// Variables of ours a child may see: names and places, nothing that opens a door.
const PASSED: [&str; 9] =
    ["HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "SystemRoot", "USERPROFILE", "APPDATA"];

/// The door to child processes.
pub struct Process {
    endpoints: Endpoints,
    versions: Mutex<BTreeMap<PathBuf, Version>>,
}

impl Process {
    /// A door; nothing is started.
    pub fn new(endpoints: Endpoints) -> Self {
        Self { endpoints, versions: Mutex::default() }
    }

    /// Where a tool is on the search path.
    pub fn which(&self, tool: &str) -> Result<PathBuf, Trouble> {
        which::which_in(tool, Some(&self.endpoints.path), std::env::temp_dir()).map_err(|error| {
            Problem::new(
                "TOOL-MISSING",
                format!("{tool} is not on the search path"),
                format!("Install {tool}, or add its folder to PATH, and start again."),
            )
            .why(error.to_string())
            .into()
        })
    }

    /// A tool's version, asked once. `arguments` make it print one, e.g. `version --short`.
    pub async fn version(&self, tool: &str, arguments: &[&str]) -> Result<Version, Trouble> {
        let program = self.which(tool)?;
        if let Ok(known) = self.versions.lock()
            && let Some(version) = known.get(&program)
        {
            return Ok(version.clone());
        }
        let output = self.command(tool)?.args(arguments).output().await?;
        let text = format!("{}\n{}", output.stdout, output.stderr);
        let version = version_in(&text).ok_or_else(|| {
            Trouble::from(
                Problem::new(
                    "TOOL-VERSION",
                    format!("{} does not tell its version", program.display()),
                    format!("See what this prints, and install a released {tool}:\n$ {tool} {}", arguments.join(" ")),
                )
                .why(text.lines().find(|line| !line.trim().is_empty()).unwrap_or("it printed nothing").to_owned()),
            )
        })?;
        if let Ok(mut known) = self.versions.lock() {
            known.insert(program, version.clone());
        }
        Ok(version)
    }

    /// A tool to run, in clean surroundings.
    pub fn command(&self, tool: &str) -> Result<Command, Trouble> {
        let program = self.which(tool)?;
        let mut environment: BTreeMap<OsString, OsString> =
            PASSED.iter().filter_map(|name| Some(((*name).into(), std::env::var_os(name)?))).collect();
        environment.insert("PATH".into(), self.endpoints.path.clone());
        if let Some(kubeconfig) = &self.endpoints.kubeconfig {
            environment.insert("KUBECONFIG".into(), kubeconfig.into());
        }
        if let Some(proxy) = &self.endpoints.via {
            environment.insert("HTTPS_PROXY".into(), proxy.into());
            environment.insert("NO_PROXY".into(), self.endpoints.no_proxy.clone().into());
        }
        if let Some(roots) = &self.endpoints.roots {
            environment.insert("SSL_CERT_FILE".into(), roots.into());
        }
        Ok(Command {
            program,
            arguments: Vec::new(),
            environment,
            stdin: None,
            told: Told::Pipes,
            patience: PATIENCE[0].1,
        })
    }
}

/// Runs a command that a person named, in their own surroundings (a password manager's client needs its session); gives what it
/// printed.
pub async fn persons_own(program: &str, arguments: &[String]) -> std::io::Result<std::process::Output> {
    Spawn::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().await
}

/// The first thing in a text that looks like a version: `v3.21.4+g12ab`, `Terraform v1.11.4`, `aws-cli/2.31.19`.
fn version_in(text: &str) -> Option<Version> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '"' | ',' | '{' | '}'))
        .map(|word| word.rsplit([':', '/']).next().unwrap_or(word).trim_start_matches('v'))
        .find_map(|word| Version::parse(word).ok())
}

/// A child that is not started yet.
pub struct Command {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: BTreeMap<OsString, OsString>,
    stdin: Option<Plain>,
    told: Told,
    patience: Duration,
}

/// How a child ended and what it said.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// Exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Output {
    /// Whether it ended well.
    pub fn succeeded(&self) -> bool {
        self.code == Some(0)
    }
}

impl Command {
    /// Adds an argument; never a secret.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds arguments; never a secret.
    #[must_use]
    pub fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Sets a variable; never to a secret.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.insert(name.into(), value.as_ref().to_owned());
        self
    }

    /// What it reads; nothing otherwise.
    #[must_use]
    pub fn stdin(mut self, text: Plain) -> Self {
        self.stdin = Some(text);
        self
    }

    /// Lets it go on when we are killed: what it says goes into two files of this folder, read from there.
    #[must_use]
    pub fn outliving(mut self, folder: &Path) -> Self {
        self.told = Told::Files(folder.to_owned());
        self
    }

    /// How long it may take to stop after an interrupt, where stopping it harder would do harm.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Runs it to its end without a way to stop it: for what answers at once.
    pub async fn output(self) -> Result<Output, Trouble> {
        self.start()?.finish(&CancellationToken::new(), |_, _| {}).await
    }

    /// Starts it.
    pub fn start(self) -> Result<Running, Trouble> {
        let failed = |error: std::io::Error| not_started(&self.program, &error);
        let (stdout, stderr) = self.told.streams().map_err(failed)?;
        let mut spawn = Spawn::new(&self.program);
        spawn
            .args(&self.arguments)
            .env_clear()
            .envs(&self.environment)
            .stdin(if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(stdout)
            .stderr(stderr);
        #[cfg(unix)]
        spawn.process_group(0);
        let mut child = spawn.spawn().map_err(failed)?;
        if let (Some(text), Some(mut pipe)) = (self.stdin, child.stdin.take()) {
            tokio::spawn(async move {
                // A child that does not read to the end says so itself.
                let _ = pipe.write_all(text.reveal().as_bytes()).await;
            });
        }
        Ok(Running { pid: child.id(), program: self.program, child, told: self.told, patience: self.patience })
    }
}

/// A child at work.
pub struct Running {
    /// Its process id, which is also its group's.
    pub pid: Option<u32>,
    program: PathBuf,
    child: Child,
    told: Told,
    patience: Duration,
}

impl Running {
    /// Reads what it says, line by line, to its end. When `cancel` is set it is interrupted and waited for.
    pub async fn finish(
        mut self,
        cancel: &CancellationToken,
        mut said: impl FnMut(Stream, &str) + Send,
    ) -> Result<Output, Trouble> {
        let ended = CancellationToken::new();
        let mut lines = self.told.read(&mut self.child, &ended).map_err(|error| not_started(&self.program, &error))?;
        let mut output = Output::default();
        let mut keep = |stream, line: String| {
            said(stream, &line);
            let kept = match stream {
                Stream::Out => &mut output.stdout,
                Stream::Err => &mut output.stderr,
            };
            if kept.len() + line.len() < KEPT {
                kept.push_str(&line);
                kept.push('\n');
            }
        };
        let first = self.patience;
        let mut signals = PATIENCE.iter().map(|(stop, wait)| match stop {
            Stop::Interrupt => (*stop, first),
            _ => (*stop, *wait),
        });
        let mut interrupted = false;
        let mut patience = Box::pin(tokio::time::sleep(Duration::MAX / 4));
        let status = loop {
            tokio::select! {
                Some((stream, line)) = lines.recv() => keep(stream, line),
                status = self.child.wait() => break status.map_err(|error| not_started(&self.program, &error))?,
                () = cancel.cancelled(), if !interrupted => {
                    interrupted = true;
                    patience.as_mut().reset(tokio::time::Instant::now());
                }
                () = &mut patience, if interrupted => {
                    let Some((stop, wait)) = signals.next() else {
                        return Err(Trouble::Interrupted);
                    };
                    signal(self.pid, stop, &mut self.child);
                    patience.as_mut().reset(tokio::time::Instant::now() + wait);
                }
            }
        };
        ended.cancel();
        // A grandchild may hold the pipes open for longer than anybody wants to wait.
        let rest = async {
            while let Some((stream, line)) = lines.recv().await {
                keep(stream, line);
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(2), rest).await;
        if interrupted {
            return Err(Trouble::Interrupted);
        }
        output.code = status.code();
        Ok(output)
    }
}

/// Whether a process of this id, whose command line names `word`, is still there.
pub fn alive(pid: u32, word: &str) -> bool {
    let listed = Path::new("/proc").join(pid.to_string()).join("cmdline");
    match std::fs::read(listed) {
        Ok(line) => String::from_utf8_lossy(&line).contains(word),
        Err(_) if cfg!(target_os = "linux") => false,
        Err(_) => answers(pid),
    }
}

#[cfg(unix)]
fn answers(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
}

#[cfg(not(unix))]
fn answers(_pid: u32) -> bool {
    false
}

#[derive(Clone, Copy, Debug)]
enum Stop {
    Interrupt,
    Terminate,
    Kill,
}

#[cfg(unix)]
fn signal(pid: Option<u32>, stop: Stop, _child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let signal = match stop {
        Stop::Interrupt => Signal::INT,
        Stop::Terminate => Signal::TERM,
        Stop::Kill => Signal::KILL,
    };
    if let Some(group) = pid.and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw) {
        // A group that is gone already is what was wanted.
        let _ = kill_process_group(group, signal);
    }
}

#[cfg(not(unix))]
fn signal(_pid: Option<u32>, _stop: Stop, child: &mut Child) {
    let _ = child.start_kill();
}

fn not_started(program: &Path, error: &std::io::Error) -> Trouble {
    Problem::new(
        "TOOL-NOT-STARTED",
        format!("{} could not be run", program.display()),
        "Check that the file may be executed and that memory and processes are not used up.",
    )
    .why(error.to_string())
    .into()
}
