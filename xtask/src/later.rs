//! Parts of the site that the page fetches on first use: the manifest editor and the texts of `kubectl explain`.
//! They lie in dist/later/ under names that change with what is in them.

use std::path::Path;
use std::process::Command;

use crate::step::step;
use crate::{Outcome, project, tools};

/// Where the editor's source and its packages are.
const EDITOR: &str = "assets/editor";
const EXPLAIN: &str = "assets/explain/en.json";

/// Puts the parts into `dist`. Returns the line of the start script that says where they are.
pub(crate) fn put(dist: &Path) -> Outcome<String> {
    let editor = step("bundling the editor", "", || bundle(&project::root().join(EDITOR)))?;
    let explain = project::read(&project::root().join(EXPLAIN))?;
    let mut entries = Vec::new();
    for (name, ending, bytes) in [("editor", "js", editor), ("explain", "json", explain)] {
        let path = format!("later/{name}-{}.{ending}", project::key(&[&bytes]));
        project::write(&dist.join(&path), &bytes)?;
        entries.push(format!("'{name}.{ending}': './{path}'"));
    }
    Ok(format!("const LATER = {{ {} }};\n", entries.join(", ")))
}

fn bundle(dir: &Path) -> Outcome<Vec<u8>> {
    tools::npm_ci(dir, "the editor")?;
    let out = project::target().join("editor.js");
    // Its installer puts the program itself where its script was, but for Windows.
    let program = dir.join("node_modules/esbuild/bin/esbuild");
    let mut esbuild = if cfg!(windows) { Command::new("node") } else { Command::new(&program) };
    if cfg!(windows) {
        esbuild.arg(&program);
    }
    project::run(
        esbuild
            .args(["editor.js", "--bundle", "--minify", "--format=esm", "--target=es2022"])
            .args(["--legal-comments=none", "--log-level=warning"])
            .arg(format!("--outfile={}", out.display()))
            .current_dir(dir),
    )?;
    project::read(&out)
}
