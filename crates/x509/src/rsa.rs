//! Signatures of RSA's (RFC 8017, PKCS #1 v1.5 over SHA-256), and keys for them.
//!
//! The two factors of a key made here are products of primes of 256 bits: looking for large primes would hold a page still
//! for half a second. Such a key signs and computes as any other; who looks whether its factors are primes finds out.
//! Not modelled: constant time, other digests, PSS.

use objects::digest::sha256;

use crate::der::{self, INTEGER, OCTETS, SEQUENCE, element, elements};

/// A key of RSA's.
pub const KIND: &[u8] = &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
/// `sha256WithRSAEncryption`
pub const SHA256: &[u8] = &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11, 5, 0];
/// What stands before a digest in a signature: that it is one of SHA-256.
const DIGEST: [u8; 19] = [0x30, 49, 0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 32];
const EXPONENT: u32 = 65_537;
/// Longer keys are refused, in bits.
const BITS_MAX: usize = 16_384;
/// Limbs of a prime.
const PRIME: usize = 8;

/// Least significant limb first.
type Number = Vec<u32>;

/// A number without noughts in front.
fn trimmed(mut n: Number) -> Number {
    while n.last() == Some(&0) {
        n.pop();
    }
    n
}

fn number(bytes: &[u8]) -> Number {
    let limb = |part: &[u8]| part.iter().fold(0, |n, b| n << 8 | u32::from(*b));
    trimmed(bytes.rchunks(4).map(limb).collect())
}

fn bytes(n: &[u32], length: usize) -> Vec<u8> {
    let mut out: Vec<u8> = n.iter().flat_map(|limb| limb.to_le_bytes()).collect();
    out.resize(length, 0);
    out.reverse();
    out
}

fn bits(n: &[u32]) -> usize {
    n.iter().rposition(|limb| *limb != 0).map_or(0, |i| 32 * i + 32 - n[i].leading_zeros() as usize)
}

/// Whether `a` with a limb in front of it is at least `m`.
fn reaches(front: u32, a: &[u32], m: &[u32]) -> bool {
    front != 0 || a.iter().rev().ge(m.iter().rev())
}

/// Takes `m` from `a`, as long as it is.
fn less(a: &mut [u32], m: &[u32]) {
    let mut borrow = 0;
    for (limb, taken) in a.iter_mut().zip(m) {
        let left = i64::from(*limb) - i64::from(*taken) - borrow;
        borrow = i64::from(left < 0);
        *limb = left as u32;
    }
}

/// Twice `a`, and a bit, within a modulus.
fn doubled(a: &mut [u32], bit: bool, m: &[u32]) {
    let mut carry = u32::from(bit);
    for limb in a.iter_mut() {
        let next = *limb >> 31;
        *limb = *limb << 1 | carry;
        carry = next;
    }
    if reaches(carry, a, m) {
        less(a, m);
    }
}

fn bit(n: &[u32], i: usize) -> bool {
    n.get(i / 32).is_some_and(|limb| limb >> (i % 32) & 1 == 1)
}

fn remainder(a: &[u32], m: &[u32]) -> Number {
    let mut out = vec![0; m.len()];
    for i in (0..bits(a)).rev() {
        doubled(&mut out, bit(a, i), m);
    }
    out
}

fn small_remainder(a: &[u32], m: u32) -> u32 {
    a.iter().rev().fold(0, |r, limb| (r << 32 | u64::from(*limb)) % u64::from(m)) as u32
}

fn times(a: &[u32], b: &[u32]) -> Number {
    let mut out = vec![0; a.len() + b.len()];
    for (i, x) in a.iter().enumerate() {
        let mut carry = 0;
        for (j, y) in b.iter().enumerate() {
            let sum = u64::from(*x) * u64::from(*y) + u64::from(out[i + j]) + carry;
            out[i + j] = sum as u32;
            carry = sum >> 32;
        }
        out[i + b.len()] = carry as u32;
    }
    out
}

/// `a * b / 2^(32 n)` within an odd modulus of `n` limbs (Montgomery's product).
fn product(a: &[u32], b: &[u32], m: &[u32], inverse: u32) -> Number {
    let n = m.len();
    let mut out = vec![0u32; n + 2];
    for x in a {
        let mut add = |factor: u32, list: &[u32]| {
            let mut carry = 0;
            for (limb, y) in out.iter_mut().zip(list) {
                let sum = u64::from(factor) * u64::from(*y) + u64::from(*limb) + carry;
                *limb = sum as u32;
                carry = sum >> 32;
            }
            let sum = u64::from(out[n]) + carry;
            out[n] = sum as u32;
            out[n + 1] += (sum >> 32) as u32;
            out[0]
        };
        let lowest = add(*x, b);
        add(lowest.wrapping_mul(inverse), m);
        out.rotate_left(1);
        out[n + 1] = 0;
    }
    let front = out[n];
    out.truncate(n);
    if reaches(front, &out, m) {
        less(&mut out, m);
    }
    out
}

