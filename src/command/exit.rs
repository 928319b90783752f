//! What does the exit code say?

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Something failed.
    Failed,
    /// The command line, an answers file or a guide is wrong.
    Usage,
    /// A check said stop.
    Stopped,
    /// Done, with warnings or waivers, and `--strict`; or undone but for what holds data.
    Warned,
    /// A person has to do or decide something.
    Person,
    /// Interrupted; starting again continues.
    Interrupted,
}

impl Exit {
    /// The process's exit code.
    pub fn code(self) -> i32 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Stopped => 3,
            Self::Warned => 4,
            Self::Person => 5,
            Self::Interrupted => 130,
        }
    }

    /// In words; `lasts` where what was begun can be gone on with.
    pub fn words(self, lasts: bool) -> &'static str {
        match self {
            Self::Done => "Done.",
            Self::Failed if !lasts => "Failed: see above.",
            Self::Person if !lasts => "Waiting for a person: see above.",
            Self::Interrupted if !lasts => "Interrupted.",
            Self::Failed => "Failed: see above. Starting again continues where it stopped.",
            Self::Usage => "Nothing was changed: something given to Landfall is wrong, see above.",
            Self::Stopped => "Stopped before anything was changed: a check says stop.",
            Self::Warned => "Done, with warnings or waivers.",
            Self::Person => "Waiting for a person: see above. Starting again continues.",
            Self::Interrupted => "Interrupted. Starting again continues where it stopped.",
        }
    }
}
