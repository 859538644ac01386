//! Addresses and ranges of addresses.
//!
//! Models `k8s.io/apimachinery/pkg/util/validation/ip.go` with StrictIPCIDRValidation, the default since v1.36.

use std::net::{IpAddr, Ipv4Addr};

use objects::Value;

use super::Errors;

/// An address as Go's lenient parser reads it, which takes `010.1.2.3` for `10.1.2.3`.
pub(super) fn lenient(text: &str) -> Option<IpAddr> {
    if let Ok(ip) = text.parse() {
        return Some(ip);
    }
    let parts: Vec<&str> = text.split('.').collect();
    let [a, b, c, d] = parts.as_slice() else { return None };
    let octet = |t: &str| -> Option<u8> {
        let digits = !t.is_empty() && t.len() <= 32 && t.bytes().all(|b| b.is_ascii_digit());
        if digits {
            t.trim_start_matches('0').parse().ok().or(t.bytes().all(|b| b == b'0').then_some(0))
        } else {
            None
        }
    };
    Some(IpAddr::V4(Ipv4Addr::new(octet(a)?, octet(b)?, octet(c)?, octet(d)?)))
}

fn is_mapped(ip: &IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some())
}

/// An address of a field that is older than the strict rules.
pub(super) fn legacy_address(v: &Value, e: &mut Errors) -> Option<IpAddr> {
    let text = v.text();
    let Some(ip) = lenient(text) else {
        e.invalid_text(text, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
        return None;
    };
    if text.parse::<IpAddr>().is_err() {
        e.invalid_text(text, "must not have leading 0s");
    } else if is_mapped(&ip) {
        e.invalid_text(text, "must not be an IPv4-mapped IPv6 address");
    } else {
        return Some(ip);
    }
    None
}

/// An address, whose family does not matter.
pub(super) fn legacy(v: &Value, e: &mut Errors) {
    let _ = legacy_address(v, e);
}

/// An address that traffic can be sent to.
pub(super) fn endpoint(v: &Value, e: &mut Errors) {
    if let Some(ip) = legacy_address(v, e) {
        reachable(v, ip, e);
    }
}

/// Addresses that mean the node itself, or its own wire, or nothing.
pub(super) fn reachable(v: &Value, ip: IpAddr, e: &mut Errors) {
    let (link_local, multicast) = match ip {
        IpAddr::V4(v4) => (v4.is_link_local(), v4.octets()[..3] == [224, 0, 0]),
        IpAddr::V6(v6) => (v6.segments()[0] & 0xffc0 == 0xfe80, v6.segments()[0] & 0xff0f == 0xff02),
    };
    if ip.is_unspecified() {
        e.invalid(v, &format!("may not be unspecified ({})", v.text()));
    }
    if ip.is_loopback() {
        e.invalid(v, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
    }
    if link_local {
        e.invalid(v, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
    }
    if multicast {
        e.invalid(v, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
    }
}

/// An address in its one proper form.
pub(super) fn canonical(v: &Value, e: &mut Errors) -> Option<IpAddr> {
    let ip = legacy_address(v, e)?;
    let right = ip.to_string();
    if v.text() != right {
        e.invalid(v, &format!("must be in canonical form (\"{right}\")"));
        return None;
    }
    Some(ip)
}

/// An address and the length of a prefix; `None` for what is none.
fn range(text: &str) -> Option<(IpAddr, u32, bool)> {
    let (host, length) = text.split_once('/')?;
    let ip = lenient(host)?;
    let bits: u32 = length.parse().ok().filter(|_| length.bytes().all(|b| b.is_ascii_digit()))?;
    let most = if ip.is_ipv4() { 32 } else { 128 };
    let strict = host.parse::<IpAddr>().is_ok() && (length == "0" || !length.starts_with('0'));
    (bits <= most).then_some((ip, bits, strict))
}

/// A range of a field that is older than the strict rules.
pub(super) fn legacy_range(v: &Value, e: &mut Errors) {
    let text = v.text();
    let Some((ip, bits, strict)) = range(text) else {
        e.invalid_text(text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
        return;
    };
    let beyond = match ip {
        IpAddr::V4(ip) => ip.to_bits() & u32::MAX.checked_shr(bits).unwrap_or(0) != 0,
        IpAddr::V6(ip) => ip.to_bits() & u128::MAX.checked_shr(bits).unwrap_or(0) != 0,
    };
    if !strict {
        e.invalid_text(text, "must not have leading 0s in IP or prefix length");
    } else if is_mapped(&ip) {
        e.invalid_text(text, "must not have an IPv4-mapped IPv6 address");
    } else if beyond {
        e.invalid_text(text, "must not have bits set beyond the prefix length");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(check: impl FnOnce(&mut Errors)) -> String {
        let mut e = Errors::new(false);
        check(&mut e);
        e.into_causes().into_iter().map(|c| c.message).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn addresses() {
        for (text, want) in [
            ("10.9.8.7", ""),
            ("2001:DB8::1", ""),
            ("10.9.8", "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"),
            ("10.9.8.300", "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"),
            ("010.9.8.07", "must not have leading 0s"),
            ("::ffff:1.2.3.4", "must not be an IPv4-mapped IPv6 address"),
        ] {
            let got = said(|e| legacy(&text.into(), e));
            assert!(got.ends_with(want) && got.is_empty() == want.is_empty(), "{text}: {got}");
        }
    }

    #[test]
    fn ranges() {
        for (text, want) in [
            ("10.9.8.0/24", ""),
            ("0.0.0.0/0", ""),
            ("::/0", ""),
            ("10.9.8.7/32", ""),
            ("10.9.8.7", "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"),
            ("10.9.8.0/33", "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"),
            ("10.9.8.7/24", "must not have bits set beyond the prefix length"),
            ("10.09.8.0/24", "must not have leading 0s in IP or prefix length"),
            ("::ffff:1.2.3.0/120", "must not have an IPv4-mapped IPv6 address"),
        ] {
            let got = said(|e| legacy_range(&text.into(), e));
            assert!(got.ends_with(want) && got.is_empty() == want.is_empty(), "{text}: {got}");
        }
    }
}
