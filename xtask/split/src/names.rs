//! Names of functions that stay the same from build to build: demangled, without hashes, at most a line long.

use rustc_demangle::demangle;

/// Longer names end in a digest of themselves.
const LONGEST: usize = 110;

pub(crate) fn stable(symbol: &str) -> String {
    let symbol = symbol.split_once(".llvm.").map_or(symbol, |(name, _)| name);
    let name = format!("{:#}", demangle(symbol));
    if name.len() <= LONGEST {
        return name;
    }
    let digest = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let end = (0..=LONGEST - 20).rev().find(|&at| name.is_char_boundary(at)).unwrap_or(0);
    format!("{} ~{digest:016x}", &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_no_part_of_a_name() {
        assert_eq!(stable("_ZN4core3fmt5write17h0123456789abcdefE"), "core::fmt::write");
        assert_eq!(stable("_RNvCs1234_7mycrate3foo"), stable("_RNvCs9876_7mycrate3foo"));
        assert_eq!(stable("plain"), "plain");
    }

    #[test]
    fn a_long_name_is_still_told_from_another() {
        let (a, b) = (stable(&"x".repeat(500)), stable(&"x".repeat(501)));
        assert!(a.len() <= LONGEST && a != b, "{a}");
    }
}
