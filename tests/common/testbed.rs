//! Which real parts are on this machine, and how does a test get one of its own?
//!
//! `./test` builds them (tests/testbed/setup). A test asks for what it needs and returns when it is told that it can't be had:
//!
//! ```ignore
//! #[path = "common/testbed.rs"]
//! mod testbed;
//!
//! #[test]
//! fn a_release_is_deployed() {
//!     let Some(helm) = Testbed::require("helm3") else { return };
//!     let Some(cluster) = Cluster::start() else { return };
//!     …
//! }
//! ```
#![allow(dead_code, reason = "each test binary uses its own part of this")]
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The programs that `tests/testbed/setup` builds and installs.
pub struct Testbed;

impl Testbed {
    /// The folder of the built parts.
    pub fn dir() -> PathBuf {
        if let Some(dir) = std::env::var_os("LANDFALL_TESTBED") {
            return dir.into();
        }
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache");
        cache.unwrap_or_else(home).join("landfall-testbed")
    }

    /// The path of `helm3`, `helm4`, `kubectl`, `aws`, `moto`, `ministack`, `cluster`, `postgres`, `postgres-without-vector`, `keyring`, `directory`, `issuer`, or of any program
    /// on `PATH`; `None` where the test has to be left out, which is then noted. With `CI=true` a missing part fails the test.
    pub fn require(part: &str) -> Option<PathBuf> {
        let found = if std::env::var_os("LANDFALL_FAST").is_some() {
            Err("real parts were not asked for (--fast)".to_owned())
        } else {
            find(part)
        };
        match found {
            Ok(path) => Some(path),
            Err(reason) => {
                not_run(part, &reason);
                None
            }
        }
    }

    /// The stand-in charts, packaged into `dir`: `arthur-shield-3.2.1.tgz`, `nvidia-device-plugin-0.17.1.tgz`.
    /// With a URL also the `index.yaml` of a Helm repository served there.
    pub fn charts(dir: &Path, repository: Option<&str>) -> Option<Vec<PathBuf>> {
        Self::require("helm3")?;
        let mut command = Command::new(script("charts"));
        command.arg(dir);
        if let Some(url) = repository {
            command.args(["--index", url]);
        }
        Some(succeed(&mut command).lines().map(PathBuf::from).collect())
    }
}

fn script(name: &str) -> PathBuf {
    // Tests of the crates below use this file, too.
    let mut folders =
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("tests/testbed").join(name));
    folders.find(|path| path.is_file()).unwrap_or_else(|| panic!("tests/testbed/{name} is missing"))
}

fn find(part: &str) -> Result<PathBuf, String> {
    let built = |name: &str| {
        let path = Testbed::dir().join("bin").join(name);
        if path.is_file() { Ok(path) } else { Err(format!("{} is not built", path.display())) }
    };
    let python = Testbed::dir().join("python/bin");
    match part {
        "helm3" | "helm4" | "kubectl" | "tofu" => built(part),
        "cluster" => {
            for name in ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "kubectl"] {
                built(name)?;
            }
            Ok(script("cluster"))
        }
        "aws" => {
            Some(python.join("aws")).filter(|path| path.is_file()).ok_or_else(|| "the aws CLI is not installed".into())
        }
        "moto" | "ministack" => {
            let program = match part {
                "moto" => "moto_server",
                _ => part,
            };
            let path = Testbed::dir().join("emulators/bin").join(program);
            Some(path).filter(|path| path.is_file()).ok_or_else(|| format!("{part} is not installed"))
        }
        "postgres" => match fs::read(Testbed::dir().join("stamps/postgres")) {
            Ok(_) => Ok(script("postgres")),
            Err(_) => Err("PyPI's pgserver is not installed".into()),
        },
        "postgres-without-vector" => match fs::read_dir("/usr/lib/postgresql") {
            Ok(_) => Ok(script("postgres")),
            Err(_) => Err("Debian's PostgreSQL is not installed".into()),
        },
        "directory" => {
            on_path("ldapwhoami")?;
            let here = Path::new("/usr/sbin/slapd").is_file() || on_path("slapd").is_ok();
            here.then(|| script("directory")).ok_or_else(|| "slapd is not installed".into())
        }
        "issuer" => {
            let folder = Testbed::dir().join("issuer");
            let there = folder.join("node").exists() && folder.join("node_modules/oidc-provider").is_dir();
            there.then_some(folder).ok_or_else(|| "npm's oidc-provider is not installed".into())
        }
        "keyring" => {
            for name in ["dbus-daemon", "dbus-send", "secret-tool"] {
                on_path(name)?;
            }
            on_path("gnome-keyring-daemon")
        }
        other => on_path(other),
    }
}

fn on_path(name: &str) -> Result<PathBuf, String> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut candidates = std::env::split_paths(&folders).map(|folder| folder.join(name));
    candidates.find(|path| path.is_file()).ok_or_else(|| format!("{name} is not on PATH"))
}

