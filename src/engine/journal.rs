//! One writer owns the journal; others send a record and hear when it is safely on disk.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, mpsc},
};

use landfall_core::{
    event::Problem,
    journal::{self, Record, Stamped, Story},
};
use tokio::sync::oneshot;

use super::holder::Holder;
use crate::cloud::{Clock, Trouble};

/// Why the journal cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalTrouble {
    /// Somebody else runs this install.
    #[error("another Landfall runs this install: {holder}")]
    Held {
        /// Who, as the lock says.
        holder: String,
        /// The install.
        install: String,
    },
    /// It was opened to be read.
    #[error("{0} was opened to be read, not to be written")]
    OnlyRead(String),
    /// The disk said no.
    #[error("{path}: {error}")]
    Disk {
        /// Which file or folder.
        path: String,
        /// What it said.
        error: std::io::Error,
    },
    /// A line is broken.
    #[error(transparent)]
    Broken(#[from] journal::JournalFault),
}

impl From<JournalTrouble> for Trouble {
    fn from(trouble: JournalTrouble) -> Self {
        let problem = match &trouble {
            JournalTrouble::Held { holder, install } => {
                Problem::new("JOURNAL-HELD", trouble.to_string(), beside(holder, install))
                    .why("Two at once would make things twice.")
            }
            JournalTrouble::OnlyRead(_) => return Self::guide(trouble.to_string(), "Report this."),
            JournalTrouble::Disk { .. } => Problem::new(
                "JOURNAL-DISK",
                format!("the journal cannot be written: {trouble}"),
                "Make room or correct the folder's rights, then start again: it continues where it stopped. LANDFALL_STATE_DIR names another place.",
            )
            .why("Nothing is changed that is not written down first."),
            JournalTrouble::Broken(fault) => Problem::new("JOURNAL-BROKEN", fault.to_string(), "Keep a copy of the file, then follow the message."),
        };
        problem.into()
    }
}

/// What can be done while somebody else has an install open.
fn beside(holder: &str, install: &str) -> String {
    let process = Holder::read(holder).and_then(|holder| holder.here());
    let interrupt = process.map(|id| format!(", or\n$ kill {id}")).unwrap_or_default();
    format!(
        "What only reads goes on beside it:\n$ landfall status {install} --watch\n\
         Wait for it; or stop it at its next safe point with Ctrl-C in its terminal{interrupt}\n\
         Then start again: it goes on where that one stopped."
    )
}

type Order = (Record, oneshot::Sender<Result<(), String>>);

/// The journal of one install.
#[derive(Clone)]
pub struct Journal {
    folder: PathBuf,
    story: Arc<Mutex<Story>>,
    /// The writer; none where the journal is only read.
    orders: Option<mpsc::Sender<Order>>,
}

