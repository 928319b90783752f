//! The tables of keys: declared once, read by footer, help and handler.

use super::{Action, Binding, Panel, Press};

const fn shown(press: Press, does: Action, keys: &'static str, word: &'static str, help: &'static str) -> Binding {
    Binding { press, does, footer: Some((keys, word)), help }
}

const fn quiet(press: Press, does: Action, help: &'static str) -> Binding {
    Binding { press, does, footer: None, help }
}

const BACK: Binding = shown(Press::Esc, Action::Back, "Esc", "back", "back to the stage before");
const UP: Binding = shown(Press::Up, Action::Up, "↑↓", "move", "one up");
const EXPLAIN: Binding =
    shown(Press::Letter('e'), Action::Explain, "e", "explain", "what this row is, and where it comes from");
const SHELL: Binding = shown(
    Press::Letter('!'),
    Action::Shell,
    "!",
    "shell",
    "your shell, with this context, namespace, profile and region",
);
const HELP: Binding = shown(Press::Letter('?'), Action::Help, "?", "help", "this page");
const NEXT: Binding = shown(Press::Letter('n'), Action::Next, "n", "next", "on to the next stage");
const ENTER_NEXT: Binding = shown(Press::Enter, Action::Next, "Enter", "next", "on to the next stage");
const N_NEXT: Binding = quiet(Press::Letter('n'), Action::Next, "on to the next stage");
const ACCEPT: Binding = shown(Press::Enter, Action::Accept, "Enter", "accept", "take it");
const CANCEL: Binding = shown(Press::Esc, Action::Cancel, "Esc", "cancel", "leave it as it was");

const TAB: Binding = shown(Press::Tab, Action::TabOn, "Tab", "panels", "next of story, nodes, pods, events, logs");
const FILTER: Binding =
    shown(Press::Letter('/'), Action::Filter, "/", "filter", "only rows with a text, a name or a code in them");
const LOG: Binding =
    shown(Press::Letter('l'), Action::Log, "l", "log", "the log of the selected pod; in logs, of all pods again");
const WRAP: Binding =
    shown(Press::Letter('w'), Action::Wrap, "w", "wrap", "wrap long lines, or let them run out to the right (← →)");
const HOLD: Binding =
    shown(Press::Letter(' '), Action::Hold, "Space", "freeze", "keep the picture as it is, or let it go on");
const PAUSE: Binding = shown(Press::Letter('p'), Action::Pause, "p", "pause", "pause at the next safe point, or go on");
const TRY_AGAIN: Binding = quiet(Press::Letter('r'), Action::Again, "try again what failed");
const HAND_OVER: Binding =
    quiet(Press::Letter('h'), Action::HandOver, "hand the selected step over to somebody else, or take it back");
const COPY: Binding =
    shown(Press::Letter('y'), Action::Copy, "y", "copy", "copy the instruction or the fix, and save it in a file");
const QUIT: Binding = shown(Press::Letter('q'), Action::Leave, "q", "quit", "leave; nothing stops by that");

/// Wherever there are panels, these keys choose one.
pub(super) const PANELS: &[Binding] = &[
    quiet(Press::BackTab, Action::TabBack, "the panel before"),
    quiet(Press::Letter('1'), Action::Panel(Panel::Story), "story"),
    quiet(Press::Letter('2'), Action::Panel(Panel::Nodes), "nodes"),
    quiet(Press::Letter('3'), Action::Panel(Panel::Pods), "pods"),
    quiet(Press::Letter('4'), Action::Panel(Panel::Events), "events"),
    quiet(Press::Letter('5'), Action::Panel(Panel::Logs), "logs"),
    quiet(Press::Left, Action::Left, "to the left, where lines are not wrapped"),
    quiet(Press::Right, Action::Right, "to the right, where lines are not wrapped"),
];

/// Where the selection moves, these keys move it, too.
pub(super) const MOVES: &[Binding] = &[
    quiet(Press::Up, Action::Up, "one up"),
    quiet(Press::Down, Action::Down, "one down"),
    quiet(Press::PageUp, Action::PageUp, "a page up"),
    quiet(Press::PageDown, Action::PageDown, "a page down"),
    quiet(Press::Home, Action::First, "to the first"),
    quiet(Press::End, Action::Last, "to the last"),
];

pub(super) const GUIDE: &[Binding] = &[
    shown(Press::Enter, Action::Open, "Enter", "choose", "begin or continue the selected one"),
    shown(Press::Esc, Action::Leave, "Esc", "quit", "leave the program"),
    quiet(Press::Letter('q'), Action::Leave, "leave the program"),
    UP,
    quiet(Press::Letter('r'), Action::AgainAll, "look again"),
    quiet(Press::Letter('e'), Action::Explain, "what the selected one is"),
    SHELL,
    HELP,
];

