//! `kill`: signals by name and number.

use crate::machine::{Signal, Sys};

/// Messages, output and exit code; the shell's builtin shares it.
pub(crate) fn act(sys: &mut Sys<'_>, args: &[String]) -> (Vec<String>, String, i32) {
    let mut signal = Some(Signal::Term);
    let mut rest = args;
    if let Some(first) = args.first() {
        if let ("-l", Some(number)) = (first.as_str(), args.get(1)) {
            if let Some(signal) = Signal::parse(number).filter(|_| number.parse::<i32>().is_err()) {
                return (Vec::new(), format!("{}\n", signal.number()), 0);
            }
            // An exit code names the signal too.
            let n = number.parse::<i32>().unwrap_or(0) & 127;
            const NAMES: [&str; 18] = [
                "EXIT", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV",
                "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD",
            ];
            return match NAMES.get(n as usize) {
                Some(name) => (Vec::new(), format!("{name}\n"), 0),
                None => (vec![format!("{number}: invalid signal specification")], String::new(), 1),
            };
        }
        if first == "-l" {
            return (Vec::new(), "HUP INT QUIT KILL USR1 USR2 PIPE ALRM TERM CHLD\n".into(), 0);
        }
        let name = if matches!(first.as_str(), "-s" | "-n") {
            args.get(1).map(String::as_str)
        } else {
            first.strip_prefix('-')
        };
        if let Some(name) = name.filter(|n| *n != "-") {
            rest = &args[if matches!(first.as_str(), "-s" | "-n") { 2.min(args.len()) } else { 1 }..];
            signal = match name {
                "0" => None,
                name => match Signal::parse(name) {
                    Some(s) => Some(s),
                    None => return (vec![format!("{name}: invalid signal specification")], String::new(), 1),
                },
            };
        }
    }
    let mut errors = Vec::new();
    for text in rest {
        match text.parse::<u32>() {
            Ok(pid) => {
                if let Err(e) = sys.kill(pid, signal) {
                    errors.push(format!("({pid}) - {e}"));
                }
            }
            Err(_) => errors.push(format!("{text}: arguments must be process or job IDs")),
        }
    }
    let code = i32::from(!errors.is_empty());
    (errors, String::new(), code)
}

pub(super) fn run(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let (errors, out, code) = act(sys, &argv[1..]);
    sys.out(out);
    for e in errors {
        sys.err(&format!("kill: {}\n", e.replace("(", "can't kill pid ").replace(") - ", ": ")));
    }
    code
}
