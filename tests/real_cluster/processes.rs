//! What are the processes of this machine told while an install runs? Their command lines and environments, from /proc.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Child,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

/// A process's words.
fn words(process: &str, of: &str) -> Vec<String> {
    let bytes = fs::read(PathBuf::from("/proc").join(process).join(of)).unwrap_or_default();
    bytes.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

fn processes() -> Vec<String> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())).collect()
}

/// A helm that stands still in the middle of its work; it goes on when dropped.
pub struct Stopped {
    helm: Pid,
}

impl Stopped {
    /// Waits until this install's helm changes Shield's release; kills the install without any warning, and stops helm.
    ///
    /// In this order: a process group that stands still when its parent dies is hung up by the system.
    pub fn kill_before(mut install: Child, world: &Path) -> Self {
        let helm = loop {
            let at_work = processes().into_iter().find(|process| is_shields(&words(process, "cmdline"), world));
            if let Some(process) = at_work.filter(|process| noted(world, process)) {
                break process;
            }
            assert!(install.try_wait().unwrap().is_none(), "the install ended before its helm was seen");
            std::thread::park_timeout(Duration::from_millis(1));
        };
        install.kill().unwrap();
        install.wait().unwrap();
        let helm = Pid::from_raw(helm.parse().unwrap()).unwrap();
        kill_process(helm, Signal::STOP).unwrap();
        Self { helm }
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let went_on = kill_process(self.helm, Signal::CONT);
        assert!(went_on.is_ok() || std::thread::panicking(), "helm is gone");
    }
}

/// Whether the install has written down which helm works for it.
fn noted(world: &Path, process: &str) -> bool {
    let installs = fs::read_dir(world.join("world/state")).into_iter().flatten().flatten();
    let mut notes =
        installs.filter_map(|install| fs::read_to_string(install.path().join("helm-arthur-shield.pid")).ok());
    notes.any(|note| note.split(' ').next() == Some(process))
}

fn is_shields(arguments: &[String], world: &Path) -> bool {
    arguments.first().is_some_and(|program| program.ends_with("/helm"))
        && arguments.iter().any(|word| word == "upgrade")
        && arguments.iter().any(|word| word == "arthur-shield")
        && arguments.iter().any(|word| Path::new(word).starts_with(world))
}

/// What was seen.
#[derive(Default)]
pub struct Seen {
    /// Processes that held a secret where others can read it.
    pub told: Vec<String>,
    /// The helms that changed Shield's release.
    pub helms: BTreeSet<String>,
}

/// Looks at every process, over and over.
pub struct Lookout {
    over: Arc<AtomicBool>,
    looking: JoinHandle<Seen>,
}

impl Lookout {
    /// Begins; `world` is the folder this test's processes work in.
    pub fn begin(secrets: Vec<String>, world: PathBuf) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let until = over.clone();
        let looking = std::thread::spawn(move || {
            let mut seen = Seen::default();
            while !until.load(Ordering::Relaxed) {
                look(&secrets, &world, &mut seen);
                // The shortest helm lives ten times as long, and the install needs the machine, too.
                std::thread::park_timeout(Duration::from_millis(4));
            }
            seen
        });
        Self { over, looking }
    }

    /// What it saw.
    pub fn end(self) -> Seen {
        self.over.store(true, Ordering::Relaxed);
        self.looking.join().unwrap()
    }
}

fn look(secrets: &[String], world: &Path, seen: &mut Seen) {
    for process in processes() {
        let arguments = words(&process, "cmdline");
        if is_shields(&arguments, world) {
            seen.helms.insert(process.clone());
        }
        for word in arguments.iter().chain(&words(&process, "environ")) {
            if secrets.iter().any(|secret| word.contains(secret)) {
                seen.told.push(format!("process {process} was told {word}"));
            }
        }
    }
}
