//! Comparing texts eight bytes at a time: what the compiler calls for it goes byte by byte in wasm.

use std::cmp::Ordering;

/// The order of `a` and `b`: that of their bytes, as of `str` itself.
#[inline(never)]
#[must_use]
pub fn compare(a: &str, b: &str) -> Ordering {
    let (mut x, mut y) = (a.as_bytes(), b.as_bytes());
    while let (Some((p, after_p)), Some((q, after_q))) = (x.split_first_chunk(), y.split_first_chunk()) {
        let (p, q) = (u64::from_le_bytes(*p), u64::from_le_bytes(*q));
        if p != q {
            let first = (p ^ q).trailing_zeros() & !7;
            return ((p >> first) as u8).cmp(&((q >> first) as u8));
        }
        (x, y) = (after_p, after_q);
    }
    for (p, q) in x.iter().zip(y) {
        if p != q {
            return p.cmp(q);
        }
    }
    x.len().cmp(&y.len())
}

/// True when `a` and `b` say the same.
#[inline(never)]
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    let (mut x, mut y) = (a.as_bytes(), b.as_bytes());
    if x.len() != y.len() {
        return false;
    }
    if let (Some(p), Some(q)) = (x.last_chunk::<8>(), y.last_chunk::<8>()) {
        // The last eight first: names mostly begin alike, and what is left over needs no words of its own.
        if u64::from_le_bytes(*p) != u64::from_le_bytes(*q) {
            return false;
        }
        while let (Some((p, after_p)), Some((q, after_q))) = (x.split_first_chunk(), y.split_first_chunk()) {
            if u64::from_le_bytes(*p) != u64::from_le_bytes(*q) {
                return false;
            }
            (x, y) = (after_p, after_q);
        }
        return true;
    }
    if let (Some(p), Some(q)) = (x.first_chunk(), y.first_chunk())
        && let (Some(end_p), Some(end_q)) = (x.last_chunk(), y.last_chunk())
    {
        return u32::from_le_bytes(*p) == u32::from_le_bytes(*q)
            && u32::from_le_bytes(*end_p) == u32::from_le_bytes(*end_q);
    }
    x.iter().zip(y).all(|(p, q)| p == q)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_compare_as_their_bytes_do_wherever_they_differ() {
        let mut all = vec![String::new()];
        for n in 1..40 {
            let text = "a".repeat(n);
            for at in 0..n {
                for letter in ["\0", "Z", "b", "\u{e9}", "\u{10ffff}"] {
                    all.push(format!("{}{letter}{}", &text[..at], &text[at + 1..]));
                }
            }
            all.push(text);
        }
        // Every seventh of them: all pairs would take seconds.
        for (i, a) in all.iter().enumerate() {
            for b in all.iter().skip(i % 7).step_by(7).chain([a, &a.clone()]) {
                assert_eq!(compare(a, b), a.cmp(b), "{a:?} {b:?}");
                assert_eq!(same(a, b), a == b, "{a:?} {b:?}");
            }
        }
    }
}
