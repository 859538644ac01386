//! `openssl`: keys, requests, self-signed and signed certificates, what they say, digests, base64, random bytes, and
//! `s_client`.
//!
//! Keys on the curve P-256 and RSA's are true ones, others random bytes in the shape of keys; requests are true DER, signed
//! by the key that they are made with; certificates are the house's own text ([`objects::pem`]), and what the cluster's
//! signers issue (`x509`) is read as well. Not modelled: encryption, questions for a subject (`-subj` gives it),
//! configuration files but for their `subjectAltName` and `DNS.n` lines.

use ::x509::rsa;
use clock::{Rng, Time};
use objects::pem::{self, Pem};

use super::args::Args;
use super::gather::{Gathered, Job, Tool, all_of_it, gather, no_end};
use super::{base64, date_text, hash};
use crate::machine::{Program, Sys, Turn, Wait};
use crate::net::{Certificate, HttpRequest, NetAnswer, NetRequest};

static TOOL: Tool = Tool { spec: "", files, finish, part: all_of_it, enough: no_end };

/// Options that take a value.
const VALUED: [&str; 28] = [
    "in",
    "out",
    "days",
    "subj",
    "key",
    "keyout",
    "newkey",
    "addext",
    "config",
    "extensions",
    "extfile",
    "CA",
    "CAkey",
    "CAfile",
    "CAserial",
    "algorithm",
    "pkeyopt",
    "name",
    "connect",
    "servername",
    "set_serial",
    "signkey",
    "checkend",
    "ext",
    "passin",
    "passout",
    "pass",
    "salt",
];
const DAY_MS: i64 = 86_400_000;

/// `-name value` becomes `--name=value`: these options are long and have one dash.
pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    let mut words = Vec::new();
    let mut rest = argv.iter();
    while let Some(word) = rest.next() {
        match word.strip_prefix('-').filter(|w| !w.is_empty()) {
            Some(name) if VALUED.contains(&name) => {
                words.push(format!("--{name}={}", rest.next().map_or("", |v| v)));
            }
            Some(name) => words.push(format!("--{}", name.trim_start_matches('-'))),
            None => words.push(word.clone()),
        }
    }
    if argv.get(1).is_some_and(|c| c == "s_client") {
        return Box::new(Client { words, asked: None });
    }
    gather(&TOOL, &words)
}

fn command(args: &Args) -> &str {
    args.rest.first().map_or("", String::as_str)
}

fn files(args: &Args) -> Vec<String> {
    let of = |name: &str| args.long_value(name).map(|f| vec![f.to_owned()]);
    let nothing = || vec!["/dev/null".to_owned()];
    match command(args) {
        "x509" | "base64" | "enc" | "rsa" | "pkey" | "ec" => of("in").unwrap_or_default(),
        "req" if !args.long("new") && !args.long("x509") && !args.long("newkey") => {
            of("in").unwrap_or_default()
        }
        "dgst" | "sha256" | "sha1" | "md5" => args.rest[1..].to_vec(),
        "verify" if args.rest.len() > 1 => args.rest[1..].to_vec(),
        _ => nothing(),
    }
}

/// A piece of DER.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let n = body.len();
    let mut out = vec![tag];
    match n {
        0..0x80 => out.push(n as u8),
        0x80..0x100 => out.extend([0x81, n as u8]),
        _ => out.extend([0x82, (n >> 8) as u8, n as u8]),
    }
    out.extend(body);
    out
}

fn bytes(rng: &mut Rng, n: usize) -> Vec<u8> {
    (0..n).map(|_| rng.next_u64() as u8).collect()
}

const ED25519: [u8; 7] = [0x30, 5, 6, 3, 0x2b, 0x65, 0x70];

