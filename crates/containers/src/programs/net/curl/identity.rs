//! curl's own certificate: `--cert` and `--key`.
//!
//! Models curl's `lib/vtls/openssl.c` (cert_stuff). Not modelled: passphrases, PKCS#12, engines.

use crate::machine::Sys;

use super::options::Options;

/// The certificate that servers are shown, in PEM, once it is seen that the key belongs to it.
///
/// # Errors
/// What curl says of a file that is missing, or holds something else.
pub(super) fn certificate(o: &Options, sys: &mut Sys<'_>) -> Result<Option<String>, String> {
    let Some(given) = o.value("cert") else { return Ok(None) };
    // What follows a colon is the key's passphrase.
    let file = given.split(':').next().unwrap_or(given);
    let mut read = |file: &str| {
        let path = sys.path(file);
        sys.fs().read(&path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    };
    let unfit = |why: &str| {
        format!(
            "curl: (58) could not load PEM client certificate from {file}, OpenSSL error {why}, (no key found, wrong pass phrase, or wrong file format?)\n"
        )
    };
    let Some(text) = read(file) else {
        return Err(unfit("error:80000002:system library::No such file or directory"));
    };
    let Some(block) = pem(&text, |label| label == "CERTIFICATE") else {
        return Err(unfit("error:0480006C:PEM routines::no start line"));
    };
    let name = o.value("key").unwrap_or(file);
    let key = read(name);
    let key = key.as_deref().and_then(|text| pem(text, |label| label.ends_with("PRIVATE KEY")));
    let belongs = |key: &str| {
        // What this house's openssl writes by itself is no certificate to the server, which says so.
        x509::Certificate::read(block).is_none_or(|read| x509::client::belongs(key, &read.key))
    };
    if !key.is_some_and(belongs) {
        return Err(format!("curl: (58) unable to set private key file: '{name}' type PEM\n"));
    }
    Ok(Some(block.to_owned()))
}

/// The first block of a text in PEM whose label is one of those meant.
fn pem(text: &str, is_meant: impl Fn(&str) -> bool) -> Option<&str> {
    const BEGIN: &str = "-----BEGIN ";
    let (at, label) = text.match_indices(BEGIN).find_map(|(at, _)| {
        let label = text[at + BEGIN.len()..].split("-----").next()?;
        is_meant(label).then_some((at, label))
    })?;
    let end = format!("-----END {label}-----");
    let length = text[at..].find(&end)? + end.len();
    Some(&text[at..at + length])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_by_their_labels() {
        let text = "x\n-----BEGIN A-----\n1\n-----END A-----\n-----BEGIN EC B-----\n2\n-----END EC B-----\n";
        assert_eq!(pem(text, |l| l == "A"), Some("-----BEGIN A-----\n1\n-----END A-----"));
        assert_eq!(pem(text, |l| l.ends_with('B')), Some("-----BEGIN EC B-----\n2\n-----END EC B-----"));
        assert_eq!(pem(text, |l| l == "C"), None);
        assert_eq!(pem("-----BEGIN A-----\n1", |l| l == "A"), None);
    }
}