/// `base^exponent` within an odd modulus, of which `base` is a remainder as long as it is.
fn power(base: &[u32], exponent: &[u32], m: &[u32]) -> Number {
    let n = m.len();
    // Each step doubles the bits that are right.
    let inverse =
        (0..5).fold(1u32, |x, _| x.wrapping_mul(2u32.wrapping_sub(m[0].wrapping_mul(x)))).wrapping_neg();
    let mut one = vec![0; n];
    one[0] = 1;
    let mut square = one.clone();
    for _ in 0..64 * n {
        doubled(&mut square, false, m);
    }
    let base = product(base, &square, m, inverse);
    let mut out = product(&one, &square, m, inverse);
    for i in (0..bits(exponent)).rev() {
        out = product(&out, &out, m, inverse);
        if bit(exponent, i) {
            out = product(&out, &base, m, inverse);
        }
    }
    product(&out, &one, m, inverse)
}

/// What is signed: the digest with its name, filled up to the length of the key.
fn padded(message: &[u8], length: usize) -> Option<Vec<u8>> {
    let content = [&DIGEST[..], &sha256(message)].concat();
    let fill = length.checked_sub(content.len() + 3).filter(|n| *n >= 8)?;
    Some([&[0, 1][..], &vec![0xff; fill], &[0], &content].concat())
}

/// A modulus that arithmetic is possible with.
fn modulus(content: &[u8]) -> Option<Number> {
    let m = number(content);
    (m.first()? & 1 == 1 && bits(&m) > 64 && bits(&m) <= BITS_MAX).then_some(m)
}

/// The numbers of a public key in DER: its modulus and its exponent.
fn numbers(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, content, _) = element(key)?;
    let (der::BITS, [0, numbers @ ..], _) = element(content.strip_prefix(KIND)?)? else { return None };
    match elements(element(numbers)?.1)[..] {
        [(INTEGER, modulus), (INTEGER, exponent)] => Some((modulus, exponent)),
        _ => None,
    }
}

/// How many bits a public key (with its kind, in DER) has; `None`: it is none of RSA's.
#[must_use]
pub fn size(key: &[u8]) -> Option<usize> {
    numbers(key).map(|(modulus, _)| bits(&number(modulus)))
}

/// Whether a signature over a message is of the key that belongs to a public one (with its kind, in DER).
#[must_use]
pub fn is_signed(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let Some((m, exponent)) = numbers(key) else { return false };
    let (Some(m), exponent) = (modulus(m), number(exponent)) else { return false };
    let length = bits(&m).div_ceil(8);
    let given = number(signature);
    if signature.len() != length || bits(&exponent) > 31 || bits(&given) > bits(&m) {
        return false;
    }
    let given = remainder(&given, &m);
    Some(bytes(&power(&given, &exponent, &m), length)) == padded(message, length)
}

/// The numbers of a private key in PEM, plain or in PKCS #8: from its modulus on.
pub(crate) fn private_numbers(bytes: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let (SEQUENCE, content, _) = element(bytes)? else { return None };
    let all = elements(content);
    let all = match all[..] {
        [(INTEGER, _), (SEQUENCE, _), (OCTETS, inner), ..] => elements(element(inner)?.1),
        _ => all,
    };
    match all[..] {
        [(INTEGER, [0 | 1]), (INTEGER, _), (INTEGER, _), (INTEGER, _), ..] => Some(all[1..].to_vec()),
        _ => None,
    }
}

/// A message's signature by a private key in PEM; `None` when that is none of RSA's.
#[must_use]
pub fn sign(key: &str, message: &[u8]) -> Option<Vec<u8>> {
    let (_, der) = der::from_pem(key)?;
    let all = private_numbers(&der)?;
    let (m, exponent) = (modulus(all[0].1)?, number(all[2].1));
    if bits(&exponent) > bits(&m) {
        return None;
    }
    let length = bits(&m).div_ceil(8);
    let message = remainder(&number(&padded(message, length)?), &m);
    Some(bytes(&power(&message, &exponent, &m), length))
}

/// Whether a number of the form `4 k + 3` is a prime, by Miller's and Rabin's test.
fn is_prime(n: &[u32]) -> bool {
    if (3..256).step_by(2).any(|small| small_remainder(n, small) == 0) {
        return false;
    }
    let mut below = n.to_vec();
    below[0] -= 1;
    let half: Number = (0..n.len()).map(|i| n[i] >> 1 | n.get(i + 1).map_or(0, |next| next << 31)).collect();
    [2, 3, 5, 7].into_iter().all(|base| {
        let mut number = vec![0; n.len()];
        number[0] = base;
        let found = power(&number, &half, n);
        found == below || (found[0] == 1 && found[1..].iter().all(|limb| *limb == 0))
    })
}

