//! What `cargo xtask profile` has found out: the functions that a first visit enters, by name, and those that it does
//! not, by a digest of the name.

use std::collections::BTreeSet;

pub(crate) struct Profile<'a> {
    hot: BTreeSet<&'a str>,
    cold: BTreeSet<&'a str>,
}

impl<'a> Profile<'a> {
    pub fn of(hot: &'a str, cold: &'a str) -> Self {
        let lines = |text: &'a str| text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self { hot: lines(hot).collect(), cold: lines(cold).flat_map(|line| line.split(' ')).collect() }
    }

    pub fn is_hot(&self, name: &str) -> bool {
        self.hot.contains(name)
    }

    /// Whether the profile was taken of a program without this function.
    pub fn is_new(&self, name: &str) -> bool {
        !self.is_hot(name) && !self.cold.contains(digest(name).as_str())
    }
}

/// 32 bits of FNV-1a in hexadecimal digits, as tests/browser/profile.mjs computes it.
fn digest(name: &str) -> String {
    let hash =
        name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{hash:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_hot_or_cold_or_new() {
        assert_eq!(digest("a"), "e40c292c");
        let profile = Profile::of("# names\ncore::b\n", "# digests\n00000000 e40c292c\n");
        for (name, hot, new) in [("core::b", true, false), ("a", false, false), ("c", false, true)] {
            assert_eq!((profile.is_hot(name), profile.is_new(name)), (hot, new), "{name}");
        }
    }
}
