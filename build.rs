//! The guides are part of the program: it is built again when one of their files changes. In a release, the linker keeps
//! functions whose code is the same once.

fn main() {
    println!("cargo::rerun-if-changed=assets");
    println!("cargo::rerun-if-changed=templates");
    // The toolchain's own linker on Linux (LLD) can; others are not asked.
    let target = |key: &str| std::env::var(format!("CARGO_CFG_TARGET_{key}")).unwrap_or_default();
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release")
        && target("OS") == "linux"
        && target("ENV") == "gnu"
        && target("ARCH") == "x86_64"
    {
        println!("cargo::rustc-link-arg-bins=-Wl,--icf=all");
    }
}
