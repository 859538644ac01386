//! Bytes shown: `od`, `hexdump`, `xxd`.

use super::gather::{Gathered, Job, Tool, gather, operands};
use crate::machine::{Program, Sys};

const WIDTH: usize = 16;

static TOOL: Tool = Tool { spec: "A:t:N:n:j:s:w:l:c:bCdoxvprg:i", files: operands, finish, part, enough };
/// `od` and `hexdump` take `-c` without a value.
static PLAIN: Tool = Tool { spec: "A:t:N:n:j:s:w:bcCdoxvpri", ..TOOL };

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    gather(if super::short_name(&argv[0]) == "xxd" { &TOOL } else { &PLAIN }, argv)
}

fn number(job: &Job, flag: char) -> Option<usize> {
    let text = job.args.value(flag)?;
    match text.strip_prefix("0x") {
        Some(hex) => usize::from_str_radix(hex, 16).ok(),
        None => super::head::count(text).and_then(|n| usize::try_from(n).ok()),
    }
}

fn skipped(job: &Job) -> usize {
    number(job, if job.name == "od" { 'j' } else { 's' }).unwrap_or(0)
}

fn length(job: &Job) -> Option<usize> {
    let flag = match job.name.as_str() {
        "od" => 'N',
        "xxd" => 'l',
        _ => 'n',
    };
    number(job, flag)
}

fn width(job: &Job) -> usize {
    let usual = if job.name == "xxd" && job.args.has('p') { 30 } else { WIDTH };
    number(job, if job.name == "od" { 'w' } else { 'c' }).unwrap_or(usual).clamp(1, 256)
}

fn enough(job: &Job) -> usize {
    length(job).map_or(usize::MAX, |n| n.saturating_add(skipped(job)))
}

/// Whole rows, once all that is skipped has come.
fn part(job: &Job, data: &[u8]) -> usize {
    let row = width(job);
    let before = if job.has_begun { 0 } else { skipped(job) };
    if (job.name == "xxd" && job.args.has('r')) || data.len() < before {
        return 0;
    }
    // The last row waits: what follows may be part of it.
    before + (data.len() - before).saturating_sub(1) / row * row
}

fn character(b: u8) -> String {
    match b {
        0 => "\\0".into(),
        7 => "\\a".into(),
        8 => "\\b".into(),
        9 => "\\t".into(),
        10 => "\\n".into(),
        11 => "\\v".into(),
        12 => "\\f".into(),
        13 => "\\r".into(),
        b' '..=b'~' => char::from(b).to_string(),
        b => format!("{b:03o}"),
    }
}

fn readable(chunk: &[u8]) -> String {
    chunk.iter().map(|b| if (b' '..=b'~').contains(b) { char::from(*b) } else { '.' }).collect()
}

fn word(pair: &[u8]) -> u16 {
    u16::from_le_bytes([pair[0], pair.get(1).copied().unwrap_or(0)])
}

/// Four or eight bytes as one number.
fn long(bytes: &[u8], kind: &str) -> String {
    let n = bytes.iter().rev().fold(0u64, |n, b| n << 8 | u64::from(*b));
    let wide = kind.ends_with('8');
    match kind.as_bytes().first() {
        Some(b'x') if wide => format!(" {n:016x}"),
        Some(b'x') => format!(" {n:08x}"),
        Some(b'd') if wide => format!(" {:>20}", n as i64),
        Some(b'd') => format!(" {:>11}", n as u32 as i32),
        Some(b'u') if wide => format!(" {n:>20}"),
        Some(b'u') => format!(" {n:>10}"),
        _ if wide => format!(" {n:022o}"),
        _ => format!(" {n:011o}"),
    }
}

