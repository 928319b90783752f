//! From a key to the frame in which the highlight has moved, on a screen where nothing else happens.

#[path = "common/program.rs"]
mod program;
#[path = "common/terminal.rs"]
mod terminal;

use std::time::Duration;

use program::{Done, about, against, ms, program, spread};
use terminal::Terminal;

const KEYS: usize = 50;

fn main() -> Done {
    about("key: from a key to the moved highlight, the list of guides, idle");
    let mut terminal = Terminal::start(&program(), &[])?;
    terminal.until("the guides", |screen| highlighted(screen).is_some() && screen.contents().contains("rehearse  "))?;
    terminal.rest(Duration::from_millis(500));
    let mut times = Vec::new();
    for turn in 0..KEYS {
        let before = highlighted(terminal.screen());
        let pressed = terminal.press(if turn % 2 == 0 { "\x1b[B" } else { "\x1b[A" })?;
        let moved = terminal.until("the moved highlight", |screen| {
            let now = highlighted(screen);
            now.is_some() && now != before
        })?;
        times.push(moved - pressed);
        terminal.rest(Duration::from_millis(20));
    }
    let worst = *times.iter().max().ok_or("no key was pressed")?;
    let middle = spread("key to moved highlight", times);
    against("middle", ms(middle), "ms", 2.0);
    against(&format!("worst of {KEYS}"), ms(worst), "ms", 16.0);
    Ok(())
}

/// The row the cursor stands in.
fn highlighted(screen: &vt100::Screen) -> Option<usize> {
    screen.rows(0, 120).position(|row| row.trim_start().starts_with('▶'))
}
