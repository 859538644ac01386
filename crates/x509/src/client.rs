//! What a server asks of a client's certificate before it believes the name in it, and what a client is asked for
//! itself: the key that belongs to it.
//!
//! Models `crypto/x509` Verify as `k8s.io/apiserver/pkg/authentication/request/x509` uses it, and `crypto/tls` X509KeyPair.
//! Not modelled: authorities between the root and the client; keys on other curves are believed.

use crate::der::{self, BITS, INTEGER, OBJECT_ID, SEQUENCE, element, elements};
use crate::{
    Certificate, ECDSA_SHA256, EXTENDED_USAGE, extension, p256, point, public_key, read_private_key, rsa,
};

/// The purposes of which a client's certificate must have one: any, and `client auth`.
const CLIENT: [&[u8]; 2] = [&[0x55, 0x1d, 0x25, 0], &[0x2b, 6, 1, 5, 5, 7, 3, 2]];

/// What a certificate says, when the authority (both in PEM) signed it as a client's. Its time is for the caller to look at.
#[must_use]
pub fn vouched(text: &str, authority: &str) -> Option<Certificate> {
    let ("CERTIFICATE", bytes) = der::from_pem(text)? else { return None };
    let root = Certificate::read(authority)?;
    let read = Certificate::from_der(&bytes)?;
    let (_, outer, _) = element(&bytes)?;
    let (_, info, rest) = element(outer)?;
    let signed = &outer[..outer.len() - rest.len()];
    let [(SEQUENCE, algorithm), (BITS, [0, signature @ ..])] = elements(rest)[..] else { return None };
    let is_signed = read.issuer == root.subject
        && der::write(SEQUENCE, algorithm) == ECDSA_SHA256
        && p256::is_signed(point(&root.key)?, signed, signature);
    let more = elements(info).into_iter().find(|(tag, _)| *tag == 0xa3);
    let extensions = more.and_then(|(_, e)| element(e)).map_or(&[][..], |(_, e, _)| e);
    let purposes = extension(extensions, EXTENDED_USAGE).and_then(element).map(|(_, p, _)| elements(p));
    let is_client = purposes
        .is_none_or(|all| all.iter().any(|(kind, value)| *kind == OBJECT_ID && CLIENT.contains(value)));
    (is_signed && is_client).then_some(read)
}

/// Whether a private key in PEM belongs to a public one.
#[must_use]
pub fn belongs(key: &str, public: &[u8]) -> bool {
    public_of(key).is_none_or(|own| own == public)
}

/// The public key, with its kind in DER, that belongs to a private one in PEM: one on the curve P-256, or of RSA's.
#[must_use]
pub fn public_of(key: &str) -> Option<Vec<u8>> {
    if let Some(secret) = read_private_key(key) {
        return Some(public_key(&secret));
    }
    let (_, bytes) = der::from_pem(key)?;
    let all = rsa::private_numbers(&bytes)?;
    let numbers = der::sequence(&[&der::write(INTEGER, all[0].1), &der::write(INTEGER, all[1].1)]);
    Some(der::sequence(&[rsa::KIND, &der::bits(&numbers)]))
}
