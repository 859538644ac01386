//! `cargo xtask build`: from sources to dist/.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Instant;

use crate::step::{shown, step};
use crate::{Outcome, later, page, project, split, tools, wasm_opt};

pub(crate) fn run() -> Outcome {
    let start = Instant::now();
    let tools = tools::site_tools()?;
    let splitter = step("building what cuts the program", "first time about 40 s", split::tool)?;
    step(
        "building the release site into dist/",
        "first time about 3 min on two cores, then what changed",
        || trunk(&tools, &splitter),
    )?;
    let later = later::put(&project::dist())?;
    step("making the page strict (no inline scripts)", "", || {
        page::finish(
            &project::dist(),
            &project::read(&wasm_opt::rest())?,
            &project::read(&wasm_opt::seldom())?,
            &later,
        )
    })?;
    println!("dist/ is ready after {}", shown(start.elapsed()));
    Ok(())
}

fn trunk(tools: &tools::SiteTools, splitter: &Path) -> Outcome {
    let mut trunk = std::process::Command::new(&tools.trunk);
    let stand_in = wasm_opt::stand_in(&mut trunk, &tools.wasm_opt_js, splitter)?;
    trunk
        .args(["build", "--release", "--dist", "dist"])
        .current_dir(project::root())
        .env("PATH", tools::path_with(&[&stand_in, &tools.bindgen_dir])?)
        // Nothing is asked of the network but what cargo needs.
        .env("TRUNK_SKIP_VERSION_CHECK", "true")
        .env("RUST_LOG", std::env::var_os("RUST_LOG").as_deref().unwrap_or(OsStr::new("warn")));
    if std::env::var_os("NO_COLOR").is_some() {
        // Trunk reads the variable as a boolean and stops at `1`.
        trunk.env("NO_COLOR", "true");
    }
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            trunk.env_remove(&name);
        }
    }
    project::run(&mut trunk)
}
