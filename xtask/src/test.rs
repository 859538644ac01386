//! `cargo xtask test`: every check of the house, in an order that fails early.

use std::ffi::OsStr;
use std::process::Command;
use std::time::Instant;

use crate::step::shown;
use crate::{Outcome, budget, build, chromium, codegen, layers, project, serve, tools};

/// One named check.
struct Step {
    name: &'static str,
    what: &'static str,
    run: fn() -> Outcome<Verdict>,
    /// Looks at dist/, so says nothing when the site could not be built.
    needs_site: bool,
}

const fn of_sources(name: &'static str, what: &'static str, run: fn() -> Outcome<Verdict>) -> Step {
    Step { name, what, run, needs_site: false }
}

const fn of_site(name: &'static str, what: &'static str, run: fn() -> Outcome<Verdict>) -> Step {
    Step { name, what, run, needs_site: true }
}

/// How a step ended well.
pub(crate) enum Verdict {
    Passed,
    /// The tree has nothing for the step to look at yet; says what is missing.
    Nothing(&'static str),
}

/// A step that was run.
struct Row {
    name: &'static str,
    took: String,
    verdict: Outcome<Verdict>,
}

impl Row {
    fn word(&self) -> String {
        match &self.verdict {
            Ok(Verdict::Passed) => "passed".to_owned(),
            Ok(Verdict::Nothing(why)) => format!("nothing to do: {why}"),
            Err(why) => format!("FAILED: {why}"),
        }
    }
}

const STEPS: &[Step] = &[
    of_sources("fmt", "formatting (cargo fmt)", fmt),
    of_sources("layers", "who may know whom, and no clocks, threads or I/O in the engine", layers),
    of_sources("clippy", "clippy, warnings are errors (this machine)", clippy),
    of_sources("clippy-wasm", "clippy, warnings are errors (wasm32)", clippy_wasm),
    of_sources("codegen", "the generated tables are those that the generator writes", generated),
    of_sources("unit", "unit tests", unit),
    of_sources("scenarios", "scenario tests and other integration tests", scenarios),
    of_sources("doc", "examples in the documentation", doc),
    of_sources("site", "the release site into dist/", site),
    of_site("size", "the size budget of a first visit", size),
    of_site("browser", "the page in a headless Chromium", browser),
    of_site("parity", "the same seed gives the same event log, natively and in wasm", parity),
];

pub(crate) fn run(args: &[String]) -> Outcome {
    if args.iter().any(|arg| arg == "--list") {
        for step in STEPS {
            println!("{:<12} {}", step.name, step.what);
        }
        return Ok(());
    }
    let chosen = chosen(args)?;
    let start = Instant::now();
    let mut rows = Vec::new();
    for (at, step) in chosen.iter().enumerate() {
        println!("==> [{}/{}] {}: {}", at + 1, chosen.len(), step.name, step.what);
        let begun = Instant::now();
        let site_failed = rows.iter().any(|row: &Row| row.name == "site" && row.verdict.is_err());
        let verdict =
            if step.needs_site && site_failed { Err("there is no fresh site".into()) } else { (step.run)() };
        let row = Row { name: step.name, took: shown(begun.elapsed()), verdict };
        println!("    {} {} ({})", row.name, row.word(), row.took);
        rows.push(row);
    }
    println!("\n{:<12} {:>12}", "step", "time");
    for row in &rows {
        println!("{:<12} {:>12}  {}", row.name, row.took, row.word());
    }
    println!("{:<12} {:>12}", "all", shown(start.elapsed()));
    let failed: Vec<&str> = rows.iter().filter(|row| row.verdict.is_err()).map(|row| row.name).collect();
    if !failed.is_empty() {
        println!("again: cargo xtask test {}", failed.join(" "));
    }
    let passed = rows.iter().filter(|row| matches!(row.verdict, Ok(Verdict::Passed))).count();
    println!("{passed} passed, {} failed", failed.len());
    if failed.is_empty() { Ok(()) } else { std::process::exit(1) }
}

/// The steps to run, in their own order; all of them when none is named.
fn chosen(names: &[String]) -> Outcome<Vec<&'static Step>> {
    if let Some(unknown) = names.iter().find(|name| !STEPS.iter().any(|step| step.name == **name)) {
        let known: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        return Err(format!("no step {unknown:?}; there are {}", known.join(", ")));
    }
    Ok(STEPS.iter().filter(|step| names.is_empty() || names.iter().any(|name| name == step.name)).collect())
}

