//! Certificates: what the cluster's own signers issue, and what a cert-manager-like controller keeps in Secrets.
//!
//! The two controllers are in files of their own. Does not own: the text that stands for a certificate (objects).

mod certificate;
mod signing;

pub use certificate::CertificateController;
pub use objects::pem::Pem;
pub use signing::SigningController;

use objects::{json, pem, value};

/// What stands for a private key.
fn key_pem(serial: &str) -> String {
    pem::block("PRIVATE KEY", json::to_string(&value!({"simulated": true, "key": (serial)})).as_bytes())
}
