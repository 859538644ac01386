//! Certificates (X.509) and requests for them (PKCS #10): written, read and signed.
//!
//! Owns: the few fields that a cluster's signers and their clients look at. A cluster signs with [`Authority`]; a
//! simulated one's key is known to everybody, a served one is given its own.
//! Models what upstream reads and writes through Go's `crypto/x509`. Not modelled: other curves, whose keys
//! are taken into certificates but whose signatures nobody checks; RSA's signatures of certificates; attributes of a name outside of `2.5.4.x`.

pub mod client;
pub mod der;
pub mod p256;
pub mod rsa;

use clock::Time;
use objects::{Str, digest};

use der::{BITS, INTEGER, OBJECT_ID, OCTETS, SEQUENCE, SET, element, elements};

/// The kind of signature that is made and checked here.
pub const ECDSA_SHA256: &[u8] = &[0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
/// A key on the curve P-256.
const EC_P256: &[u8] =
    &[0x30, 19, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const EXTENSION_REQUEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 0x0e];
/// Extensions by the last byte of `2.5.29.x`.
const KEY_ID: u8 = 14;
const KEY_USAGE: u8 = 15;
const ALTERNATIVE_NAMES: u8 = 17;
const CONSTRAINTS: u8 = 19;
const AUTHORITY_KEY_ID: u8 = 35;
const EXTENDED_USAGE: u8 = 37;

/// Attributes of a name by the last byte of `2.5.4.x`.
pub const COMMON_NAME: u8 = 3;
pub const ORGANIZATION: u8 = 10;
/// The order in which Go writes them.
const WRITTEN: [u8; 9] = [6, ORGANIZATION, 11, 7, 8, 9, 17, COMMON_NAME, 5];

/// Usages by their bit.
const USAGES: [(&str, u8); 10] = [
    ("signing", 0),
    ("digital signature", 0),
    ("content commitment", 1),
    ("key encipherment", 2),
    ("data encipherment", 3),
    ("key agreement", 4),
    ("cert sign", 5),
    ("crl sign", 6),
    ("encipher only", 7),
    ("decipher only", 8),
];
/// Purposes: the last byte of `1.3.6.1.5.5.7.3.x`, or all of it, in the order in which Go writes them.
const PURPOSES: [(&str, &[u8]); 13] = [
    ("any", &[0x55, 0x1d, 0x25, 0]),
    ("server auth", &[1]),
    ("client auth", &[2]),
    ("code signing", &[3]),
    ("email protection", &[4]),
    ("s/mime", &[4]),
    ("ipsec end system", &[5]),
    ("ipsec tunnel", &[6]),
    ("ipsec user", &[7]),
    ("timestamping", &[8]),
    ("ocsp signing", &[9]),
    ("microsoft sgc", &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 10, 3, 3]),
    ("netscape sgc", &[0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 4, 1]),
];

/// Who a certificate is for: attributes by the last byte of their type, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Name(pub Vec<(u8, String)>);

impl Name {
    #[must_use]
    pub fn common(name: &str) -> Self {
        Self(vec![(COMMON_NAME, name.to_owned())])
    }

    pub fn all(&self, kind: u8) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(k, _)| *k == kind).map(|(_, v)| v.as_str())
    }

    /// The last one, as Go has it.
    #[must_use]
    pub fn common_name(&self) -> &str {
        self.all(COMMON_NAME).last().unwrap_or_default()
    }

    fn read(content: &[u8]) -> Self {
        let mut out = Self::default();
        for (_, set) in elements(content) {
            for (_, pair) in elements(set) {
                if let [(OBJECT_ID, [0x55, 4, kind]), (_, value)] = elements(pair).as_slice() {
                    out.0.push((*kind, String::from_utf8_lossy(value).into_owned()));
                }
            }
        }
        out
    }

    fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for kind in WRITTEN {
            // A set's elements stand in order.
            let mut values: Vec<Vec<u8>> = Vec::new();
            for v in self.all(kind) {
                let kind = der::write(OBJECT_ID, &[0x55, 4, kind]);
                let value = der::sequence(&[&kind, &der::write(der::TEXT, v.as_bytes())]);
                values.insert(values.partition_point(|other| *other < value), value);
            }
            if !values.is_empty() {
                out.extend(der::write(SET, &values.concat()));
            }
        }
        der::write(SEQUENCE, &out)
    }
}

/// Other names of whom a certificate is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Others {
    pub dns: Vec<String>,
    pub emails: Vec<String>,
    pub uris: Vec<String>,
    /// Of four bytes or of sixteen.
    pub addresses: Vec<Vec<u8>>,
}

