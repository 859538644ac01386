//! Addresses and blocks of addresses as manifests and commands write them.
//!
//! Not modelled: IPv6 beyond telling that a text is one; the cluster has IPv4 only.

/// The address as a number, if `text` is a dotted IPv4 address without leading zeros.
#[must_use]
pub fn v4(text: &str) -> Option<u32> {
    let mut number = 0u32;
    let mut parts = 0;
    for part in text.split('.') {
        let plain = !part.is_empty() && part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit());
        if !plain || (part.len() > 1 && part.starts_with('0')) {
            return None;
        }
        number = (number << 8) | u32::from(part.parse::<u8>().ok()?);
        parts += 1;
        if parts > 4 {
            return None;
        }
    }
    (parts == 4).then_some(number)
}

/// Dotted text of an address.
#[must_use]
pub fn text(address: u32) -> String {
    let [a, b, c, d] = address.to_be_bytes();
    format!("{a}.{b}.{c}.{d}")
}

#[must_use]
pub fn is_v6(text: &str) -> bool {
    text.parse::<core::net::Ipv6Addr>().is_ok()
}

/// Whether `text` is an address of either family.
#[must_use]
pub fn is_ip(text: &str) -> bool {
    v4(text).is_some() || is_v6(text)
}

/// A block of addresses: `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    first: u32,
    bits: u32,
}

impl Block {
    /// `None` for anything but an IPv4 block; bits beyond the prefix are dropped.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        if bits.is_empty() || bits.len() > 2 || !bits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let bits: u32 = bits.parse().ok().filter(|b| *b <= 32)?;
        Some(Self { first: v4(address)? & mask(bits), bits })
    }

    #[must_use]
    pub fn contains(self, address: u32) -> bool {
        address & mask(self.bits) == self.first
    }
}

fn mask(bits: u32) -> u32 {
    if bits == 0 { 0 } else { u32::MAX << (32 - bits) }
}

/// Whether a list of comma-separated blocks or addresses has `address` in it.
#[must_use]
pub fn any_contains(list: &str, address: u32) -> bool {
    list.split(',').map(str::trim).any(|item| match Block::parse(item) {
        Some(block) => block.contains(address),
        None => v4(item) == Some(address),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_an_address() {
        let table = [
            ("10.0.0.1", Some(0x0a00_0001)),
            ("255.255.255.255", Some(u32::MAX)),
            ("10.0.0", None),
            ("10.0.0.256", None),
            ("10.0.0.01", None),
            ("1.2.3.4.5", None),
            ("", None),
            ("a.b.c.d", None),
        ];
        for (written, want) in table {
            assert_eq!(v4(written), want, "{written}");
            if let Some(n) = want {
                assert_eq!(text(n), written);
            }
        }
        assert!(is_ip("::1") && is_ip("fd00::2") && !is_ip("web"));
    }

    #[test]
    fn what_a_block_holds() {
        let table = [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("192.168.1.7/32", "192.168.1.7", true),
            ("192.168.1.7/32", "192.168.1.8", false),
        ];
        for (block, address, want) in table {
            let got = Block::parse(block).zip(v4(address)).map(|(b, a)| b.contains(a));
            assert_eq!(got, Some(want), "{block} {address}");
        }
        for bad in ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "/8", "10.0.0.0/"] {
            assert_eq!(Block::parse(bad), None, "{bad}");
        }
        assert!(any_contains("10.0.0.0/8, 192.168.0.4", 0xc0a8_0004));
        assert!(!any_contains("", 0));
    }
}
