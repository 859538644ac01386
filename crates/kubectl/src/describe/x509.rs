//! What a certificate request says of whom it is for: the few fields of its DER that a description shows.
//!
//! Models what `k8s.io/kubectl/pkg/describe` reads through Go's `crypto/x509`. Not modelled: URIs and addresses of the
//! sixth version among the alternative names are shown as they are written, signatures are not checked.

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

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_ID: u8 = 0x06;
const EXTENSION_REQUEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e];
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];

/// One element: its tag and content, and what stands behind it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let n = usize::from(first & 0x7f);
        if n > 3 || rest.len() < n {
            return None;
        }
        (rest[..n].iter().fold(0, |sum, b| sum << 8 | usize::from(*b)), &rest[n..])
    };
    (length <= rest.len()).then(|| (tag, &rest[..length], &rest[length..]))
}

/// The elements of a content, one after the other.
fn elements(mut bytes: &[u8]) -> Vec<(u8, &[u8])> {
    let mut out = Vec::new();
    while let Some((tag, content, rest)) = element(bytes) {
        out.push((tag, content));
        bytes = rest;
    }
    out
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Reads `spec.request`: base64 of a PEM block. `None` when it is no request.
pub(super) fn read(request: &str) -> Option<Subject> {
    let pem = text(&base64::decode(request)?);
    let body: String = pem
        .lines()
        .skip_while(|l| !l.starts_with("-----BEGIN"))
        .skip(1)
        .take_while(|l| !l.starts_with("-----END"))
        .map(str::trim)
        .collect();
    let der = base64::decode(&body)?;
    let (SEQUENCE, outer, _) = element(&der)? else { return None };
    let (SEQUENCE, info, _) = element(outer)? else { return None };
    let fields = elements(info);
    let [(0x02, _), (SEQUENCE, name), ..] = fields.as_slice() else { return None };
    let mut out = Subject::default();
    let mut values: [Vec<String>; PARTS.len()] = Default::default();
    for (_, set) in elements(name) {
        for (_, pair) in elements(set) {
            let pair = elements(pair);
            let [(OBJECT_ID, [0x55, 0x04, kind]), (_, value)] = pair.as_slice() else { continue };
            match kind {
                3 => out.common_name = text(value),
                5 => out.serial_number = text(value),
                _ => {
                    if let Some(i) = PARTS.iter().position(|(k, _)| k == kind) {
                        values[i].push(text(value));
                    }
                }
            }
        }
    }
    out.parts = PARTS.iter().zip(values).map(|((_, title), v)| (*title, v)).collect();
    for (_, attributes) in fields.iter().filter(|(tag, _)| *tag == 0xa0) {
        for (_, attribute) in elements(attributes) {
            let parts = elements(attribute);
            if let [(OBJECT_ID, EXTENSION_REQUEST), (SET, set)] = parts.as_slice() {
                alternatives(set, &mut out);
            }
        }
    }
    Some(out)
}

fn alternatives(set: &[u8], out: &mut Subject) {
    let (mut dns, mut mail, mut uris, mut addresses) = (vec![], vec![], vec![], vec![]);
    for (_, extensions) in elements(set) {
        for (_, extension) in elements(extensions) {
            let parts = elements(extension);
            let (Some((OBJECT_ID, ALTERNATIVE_NAMES)), Some((0x04, octets))) = (parts.first(), parts.last())
            else {
                continue;
            };
            let Some((SEQUENCE, names, _)) = element(octets) else { continue };
            for (tag, value) in elements(names) {
                match tag {
                    0x81 => mail.push(text(value)),
                    0x82 => dns.push(text(value)),
                    0x86 => uris.push(text(value)),
                    0x87 => {
                        let parts: Vec<String> = value.iter().map(u8::to_string).collect();
                        addresses.push(parts.join("."));
                    }
                    _ => {}
                }
            }
        }
    }
    out.others =
        vec![("DNS Names", dns), ("Email Addresses", mail), ("URIs", uris), ("IP Addresses", addresses)];
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![tag];
        if content.len() < 0x80 {
            out.push(content.len() as u8);
        } else {
            out.extend([0x82, (content.len() >> 8) as u8, content.len() as u8]);
        }
        out.extend(content);
        out
    }

    fn attribute(kind: u8, value: &str) -> Vec<u8> {
        let pair = [der(OBJECT_ID, &[0x55, 0x04, kind]), der(0x0c, value.as_bytes())].concat();
        der(SET, &der(SEQUENCE, &pair))
    }

    #[test]
    fn a_request_tells_whom_it_is_for() {
        let name = [attribute(3, "jane"), attribute(10, "dev"), attribute(10, "ops")].concat();
        let names = der(SEQUENCE, &[der(0x82, b"a.b"), der(0x87, &[10, 0, 0, 1])].concat());
        let extension = [der(OBJECT_ID, ALTERNATIVE_NAMES), der(0x04, &names)].concat();
        let extensions = der(SEQUENCE, &der(SEQUENCE, &extension));
        let wanted = [der(OBJECT_ID, EXTENSION_REQUEST), der(SET, &extensions)].concat();
        let info = [
            der(0x02, &[0]),
            der(SEQUENCE, &name),
            der(SEQUENCE, &[0; 200]),
            der(0xa0, &der(SEQUENCE, &wanted)),
        ];
        let whole = der(SEQUENCE, &der(SEQUENCE, &info.concat()));
        let body = base64::encode(&whole);
        let pem = format!("-----BEGIN CERTIFICATE REQUEST-----\n{body}\n-----END CERTIFICATE REQUEST-----\n");
        let s = read(&base64::encode(pem.as_bytes())).unwrap();
        assert_eq!((s.common_name.as_str(), s.serial_number.as_str()), ("jane", ""));
        assert_eq!(s.parts[0], ("Organization", vec!["dev".to_owned(), "ops".to_owned()]));
        assert_eq!(s.others[0], ("DNS Names", vec!["a.b".to_owned()]));
        assert_eq!(s.others[3], ("IP Addresses", vec!["10.0.0.1".to_owned()]));
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
