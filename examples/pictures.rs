//! Takes the README's pictures from the real program: `cargo build && cargo run --example pictures`.
//!
//! A rehearsal runs in a terminal of its own; what stands on it at the moments named in [`MOMENTS`] becomes `docs/pictures/NAME.svg`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a tool for whoever changes the README"
)]

use std::{
    fmt::Write as _,
    fs,
    io::{Read, Write as _},
    path::Path,
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

const ROWS: u16 = 30;
const COLUMNS: u16 = 100;
/// Width and height of a cell, in the picture's units.
const CELL: (f32, f32) = (8.4, 18.0);
/// Around the screen; and above it, where a window has its buttons.
const EDGE: f32 = 14.0;
const HEAD: f32 = 34.0;
/// Longer than any moment takes.
const PATIENCE: Duration = Duration::from_secs(180);

/// What must stand on the screen (`all` before a word: its counts are equal), the picture that is taken then, and the keys that are
/// pressed afterwards.
const MOMENTS: &[(&str, Option<&str>, &str)] = &[
    ("next Inputs │ proved", None, "n"),
    ("all answered", Some("inputs"), "n"),
    ("all entered", None, "n"),
    // On to the first warning, so that the picture has a fix in it.
    ("all looked at", None, "\x1b[B\x1b[B\x1b[B\x1b[B\x1b[B"),
    ("Upgrade one minor version", Some("checks"), "\r"),
    ("a agree and begin", None, ""),
    (" steps, ", Some("plan"), "a"),
    ("minutes to join", Some("install"), ""),
    ("Enter goes on", None, "\r"),
    ("Verify 8/9", None, ""),
    ("all looked at", None, "\r"),
    ("In short", Some("summary"), "\r"),
];

/// Whether it stands there.
fn stands(screen: &str, shown: &str) -> bool {
    let Some(word) = shown.strip_prefix("all ") else { return screen.contains(shown) };
    let counts = screen.split("│ ").find_map(|part| part.split_once(&format!(" {word}"))?.0.split_once(" of "));
    counts.is_some_and(|(one, all)| one == all)
}

fn main() {
    let program = std::env::current_exe().unwrap();
    let program = program.parent().and_then(Path::parent).unwrap().join("landfall");
    let pair =
        native_pty_system().openpty(PtySize { rows: ROWS, cols: COLUMNS, pixel_width: 0, pixel_height: 0 }).unwrap();
    let home = tempfile::tempdir().unwrap();
    let mut command = CommandBuilder::new(program);
    command.args(["rehearse", "arthur-shield", "--speed", "40"]);
    for (name, value) in [("LC_ALL", "C.UTF-8"), ("TERM", "xterm-256color"), ("USER", "sam")] {
        command.env(name, value);
    }
    command.env("HOME", home.path());
    command.cwd(home.path());
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let screen = Arc::new((Mutex::new(vt100::Parser::new(ROWS, COLUMNS, 0)), Condvar::new()));
    let (shared, mut output) = (screen.clone(), pair.master.try_clone_reader().unwrap());
    std::thread::spawn(move || {
        let mut bytes = [0; 8192];
        while let Ok(read @ 1..) = output.read(&mut bytes) {
            shared.0.lock().unwrap().process(&bytes[..read]);
            shared.1.notify_all();
        }
    });
    let mut keyboard = pair.master.take_writer().unwrap();
    for (shown, picture, keys) in MOMENTS {
        let parser = screen.0.lock().unwrap();
        let (parser, late) = screen
            .1
            .wait_timeout_while(parser, PATIENCE, |parser| !stands(&parser.screen().contents(), shown))
            .unwrap();
        assert!(!late.timed_out(), "{shown:?} was not seen:\n{}", parser.screen().contents());
        let parser = drawn(&screen.1, parser);
        if let Some(name) = picture {
            let file = format!("docs/pictures/{name}.svg");
            fs::write(&file, svg(parser.screen())).unwrap();
        }
        drop(parser);
        keyboard.write_all(keys.as_bytes()).unwrap();
        keyboard.flush().unwrap();
    }
    child.wait().unwrap();
}

/// The screen once nothing more comes for a moment: a frame may arrive in parts.
fn drawn<'a>(
    came: &Condvar,
    mut parser: std::sync::MutexGuard<'a, vt100::Parser>,
) -> std::sync::MutexGuard<'a, vt100::Parser> {
    loop {
        let (now, nothing) = came.wait_timeout(parser, Duration::from_millis(60)).unwrap();
        if nothing.timed_out() {
            return now;
        }
        parser = now;
    }
}

