//! The guides are part of the program: it is built again when one of their files changes. In a release, the linker keeps
//! functions whose code is the same once, where it can.

use std::{env, path::Path, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=assets");
    println!("cargo::rerun-if-changed=templates");
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") && links_with_lld() {
        println!("cargo::rustc-link-arg-bins=-Wl,--icf=all");
    }
}

/// Whether the toolchain links with the LLD that it brings along, as rustup's does on Linux; GNU's linker knows no `--icf`.
fn links_with_lld() -> bool {
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    if !(is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && is("CARGO_CFG_TARGET_ARCH", "x86_64"))
    {
        return false;
    }
    // Whoever chose a linker, or how to link, is left alone.
    let chosen = env::var_os("RUSTC_LINKER").is_some();
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let Some(rustc) = env::var_os("RUSTC").filter(|_| !chosen && !flags.contains("link")) else { return false };
    let Ok(asked) = Command::new(rustc).args(["--print", "sysroot"]).output() else { return false };
    let root = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
    Path::new(&root).join("lib/rustlib/x86_64-unknown-linux-gnu/bin/gcc-ld/ld.lld").exists()
}
