//! Signatures over the curve P-256 (ECDSA, FIPS 186-5), as small as can be.
//!
//! What one signs follows from the key and the digest alone: the number that others draw at random is a digest of both.
//! Not modelled: constant time. Whoever can measure this machine could learn a key, and a page's key is no secret anyway.

use objects::digest::sha256;

use crate::der;

/// Least significant limb first.
type Number = [u32; 8];

/// The field's prime, the group's order and the point that all keys are multiples of.
const FIELD: Number = [!0, !0, !0, 0, 0, 0, 1, !0];
const ORDER: Number =
    [0xfc63_2551, 0xf3b9_cac2, 0xa717_9e84, 0xbce6_faad, 0xffff_ffff, 0xffff_ffff, 0, 0xffff_ffff];
const BASE_X: Number =
    [0xd898_c296, 0xf4a1_3945, 0x2deb_33a0, 0x7703_7d81, 0x63a4_40f2, 0xf8bc_e6e5, 0xe12c_4247, 0x6b17_d1f2];
const BASE_Y: Number =
    [0x37bf_51f5, 0xcbb6_4068, 0x6b31_5ece, 0x2bce_3357, 0x7c0f_9e16, 0x8ee7_eb4a, 0xfe1a_7f9b, 0x4fe3_42e2];
const ZERO: Number = [0; 8];
const ONE: Number = [1, 0, 0, 0, 0, 0, 0, 0];

fn number(bytes: &[u8; 32]) -> Number {
    std::array::from_fn(|i| {
        let at = 28 - 4 * i;
        u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
    })
}

fn bytes(n: &Number) -> [u8; 32] {
    std::array::from_fn(|i| n[7 - i / 4].to_be_bytes()[i % 4])
}

/// The difference, and whether it is below nought.
fn minus(a: &Number, b: &Number) -> (Number, bool) {
    let mut borrow = 0;
    let out = std::array::from_fn(|i| {
        let d = i64::from(a[i]) - i64::from(b[i]) - borrow;
        borrow = i64::from(d < 0);
        d as u32
    });
    (out, borrow != 0)
}

fn is_below(a: &Number, b: &Number) -> bool {
    minus(a, b).1
}

/// Arithmetic of remainders, which are kept times 2^256 (Montgomery's form).
struct Modulus {
    modulus: Number,
    /// -1/modulus for the lowest limb.
    inverse: u32,
    /// 2^512: what brings a number into the form.
    square: Number,
}

impl Modulus {
    fn new(modulus: Number) -> Self {
        // Each turn doubles the bits that are right.
        let mut x = 1u32;
        for _ in 0..5 {
            x = x.wrapping_mul(2u32.wrapping_sub(modulus[0].wrapping_mul(x)));
        }
        let mut new = Self { modulus, inverse: x.wrapping_neg(), square: ONE };
        for _ in 0..512 {
            new.square = new.plus(&new.square, &new.square);
        }
        new
    }

    /// A number of at most twice the modulus; `carry` stands for 2^256.
    fn reduced(&self, carry: bool, n: Number) -> Number {
        let (less, below) = minus(&n, &self.modulus);
        if carry || !below { less } else { n }
    }

    fn plus(&self, a: &Number, b: &Number) -> Number {
        let mut carry = 0;
        let sum = std::array::from_fn(|i| {
            let s = u64::from(a[i]) + u64::from(b[i]) + carry;
            carry = s >> 32;
            s as u32
        });
        self.reduced(carry != 0, sum)
    }

    fn less(&self, a: &Number, b: &Number) -> Number {
        let (d, below) = minus(a, b);
        if below { minus(&d, &minus(&ZERO, &self.modulus).0).0 } else { d }
    }

    fn times(&self, a: &Number, b: &Number) -> Number {
        let mut t = [0u32; 10];
        for x in a {
            let mut carry = 0u64;
            for (t, b) in t.iter_mut().zip(b) {
                let s = u64::from(*t) + u64::from(*x) * u64::from(*b) + carry;
                *t = s as u32;
                carry = s >> 32;
            }
            let s = u64::from(t[8]) + carry;
            (t[8], t[9]) = (s as u32, (s >> 32) as u32);
            let q = u64::from(t[0].wrapping_mul(self.inverse));
            let mut carry = (u64::from(t[0]) + q * u64::from(self.modulus[0])) >> 32;
            for j in 1..8 {
                let s = u64::from(t[j]) + q * u64::from(self.modulus[j]) + carry;
                t[j - 1] = s as u32;
                carry = s >> 32;
            }
            let s = u64::from(t[8]) + carry;
            (t[7], t[8]) = (s as u32, t[9] + (s >> 32) as u32);
        }
        self.reduced(t[8] != 0, std::array::from_fn(|i| t[i]))
    }

