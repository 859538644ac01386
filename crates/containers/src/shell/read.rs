//! `read`: a line, or part of one, into variables; it may have to wait for it.

use clock::Time;

use super::builtins::Done;
use super::expand::split_read;
use super::interp::Frame;
use super::{Dialect, Shell, Value};
use crate::machine::{Got, Sys, Wait};

/// Reads of one step: a line without end is read over several.
const READS_MAX: usize = 256;

/// A `read` under way.
#[derive(Clone, Debug)]
pub(super) struct Read {
    names: Vec<String>,
    raw: bool,
    delimiter: u8,
    limit: Option<usize>,
    until: Option<Time>,
    array: bool,
    line: Vec<u8>,
    /// Characters in the line.
    chars: usize,
    fd: u32,
}

pub(super) fn read(shell: &mut Shell, sys: &mut Sys<'_>, args: &[String]) -> Done {
    let mut read = Read {
        names: Vec::new(),
        raw: false,
        delimiter: b'\n',
        limit: None,
        until: None,
        array: false,
        line: Vec::new(),
        chars: 0,
        fd: 0,
    };
    let mut i = 0;
    while let Some(arg) = args.get(i) {
        i += 1;
        let Some(flags) = arg.strip_prefix('-').filter(|f| !f.is_empty()) else {
            read.names.push(arg.clone());
            continue;
        };
        for (n, c) in flags.char_indices() {
            if matches!(c, 'r' | 's' | 'e') {
                read.raw |= c == 'r';
                continue;
            }
            let rest = &flags[n + c.len_utf8()..];
            let value = if rest.is_empty() {
                i += 1;
                args.get(i - 1).cloned().unwrap_or_default()
            } else {
                rest.to_string()
            };
            match c {
                'p' => sys.err(&value),
                't' => {
                    let seconds = value.parse::<f64>().unwrap_or(0.0).clamp(0.0, 1e9);
                    read.until = Some(sys.now() + (seconds * 1000.0) as i64);
                }
                'n' | 'N' => read.limit = value.parse().ok(),
                'd' => read.delimiter = value.bytes().next().unwrap_or(0),
                'u' => read.fd = value.parse().unwrap_or(0),
                'a' => {
                    read.array = true;
                    read.names.push(value);
                }
                _ => {
                    shell.fail(sys, &format!("read: -{c}: invalid option"));
                    return Done::Status(2);
                }
            }
            break;
        }
    }
    read_more(shell, sys, read)
}

pub(super) fn read_more(shell: &mut Shell, sys: &mut Sys<'_>, mut read: Read) -> Done {
    for _ in 0..READS_MAX {
        let got = if read.delimiter == b'\n' && read.limit.is_none() {
            sys.read_line_part(read.fd)
        } else {
            sys.read(read.fd, 1)
        };
        match got {
            Got::Data(data) => {
                sys.charge(1);
                // Only what begins a character counts.
                read.chars += data.iter().filter(|b| **b & 0xc0 != 0x80).count();
                read.line.extend(data);
                let ended = read.line.last() == Some(&read.delimiter);
                if ended {
                    read.line.pop();
                    let escaped = read.line.iter().rev().take_while(|b| **b == b'\\').count() % 2 == 1;
                    if escaped && !read.raw {
                        read.line.pop();
                        continue;
                    }
                }
                if ended || read.limit.is_some_and(|n| read.chars >= n) {
                    return read_done(shell, &read, 0);
                }
                if read.line.len() > 1 << 20 {
                    return Done::Fatal("out of memory".into());
                }
            }
            Got::Wait => {
                if let Some(until) = read.until {
                    if sys.now() >= until {
                        let code = if shell.dialect == Dialect::Bash { 142 } else { 1 };
                        return read_done(shell, &read, code);
                    }
                    let fd = read.fd;
                    return Done::Wait(Frame::Read(read), Wait::ReadUntil(fd, until));
                }
                let fd = read.fd;
                return Done::Wait(Frame::Read(read), Wait::Read(fd));
            }
            Got::End | Got::Failed(_) => return read_done(shell, &read, 1),
        }
    }
    Done::Wait(Frame::Read(read), Wait::Ready)
}

fn read_done(shell: &mut Shell, read: &Read, status: i32) -> Done {
    let text = String::from_utf8_lossy(&read.line).replace('\0', "");
    let ifs = shell.get("IFS").unwrap_or_else(|| " \t\n".into());
    // An escaped character is hidden from splitting.
    let mut hidden = String::new();
    let mut chars = text.chars();
    let mut kept = Vec::new();
    while let Some(c) = chars.next() {
        if c == '\\' && !read.raw {
            if let Some(e) = chars.next() {
                hidden.push('\u{2}');
                kept.push(e);
            }
        } else {
            hidden.push(c);
        }
    }
    let mut kept = kept.into_iter();
    let mut show = |t: &str| -> String {
        t.chars().map(|c| if c == '\u{2}' { kept.next().unwrap_or(c) } else { c }).collect()
    };
    if read.array {
        let parts = split_read(&hidden, &ifs, usize::MAX);
        let items = (0..).zip(parts.iter().filter(|p| !p.is_empty()).map(|p| show(p))).collect();
        shell.put(&read.names[0], Value::Array(items));
        return Done::Status(status);
    }
    let reply = vec!["REPLY".to_string()];
    let names = if read.names.is_empty() { &reply } else { &read.names };
    let values = if read.names.is_empty() && shell.dialect == Dialect::Bash {
        vec![hidden]
    } else {
        split_read(&hidden, &ifs, names.len())
    };
    for (n, name) in names.iter().enumerate() {
        let value = values.get(n).map(|v| show(v)).unwrap_or_default();
        if let Err(e) = shell.set(name, value) {
            return Done::Fatal(e);
        }
    }
    Done::Status(status)
}
