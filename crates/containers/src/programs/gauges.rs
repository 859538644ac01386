//! What a machine tells of its load: `top`, `free`, `uptime`, `df`, `mount`, and the files behind them.
//!
//! Owns: `/proc/meminfo` and its like, the container's own limits under `/sys/fs/cgroup`. Memory and cores are the node's,
//! as in a real container; what its other containers hold is not known here and counts as a share of the system.
//! Models procps, busybox, cgroup v2. Not modelled: swap, per-core lines, I/O.

use crate::machine::{Machine, Sys};

/// What a node's own daemons hold (estimate).
const SYSTEM_BYTES: u64 = 640 << 20;
/// Page cache (estimate).
const CACHE_BYTES: u64 = 512 << 20;
const DISK_BYTES: u64 = 60 << 30;
const DISK_USED: u64 = 9 << 30;

/// Total, used, free, cache and available bytes.
fn memory(m: &Machine) -> [u64; 5] {
    let total = m.node.memory_bytes.max(SYSTEM_BYTES + CACHE_BYTES);
    let used = (SYSTEM_BYTES + m.memory()).min(total);
    let cache = CACHE_BYTES.min(total - used);
    let free = total - used - cache;
    [total, used, free, cache, free + cache * 9 / 10]
}

/// Cores' worth of processes that want to run.
fn load(m: &Machine) -> f64 {
    m.demand_millis() as f64 / 1000.0
}

fn processes(m: &Machine) -> (usize, usize) {
    let running = m.processes().filter(|p| p.exit.is_none() && p.state() == 'R').count();
    (running.max(1), m.processes().count())
}

fn mounts(m: &Machine) -> Vec<(String, String, &'static str, &'static str)> {
    let ro = |read_only: bool| if read_only { "ro,relatime" } else { "rw,relatime" };
    let mut all = vec![
        ("overlay".to_string(), "/".to_string(), "overlay", ro(m.fs.tree.read_only)),
        ("proc".into(), "/proc".into(), "proc", "rw,nosuid,nodev,noexec,relatime"),
        ("tmpfs".into(), "/dev".into(), "tmpfs", "rw,nosuid,size=65536k,mode=755"),
        ("sysfs".into(), "/sys".into(), "sysfs", "ro,nosuid,nodev,noexec,relatime"),
        ("cgroup".into(), "/sys/fs/cgroup".into(), "cgroup2", "ro,nosuid,nodev,noexec,relatime"),
    ];
    for (at, _, read_only) in m.fs.mounts() {
        let secret = at.starts_with("/var/run/secrets") || at.starts_with("/run/secrets");
        let (device, kind) = if secret { ("tmpfs", "tmpfs") } else { ("/dev/vda1", "ext4") };
        all.push((device.into(), at, kind, ro(read_only || secret)));
    }
    all
}

