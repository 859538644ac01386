//! A browser for the browser tests: a Chromium that is there, or Debian's by apt-get.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::step::step;
use crate::{Outcome, project};

const USUAL_NAMES: &[&str] = &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const BY_HAND: &str = "install a Chromium and a Korean font (on Debian: apt-get install chromium fonts-noto-cjk), \
     or set CHROMIUM to the path of a Chromium or Chrome";

/// The path of a Chromium that can draw Hangul, installed first where apt-get may be used.
pub(crate) fn ready() -> Outcome<PathBuf> {
    let mut missing = Vec::new();
    if find().is_none() {
        missing.push("chromium");
    }
    // Elsewhere than on Linux the system has Korean fonts.
    if cfg!(target_os = "linux") && !has_korean_font() {
        missing.push("fonts-noto-cjk");
    }
    if !missing.is_empty() {
        install(&missing)?;
    }
    find().ok_or_else(|| format!("there is no Chromium: {BY_HAND}"))
}

fn find() -> Option<PathBuf> {
    if let Some(path) = env::var_os("CHROMIUM") {
        return Some(path.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> =
        USUAL_NAMES.iter().flat_map(|name| env::split_paths(&path).map(move |dir| dir.join(name))).collect();
    places.push("/usr/bin/chromium".into());
    places.push("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome".into());
    places.push("/Applications/Chromium.app/Contents/MacOS/Chromium".into());
    places.into_iter().find(|place| place.is_file())
}

fn has_korean_font() -> bool {
    let fonts = Command::new("fc-list").arg(":lang=ko").stderr(Stdio::null()).output();
    fonts.is_ok_and(|out| !out.stdout.is_empty())
}

fn install(packages: &[&str]) -> Outcome {
    let names = packages.join(" and ");
    let Some(apt_get) = apt_get() else { return Err(format!("{names} missing: {BY_HAND}")) };
    step(&format!("installing {names} with apt-get"), "once, about 2 min", || {
        let run = |args: &[&str]| {
            let (program, first) = (apt_get[0], &apt_get[1..]);
            project::run(
                Command::new(program)
                    .args(first)
                    .args(args)
                    .env("DEBIAN_FRONTEND", "noninteractive")
                    .stdout(Stdio::null()),
            )
        };
        run(&["update", "-qq"])
            .and_then(|()| run(&[&["install", "-y", "-qq", "--no-install-recommends"], packages].concat()))
            .map_err(|e| format!("{e}; {BY_HAND}"))
    })
}

/// How apt-get may be called here without asking anybody, if it may.
fn apt_get() -> Option<Vec<&'static str>> {
    if !Path::new("/usr/bin/apt-get").is_file() {
        return None;
    }
    let quiet = |program: &str, args: &[&str]| {
        let out =
            Command::new(program).args(args).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        out.status.success().then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
    };
    if quiet("id", &["-u"]).as_deref() == Some("0") {
        return Some(vec!["apt-get"]);
    }
    quiet("sudo", &["-n", "true"]).map(|_| vec!["sudo", "-n", "apt-get"])
}
