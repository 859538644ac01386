//! Small filters over whole inputs: `paste`, `nl`, `fold`, `comm`, `shuf`, `cmp`, `strings`, `cksum`, `expand`, `dos2unix`, `unix2dos`.

use super::args::Args;
use super::gather::{Gathered, Job, Tool, all_of_it, gather, no_end, operands};
use crate::machine::{Program, Sys};

static TOOL: Tool =
    Tool { spec: "d:sb:v:w:n:t:i:e123zr", files: operands, finish, part: all_of_it, enough: no_end };
/// Those that go on for as long as their input does.
static FILTER: Tool = Tool { part, ..TOOL };
/// `cmp` looks no further than it is told, or than it can.
static COMPARE: Tool = Tool { spec: "sln:", files: operands, finish, part: all_of_it, enough: no_end };

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    let tool = match super::short_name(&argv[0]) {
        "nl" | "fold" | "strings" | "expand" => &FILTER,
        "cmp" => &COMPARE,
        _ => &TOOL,
    };
    gather(tool, argv)
}

fn lines(data: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(data).lines().map(str::to_owned).collect()
}

/// Whole lines where there are any; else whole characters.
fn part(_: &Job, data: &[u8]) -> usize {
    let line = data.iter().rposition(|b| *b == b'\n').map(|i| i + 1);
    line.unwrap_or_else(|| match std::str::from_utf8(data) {
        Err(e) if e.error_len().is_none() => e.valid_up_to(),
        _ => data.len(),
    })
}

fn finish(sys: &mut Sys<'_>, job: &mut Job, all: Gathered) -> i32 {
    match job.name.as_str() {
        "paste" => paste(sys, &job.args, &all),
        "nl" => nl(sys, job, &all),
        "fold" => fold(sys, job, &all),
        "comm" => return comm(sys, &job.args, &all),
        "shuf" => shuf(sys, &job.args, &all),
        "cmp" => return cmp(sys, &job.args, &all),
        "strings" => strings(sys, &job.args, &all),
        "cksum" => cksum(sys, &all),
        "expand" => expand(sys, job, &all),
        _ => ends(sys, job.name == "dos2unix", all),
    }
    0
}

fn paste(sys: &mut Sys<'_>, args: &Args, all: &Gathered) {
    let marks: Vec<char> = crate::shell::unescape(args.value('d').unwrap_or("\t"), false).0.chars().collect();
    let mark = |i: usize| marks.get(i % marks.len().max(1)).map(char::to_string).unwrap_or_default();
    let joined = |parts: &[String]| {
        let mut out = String::new();
        for (i, p) in parts.iter().enumerate() {
            if i > 0 {
                out.push_str(&mark(i - 1));
            }
            out.push_str(p);
        }
        out.push('\n');
        out
    };
    let columns: Vec<Vec<String>> = all.iter().map(|f| lines(&f.1)).collect();
    let out: String = if args.has('s') {
        columns.iter().map(|c| joined(c)).collect()
    } else if columns.len() > 1 && all.iter().all(|f| f.0 == "-") {
        // `paste - -`: the first reads all there is, so its lines are dealt out.
        let row = |part: &[String]| {
            let mut row = part.to_vec();
            row.resize(columns.len(), String::new());
            joined(&row)
        };
        columns[0].chunks(columns.len()).map(row).collect()
    } else {
        let rows = columns.iter().map(Vec::len).max().unwrap_or(0);
        (0..rows)
            .map(|r| {
                joined(&columns.iter().map(|c| c.get(r).cloned().unwrap_or_default()).collect::<Vec<_>>())
            })
            .collect()
    };
    sys.out(out);
}

fn nl(sys: &mut Sys<'_>, job: &mut Job, all: &Gathered) {
    let args = &job.args;
    let first = args.value('v').and_then(|v| v.parse().ok()).unwrap_or(1u64);
    let (mut n, mut out) = (first.saturating_add(job.count), String::new());
    let every = args.value('b') == Some("a");
    let mark = args.value('s').unwrap_or("\t");
    let width = args.value('w').and_then(|w| w.parse().ok()).unwrap_or(6usize).min(100);
    for line in all.iter().flat_map(|f| lines(&f.1)) {
        if line.is_empty() && !every {
            out.push_str(&format!("{:width$} \n", ""));
        } else {
            out.push_str(&format!("{n:width$}{mark}{line}\n"));
            n += 1;
        }
    }
    job.count = n.saturating_sub(first);
    sys.out(out);
}

fn fold(sys: &mut Sys<'_>, job: &mut Job, all: &Gathered) {
    let width = job.args.value('w').and_then(|w| w.parse().ok()).unwrap_or(80u64).max(1);
    let mut out = String::new();
    for (i, f) in all.iter().enumerate() {
        // The first is the rest of what was worked on before.
        let mut column = if i == 0 { job.count } else { 0 };
        for c in String::from_utf8_lossy(&f.1).chars() {
            if c != '\n' && column == width {
                out.push('\n');
                column = 0;
            }
            column = if c == '\n' { 0 } else { column + 1 };
            out.push(c);
        }
        job.count = column;
    }
    sys.out(out);
}