pub(super) const TARGET: &[Binding] = &[
    shown(Press::Enter, Action::Open, "Enter", "edit", "choose or type the selected one"),
    NEXT,
    BACK,
    UP,
    shown(Press::Letter('r'), Action::AgainAll, "r", "retry", "look at the account and the cluster again"),
    shown(
        Press::Letter('k'),
        Action::BuildKubeconfig,
        "k",
        "new kubeconfig",
        "make a kubeconfig for the EKS cluster instead of using one of your contexts",
    ),
    quiet(Press::Letter('y'), Action::Copy, "copy the fix"),
    quiet(Press::Letter('e'), Action::Explain, "all that was seen of the target"),
    SHELL,
    HELP,
];

pub(super) const INPUTS: &[Binding] = &[
    shown(Press::Enter, Action::Open, "Enter", "edit", "choose or type the selected answer"),
    NEXT,
    BACK,
    UP,
    shown(
        Press::Letter('r'),
        Action::Again,
        "r",
        "look up",
        "ask the account or the cluster again what there is to choose from",
    ),
    quiet(Press::Letter('x'), Action::Forget, "back to the guide's default"),
    EXPLAIN,
    SHELL,
    HELP,
];

pub(super) const SECRETS: &[Binding] = &[
    shown(Press::Enter, Action::Open, "Enter", "edit", "type or paste the selected secret; choose the selected store"),
    NEXT,
    BACK,
    UP,
    shown(
        Press::Letter('f'),
        Action::From,
        "f",
        "from a file…",
        "take it from a file, a variable, a command, AWS Secrets Manager or the cluster",
    ),
    shown(Press::Letter('g'), Action::Generate, "g", "generate", "let Landfall make it up, where the guide says how"),
    quiet(Press::Letter('t'), Action::Trim, "remove stray spaces and newlines at both ends"),
    quiet(Press::Letter('x'), Action::Forget, "remove the value, or the row"),
    quiet(Press::Letter('r'), Action::AgainAll, "compare with the cluster again"),
    quiet(Press::Letter('e'), Action::Explain, "what this secret is for, and who has it"),
    quiet(Press::Letter('!'), Action::Shell, "your shell, with this context, namespace, profile and region"),
    HELP,
];

pub(super) const CHECKS: &[Binding] = &[
    ENTER_NEXT,
    N_NEXT,
    BACK,
    UP,
    shown(Press::Letter('r'), Action::Again, "r", "retry", "look again at the selected one"),
    quiet(Press::Letter('R'), Action::AgainAll, "look again at all"),
    shown(Press::Letter('y'), Action::Copy, "y", "copy fix", "copy the fix, and save it in a file"),
    EXPLAIN,
    quiet(Press::Letter('w'), Action::Waive, "waive a failure: go on in spite of it, with your name and reason"),
    quiet(
        Press::Letter('a'),
        Action::Attest,
        "attest what nobody could look at: answer for it, with your name and reason",
    ),
    SHELL,
    HELP,
];

pub(super) const PLAN: &[Binding] = &[
    shown(Press::Letter('a'), Action::Approve, "a", "agree and begin", "agree to this plan and its probes, and begin"),
    BACK,
    UP,
    shown(Press::Tab, Action::TabOn, "Tab", "next tab", "next of what, changes, commands, undo, permissions, hosts"),
    shown(
        Press::Letter('h'),
        Action::HandOver,
        "h",
        "hand over",
        "hand the selected step over to somebody else, or take it back",
    ),
    quiet(
        Press::Letter('u'),
        Action::TakeAway,
        "take away what is no longer wanted once the rest is done, or leave it",
    ),
    quiet(Press::BackTab, Action::TabBack, "the tab before"),
    quiet(Press::Right, Action::TabOn, "next tab"),
    quiet(Press::Left, Action::TabBack, "tab before"),
    quiet(Press::Letter('r'), Action::AgainAll, "make the plan again"),
    shown(Press::Letter('y'), Action::Copy, "y", "copy", "copy what the tab shows, and save it in a file"),
    quiet(Press::Letter('e'), Action::Explain, "what this row is, and where it comes from"),
    quiet(Press::Letter('!'), Action::Shell, "your shell, with this context, namespace, profile and region"),
    HELP,
];

