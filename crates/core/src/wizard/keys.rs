//! What may be pressed? Declared once; footer, help and handler read the same tables.

use super::{Editing, Key, Over, Panel, SecretEditing, Stage, Wizard};

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

/// Which table of keys holds now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A stage, nothing being edited.
    Stage(Stage),
    /// A line is being typed.
    Typing,
    /// A choice is being made from a list.
    Picking,
    /// Several can be chosen from a list.
    Ticking,
    /// Cells of rows are being typed.
    Cells,
    /// A secret's source is being chosen.
    Sources,
    /// A person's word is being typed.
    Vouching,
    /// A question is being answered.
    Answering,
    /// Something lies over the stage.
    Over,
    /// Leave?
    Leaving,
}

const fn shown(press: Press, does: Action, keys: &'static str, word: &'static str, help: &'static str) -> Binding {
    Binding { press, does, footer: Some((keys, word)), help }
}

const fn quiet(press: Press, does: Action, help: &'static str) -> Binding {
    Binding { press, does, footer: None, help }
}

const BACK: Binding = shown(Press::Esc, Action::Back, "Esc", "back", "back to the stage before");
const UP: Binding = shown(Press::Up, Action::Up, "↑↓", "move", "one up");
const DOWN: Binding = quiet(Press::Down, Action::Down, "one down");
const PAGE_UP: Binding = quiet(Press::PageUp, Action::PageUp, "a page up");
const PAGE_DOWN: Binding = quiet(Press::PageDown, Action::PageDown, "a page down");
const FIRST: Binding = quiet(Press::Home, Action::First, "to the first");
const LAST: Binding = quiet(Press::End, Action::Last, "to the last");
const EXPLAIN: Binding =
    shown(Press::Letter('e'), Action::Explain, "e", "explain", "what this row is, and where it comes from");
const SHELL: Binding = shown(
    Press::Letter('!'),
    Action::Shell,
    "!",
    "shell",
    "your shell, with this context, namespace, profile and region",
);
const HELP: Binding = shown(Press::Letter('?'), Action::Help, "?", "help", "this page (also F1)");
const NEXT: Binding = shown(Press::Letter('n'), Action::Next, "n", "next", "on to the next stage");
const ENTER_NEXT: Binding = shown(Press::Enter, Action::Next, "Enter", "next", "on to the next stage");
const N_NEXT: Binding = quiet(Press::Letter('n'), Action::Next, "on to the next stage");
const ACCEPT: Binding = shown(Press::Enter, Action::Accept, "Enter", "accept", "take it");
const CANCEL: Binding = shown(Press::Esc, Action::Cancel, "Esc", "leave", "leave it as it was");

const GUIDE: &[Binding] = &[
    shown(Press::Enter, Action::Open, "Enter", "choose", "begin or continue the selected one"),
    shown(Press::Esc, Action::Leave, "Esc", "leave", "leave the program"),
    quiet(Press::Letter('q'), Action::Leave, "leave the program"),
    UP,
    DOWN,
    PAGE_UP,
    PAGE_DOWN,
    FIRST,
    LAST,
    quiet(Press::Letter('r'), Action::AgainAll, "look again"),
    quiet(Press::Letter('e'), Action::Explain, "what the selected one is"),
    SHELL,
    HELP,
];

const TARGET: &[Binding] = &[
    shown(Press::Enter, Action::Open, "Enter", "edit", "choose or type the selected one"),
    NEXT,
    BACK,
    UP,
    DOWN,
    FIRST,
    LAST,
    shown(Press::Letter('r'), Action::AgainAll, "r", "again", "look again"),
    shown(
        Press::Letter('k'),
        Action::BuildKubeconfig,
        "k",
        "kubeconfig",
        "build a kubeconfig from EKS instead of using a context",
    ),
    quiet(Press::Letter('y'), Action::Copy, "copy the fix"),
    quiet(Press::Letter('e'), Action::Explain, "all that was seen of the target"),
    SHELL,
    HELP,
];

const INPUTS: &[Binding] = &[
    shown(Press::Enter, Action::Open, "Enter", "edit", "choose or type the selected answer"),
    NEXT,
    BACK,
    UP,
    DOWN,
    PAGE_UP,
    PAGE_DOWN,
    FIRST,
    LAST,
    shown(Press::Letter('r'), Action::Again, "r", "look up", "ask for the selected field's table again"),
    quiet(Press::Letter('x'), Action::Forget, "back to the guide's default"),
    EXPLAIN,
    SHELL,
    HELP,
];

