//! `mkfifo`: named pipes.

use super::args::Args;
use crate::machine::Sys;

pub(super) fn run(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let args = match Args::parse(sys, argv, "m:") {
        Ok(args) => args,
        Err(text) => return super::usage(sys, &text),
    };
    if args.rest.is_empty() {
        return super::usage(sys, "mkfifo: missing operand\n");
    }
    let mode = args.value('m').and_then(|m| u16::from_str_radix(m, 8).ok()).unwrap_or(0o666);
    let mut code = 0;
    for name in &args.rest {
        if let Err(e) = sys.make_pipe(name, mode) {
            sys.err(&if sys.gnu() {
                format!("mkfifo: cannot create fifo '{name}': {e}\n")
            } else {
                format!("mkfifo: {name}: {e}\n")
            });
            code = 1;
        }
    }
    code
}
