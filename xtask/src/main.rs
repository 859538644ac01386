//! Builds, serves and tests the whole house: `cargo xtask <command>`. One command per file.
//!
//! Owns what stands between a fresh checkout and a served site; knows no part of the simulator.

mod bench;
mod budget;
mod build;
mod chromium;
mod codegen;
mod http;
mod later;
mod layers;
mod lessons;
mod page;
mod project;
mod serve;
mod sources;
mod split;
mod step;
mod test;
mod tools;
mod wasm_opt;

use std::process::ExitCode;

/// What a command returns: an error is one message for the person at the terminal.
pub(crate) type Outcome<T = ()> = Result<T, String>;

const HELP: &str = "\
Usage: cargo xtask COMMAND

  serve [--port N] [--no-build] [--prefix /PATH/]
              build the release site and serve it on 127.0.0.1:8080
  build       build the release site into dist/
  test [STEP ...]
              run everything, or the named steps only (cargo xtask test --list)
  codegen [--check]
              write the generated tables of crates/objects, or fail when they are stale
  lessons     pack the lessons for the site (trunk does so before each build)
  bench [NAME ...]
              measure, natively and in dist/'s wasm; one JSON object a line
  bench stage [short]
              measure the page of dist/ itself: its frames, its answers to keys, its way through time
  profile     find out, in a headless Chromium, which part of the program a first visit uses (after build)
  size        print what a first visit downloads from dist/

Needs rustup and Node 20 or later. The other tools are installed under target/ when missing.";

fn main() -> ExitCode {
    let mut args = std::env::args();
    let invoked_as = args.next().unwrap_or_default();
    let args: Vec<String> = args.collect();
    let outcome = if wasm_opt::is_my_name(&invoked_as) { wasm_opt::run(&args) } else { command(&args) };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn command(args: &[String]) -> Outcome {
    let (name, rest) = match args.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("help", args),
    };
    match name {
        "serve" => serve::run(rest),
        "build" => none_left(rest).and_then(|()| build::run()),
        "test" => test::run(rest),
        "codegen" => codegen::run(rest),
        "bench" => bench::run(rest),
        "lessons" => none_left(rest).and_then(|()| lessons::run()),
        "profile" => none_left(rest).and_then(|()| split::profile()),
        "size" => none_left(rest).and_then(|()| budget::run()),
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            Ok(())
        }
        other => Err(format!("no command {other:?}\n\n{HELP}")),
    }
}

fn none_left(rest: &[String]) -> Outcome {
    match rest.first() {
        None => Ok(()),
        Some(arg) => Err(format!("unexpected argument {arg:?}\n\n{HELP}")),
    }
}
