//! The guides are part of the program: it is built again when one of their files changes.

fn main() {
    println!("cargo::rerun-if-changed=assets");
    println!("cargo::rerun-if-changed=templates");
}
