//! A real Secret Service for a test, away from the user's own. Needs `mod testbed` beside it.
#![allow(dead_code, reason = "each test binary uses its own part of this")]
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::testbed::{Testbed, succeed, until};

/// A Secret Service of the test's own on a private session bus; gone when dropped.
pub struct Keyring {
    home: TempDir,
    address: String,
    bus: Child,
    daemon: Child,
}

impl Keyring {
    /// Starts one, its login keyring open.
    pub fn start() -> Option<Self> {
        Testbed::require("keyring")?;
        let home = TempDir::new().unwrap();
        let mut bus = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile", "--print-address=1"])
            .arg(format!("--address=unix:path={}", home.path().join("bus").display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(bus.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let address = address.trim().to_owned();
        let mut command = Command::new("gnome-keyring-daemon");
        command
            .args(["--foreground", "--components=secrets", "--unlock"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut daemon = command.envs(environment(home.path(), &address)).spawn().unwrap();
        daemon.stdin.take().unwrap().write_all(b"password").unwrap();
        let keyring = Self { home, address, bus, daemon };
        until("the Secret Service is on its bus", || keyring.is_there());
        Some(keyring)
    }

    /// What a program needs in its environment to find it.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        environment(self.home.path(), &self.address)
    }

    /// Locks the login keyring; nobody is there to answer the prompt that would open it.
    pub fn lock(&self) {
        let mut command = Command::new("dbus-send");
        command.args(["--session", "--print-reply", "--dest=org.freedesktop.secrets", "/org/freedesktop/secrets"]);
        command
            .args(["org.freedesktop.Secret.Service.Lock", "array:objpath:/org/freedesktop/secrets/collection/login"]);
        succeed(command.envs(self.env()));
    }

    fn is_there(&self) -> bool {
        let mut command = Command::new("dbus-send");
        command.args(["--session", "--print-reply", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus"]);
        command.args(["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"]).envs(self.env());
        command.output().is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("boolean true"))
    }
}

fn environment(home: &Path, address: &str) -> Vec<(&'static str, String)> {
    let folder = |name: &str| home.join(name).display().to_string();
    vec![
        ("DBUS_SESSION_BUS_ADDRESS", address.to_owned()),
        ("HOME", home.display().to_string()),
        ("XDG_DATA_HOME", folder("data")),
        ("XDG_RUNTIME_DIR", folder("run")),
    ]
}

impl Drop for Keyring {
    fn drop(&mut self) {
        for child in [&mut self.daemon, &mut self.bus] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
