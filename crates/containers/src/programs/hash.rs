//! `sha256sum`, `sha1sum` and `md5sum`.

use super::args::Args;
use super::input::{Input, Next, complain};
use crate::machine::{Program, Sys, Turn};

#[derive(Clone)]
struct Sum {
    argv: Vec<String>,
    input: Option<Input>,
    data: Vec<u8>,
    len: u64,
    state: Vec<u32>,
    /// SHA-256's constants.
    constants: Option<std::sync::Arc<[u32; 64]>>,
    check: bool,
    code: i32,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Sum {
        argv: argv.to_vec(),
        input: None,
        data: Vec::new(),
        len: 0,
        state: Vec::new(),
        constants: None,
        check: false,
        code: 0,
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Algorithm {
    Md5,
    Sha1,
    Sha256,
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

fn feed(a: Algorithm, state: &mut [u32], data: &mut Vec<u8>, k: &[u32; 64]) {
    let n = data.len() / 64 * 64;
    for chunk in data.drain(..n).collect::<Vec<u8>>().chunks(64) {
        block(a, state, chunk, k);
    }
}

fn finish(a: Algorithm, state: &mut [u32], data: &mut Vec<u8>, len: u64, k: &[u32; 64]) -> String {
    data.push(0x80);
    while data.len() % 64 != 56 {
        data.push(0);
    }
    let bits = len.wrapping_mul(8);
    data.extend(if a == Algorithm::Md5 { bits.to_le_bytes() } else { bits.to_be_bytes() });
    feed(a, state, data, k);
    let bytes =
        state.iter().flat_map(|w| if a == Algorithm::Md5 { w.to_le_bytes() } else { w.to_be_bytes() });
    bytes.map(|b| format!("{b:02x}")).collect()
}

/// The digest of some bytes, in hexadecimal.
pub(super) fn digest(name: &str, data: &[u8]) -> String {
    let a = algorithm(name);
    let (mut state, mut rest, k) = (begin(a), data.to_vec(), sha256_constants());
    feed(a, &mut state, &mut rest, &k);
    finish(a, &mut state, &mut rest, data.len() as u64, &k)
}

fn algorithm(name: &str) -> Algorithm {
    match name.trim_end_matches("sum") {
        "md5" => Algorithm::Md5,
        "sha1" => Algorithm::Sha1,
        _ => Algorithm::Sha256,
    }
}

impl Program for Sum {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let name = super::short_name(&self.argv[0]).to_string();
        let a = algorithm(&name);
        let k = self.constants.get_or_insert_with(|| std::sync::Arc::new(sha256_constants())).clone();
        let Some(input) = &mut self.input else {
            return match Args::parse(sys, &self.argv, "bctsw") {
                Ok(args) => {
                    self.check = args.has('c');
                    self.state = begin(a);
                    self.input = Some(Input::new(&args.rest));
                    Turn::More
                }
                Err(text) => Turn::Exit(super::usage(sys, &text)),
            };
        };
        if self.check {
            sys.err(&format!("{name}: -c is not simulated\n"));
            return Turn::Exit(1);
        }
        match input.piece(sys) {
            Next::Piece(data) => {
                self.len += data.len() as u64;
                self.data.extend(data);
                feed(a, &mut self.state, &mut self.data, &k);
                sys.charge(256);
            }
            Next::FileEnd => {
                let file = input.name.clone();
                let hex = finish(a, &mut self.state, &mut self.data, self.len, &k);
                (self.len, self.state) = (0, begin(a));
                self.data.clear();
                sys.out(format!("{hex}  {file}\n"));
            }
            Next::End => return Turn::Exit(self.code),
            Next::Wait(turn) => return turn,
            Next::Line(..) => {}
            Next::Failed(file, e) => {
                complain(sys, &name, &file, e);
                self.code = 1;
            }
        }
        Turn::More
    }
}
