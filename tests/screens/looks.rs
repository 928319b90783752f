//! Themes, help, and terminals too small.

use landfall::tui::{Ground, Theme, View, draw};
use landfall_core::wizard::{Input, Stage};
use ratatui::{Terminal, backend::TestBackend, style::Color};

use super::given::{Led, screen};

fn every_stage() -> Vec<Led> {
    vec![
        Led::start(),
        Led::target(),
        Led::inputs(),
        Led::secrets(),
        Led::checks(),
        Led::plan(),
        Led::install(),
        Led::verify(),
        Led::summary(),
    ]
}

#[test]
fn help_is_there_on_every_stage() {
    for (mut led, stage) in every_stage().into_iter().zip(Stage::ALL) {
        led.type_in("?");
        led.snapshot(&format!("help_{}", stage.title().to_lowercase()));
    }
}

#[test]
fn ascii_screens_are_ascii() {
    for led in every_stage() {
        let text = screen(&led.0, (80, 24), Theme { ground: Ground::None, ascii: true });
        assert!(text.is_ascii(), "{text}");
        assert!(!text.contains('?') || text.contains("? help"), "{text}");
    }
}

#[test]
fn nothing_panics_at_any_size() {
    for mut led in every_stage() {
        for help in [false, true] {
            if help {
                led.type_in("?");
            }
            for columns in (1..140).step_by(7) {
                for rows in 1..44 {
                    led.input(Input::Size(columns, rows));
                    led.screen((columns, rows));
                }
            }
        }
    }
}

#[test]
fn a_small_terminal_says_so() {
    let text = Led::start().screen((59, 16));
    assert!(text.starts_with("This terminal is too small: 59x16, needed 60x16."), "{text}");
}

#[test]
fn without_colours_nothing_is_coloured_and_the_selection_is_seen() {
    for led in every_stage() {
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        let theme = Theme { ground: Ground::None, ascii: false };
        terminal.draw(|frame| draw(frame, &View { wizard: &led.0, theme, spin: 0 })).unwrap();
        let cells = &terminal.backend().buffer().content;
        assert!(cells.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
        if led.0.stage != Stage::Summary {
            assert!(cells.iter().any(|cell| cell.symbol() == "▶"), "{:?}", led.0.stage);
        }
    }
}

#[test]
fn every_footer_key_is_in_the_help() {
    for led in every_stage() {
        for binding in led.0.keys() {
            assert!(!binding.help.is_empty(), "{binding:?}");
        }
    }
}