    fn form(&self, n: &Number) -> Number {
        self.times(n, &self.square)
    }

    fn plain(&self, n: &Number) -> Number {
        self.times(n, &ONE)
    }

    /// 1/n, by Fermat: n to the power of the modulus less two.
    fn inverted(&self, n: &Number) -> Number {
        let exponent = minus(&self.modulus, &[2, 0, 0, 0, 0, 0, 0, 0]).0;
        let mut out = self.form(&ONE);
        for bit in (0..256).rev() {
            out = self.times(&out, &out);
            if exponent[bit / 32] >> (bit % 32) & 1 == 1 {
                out = self.times(&out, n);
            }
        }
        out
    }
}

/// x/z², y/z³; nowhere when z is nought.
#[derive(Clone, Copy)]
struct Point {
    x: Number,
    y: Number,
    z: Number,
}

struct Curve(Modulus);

impl Curve {
    fn new() -> Self {
        Self(Modulus::new(FIELD))
    }

    fn point(&self, x: &Number, y: &Number) -> Point {
        Point { x: self.0.form(x), y: self.0.form(y), z: self.0.form(&ONE) }
    }

    fn base(&self) -> Point {
        self.point(&BASE_X, &BASE_Y)
    }

    fn doubled(&self, p: &Point) -> Point {
        let f = &self.0;
        let twice = |n: &Number| f.plus(n, n);
        let (delta, gamma) = (f.times(&p.z, &p.z), f.times(&p.y, &p.y));
        let beta = f.times(&p.x, &gamma);
        let product = f.times(&f.less(&p.x, &delta), &f.plus(&p.x, &delta));
        let alpha = f.plus(&twice(&product), &product);
        let four = twice(&twice(&beta));
        let x = f.less(&f.times(&alpha, &alpha), &twice(&four));
        let z = f.plus(&p.y, &p.z);
        let z = f.less(&f.less(&f.times(&z, &z), &gamma), &delta);
        let eight = twice(&twice(&twice(&f.times(&gamma, &gamma))));
        let y = f.less(&f.times(&alpha, &f.less(&four, &x)), &eight);
        Point { x, y, z }
    }

    fn sum(&self, a: &Point, b: &Point) -> Point {
        if a.z == ZERO {
            return *b;
        }
        if b.z == ZERO {
            return *a;
        }
        let f = &self.0;
        let (aa, bb) = (f.times(&a.z, &a.z), f.times(&b.z, &b.z));
        let (u, v) = (f.times(&a.x, &bb), f.times(&b.x, &aa));
        let (s, t) = (f.times(&a.y, &f.times(&b.z, &bb)), f.times(&b.y, &f.times(&a.z, &aa)));
        let (h, r) = (f.less(&v, &u), f.less(&t, &s));
        if h == ZERO {
            return if r == ZERO { self.doubled(a) } else { Point { x: ZERO, y: ZERO, z: ZERO } };
        }
        let hh = f.times(&h, &h);
        let (cube, w) = (f.times(&h, &hh), f.times(&u, &hh));
        let x = f.less(&f.less(&f.times(&r, &r), &cube), &f.plus(&w, &w));
        let y = f.less(&f.times(&r, &f.less(&w, &x)), &f.times(&s, &cube));
        Point { x, y, z: f.times(&f.times(&a.z, &b.z), &h) }
    }

    fn multiple(&self, n: &Number, p: &Point) -> Point {
        let mut out = Point { x: ZERO, y: ZERO, z: ZERO };
        for bit in (0..256).rev() {
            out = self.doubled(&out);
            if n[bit / 32] >> (bit % 32) & 1 == 1 {
                out = self.sum(&out, p);
            }
        }
        out
    }

    /// Where a point lies; noughts for the one that is nowhere.
    fn place(&self, p: &Point) -> (Number, Number) {
        let f = &self.0;
        let inverse = f.inverted(&p.z);
        let square = f.times(&inverse, &inverse);
        (f.plain(&f.times(&p.x, &square)), f.plain(&f.times(&p.y, &f.times(&square, &inverse))))
    }
}

/// A private key that follows from a seed.
#[must_use]
pub fn secret(seed: &[u8]) -> [u8; 32] {
    let mut out = sha256(seed);
    while !is_good(&number(&out)) {
        out = sha256(&out);
    }
    out
}

