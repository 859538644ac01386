//! The `wasm-opt` that trunk finds on PATH during a build: xtask under another name.
//!
//! It cuts the program in three (xtask/split) and lets Binaryen shrink the parts. Trunk gets the first part; the others
//! wait at [`rest`] and [`seldom`].
//!
//! Binaryen's JavaScript build needs over a minute for a large module, so the result is remembered by the hash of the
//! input; a rebuild that did not change the wasm does not pay again.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;
use std::{env, fs};

use crate::{Outcome, project, split};

/// Tells the stand-in where Binaryen's script is.
const SCRIPT: &str = "WHEELHOUSE_WASM_OPT";
/// Tells the stand-in where to remember results.
const CACHE: &str = "WHEELHOUSE_WASM_OPT_CACHE";
/// Tells the stand-in where the splitter is.
const SPLITTER: &str = "WHEELHOUSE_SPLITTER";
/// Results kept, three for each site: the current one, and a few to go back to.
const KEPT: usize = 12;

/// Where a build leaves the rest of the program.
pub(crate) fn rest() -> PathBuf {
    project::target().join("split/rest.wasm")
}

/// Where a build leaves what is seldom used.
pub(crate) fn seldom() -> PathBuf {
    project::target().join("split/seldom.wasm")
}

pub(crate) fn is_my_name(invoked_as: &str) -> bool {
    Path::new(invoked_as).file_stem().is_some_and(|stem| stem == "wasm-opt")
}

/// Puts xtask as `wasm-opt` into a directory of its own and tells `command` about it. Returns that directory.
pub(crate) fn stand_in(command: &mut Command, script: &Path, splitter: &Path) -> Outcome<PathBuf> {
    let dir = project::target().join("tools/stand-in");
    project::make_dir(&dir)?;
    let me = env::current_exe().map_err(|e| format!("cannot find xtask itself: {e}"))?;
    let link = dir.join("wasm-opt").with_extension(env::consts::EXE_EXTENSION);
    // Renamed into place: a copy over a running program is refused.
    let draft = dir.join(format!("draft-{}", std::process::id()));
    fs::copy(&me, &draft)
        .and_then(|_| fs::rename(&draft, &link))
        .map_err(|e| format!("cannot copy xtask to {}: {e}", link.display()))?;
    // What an earlier build left must not be taken for this one's.
    drop((fs::remove_file(rest()), fs::remove_file(seldom())));
    command.env(SCRIPT, script).env(SPLITTER, splitter).env(CACHE, project::target().join("wasm-opt-cache"));
    Ok(dir)
}

/// `wasm-opt --output=FILE -Oz INPUT FLAGS...`; anything else goes straight to Binaryen.
pub(crate) fn run(args: &[String]) -> Outcome {
    let setting = |name| env::var_os(name).map(PathBuf::from);
    let (Some(script), Some(splitter), Some(cache)) = (setting(SCRIPT), setting(SPLITTER), setting(CACHE))
    else {
        return Err("started as wasm-opt, but not by `cargo xtask build`".into());
    };
    let output = args.iter().find_map(|arg| arg.strip_prefix("--output="));
    let input = args.iter().find(|arg| !arg.starts_with('-'));
    let (Some(output), Some(input)) = (output, input) else {
        return project::run(Command::new("node").arg(&script).args(args));
    };
    let flags: Vec<&str> = args
        .iter()
        .map(String::as_str)
        .filter(|arg| arg.starts_with('-') && !arg.starts_with("--output="))
        .collect();

    let dir = project::target().join("split");
    let parts = [
        ("--first", dir.join("first.cut.wasm"), PathBuf::from(output)),
        ("--rest", dir.join("rest.cut.wasm"), rest()),
        ("--seldom", dir.join("seldom.cut.wasm"), seldom()),
    ];
    let mut cut = Command::new(splitter);
    cut.arg("cut").arg(input).arg("--hot").arg(split::hot());
    cut.arg("--warm").arg(split::warm()).arg("--cold").arg(split::cold());
    for (option, file, _) in &parts {
        cut.arg(option).arg(file);
    }
    project::run(&mut cut)?;
    for (_, from, to) in &parts {
        shrink(&script, &cache, &flags, from, to)?;
    }
    forget_old(&cache)
}

/// Lets Binaryen write a smaller `from` to `to`, unless it has done so before.
fn shrink(script: &Path, cache: &Path, flags: &[&str], from: &Path, to: &Path) -> Outcome {
    let manifest = script.parent().map(|bin| bin.join("../package.json")).unwrap_or_default();
    let version = project::read(&manifest)?;
    let key = project::key(&[&project::read(from)?, &version, flags.join(" ").as_bytes()]);
    let remembered = cache.join(key + ".wasm");
    if !remembered.is_file() {
        project::make_dir(cache)?;
        // Renamed into place, so that an interrupted run leaves no half a module behind.
        let draft = remembered.with_extension("draft");
        let mut output = std::ffi::OsString::from("--output=");
        output.push(&draft);
        project::run(Command::new("node").arg(script).arg(output).args(flags).arg(from))?;
        fs::rename(&draft, &remembered).map_err(|e| format!("cannot keep {}: {e}", remembered.display()))?;
    }
    project::write(to, &project::read(&remembered)?)
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
