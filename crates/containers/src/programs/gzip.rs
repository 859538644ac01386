//! `gzip`, `gunzip`, `zcat`: files in gzip's format.
//!
//! Models RFC 1952 with stored blocks: what is packed here unpacks anywhere and is not smaller. Not modelled:
//! unpacking what another program compressed.

use super::gather::{Gathered, Job, Tool, gather, no_end, operands};
use crate::machine::{Program, Sys};

/// Bytes of one stored block.
const BLOCK: usize = 65_535;

static TOOL: Tool = Tool { spec: "cdkfnqrtvl123456789", files: operands, finish, part, enough: no_end };

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    gather(&TOOL, argv)
}

fn unpacks(job: &Job) -> bool {
    job.args.has('d') || job.args.has('t') || matches!(job.name.as_str(), "gunzip" | "zcat")
}

/// What is packed to standard output is handed on block by block.
fn part(job: &Job, data: &[u8]) -> usize {
    let to_out = job.args.has('c') || job.args.rest.is_empty();
    if unpacks(job) || !to_out || data.len() <= BLOCK { 0 } else { BLOCK }
}

/// One block on its way: the header before the first, the sums after the last.
fn block(job: &mut Job, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut sum, mut len) = (!0u32, 0u64);
    if let [a, b, c, d] = job.row[..] {
        (sum, len) = (u32::from_le_bytes([a, b, c, d]), job.count);
    } else {
        out.extend(HEADER);
    }
    sum = crc_on(sum, data);
    len += data.len() as u64;
    let size = data.len() as u16;
    out.push(u8::from(job.is_last));
    out.extend(size.to_le_bytes());
    out.extend((!size).to_le_bytes());
    out.extend(data);
    if job.is_last {
        out.extend((!sum).to_le_bytes());
        out.extend((len as u32).to_le_bytes());
    }
    (job.row, job.count) = (sum.to_le_bytes().to_vec(), len);
    out
}

const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];

fn crc(data: &[u8]) -> u32 {
    !crc_on(!0, data)
}

fn crc_on(sum: u32, data: &[u8]) -> u32 {
    // Half a byte at a time.
    let table: [u32; 16] = std::array::from_fn(|n| {
        (0..4).fold(n as u32, |c, _| if c & 1 == 1 { (c >> 1) ^ 0xedb8_8320 } else { c >> 1 })
    });
    data.iter().fold(sum, |crc, byte| {
        let crc = crc ^ u32::from(*byte);
        let crc = (crc >> 4) ^ table[(crc & 15) as usize];
        (crc >> 4) ^ table[(crc & 15) as usize]
    })
}

pub(super) fn packed(data: &[u8]) -> Vec<u8> {
    let mut out = HEADER.to_vec();
    let blocks = data.len().div_ceil(BLOCK).max(1);
    for i in 0..blocks {
        let block = &data[i * BLOCK..data.len().min((i + 1) * BLOCK)];
        let len = block.len() as u16;
        out.push(u8::from(i + 1 == blocks));
        out.extend(len.to_le_bytes());
        out.extend((!len).to_le_bytes());
        out.extend(block);
    }
    out.extend(crc(data).to_le_bytes());
    out.extend((data.len() as u32).to_le_bytes());
    out
}

/// `None`: not in a form that can be read here.
pub(super) fn unpacked(data: &[u8]) -> Option<Vec<u8>> {
    let flags = *data.get(3)?;
    if !data.starts_with(&[0x1f, 0x8b, 8]) || flags & 0xf6 != 0 {
        return None;
    }
    let mut at = 10;
    if flags & 8 != 0 {
        at += data.get(at..)?.iter().position(|b| *b == 0)? + 1;
    }
    let mut out = Vec::new();
    loop {
        let head = data.get(at..at + 5)?;
        if head[0] > 1 {
            return None;
        }
        let len = usize::from(u16::from_le_bytes([head[1], head[2]]));
        out.extend(data.get(at + 5..at + 5 + len)?);
        at += 5 + len;
        if head[0] == 1 {
            return Some(out);
        }
    }
}

fn finish(sys: &mut Sys<'_>, job: &mut Job, all: Gathered) -> i32 {
    if job.has_begun || !job.is_last {
        for (_, data) in all {
            let out = block(job, &data);
            sys.out(out);
        }
        return 0;
    }
    let (name, args) = (job.name.clone(), job.args.clone());
    let unpack = unpacks(job);
    let mut code = 0;
    for (file, data) in all {
        let to_out = args.has('c') || name == "zcat" || file == "-";
        let Some(result) = (if unpack { unpacked(&data) } else { Some(packed(&data)) }) else {
            let text = if sys.gnu() {
                format!("\n{name}: {}: not in gzip format\n", if file == "-" { "stdin" } else { &file })
            } else {
                format!("{name}: invalid magic\n")
            };
            sys.err(&text);
            code = 1;
            continue;
        };
        if args.has('t') {
            continue;
        }
        if to_out {
            sys.out(result);
            continue;
        }
        let target = if unpack {
            let bare = file.strip_suffix(".gz").map(str::to_string);
            bare.or_else(|| file.strip_suffix(".tgz").map(|f| format!("{f}.tar")))
        } else if file.ends_with(".gz") {
            None
        } else {
            Some(format!("{file}.gz"))
        };
        let Some(target) = target else {
            let why = if unpack { "unknown suffix" } else { "already has .gz suffix" };
            let gnu =
                if unpack { "unknown suffix -- ignored" } else { "already has .gz suffix -- unchanged" };
            let text = if sys.gnu() {
                format!("{name}: {file}: {gnu}\n")
            } else {
                format!("{name}: {file}: {why}\n")
            };
            sys.err(&text);
            code = 1;
            continue;
        };
        let (from, to) = (sys.path(&file), sys.path(&target));
        if sys.fs().exists(&to) && !args.has('f') {
            sys.err(&format!("{name}: {target}: File exists\n"));
            code = 1;
            continue;
        }
        if let Err(e) = sys.fs().write(&to, &result) {
            sys.err(&format!("{name}: can't open '{target}': {e}\n"));
            code = 1;
            continue;
        }
        if !args.has('k') {
            let _ = sys.fs().unlink(&from);
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked() {
        for data in [Vec::new(), b"hello\n".to_vec(), vec![7; 200_000]] {
            assert_eq!(unpacked(&packed(&data)), Some(data));
        }
        assert_eq!(crc(b"123456789"), 0xcbf4_3926);
        assert_eq!(unpacked(b"plain"), None);
        assert_eq!(unpacked(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 255]), None);
    }
}
