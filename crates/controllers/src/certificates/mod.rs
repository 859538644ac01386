//! Certificates: what the cluster's own signers issue, and what a cert-manager-like controller keeps in Secrets.
//!
//! Owns: [`Pem`], the text that stands for a certificate here. The two controllers are in files of their own.
//! Not modelled: X.509. A certificate is a PEM block around a line of JSON with its subject, names and dates; what must
//! look at one (Ingress, the page) reads it with [`Pem::read`].

mod certificate;
mod signing;

pub use certificate::CertificateController;
pub use signing::SigningController;

use clock::Time;
use objects::{Value, base64, json, value};

/// What a simulated certificate says.
#[derive(Clone, Debug, PartialEq)]
pub struct Pem {
    pub subject: String,
    pub issuer: String,
    pub names: Vec<String>,
    pub not_before: Time,
    pub not_after: Time,
    pub serial: String,
}

fn block(label: &str, content: &Value) -> String {
    let body = base64::encode(json::to_string(content).as_bytes());
    let lines: Vec<&str> = (0..body.len()).step_by(64).map(|i| &body[i..(i + 64).min(body.len())]).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

impl Pem {
    #[must_use]
    pub fn write(&self) -> String {
        block(
            "CERTIFICATE",
            &value!({
                "simulated": true, "subject": (&self.subject), "issuer": (&self.issuer), "serial": (&self.serial),
                "names": (self.names.iter().map(Value::from).collect::<Value>()),
                "notBefore": (self.not_before.rfc3339()), "notAfter": (self.not_after.rfc3339())
            }),
        )
    }

    /// `None` for a text that this cluster did not write.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let body: String = text
            .lines()
            .skip_while(|l| !l.starts_with("-----BEGIN CERTIFICATE"))
            .skip(1)
            .take_while(|l| !l.starts_with("-----END"))
            .collect();
        let bytes = base64::decode(&body)?;
        let v = json::parse(std::str::from_utf8(&bytes).ok()?).ok()?;
        Some(Self {
            subject: v["subject"].text().to_owned(),
            issuer: v["issuer"].text().to_owned(),
            names: v["names"].items().iter().map(|n| n.text().to_owned()).collect(),
            not_before: Time::parse_rfc3339(v["notBefore"].text())?,
            not_after: Time::parse_rfc3339(v["notAfter"].text())?,
            serial: v["serial"].text().to_owned(),
        })
    }
}

/// What stands for a private key.
fn key_pem(serial: &str) -> String {
    block("PRIVATE KEY", &value!({"simulated": true, "key": (serial)}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_read_as_it_was_written() {
        let pem = Pem {
            subject: "web".into(),
            issuer: "ca".into(),
            names: vec!["web.example.com".into(), "www.example.com".into()],
            not_before: Time::EPOCH,
            not_after: Time::EPOCH + 86_400_000,
            serial: "0a1b".into(),
        };
        assert_eq!(Pem::read(&pem.write()), Some(pem));
        assert_eq!(Pem::read("-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n"), None);
        assert_eq!(Pem::read(""), None);
    }
}