impl Journal {
    /// Opens an install's folder (made 0700 where it is missing), takes its lock, and reads what is there.
    pub fn open(folder: &Path, clock: Clock) -> Result<Self, JournalTrouble> {
        let disk = |path: &Path| {
            let path = path.display().to_string();
            move |error| JournalTrouble::Disk { path, error }
        };
        private_folder(folder).map_err(disk(folder))?;
        let lock_path = folder.join("lock");
        let mut lock = private().read(true).open(&lock_path).map_err(disk(&lock_path))?;
        if lock.try_lock().is_err() {
            let mut holder = String::new();
            let _ = lock.read_to_string(&mut holder);
            let install = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            return Err(JournalTrouble::Held { holder: holder.trim().to_owned(), install });
        }
        lock.set_len(0).and_then(|()| writeln!(lock, "{}", Holder::line(clock.now()))).map_err(disk(&lock_path))?;
        let path = folder.join("journal.jsonl");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(disk(&path)(error)),
        };
        let (records, torn) = journal::read(&path, &text)?;
        let file = private().append(true).open(&path).map_err(disk(&path))?;
        if torn {
            // The torn half-line is cut off, or the next record would be glued to it.
            let whole = text.rfind('\n').map_or(0, |end| end + 1);
            file.set_len(whole as u64).map_err(disk(&path))?;
        } else if !text.is_empty() && !text.ends_with('\n') {
            (&file).write_all(b"\n").map_err(disk(&path))?;
        }
        let story = Arc::new(Mutex::new(Story::fold(&records)));
        let (orders, received) = mpsc::channel::<Order>();
        let told = story.clone();
        std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || write(&received, file, lock, clock, &told))
            .map_err(disk(&path))?;
        Ok(Self { folder: folder.to_owned(), story, orders: Some(orders) })
    }

    /// Reads what is there as it stands now, whoever has it open; nothing can be written through it.
    pub fn read(folder: &Path) -> Result<Self, JournalTrouble> {
        let story = story_in(folder).transpose()?.unwrap_or_default();
        Ok(Self { folder: folder.to_owned(), story: Arc::new(Mutex::new(story)), orders: None })
    }

    /// Whether it is only read.
    pub fn only_read(&self) -> bool {
        self.orders.is_none()
    }

    /// Writes a record; returns once it is on disk.
    pub async fn write(&self, record: Record) -> Result<(), Trouble> {
        let (sender, heard) = oneshot::channel();
        let gone = || JournalTrouble::Disk {
            path: self.folder.join("journal.jsonl").display().to_string(),
            error: std::io::Error::other("the journal's writer has stopped"),
        };
        let orders = self.orders.as_ref().ok_or_else(|| JournalTrouble::OnlyRead(self.folder.display().to_string()))?;
        orders.send((record, sender)).map_err(|_| gone())?;
        match heard.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(message)) => Err(JournalTrouble::Disk {
                path: self.folder.join("journal.jsonl").display().to_string(),
                error: std::io::Error::other(message),
            }
            .into()),
            Err(_) => Err(gone().into()),
        }
    }

    /// What it says by now.
    pub fn story(&self) -> Story {
        self.story.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// The install's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Takes what has come in meanwhile, writes it in one go, syncs once, and answers everybody.
fn write(orders: &mpsc::Receiver<Order>, mut file: File, lock: File, clock: Clock, story: &Mutex<Story>) {
    let mut broken: Option<String> = None;
    while let Ok(first) = orders.recv() {
        let group: Vec<Order> = std::iter::once(first).chain(orders.try_iter()).collect();
        let mut text = String::new();
        let mut stamped = Vec::new();
        for (record, _) in &group {
            let record = Stamped::now(clock.now(), record.clone());
            match serde_json::to_string(&record) {
                Ok(line) => {
                    text.push_str(&line);
                    text.push('\n');
                }
                Err(error) => broken = Some(error.to_string()),
            }
            stamped.push(record);
        }
        if broken.is_none() {
            // A failed write stops everything after it: half a line may be on disk.
            if let Err(error) = file.write_all(text.as_bytes()).and_then(|()| file.sync_data()) {
                broken = Some(error.to_string());
            }
        }
        if broken.is_none() {
            let mut story = story.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            stamped.iter().for_each(|record| story.take(record));
        }
        for (_, heard) in group {
            let _ = heard.send(broken.clone().map_or(Ok(()), Err));
        }
    }
    // Nobody is named by a lock that nobody has; from another machine no more can be seen than that.
    let _ = lock.set_len(0);
    drop(lock);
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).write(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

/// Makes a folder nobody else can read.
pub fn private_folder(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// What the journal in an install's folder says, or why it cannot be read; none where there is none.
pub fn story_in(folder: &Path) -> Option<Result<Story, journal::JournalFault>> {
    let path = folder.join("journal.jsonl");
    let text = fs::read_to_string(&path).ok()?;
    Some(journal::read(&path, &text).map(|(records, _)| Story::fold(&records)))
}

/// Installs under the state folder, newest first: folder, what its journal says, or why it cannot be read.
pub fn installs(state: &Path) -> Vec<(PathBuf, Result<Story, journal::JournalFault>)> {
    let Ok(entries) = fs::read_dir(state) else { return Vec::new() };
    let mut found: Vec<(PathBuf, Result<Story, journal::JournalFault>)> =
        entries.filter_map(Result::ok).filter_map(|entry| Some((entry.path(), story_in(&entry.path())?))).collect();
    // In its first moment an install has a journal and nothing in it yet.
    found.retain(|(_, story)| story.as_ref().map_or(true, |story| story.install.is_some()));
    found.sort_by_key(|(_, story)| std::cmp::Reverse(story.as_ref().ok().and_then(|story| story.last)));
    found
}