impl Others {
    fn read(content: &[u8]) -> Self {
        let mut out = Self::default();
        for (tag, value) in elements(content) {
            let text = || String::from_utf8_lossy(value).into_owned();
            match tag {
                0x81 => out.emails.push(text()),
                0x82 => out.dns.push(text()),
                0x86 => out.uris.push(text()),
                0x87 => out.addresses.push(value.to_vec()),
                _ => {}
            }
        }
        out
    }

    fn write(&self) -> Vec<u8> {
        let texts =
            |tag, all: &[String]| all.iter().flat_map(|t| der::write(tag, t.as_bytes())).collect::<Vec<u8>>();
        let addresses: Vec<u8> = self.addresses.iter().flat_map(|a| der::write(0x87, a)).collect();
        [texts(0x82, &self.dns), texts(0x81, &self.emails), addresses, texts(0x86, &self.uris)].concat()
    }
}

/// The content of the extension of this kind.
fn extension(extensions: &[u8], kind: u8) -> Option<&[u8]> {
    elements(extensions).into_iter().find_map(|(_, e)| match elements(e).as_slice() {
        [(OBJECT_ID, [0x55, 0x1d, k]), .., (OCTETS, value)] if *k == kind => Some(*value),
        _ => None,
    })
}

fn other_names(extensions: &[u8]) -> Others {
    match extension(extensions, ALTERNATIVE_NAMES).and_then(element) {
        Some((SEQUENCE, names, _)) => Others::read(names),
        _ => Others::default(),
    }
}

/// A request for a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub subject: Name,
    pub others: Others,
    /// The public key with its kind, in DER.
    pub key: Vec<u8>,
    /// Why whoever asks does not seem to hold the key, in upstream's words; empty: they do. Of keys on other curves, and of
    /// other digests, it is believed.
    pub fault: &'static str,
}

impl Request {
    /// Reads a text in PEM.
    ///
    /// # Errors
    /// Upstream's words for why it is none.
    pub fn read(text: &str) -> Result<Self, &'static str> {
        match der::from_pem(text) {
            Some(("CERTIFICATE REQUEST", bytes)) => {
                Self::from_der(&bytes).ok_or("asn1: structure error: tags don't match")
            }
            _ => Err("PEM block type must be CERTIFICATE REQUEST"),
        }
    }

    fn from_der(bytes: &[u8]) -> Option<Self> {
        let (SEQUENCE, outer, []) = element(bytes)? else { return None };
        let (SEQUENCE, info, rest) = element(outer)? else { return None };
        let signed = &outer[..outer.len() - rest.len()];
        let [(SEQUENCE, algorithm), (BITS, [0, signature @ ..])] = elements(rest)[..] else { return None };
        let fields = elements(info);
        let [(INTEGER, _), (SEQUENCE, subject), (SEQUENCE, key), more @ ..] = &fields[..] else {
            return None;
        };
        let mut others = Others::default();
        for (_, attribute) in more.iter().filter(|(tag, _)| *tag == 0xa0).flat_map(|(_, a)| elements(a)) {
            if let [(OBJECT_ID, EXTENSION_REQUEST), (SET, set)] = elements(attribute).as_slice()
                && let Some((SEQUENCE, extensions, _)) = element(set)
            {
                others = other_names(extensions);
            }
        }
        let key = der::write(SEQUENCE, key);
        let algorithm = der::write(SEQUENCE, algorithm);
        let (ecdsa, rsa) = (algorithm == ECDSA_SHA256, algorithm == rsa::SHA256);
        let fault = match (point(&key), rsa::size(&key)) {
            (Some(point), _) if ecdsa && !p256::is_signed(point, signed, signature) => {
                "x509: ECDSA verification failure"
            }
            (Some(_), _) if rsa => {
                "x509: signature algorithm specifies an RSA public key, but have public key of type *ecdsa.PublicKey"
            }
            (_, Some(_)) if ecdsa => {
                "x509: signature algorithm specifies an ECDSA public key, but have public key of type *rsa.PublicKey"
            }
            (_, Some(_)) if rsa && !rsa::is_signed(&key, signed, signature) => {
                "crypto/rsa: verification error"
            }
            _ => "",
        };
        Some(Self { subject: Name::read(subject), others, key, fault })
    }
}

/// The point of a public key on the curve P-256.
fn point(key: &[u8]) -> Option<&[u8]> {
    let (_, content, _) = element(key)?;
    match element(content.strip_prefix(EC_P256)?)? {
        (BITS, [0, point @ ..], _) => Some(point),
        _ => None,
    }
}