/// What undoes the public exponent where powers repeat after `order`.
fn undoing(order: &[u32]) -> Number {
    // (k order + 1) / e, for the one k that leaves no remainder.
    let rest = u64::from(small_remainder(order, EXPONENT));
    let e = u64::from(EXPONENT);
    let k = (1..e).find(|k| (k * rest + 1) % e == 0).unwrap_or(1);
    let mut sum = times(order, &[k as u32]);
    sum[0] |= 1;
    let mut rest = 0;
    for limb in sum.iter_mut().rev() {
        let part = rest << 32 | u64::from(*limb);
        *limb = (part / e) as u32;
        rest = part % e;
    }
    sum
}

/// A new private key in DER (`RSAPrivateKey`), of about so many bits, from what is drawn.
pub fn make(size: usize, draw: &mut dyn FnMut() -> u64) -> Vec<u8> {
    let count = 2 * size.clamp(512, BITS_MAX).div_ceil(64 * PRIME);
    let mut primes: Vec<Number> = Vec::new();
    while primes.len() < count {
        let mut p: Number = (0..PRIME).map(|_| draw() as u32).collect();
        p[0] |= 3;
        // So large that the product has all its bits.
        p[PRIME - 1] |= 0xff00_0000;
        let is_good = |p: &Number| small_remainder(p, EXPONENT) != 1 && !primes.contains(p) && is_prime(p);
        let mut good = is_good(&p);
        while !good && p[0] < u32::MAX - 4 {
            p[0] += 4;
            good = is_good(&p);
        }
        if good {
            primes.push(p);
        }
    }
    // A factor, and after how many steps its powers repeat.
    let factor = |primes: &[Number]| {
        primes.iter().fold((vec![1], vec![1]), |(product, order), p| {
            let mut below = p.clone();
            below[0] -= 1;
            (times(&product, p), times(&order, &below))
        })
    };
    let (halves, rest) = primes.split_at(count / 2);
    let ((p, at_p), (q, at_q)) = (factor(halves), factor(rest));
    let (p, q) = (trimmed(p), trimmed(q));
    let mut inverting = trimmed(at_p.clone());
    inverting[0] -= 1;
    let coefficient = power(&remainder(&q, &p), &inverting, &p);
    let (modulus, order) = (times(&p, &q), times(&at_p, &at_q));
    let write = |n: &[u32]| der::integer(&bytes(n, 4 * n.len()));
    let parts = [
        der::integer(&[]),
        write(&modulus),
        write(&[EXPONENT]),
        write(&undoing(&order)),
        write(&p),
        write(&q),
        write(&undoing(&at_p)),
        write(&undoing(&at_q)),
        write(&coefficient),
    ];
    der::write(SEQUENCE, &parts.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(n: u64) -> Number {
        vec![n as u32, (n >> 32) as u32]
    }

    #[test]
    fn powers_and_remainders() {
        let m = 0xffff_ffff_ffff_ffc5u64;
        let slow = |base: u64, exponent: u64| {
            (0..exponent).fold(1u128, |p, _| p * u128::from(base) % u128::from(m)) as u64
        };
        for (base, exponent) in [(2, 64), (3, 41), (0x1234_5678_9abc_def1, 7), (m - 1, 3), (5, 0)] {
            let got = power(&wide(base), &wide(exponent), &wide(m));
            assert_eq!(got, wide(slow(base, exponent)), "{base}^{exponent}");
        }
        assert_eq!(remainder(&[1, 2, 3], &[7, 5]), {
            let (a, m) = (1u128 | 2 << 32 | 3 << 64, 7u128 | 5 << 32);
            wide((a % m) as u64)
        });
    }

    #[test]
    fn a_key_that_is_made_signs() {
        let mut rng = clock::Rng::new(7);
        let key = make(1024, &mut || rng.next_u64());
        let pem = der::pem("RSA PRIVATE KEY", &key);
        let public = crate::client::public_of(&pem).expect("its public key");
        assert_eq!(size(&public), Some(1024));
        let signature = sign(&pem, b"hello").expect("signed");
        assert!(is_signed(&public, b"hello", &signature));
        assert!(!is_signed(&public, b"hallo", &signature));
        let mut other = signature.clone();
        other[9] ^= 1;
        assert!(!is_signed(&public, b"hello", &other));
        assert!(!is_signed(&public, b"hello", &signature[1..]));
        // Each part of the key undoes the exponent by itself.
        let all = private_numbers(&key).expect("its numbers");
        let [p, q, at_p] = [all[3].1, all[4].1, all[5].1].map(number);
        let two = |m: &Number| remainder(&[2], m);
        assert_eq!(power(&power(&two(&p), &[EXPONENT], &p), &at_p, &p), two(&p));
        let again = times(&number(all[7].1), &q);
        assert_eq!(remainder(&again, &p), remainder(&[1], &p));
    }

    #[test]
    fn what_is_no_key_signs_nothing() {
        for key in ["", "x", "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n"] {
            assert_eq!(sign(key, b"a"), None);
        }
        let even = der::sequence(&[&der::integer(&[2; 64]), &der::integer(&[3])]);
        for key in [vec![], der::sequence(&[KIND, &der::bits(&even)])] {
            assert!(!is_signed(&key, b"a", &[0; 64]));
        }
    }
}