fn comm(sys: &mut Sys<'_>, args: &Args, all: &Gathered) -> i32 {
    let [a, b] = all.as_slice() else { return super::usage(sys, "comm: missing operand\n") };
    let (a, b) = (lines(&a.1), lines(&b.1));
    let (mut i, mut j, mut out) = (0, 0, String::new());
    let mut put = |column: char, line: &str| {
        if !args.has(column) {
            let before = ['1', '2', '3'].iter().filter(|c| **c < column && !args.has(**c)).count();
            out.push_str(&format!("{}{line}\n", "\t".repeat(before)));
        }
    };
    loop {
        match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) if x == y => {
                put('3', x);
                (i, j) = (i + 1, j + 1);
            }
            (Some(x), y) if y.is_none_or(|y| x < y) => {
                put('1', x);
                i += 1;
            }
            (_, Some(y)) => {
                put('2', y);
                j += 1;
            }
            _ => break,
        }
    }
    sys.out(out);
    0
}

fn shuf(sys: &mut Sys<'_>, args: &Args, all: &Gathered) {
    let mut items: Vec<String> = match args.value('i').and_then(|r| r.split_once('-')) {
        Some((from, to)) => {
            let (from, to) = (from.parse().unwrap_or(0u64), to.parse().unwrap_or(0u64));
            (from..=to).take(1 << 20).map(|n| n.to_string()).collect()
        }
        None => all.iter().flat_map(|f| lines(&f.1)).collect(),
    };
    for i in (1..items.len()).rev() {
        let j = sys.rng().below(i as u64 + 1) as usize;
        items.swap(i, j);
    }
    let n = args.value('n').and_then(|n| n.parse().ok()).unwrap_or(usize::MAX);
    let out: String = items.into_iter().take(n).map(|l| format!("{l}\n")).collect();
    sys.out(out);
}

fn cmp(sys: &mut Sys<'_>, args: &Args, all: &Gathered) -> i32 {
    let [a, b] = all.as_slice() else { return super::usage(sys, "cmp: missing operand\n") };
    let most = args.value('n').and_then(super::head::count).map_or(usize::MAX, |n| n.max(0) as usize);
    let (x, y) = (&a.1[..a.1.len().min(most)], &b.1[..b.1.len().min(most)]);
    let differs = x.iter().zip(y).position(|(x, y)| x != y);
    let text = match differs {
        Some(i) => {
            let line = a.1[..i].iter().filter(|c| **c == b'\n').count() + 1;
            format!("{} {} differ: char {}, line {line}\n", a.0, b.0, i + 1)
        }
        None if x.len() == y.len() => return 0,
        None => {
            if !args.has('s') {
                sys.err(&format!("cmp: EOF on {}\n", if x.len() < y.len() { &a.0 } else { &b.0 }));
            }
            return 1;
        }
    };
    if !args.has('s') {
        sys.out(text);
    }
    1
}

fn strings(sys: &mut Sys<'_>, args: &Args, all: &Gathered) {
    let least = args.value('n').and_then(|n| n.parse().ok()).unwrap_or(4usize);
    let mut out = Vec::new();
    for f in all {
        for run in f.1.split(|b| !(b' '..=b'~').contains(b) && *b != b'\t').filter(|r| r.len() >= least) {
            out.extend(run);
            out.push(b'\n');
        }
    }
    sys.out(out);
}

fn cksum(sys: &mut Sys<'_>, all: &Gathered) {
    let round = |crc: u32, byte: u8| {
        (0..8).fold(crc ^ (u32::from(byte) << 24), |c, _| {
            if c & 0x8000_0000 == 0 { c << 1 } else { (c << 1) ^ 0x04c1_1db7 }
        })
    };
    for (name, data) in all {
        let mut crc = data.iter().fold(0, |c, b| round(c, *b));
        let mut len = data.len();
        while len > 0 {
            crc = round(crc, len as u8);
            len >>= 8;
        }
        let name = if name == "-" { String::new() } else { format!(" {name}") };
        sys.out(format!("{} {}{name}\n", !crc, data.len()));
    }
}

fn expand(sys: &mut Sys<'_>, job: &mut Job, all: &Gathered) {
    let stop = job.args.value('t').and_then(|n| n.parse().ok()).unwrap_or(8usize).clamp(1, 100);
    let (mut out, mut column) = (String::new(), job.count as usize);
    for c in all.iter().flat_map(|f| String::from_utf8_lossy(&f.1).chars().collect::<Vec<_>>()) {
        match c {
            '\t' => {
                let n = stop - column % stop;
                out.push_str(&" ".repeat(n));
                column += n;
            }
            '\n' => {
                out.push(c);
                column = 0;
            }
            c => {
                out.push(c);
                column += 1;
            }
        }
    }
    job.count = column as u64;
    sys.out(out);
}

/// Line ends, in place or from standard input to standard output.
fn ends(sys: &mut Sys<'_>, to_unix: bool, all: Gathered) {
    for (name, data) in all {
        let mut out = Vec::with_capacity(data.len());
        for (i, b) in data.iter().enumerate() {
            match b {
                b'\r' if data.get(i + 1) == Some(&b'\n') => {}
                b'\n' if !to_unix => out.extend(b"\r\n"),
                b => out.push(*b),
            }
        }
        if name == "-" {
            sys.out(out);
        } else {
            let path = sys.path(&name);
            let _ = sys.fs().write(&path, &out);
        }
    }
}
