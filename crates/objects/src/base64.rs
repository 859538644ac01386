//! Base64 in the standard alphabet with padding, as secrets carry it.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let n = chunk.iter().fold(0_u32, |n, b| (n << 8) | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let sextet = (n >> (18 - 6 * i)) & 63;
            out.push(if i <= chunk.len() { char::from(ALPHABET[sextet as usize]) } else { '=' });
        }
    }
    out
}

/// The bytes, or none when the text is not base64. Line breaks are skipped, as Go's decoder does.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    decode_at(text).ok()
}

/// The bytes, or where it stops being base64: Go says `illegal base64 data at input byte N`.
///
/// # Errors
/// The offset of the first byte that does not belong.
pub fn decode_at(text: &str) -> Result<Vec<u8>, usize> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    let mut bytes = text.bytes().enumerate().filter(|(_, b)| !matches!(b, b'\n' | b'\r'));
    while let Some((at, b)) = bytes.next() {
        if b == b'=' {
            match count {
                2 => match bytes.next() {
                    Some((_, b'=')) => {}
                    // Go counts from the sign before.
                    Some((next, _)) => return Err(next - 1),
                    None => return Err(text.len()),
                },
                3 => {}
                _ => return Err(at),
            }
            if let Some((at, _)) = bytes.next() {
                return Err(at);
            }
            out.push((bits >> (if count == 2 { 4 } else { 10 })) as u8);
            if count == 3 {
                out.push((bits >> 2) as u8);
            }
            return Ok(out);
        }
        let sextet = ALPHABET.iter().position(|a| *a == b).ok_or(at)?;
        bits = (bits << 6) | sextet as u32;
        count += 1;
        if count == 4 {
            out.extend_from_slice(&bits.to_be_bytes()[1..]);
            (bits, count) = (0, 0);
        }
    }
    // Go names the start of the group that is cut short.
    if count == 0 { Ok(out) } else { Err(text.len() - count) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("s3cr3t!", "czNjcjN0IQ=="),
            ("\u{ff}", "w78="),
        ] {
            assert_eq!(encode(plain.as_bytes()), coded);
            assert_eq!(decode(coded).as_deref(), Some(plain.as_bytes()));
        }
        assert_eq!(decode("Zm9v\nZm9v\n").as_deref(), Some(&b"foofoo"[..]));
        assert_eq!(decode_at("not base64"), Err(3));
        assert_eq!(decode_at("Zg="), Err(3));
        assert_eq!(decode_at("Zg==x"), Err(4));
    }
}
