//! The `wasm-opt` that trunk finds on PATH during a build: xtask under another name.
//!
//! Binaryen's JavaScript build needs over a minute for a large module, so the result is remembered by the hash of the
//! input; a rebuild that did not change the wasm does not pay again.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;
use std::{env, fs};

use crate::{Outcome, project};

/// Tells the stand-in where Binaryen's script is.
const SCRIPT: &str = "WHEELHOUSE_WASM_OPT";
/// Tells the stand-in where to remember results.
const CACHE: &str = "WHEELHOUSE_WASM_OPT_CACHE";
/// Results kept: the current site, and a few to go back to.
const KEPT: usize = 4;

pub(crate) fn is_my_name(invoked_as: &str) -> bool {
    Path::new(invoked_as).file_stem().is_some_and(|stem| stem == "wasm-opt")
}

/// Puts xtask as `wasm-opt` into a directory of its own and tells `command` about it. Returns that directory.
pub(crate) fn stand_in(command: &mut Command, script: &Path) -> Outcome<PathBuf> {
    let dir = project::target().join("tools/stand-in");
    project::make_dir(&dir)?;
    let me = env::current_exe().map_err(|e| format!("cannot find xtask itself: {e}"))?;
    let link = dir.join("wasm-opt").with_extension(env::consts::EXE_EXTENSION);
    // Renamed into place: a copy over a running program is refused.
    let draft = dir.join(format!("draft-{}", std::process::id()));
    fs::copy(&me, &draft)
        .and_then(|_| fs::rename(&draft, &link))
        .map_err(|e| format!("cannot copy xtask to {}: {e}", link.display()))?;
    command.env(SCRIPT, script).env(CACHE, project::target().join("wasm-opt-cache"));
    Ok(dir)
}

/// `wasm-opt --output=FILE -Oz INPUT FLAGS...`; anything else goes straight to Binaryen.
pub(crate) fn run(args: &[String]) -> Outcome {
    let script = env::var_os(SCRIPT).ok_or("started as wasm-opt, but not by `cargo xtask build`")?;
    let cache = env::var_os(CACHE).map(PathBuf::from).ok_or("started as wasm-opt without a cache")?;
    let binaryen = |args: &[String]| project::run(Command::new("node").arg(&script).args(args));

    let output = args.iter().find_map(|arg| arg.strip_prefix("--output="));
    let input = args.iter().find(|arg| !arg.starts_with('-'));
    let (Some(output), Some(input)) = (output, input) else { return binaryen(args) };

    let module = project::read(Path::new(input))?;
    let flags: Vec<&[u8]> = args
        .iter()
        .filter(|arg| arg.starts_with('-') && !arg.starts_with("--output="))
        .map(|arg| arg.as_bytes())
        .collect();
    let manifest = Path::new(&script).parent().map(|bin| bin.join("../package.json")).unwrap_or_default();
    let version = project::read(&manifest)?;
    let remembered = cache.join(project::key(&[&module, &version, &flags.join(&b' ')]) + ".wasm");
    if !remembered.is_file() {
        binaryen(args)?;
        // Renamed into place, so that an interrupted run leaves no half a module behind.
        let draft = remembered.with_extension("draft");
        project::write(&draft, &project::read(Path::new(output))?)?;
        fs::rename(&draft, &remembered).map_err(|e| format!("cannot keep {}: {e}", remembered.display()))?;
        return forget_old(&cache);
    }
    project::write(Path::new(output), &project::read(&remembered)?)
}

fn forget_old(cache: &Path) -> Outcome {
    let mut by_age: Vec<(SystemTime, PathBuf)> = project::files_below(cache)?
        .into_iter()
        .map(|file| (fs::metadata(&file).and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH), file))
        .collect();
    by_age.sort();
    by_age.reverse();
    for (_, old) in by_age.into_iter().skip(KEPT) {
        fs::remove_file(&old).map_err(|e| format!("cannot remove {}: {e}", old.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_stand_in_answers_to_its_name() {
        for (name, mine) in
            [("/x/wasm-opt", true), ("wasm-opt", true), ("/x/target/debug/xtask", false), ("", false)]
        {
            assert_eq!(is_my_name(name), mine, "{name}");
        }
    }
}