fn is_good(n: &Number) -> bool {
    *n != ZERO && is_below(n, &ORDER)
}

/// The public key, as a point is written without compression.
#[must_use]
pub fn public(secret: &[u8; 32]) -> Vec<u8> {
    let curve = Curve::new();
    let (x, y) = curve.place(&curve.multiple(&number(secret), &curve.base()));
    [&[4][..], &bytes(&x), &bytes(&y)].concat()
}

/// A signature of a message's SHA-256, in DER.
#[must_use]
pub fn sign(secret: &[u8; 32], message: &[u8]) -> Vec<u8> {
    let (curve, order) = (Curve::new(), Modulus::new(ORDER));
    let digest = sha256(message);
    let z = order.reduced(false, number(&digest));
    let mut drawn = [&secret[..], &digest].concat();
    loop {
        drawn = sha256(&drawn).to_vec();
        let k = number(&sha256(&[&secret[..], &drawn].concat()));
        if !is_good(&k) {
            continue;
        }
        let r = order.reduced(false, curve.place(&curve.multiple(&k, &curve.base())).0);
        let keyed = order.times(&order.form(&r), &order.form(&number(secret)));
        let sum = order.plus(&order.form(&z), &keyed);
        let s = order.plain(&order.times(&order.inverted(&order.form(&k)), &sum));
        if r != ZERO && s != ZERO {
            return der::sequence(&[&der::integer(&bytes(&r)), &der::integer(&bytes(&s))]);
        }
    }
}

/// Whether the holder of this public key signed the message.
#[must_use]
pub fn is_signed(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    verified(public, message, signature).unwrap_or(false)
}

fn verified(public: &[u8], message: &[u8], signature: &[u8]) -> Option<bool> {
    let (4, point) = public.split_first().map(|(kind, rest)| (*kind, rest))? else { return None };
    let (x, y) = (point.first_chunk()?, point.get(32..)?.try_into().ok()?);
    let (der::SEQUENCE, both, _) = der::element(signature)? else { return None };
    let parts = der::elements(both);
    let [(der::INTEGER, r), (der::INTEGER, s)] = parts.as_slice() else { return None };
    let (r, s) = (padded(r)?, padded(s)?);
    if !is_good(&r) || !is_good(&s) {
        return None;
    }
    let (curve, order) = (Curve::new(), Modulus::new(ORDER));
    let inverse = order.inverted(&order.form(&s));
    let z = order.reduced(false, number(&sha256(message)));
    let part = |n: &Number| order.plain(&order.times(&order.form(n), &inverse));
    let own = curve.multiple(&part(&z), &curve.base());
    let theirs = curve.multiple(&part(&r), &curve.point(&number(x), &number(&y)));
    let found = curve.place(&curve.sum(&own, &theirs)).0;
    Some(order.reduced(false, found) == r)
}

fn padded(integer: &[u8]) -> Option<Number> {
    let at = integer.iter().position(|b| *b != 0)?;
    let mut out = [0; 32];
    let start = 32usize.checked_sub(integer.len() - at)?;
    out[start..].copy_from_slice(&integer[at..]);
    Some(number(&out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unhex(text: &str) -> Vec<u8> {
        (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).expect("hex")).collect()
    }

    /// The key of RFC 6979, A.2.5, and its signature of `sample`.
    #[test]
    fn a_known_key_and_signature() {
        let secret: [u8; 32] =
            unhex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721").try_into().expect("32");
        let key = public(&secret);
        let expected = "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
        assert_eq!(key, unhex(expected));
        let r = unhex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716");
        let s = unhex("f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
        let known = der::sequence(&[&der::integer(&r), &der::integer(&s)]);
        assert!(is_signed(&key, b"sample", &known));
        assert!(!is_signed(&key, b"simple", &known));
    }

    #[test]
    fn what_is_signed_is_verified_and_nothing_else() {
        for seed in 0..4u8 {
            let secret = secret(&[seed]);
            let key = public(&secret);
            let signature = sign(&secret, b"message");
            assert_eq!(signature, sign(&secret, b"message"), "the same again");
            assert!(is_signed(&key, b"message", &signature), "seed {seed}");
            assert!(!is_signed(&key, b"massage", &signature));
            assert!(!is_signed(&public(&[9; 32]), b"message", &signature));
        }
        assert!(!is_signed(&[], b"", &[]) && !is_signed(&[4; 65], b"", &[0x30, 0]));
    }
}
