//! DER, as far as certificates need it: elements read and written, texts in PEM.

use clock::Time;
use objects::base64;

pub const INTEGER: u8 = 0x02;
pub const BITS: u8 = 0x03;
pub const OCTETS: u8 = 0x04;
pub const OBJECT_ID: u8 = 0x06;
pub const TEXT: u8 = 0x0c;
pub const UTC_TIME: u8 = 0x17;
pub const GENERAL_TIME: u8 = 0x18;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;

/// One element: its tag and content, and what stands behind it.
#[must_use]
pub fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
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
#[must_use]
pub fn elements(mut bytes: &[u8]) -> Vec<(u8, &[u8])> {
    let mut out = Vec::new();
    while let Some((tag, content, rest)) = element(bytes) {
        out.push((tag, content));
        bytes = rest;
    }
    out
}

#[must_use]
pub fn write(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len().to_be_bytes();
    let from = length.iter().position(|b| *b != 0).unwrap_or(length.len() - 1);
    if content.len() >= 0x80 {
        out.push(0x80 | (length.len() - from) as u8);
    }
    out.extend_from_slice(&length[from..]);
    out.extend_from_slice(content);
    out
}

#[must_use]
pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    write(SEQUENCE, &parts.concat())
}

/// A number that is not negative.
#[must_use]
pub fn integer(bytes: &[u8]) -> Vec<u8> {
    let from = bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len());
    let sign: &[u8] = if bytes.get(from).is_none_or(|b| *b >= 0x80) { &[0] } else { &[] };
    write(INTEGER, &[sign, &bytes[from..]].concat())
}

/// Bits, all bytes of which are used.
#[must_use]
pub fn bits(bytes: &[u8]) -> Vec<u8> {
    write(BITS, &[&[0], bytes].concat())
}

/// An instant, to the second.
#[must_use]
pub fn time(at: Time) -> Vec<u8> {
    let digits: String = at.rfc3339().chars().filter(char::is_ascii_digit).collect();
    let short = (1950..2050).contains(&at.civil().0);
    let (tag, from) = if short { (UTC_TIME, 2) } else { (GENERAL_TIME, 0) };
    write(tag, format!("{}Z", &digits[from..]).as_bytes())
}

#[must_use]
pub fn read_time(tag: u8, content: &[u8]) -> Option<Time> {
    let text = std::str::from_utf8(content).ok()?.strip_suffix('Z')?;
    let century = match tag {
        UTC_TIME if text.len() == 12 => {
            if *text >= *"5" {
                "19"
            } else {
                "20"
            }
        }
        GENERAL_TIME if text.len() == 14 => "",
        _ => return None,
    };
    let full = format!("{century}{text}");
    let part = |from: usize, to: usize| full.get(from..to);
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    Time::parse_rfc3339(&format!(
        "{year}-{month}-{day}T{}:{}:{}Z",
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?
    ))
}

#[must_use]
pub fn pem(label: &str, der: &[u8]) -> String {
    let body = base64::encode(der);
    let lines: Vec<&str> = (0..body.len()).step_by(64).map(|i| &body[i..(i + 64).min(body.len())]).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The first block of a text: its label and its bytes.
#[must_use]
pub fn from_pem(text: &str) -> Option<(&str, Vec<u8>)> {
    let begin = text.find("-----BEGIN ")?;
    let (label, rest) = text[begin + 11..].split_once("-----")?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let body: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    Some((label, base64::decode(&body)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_signs() {
        for n in [0usize, 1, 127, 128, 255, 256, 70_000] {
            let content = vec![7; n];
            let written = write(OCTETS, &content);
            assert_eq!(element(&written), Some((OCTETS, &content[..], &[][..])), "{n}");
        }
        assert_eq!(write(OCTETS, &[0; 200])[..3], [4, 0x81, 200]);
        for (bytes, expected) in
            [(&[0u8, 0][..], &[2u8, 1, 0][..]), (&[0, 0x80], &[2, 2, 0, 0x80]), (&[1, 2], &[2, 2, 1, 2])]
        {
            assert_eq!(integer(bytes), expected);
        }
    }

    #[test]
    fn instants_come_back() {
        for text in ["2024-05-06T07:08:09Z", "2049-12-31T23:59:59Z", "2050-01-01T00:00:00Z"] {
            let at = Time::parse_rfc3339(text).expect("a time");
            let written = time(at);
            assert_eq!(read_time(written[0], &written[2..]), Some(at), "{text}");
        }
        for bad in [&b"24050607080Z"[..], b"240506070809", b"zz0506070809Z", b""] {
            assert_eq!(read_time(UTC_TIME, bad), None);
        }
    }

    #[test]
    fn broken_text_is_none() {
        assert_eq!(from_pem(&pem("X", b"abc")), Some(("X", b"abc".to_vec())));
        for bad in ["", "-----BEGIN X-----", "-----BEGIN X-----\n!\n-----END X-----", "-----BEGIN X"] {
            assert_eq!(from_pem(bad), None, "{bad}");
        }
        assert_eq!(element(&[0x30, 0x84, 0, 0, 0, 0]), None);
        assert_eq!(element(&[0x30, 5, 1]), None);
    }
}
