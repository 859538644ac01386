//! Small programs that tell of the machine and its processes.

use super::users::Known;
use crate::machine::Sys;

pub(super) fn succeed(_: &mut Sys<'_>, _: &[String]) -> i32 {
    0
}

pub(super) fn fail(_: &mut Sys<'_>, _: &[String]) -> i32 {
    1
}

pub(super) fn clear(sys: &mut Sys<'_>, _: &[String]) -> i32 {
    sys.out("\x1b[H\x1b[J");
    0
}

pub(super) fn test(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let mut args = &argv[1..];
    if super::short_name(&argv[0]) == "[" {
        match args.split_last() {
            Some((last, rest)) if last == "]" => args = rest,
            _ => {
                sys.err("[: missing ]\n");
                return 2;
            }
        }
    }
    match crate::shell::test::evaluate(args, sys) {
        Ok(truth) => i32::from(!truth),
        Err(e) => {
            sys.err(&format!("{}: {e}\n", super::short_name(&argv[0])));
            2
        }
    }
}

pub(super) fn hostname(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let name = sys.machine().hostname.clone();
    let text = match argv.get(1).map(String::as_str) {
        Some("-i" | "-I") => {
            super::ip::own(sys).map_or_else(|| "127.0.0.1".into(), |[a, b, c, d]| format!("{a}.{b}.{c}.{d}"))
        }
        Some("-s") => name.split('.').next().unwrap_or_default().to_string(),
        _ => name,
    };
    sys.out(format!("{text}\n"));
    0
}

pub(super) fn tty(sys: &mut Sys<'_>, _: &[String]) -> i32 {
    let tty = sys.is_tty(0);
    sys.out(if tty { "/dev/pts/0\n" } else { "not a tty\n" });
    i32::from(!tty)
}

/// `stty size`; whatever else it is told changes nothing.
pub(super) fn stty(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    if !sys.is_tty(0) {
        return super::usage(sys, "stty: standard input: Inappropriate ioctl for device\n");
    }
    let (rows, columns) = sys.window();
    match argv.get(1).map(String::as_str) {
        Some("size") => sys.out(format!("{rows} {columns}\n")),
        None | Some("-a") => sys.out(format!("speed 38400 baud; rows {rows}; columns {columns};\n")),
        _ => {}
    }
    0
}

pub(super) fn nproc(sys: &mut Sys<'_>, _: &[String]) -> i32 {
    let n = sys.machine().node.cpus.max(1);
    sys.out(format!("{n}\n"));
    0
}

pub(super) fn uname(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let host = sys.machine().hostname.clone();
    let parts = [
        ('s', "Linux"),
        ('n', host.as_str()),
        ('r', "6.1.0-18-amd64"),
        ('v', "#1 SMP PREEMPT_DYNAMIC"),
        ('m', "x86_64"),
    ];
    let flags: String = argv[1..].concat().replace('-', "");
    let all = flags.contains('a');
    let mut shown: Vec<&str> = parts
        .iter()
        .filter(|(c, _)| all || flags.contains(*c) || (flags.is_empty() && *c == 's'))
        .map(|(_, t)| *t)
        .collect();
    if all || flags.contains('o') {
        shown.push(if sys.gnu() { "GNU/Linux" } else { "Linux" });
    }
    sys.out(format!("{}\n", shown.join(" ")));
    0
}

pub(super) fn arch(sys: &mut Sys<'_>, _: &[String]) -> i32 {
    sys.out("x86_64\n");
    0
}

pub(super) fn ps(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let flags: String = argv[1..].concat();
    let now = sys.now();
    let known = Known::here(sys);
    let full = flags.contains('f') || flags.contains('u');
    // `ps aux`: BSD's way, with what each takes.
    if sys.gnu() && flags.contains('u') && !argv[1..].iter().any(|a| a.starts_with('-')) {
        return ps_user(sys, &known);
    }
    let mut out = String::from(match (sys.gnu(), full) {
        (true, true) => "UID          PID    PPID  C STIME TTY          TIME CMD\n",
        (true, false) => "    PID TTY          TIME CMD\n",
        _ => "PID   USER     TIME  COMMAND\n",
    });
    for p in sys.machine().namespace() {
        let command = if p.has_ended() {
            format!("[{}]", super::short_name(p.argv.first().map_or("", String::as_str)))
        } else {
            p.argv.join(" ")
        };
        let user = known.user(p.cred.uid);
        let short = super::short_name(p.argv.first().map_or("", String::as_str));
        out.push_str(&match (sys.gnu(), full) {
            (true, true) => {
                format!(
                    "{user:<8} {:>7} {:>7}  0 {} ?        00:00:00 {command}\n",
                    p.pid,
                    p.ppid,
                    super::date::format(p.started, "%R")
                )
            }
            (true, false) => format!("{:>7} ?        00:00:00 {short}\n", p.pid),
            _ => format!(
                "{:>5} {user:<8} {:>2}:{:02} {command}\n",
                p.pid,
                0,
                now.since(p.started) / 3_600_000 % 60
            ),
        });
    }
    sys.out(out);
    0
}

fn ps_user(sys: &mut Sys<'_>, known: &Known) -> i32 {
    let mut out =
        String::from("USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n");
    let m = sys.machine();
    let total = m.node.memory_bytes.max(1);
    for p in m.namespace() {
        let (spent_ms, memory) = (p.spent_ms, p.memory_bytes);
        out.push_str(&format!(
            "{:<8} {:>7} {:>4.1} {:>4.1} {:>6} {:>5} ?        {:<4} {} {:>6} {}\n",
            known.user(p.cred.uid),
            p.pid,
            f64::from(p.millis) / 10.0,
            memory as f64 * 100.0 / total as f64,
            memory / 512,
            memory / 1024,
            if p.pid == 1 { format!("{}s", p.state) } else { p.state.to_string() },
            super::date::format(p.started, "%R"),
            format!("{}:{:02}", spent_ms / 60_000, spent_ms / 1000 % 60),
            p.argv.join(" ")
        ));
    }
    sys.out(out);
    0
}

pub(super) fn sysctl(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    for arg in argv[1..].iter().filter(|a| a.contains('=')) {
        let (name, value) = arg.split_once('=').unwrap_or((arg, ""));
        sys.out(format!("{name} = {value}\n"));
    }
    0
}

pub(super) fn hostid(sys: &mut Sys<'_>, _: &[String]) -> i32 {
    sys.out("007f0100\n");
    0
}

pub(super) fn factor(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    for arg in &argv[1..] {
        let Some(mut n) = arg.parse::<u64>().ok().filter(|n| *n < 1 << 40) else {
            return super::usage(sys, &format!("factor: invalid number '{arg}'\n"));
        };
        let (mut out, mut d) = (format!("{arg}:"), 2);
        while d * d <= n {
            while n % d == 0 {
                out.push_str(&format!(" {d}"));
                n /= d;
            }
            d += 1;
        }
        sys.charge((d >> 10) as u32);
        if n > 1 {
            out.push_str(&format!(" {n}"));
        }
        sys.out(out + "\n");
    }
    0
}
