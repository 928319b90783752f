//! All checks against the slowest of them: with endpoints that answer at once, and with an AWS that takes 300 ms for every call.

#[path = "common/events.rs"]
mod events;
#[path = "common/program.rs"]
mod program;

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use events::{Tasks, events, tasks, wall};
use program::{Done, about, against, program};

const ROUNDS: usize = 3;

const SLOW: &str = "id: slow\ntitle: Slow\nabout: Every call takes its time.\nbased_on: smooth\naws:\n  faults:\n";
const SERVICES: [&str; 10] =
    ["sts", "eks", "ec2", "iam", "servicequotas", "ssm", "autoscaling", "cloudwatch", "acm", "secretsmanager"];

fn main() -> Done {
    about("checks: all of Shield's checks against the slowest of them, in real time");
    let guide = tempfile::tempdir()?;
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    copied(&source.join("assets/guides/arthur-shield"), guide.path())?;
    copied(&source.join("templates/arthur-shield"), &guide.path().join("templates"))?;
    let delays = SERVICES.map(|service| format!("    - {{ service: {service}, delay: 300ms }}\n")).concat();
    fs::write(guide.path().join("scenarios/slow.yaml"), format!("{SLOW}{delays}"))?;
    for (scenario, judged) in [("smooth", false), ("slow", true)] {
        let served = Served::start(guide.path(), scenario)?;
        let all = best((0..ROUNDS).map(|_| served.checks(guide.path(), None)))?;
        let slowest = all.iter().max_by(|one, other| one.1.seconds().total_cmp(&other.1.seconds()));
        let (slowest, _) = slowest.ok_or("no check was run")?;
        // Alone it has the machine to itself.
        let alone = wall(&best((0..ROUNDS).map(|_| served.checks(guide.path(), Some(slowest))))?);
        let sum: f64 = all.values().map(events::Took::seconds).sum();
        let all_took = wall(&all);
        println!(
            "{scenario}: {} checks in {all_took:.2} s, waits added up {sum:.2} s; {slowest} alone {alone:.2} s",
            all.len()
        );
        if judged {
            against("all checks / slowest check alone", all_took / alone, "", 1.2);
        } else {
            println!("nothing to wait for here: what remains is work, for few cores: {:.2}", all_took / alone);
        }
    }
    Ok(())
}

fn best(rounds: impl Iterator<Item = Done<Tasks>>) -> Done<Tasks> {
    let rounds: Vec<Tasks> = rounds.collect::<Done<_>>()?;
    Ok(rounds.into_iter().min_by(|one, other| wall(one).total_cmp(&wall(other))).ok_or("no round was run")?)
}

struct Served {
    server: Child,
    exports: Vec<(String, String)>,
    _home: tempfile::TempDir,
}

impl Served {
    fn start(guide: &Path, scenario: &str) -> Done<Self> {
        let home = tempfile::tempdir()?;
        let exports = home.path().join("exports");
        let mut command = Command::new(program());
        command
            .arg("rehearse")
            .arg(guide)
            .args(["--serve", "--scenario", scenario, "--speed", "1"])
            .env("HOME", home.path());
        command.stdin(Stdio::null()).stdout(fs::File::create(&exports)?).stderr(Stdio::piped());
        let mut server = command.spawn()?;
        let mut said = String::new();
        if let Some(stderr) = server.stderr.as_mut() {
            BufReader::new(stderr).read_line(&mut said)?;
        }
        if !said.starts_with("serving") {
            return Err(format!("the rehearsal said {said:?}").into());
        }
        let exports = fs::read_to_string(exports)?;
        let exports = exports.lines().filter_map(|line| line.strip_prefix("export ")?.split_once('='));
        let exports = exports.map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned())).collect();
        Ok(Self { server, exports, _home: home })
    }

    fn checks(&self, guide: &Path, only: Option<&str>) -> Done<Tasks> {
        let mut command = Command::new(program());
        command.arg("check").arg(guide).args(["--yes", "--output", "ndjson"]).envs(self.exports.iter().cloned());
        command.args(only.map(|path| ["--only", path]).into_iter().flatten());
        tasks(&events(&mut command)?)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn copied(from: &Path, to: &Path) -> Done {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let to = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copied(&path, &to)?;
        } else {
            fs::copy(&path, &to)?;
        }
    }
    Ok(())
}
