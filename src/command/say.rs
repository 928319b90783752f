//! Lines for whoever reads our output; they may have gone already (`landfall … | head`), which is no reason to complain.

use std::{
    fmt::Arguments,
    io::{self, ErrorKind, Write},
};

use super::Exit;

/// Says a line on standard output, like `println!`.
macro_rules! say {
    () => { $crate::command::say::line(format_args!("")) };
    ($($words:tt)*) => { $crate::command::say::line(format_args!($($words)*)) };
}
pub(super) use say;

/// Says a line on standard error, like `eprintln!`.
macro_rules! complain {
    ($($words:tt)*) => { $crate::command::say::aside(format_args!($($words)*)) };
}
pub(super) use complain;

/// One line on standard output. Where nobody reads, the program ends as if all had been said.
pub(super) fn line(words: Arguments<'_>) {
    said(writeln!(io::stdout(), "{words}"));
}

/// A text on standard output as it is.
pub(super) fn text(text: &str) {
    let mut out = io::stdout();
    said(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

fn said(written: io::Result<()>) {
    match written {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(Exit::Done.code()),
        Err(error) => {
            aside(format_args!("landfall: standard output cannot be written: {error}"));
            std::process::exit(Exit::Failed.code());
        }
    }
}

/// One line on standard error; where that is closed, too, there is nobody left to tell.
pub(super) fn aside(words: Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{words}");
}
