//! An AWS that nobody here wrote, for a test. Needs `mod testbed` beside it.
#![allow(dead_code, reason = "each test binary uses its own part of this")]
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::testbed::{Testbed, succeed, until};

/// A running emulator; gone when dropped.
pub struct Emulator {
    child: Child,
    port: u16,
    home: TempDir,
}

impl Emulator {
    /// moto: EC2, IAM, SQS, S3 and EKS clusters well; no add-ons, quotas or EKS AMI parameters.
    pub fn moto() -> Option<Self> {
        let program = Testbed::require("moto")?;
        Some(Self::start("moto", |port| {
            let mut command = Command::new(&program);
            command.args(["-H", "127.0.0.1", "-p", &port.to_string()]).env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true");
            command
        }))
    }

    /// ministack: EKS add-ons, access entries and permission simulation too; no instance offerings.
    pub fn ministack() -> Option<Self> {
        let program = Testbed::require("ministack")?;
        Some(Self::start("ministack", |port| {
            let mut command = Command::new(&program);
            command.env("GATEWAY_PORT", port.to_string());
            command
        }))
    }

    fn start(name: &str, command: impl Fn(u16) -> Command) -> Self {
        let home = TempDir::new().unwrap();
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut command = command(port);
        command.current_dir(home.path()).env("HOME", home.path());
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut emulator = Self { child, port, home };
        until(&format!("{name} answers on port {port}"), || {
            assert!(emulator.child.try_wait().unwrap().is_none(), "{name} ended by itself");
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        emulator
    }

    /// Where it answers.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What an AWS client needs in its environment to reach this and nothing else.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        let nowhere = |name: &str| self.home.path().join(name).display().to_string();
        vec![
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_ACCESS_KEY_ID", "testing".into()),
            ("AWS_SECRET_ACCESS_KEY", "testing".into()),
            ("AWS_REGION", "us-east-2".into()),
            ("AWS_DEFAULT_REGION", "us-east-2".into()),
            ("AWS_CONFIG_FILE", nowhere("config")),
            ("AWS_SHARED_CREDENTIALS_FILE", nowhere("credentials")),
            ("AWS_EC2_METADATA_DISABLED", "true".into()),
        ]
    }

    /// Asks it with the official `aws` CLI; the answer as JSON.
    pub fn aws(&self, arguments: &[&str]) -> Option<serde_json::Value> {
        let program = Testbed::require("aws")?;
        let answer = succeed(Command::new(program).args(arguments).args(["--output", "json"]).envs(self.env()));
        Some(serde_json::from_str(&answer).unwrap())
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
