//! Comparing texts eight bytes at a time: what the compiler calls for it goes byte by byte in wasm.
//!
//! Written as patterns: built for size, the methods of slices are calls.

use std::cmp::Ordering;

/// The order of `a` and `b`: that of their bytes, as of `str` itself.
#[inline(never)]
#[must_use]
pub fn compare(a: &str, b: &str) -> Ordering {
    let (mut x, mut y) = (a.as_bytes(), b.as_bytes());
    while let ([_, _, _, _, _, _, _, _, after_x @ ..], [_, _, _, _, _, _, _, _, after_y @ ..]) = (x, y) {
        let (p, q) = (word(x), word(y));
        if p != q {
            let first = (p ^ q).trailing_zeros() & !7;
            return ((p >> first) as u8).cmp(&((q >> first) as u8));
        }
        (x, y) = (after_x, after_y);
    }
    while let ([p, after_x @ ..], [q, after_y @ ..]) = (x, y) {
        if p != q {
            return p.cmp(q);
        }
        (x, y) = (after_x, after_y);
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
    let (head_x, tail_x) = ends(x);
    let (head_y, tail_y) = ends(y);
    if head_x != head_y || tail_x != tail_y {
        return false;
    }
    if x.len() <= 16 {
        return true;
    }
    while let ([_, _, _, _, _, _, _, _, after_x @ ..], [_, _, _, _, _, _, _, _, after_y @ ..]) = (x, y) {
        if word(x) != word(y) {
            return false;
        }
        (x, y) = (after_x, after_y);
    }
    true
}

/// The first and the last eight bytes of a text, of a shorter one the first and the last four, or all: texts of one
/// length up to sixteen are the same if these are.
#[inline(always)]
#[must_use]
pub fn ends(text: &[u8]) -> (u64, u64) {
    match *text {
        [.., a, b, c, d, e, f, g, h] => (word(text), u64::from_le_bytes([a, b, c, d, e, f, g, h])),
        [a, b, c, d, ..] => {
            let [.., e, f, g, h] = *text else { return (0, 0) };
            (u64::from(u32::from_le_bytes([a, b, c, d])), u64::from(u32::from_le_bytes([e, f, g, h])))
        }
        [a, b, c] => (u64::from(a) | u64::from(b) << 8 | u64::from(c) << 16, 0),
        [a, b] => (u64::from(a) | u64::from(b) << 8, 0),
        [a] => (u64::from(a), 0),
        [] => (0, 0),
    }
}

/// The first eight bytes of a text that has them.
#[inline(always)]
fn word(text: &[u8]) -> u64 {
    match *text {
        [a, b, c, d, e, f, g, h, ..] => u64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => 0,
    }
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
