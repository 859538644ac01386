//! PEM blocks, and the text that stands for a certificate here: a block around a line of JSON with its subject, names and
//! dates. Who must look at one (Ingress, `openssl`, the page) reads it with [`Pem::read`]. Not modelled: X.509.

use clock::Time;

use crate::{Value, base64, json, value};

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

/// Bytes under a label.
#[must_use]
pub fn block(label: &str, content: &[u8]) -> String {
    let body = base64::encode(content);
    let lines: Vec<&str> = (0..body.len()).step_by(64).map(|i| &body[i..(i + 64).min(body.len())]).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The bytes of the first block under a label.
#[must_use]
pub fn content(text: &str, label: &str) -> Option<Vec<u8>> {
    let begin = format!("-----BEGIN {label}-----");
    let lines = text.lines().map(str::trim).skip_while(|l| *l != begin).skip(1);
    base64::decode(&lines.take_while(|l| !l.starts_with("-----END")).collect::<String>())
}

impl Pem {
    #[must_use]
    pub fn write(&self) -> String {
        block(
            "CERTIFICATE",
            json::to_string(&value!({
                "simulated": true, "subject": (&self.subject), "issuer": (&self.issuer), "serial": (&self.serial),
                "names": (self.names.iter().map(Value::from).collect::<Value>()),
                "notBefore": (self.not_before.rfc3339()), "notAfter": (self.not_after.rfc3339())
            }))
            .as_bytes(),
        )
    }

    /// `None` for a text that this cluster did not write.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let bytes = content(text, "CERTIFICATE")?;
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
