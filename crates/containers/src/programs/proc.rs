//! Small programs that tell of the machine, its users and processes.

use crate::machine::Sys;

/// The name of a user that images commonly have.
pub(super) fn user_name(uid: u32) -> String {
    match uid {
        0 => "root".into(),
        33 => "www-data".into(),
        101 => "nginx".into(),
        65_534 => "nobody".into(),
        n => n.to_string(),
    }
}

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

pub(super) fn unsupported(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let name = super::short_name(&argv[0]).to_string();
    super::usage(sys, &format!("{name}: not simulated\n"))
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
        Some("-i" | "-I") => sys.var("POD_IP").unwrap_or_else(|| "127.0.0.1".into()),
        Some("-s") => name.split('.').next().unwrap_or_default().to_string(),
        _ => name,
    };
    sys.out(format!("{text}\n"));
    0
}

pub(super) fn id(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let c = sys.cred();
    let flags = argv.get(1).map_or("", String::as_str);
    let named = |id: u32| {
        let name = user_name(id);
        if name.parse::<u32>().is_ok() { id.to_string() } else { format!("{id}({name})") }
    };
    let text = match flags {
        "-u" => c.uid.to_string(),
        "-G" if c.fs_group != 0 => format!("{} {}", c.gid, c.fs_group),
        "-g" | "-G" => c.gid.to_string(),
        "-un" | "-nu" => user_name(c.uid),
        "-gn" | "-ng" => user_name(c.gid),
        _ => {
            let more = if c.fs_group == 0 { String::new() } else { format!(",{}", named(c.fs_group)) };
            format!("uid={} gid={} groups={}{more}", named(c.uid), named(c.gid), named(c.gid))
        }
    };
    sys.out(format!("{text}\n"));
    0
}

pub(super) fn whoami(sys: &mut Sys<'_>, _: &[String]) -> i32 {
    let uid = sys.cred().uid;
    let name = user_name(uid);
    if name.parse::<u32>().is_ok() {
        let text = if sys.gnu() {
            format!("whoami: cannot find name for user ID {uid}\n")
        } else {
            format!("whoami: unknown uid {uid}\n")
        };
        return super::usage(sys, &text);
    }
    sys.out(format!("{name}\n"));
    0
}

pub(super) fn tty(sys: &mut Sys<'_>, _: &[String]) -> i32 {
    let tty = sys.is_tty(0);
    sys.out(if tty { "/dev/pts/0\n" } else { "not a tty\n" });
    i32::from(!tty)
}

pub(super) fn nproc(sys: &mut Sys<'_>, _: &[String]) -> i32 {
    sys.out("2\n");
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
    if all {
        shown.push(if sys.gnu() { "GNU/Linux" } else { "Linux" });
    }
    sys.out(format!("{}\n", shown.join(" ")));
    0
}

pub(super) fn uptime(sys: &mut Sys<'_>, _: &[String]) -> i32 {
    let minutes = sys.machine().uptime() / 60_000;
    let now = super::date::format(sys.now(), "%T");
    sys.out(format!(" {now} up {minutes} min,  0 users,  load average: 0.08, 0.03, 0.01\n"));
    0
}

pub(super) fn ps(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let flags: String = argv[1..].concat();
    let now = sys.now();
    let full = flags.contains('f') || flags.contains('u');
    let mut out = String::from(match (sys.gnu(), full) {
        (true, true) => "UID          PID    PPID  C STIME TTY          TIME CMD\n",
        (true, false) => "    PID TTY          TIME CMD\n",
        _ => "PID   USER     TIME  COMMAND\n",
    });
    for p in sys.machine().processes() {
        let command = if p.exit.is_some() {
            format!("[{}]", super::short_name(p.argv.first().map_or("", String::as_str)))
        } else {
            p.argv.join(" ")
        };
        let user = user_name(p.cred.uid);
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

pub(super) fn top(sys: &mut Sys<'_>, _: &[String]) -> i32 {
    sys.out("Mem: 1302608K used, 2711908K free, 1204K shrd, 61292K buff, 528116K cached\nCPU:   2% usr   1% sys   0% nic  96% idle   0% io   0% irq   0% sirq\nLoad average: 0.08 0.03 0.01 1/180 42\n  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND\n");
    let rows: String = sys
        .machine()
        .processes()
        .map(|p| {
            format!(
                "{:>5} {:>5} {:<8} {}     4408   0%   0   0% {}\n",
                p.pid,
                p.ppid,
                user_name(p.cred.uid),
                p.state(),
                p.argv.join(" ")
            )
        })
        .collect();
    sys.out(rows);
    0
}

pub(super) fn free(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let unit = if argv.iter().any(|a| a == "-m") { 1024 } else { 1 };
    let [total, used, free, shared, cache, available] =
        [4_014_516u64, 774_492, 2_711_908, 1204, 528_116, 3_301_220].map(|n| n / unit);
    sys.out(format!(
        "              total        used        free      shared  buff/cache   available\nMem:    {total:>11} {used:>11} {free:>11} {shared:>11} {cache:>11} {available:>11}\nSwap:   {:>11} {:>11} {:>11}\n",
        0, 0, 0
    ));
    0
}

pub(super) fn df(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let human = argv.iter().any(|a| a.starts_with('-') && a.contains('h'));
    let total: u64 = 60 << 30;
    let view = sys.fs();
    let mut rows = vec![("overlay".to_string(), total, (9 << 30) + view.fs.tree.used, "/".to_string())];
    for (at, id, _) in view.fs.mounts() {
        let tree = view.volumes.trees.get(&id);
        let used = tree.map_or(0, |t| t.used);
        rows.push(("/dev/vda1".into(), tree.and_then(|t| t.limit).unwrap_or(total), used, at));
    }
    let shown = |n: u64| if human { super::files::human(n) } else { (n / 1024).to_string() };
    let mut out = String::from(if human {
        "Filesystem                Size      Used Available Use% Mounted on\n"
    } else {
        "Filesystem           1K-blocks      Used Available Use% Mounted on\n"
    });
    for (name, total, used, at) in rows {
        let percent = (used * 100).div_ceil(total.max(1));
        out.push_str(&format!(
            "{name:<20} {:>9} {:>9} {:>9} {percent:>3}% {at}\n",
            shown(total),
            shown(used),
            shown(total.saturating_sub(used))
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
