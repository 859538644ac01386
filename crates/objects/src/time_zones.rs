//! Which names of time zones exist, by the IANA database of 2025.
//!
//! Owns: a table of short hashes, 16 bits a name, a sixth of what the names themselves would cost to download. So one name
//! in a hundred that does not exist is taken for one that does. Does not own: what a zone's clocks show.

const TABLE: &[u8] = include_bytes!("time_zones/hashes.bin");

/// FNV-1a, folded.
fn hash(name: &str) -> u16 {
    let h = name.bytes().fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
    (h >> 16) as u16 ^ h as u16
}

/// Whether there is a zone of this name. Case matters, as in a file system.
#[must_use]
pub fn is_known(name: &str) -> bool {
    let wanted = hash(name).to_be_bytes();
    TABLE.chunks_exact(2).any(|known| known == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &str = include_str!("time_zones/names.txt");

    #[test]
    fn the_table_is_that_of_the_names() {
        let mut hashes: Vec<u16> = NAMES.lines().map(hash).collect();
        hashes.sort_unstable();
        hashes.dedup();
        let expected: Vec<u8> = hashes.iter().flat_map(|h| h.to_be_bytes()).collect();
        assert!(TABLE == expected, "hashes.bin is not made of names.txt");
    }

    #[test]
    fn names_are_known_and_others_are_not() {
        for name in ["Asia/Seoul", "Europe/Berlin", "UTC", "America/Argentina/Ushuaia", "Etc/GMT+9"] {
            assert!(is_known(name), "{name}");
        }
        for name in ["Asia/Soul", "asia/seoul", "Mars/Phobos", "KST", "Europe/Munich", ""] {
            assert!(!is_known(name), "{name}");
        }
    }
}
