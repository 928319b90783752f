//! The terminal: taken over, given back, and given back whatever happens.

use std::{
    io::{self, BufWriter, IsTerminal, Stdout, Write},
    sync::Once,
};

use crossterm::{
    clipboard::CopyToClipboard,
    cursor::Show,
    event::{DisableBracketedPaste, EnableBracketedPaste},
    execute,
    style::{Print, force_color_output},
    terminal::{EnterAlternateScreen, LeaveAlternateScreen, SetTitle, disable_raw_mode, enable_raw_mode},
};
use ratatui::backend::CrosstermBackend;

use super::{View, draw};

/// The terminal while it is ours. Dropping it gives it back.
pub struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    title: String,
}

static HOOK: Once = Once::new();

impl Terminal {
    /// Takes the terminal over. Nothing is asked of it: an answer would cost a round trip over ssh.
    pub fn enter() -> io::Result<Self> {
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                give_back();
                before(panic);
            }));
        });
        // crossterm empties styles under NO_COLOR and the selection with them; our theme has none of the colours then.
        force_color_output(true);
        take_over()?;
        let backend = CrosstermBackend::new(BufWriter::with_capacity(32 * 1024, io::stdout()));
        Ok(Self { inner: ratatui::Terminal::new(backend)?, title: String::new() })
    }

    /// Draws; only what changed is written.
    pub fn draw(&mut self, view: &View<'_>) -> io::Result<()> {
        let title = view.wizard.title();
        if title != self.title {
            execute!(self.inner.backend_mut(), SetTitle(super::wrap::clean(&title)))?;
            self.title = title;
        }
        self.inner.draw(|frame| draw(frame, view)).map(drop)
    }

    /// Forgets what is on the screen: the next draw writes everything.
    pub fn forget(&mut self) -> io::Result<()> {
        // `clear` would ask the terminal where its cursor is, and wait for the answer.
        let size = self.inner.size()?;
        self.inner.resize(size.into())
    }

    /// Size in columns and rows.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        self.inner.size().map(|size| (size.width, size.height))
    }

    /// A person is needed.
    pub fn bell(&mut self) -> io::Result<()> {
        execute!(self.inner.backend_mut(), Print('\u{7}'))
    }

    /// Puts a text on the clipboard, over ssh, too (OSC 52).
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(self.inner.backend_mut(), CopyToClipboard::to_clipboard_from(text))
    }

    /// Gives the terminal back while `other` runs, then takes it over again.
    pub fn lend(&mut self, other: impl FnOnce()) -> io::Result<()> {
        give_back();
        other();
        take_over()?;
        self.title.clear();
        self.forget()
    }

    /// Whether somebody is still there: a terminal that hung up answers nothing any more.
    pub fn is_alive(&self) -> bool {
        io::stdout().is_terminal()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

fn take_over() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste)
}

/// Gives the terminal back; errors are of no use any more.
fn give_back() {
    let _ = execute!(io::stdout(), DisableBracketedPaste, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
    let _ = io::stdout().flush();
}

/// Stops the program until it is continued (`fg`).
#[cfg(unix)]
pub fn stop() {
    let _ = signal_hook::low_level::raise(signal_hook::consts::SIGTSTP);
}

/// There is no such thing here.
#[cfg(not(unix))]
pub fn stop() {}