/// The plan, looked at while it runs.
pub(super) const PLAN_RUNNING: &[Binding] = &[
    shown(
        Press::Enter,
        Action::Next,
        "Enter",
        "to the install",
        "back to the install; one that runs goes on meanwhile",
    ),
    N_NEXT,
    BACK,
    UP,
    shown(Press::Tab, Action::TabOn, "Tab", "next tab", "next of what, changes, commands, undo, permissions, hosts"),
    quiet(Press::BackTab, Action::TabBack, "the tab before"),
    quiet(Press::Right, Action::TabOn, "next tab"),
    quiet(Press::Left, Action::TabBack, "tab before"),
    shown(Press::Letter('y'), Action::Copy, "y", "copy", "copy what the tab shows, and save it in a file"),
    quiet(Press::Letter('e'), Action::Explain, "what this row is, and where it comes from"),
    SHELL,
    HELP,
];

/// Install, where a step asks a person.
pub(super) const INSTALL_ASKS: &[Binding] = &[
    shown(Press::Enter, Action::Open, "Enter", "answer", "answer the step's question"),
    N_NEXT,
    BACK,
    UP,
    TAB,
    PAUSE,
    TRY_AGAIN,
    HAND_OVER,
    COPY,
    quiet(Press::Letter('e'), Action::Explain, "what this row is, and where it comes from"),
    quiet(Press::Letter('!'), Action::Shell, "your shell, with this context, namespace, profile and region"),
    HELP,
];

pub(super) const INSTALL: &[Binding] = &[
    quiet(Press::Enter, Action::Open, "answer a step's question, where one asks; when all is done, on to Verify"),
    N_NEXT,
    BACK,
    UP,
    TAB,
    PAUSE,
    TRY_AGAIN,
    HAND_OVER,
    COPY,
    EXPLAIN,
    SHELL,
    HELP,
];

/// It stopped before everything was done.
pub(super) const STOPPED: &[Binding] = &[
    shown(Press::Letter('r'), Action::Again, "r", "try again", "try again what failed, and go on"),
    shown(Press::Letter('p'), Action::Pause, "p", "go on", "go on"),
    quiet(Press::Enter, Action::Open, "answer the selected step's question"),
    N_NEXT,
    BACK,
    UP,
    TAB,
    HAND_OVER,
    COPY,
    EXPLAIN,
    SHELL,
    HELP,
];

pub(super) const INSTALLED: &[Binding] = &[
    ENTER_NEXT,
    N_NEXT,
    BACK,
    UP,
    TAB,
    shown(Press::Letter('y'), Action::Copy, "y", "copy", "copy what the row tells"),
    EXPLAIN,
    SHELL,
    HELP,
];

/// Install, a panel of what is watched.
pub(super) const INSTALL_PANEL: &[Binding] = &[
    quiet(Press::Enter, Action::Open, "answer what is asked; when all is done, on to Verify"),
    N_NEXT,
    BACK,
    UP,
    TAB,
    FILTER,
    LOG,
    WRAP,
    HOLD,
    quiet(Press::Letter('p'), Action::Pause, "stop the install at the next safe point, or go on"),
    TRY_AGAIN,
    quiet(Press::Letter('!'), Action::Shell, "your shell, with this context, namespace, profile and region"),
    HELP,
];

/// Everything is installed, a panel of what is watched.
pub(super) const INSTALLED_PANEL: &[Binding] = &[
    ENTER_NEXT,
    N_NEXT,
    BACK,
    UP,
    TAB,
    FILTER,
    LOG,
    WRAP,
    HOLD,
    quiet(Press::Letter('!'), Action::Shell, "your shell, with this context, namespace, profile and region"),
    HELP,
];

/// An install that is watched: its steps.
pub(super) const WATCHING: &[Binding] = &[
    QUIT,
    UP,
    TAB,
    quiet(Press::Letter('y'), Action::Copy, "copy the fix, and save it in a file"),
    EXPLAIN,
    SHELL,
    HELP,
];

/// An install that is watched: a panel.
pub(super) const WATCHING_PANEL: &[Binding] = &[
    QUIT,
    UP,
    TAB,
    FILTER,
    LOG,
    quiet(Press::Enter, Action::Log, "the log of the selected pod; in logs, of all pods again"),
    WRAP,
    HOLD,
    quiet(Press::Letter('p'), Action::Hold, "hold the picture still, or go on"),
    quiet(Press::Letter('!'), Action::Shell, "your shell, with this context, namespace, profile and region"),
    HELP,
];

pub(super) const FILTERING: &[Binding] = &[
    shown(Press::Enter, Action::Accept, "Enter", "keep filter", "keep the filter; an empty one shows all rows"),
    shown(Press::Esc, Action::Cancel, "Esc", "all rows", "leave the filter: all rows again"),
];

