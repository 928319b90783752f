//! What it says: `2026-11-20 10:12:31 [ℹ]  …`.

use std::io::Write;

use super::Eksctl;

/// A line of what it does.
pub fn info(eksctl: &Eksctl<'_>, text: &str) {
    line(eksctl, 'ℹ', text);
}

/// Something is done.
pub fn done(eksctl: &Eksctl<'_>, text: &str) {
    line(eksctl, '✔', text);
}

/// Something failed.
pub fn failed(eksctl: &Eksctl<'_>, text: &str) {
    line(eksctl, '✖', text);
}

fn line(eksctl: &Eksctl<'_>, sign: char, text: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody may be reading any more.
    let _ = writeln!(out, "{} [{sign}]  {text}", eksctl.clock.now().strftime("%F %T"));
    let _ = out.flush();
}
