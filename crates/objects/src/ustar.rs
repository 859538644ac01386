//! ustar archives in memory: members to bytes and back. Who walks which files is not known here.
//!
//! Models POSIX ustar. Not modelled: devices, hard links, sparse files.

/// Headers and bodies come in whole blocks.
pub const BLOCK: usize = 512;

/// What a member's header says beside its name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Head<'a> {
    /// `0` a file, `2` a symbolic link, `5` a directory.
    pub kind: u8,
    pub mode: u64,
    pub uid: u64,
    pub gid: u64,
    /// Seconds since 1970.
    pub mtime: u64,
    pub target: &'a str,
}

/// A member of an archive.
#[derive(Clone, Debug)]
pub struct Member<'a> {
    pub name: String,
    pub kind: u8,
    pub mode: u64,
    pub uid: u64,
    pub gid: u64,
    pub mtime: u64,
    /// Where a symbolic link leads.
    pub target: String,
    pub body: &'a [u8],
}

fn octal(field: &mut [u8], n: u64) {
    let width = field.len() - 1;
    let text = format!("{n:0width$o}");
    let text = &text.as_bytes()[text.len() - width..];
    field[..width].copy_from_slice(text);
}

fn number(field: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(field);
    u64::from_str_radix(text.trim_matches(['\0', ' ']), 8).unwrap_or(0)
}

/// Adds a member; false: its name is too long for an archive, which stays as it is.
#[must_use]
pub fn add(out: &mut Vec<u8>, name: &str, head: &Head<'_>, body: &[u8]) -> bool {
    let mut h = [0u8; BLOCK];
    let (prefix, last) = if name.len() <= 100 {
        ("", name)
    } else {
        match name.char_indices().find(|(i, c)| *c == '/' && name.len() - i - 1 <= 100) {
            Some((cut, _)) => (&name[..cut], &name[cut + 1..]),
            None => return false,
        }
    };
    if prefix.len() > 155 || head.target.len() > 100 {
        return false;
    }
    h[..last.len()].copy_from_slice(last.as_bytes());
    octal(&mut h[100..108], head.mode);
    octal(&mut h[108..116], head.uid);
    octal(&mut h[116..124], head.gid);
    octal(&mut h[124..136], body.len() as u64);
    octal(&mut h[136..148], head.mtime);
    h[148..156].fill(b' ');
    h[156] = head.kind;
    h[157..157 + head.target.len()].copy_from_slice(head.target.as_bytes());
    h[257..265].copy_from_slice(b"ustar\x0000");
    h[345..345 + prefix.len()].copy_from_slice(prefix.as_bytes());
    let sum: u64 = h.iter().map(|b| u64::from(*b)).sum();
    octal(&mut h[148..155], sum);
    out.extend(h);
    out.extend(body);
    out.resize(out.len().next_multiple_of(BLOCK), 0);
    true
}

/// Closes an archive: two empty blocks, filled up to a record.
pub fn end(out: &mut Vec<u8>) {
    out.resize((out.len() + 2 * BLOCK).next_multiple_of(20 * BLOCK), 0);
}

/// The members of an archive; `None`: this is none.
#[must_use]
pub fn members(data: &[u8]) -> Option<Vec<Member<'_>>> {
    let (mut all, mut at) = (Vec::new(), 0);
    let text =
        |f: &[u8]| String::from_utf8_lossy(f.split(|b| *b == 0).next().unwrap_or_default()).into_owned();
    while let Some(head) = data.get(at..at + BLOCK) {
        if head.iter().all(|b| *b == 0) {
            break;
        }
        if &head[257..262] != b"ustar" {
            return None;
        }
        let size = usize::try_from(number(&head[124..136])).ok()?;
        let body = data.get(at + BLOCK..(at + BLOCK).checked_add(size)?)?;
        let (name, prefix) = (text(&head[..100]), text(&head[345..500]));
        all.push(Member {
            name: if prefix.is_empty() { name } else { format!("{prefix}/{name}") },
            kind: head[156],
            mode: number(&head[100..108]),
            uid: number(&head[108..116]),
            gid: number(&head[116..124]),
            mtime: number(&head[136..148]),
            target: text(&head[157..257]),
            body,
        });
        at += BLOCK + size.next_multiple_of(BLOCK);
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        let long = format!("{}/{}", "d".repeat(90), "f".repeat(60));
        let mut out = Vec::new();
        let file = Head { kind: b'0', mode: 0o644, uid: 7, ..Head::default() };
        assert!(add(&mut out, "a/b", &file, b"hello"));
        assert!(add(&mut out, &long, &Head { kind: b'2', target: "a/b", ..file }, b""));
        assert!(!add(&mut out, &"x".repeat(300), &file, b""));
        end(&mut out);
        assert_eq!(out.len() % (20 * BLOCK), 0);
        let all = members(&out).unwrap();
        let shown: Vec<_> =
            all.iter().map(|m| (m.name.as_str(), m.mode, m.uid, m.target.as_str(), m.body)).collect();
        assert_eq!(shown, [("a/b", 0o644, 7, "", &b"hello"[..]), (long.as_str(), 0o644, 7, "a/b", &b""[..])]);
        assert!(members(b"no archive").is_some_and(|m| m.is_empty()));
        assert!(members(&[b'x'; 600]).is_none());
    }
}
