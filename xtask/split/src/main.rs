//! Cuts the page's program in three: what a first visit uses; the rest of what usual sessions use, which is downloaded
//! while the page already works; and what is seldom used, which comes when it is first called. Run by
//! `cargo xtask build`, after wasm-bindgen and before wasm-opt.
//!
//! - `split cut PROGRAM --hot NAMES --warm DIGESTS --cold DIGESTS --first FILE --rest FILE --seldom FILE`: writes the parts.
//! - `split count PROGRAM --out FILE --names FILE`: writes the program with a mark for each function that was entered,
//!   and the names that go with the marks. `cargo xtask profile` plays a first visit on it.
//!
//! The parts share memory, table and globals: the others import them, and the functions they call, from the first part.
//! Where a part calls into one that comes later it calls a stub of the same type, which makes sure that the other is there
//! and then goes through a slot of the table. So the cut never changes what the program does, only when it arrives.
//!
//! The program is cut twice: what is seldom used leaves, then what remains is cut again. So the rest has to be in place
//! before what is seldom used: it brings stubs for it.

mod calls;
mod count;
mod cut;
mod data;
mod names;
mod plan;
mod profile;

use std::fs;
use std::process::ExitCode;

use plan::Cut;
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
            let [hot, warm, cold] =
                ["--hot", "--warm", "--cold"].map(|name| option(rest, name).and_then(text));
            let (hot, warm, cold) = (hot?, warm?, cold?);
            let profile = profile::Profile::of(&hot, &warm, &cold);
            let (usual, seldom) = halves(&bytes, &profile, Cut::Seldom)?;
            let (first, other) = halves(&usual, &profile, Cut::Rest)?;
            write(option(rest, "--first")?, &first)?;
            write(option(rest, "--rest")?, &other)?;
            write(option(rest, "--seldom")?, &seldom)
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

/// A program as the part that stays and the part that moves out.
fn halves(program: &[u8], profile: &profile::Profile, cut: Cut) -> Outcome<(Vec<u8>, Vec<u8>)> {
    let (mut stays, mut leaves) = (parse(program)?, parse(program)?);
    // Ids belong to one parsed module; the same program gives the same plan twice.
    let plan = plan::Plan::of(&stays, profile, cut)?;
    println!("{}", plan.summary());
    cut::stay(&mut stays, &plan)?;
    let plan = plan::Plan::of(&leaves, profile, cut)?;
    cut::leave(&mut leaves, &plan)?;
    Ok((stays.emit_wasm(), leaves.emit_wasm()))
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
