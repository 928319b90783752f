//! What are the processes of this machine told while an install runs? Their command lines and environments, from /proc.

use std::{
    collections::BTreeSet,
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

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

fn changes(arguments: &[String], release: &str, world: &str) -> bool {
    arguments.first().is_some_and(|program| program.ends_with("/helm"))
        && arguments.iter().any(|word| word == "upgrade")
        && arguments.iter().any(|word| word == release)
        && arguments.iter().any(|word| word.starts_with(world))
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
    pub fn begin(secrets: Vec<String>, world: String) -> Self {
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

fn look(secrets: &[String], world: &str, seen: &mut Seen) {
    for process in processes() {
        let arguments = words(&process, "cmdline");
        if changes(&arguments, "arthur-shield", world) {
            seen.helms.insert(process.clone());
        }
        for word in arguments.iter().chain(&words(&process, "environ")) {
            if secrets.iter().any(|secret| word.contains(secret)) {
                seen.told.push(format!("process {process} was told {word}"));
            }
        }
    }
}