const SECRETS: &[Binding] = &[
    shown(Press::Enter, Action::Open, "Enter", "edit", "type or paste the selected secret; choose the selected store"),
    NEXT,
    BACK,
    UP,
    DOWN,
    PAGE_UP,
    PAGE_DOWN,
    FIRST,
    LAST,
    shown(
        Press::Letter('f'),
        Action::From,
        "f",
        "from",
        "take it from a file, a variable, a command, AWS Secrets Manager or the cluster",
    ),
    shown(Press::Letter('g'), Action::Generate, "g", "generate", "make it up, where the guide says how"),
    shown(Press::Letter('t'), Action::Trim, "t", "trim", "remove stray space and newlines at both ends"),
    quiet(Press::Letter('x'), Action::Forget, "remove the value, or the row"),
    quiet(Press::Letter('r'), Action::AgainAll, "compare with the cluster again"),
    quiet(Press::Letter('e'), Action::Explain, "what this secret is, and who has it"),
    quiet(Press::Letter('!'), Action::Shell, "your shell, with this context, namespace, profile and region"),
    HELP,
];

const CHECKS: &[Binding] = &[
    ENTER_NEXT,
    N_NEXT,
    BACK,
    UP,
    DOWN,
    PAGE_UP,
    PAGE_DOWN,
    FIRST,
    LAST,
    shown(Press::Letter('r'), Action::Again, "r", "again", "look again at the selected one"),
    quiet(Press::Letter('R'), Action::AgainAll, "look again at all"),
    shown(Press::Letter('y'), Action::Copy, "y", "copy fix", "copy the fix, and save it beside"),
    EXPLAIN,
    quiet(Press::Letter('w'), Action::Waive, "go on in spite of a failure, with your name and reason"),
    quiet(Press::Letter('a'), Action::Attest, "answer for what nobody could look at, with your name and a ticket"),
    SHELL,
    HELP,
];

const PLAN: &[Binding] = &[
    shown(Press::Letter('a'), Action::Approve, "a", "agree and begin", "agree to this plan and its probes, and begin"),
    BACK,
    UP,
    DOWN,
    PAGE_UP,
    PAGE_DOWN,
    FIRST,
    LAST,
    shown(Press::Tab, Action::TabOn, "Tab", "tabs", "next of what, changes, commands, undo, permissions, hosts"),
    quiet(Press::BackTab, Action::TabBack, "the tab before"),
    quiet(Press::Right, Action::TabOn, "next tab"),
    quiet(Press::Left, Action::TabBack, "tab before"),
    quiet(Press::Letter('r'), Action::AgainAll, "make the plan again"),
    shown(Press::Letter('y'), Action::Copy, "y", "copy", "copy what the tab shows, and save it beside"),
    quiet(Press::Letter('e'), Action::Explain, "what this row is, and where it comes from"),
    SHELL,
    HELP,
];

const INSTALL: &[Binding] = &[
    shown(
        Press::Enter,
        Action::Open,
        "Enter",
        "answer",
        "answer the selected step's question; when all is done, on to Verify",
    ),
    N_NEXT,
    BACK,
    UP,
    DOWN,
    PAGE_UP,
    PAGE_DOWN,
    FIRST,
    LAST,
    shown(Press::Tab, Action::TabOn, "Tab", "panels", "next of story, nodes, pods, events, logs"),
    quiet(Press::BackTab, Action::TabBack, "the panel before"),
    quiet(Press::Letter('1'), Action::Panel(Panel::Story), "story"),
    quiet(Press::Letter('2'), Action::Panel(Panel::Nodes), "nodes"),
    quiet(Press::Letter('3'), Action::Panel(Panel::Pods), "pods"),
    quiet(Press::Letter('4'), Action::Panel(Panel::Events), "events"),
    quiet(Press::Letter('5'), Action::Panel(Panel::Logs), "logs"),
    shown(Press::Letter('p'), Action::Pause, "p", "pause", "stop at the next safe point, or go on"),
    quiet(Press::Letter('r'), Action::Again, "try again what failed"),
    shown(Press::Letter('y'), Action::Copy, "y", "copy", "copy the instruction or the fix, and save it beside"),
    quiet(Press::Letter('e'), Action::Explain, "what this row is, and where it comes from"),
    SHELL,
    HELP,
];

const SUMMARY: &[Binding] = &[
    shown(Press::Enter, Action::Leave, "Enter", "finish", "leave the program"),
    quiet(Press::Letter('q'), Action::Leave, "leave the program"),
    BACK,
    shown(Press::Up, Action::Up, "↑↓", "scroll", "one line up"),
    DOWN,
    PAGE_UP,
    PAGE_DOWN,
    FIRST,
    LAST,
    shown(Press::Letter('y'), Action::Copy, "y", "copy", "copy the summary, and save it beside"),
    SHELL,
    HELP,
];

const TYPING: &[Binding] = &[ACCEPT, CANCEL];

const PICKING: &[Binding] = &[
    shown(Press::Enter, Action::Accept, "Enter", "choose", "choose the selected row"),
    CANCEL,
    UP,
    DOWN,
    PAGE_UP,
    PAGE_DOWN,
    FIRST,
    LAST,
    shown(Press::Tab, Action::TypeInstead, "Tab", "type instead", "type an answer that is not in the list"),
];