/// A new private key's block.
fn key(rng: &mut Rng, kind: &str) -> String {
    let kind = kind.to_ascii_lowercase();
    let bits: usize = kind.rsplit(':').next().and_then(|b| b.parse().ok()).unwrap_or(2048).clamp(512, 16_384);
    let other_curve = kind.contains("384") || kind.contains("521");
    let content = if kind.contains("ed25519") {
        der(0x30, &[&[2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20], &bytes(rng, 32)])
    } else if kind.contains("ec") || kind.contains("prime") {
        if !other_curve {
            return ::x509::private_key(&::x509::p256::secret(&bytes(rng, 32)));
        }
        der(0x30, &[&[2, 1, 0], &bytes(rng, 132)])
    } else {
        let numbers = rsa::make(bits, &mut || rng.next_u64());
        der(0x30, &[&[2, 1, 0], rsa::KIND, &der(4, &[&numbers])])
    };
    pem::block("PRIVATE KEY", &content)
}

/// The public key that belongs to a private one. Of kinds without arithmetic here it is made up, in Ed25519's shape.
fn public(key: &str) -> Vec<u8> {
    ::x509::client::public_of(key)
        .unwrap_or_else(|| der(0x30, &[&ED25519, &der(3, &[&[0], &objects::digest::sha256(key.as_bytes())])]))
}

/// A subject: kinds of names, and names.
type Pairs = Vec<(String, String)>;

/// `/CN=a/O=b` as pairs.
fn subject(text: &str) -> Pairs {
    let pair = |p: &str| p.split_once('=').map(|(k, v)| (k.trim().to_owned(), v.trim().to_owned()));
    text.split('/').filter_map(pair).collect()
}

fn shown(pairs: &[(String, String)]) -> String {
    pairs.iter().map(|(k, v)| format!("{k} = {v}")).collect::<Vec<_>>().join(", ")
}

/// A certificate's name as openssl shows it: one that is no list of pairs is a common name.
fn named(name: &str) -> String {
    if name.contains('=') || name.is_empty() { name.to_owned() } else { format!("CN = {name}") }
}

/// Host names among options and configuration files: `DNS:a`, `DNS.1 = a`, `IP:..`.
fn names(sys: &mut Sys<'_>, args: &Args) -> Vec<String> {
    let mut texts: Vec<String> = args.long_values("addext").map(str::to_owned).collect();
    for file in ["config", "extfile"].into_iter().filter_map(|o| args.long_value(o)) {
        texts.extend(read(sys, file));
    }
    let mut out = Vec::new();
    for line in texts.iter().flat_map(|t| t.lines()) {
        let line = line.trim();
        for kind in ["DNS", "IP"] {
            if let Some((_, value)) =
                line.split_once('=').filter(|(k, _)| k.trim().starts_with(&format!("{kind}.")))
            {
                out.push(value.trim().to_owned());
            }
        }
        for item in line.split(['=', ',']).map(str::trim) {
            out.extend(item.strip_prefix("DNS:").or(item.strip_prefix("IP:")).map(str::to_owned));
        }
    }
    out
}

fn read(sys: &mut Sys<'_>, file: &str) -> Option<String> {
    let path = sys.path(file);
    sys.fs().read(&path).ok().map(|b| String::from_utf8_lossy(&b).into_owned())
}

/// Writes to `-out`, else to standard output.
fn give(sys: &mut Sys<'_>, args: &Args, option: &str, text: &str) -> i32 {
    let Some(file) = args.long_value(option) else {
        sys.out(text);
        return 0;
    };
    let path = sys.path(file);
    let done = sys.fs().write(&path, text.as_bytes());
    if let Err(e) = done {
        sys.err(&format!("Can't open \"{file}\" for writing, {e}\n"));
        return 1;
    }
    if option == "keyout" {
        let _ = sys.fs().change_meta(&path, |m| m.mode = 0o600);
    }
    0
}

/// Attribute types `2.5.4.x`.
const ATTRIBUTES: [(&str, u8); 6] = [("CN", 3), ("C", 6), ("L", 7), ("ST", 8), ("O", 10), ("OU", 11)];

