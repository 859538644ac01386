//! Processes by name: `pidof`, `pgrep`, `pkill`, `killall`.

use super::args::Args;
use crate::machine::{Pid, Signal, Sys};
use crate::regex::Regex;

/// Processes that run, with their short names and whole lines.
fn running(sys: &Sys<'_>) -> Vec<(Pid, String, String)> {
    let me = sys.pid();
    let of = |p: crate::machine::Seen| {
        let first = p.argv.first().map_or("", String::as_str);
        (p.pid, super::short_name(first).trim_end_matches(':').to_string(), p.argv.join(" "))
    };
    let all = sys.machine().namespace().into_iter();
    all.filter(|p| !p.has_ended() && p.pid != me).map(of).collect()
}

fn named(sys: &Sys<'_>, name: &str) -> Vec<Pid> {
    let short = super::short_name(name);
    let hit = |line: &str| line.split(' ').next().map(super::short_name) == Some(short);
    running(sys).into_iter().filter(|(_, n, l)| n == short || hit(l)).map(|p| p.0).collect()
}

pub(super) fn pidof(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let one = argv.iter().any(|a| a == "-s");
    let names = argv[1..].iter().filter(|a| !a.starts_with('-'));
    let mut pids: Vec<Pid> = names.flat_map(|n| named(sys, n)).collect();
    pids.reverse();
    if one {
        pids.truncate(1);
    }
    if pids.is_empty() {
        return 1;
    }
    let text: Vec<String> = pids.iter().map(Pid::to_string).collect();
    sys.out(text.join(" ") + "\n");
    0
}

/// A signal written `-9`, `-TERM`, `-s TERM`; what is left of the words. `Err`: there is no such signal.
fn signal(argv: &[String]) -> Result<(Option<Signal>, Vec<String>), String> {
    let (mut found, mut rest, mut i) = (Some(Signal::Term), vec![argv[0].clone()], 1);
    while let Some(arg) = argv.get(i) {
        i += 1;
        let name = match arg.strip_prefix('-') {
            Some("s") => {
                i += 1;
                argv.get(i - 1).cloned().unwrap_or_default()
            }
            Some(n) if n == "0" || Signal::parse(n).is_some() => n.to_owned(),
            _ => {
                rest.push(arg.clone());
                continue;
            }
        };
        found = match name.as_str() {
            "0" => None,
            n => Some(Signal::parse(n).ok_or_else(|| format!("bad signal name '{n}'"))?),
        };
    }
    Ok((found, rest))
}

pub(super) fn killall(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let (signal, rest) = match signal(argv) {
        Ok(found) => found,
        Err(e) => return super::usage(sys, &format!("killall: {e}\n")),
    };
    let quiet = rest.iter().any(|a| a == "-q");
    let mut code = 0;
    for name in rest[1..].iter().filter(|a| !a.starts_with('-')) {
        let pids = named(sys, name);
        if pids.is_empty() {
            code = 1;
            if !quiet {
                sys.err(&format!("killall: {name}: no process killed\n"));
            }
        }
        for pid in pids {
            if let Err(e) = sys.kill(pid, signal) {
                sys.err(&format!("killall: can't kill pid {pid}: {e}\n"));
                code = 1;
            }
        }
    }
    code
}

pub(super) fn pgrep(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let name = super::short_name(&argv[0]).to_string();
    let kills = name == "pkill";
    let (signal, rest) = if kills {
        match signal(argv) {
            Ok(found) => found,
            Err(e) => return super::usage(sys, &format!("pkill: {e}\n")),
        }
    } else {
        (None, argv.to_vec())
    };
    let args = match Args::parse(sys, &rest, "flavxonu:P:") {
        Ok(args) => args,
        Err(text) => return super::usage(sys, &text),
    };
    let pattern = args.rest.first().cloned().unwrap_or_default();
    let pattern = if args.has('x') { format!("^({pattern})$") } else { pattern };
    let Ok(regex) = Regex::new(&pattern, true, false) else {
        return super::usage(sys, &format!("{name}: bad regex '{pattern}'\n"));
    };
    let hit =
        |p: &(Pid, String, String)| regex.is_match(if args.has('f') { &p.2 } else { &p.1 }) != args.has('v');
    let mut found: Vec<_> = running(sys).into_iter().filter(hit).collect();
    if args.has('n') {
        found = found.pop().into_iter().collect();
    } else if args.has('o') {
        found.truncate(1);
    }
    for (pid, short, line) in &found {
        if kills {
            if let Err(e) = sys.kill(*pid, signal) {
                sys.err(&format!("pkill: killing pid {pid} failed: {e}\n"));
            }
        } else if args.has('a') || args.has('l') {
            sys.out(format!("{pid} {}\n", if args.has('a') { line } else { short }));
        } else {
            sys.out(format!("{pid}\n"));
        }
    }
    i32::from(found.is_empty())
}
