//! How does a role look? Sixteen colours, bold, dim and reverse; or none of the colours; or only ASCII.

use landfall_core::wizard::Sign;
use ratatui::{
    buffer::Buffer,
    style::{Color, Modifier, Style},
};

/// What lies behind the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ground {
    /// Light text on dark.
    #[default]
    Dark,
    /// Dark text on light.
    Light,
    /// No colours at all: bold, dim and reverse only.
    None,
}

/// Styles by role. Colour never carries meaning alone: each sign has its own character, the selection its ▶.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    /// What lies behind the text.
    pub ground: Ground,
    /// Only ASCII characters.
    pub ascii: bool,
}

/// Frames of the spinner.
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

impl Theme {
    /// Plain text.
    pub fn plain(self) -> Style {
        Style::new()
    }

    /// Less important: labels, rules, hints.
    pub fn quiet(self) -> Style {
        match self.ground {
            Ground::Dark => Style::new().fg(Color::Gray).add_modifier(Modifier::DIM),
            Ground::Light => Style::new().fg(Color::DarkGray),
            Ground::None => Style::new().add_modifier(Modifier::DIM),
        }
    }

    /// Headings, and the selected row.
    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The word REHEARSAL, and the cursor.
    pub fn reverse(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD)
    }

    /// A key in the footer.
    pub fn key(self) -> Style {
        self.coloured(Color::Cyan, Color::Blue).add_modifier(Modifier::BOLD)
    }

    /// Something wrong.
    pub fn fail(self) -> Style {
        self.coloured(Color::LightRed, Color::Red).add_modifier(Modifier::BOLD)
    }

    /// Something to know.
    pub fn warn(self) -> Style {
        self.coloured(Color::Yellow, Color::Magenta)
    }

    /// Something as it should be.
    pub fn pass(self) -> Style {
        self.coloured(Color::Green, Color::Green)
    }

    /// Something going on.
    pub fn busy(self) -> Style {
        self.coloured(Color::Cyan, Color::Blue)
    }

    /// A row's sign.
    pub fn sign(self, sign: Sign) -> Style {
        match sign {
            Sign::Pass => self.pass(),
            Sign::Fail => self.fail(),
            Sign::Warn | Sign::Unknown => self.warn(),
            Sign::Busy => self.busy(),
            Sign::Waits | Sign::Skipped => self.quiet(),
            Sign::Person => self.reverse(),
        }
    }

    fn coloured(self, dark: Color, light: Color) -> Style {
        match self.ground {
            Ground::Dark => Style::new().fg(dark),
            Ground::Light => Style::new().fg(light),
            Ground::None => Style::new(),
        }
    }
}

/// A sign's character; `frame` turns the spinner.
pub fn glyph(sign: Sign, frame: usize) -> &'static str {
    match sign {
        Sign::Pass => "✓",
        Sign::Fail => "✗",
        Sign::Warn => "!",
        Sign::Unknown => "?",
        Sign::Waits => "○",
        Sign::Busy => SPINNER[frame % SPINNER.len()],
        Sign::Skipped => "–",
        Sign::Person => "»",
    }
}

/// Replaces what ASCII terminals cannot show, cell by cell.
pub fn to_ascii(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        if symbol.is_ascii() {
            continue;
        }
        let plain = match symbol {
            "─" | "–" | "—" | "━" => "-",
            "│" => "|",
            "▶" | "›" | "»" | "→" => ">",
            "←" => "<",
            "↑" => "^",
            "↓" => "v",
            "✓" => "+",
            "✗" | "×" => "x",
            "○" => "o",
            "●" => "*",
            "⏎" => "$",
            "…" => "~",
            "•" | "·" => ".",
            "“" | "”" => "\"",
            "‘" | "’" => "'",
            other => match SPINNER.iter().position(|frame| *frame == other) {
                Some(frame) => ["|", "/", "-", "\\"][frame % 4],
                None => "?",
            },
        };
        cell.set_symbol(plain);
    }
}
