//! The pinned tools of the site build: found on PATH when the version is the pinned one, else installed under target/.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::step::step;
use crate::{Outcome, project};

/// A command-line tool from crates.io.
struct Tool {
    bin: &'static str,
    package: &'static str,
    version: &'static str,
    /// Arguments of `cargo install` besides the version.
    options: &'static [&'static str],
    /// Quick to build matters more than quick to run: the tools' own release profiles ask for fat LTO.
    opt_level: &'static str,
    /// How long an installation takes on two cores.
    expected: &'static str,
}

/// Without its default features, which are TLS and a look for updates: it has nothing to fetch here.
const TRUNK: Tool = Tool {
    bin: "trunk",
    package: "trunk",
    version: "0.21.14",
    options: &["--no-default-features"],
    opt_level: "0",
    expected: "once, about 3 min",
};

/// Invariant: the version is that of the `wasm-bindgen` crate in Cargo.lock; trunk refuses any other.
const WASM_BINDGEN: Tool = Tool {
    bin: "wasm-bindgen",
    package: "wasm-bindgen-cli",
    version: "0.2.126",
    options: &[],
    opt_level: "1",
    expected: "once, about 2 min",
};

const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Where the site build finds its tools.
pub(crate) struct SiteTools {
    pub trunk: PathBuf,
    /// The directory of `wasm-bindgen`.
    pub bindgen_dir: PathBuf,
    /// Binaryen's `wasm-opt`, a node script.
    pub wasm_opt_js: PathBuf,
}

/// Makes sure that everything a site build needs is there.
pub(crate) fn site_tools() -> Outcome<SiteTools> {
    node()?;
    wasm_target()?;
    let bindgen = WASM_BINDGEN.find_or_install()?;
    let trunk = TRUNK.find_or_install()?;
    let bindgen_dir = bindgen.parent().map(Path::to_path_buf).unwrap_or_default();
    Ok(SiteTools { trunk, bindgen_dir, wasm_opt_js: binaryen()? })
}

/// Adds the wasm target to the toolchain in use.
pub(crate) fn wasm_target() -> Outcome {
    let sysroot =
        project::read_out(Command::new("rustc").args(["--print", "sysroot"]).current_dir(project::root()))?;
    if Path::new(sysroot.trim()).join("lib/rustlib").join(WASM_TARGET).join("lib").is_dir() {
        return Ok(());
    }
    step(&format!("adding the Rust target {WASM_TARGET}"), "once, about 20 s", || {
        project::run(Command::new("rustup").args(["target", "add", WASM_TARGET]).current_dir(project::root()))
    })
}

impl Tool {
    fn find_or_install(&self) -> Outcome<PathBuf> {
        let own = tools_root().join("bin").join(self.bin).with_extension(env::consts::EXE_EXTENSION);
        if let Some(found) =
            on_path(self.bin).into_iter().chain([own.clone()]).find(|path| self.is_pinned(path))
        {
            return Ok(found);
        }
        step(
            &format!("installing {} {} under target/tools", self.package, self.version),
            self.expected,
            || {
                let build_dir = tools_root().join("build");
                let mut install = project::cargo();
                install
                    .args(["install", "--quiet", "--locked", self.package, "--version", self.version])
                    .args(self.options)
                    .arg("--root")
                    .arg(tools_root())
                    .env("CARGO_TARGET_DIR", &build_dir)
                    .env("CARGO_PROFILE_RELEASE_LTO", "off")
                    .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
                    .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", self.opt_level)
                    .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
                    .env_remove("RUSTFLAGS");
                project::run(&mut install)?;
                // Half a gigabyte that nobody reads again; a leftover does no harm.
                drop(std::fs::remove_dir_all(build_dir));
                Ok(())
            },
        )?;
        if self.is_pinned(&own) {
            Ok(own)
        } else {
            Err(format!("{} is not {} {}", own.display(), self.bin, self.version))
        }
    }

    fn is_pinned(&self, path: &Path) -> bool {
        let Ok(out) =
            Command::new(path).arg("--version").env_remove("NO_COLOR").stderr(Stdio::null()).output()
        else {
            return false;
        };
        String::from_utf8_lossy(&out.stdout).split_whitespace().nth(1) == Some(self.version)
    }
}

fn tools_root() -> PathBuf {
    project::target().join("tools")
}

/// The executables called `bin` in the directories of PATH, in order.
fn on_path(bin: &str) -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|dir| dir.join(bin).with_extension(env::consts::EXE_EXTENSION))
        .filter(|file| file.is_file())
        .collect()
}

/// PATH with `dirs` before everything else.
pub(crate) fn path_with(dirs: &[&Path]) -> Outcome<OsString> {
    let old = env::var_os("PATH").unwrap_or_default();
    let all = dirs.iter().map(|dir| dir.to_path_buf()).chain(env::split_paths(&old));
    env::join_paths(all).map_err(|e| format!("PATH cannot be extended: {e}"))
}

/// Checks that Node is there and new enough.
pub(crate) fn node() -> Outcome {
    let install = "install Node 20 or later (https://nodejs.org or your package manager)";
    let version =
        project::read_out(Command::new("node").arg("--version")).map_err(|e| format!("{e}; {install}"))?;
    let major =
        version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    match major {
        Some(major) if major >= 20 => Ok(()),
        _ => Err(format!("node is {}: {install}", version.trim())),
    }
}

/// wasm-opt, from npm.
fn binaryen() -> Outcome<PathBuf> {
    // Installed below target/, not next to its manifest, so that `cargo clean` leaves nothing behind.
    let from = project::root().join("xtask/node");
    let to = project::target().join("node");
    for file in ["package.json", "package-lock.json", ".npmrc"] {
        let bytes = project::read(&from.join(file))?;
        if std::fs::read(to.join(file)).ok().as_ref() != Some(&bytes) {
            project::write(&to.join(file), &bytes)?;
        }
    }
    npm_ci(&to, "wasm-opt")?;
    Ok(to.join("node_modules/binaryen/bin/wasm-opt"))
}

/// Runs `npm ci` in `dir` unless node_modules is already what its lock file says.
pub(crate) fn npm_ci(dir: &Path, what: &str) -> Outcome {
    let lock = project::read(&dir.join("package-lock.json"))?;
    let key = project::key(&[&lock]);
    let stamp = dir.join("node_modules/.wheelhouse-lock");
    if std::fs::read_to_string(&stamp).is_ok_and(|have| have == key) {
        return Ok(());
    }
    step(&format!("installing {what} from npm"), "once, about 10 s", || {
        let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
        project::run(
            Command::new(npm).args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(dir),
        )?;
        project::write(&stamp, key.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pinned_bindgen_is_the_one_in_the_lock_file() {
        let lock = project::read_text(&project::root().join("Cargo.lock")).unwrap();
        let entry = format!("name = \"wasm-bindgen\"\nversion = \"{}\"", WASM_BINDGEN.version);
        assert!(lock.contains(&entry), "Cargo.lock does not have {entry}");
    }

    #[test]
    fn lock_files_of_npm_name_no_registry() {
        for dir in ["xtask/node", "tests/browser"] {
            let lock = project::read_text(&project::root().join(dir).join("package-lock.json")).unwrap();
            assert!(
                !lock.contains("\"resolved\""),
                "{dir}/package-lock.json records where packages came from"
            );
        }
    }
}