/// The text of a file that the kernel makes up.
pub(crate) fn kernel_file(m: &Machine, path: &str) -> Option<String> {
    let [total, _, free, cache, available] = memory(m).map(|n| n / 1024);
    let up = m.node_uptime() as f64 / 1000.0;
    let cores = f64::from(m.node.cpus.max(1));
    Some(match path {
        "/proc/uptime" => format!("{up:.2} {:.2}\n", up * (cores - load(m).min(cores))),
        "/proc/loadavg" => {
            let (l, (running, all)) = (load(m), processes(m));
            format!("{l:.2} {l:.2} {l:.2} {running}/{all} {all}\n")
        }
        "/proc/version" => "Linux version 6.1.0-18-amd64 (build@host) (gcc 12.2.0) #1 SMP PREEMPT_DYNAMIC\n".into(),
        "/proc/meminfo" => format!(
            "MemTotal:       {total:>8} kB\nMemFree:        {free:>8} kB\nMemAvailable:   {available:>8} kB\nBuffers:        {:>8} kB\nCached:         {cache:>8} kB\nSwapTotal:      {:>8} kB\nSwapFree:       {:>8} kB\n",
            0, 0, 0
        ),
        "/proc/cpuinfo" => (0..m.node.cpus.max(1))
            .map(|n| format!("processor\t: {n}\nvendor_id\t: GenuineIntel\nmodel name\t: Virtual CPU\ncpu MHz\t\t: 2500.000\n\n"))
            .collect(),
        "/proc/mounts" | "/proc/self/mounts" | "/proc/1/mounts" | "/etc/mtab" => mounts(m)
            .into_iter()
            .map(|(device, at, kind, how)| format!("{device} {at} {kind} {how} 0 0\n"))
            .collect(),
        "/proc/1/cgroup" | "/proc/self/cgroup" => "0::/\n".into(),
        "/sys/fs/cgroup/memory.max" => m.node.memory_limit.map_or("max\n".into(), |n| format!("{n}\n")),
        "/sys/fs/cgroup/memory.current" => format!("{}\n", m.memory()),
        "/sys/fs/cgroup/cpu.max" => match m.cpu_limit_millis {
            Some(millis) => format!("{} 100000\n", u64::from(millis) * 100),
            None => "max 100000\n".into(),
        },
        "/sys/fs/cgroup/cpu.stat" => {
            let us = m.usage(m.now()).cpu_us;
            format!("usage_usec {us}\nuser_usec {us}\nsystem_usec 0\n")
        }
        "/sys/fs/cgroup/pids.current" => format!("{}\n", processes(m).1),
        _ => return None,
    })
}

fn clock(millis: i64) -> String {
    let minutes = millis / 60_000;
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    let rest = if hours > 0 { format!("{hours:2}:{minutes:02}") } else { format!("{minutes} min") };
    match days {
        0 => rest,
        1 => format!("1 day, {rest}"),
        d => format!("{d} days, {rest}"),
    }
}

fn uptime_line(sys: &Sys<'_>) -> String {
    let (m, l) = (sys.machine(), load(sys.machine()));
    let now = super::date_text(sys.now(), "%T");
    format!(" {now} up {},  0 users,  load average: {l:.2}, {l:.2}, {l:.2}\n", clock(m.node_uptime()))
}

pub(super) fn uptime(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let text = if argv.iter().any(|a| a == "-p") {
        format!("up {}\n", clock(sys.machine().node_uptime()).replace(" min", " minutes"))
    } else {
        uptime_line(sys)
    };
    sys.out(text);
    0
}

pub(super) fn free(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let has = |names: &[&str]| argv.iter().any(|a| names.contains(&a.as_str()));
    let human = has(&["-h", "--human"]);
    let unit = if has(&["-m", "--mebi"]) {
        1 << 20
    } else if has(&["-g", "--gibi"]) {
        1 << 30
    } else if has(&["-b", "--bytes"]) {
        1
    } else {
        1024
    };
    let shown = |n: u64| {
        if !human {
            return (n / unit).to_string();
        }
        let text = super::files::human(n);
        if sys.gnu() && text.ends_with(|c: char| c.is_ascii_alphabetic()) { format!("{text}i") } else { text }
    };
    let [total, used, free, cache, available] = memory(sys.machine()).map(shown);
    let none = shown(0);
    let text = format!(
        "               total        used        free      shared  buff/cache   available\nMem:    {total:>12}{used:>12}{free:>12}{none:>12}{cache:>12}{available:>12}\nSwap:   {none:>12}{none:>12}{none:>12}\n"
    );
    let text = if sys.gnu() {
        text
    } else {
        text.replace("               total", "              total")
            .replace(":    ", ":   ")
            .replace("Swap:   ", "Swap:  ")
    };
    sys.out(text);
    0
}

