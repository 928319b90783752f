//! From the program's start to its first frame, in turns with an empty ratatui program and with `echo`, which only has to start.

#[path = "common/program.rs"]
mod program;
#[path = "common/terminal.rs"]
mod terminal;

use std::{path::Path, time::Duration};

use program::{Done, about, against, ms, program, spread};
use terminal::Terminal;

const TURNS: usize = 31;

fn main() -> Done {
    if std::env::args().any(|argument| argument == "--empty") {
        return empty();
    }
    about("first frame: from exec to the first frame, in a terminal of 120x40");
    let this = std::env::current_exe()?;
    let candidates: [(&str, &Path, &[&str]); 3] = [
        ("landfall", &program(), &[]),
        ("an empty ratatui program", &this, &["--empty"]),
        ("echo", Path::new("/bin/echo"), &["x"]),
    ];
    let mut times: [Vec<Duration>; 3] = Default::default();
    // The first turn warms the page cache.
    for turn in 0..=TURNS {
        for ((_, program, arguments), times) in candidates.iter().zip(&mut times) {
            let mut terminal = Terminal::start(program, arguments)?;
            let at = terminal.until("a first frame", |screen| !screen.contents().trim().is_empty())?;
            if turn > 0 {
                times.push(at - terminal.begun);
            }
        }
    }
    let middles: Vec<Duration> = candidates.iter().zip(times).map(|((name, ..), times)| spread(name, times)).collect();
    println!("landfall / empty ratatui program: {:.2}", ms(middles[0]) / ms(middles[1]));
    println!("landfall / echo: {:.2}", ms(middles[0]) / ms(middles[2]));
    against("first frame", ms(middles[0]), "ms", 15.0);
    Ok(())
}

/// One frame with one line in it, then nothing until it is killed.
fn empty() -> Done {
    let mut terminal = ratatui::init();
    terminal.draw(|frame| frame.render_widget("empty", frame.area()))?;
    loop {
        std::thread::park();
    }
}
