//! Digests, fed piece by piece: SHA-256, SHA-1 and MD5.

use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Md5,
    Sha1,
    Sha256,
}

/// A digest under way.
#[derive(Clone, Debug)]
pub struct Digest {
    algorithm: Algorithm,
    state: Vec<u32>,
    /// What fills no block yet.
    data: Vec<u8>,
    /// Bytes taken so far.
    len: u64,
    /// SHA-256's; noughts for the others.
    constants: Arc<[u32; 64]>,
}

impl Digest {
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Self {
        let constants = Arc::new(if algorithm == Algorithm::Sha256 { sha256_constants() } else { [0; 64] });
        Self { algorithm, state: begin(algorithm), data: Vec::new(), len: 0, constants }
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        self.len += bytes.len() as u64;
        self.data.extend_from_slice(bytes);
        self.blocks();
    }

    fn blocks(&mut self) {
        let n = self.data.len() / 64 * 64;
        for chunk in self.data[..n].chunks(64) {
            block(self.algorithm, &mut self.state, chunk, &self.constants);
        }
        self.data.drain(..n);
    }

    /// The digest of all that was fed; what is fed next begins another.
    pub fn finish(&mut self) -> Vec<u8> {
        let little = self.algorithm == Algorithm::Md5;
        self.data.push(0x80);
        while self.data.len() % 64 != 56 {
            self.data.push(0);
        }
        let bits = self.len.wrapping_mul(8);
        self.data.extend(if little { bits.to_le_bytes() } else { bits.to_be_bytes() });
        self.blocks();
        self.len = 0;
        let state = std::mem::replace(&mut self.state, begin(self.algorithm));
        state.iter().flat_map(|w| if little { w.to_le_bytes() } else { w.to_be_bytes() }).collect()
    }
}

/// SHA-256 of all of it.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut digest = Digest::new(Algorithm::Sha256);
    digest.feed(bytes);
    digest.finish().try_into().unwrap_or_default()
}

fn begin(a: Algorithm) -> Vec<u32> {
    match a {
        Algorithm::Md5 => vec![0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476],
        Algorithm::Sha1 => vec![0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0],
        Algorithm::Sha256 => vec![
            0x6a09_e667,
            0xbb67_ae85,
            0x3c6e_f372,
            0xa54f_f53a,
            0x510e_527f,
            0x9b05_688c,
            0x1f83_d9ab,
            0x5be0_cd19,
        ],
    }
}

/// The fractional bits that SHA-256's constants are made of: cube roots of the first primes.
fn sha256_constants() -> [u32; 64] {
    let mut out = [0; 64];
    let mut candidate = 2u64;
    let mut n = 0;
    while n < 64 {
        if (2..candidate).take_while(|d| d * d <= candidate).all(|d| !candidate.is_multiple_of(d)) {
            // floor(cbrt(p) * 2^32) by bisection in integers: the float's last bits would not do.
            let target = u128::from(candidate) << 96;
            let (mut low, mut high) = (0u128, 1u128 << 36);
            while high - low > 1 {
                let mid = (low + high) / 2;
                if mid * mid * mid <= target { low = mid } else { high = mid }
            }
            out[n] = low as u32;
            n += 1;
        }
        candidate += 1;
    }
    out
}

fn block(a: Algorithm, s: &mut [u32], chunk: &[u8], k: &[u32; 64]) {
    let word = |i: usize| {
        let b = [chunk[i * 4], chunk[i * 4 + 1], chunk[i * 4 + 2], chunk[i * 4 + 3]];
        if a == Algorithm::Md5 { u32::from_le_bytes(b) } else { u32::from_be_bytes(b) }
    };
    let mut w: Vec<u32> = (0..16).map(word).collect();
    let mut v = [0u32; 8];
    v[..s.len()].copy_from_slice(s);
    match a {
        Algorithm::Md5 => {
            const SHIFT: [u32; 16] = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
            for i in 0..64 {
                let (f, g) = match i / 16 {
                    0 => ((v[1] & v[2]) | (!v[1] & v[3]), i),
                    1 => ((v[3] & v[1]) | (!v[3] & v[2]), (5 * i + 1) % 16),
                    2 => (v[1] ^ v[2] ^ v[3], (3 * i + 5) % 16),
                    _ => (v[2] ^ (v[1] | !v[3]), 7 * i % 16),
                };
                let constant = (((i + 1) as f64).sin().abs() * 4_294_967_296.0) as u32;
                let sum = v[0].wrapping_add(f).wrapping_add(constant).wrapping_add(w[g]);
                let rotated = v[1].wrapping_add(sum.rotate_left(SHIFT[i / 16 * 4 + i % 4]));
                v = [v[3], rotated, v[1], v[2], 0, 0, 0, 0];
            }
        }
        Algorithm::Sha1 => {
            for i in 16..80 {
                w.push((w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16]).rotate_left(1));
            }
            for (i, w) in w.iter().enumerate() {
                let (f, k) = match i / 20 {
                    0 => ((v[1] & v[2]) | (!v[1] & v[3]), 0x5a82_7999),
                    1 => (v[1] ^ v[2] ^ v[3], 0x6ed9_eba1),
                    2 => ((v[1] & v[2]) | (v[1] & v[3]) | (v[2] & v[3]), 0x8f1b_bcdcu32),
                    _ => (v[1] ^ v[2] ^ v[3], 0xca62_c1d6),
                };
                let t =
                    v[0].rotate_left(5).wrapping_add(f).wrapping_add(v[4]).wrapping_add(k).wrapping_add(*w);
                v = [t, v[0], v[1].rotate_left(30), v[2], v[3], 0, 0, 0];
            }
        }
        Algorithm::Sha256 => {
            for i in 16..64 {
                let a = w[i - 15].rotate_right(7) ^ w[i - 15].rotate_right(18) ^ (w[i - 15] >> 3);
                let b = w[i - 2].rotate_right(17) ^ w[i - 2].rotate_right(19) ^ (w[i - 2] >> 10);
                w.push(w[i - 16].wrapping_add(a).wrapping_add(w[i - 7]).wrapping_add(b));
            }
            for i in 0..64 {
                let s1 = v[4].rotate_right(6) ^ v[4].rotate_right(11) ^ v[4].rotate_right(25);
                let ch = (v[4] & v[5]) ^ (!v[4] & v[6]);
                let t1 = v[7].wrapping_add(s1).wrapping_add(ch).wrapping_add(k[i]).wrapping_add(w[i]);
                let s0 = v[0].rotate_right(2) ^ v[0].rotate_right(13) ^ v[0].rotate_right(22);
                let maj = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
                let t2 = s0.wrapping_add(maj);
                v = [t1.wrapping_add(t2), v[0], v[1], v[2], v[3].wrapping_add(t1), v[4], v[5], v[6]];
            }
        }
    }
    for (s, v) in s.iter_mut().zip(v) {
        *s = s.wrapping_add(v);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_digests() {
        let cases = [
            (Algorithm::Md5, "abc", "900150983cd24fb0d6963f7d28e17f72"),
            (Algorithm::Sha1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (Algorithm::Sha256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (Algorithm::Sha256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ];
        for (algorithm, text, expected) in cases {
            let mut digest = Digest::new(algorithm);
            for _ in 0..2 {
                digest.feed(text.as_bytes());
                let hex: String = digest.finish().iter().map(|b| format!("{b:02x}")).collect();
                assert_eq!(hex, expected, "{algorithm:?} {text}");
            }
        }
    }
}