pub(super) fn top(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let known = super::users::Known::here(sys);
    let m = sys.machine();
    let [total, used, free, cache, available] = memory(m).map(|n| n / 1024);
    let cores = f64::from(m.node.cpus.max(1));
    let l = load(m);
    let busy = (l / cores * 100.0).min(100.0);
    let (running, all) = processes(m);
    let mut out = if sys.gnu() {
        format!(
            "top -{}Tasks: {all:>3} total, {running:>3} running, {:>3} sleeping,   0 stopped,   0 zombie\n%Cpu(s): {busy:>4.1} us,  0.0 sy,  0.0 ni, {:>4.1} id,  0.0 wa,  0.0 hi,  0.0 si,  0.0 st\nMiB Mem : {:>8.1} total, {:>8.1} free, {:>8.1} used, {:>8.1} buff/cache\nMiB Swap:      0.0 total,      0.0 free,      0.0 used. {:>8.1} avail Mem\n\n    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND\n",
            uptime_line(sys),
            all - running.min(all),
            100.0 - busy,
            total as f64 / 1024.0,
            free as f64 / 1024.0,
            used as f64 / 1024.0,
            cache as f64 / 1024.0,
            available as f64 / 1024.0,
        )
    } else {
        format!(
            "Mem: {used}K used, {free}K free, 0K shrd, 0K buff, {cache}K cached\nCPU: {busy:>3.0}% usr   0% sys   0% nic {:>3.0}% idle   0% io   0% irq   0% sirq\nLoad average: {l:.2} {l:.2} {l:.2} {running}/{all} {all}\n  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND\n",
            100.0 - busy
        )
    };
    let mut rows: Vec<(u32, String)> = Vec::new();
    for p in m.namespace().into_iter().filter(|p| !p.has_ended()) {
        let (spent_ms, millis) = (p.spent_ms, p.millis);
        let kilobytes = p.memory_bytes / 1024;
        let user = known.user(p.cred.uid);
        let percent = f64::from(millis) / 10.0;
        let share = kilobytes as f64 * 100.0 / total as f64;
        let row = if sys.gnu() {
            let short = super::short_name(p.argv.first().map_or("", String::as_str));
            format!(
                "{:>7} {user:<9} 20   0 {:>7} {kilobytes:>6}      0 {} {percent:>5.1} {share:>5.1} {:>6}:{:02}.{:02} {short}\n",
                p.pid,
                kilobytes * 2,
                p.state,
                spent_ms / 60_000,
                spent_ms / 1000 % 60,
                spent_ms / 10 % 100
            )
        } else {
            format!(
                "{:>5} {:>5} {user:<8} {} {kilobytes:>8} {share:>3.0}%   0 {:>3.0}% {}\n",
                p.pid,
                p.ppid,
                p.state,
                percent / cores,
                p.argv.join(" ")
            )
        };
        rows.push((millis, row));
    }
    ordered::Sort::arrange_by_key(&mut rows[..], |r| std::cmp::Reverse(r.0));
    out.extend(rows.into_iter().map(|r| r.1));
    sys.out(out);
    let once = argv[1..].iter().any(|a| a.contains('b') || a.contains("-n"));
    if !once && sys.is_tty(1) {
        sys.err("(printed once)\n");
    }
    0
}

