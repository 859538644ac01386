//! `cargo xtask bench`: what things cost, natively and in the wasm that ships; one JSON object a line.
//!
//! Owns: who measures. Does not own: what is measured (`cluster::bench`), the clocks (crates/cli, tests/browser/bench).

use std::process::Command;

use crate::{Outcome, project, test};

/// Measures dist/ as it is: build it first.
/// `stage` measures the page itself instead: its frames, its answers to keys, its way through time; `stage short` does so
/// in a minute.
pub(crate) fn run(names: &[String]) -> Outcome {
    if names.first().is_some_and(|name| name == "stage") {
        let file = project::root().join("tests/browser/bench/stage.mjs");
        let short = names.iter().any(|name| name == "short");
        return test::in_chromium([file.as_os_str()], |node| {
            if short {
                node.env("SHORT", "1");
            }
        })
        .map(drop);
    }
    let Some(package) = project::package_with_bin("wheelhouse")? else {
        return Err("no crate has the binary `wheelhouse`".into());
    };
    project::run(project::cargo().args([
        "build",
        "--quiet",
        "--release",
        "-p",
        &package,
        "--bin",
        "wheelhouse",
    ]))?;
    let binary = project::target().join("release/wheelhouse").with_extension(std::env::consts::EXE_EXTENSION);
    let native = project::read_out(Command::new(binary).arg("bench").args(names))?;
    print!("{native}");
    let bench = project::root().join("tests/browser/bench");
    let files = ["bench.mjs", "startup.mjs", "lesson.mjs"].map(|name| bench.join(name));
    test::in_chromium(files.iter().map(|file| file.as_os_str()), |node| {
        node.env("WHEELHOUSE_NATIVE", &native);
    })
    .map(drop)
}