pub(super) const SUMMARY: &[Binding] = &[
    shown(Press::Enter, Action::Leave, "Enter", "finish", "leave the program"),
    quiet(Press::Letter('q'), Action::Leave, "leave the program"),
    BACK,
    shown(Press::Up, Action::Up, "↑↓", "scroll", "one line up"),
    shown(Press::Letter('y'), Action::Copy, "y", "copy", "copy the summary, and save it in a file"),
    SHELL,
    HELP,
];

pub(super) const TYPING: &[Binding] = &[ACCEPT, CANCEL];

pub(super) const PICKING: &[Binding] = &[
    shown(Press::Enter, Action::Accept, "Enter", "choose", "choose the selected row"),
    CANCEL,
    UP,
    shown(Press::Tab, Action::TypeInstead, "Tab", "type instead", "type an answer that is not in the list"),
];

pub(super) const TICKING: &[Binding] = &[
    shown(Press::Enter, Action::Accept, "Enter", "choose", "take the ticked rows"),
    CANCEL,
    UP,
    shown(Press::Letter(' '), Action::Tick, "Space", "tick", "tick or untick the selected row"),
    shown(Press::Tab, Action::TypeInstead, "Tab", "type instead", "type an answer that is not in the list"),
];

pub(super) const MAPPING: &[Binding] = &[
    shown(Press::Enter, Action::Accept, "Enter", "take it", "take what is suggested; where nothing is, type a value"),
    shown(
        Press::Letter('v'),
        Action::TypeInstead,
        "v",
        "type a value",
        "type a value: YAML, or with {{ }} a reference to an answer",
    ),
    shown(Press::Letter('p'), Action::Point, "p", "point to…", "point to an answer or a secret of yours"),
    shown(Press::Letter('l'), Action::LeaveAs, "l", "leave as is", "leave the key as the vendor has it, with a reason"),
    shown(Press::Letter('x'), Action::Forget, "x", "forget", "forget what was decided for this key"),
    shown(Press::Letter('a'), Action::MoreKeys, "a", "more keys", "another key of the file, or one of your own"),
    shown(Press::Esc, Action::Cancel, "Esc", "done", "back to the answers; everything decided is kept"),
    UP,
    EXPLAIN,
    HELP,
];

pub(super) const CELLS: &[Binding] = &[
    shown(Press::Enter, Action::Accept, "Enter", "next, or done", "on to the next cell; in an empty last row: done"),
    CANCEL,
    shown(Press::Up, Action::Up, "↑↓", "rows", "the row above"),
    shown(Press::Tab, Action::TabOn, "Tab", "next cell", "next cell"),
    quiet(Press::BackTab, Action::TabBack, "the cell before"),
];

pub(super) const SOURCES: &[Binding] = &[ACCEPT, CANCEL, UP];

pub(super) const VOUCHING: &[Binding] = &[
    ACCEPT,
    CANCEL,
    shown(Press::Tab, Action::TabOn, "Tab", "other field", "the other field"),
    quiet(Press::BackTab, Action::TabBack, "the other field"),
    quiet(Press::Up, Action::TabBack, "the other field"),
    quiet(Press::Down, Action::TabOn, "the other field"),
];

pub(super) const HANDING: &[Binding] = &[
    ACCEPT,
    CANCEL,
    shown(Press::Tab, Action::TabOn, "Tab", "other field", "the other field"),
    quiet(Press::BackTab, Action::TabBack, "the other field"),
    quiet(Press::Up, Action::TabBack, "the other field"),
    quiet(Press::Down, Action::TabOn, "the other field"),
];

pub(super) const ANSWERING: &[Binding] =
    &[shown(Press::Enter, Action::Accept, "Enter", "answer", "answer with the selected choice"), CANCEL, UP];

pub(super) const OVER: &[Binding] = &[
    shown(Press::Esc, Action::Close, "Esc", "close", "close"),
    quiet(Press::Enter, Action::Close, "close"),
    quiet(Press::Letter('?'), Action::Close, "close"),
    quiet(Press::Letter('q'), Action::Close, "close"),
    shown(Press::Up, Action::Up, "↑↓", "scroll", "one line up"),
    shown(Press::Letter('y'), Action::Copy, "y", "copy", "copy it"),
];

pub(super) const HELPING: &[Binding] = &[
    shown(Press::Esc, Action::Close, "Esc", "close", "close"),
    quiet(Press::Enter, Action::Close, "close"),
    quiet(Press::Letter('?'), Action::Close, "close"),
    quiet(Press::Letter('q'), Action::Close, "close"),
    shown(Press::Up, Action::Up, "↑↓", "scroll", "one line up"),
];

pub(super) const LEAVING: &[Binding] = &[
    shown(Press::Enter, Action::Leave, "Enter", "leave", "leave"),
    shown(Press::Esc, Action::Close, "Esc", "stay", "stay"),
];
