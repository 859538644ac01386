//! Cuts the page's program in two: what a first visit uses, and the rest, which is downloaded while the page already
//! works. Run by `cargo xtask build`, after wasm-bindgen and before wasm-opt.
//!
//! - `split cut PROGRAM --hot NAMES --cold DIGESTS --first FILE --rest FILE`: writes both parts.
//! - `split count PROGRAM --out FILE --names FILE`: writes the program with a mark for each function that was entered,
//!   and the names that go with the marks. `cargo xtask profile` plays a first visit on it.
//!
//! The parts share memory, table and globals: the rest imports them, and the functions it calls, from the first part.
//! Where the first part calls into the rest it calls a stub of the same type, which makes sure that the rest is there
//! and then goes through a slot of the table. So the cut never changes what the program does, only when it arrives.

mod calls;
mod count;
mod cut;
mod data;
mod names;
mod plan;
mod profile;

use std::fs;
use std::process::ExitCode;

use walrus::{Module, ModuleConfig};

/// What a command returns: an error is one message for the person at the terminal.
type Outcome<T = ()> = Result<T, String>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match command(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn command(args: &[String]) -> Outcome {
    let [name, program, rest @ ..] = args else {
        return Err("usage: split cut|count PROGRAM --OPTION FILE ...".into());
    };
    let bytes = fs::read(program).map_err(|e| format!("cannot read {program}: {e}"))?;
    match name.as_str() {
        "cut" => {
            let (hot, cold) = (text(option(rest, "--hot")?)?, text(option(rest, "--cold")?)?);
            let profile = profile::Profile::of(&hot, &cold);
            let (mut first, mut other) = (parse(&bytes)?, parse(&bytes)?);
            // Ids belong to one parsed module; the same program gives the same plan twice.
            let plan = plan::Plan::of(&first, &profile)?;
            println!("{}", plan.summary());
            cut::first(&mut first, &plan)?;
            let plan = plan::Plan::of(&other, &profile)?;
            cut::rest(&mut other, &plan)?;
            write(option(rest, "--first")?, &first.emit_wasm())?;
            write(option(rest, "--rest")?, &other.emit_wasm())
        }
        "count" => {
            let mut module = parse(&bytes)?;
            let names = count::every_function(&mut module);
            write(option(rest, "--out")?, &module.emit_wasm())?;
            write(option(rest, "--names")?, (names.join("\n") + "\n").as_bytes())
        }
        other => Err(format!("no command {other:?}")),
    }
}

fn option<'a>(args: &'a [String], name: &str) -> Outcome<&'a str> {
    let at = args.iter().position(|arg| arg == name).ok_or_else(|| format!("{name} is missing"))?;
    args.get(at + 1).map(String::as_str).ok_or_else(|| format!("{name} needs a file"))
}

fn text(path: &str) -> Outcome<String> {
    fs::read_to_string(path).map_err(|e| format!("cannot read {path}: {e}"))
}

fn parse(bytes: &[u8]) -> Outcome<Module> {
    ModuleConfig::new().generate_producers_section(false).parse(bytes).map_err(|e| format!("{e:#}"))
}

fn write(path: &str, bytes: &[u8]) -> Outcome {
    fs::write(path, bytes).map_err(|e| format!("cannot write {path}: {e}"))
}