/// The public key that belongs to a private one, with its kind, in DER.
#[must_use]
pub fn public_key(secret: &[u8; 32]) -> Vec<u8> {
    der::sequence(&[EC_P256, &der::bits(&p256::public(secret))])
}

/// A private key in PEM, as `openssl ecparam -genkey` writes it.
#[must_use]
pub fn private_key(secret: &[u8; 32]) -> String {
    let curve = der::write(0xa0, &EC_P256[11..]);
    let public = der::write(0xa1, &der::bits(&p256::public(secret)));
    let version = der::integer(&[1]);
    der::pem("EC PRIVATE KEY", &der::sequence(&[&version, &der::write(OCTETS, secret), &curve, &public]))
}

/// The private key in a PEM text, plain or in PKCS #8; `None` for keys that are not on the curve P-256.
#[must_use]
pub fn read_private_key(text: &str) -> Option<[u8; 32]> {
    let (_, bytes) = der::from_pem(text)?;
    let (SEQUENCE, content, _) = element(&bytes)? else { return None };
    let parts = elements(content);
    match parts.as_slice() {
        [(INTEGER, [1]), (OCTETS, secret), ..] => (*secret).try_into().ok(),
        [(INTEGER, _), (SEQUENCE, kind), (OCTETS, inner), ..] if der::write(SEQUENCE, kind) == EC_P256 => {
            let (_, inner, _) = element(inner)?;
            let [(INTEGER, [1]), (OCTETS, secret), ..] = elements(inner)[..] else { return None };
            secret.try_into().ok()
        }
        _ => None,
    }
}

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    pub subject: Name,
    pub issuer: Name,
    pub others: Others,
    pub not_before: Time,
    pub not_after: Time,
    pub serial: Vec<u8>,
    /// The public key with its kind, in DER.
    pub key: Vec<u8>,
    /// What the key may be used for, in the certificates API's words. Left out when it is read.
    pub usages: Vec<Str>,
    pub is_authority: bool,
    /// What names the key, when the certificate says so.
    pub key_id: Vec<u8>,
}

