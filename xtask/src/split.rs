//! `xtask/split`, which cuts the page's program in three, and `cargo xtask profile`, which finds out where.
//!
//! The splitter is a package of its own, outside the workspace: it alone needs walrus.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use crate::step::step;
use crate::{Outcome, chromium, page, project, serve, tools};

/// Names of the functions that a first visit uses.
const HOT: &str = "xtask/split/hot.txt";

/// Digests of the names of those that usual sessions use besides.
const WARM: &str = "xtask/split/warm.txt";

/// Digests of the names of all others.
const COLD: &str = "xtask/split/cold.txt";

pub(crate) fn cold() -> PathBuf {
    project::root().join(COLD)
}

pub(crate) fn warm() -> PathBuf {
    project::root().join(WARM)
}

pub(crate) fn hot() -> PathBuf {
    project::root().join(HOT)
}

/// The splitter, built if need be.
pub(crate) fn tool() -> Outcome<PathBuf> {
    let target = project::target().join("split");
    let mut cargo = project::cargo();
    cargo
        .args(["build", "--quiet", "--locked", "--manifest-path"])
        .arg(project::root().join("xtask/split/Cargo.toml"))
        .arg("--target-dir")
        .arg(&target);
    project::run(&mut cargo)?;
    Ok(target.join("debug/split").with_extension(env::consts::EXE_EXTENSION))
}

/// Plays a first visit and usual sessions on a program that counts, and keeps what they entered.
pub(crate) fn profile() -> Outcome {
    let dist = project::dist();
    let program = project::target().join("wasm-bindgen/release/wheelhouse-web_bg.wasm");
    if !program.is_file() || !dist.join("index.html").is_file() {
        return Err("there is no program to profile: run `cargo xtask build` first".into());
    }
    let site = project::target().join("profile-site");
    let names = project::target().join("profile-names.txt");
    let (tool, wasm) = (tool()?, page::first_part(&dist)?);
    drop(fs::remove_dir_all(&site));
    for file in project::files_below(&dist)? {
        let to = site.join(file.strip_prefix(&dist).unwrap_or(&file));
        project::write(&to, &project::read(&file)?)?;
    }
    step("making a program that counts", "", || {
        let counting = site.join(wasm.file_name().unwrap_or_default());
        project::run(
            Command::new(&tool)
                .arg("count")
                .arg(&program)
                .arg("--out")
                .arg(counting)
                .arg("--names")
                .arg(&names),
        )
    })?;
    let dir = project::root().join("tests/browser");
    tools::npm_ci(&dir, "the browser driver")?;
    let chromium = chromium::ready()?;
    let url = serve::in_background(&site, "/")?;
    step("playing visits", "about 2 min", || {
        project::run(
            Command::new("node")
                .arg("profile.mjs")
                .arg(&names)
                .arg(hot())
                .arg(warm())
                .arg(cold())
                .current_dir(&dir)
                .env("WHEELHOUSE_URL", url)
                .env("CHROMIUM", chromium),
        )
    })
}
