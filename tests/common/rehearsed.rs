//! How is the program rehearsed in a test, and what did it leave?
//!
//! [`rehearse`] runs a scenario from beginning to end. [`Served`] is `rehearse --serve`: a world of its own in which a test runs
//! any commands, and whose snapshot it reads in the end.
#![allow(dead_code, reason = "each test uses its own part of this")]

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// Twelve simulated minutes in seconds; faster than the machine follows, deadlines of the guide would be missed.
const SPEED: &str = "120";

/// What a command said, and how it ended.
pub struct Said {
    /// Its exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    /// The events of `--output ndjson`.
    pub fn events(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"))).collect()
    }

    /// What was told of one task.
    pub fn of(&self, path: &str) -> Vec<Value> {
        self.events().into_iter().filter(|event| event["path"] == path).collect()
    }

    /// The last outcome of a check or verification: `pass`, `fail`, `unknown` …
    pub fn outcome(&self, path: &str) -> String {
        let looked: Vec<Value> = self.of(path).into_iter().filter(|event| event["event"] == "looked").collect();
        looked.last().and_then(|event| event["outcome"].as_str()).unwrap_or("not looked at").to_owned()
    }

    /// The summary's lines of what was made, changed or found.
    pub fn made(&self) -> BTreeSet<String> {
        let end = self.events().pop().unwrap_or_default();
        let made = end["summary"]["made"].as_array().cloned().unwrap_or_default();
        made.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Everything but the exit code is of interest where that is another.
    pub fn ends_with(&self, code: i32) {
        let lines: Vec<&str> = self.out.lines().rev().take(12).collect();
        assert_eq!(self.code, Some(code), "{}\n{}", lines.into_iter().rev().collect::<Vec<_>>().join("\n"), self.err);
    }
}

/// A scenario that ran to its end.
pub struct Rehearsed {
    /// What the program said.
    pub said: Said,
    /// What was left in the simulated world.
    pub left: Value,
    /// The folder with everything handed out; the install's own folder is below `state`.
    pub world: PathBuf,
    _folder: TempDir,
}

/// Runs `landfall rehearse arthur-shield --scenario … --yes --output ndjson`.
pub fn rehearse(scenario: &str) -> Rehearsed {
    rehearse_at(scenario, SPEED)
}

/// The same at another speed: for scenarios in which the world changes at a given time.
pub fn rehearse_at(scenario: &str, speed: &str) -> Rehearsed {
    rehearse_guide("arthur-shield", scenario, speed)
}

/// The same of another guide.
pub fn rehearse_guide(guide: &str, scenario: &str, speed: &str) -> Rehearsed {
    let folder = tempfile::tempdir().unwrap();
    let (world, left) = (folder.path().join("world"), folder.path().join("left.json"));
    let mut command = landfall(folder.path());
    command.args(["rehearse", guide, "--yes", "--output", "ndjson", "--scenario", scenario, "--speed", speed]);
    let said = run(command.arg("--folder").arg(&world).arg("--snapshot").arg(&left));
    let left = serde_json::from_str(&fs::read_to_string(&left).unwrap_or_else(|_| panic!("{}", said.err))).unwrap();
    Rehearsed { said, left, world, _folder: folder }
}

/// The program, with nothing of this machine's own settings.
fn landfall(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// `rehearse --serve` in the background.
pub struct Served {
    guide: String,
    folder: TempDir,
    server: Child,
    exports: Vec<(String, String)>,
}

impl Served {
    /// Starts a scenario's world.
    pub fn start(scenario: &str) -> Self {
        Self::start_with("arthur-shield", &["--scenario", scenario, "--speed", SPEED], None)
    }

    /// Starts a world of this guide; `tools` comes first on everybody's `PATH`.
    pub fn start_with(guide: &str, arguments: &[&str], tools: Option<&Path>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let exports = folder.path().join("exports");
        let mut command = landfall(folder.path());
        if let Some(tools) = tools {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let folders = std::iter::once(tools.to_owned()).chain(std::env::split_paths(&path));
            command.env("PATH", std::env::join_paths(folders).unwrap());
        }
        command.args(["rehearse", guide, "--serve"]).args(arguments);
        command.arg("--folder").arg(folder.path().join("world")).arg("--snapshot").arg(folder.path().join("left.json"));
        command.stdout(File::create(&exports).unwrap()).stderr(Stdio::piped());
        let mut server = command.spawn().unwrap();
        let mut said = String::new();
        BufReader::new(server.stderr.as_mut().unwrap()).read_line(&mut said).unwrap();
        assert!(said.starts_with("serving"), "{said}");
        let exports = fs::read_to_string(exports).unwrap();
        let exports = exports.lines().filter_map(|line| line.strip_prefix("export ")?.split_once('='));
        let exports = exports.map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned())).collect();
        Self { guide: guide.to_owned(), folder, server, exports }
    }

