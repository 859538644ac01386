//! Bytes shown: `od`, `hexdump`, `xxd`.

use super::args::Args;
use super::gather::{Gathered, Tool, gather, operands};
use crate::machine::{Program, Sys};

const WIDTH: usize = 16;

static TOOL: Tool = Tool { spec: "A:t:N:n:j:s:w:l:c:bCdoxvprg:i", files: operands, finish };
/// `od` and `hexdump` take `-c` without a value.
static PLAIN: Tool = Tool { spec: "A:t:N:n:j:s:w:bcCdoxvpri", files: operands, finish };

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    gather(if super::short_name(&argv[0]) == "xxd" { &TOOL } else { &PLAIN }, argv)
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

fn finish(sys: &mut Sys<'_>, argv: &[String], args: &Args, all: Gathered) -> i32 {
    let name = super::short_name(&argv[0]).to_string();
    let data: Vec<u8> = all.into_iter().flat_map(|f| f.1).collect();
    let number =
        |flags: &[char]| flags.iter().find_map(|f| args.value(*f)).and_then(|n| n.parse::<usize>().ok());
    let skip = number(if name == "od" { &['j'] } else { &['s'] }).unwrap_or(0).min(data.len());
    let length = number(match name.as_str() {
        "od" => &['N'],
        "xxd" => &['l'],
        _ => &['n'],
    });
    let end = length.map_or(data.len(), |n| (skip + n).min(data.len()));
    let data = &data[skip..end];
    if name == "xxd" && args.has('r') {
        let digits: Vec<u32> = data.iter().filter_map(|b| char::from(*b).to_digit(16)).collect();
        let bytes: Vec<u8> = digits.chunks_exact(2).map(|d| (d[0] * 16 + d[1]) as u8).collect();
        sys.out(bytes);
        return 0;
    }
    if name == "xxd" && args.has('p') {
        let hex: String = data.iter().map(|b| format!("{b:02x}")).collect();
        let lines: Vec<&str> =
            hex.as_bytes().chunks(60).filter_map(|c| std::str::from_utf8(c).ok()).collect();
        sys.out(lines.join("\n") + "\n");
        return 0;
    }
    let width = number(if name == "od" { &['w'] } else { &['c'] }).unwrap_or(WIDTH).clamp(1, 256);
    let kind = args.value('t').unwrap_or("");
    let mut out = String::new();
    for (i, chunk) in data.chunks(width).enumerate() {
        let at = skip + i * width;
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
                } else {
                    chunk.chunks(2).map(|p| format!(" {:06o}", word(p))).collect()
                };
                format!("{address}{body}")
            }
        };
        out.push_str(&line);
        out.push('\n');
    }
    let total = skip + data.len();
    match name.as_str() {
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
