//! Keys, what they do, and how that is told.

use super::{Key, Panel};

/// A key as it is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Cursor up.
    Up,
    /// Cursor down.
    Down,
    /// Cursor left.
    Left,
    /// Cursor right.
    Right,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// To the start.
    Home,
    /// To the end.
    End,
    /// Tab.
    Tab,
    /// Shift and Tab.
    BackTab,
    /// A letter or sign.
    Letter(char),
}

impl Press {
    /// Whether this key is it.
    pub fn is(self, key: &Key) -> bool {
        match (self, key) {
            (Self::Enter, Key::Enter)
            | (Self::Esc, Key::Esc)
            | (Self::Up, Key::Up)
            | (Self::Down, Key::Down)
            | (Self::Left, Key::Left)
            | (Self::Right, Key::Right)
            | (Self::PageUp, Key::PageUp)
            | (Self::PageDown, Key::PageDown)
            | (Self::Home, Key::Home)
            | (Self::End, Key::End)
            | (Self::Tab, Key::Tab)
            | (Self::BackTab, Key::BackTab) => true,
            (Self::Letter(letter), Key::Letter(typed)) => typed.letter() == Some(letter),
            _ => false,
        }
    }

    /// For people.
    pub fn shown(self) -> String {
        match self {
            Self::Enter => "Enter".into(),
            Self::Esc => "Esc".into(),
            Self::Up => "↑".into(),
            Self::Down => "↓".into(),
            Self::Left => "←".into(),
            Self::Right => "→".into(),
            Self::PageUp => "PgUp".into(),
            Self::PageDown => "PgDn".into(),
            Self::Home => "Home".into(),
            Self::End => "End".into(),
            Self::Tab => "Tab".into(),
            Self::BackTab => "Shift-Tab".into(),
            Self::Letter(' ') => "Space".into(),
            Self::Letter(letter) => letter.to_string(),
        }
    }
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// On to the next stage.
    Next,
    /// Back to the stage before, or leave at the first.
    Back,
    /// Selection up.
    Up,
    /// Selection down.
    Down,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// To the first.
    First,
    /// To the last.
    Last,
    /// Choose or edit the selected row.
    Open,
    /// Take what was typed or chosen.
    Accept,
    /// Leave what was being typed or chosen as it was.
    Cancel,
    /// Tick the selected row.
    Tick,
    /// Type an answer instead of choosing one.
    TypeInstead,
    /// Point to an answer or a secret.
    Point,
    /// Leave a key as the vendor has it.
    LeaveAs,
    /// Further keys of the vendor's file.
    MoreKeys,
    /// Next cell, tab or panel.
    TabOn,
    /// Cell, tab or panel before.
    TabBack,
    /// Show this panel.
    Panel(Panel),
    /// Look again at the selected one.
    Again,
    /// Look again at all.
    AgainAll,
    /// Copy the fix, the instruction or the command.
    Copy,
    /// Explain the selected one.
    Explain,
    /// Open a shell.
    Shell,
    /// Show or hide help.
    Help,
    /// Go on in spite of a failure.
    Waive,
    /// Answer for what nobody could look at.
    Attest,
    /// Let somebody else do the selected step, or take it back.
    HandOver,
    /// Take away what is no longer wanted, or leave it.
    TakeAway,
    /// Agree to the plan.
    Approve,
    /// Where the secret comes from.
    From,
    /// Make the secret up.
    Generate,
    /// Remove stray space.
    Trim,
    /// Remove the value, or the row.
    Forget,
    /// Build a kubeconfig from EKS.
    BuildKubeconfig,
    /// Stop at the next safe point, or go on.
    Pause,
    /// Only rows with a text in them.
    Filter,
    /// Wrap long lines, or not.
    Wrap,
    /// Hold the picture still, or go on.
    Hold,
    /// The log of the selected pod.
    Log,
    /// To the left.
    Left,
    /// To the right.
    Right,
    /// Leave the program.
    Leave,
    /// Close what lies over the stage.
    Close,
}

/// One key, what it does, and how it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The key.
    pub press: Press,
    /// What it does.
    pub does: Action,
    /// In the footer: keys and a word, e.g. `↑↓`, `move`. None: only in the help.
    pub footer: Option<(&'static str, &'static str)>,
    /// In the help.
    pub help: &'static str,
}
