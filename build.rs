//! Keeps each constant of the page's program a data segment of its own, so that xtask/split can tell which of them
//! the program needs first.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        println!("cargo::rustc-link-arg-bins=--no-merge-data-segments");
        if std::env::var("PROFILE").is_ok_and(|profile| profile == "debug") {
            // What is not optimised keeps every part of a view on the stack.
            println!("cargo::rustc-link-arg-bins=-zstack-size=8388608");
        }
    }
}