fn finish(sys: &mut Sys<'_>, job: &mut Job, all: Gathered) -> i32 {
    let name = job.name.clone();
    let args = job.args.clone();
    let data: Vec<u8> = all.into_iter().flat_map(|f| f.1).collect();
    sys.charge((data.len() >> 4) as u32);
    let skip = if job.has_begun { 0 } else { skipped(job).min(data.len()) };
    let begin = if job.has_begun { job.count as usize } else { skip };
    let left = length(job).map_or(usize::MAX, |n| n.saturating_sub(begin - skipped(job).min(begin)));
    let data = &data[skip..];
    let data = &data[..data.len().min(left)];
    let width = width(job);
    job.count = (begin + data.len()) as u64;
    if name == "xxd" && args.has('r') {
        let digits: Vec<u32> = data.iter().filter_map(|b| char::from(*b).to_digit(16)).collect();
        let bytes: Vec<u8> = digits.chunks_exact(2).map(|d| (d[0] * 16 + d[1]) as u8).collect();
        sys.out(bytes);
        return 0;
    }
    if name == "xxd" && args.has('p') {
        let hex: String = data.iter().map(|b| format!("{b:02x}")).collect();
        for line in hex.as_bytes().chunks(width * 2) {
            sys.out(line);
            sys.out("\n");
        }
        return 0;
    }
    let kind = args.value('t').unwrap_or("");
    let mut out = String::new();
    for (i, chunk) in data.chunks(width).enumerate() {
        let at = begin + i * width;
        if name != "xxd" && !args.has('v') && chunk.len() == width {
            if job.row == chunk {
                if !std::mem::replace(&mut job.left_out, true) {
                    out.push_str("*\n");
                }
                continue;
            }
            (job.row, job.left_out) = (chunk.to_vec(), false);
        }
        let cells = |f: &dyn Fn(u8) -> String| chunk.iter().map(|b| f(*b)).collect::<String>();
        let line = match name.as_str() {
            "xxd" => {
                let pairs: Vec<String> =
                    chunk.chunks(2).map(|p| p.iter().map(|b| format!("{b:02x}")).collect()).collect();
                format!("{at:08x}: {:<40} {}", pairs.join(" ") + " ", readable(chunk))
            }
            "hexdump" if args.has('C') => {
                let mut hex = String::new();
                for (n, b) in chunk.iter().enumerate() {
                    hex.push_str(if n == 8 { "  " } else { " " });
                    hex.push_str(&format!("{b:02x}"));
                }
                format!("{at:08x} {hex:<49}  |{}|", readable(chunk))
            }
            "hexdump" if args.has('c') => format!("{at:07x}{}", cells(&|b| format!("{:>4}", character(b)))),
            "hexdump" => {
                format!(
                    "{at:07x}{}",
                    chunk.chunks(2).map(|p| format!(" {:04x}", word(p))).collect::<String>()
                )
            }
            _ => {
                let address = match args.value('A') {
                    Some("n") => String::new(),
                    Some("x") => format!("{at:06x}"),
                    Some("d") => format!("{at:07}"),
                    _ => format!("{at:07o}"),
                };
                let body = if args.has('c') || kind.starts_with('c') {
                    cells(&|b| format!("{:>4}", character(b)))
                } else if args.has('b') || kind == "o1" {
                    cells(&|b| format!(" {b:03o}"))
                } else if kind == "x1" || kind == "xC" {
                    cells(&|b| format!(" {b:02x}"))
                } else if kind == "u1" {
                    cells(&|b| format!(" {b:>3}"))
                } else if args.has('x') || kind == "x2" {
                    chunk.chunks(2).map(|p| format!(" {:04x}", word(p))).collect()
                } else if args.has('d') || kind == "u2" {
                    chunk.chunks(2).map(|p| format!(" {:>5}", word(p))).collect()
                } else if kind.ends_with('4') {
                    chunk.chunks(4).map(|p| long(p, kind)).collect()
                } else if kind.ends_with('8') {
                    chunk.chunks(8).map(|p| long(p, kind)).collect()
                } else if kind.starts_with('u') || kind.starts_with('d') {
                    chunk.chunks(4).map(|p| long(p, kind)).collect()
                } else {
                    chunk.chunks(2).map(|p| format!(" {:06o}", word(p))).collect()
                };
                format!("{address}{body}")
            }
        };
        out.push_str(&line);
        out.push('\n');
    }
    let total = job.count;
    match name.as_str() {
        _ if !job.is_last => {}
        "od" if args.value('A') != Some("n") => out.push_str(&match args.value('A') {
            Some("x") => format!("{total:06x}\n"),
            Some("d") => format!("{total:07}\n"),
            _ => format!("{total:07o}\n"),
        }),
        "hexdump" if args.has('C') && total > 0 => out.push_str(&format!("{total:08x}\n")),
        "hexdump" if total > 0 => out.push_str(&format!("{total:07x}\n")),
        _ => {}
    }
    sys.out(out);
    0
}
