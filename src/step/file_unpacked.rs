//! `file.unpacked`: is an archive unpacked into a folder of its own, whole and as it was sent?

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use landfall_core::{
    catalogue::Again,
    event::{Difference, Found, Owner, Problem},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    cloud::{
        Trouble,
        archive::{Archive, expected},
        written,
    },
    kind::{Applied, Context, Made, PlanView, Step, StepAbout},
};

/// The file that says which archive a folder was unpacked from, and by whom.
const LABEL: &str = ".landfall-unpacked.conf";

/// Parameters in a guide.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileUnpacked {
    /// The zip archive.
    archive: PathBuf,
    /// The folder for it: one per version, so that the one before stays beside it.
    into: PathBuf,
    /// SHA-256 of the archive, where its sender told one.
    #[serde(default)]
    sha256: Option<String>,
    /// Files and folders it must hold.
    #[serde(default)]
    holds: Vec<String>,
}

/// What others may read.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Outputs {
    /// Where it was unpacked to.
    pub folder: String,
    /// SHA-256 of the archive.
    #[schemars(extend("x-words" = "SHA-256"))]
    pub digest: String,
}

#[async_trait]
impl Step for FileUnpacked {
    type Outputs = Outputs;
    const ABOUT: StepAbout = StepAbout {
        again: Again::Upsert,
        fixed: &["into"],
        ..StepAbout::new("file.unpacked", "FILE-12", "an unpacked archive")
    };

    async fn inspect(&self, cx: &Context) -> Result<Found<Outputs>, Trouble> {
        if !self.into.is_dir() {
            return Ok(Found::absent());
        }
        let label = written::read(&self.into.join(LABEL))?.unwrap_or_default();
        let owner = written::owner(&label, &cx.install);
        let known = label.lines().find_map(|line| line.strip_prefix("sha256=")).unwrap_or_default().to_owned();
        let outputs = |digest: &str| Outputs { folder: self.into.display().to_string(), digest: digest.to_owned() };
        // The archive may have been cleared away since; what was unpacked from it still stands.
        if !self.archive.exists() && !known.is_empty() {
            return Ok(Found::there(outputs(&known), Vec::new(), owner));
        }
        let mut archive = Archive::open(&self.archive)?;
        let differing = archive.differing(&self.into);
        let differences = differing.iter().map(|path| Difference {
            field: path.display().to_string(),
            wanted: "as in the archive".into(),
            found: if self.into.join(path).exists() { "changed" } else { "missing" }.into(),
            fixed: false,
        });
        Ok(Found::there(outputs(&archive.digest), differences.collect(), owner))
    }

    async fn apply(&self, cx: &Context, _token: &str) -> Result<Applied, Trouble> {
        let mut archive = Archive::open(&self.archive)?;
        expected(&self.archive, &archive, self.sha256.as_deref(), &self.holds)?;
        let above = self.into.parent().unwrap_or(Path::new("."));
        let broken = |error: &dyn std::fmt::Display| written::unusable(&self.into, error);
        written::make_folder(above).map_err(|error| broken(&error))?;
        // Whole or not at all: it is unpacked beside, and then gets its name.
        let beside =
            tempfile::Builder::new().prefix(".unpacking-").tempdir_in(above).map_err(|error| broken(&error))?;
        archive.unpack(beside.path()).map_err(|error| broken(&error))?;
        let label = format!("{}sha256={}\n", written::mark(Path::new(LABEL), &cx.install), archive.digest);
        written::write(&beside.path().join(LABEL), &label)?;
        let aside = match self.into.exists() {
            true => {
                let aside = self.aside();
                std::fs::rename(&self.into, &aside).map_err(|error| broken(&error))?;
                cx.say(format!("what was there is kept as {}", aside.display()));
                Some(aside)
            }
            // A run that was killed may have moved it aside and come no further.
            false => self.moved_aside(),
        };
        std::fs::rename(beside.keep(), &self.into).map_err(|error| broken(&error))?;
        Ok(match aside {
            Some(aside) => Applied::changed(serde_json::json!({ "aside": aside.display().to_string() })),
            None => Applied::made(),
        })
    }

    async fn undo(&self, cx: &Context, made: &Made) -> Result<(), Trouble> {
        let label = written::read(&self.into.join(LABEL))?.unwrap_or_default();
        if self.into.is_dir() && written::owner(&label, &cx.install) != Owner::Ours {
            return Err(Problem::new(
                "FILE-CHANGED",
                format!("{} is not what this install unpacked", self.into.display()),
                "Remove it by hand if nobody needs it.",
            )
            .into());
        }
        if self.into.is_dir() {
            self.untouched()?;
        }
        match std::fs::remove_dir_all(&self.into) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(written::unusable(&self.into, &error));
            }
            _ => {}
        }
        if let Some(aside) = made.before.as_ref().and_then(|before| before["aside"].as_str()) {
            std::fs::rename(aside, &self.into).map_err(|error| written::unusable(&self.into, &error))?;
        } else if let Some(above) = self.into.parent() {
            // It stays where something else is in it.
            let _ = std::fs::remove_dir(above);
        }
        Ok(())
    }

    fn commands(&self, _cx: &PlanView<'_>) -> Vec<String> {
        let quoted = |path: &Path| shell_words::quote(&path.display().to_string()).into_owned();
        let (archive, into) = (quoted(&self.archive), quoted(&self.into));
        vec![format!("sha256sum {archive}"), format!("unzip {archive} -d {into}")]
    }

    fn undo_line(&self, _cx: &PlanView<'_>) -> String {
        format!("removes the folder {}", self.into.display())
    }
}

impl FileUnpacked {
    /// A free name for what was there.
    fn aside(&self) -> PathBuf {
        self.asides().find(|path| !path.exists()).unwrap_or_else(|| self.into.with_extension("before"))
    }

    /// What was moved aside last.
    fn moved_aside(&self) -> Option<PathBuf> {
        self.asides().take_while(|path| path.exists()).last()
    }

    fn asides(&self) -> impl Iterator<Item = PathBuf> {
        let into = self.into.display().to_string();
        (1_u32..).map(move |count| PathBuf::from(format!("{into}.before-{count}")))
    }

    /// Whether it holds exactly what was unpacked: what somebody changed or put there is not removed.
    fn untouched(&self) -> Result<(), Trouble> {
        let left = |why: String| -> Trouble {
            Problem::new(
                "FILE-CHANGED",
                format!("{} may hold more than was unpacked", self.into.display()),
                "Remove it by hand if nobody needs it.",
            )
            .why(why)
            .into()
        };
        if !self.archive.exists() {
            return Err(left(format!("{} is gone, so nobody can tell.", self.archive.display())));
        }
        let mut archive = Archive::open(&self.archive)?;
        let mut others = archive.differing(&self.into);
        // What is missing already needs nobody's care.
        others.retain(|path| self.into.join(path).exists());
        others.extend(archive.further(&self.into).map_err(|error| written::unusable(&self.into, &error))?);
        others.retain(|path| path != Path::new(LABEL));
        if others.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = others.iter().take(10).map(|path| path.display().to_string()).collect();
        Err(left(format!("Changed or put there: {}", names.join(", "))))
    }
}