/// A certificate request for a private key.
fn request(rng: &mut Rng, pairs: &[(String, String)], names: &[String], private: &str) -> String {
    let parts: Vec<Vec<u8>> = pairs
        .iter()
        .filter_map(|(k, v)| {
            let kind = ATTRIBUTES.iter().find(|a| a.0 == k)?.1;
            Some(der(0x31, &[&der(0x30, &[&[6, 3, 0x55, 4, kind], &der(0x0c, &[v.as_bytes()])])]))
        })
        .collect();
    let name = der(0x30, &parts.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let key = public(private);
    let hosts: Vec<Vec<u8>> = names.iter().map(|n| der(0x82, &[n.as_bytes()])).collect();
    let attributes = if hosts.is_empty() {
        Vec::new()
    } else {
        let list = der(0x30, &hosts.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let extension = der(0x30, &[&[6, 3, 0x55, 0x1d, 0x11], &der(4, &[&list])]);
        let asked = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e];
        der(0x30, &[&asked, &der(0x31, &[&der(0x30, &[&extension])])])
    };
    let info = der(0x30, &[&[2, 1, 0], &name, &key, &der(0xa0, &[&attributes])]);
    let (kind, signature) = match ::x509::read_private_key(private) {
        Some(secret) => (::x509::ECDSA_SHA256, ::x509::p256::sign(&secret, &info)),
        None => match rsa::sign(private, &info) {
            Some(signature) => (rsa::SHA256, signature),
            None => (&ED25519[..], bytes(rng, 64)),
        },
    };
    pem::block("CERTIFICATE REQUEST", &der(0x30, &[&info, kind, &der(3, &[&[0], &signature])]))
}

/// The subject of a request, and its host names: its texts in their order.
fn requested(text: &str) -> Option<(Pairs, Vec<String>)> {
    let raw = pem::content(text, "CERTIFICATE REQUEST")?;
    let (mut pairs, mut names) = (Vec::new(), Vec::new());
    for i in 0..raw.len() {
        let text = |at: usize| {
            let n = usize::from(*raw.get(at)?);
            Some(String::from_utf8_lossy(raw.get(at + 1..at + 1 + n)?).into_owned())
        };
        match raw.get(i..i + 5) {
            Some([6, 3, 0x55, 4, kind]) => {
                if let Some((name, _)) = ATTRIBUTES.iter().find(|a| a.1 == *kind) {
                    pairs.extend(text(i + 6).map(|v| ((*name).to_owned(), v)));
                }
            }
            Some([6, 3, 0x55, 0x1d, 0x11]) => {
                let mut at = i + 9;
                while raw.get(at) == Some(&0x82) {
                    let Some(name) = text(at + 1) else { break };
                    at += name.len() + 2;
                    names.push(name);
                }
            }
            _ => {}
        }
    }
    Some((pairs, names))
}

fn certificate(
    sys: &mut Sys<'_>,
    args: &Args,
    pairs: &[(String, String)],
    issuer: Option<String>,
    names: Vec<String>,
) -> Pem {
    let days = args.long_value("days").and_then(|d| d.parse().ok()).unwrap_or(30);
    let subject = shown(pairs);
    // Without alternative names clients look at the common name.
    let common = pairs.iter().find(|p| p.0 == "CN").map(|p| p.1.clone());
    let serial = sys.rng().letters(b"0123456789abcdef", 40).to_string();
    Pem {
        issuer: issuer.unwrap_or_else(|| subject.clone()),
        subject,
        names: if names.is_empty() { common.into_iter().collect() } else { names },
        not_before: sys.now(),
        not_after: sys.now() + DAY_MS.saturating_mul(days),
        serial,
    }
}

/// A certificate in PEM: what it says, its text, and the kinds of its signature and its key.
struct Given {
    says: Pem,
    text: String,
    signature: &'static str,
    key: String,
}

impl Given {
    fn made(says: Pem) -> Self {
        let text = says.write();
        let key = "rsaEncryption\n                Public-Key: (2048 bit)".to_owned();
        Self { says, text, signature: "sha256WithRSAEncryption", key }
    }

    fn read(text: &str) -> Option<Self> {
        if let Some(says) = Pem::read(text) {
            return Some(Self::made(says));
        }
        let of = ::x509::Certificate::read(text)?;
        let words = |name: &::x509::Name| {
            let kind =
                |k| ATTRIBUTES.iter().find(|(_, n)| *n == k).map_or("UNKNOWN", |(word, _)| word).to_owned();
            shown(&name.0.iter().map(|(k, v)| (kind(*k), v.clone())).collect::<Vec<_>>())
        };
        let address =
            |bytes: &Vec<u8>| match (<[u8; 4]>::try_from(&bytes[..]), <[u8; 16]>::try_from(&bytes[..])) {
                (Ok(four), _) => std::net::IpAddr::from(four).to_string(),
                (_, Ok(sixteen)) => std::net::IpAddr::from(sixteen).to_string(),
                _ => "<invalid>".to_owned(),
            };
        let others = &of.others;
        Some(Self {
            says: Pem {
                subject: words(&of.subject),
                issuer: words(&of.issuer),
                names: others.dns.iter().cloned().chain(others.addresses.iter().map(address)).collect(),
                not_before: of.not_before,
                not_after: of.not_after,
                serial: of.serial.iter().map(|b| format!("{b:02x}")).collect(),
            },
            text: text.to_owned(),
            signature: "ecdsa-with-SHA256",
            key: key_kind(&of.key),
        })
    }
}

/// The kind and the size of a public key, as openssl tells them.
fn key_kind(key: &[u8]) -> String {
    match rsa::size(key) {
        Some(bits) => format!("rsaEncryption\n                Public-Key: ({bits} bit)"),
        None => "id-ecPublicKey\n                Public-Key: (256 bit)".to_owned(),
    }
}

fn day(t: Time) -> String {
    date_text(t, "%b %e %H:%M:%S %Y GMT")
}

fn hex(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    chars.chunks(2).map(|c| c.iter().collect::<String>()).collect::<Vec<_>>().join(":")
}

fn alternative(c: &Pem) -> String {
    let told = |n: &String| {
        let kind = if n.parse::<std::net::IpAddr>().is_ok() { "IP Address" } else { "DNS" };
        format!("{kind}:{n}")
    };
    c.names.iter().map(told).collect::<Vec<_>>().join(", ")
}

fn described(given: &Given) -> String {
    let (c, signature, key) = (&given.says, given.signature, &given.key);
    let only_common = c.names.len() == 1 && c.subject.starts_with(&format!("CN = {}", c.names[0]));
    let extensions = if c.names.is_empty() || only_common {
        String::new()
    } else {
        format!(
            "        X509v3 extensions:\n            X509v3 Subject Alternative Name: \n                {}\n",
            alternative(c)
        )
    };
    format!(
        "Certificate:\n    Data:\n        Version: 3 (0x2)\n        Serial Number:\n            {}\n        Signature Algorithm: {signature}\n        Issuer: {}\n        Validity\n            Not Before: {}\n            Not After : {}\n        Subject: {}\n        Subject Public Key Info:\n            Public Key Algorithm: {key}\n{extensions}    Signature Algorithm: {signature}\n",
        hex(&c.serial),
        named(&c.issuer),
        day(c.not_before),
        day(c.not_after),
        named(&c.subject)
    )
}

const SIGNED: &str = "Certificate request self-signature verify OK\n";
const NOT_SIGNED: &str = "Certificate request self-signature verify failure\n";

fn req(sys: &mut Sys<'_>, args: &Args, input: &str) -> i32 {
    let subj = args.long_value("subj").map(subject);
    let makes = args.long("new") || args.long("x509") || args.long("newkey");
    if !makes {
        let Some((pairs, names)) = requested(input) else {
            sys.err("Unable to load X509 request\n");
            return 1;
        };
        let asked = ::x509::Request::read(input).unwrap_or_default();
        if args.long("verify") {
            let ok = asked.fault.is_empty();
            sys.err(if ok { SIGNED } else { NOT_SIGNED });
            if !ok {
                return 1;
            }
        }
        if args.long("subject") {
            sys.out(format!("subject={}\n", shown(&pairs)));
        }
        if args.long("text") {
            let names: Vec<String> = names.iter().map(|n| format!("DNS:{n}")).collect();
            let more = if names.is_empty() {
                String::new()
            } else {
                format!(
                    "            X509v3 Subject Alternative Name: \n                {}\n",
                    names.join(", ")
                )
            };
            sys.out(format!("Certificate Request:\n    Data:\n        Version: 1 (0x0)\n        Subject: {}\n        Subject Public Key Info:\n            Public Key Algorithm: {}\n{more}", shown(&pairs), key_kind(&asked.key)));
        }
        if !args.long("noout") {
            sys.out(input);
        }
        return 0;
    }
    let Some(pairs) = subj else {
        sys.err("openssl req: questions for a subject are not simulated; -subj \"/CN=..\" gives it\n");
        return 1;
    };
    let private = if let Some(file) = args.long_value("key") {
        let Some(key) = read(sys, file).filter(|t| t.contains("PRIVATE KEY-----")) else {
            sys.err(&format!("Could not open file or uri for loading private key from {file}\n"));
            return 1;
        };
        key
    } else {
        let kind = args.long_value("newkey").unwrap_or("rsa:2048");
        let key = key(sys.rng(), kind);
        sys.err("-----\n");
        let option = if args.long_value("keyout").is_some() { "keyout" } else { "out" };
        if option == "keyout" && give(sys, args, option, &key) != 0 {
            return 1;
        }
        key
    };
    let names = names(sys, args);
    let text = if args.long("x509") {
        certificate(sys, args, &pairs, None, names).write()
    } else {
        request(sys.rng(), &pairs, &names, &private)
    };
    give(sys, args, "out", &text)
}

fn x509(sys: &mut Sys<'_>, args: &Args, input: &str) -> i32 {
    let given = if args.long("req") {
        let Some((pairs, mut hosts)) = requested(input) else {
            sys.err("Unable to load certificate request input\n");
            return 1;
        };
        let issuer = match args.long_value("CA") {
            Some(file) => match read(sys, file).and_then(|t| Given::read(&t)) {
                Some(ca) => Some(ca.says.subject),
                None => {
                    sys.err(&format!("Could not read CA certificate from {file}\n"));
                    return 1;
                }
            },
            None => None,
        };
        if ::x509::Request::read(input).is_ok_and(|asked| !asked.fault.is_empty()) {
            sys.err("Certificate request self-signature did not match the contents\n");
            return 1;
        }
        sys.err(&format!("Certificate request self-signature ok\nsubject={}\n", shown(&pairs)));
        let more = names(sys, args);
        hosts.extend(more);
        Given::made(certificate(sys, args, &pairs, issuer, hosts))
    } else {
        match Given::read(input) {
            Some(given) => given,
            None => {
                let from = args.long_value("in").unwrap_or("<stdin>");
                sys.err(&format!("Could not read certificate from {from}\nUnable to load certificate\n"));
                return 1;
            }
        }
    };
    let cert = &given.says;
    let mut out = String::new();
    for name in args.long_names() {
        out.push_str(&match name {
            "text" => described(&given),
            "serial" => format!("serial={}\n", cert.serial.to_uppercase()),
            "subject" => format!("subject={}\n", named(&cert.subject)),
            "issuer" => format!("issuer={}\n", named(&cert.issuer)),
            "dates" => format!("notBefore={}\nnotAfter={}\n", day(cert.not_before), day(cert.not_after)),
            "startdate" => format!("notBefore={}\n", day(cert.not_before)),
            "enddate" => format!("notAfter={}\n", day(cert.not_after)),
            "ext" => format!("X509v3 Subject Alternative Name: \n    {}\n", alternative(cert)),
            "fingerprint" => {
                let bytes = pem::content(&given.text, "CERTIFICATE").unwrap_or_default();
                let print = hash::digest("sha256", &bytes);
                format!("sha256 Fingerprint={}\n", hex(&print.to_uppercase()))
            }
            _ => continue,
        });
    }
    if let Some(seconds) = args.long_value("checkend").and_then(|s| s.parse::<i64>().ok()) {
        let expires = cert.not_after < sys.now() + seconds.saturating_mul(1000);
        sys.out(out + if expires { "Certificate will expire\n" } else { "Certificate will not expire\n" });
        return i32::from(expires);
    }
    if !args.long("noout") {
        out.push_str(&given.text);
    }
    give(sys, args, "out", &out)
}

fn finish(sys: &mut Sys<'_>, job: &mut Job, all: Gathered) -> i32 {
    let args = &job.args;
    let raw: Vec<u8> = all.iter().flat_map(|(_, d)| d.iter().copied()).collect();
    let input = String::from_utf8_lossy(&raw).into_owned();
    let last = args.rest.last().filter(|_| args.rest.len() > 1).and_then(|n| n.parse::<usize>().ok());
    match command(args) {
        "version" => {
            sys.out("OpenSSL 3.0.15 3 Sep 2024 (Library: OpenSSL 3.0.15 3 Sep 2024)\n");
            0
        }
        "rand" => {
            let data = bytes(sys.rng(), last.unwrap_or(0).min(1 << 20));
            if args.long("hex") {
                let text: String = data.iter().map(|b| format!("{b:02x}")).collect();
                give(sys, args, "out", &(text + "\n"))
            } else if args.long("base64") {
                give(sys, args, "out", &wrapped(&base64::encode(&data)))
            } else {
                sys.out(data);
                0
            }
        }
        "genrsa" => {
            let key = key(sys.rng(), &format!("rsa:{}", last.unwrap_or(2048)));
            give(sys, args, "out", &key)
        }
        "genpkey" | "ecparam" => {
            let bits = args.long_value("pkeyopt").and_then(|o| o.rsplit(':').next()).unwrap_or("2048");
            let kind = args.long_value("algorithm").or(args.long_value("name")).unwrap_or("rsa");
            let key = key(sys.rng(), &format!("{kind}:{bits}"));
            give(sys, args, "out", &key)
        }
        "rsa" | "pkey" | "ec" => {
            if !input.contains("PRIVATE KEY-----") {
                sys.err("Could not read private key from <stdin>\n");
                return 1;
            }
            if args.long("check") {
                sys.out(if command(args) == "rsa" { "RSA key ok\n" } else { "Key is valid\n" });
            }
            if args.long("noout") {
                return 0;
            }
            sys.err(if command(args) == "rsa" { "writing RSA key\n" } else { "" });
            if args.long("pubout") {
                let public = public(&input);
                return give(sys, args, "out", &pem::block("PUBLIC KEY", &public));
            }
            give(sys, args, "out", &input)
        }
        "req" => req(sys, args, &input),
        "x509" => x509(sys, args, &input),
        "verify" => {
            let trusted = args.long_value("CAfile").and_then(|f| read(sys, f)).and_then(|t| Given::read(&t));
            let mut code = 0;
            for (name, data) in &all {
                let cert = Given::read(&String::from_utf8_lossy(data));
                let good = cert
                    .as_ref()
                    .zip(trusted.as_ref())
                    .is_some_and(|(c, ca)| c.says.issuer == ca.says.subject);
                if good {
                    sys.out(format!("{name}: OK\n"));
                } else {
                    let subject = cert.map_or(String::new(), |c| named(&c.says.subject));
                    sys.err(&format!("{subject}\nerror 20 at 0 depth lookup: unable to get local issuer certificate\nerror {name}: verification failed\n"));
                    code = 2;
                }
            }
            code
        }
        "base64" | "enc" if command(args) == "base64" || args.long("base64") || args.long("a") => {
            if args.long("d") {
                let bytes = objects::base64::decode(&input.split_whitespace().collect::<String>());
                sys.out(bytes.unwrap_or_default());
                return 0;
            }
            let text = base64::encode(&raw);
            let text = if args.long("A") { text } else { wrapped(&text) };
            give(sys, args, "out", &text)
        }
        "dgst" | "sha256" | "sha1" | "md5" => {
            let kind =
                ["sha1", "md5"].into_iter().find(|k| args.long(k) || command(args) == *k).unwrap_or("sha256");
            let title = if kind == "sha256" { "SHA2-256".to_owned() } else { kind.to_uppercase() };
            for (name, data) in &all {
                let name = if name == "-" { "stdin" } else { name };
                let sum = hash::digest(kind, data);
                sys.out(if args.long("r") {
                    format!("{sum} *{name}\n")
                } else {
                    format!("{title}({name})= {sum}\n")
                });
            }
            0
        }
        "" | "help" => {
            sys.err("help:\n\nStandard commands\nbase64  dgst  ecparam  enc  genpkey  genrsa  pkey  rand  req  rsa  s_client  verify  version  x509\n");
            0
        }
        "passwd" if args.long("apr1") && args.rest.len() == 2 => {
            let drawn = sys.rng().letters(objects::htpasswd::LETTERS, 8);
            let salt = args.long_value("salt").unwrap_or(&drawn);
            sys.out(objects::htpasswd::apr1(&args.rest[1], salt) + "\n");
            0
        }
        "passwd" => {
            sys.err("openssl passwd: only -apr1 with the password as a word is simulated\n");
            1
        }
        other @ ("enc" | "pkcs12" | "s_server" | "ca" | "crl" | "cms" | "smime" | "speed" | "dhparam") => {
            sys.err(&format!("openssl {other}: not simulated\n"));
            1
        }
        other => {
            sys.err(&format!("Invalid command '{other}'; type \"help\" for a list.\n"));
            1
        }
    }
}

fn wrapped(text: &str) -> String {
    let lines: Vec<&str> = (0..text.len()).step_by(64).map(|i| &text[i..(i + 64).min(text.len())]).collect();
    lines.join("\n") + "\n"
}

/// `s_client`: a connection, and whose certificate there is.
#[derive(Clone)]
struct Client {
    words: Vec<String>,
    asked: Option<u32>,
}

impl Program for Client {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let of = |name: &str| self.words.iter().find_map(|w| w.strip_prefix(&format!("--{name}=")));
        let place = of("connect").unwrap_or("localhost:4433").to_owned();
        let (host, port) = place.rsplit_once(':').unwrap_or((place.as_str(), "4433"));
        let port: u16 = port.parse().unwrap_or(0);
        let Some(id) = self.asked else {
            let name = of("servername").unwrap_or(host).to_owned();
            let headers = vec![("host".into(), name)];
            let request = HttpRequest { method: "HEAD".into(), headers, ..HttpRequest::get("/") };
            let id = sys.net(NetRequest::Http { host: host.into(), port, tls: true, request });
            self.asked = Some(id);
            return Turn::Wait(Wait::Net(id));
        };
        let answer = match sys.net_answer(id) {
            Ok(answer) => answer,
            Err(wait) => return Turn::Wait(wait),
        };
        match answer {
            NetAnswer::Http { response, .. } => {
                let c = response.certificate.unwrap_or_default();
                sys.out(connected(&c));
                Turn::Exit(0)
            }
            NetAnswer::Failed { error: crate::net::NetError::Tls, .. } => {
                sys.out("CONNECTED(00000003)\nno peer certificate available\n");
                sys.err("error:0A00010B:SSL routines:ssl3_get_record:wrong version number\n");
                Turn::Exit(1)
            }
            NetAnswer::Failed {
                error: crate::net::NetError::NoName | crate::net::NetError::NoServer,
                ..
            } => {
                sys.err(&format!("BIO_lookup_ex: Name or service not known: {host}\nconnect:errno=22\n"));
                Turn::Exit(1)
            }
            _ => {
                sys.err("BIO_connect: Connection refused\nconnect:errno=111\n");
                Turn::Exit(1)
            }
        }
    }
}

fn connected(c: &Certificate) -> String {
    let (subject, issuer) = (named(&c.subject), named(&c.issuer));
    let verdict = if c.trusted {
        "0 (ok)"
    } else if subject == issuer {
        "18 (self-signed certificate)"
    } else {
        "20 (unable to get local issuer certificate)"
    };
    format!(
        "CONNECTED(00000003)\n---\nCertificate chain\n 0 s:{subject}\n   i:{issuer}\n---\nServer certificate\nsubject={subject}\nissuer={issuer}\n---\nNew, TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384\nServer public key is 2048 bit\nVerify return code: {verdict}\n---\n"
    )
}
