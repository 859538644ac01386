//! What a certificate request says of whom it is for, as a description shows it.
//!
//! Models what `k8s.io/kubectl/pkg/describe` reads through Go's `crypto/x509`.

use ::x509::{Name, Request};
use objects::base64;

/// Who a request is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Subject {
    pub common_name: String,
    pub serial_number: String,
    /// Title and values, in the order they are shown.
    pub parts: Vec<(&'static str, Vec<String>)>,
    /// Alternative names: title and values.
    pub others: Vec<(&'static str, Vec<String>)>,
}

/// The last byte of an attribute's type `2.5.4.x`, and how it is called.
const PARTS: [(u8, &str); 7] = [
    (10, "Organization"),
    (11, "Organizational Unit"),
    (6, "Country"),
    (7, "Locality"),
    (8, "Province"),
    (9, "StreetAddress"),
    (17, "PostalCode"),
];
const SERIAL_NUMBER: u8 = 5;

fn values(name: &Name, kind: u8) -> Vec<String> {
    name.all(kind).map(str::to_owned).collect()
}

/// Four bytes with dots, sixteen in pairs with colons.
fn address(bytes: &[u8]) -> String {
    if let Ok(six) = <[u8; 16]>::try_from(bytes) {
        return std::net::Ipv6Addr::from(six).to_string();
    }
    let parts: Vec<String> = bytes.iter().map(u8::to_string).collect();
    parts.join(".")
}

/// Reads `spec.request`: base64 of a PEM block. `None` when it is no request.
pub(super) fn read(request: &str) -> Option<Subject> {
    let pem = base64::decode(request)?;
    let Request { subject, others, .. } = Request::read(std::str::from_utf8(&pem).ok()?).ok()?;
    Some(Subject {
        common_name: subject.common_name().to_owned(),
        serial_number: subject.all(SERIAL_NUMBER).last().unwrap_or_default().to_owned(),
        parts: PARTS.iter().map(|(kind, title)| (*title, values(&subject, *kind))).collect(),
        others: vec![
            ("DNS Names", others.dns),
            ("Email Addresses", others.emails),
            ("URIs", others.uris),
            ("IP Addresses", others.addresses.iter().map(|a| address(a)).collect()),
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `openssl req -new -subj /CN=jane/O=dev/O=ops -addext subjectAltName=DNS:a.b,IP:10.0.0.1,IP:fd00::1`
    const REQUEST: &str = include_str!("x509.pem");

    #[test]
    fn a_request_tells_whom_it_is_for() {
        let s = read(&base64::encode(REQUEST.as_bytes())).unwrap();
        assert_eq!((s.common_name.as_str(), s.serial_number.as_str()), ("jane", ""));
        assert_eq!(s.parts[0], ("Organization", vec!["dev".to_owned(), "ops".to_owned()]));
        assert_eq!(s.others[0], ("DNS Names", vec!["a.b".to_owned()]));
        assert_eq!(s.others[3], ("IP Addresses", vec!["10.0.0.1".to_owned(), "fd00::1".to_owned()]));
    }

    #[test]
    fn what_is_no_request_is_passed_over() {
        for bad in ["", "!", "YQ==", "LS0tLS1CRUdJTiBYLS0tLS0KMIIBCg==\n"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        let cut = base64::encode(b"-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END");
        assert_eq!(read(&cut), None);
    }
}
