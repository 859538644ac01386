//! Builds, serves and tests the whole house: `cargo xtask <command>`.
fn main() {}