pub(super) fn df(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let flag = |c: char| argv.iter().any(|a| a.starts_with('-') && !a.starts_with("--") && a.contains(c));
    let (human, typed, mega) = (flag('h'), flag('T'), flag('m'));
    let operands: Vec<String> =
        argv[1..].iter().filter(|a| !a.starts_with('-')).map(|a| sys.path(a)).collect();
    let view = sys.fs();
    let root = &view.fs.tree;
    let total = root.limit.unwrap_or(DISK_BYTES);
    let system = if root.limit.is_some() { 0 } else { DISK_USED };
    let mut rows = vec![("overlay".to_string(), "overlay", total, system + root.used, "/".to_string())];
    rows.push(("tmpfs".into(), "tmpfs", 64 << 20, 0, "/dev".into()));
    for (at, id, _) in view.fs.mounts() {
        let tree = view.volumes.trees.get(&id);
        let used = tree.map_or(0, |t| t.used);
        let secret = at.starts_with("/var/run/secrets");
        let (device, kind) = if secret { ("tmpfs", "tmpfs") } else { ("/dev/vda1", "ext4") };
        let limit = tree.and_then(|t| t.limit);
        let used = if limit.is_none() && !secret { DISK_USED + used } else { used };
        rows.push((device.into(), kind, limit.unwrap_or(DISK_BYTES), used, at));
    }
    if !operands.is_empty() {
        let under = |at: &str, path: &str| at == "/" || path == at || path.starts_with(&format!("{at}/"));
        let best = |path: &String| {
            let longest = rows.iter().filter(|r| under(&r.4, path)).max_by_key(|r| r.4.len());
            longest.cloned()
        };
        rows = operands.iter().filter_map(best).collect();
    }
    let shown = |n: u64| match (human, mega) {
        (true, _) => super::files::human(n),
        (_, true) => (n >> 20).to_string(),
        _ => (n / 1024).to_string(),
    };
    let unit = match (human, mega) {
        (true, _) => "Size",
        (_, true) => "1M-blocks",
        _ => "1K-blocks",
    };
    let percent = |used: u64, total: u64| format!("{}%", (used * 100).div_ceil(total.max(1)));
    let mut out = String::new();
    if sys.gnu() {
        let free = if human { "Avail" } else { "Available" };
        let mut table: Vec<[String; 7]> =
            vec![["Filesystem", "Type", unit, "Used", free, "Use%", "Mounted on"].map(String::from)];
        for (name, kind, total, used, at) in rows {
            let free = shown(total.saturating_sub(used));
            table.push([name, kind.into(), shown(total), shown(used), free, percent(used, total), at]);
        }
        let width = |i: usize| table.iter().map(|r| r[i].len()).max().unwrap_or(0);
        let least = [14, 4, 5, 5, 5, 4];
        let w: Vec<usize> = least.iter().enumerate().map(|(i, n)| width(i).max(*n)).collect();
        for r in &table {
            let kind = if typed { format!(" {:<w1$}", r[1], w1 = w[1]) } else { String::new() };
            out.push_str(&format!(
                "{:<w0$}{kind} {:>w2$} {:>w3$} {:>w4$} {:>w5$} {}\n",
                r[0],
                r[2],
                r[3],
                r[4],
                r[5],
                r[6],
                w0 = w[0],
                w2 = w[2],
                w3 = w[3],
                w4 = w[4],
                w5 = w[5]
            ));
        }
    } else {
        let kind_head = if typed { "Type       " } else { "" };
        out.push_str(&format!(
            "Filesystem           {kind_head}{unit:>9}      Used Available Use% Mounted on\n"
        ));
        for (name, kind, total, used, at) in rows {
            let kind = if typed { format!("{kind:<10} ") } else { String::new() };
            out.push_str(&format!(
                "{name:<20} {kind}{:>9} {:>9} {:>9} {:>4} {at}\n",
                shown(total),
                shown(used),
                shown(total.saturating_sub(used)),
                percent(used, total)
            ));
        }
    }
    sys.out(out);
    0
}

pub(super) fn mount(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    if argv.iter().skip(1).any(|a| !a.starts_with('-')) {
        let what = argv.last().cloned().unwrap_or_default();
        return super::usage(
            sys,
            &if sys.gnu() {
                format!("mount: {what}: must be superuser to use mount.\n")
            } else {
                "mount: permission denied (are you root?)\n".to_owned()
            },
        );
    }
    let out: String = mounts(sys.machine())
        .into_iter()
        .map(|(device, at, kind, how)| format!("{device} on {at} type {kind} ({how})\n"))
        .collect();
    sys.out(out);
    0
}
