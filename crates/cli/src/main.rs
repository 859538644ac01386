//! The native binary `wheelhouse`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    ExitCode::from(wheelhouse::main(&arguments))
}