/// The screen as a picture of a terminal's window.
fn svg(screen: &vt100::Screen) -> String {
    let (width, height) = (f32::from(COLUMNS) * CELL.0 + 2.0 * EDGE, f32::from(ROWS) * CELL.1 + HEAD + EDGE);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"9\" fill=\"{BACK}\"/>\n"
    );
    for (place, colour) in ["#f38ba8", "#f9e2af", "#a6e3a1"].into_iter().enumerate() {
        let x = 18.0 + 18.0 * f32::from(u8::try_from(place).unwrap_or_default());
        let _ = writeln!(svg, "<circle cx=\"{x}\" cy=\"15\" r=\"5\" fill=\"{colour}\"/>");
    }
    for row in 0..ROWS {
        let mut column = 0;
        while column < COLUMNS {
            let Some(first) = screen.cell(row, column) else { break };
            let (begin, style) = (column, Style::of(first));
            let mut text = String::new();
            while let Some(cell) = screen.cell(row, column).filter(|cell| Style::of(cell) == style) {
                if !cell.is_wide_continuation() {
                    text.push_str(if cell.has_contents() { cell.contents() } else { " " });
                }
                column += 1;
            }
            run(&mut svg, (begin, row), column - begin, &text, &style);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// Cells side by side that look the same. Rules are drawn, because a font's own leave gaps between rows.
fn run(svg: &mut String, (column, row): (u16, u16), cells: u16, text: &str, style: &Style) {
    let (x, y) = (EDGE + f32::from(column) * CELL.0, HEAD + f32::from(row) * CELL.1);
    if style.background != BACK {
        let (length, high, colour) = (f32::from(cells) * CELL.0, CELL.1, style.background);
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{length:.1}\" height=\"{high}\" fill=\"{colour}\"/>"
        );
    }
    let mut at = 0;
    for part in text.split_inclusive(RULES) {
        let words = part.trim_end_matches(RULES);
        let shown = words.trim_end();
        if !shown.trim().is_empty() {
            let lead = shown.len() - shown.trim_start().len();
            let (x, shown) = (x + CELL.0 * (at + width(&shown[..lead])) as f32, shown.trim_start());
            let weight = if style.bold { " font-weight=\"bold\"" } else { "" };
            let escaped = shown.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{:.1}\" fill=\"{}\"{weight} textLength=\"{:.1}\" xml:space=\"preserve\">{escaped}</text>",
                y + 13.5,
                style.ink,
                width(shown) as f32 * CELL.0
            );
        }
        at += width(words);
        let (x, middle) = (x + CELL.0 * at as f32, (CELL.0 / 2.0, CELL.1 / 2.0));
        let drawn = match part.chars().last().filter(|last| RULES.contains(last)) {
            Some('│') => format!("M{:.1} {y:.1}v{:.1}", x + middle.0, CELL.1),
            Some(_) => format!("M{x:.1} {:.1}h{:.1}", y + middle.1, CELL.0),
            None => continue,
        };
        at += 1;
        let _ = writeln!(svg, "<path d=\"{drawn}\" stroke=\"{}\"/>", style.ink);
    }
}

fn width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

const BACK: &str = "#1e1e2e";
const INK: &str = "#cdd6f4";
/// What is drawn as a line.
const RULES: [char; 2] = ['─', '│'];
/// A terminal's sixteen colours.
const PALETTE: [&str; 16] = [
    "#1e1e2e", "#f38ba8", "#a6e3a1", "#f9e2af", "#89b4fa", "#f5c2e7", "#94e2d5", "#cdd6f4", "#7f849c", "#f38ba8",
    "#a6e3a1", "#f9e2af", "#89b4fa", "#f5c2e7", "#94e2d5", "#ffffff",
];

/// How a cell looks.
#[derive(PartialEq, Eq)]
struct Style {
    ink: &'static str,
    background: &'static str,
    bold: bool,
}

impl Style {
    fn of(cell: &vt100::Cell) -> Self {
        let colour = |colour: vt100::Color, default| match colour {
            vt100::Color::Idx(index) => PALETTE.get(usize::from(index)).copied().unwrap_or(default),
            _ => default,
        };
        let (mut ink, mut background) = (colour(cell.fgcolor(), INK), colour(cell.bgcolor(), BACK));
        if cell.dim() && ink == INK {
            ink = PALETTE[8];
        }
        if cell.inverse() {
            (ink, background) = (background, ink);
        }
        Self { ink, background, bold: cell.bold() }
    }
}
