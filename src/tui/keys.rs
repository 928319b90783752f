//! Key events, by what they mean.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use landfall_core::wizard::{Input, Key, Typed};

/// What came from the terminal.
pub enum Came {
    /// For the wizard.
    Input(Input),
    /// Ctrl-Z: to the background.
    Suspend,
    /// Ctrl-L: everything is drawn anew.
    Redraw,
    /// Nothing of interest.
    Nothing,
}

/// Understands an event; only presses count.
pub fn understand(event: Event) -> Came {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => pressed(key),
        Event::Paste(text) => {
            // Terminals send carriage returns for line ends inside a paste.
            let text = text.replace("\r\n", "\n").replace('\r', "\n");
            Came::Input(Input::Key(Key::Paste(Typed::new(text))))
        }
        Event::Resize(columns, rows) => Came::Input(Input::Size(columns, rows)),
        _ => Came::Nothing,
    }
}

fn pressed(key: KeyEvent) -> Came {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let meant = match key.code {
        KeyCode::Char('c') if control => Key::Interrupt,
        KeyCode::Char('z') if control => return Came::Suspend,
        KeyCode::Char('l') if control => return Came::Redraw,
        KeyCode::Char('u') if control => Key::DeleteLine,
        KeyCode::Char('w') if control => Key::DeleteWord,
        KeyCode::Char(_) if control => return Came::Nothing,
        KeyCode::Char(letter) if key.modifiers.contains(KeyModifiers::ALT) => Key::EscAnd(Typed::new(letter)),
        KeyCode::Char(letter) => Key::letter(letter),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::F(1) => Key::Help,
        _ => return Came::Nothing,
    };
    Came::Input(Input::Key(meant))
}