impl Certificate {
    /// Reads the first certificate of a text in PEM.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        match der::from_pem(text)? {
            ("CERTIFICATE", bytes) => Self::from_der(&bytes),
            _ => None,
        }
    }

    #[must_use]
    pub fn from_der(bytes: &[u8]) -> Option<Self> {
        let (SEQUENCE, outer, []) = element(bytes)? else { return None };
        let (SEQUENCE, info, _) = element(outer)? else { return None };
        let fields = elements(info);
        let [
            (0xa0, _),
            (INTEGER, serial),
            _,
            (SEQUENCE, issuer),
            (SEQUENCE, validity),
            (SEQUENCE, subject),
            (SEQUENCE, key),
            more @ ..,
        ] = &fields[..]
        else {
            return None;
        };
        let times = elements(validity);
        let [(kind, from), (end_kind, to)] = times[..] else { return None };
        let extensions = more
            .iter()
            .find(|(tag, _)| *tag == 0xa3)
            .and_then(|(_, e)| element(e))
            .map_or(&[][..], |(_, e, _)| e);
        let constraints = extension(extensions, CONSTRAINTS).and_then(element);
        Some(Self {
            subject: Name::read(subject),
            issuer: Name::read(issuer),
            others: other_names(extensions),
            not_before: der::read_time(kind, from)?,
            not_after: der::read_time(end_kind, to)?,
            serial: serial.to_vec(),
            key: der::write(SEQUENCE, key),
            usages: Vec::new(),
            key_id: extension(extensions, KEY_ID)
                .and_then(element)
                .map_or_else(Vec::new, |(_, id, _)| id.to_vec()),
            is_authority: constraints.is_some_and(|(_, c, _)| c.starts_with(&[1, 1])),
        })
    }

    fn extensions(&self, authority: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut add = |kind: u8, critical: bool, value: &[u8]| {
            let kind = der::write(OBJECT_ID, &[0x55, 0x1d, kind]);
            let mark: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
            out.extend(der::sequence(&[&kind, mark, &der::write(OCTETS, value)]));
        };
        let wanted = |name: &str| self.usages.iter().any(|u| u == name);
        let set = USAGES.iter().filter(|(name, _)| wanted(name));
        let usage = set.fold(0u16, |sum, (_, bit)| sum | 0x8000 >> bit);
        if usage != 0 {
            let [first, second] = usage.to_be_bytes();
            let used = if second == 0 { vec![first] } else { vec![first, second] };
            let unused = used.last().map_or(0, |b| b.trailing_zeros() as u8);
            add(KEY_USAGE, true, &der::write(BITS, &[&[unused][..], &used].concat()));
        }
        let mut purposes: Vec<Vec<u8>> = Vec::new();
        for (_, kind) in PURPOSES.iter().filter(|(name, _)| wanted(name)) {
            let base: &[u8] = if kind.len() == 1 { &[0x2b, 6, 1, 5, 5, 7, 3] } else { &[] };
            let id = der::write(OBJECT_ID, &[base, kind].concat());
            if !purposes.contains(&id) {
                purposes.push(id);
            }
        }
        if !purposes.is_empty() {
            add(EXTENDED_USAGE, false, &der::write(SEQUENCE, &purposes.concat()));
        }
        let constraints: &[u8] = if self.is_authority { &[1, 1, 0xff] } else { &[] };
        add(CONSTRAINTS, true, &der::write(SEQUENCE, constraints));
        if self.is_authority {
            add(KEY_ID, false, &der::write(OCTETS, &key_id(&self.key)));
        } else {
            add(AUTHORITY_KEY_ID, false, &der::write(SEQUENCE, &der::write(0x80, authority)));
        }
        let others = self.others.write();
        if !others.is_empty() {
            add(ALTERNATIVE_NAMES, false, &der::write(SEQUENCE, &others));
        }
        out
    }

    /// The certificate in PEM, signed with a key; `authority` is what names it.
    fn signed(&self, secret: &[u8; 32], authority: &[u8]) -> String {
        let validity = der::sequence(&[&der::time(self.not_before), &der::time(self.not_after)]);
        let extensions = der::write(0xa3, &der::write(SEQUENCE, &self.extensions(authority)));
        let info = der::sequence(&[
            &[0xa0, 3, INTEGER, 1, 2],
            &der::integer(&self.serial),
            ECDSA_SHA256,
            &self.issuer.write(),
            &validity,
            &self.subject.write(),
            &self.key,
            &extensions,
        ]);
        let signature = der::bits(&p256::sign(secret, &info));
        der::pem("CERTIFICATE", &der::sequence(&[&info, ECDSA_SHA256, &signature]))
    }

    /// The certificate in PEM, signed with the key that it is for.
    #[must_use]
    pub fn self_signed(mut self, secret: &[u8; 32]) -> String {
        self.issuer = self.subject.clone();
        self.key = public_key(secret);
        self.signed(secret, &key_id(&self.key))
    }
}

/// What names a key: the beginning of its digest.
fn key_id(key: &[u8]) -> Vec<u8> {
    let bits = element(key).and_then(|(_, content, _)| elements(content).last().map(|(_, b)| b.to_vec()));
    digest::sha256(bits.as_deref().and_then(|b| b.get(1..)).unwrap_or_default())[..20].to_vec()
}

/// Who signs: a certificate and its private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// In PEM.
    pub certificate: Str,
    pub secret: [u8; 32],
}

/// What the authority of a simulated cluster is made from, and its certificate, which is the same in all of them.
const SIMULATED: &[u8] = b"wheelhouse";
const SIMULATED_CERTIFICATE: &str = include_str!("simulated.pem");

impl Authority {
    /// A simulated cluster's. Its key is public: nothing real may believe it.
    #[must_use]
    pub fn simulated() -> Self {
        Self { certificate: simulated_certificate(), secret: p256::secret(SIMULATED) }
    }

    /// The certificate in PEM, signed; its issuer is this authority, beyond whose end it does not live.
    #[must_use]
    pub fn sign(&self, mut certificate: Certificate) -> String {
        let mut named = key_id(&public_key(&self.secret));
        if let Some(own) = Certificate::read(&self.certificate) {
            certificate.not_after = certificate.not_after.min(own.not_after);
            certificate.issuer = own.subject;
            named = own.key_id;
        }
        certificate.signed(&self.secret, &named)
    }
}

/// Who every simulated cluster's administrator is: what the key is made from, the certificate and the key in PEM.
/// Constants, as the authority's own certificate is.
#[cfg(test)]
const ADMINISTRATOR: &[u8] = b"kubernetes-admin";
pub const ADMINISTRATOR_CERTIFICATE: &str = include_str!("administrator.pem");
pub const ADMINISTRATOR_KEY: &str = include_str!("administrator.key");

/// The certificate of a simulated cluster's authority, in PEM.
#[must_use]
pub fn simulated_certificate() -> Str {
    Str::new_static(SIMULATED_CERTIFICATE)
}

#[cfg(test)]
mod tests;