fn cargo(args: &[&str]) -> Outcome<Verdict> {
    project::run(project::cargo().args(args)).map(|()| Verdict::Passed)
}

fn fmt() -> Outcome<Verdict> {
    cargo(&["fmt", "--all", "--check"])
}

fn layers() -> Outcome<Verdict> {
    layers::run().map(|()| Verdict::Passed)
}

fn clippy() -> Outcome<Verdict> {
    cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"])
}

fn clippy_wasm() -> Outcome<Verdict> {
    tools::wasm_target()?;
    cargo(&[
        "clippy",
        "--quiet",
        "-p",
        "wheelhouse-web",
        "--target",
        "wasm32-unknown-unknown",
        "--",
        "-D",
        "warnings",
    ])
}

fn unit() -> Outcome<Verdict> {
    cargo(&["test", "--quiet", "--workspace", "--lib", "--bins"])
}

fn scenarios() -> Outcome<Verdict> {
    if !project::targets(&project::metadata()?).iter().any(|(_, kind, _)| kind == "test") {
        return Ok(Verdict::Nothing("no crate has a tests/ directory"));
    }
    cargo(&["test", "--quiet", "--workspace", "--test", "*"])
}

fn doc() -> Outcome<Verdict> {
    cargo(&["test", "--quiet", "--workspace", "--doc"])
}

fn generated() -> Outcome<Verdict> {
    codegen::run(&["--check".to_owned()]).map(|()| Verdict::Passed)
}

fn site() -> Outcome<Verdict> {
    build::run().map(|()| Verdict::Passed)
}

fn size() -> Outcome<Verdict> {
    budget::run().map(|()| Verdict::Passed)
}

fn browser() -> Outcome<Verdict> {
    let dir = project::root().join("tests/browser");
    let mut files: Vec<_> = project::files_below(&dir.join("suite"))?;
    files.retain(|file| file.to_string_lossy().ends_with(".test.mjs"));
    in_chromium(files.iter().map(|file| file.as_os_str()), |_| ())
}

/// Needs the native binary `wheelhouse`; the page plays the same script (tests/browser/parity/play.test.mjs).
fn parity() -> Outcome<Verdict> {
    let Some(package) = project::package_with_bin("wheelhouse")? else {
        return Ok(Verdict::Nothing("no crate has the binary `wheelhouse` yet"));
    };
    project::run(project::cargo().args(["build", "--quiet", "-p", &package, "--bin", "wheelhouse"]))?;
    let binary = project::target().join("debug/wheelhouse").with_extension(std::env::consts::EXE_EXTENSION);
    let file = project::root().join("tests/browser/parity/play.test.mjs");
    in_chromium([file.as_os_str()], |node| {
        node.env("WHEELHOUSE_BINARY", &binary);
    })
}

/// Runs node tests against dist/, served from a sub path as any static host might.
pub(crate) fn in_chromium<'a>(
    files: impl IntoIterator<Item = &'a OsStr>,
    set: impl FnOnce(&mut Command),
) -> Outcome<Verdict> {
    tools::node()?;
    let dir = project::root().join("tests/browser");
    tools::npm_ci(&dir, "the browser driver")?;
    let chromium = chromium::ready()?;
    let url = serve::in_background(&project::dist(), "/any/where/")?;
    let mut node = Command::new("node");
    // One file at a time: two cores do not carry several browsers.
    node.args(["--test", "--test-concurrency=1", "--test-reporter=spec"])
        .args(files)
        .current_dir(&dir)
        .env("WHEELHOUSE_URL", url)
        .env("CHROMIUM", chromium);
    set(&mut node);
    project::run(&mut node).map(|()| Verdict::Passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_chosen_by_name_and_keep_their_order() {
        let names = |args: &[&str]| {
            let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
            chosen(&args).map(|steps| steps.iter().map(|step| step.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&["size", "fmt"]), Ok(vec!["fmt", "size"]));
        assert_eq!(names(&[]).unwrap().len(), STEPS.len());
        assert!(names(&["speed"]).unwrap_err().contains("no step \"speed\"; there are fmt, "));
    }
}