    /// The folder with everything handed out.
    pub fn world(&self) -> PathBuf {
        self.folder.path().join("world")
    }

    /// A place for a test's own files.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// The answers that were handed out.
    pub fn answers(&self) -> String {
        fs::read_to_string(self.world().join("answers.yaml")).unwrap()
    }

    /// All that was handed out.
    pub fn settings(&self) -> Vec<(&str, &str)> {
        self.exports.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// A setting that was handed out.
    pub fn setting(&self, name: &str) -> String {
        self.exports.iter().find(|(known, _)| known == name).unwrap().1.clone()
    }

    /// The names of what was handed out.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.exports.iter().map(|(name, _)| name.as_str())
    }

    /// The program in this world.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = landfall(self.folder.path());
        command.args(arguments).envs(self.exports.iter().cloned());
        command
    }

    /// Runs the program in this world.
    pub fn landfall(&self, arguments: &[&str]) -> Said {
        run(&mut self.command(arguments))
    }

    /// Runs it with another environment.
    pub fn landfall_with(&self, name: &str, value: &Path, arguments: &[&str]) -> Said {
        run(self.command(arguments).env(name, value))
    }

    /// The journal's text by now.
    pub fn journal(&self) -> String {
        self.journal_path().and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default()
    }

    /// Where the journal is.
    pub fn journal_path(&self) -> Option<PathBuf> {
        let mut installs = fs::read_dir(self.world().join("state")).ok()?;
        Some(installs.next()?.ok()?.path().join("journal.jsonl"))
    }

    /// Starts an install and returns while it runs, as soon as the journal holds the text.
    pub fn install_until(&self, text: &str) -> Child {
        self.install_until_with(&[], text)
    }

    fn install_until_with(&self, more: &[&str], text: &str) -> Child {
        let mut command = self.command(&["install", &self.guide, "--yes", "--output", "ndjson"]);
        command.args(more);
        let mut running = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(180);
        while !self.journal().contains(text) {
            assert!(running.try_wait().unwrap().is_none(), "it ended before the journal held {text}");
            assert!(Instant::now() < deadline, "the journal never held {text}");
            std::thread::yield_now();
        }
        running
    }

    /// Kills it there, without any warning.
    pub fn install_until_killed(&self, text: &str) {
        let mut running = self.install_until(text);
        running.kill().unwrap();
        running.wait().unwrap();
    }

    /// The same with other answers.
    pub fn install_until_killed_with(&self, answers: &str, text: &str) {
        let mut running = self.install_until_with(&["--answers", answers], text);
        running.kill().unwrap();
        running.wait().unwrap();
    }

    /// One call to the simulated AWS, as somebody else's console makes it: the region's `service`, a form.
    pub fn aws(&self, service: &str, form: &str) -> String {
        let at = &self.exports.iter().find(|(name, _)| name == "AWS_ENDPOINT_URL").unwrap().1;
        let at = at.trim_start_matches("http://");
        let mut stream = TcpStream::connect(at).unwrap();
        write!(
            stream,
            "POST / HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\nContent-Length: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nAuthorization: AWS4-HMAC-SHA256 \
             Credential=SOMEBODY/20261120/us-east-2/{service}/aws4_request, SignedHeaders=host, Signature=0\r\n\r\n{form}",
            form.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        answer
    }

    /// Ends the world; gives what was left in it.
    pub fn end(mut self) -> Value {
        let stopped = Command::new("kill").args(["-INT", &self.server.id().to_string()]).status().unwrap();
        assert!(stopped.success());
        self.server.wait().unwrap();
        serde_json::from_str(&fs::read_to_string(self.folder.path().join("left.json")).unwrap()).unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Names of the simulated AWS's resources of one sort, e.g. `node_groups`.
pub fn aws(left: &Value, sort: &str) -> Vec<String> {
    left["aws"][sort].as_object().map(|found| found.keys().cloned().collect()).unwrap_or_default()
}

/// Names of the cluster's objects of one resource, e.g. `deployments.apps`, in a namespace.
pub fn objects(left: &Value, resource: &str, namespace: &str) -> Vec<String> {
    let found = left["kubernetes"][resource][namespace].as_object();
    found.map(|found| found.keys().cloned().collect()).unwrap_or_default()
}
