//! Certificates: what the cluster's own signers issue, and what a cert-manager-like controller keeps in Secrets.
//!
//! Does not own: what a certificate is (`x509`). The controllers are in files of their own.

mod approving;
mod certificate;
mod signing;

pub use approving::ApprovingController;
pub use certificate::CertificateController;
pub use signing::SigningController;

use clock::Rng;

/// A serial number as Go draws it: 128 bits, not negative.
fn serial(rng: &mut Rng) -> Vec<u8> {
    let [high, low] = [rng.next_u64() >> 1, rng.next_u64()].map(u64::to_be_bytes);
    [high, low].concat()
}