const TICKING: &[Binding] = &[
    shown(Press::Enter, Action::Accept, "Enter", "choose", "take the ticked rows"),
    CANCEL,
    UP,
    DOWN,
    PAGE_UP,
    PAGE_DOWN,
    FIRST,
    LAST,
    shown(Press::Letter(' '), Action::Tick, "Space", "tick", "tick or untick the selected row"),
    shown(Press::Tab, Action::TypeInstead, "Tab", "type instead", "type an answer that is not in the list"),
];

const CELLS: &[Binding] = &[
    shown(Press::Enter, Action::Accept, "Enter", "next cell", "on to the next cell; in an empty last row: done"),
    CANCEL,
    shown(Press::Up, Action::Up, "↑↓", "rows", "the row above"),
    DOWN,
    shown(Press::Tab, Action::TabOn, "Tab", "cells", "next cell"),
    quiet(Press::BackTab, Action::TabBack, "the cell before"),
];

const SOURCES: &[Binding] = &[ACCEPT, CANCEL, UP, DOWN];

const VOUCHING: &[Binding] = &[
    ACCEPT,
    CANCEL,
    shown(Press::Tab, Action::TabOn, "Tab", "name/reason", "the other field"),
    quiet(Press::BackTab, Action::TabBack, "the other field"),
    quiet(Press::Up, Action::TabBack, "the other field"),
    quiet(Press::Down, Action::TabOn, "the other field"),
];

const ANSWERING: &[Binding] =
    &[shown(Press::Enter, Action::Accept, "Enter", "answer", "answer with the selected choice"), CANCEL, UP, DOWN];

const OVER: &[Binding] = &[
    shown(Press::Esc, Action::Close, "Esc", "close", "close"),
    quiet(Press::Enter, Action::Close, "close"),
    quiet(Press::Letter('?'), Action::Close, "close"),
    quiet(Press::Letter('q'), Action::Close, "close"),
    shown(Press::Up, Action::Up, "↑↓", "scroll", "one line up"),
    DOWN,
    PAGE_UP,
    PAGE_DOWN,
    FIRST,
    shown(Press::Letter('y'), Action::Copy, "y", "copy", "copy it"),
];

const LEAVING: &[Binding] = &[
    shown(Press::Enter, Action::Leave, "Enter", "leave", "leave; everything typed is kept"),
    shown(Press::Esc, Action::Close, "Esc", "stay", "stay"),
];

impl Mode {
    /// Its keys.
    pub fn keys(self) -> &'static [Binding] {
        match self {
            Self::Stage(Stage::Guide) => GUIDE,
            Self::Stage(Stage::Target) => TARGET,
            Self::Stage(Stage::Inputs) => INPUTS,
            Self::Stage(Stage::Secrets) => SECRETS,
            Self::Stage(Stage::Checks | Stage::Verify) => CHECKS,
            Self::Stage(Stage::Plan) => PLAN,
            Self::Stage(Stage::Install) => INSTALL,
            Self::Stage(Stage::Summary) => SUMMARY,
            Self::Typing => TYPING,
            Self::Picking => PICKING,
            Self::Ticking => TICKING,
            Self::Cells => CELLS,
            Self::Sources => SOURCES,
            Self::Vouching => VOUCHING,
            Self::Answering => ANSWERING,
            Self::Over => OVER,
            Self::Leaving => LEAVING,
        }
    }
}

impl Wizard {
    /// Which table of keys holds now.
    pub fn mode(&self) -> Mode {
        match self.over {
            Some(Over::Leave) => return Mode::Leaving,
            Some(_) => return Mode::Over,
            None => {}
        }
        let fields = match self.stage {
            Stage::Target => Some(&self.target.fields),
            Stage::Inputs => Some(&self.inputs),
            _ => None,
        };
        if let Some(fields) = fields {
            match &fields.editing {
                Some(Editing::Line(_)) => return Mode::Typing,
                Some(Editing::Pick { .. }) => {
                    return if fields.selected().is_some_and(super::Field::takes_several) {
                        Mode::Ticking
                    } else {
                        Mode::Picking
                    };
                }
                Some(Editing::Cells { .. }) => return Mode::Cells,
                None => {}
            }
        }
        if self.stage == Stage::Secrets {
            match &self.secrets.editing {
                Some(SecretEditing::Source(_)) => return Mode::Sources,
                Some(_) => return Mode::Typing,
                None => {}
            }
        }
        if let Some(tasks) = self.tasks() {
            if tasks.vouching.is_some() {
                return Mode::Vouching;
            }
            if tasks.answering.is_some() {
                return Mode::Answering;
            }
        }
        Mode::Stage(self.stage)
    }

    /// What may be pressed now.
    pub fn keys(&self) -> &'static [Binding] {
        self.mode().keys()
    }

    /// Whether what is typed now is a secret: a bug report keeps such keys out.
    pub fn typing_secret(&self) -> bool {
        self.over.is_none()
            && self.stage == Stage::Secrets
            && matches!(self.secrets.editing, Some(SecretEditing::Value(_) | SecretEditing::Passphrase(..)))
    }
}
