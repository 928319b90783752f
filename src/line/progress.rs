//! What is going on: bars where standard output is a terminal, plain lines where it is not.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use landfall_core::{
    event::TaskPath,
    wizard::{Sign, TaskRow, TaskState, Wizard},
};

use super::rows;
use crate::report::{Look, explained};

/// How long plain output is silent before it says that something still goes on.
const SILENCE: Duration = Duration::from_secs(60);

/// What was told, and what is shown.
pub(super) struct Progress {
    look: Look,
    bars: Option<Bars>,
    /// What was last said of each task, and how many known failures of it.
    told: BTreeMap<TaskPath, (String, usize)>,
    spoke: Instant,
}

impl Progress {
    pub(super) fn new(look: Look) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let bars = (io::stdout().is_terminal() && !dumb).then(|| Bars::new(look));
        Self { look, bars, told: BTreeMap::new(), spoke: Instant::now() }
    }

    /// Says a line above the bars.
    pub(super) fn say(&mut self, text: &str) -> io::Result<()> {
        self.spoke = Instant::now();
        let write = || {
            let mut out = io::stdout();
            writeln!(out, "{text}")?;
            out.flush()
        };
        match &self.bars {
            Some(bars) => bars.all.suspend(write),
            None => write(),
        }
    }

    /// Something that is no task takes long.
    pub(super) fn waits(&mut self, what: &str) -> io::Result<()> {
        match &mut self.bars {
            Some(bars) => bars.foot(what),
            None => self.say(&format!("  {what}"))?,
        }
        Ok(())
    }

    /// Tells what is new of this stage's tasks.
    pub(super) fn tell(&mut self, wizard: &Wizard) -> io::Result<()> {
        let Some(tasks) = wizard.tasks() else { return Ok(()) };
        let expires = wizard.target.seen.as_ref().and_then(|seen| seen.expires);
        for row in &tasks.rows {
            if row.state == TaskState::Waits {
                self.told.remove(&row.path);
                continue;
            }
            self.tell_row(row, wizard, expires)?;
        }
        let busy: Vec<&TaskRow> =
            tasks.rows.iter().filter(|row| matches!(row.sign(), Sign::Busy | Sign::Person)).collect();
        let line = |row: &TaskRow| {
            let state = row.line(wizard.now, |path| tasks.row(path).map(|row| row.title.clone()));
            let times = rows::times(row, wizard.now, expires).map(|times| format!(" ({times})")).unwrap_or_default();
            format!("{} {}: {state}{times}", row.code, row.title)
        };
        match &mut self.bars {
            Some(bars) => {
                bars.busy(busy.iter().map(|row| (row.path.clone(), line(row))).collect());
                bars.foot(&format!("{}, {}", wizard.progress(), wizard.elapsed()));
            }
            None if self.spoke.elapsed() >= SILENCE && !busy.is_empty() => {
                for row in busy {
                    self.say(&format!("  still: {}", line(row)))?;
                }
            }
            None => {}
        }
        Ok(())
    }

    fn tell_row(&mut self, row: &TaskRow, wizard: &Wizard, expires: Option<jiff::Timestamp>) -> io::Result<()> {
        let known = self.told.get(&row.path).map_or(0, |(_, known)| *known);
        for problem in row.recognised.iter().skip(known) {
            let text = explained(problem, self.look);
            self.say(&text)?;
        }
        // A bar says the same, and more: only what stays is written above it.
        let passing = matches!(row.state, TaskState::Applying) || {
            matches!(&row.state, TaskState::Waiting { why, .. } if why.problem.is_none())
        };
        let key = match &row.state {
            TaskState::Waiting { why, .. } => {
                format!("{} {:?}", why.on, why.problem.as_ref().map(|problem| &problem.code))
            }
            TaskState::Looking | TaskState::Answered(_) => return Ok(()),
            _ => rows::lines(row, self.look).unwrap_or_default(),
        };
        let last = self.told.insert(row.path.clone(), (key.clone(), row.recognised.len()));
        if last.is_some_and(|(last, _)| last == key) || (passing && self.bars.is_some()) {
            return Ok(());
        }
        let Some(mut text) = rows::lines(row, self.look) else { return Ok(()) };
        if let Some(times) = rows::times(row, wizard.now, expires) {
            text.push_str(&format!("\n             {times}"));
        }
        self.say(&text)
    }

    /// This task is told again; all where none is named.
    pub(super) fn forget(&mut self, path: Option<&TaskPath>) {
        self.told.retain(|known, _| path.is_some_and(|path| path != known));
    }

    /// Takes the bars away.
    pub(super) fn clear(&mut self) {
        if let Some(bars) = &mut self.bars {
            bars.clear();
        }
    }
}

/// A line that turns for each busy task, and one for the whole.
struct Bars {
    all: MultiProgress,
    style: ProgressStyle,
    busy: BTreeMap<TaskPath, ProgressBar>,
    foot: Option<ProgressBar>,
}

impl Bars {
    fn new(look: Look) -> Self {
        let turning = if look.ascii { "|/-\\ " } else { "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ " };
        let style = ProgressStyle::with_template("  {spinner} {wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner())
            .tick_chars(turning);
        // Ten times a second is enough for words.
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stdout_with_hz(10));
        Self { all, style, busy: BTreeMap::new(), foot: None }
    }

    fn bar(&self) -> ProgressBar {
        let bar = ProgressBar::new_spinner().with_style(self.style.clone());
        bar.enable_steady_tick(Duration::from_millis(125));
        bar
    }

    fn busy(&mut self, lines: Vec<(TaskPath, String)>) {
        let gone: Vec<TaskPath> =
            self.busy.keys().filter(|path| !lines.iter().any(|(busy, _)| busy == *path)).cloned().collect();
        for path in gone {
            if let Some(bar) = self.busy.remove(&path) {
                bar.finish_and_clear();
                self.all.remove(&bar);
            }
        }
        for (path, line) in lines {
            if !self.busy.contains_key(&path) {
                let bar = match &self.foot {
                    Some(foot) => self.all.insert_before(foot, self.bar()),
                    None => self.all.add(self.bar()),
                };
                self.busy.insert(path.clone(), bar);
            }
            if let Some(bar) = self.busy.get(&path) {
                bar.set_message(line);
            }
        }
    }

    fn foot(&mut self, line: &str) {
        let foot = match self.foot.take() {
            Some(foot) => foot,
            None => self.all.add(self.bar()),
        };
        foot.set_message(line.to_owned());
        self.foot = Some(foot);
    }

    fn clear(&mut self) {
        self.busy(Vec::new());
        if let Some(foot) = self.foot.take() {
            foot.finish_and_clear();
            self.all.remove(&foot);
        }
    }
}
