//! What `cargo xtask profile` has found out: the functions that a first visit enters, by name; those that usual sessions
//! enter besides, and all others, by a digest of the name.

use std::collections::BTreeSet;

use crate::plan::Cut;

pub(crate) struct Profile<'a> {
    hot: BTreeSet<&'a str>,
    warm: BTreeSet<&'a str>,
    cold: BTreeSet<&'a str>,
}

impl<'a> Profile<'a> {
    pub fn of(hot: &'a str, warm: &'a str, cold: &'a str) -> Self {
        let lines = |text: &'a str| text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let digests = |text| lines(text).flat_map(|line| line.split(' ')).collect();
        Self { hot: lines(hot).collect(), warm: digests(warm), cold: digests(cold) }
    }

    /// Whether a function stays where it is in this cut.
    pub fn is_hot(&self, name: &str, cut: Cut) -> bool {
        self.hot.contains(name) || cut == Cut::Seldom && self.warm.contains(digest(name).as_str())
    }

    /// Whether the profile was taken of a program without this function.
    pub fn is_new(&self, name: &str) -> bool {
        let digest = digest(name);
        !self.hot.contains(name)
            && !self.warm.contains(digest.as_str())
            && !self.cold.contains(digest.as_str())
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
    fn a_function_is_hot_or_warm_or_cold_or_new() {
        assert_eq!(digest("a"), "e40c292c");
        let warm = digest("w");
        let profile = Profile::of("# names\ncore::b\n", &warm, "# digests\n00000000 e40c292c\n");
        for (name, first, usual, new) in [
            ("core::b", true, true, false),
            ("w", false, true, false),
            ("a", false, false, false),
            ("c", false, false, true),
        ] {
            let hot = (profile.is_hot(name, Cut::Rest), profile.is_hot(name, Cut::Seldom));
            assert_eq!((hot.0, hot.1, profile.is_new(name)), (first, usual, new), "{name}");
        }
    }
}