/// Notes where `./test` finds it that a test was left out: libtest shows nothing of a test that passes.
fn not_run(part: &str, reason: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let line = format!("{test}: needs {part}: {reason}");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{line}; tests/testbed/setup brings it");
    eprintln!("not run: {line}");
    if let Some(path) = std::env::var_os("LANDFALL_NOT_RUN") {
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}

/// Runs a command that has to succeed; its standard output.
pub fn succeed(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("starting {command:?}: {error}"));
    let Output { status, stdout, stderr } = &output;
    let (stdout, stderr) = (String::from_utf8_lossy(stdout), String::from_utf8_lossy(stderr));
    assert!(status.success(), "{command:?} ended with {status}\n{stdout}{stderr}");
    stdout.into_owned()
}

/// Asks until the answer is yes; fails the test after a minute.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "after a minute still not so: {what}");
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

/// A real control plane with two pretended CPU nodes (arm64, node group `cpu-1`, no `capability` label); gone when dropped.
pub struct Cluster {
    dir: TempDir,
}

impl Cluster {
    /// Starts one of the test's own. Takes about six seconds.
    pub fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// `--api-server-flag FLAG`, `--issuer URL` (of service accounts' tokens), `--no-metrics`, `--no-ingress-class`.
    pub fn start_with(options: &[&str]) -> Option<Self> {
        Testbed::require("cluster")?;
        let cluster = Self { dir: TempDir::new().unwrap() };
        cluster.script("up", options);
        Some(cluster)
    }

    fn script(&self, verb: &str, rest: &[&str]) -> String {
        succeed(Command::new(script("cluster")).arg(verb).arg(self.dir.path()).args(rest))
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> PathBuf {
        self.dir.path().join("kubeconfig")
    }

    /// That of a user who may look at nothing.
    pub fn viewer_kubeconfig(&self) -> PathBuf {
        self.dir.path().join("kubeconfig-viewer")
    }

    /// A Ready node labelled `capability=gpu`; options as in `tests/testbed/cluster`, e.g. `--no-gpu`.
    pub fn gpu_node(&self, name: &str, options: &[&str]) {
        self.script("gpu-node", &[&[name], options].concat());
    }

    /// Waits until every nginx ingress has an address; `(namespace/name, address)`.
    pub fn ingress_addresses(&self) -> Vec<(String, String)> {
        let lines = self.script("ingress-addresses", &[]);
        lines
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(name, address)| (name.to_owned(), address.to_owned()))
            .collect()
    }

    /// `kubectl` against this cluster; its standard output.
    pub fn kubectl<S: AsRef<OsStr>>(&self, arguments: &[S]) -> String {
        let mut command = Command::new(Testbed::dir().join("bin/kubectl"));
        succeed(command.arg("--kubeconfig").arg(self.kubeconfig()).args(arguments))
    }

    /// An object as JSON.
    pub fn get(&self, arguments: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.kubectl(&[&["get", "-o", "json"], arguments].concat())).unwrap()
    }

    /// Lets every container of this name (`arthur-auth`, `arthur-shield`, …) log one more line.
    pub fn log(&self, container: &str, line: &str) {
        let path = self.dir.path().join("pod-logs").join(format!("{container}.log"));
        let time = log_time();
        let mut file = OpenOptions::new().append(true).open(path).unwrap();
        file.write_all(format!("{time} stdout F {line}\n").as_bytes()).unwrap();
    }
}

/// Now, in the form of a container runtime's log.
fn log_time() -> String {
    succeed(Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%S.%NZ"])).trim().to_owned()
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = Command::new(script("cluster")).arg("down").arg(self.dir.path()).status();
    }
}

/// A PostgreSQL server on loopback; gone when dropped.
pub struct Postgres {
    dir: TempDir,
    /// On 127.0.0.1.
    pub port: u16,
    /// Of the superuser `postgres`.
    pub password: String,
}

impl Postgres {
    /// One that brings pgvector, without TLS.
    pub fn start() -> Option<Self> {
        Self::start_as("postgres", "with-vector")
    }

    /// One that has no pgvector, with TLS; see [`Postgres::certificate`].
    pub fn start_without_vector() -> Option<Self> {
        Self::start_as("postgres-without-vector", "without-vector")
    }

    fn start_as(part: &str, flavour: &str) -> Option<Self> {
        Testbed::require(part)?;
        let dir = TempDir::new().unwrap();
        succeed(Command::new(script("postgres")).arg("up").arg(dir.path()).arg(flavour));
        let port = fs::read_to_string(dir.path().join("port")).unwrap().trim().parse().unwrap();
        let password = fs::read_to_string(dir.path().join("password")).unwrap();
        Some(Self { dir, port, password })
    }

    /// The self-signed certificate of `localhost`, where it speaks TLS.
    pub fn certificate(&self) -> PathBuf {
        self.dir.path().join("server.crt")
    }

    /// The folder of its `psql`.
    pub fn programs(&self) -> PathBuf {
        succeed(Command::new(script("postgres")).arg("programs").arg(self.dir.path())).trim().into()
    }

    /// Runs SQL as the superuser; rows, unaligned.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let file = self.dir.path().join("input.sql");
        fs::write(&file, sql).unwrap();
        let mut command = Command::new(script("postgres"));
        command.arg("sql").arg(self.dir.path()).arg(database).stdin(fs::File::open(file).unwrap());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = Command::new(script("postgres")).arg("down").arg(self.dir.path()).status();
    }
}
