use super::*;

const KEY: [u8; 32] = [7; 32];

fn at(text: &str) -> Time {
    Time::parse_rfc3339(text).expect("a time")
}

fn certificate() -> Certificate {
    Certificate {
        subject: Name(vec![
            (ORGANIZATION, "dev".into()),
            (ORGANIZATION, "ops".into()),
            (COMMON_NAME, "jane".into()),
        ]),
        issuer: Name::default(),
        others: Others {
            dns: vec!["a.example.com".into()],
            emails: vec!["j@example.com".into()],
            uris: vec!["spiffe://a/b".into()],
            addresses: vec![vec![10, 0, 0, 1]],
        },
        not_before: at("2026-01-01T00:00:00Z"),
        not_after: at("2027-01-01T00:00:00Z"),
        serial: vec![0x80, 1, 2],
        key: public_key(&KEY),
        usages: vec!["client auth".into(), "digital signature".into(), "key encipherment".into()],
        is_authority: false,
        key_id: Vec::new(),
    }
}

#[test]
fn a_certificate_is_read_as_it_was_written() {
    let pem = Authority::simulated().sign(certificate());
    let read = Certificate::read(&pem).expect("a certificate");
    assert_eq!(read.issuer, Name::common("kubernetes"));
    assert_eq!(read.serial, [0, 0x80, 1, 2]);
    let same = Certificate {
        issuer: read.issuer.clone(),
        serial: read.serial.clone(),
        usages: vec![],
        ..certificate()
    };
    assert_eq!(read, same);
    assert_eq!(Certificate::read("no"), None);
}

#[test]
fn an_authority_signs_what_its_key_verifies() {
    let authority = Authority::simulated();
    let (_, der) =
        der::from_pem(&authority.sign(certificate())).map(|(l, d)| (l.to_owned(), d)).expect("PEM");
    let (_, outer, _) = element(&der).expect("a sequence");
    let (_, _, rest) = element(outer).expect("its content");
    let signed = &outer[..outer.len() - rest.len()];
    let parts = elements(rest);
    let signature = &parts[1].1[1..];
    assert!(p256::is_signed(&p256::public(&authority.secret), signed, signature));
    let root = Certificate::read(&authority.certificate).expect("a root");
    assert_eq!(root.key, public_key(&authority.secret));
}

/// Prints what `simulated.pem` has to be when it is not.
#[test]
fn the_simulated_authority_is_what_it_is_made_from() {
    let secret = p256::secret(SIMULATED);
    let root = Certificate {
        subject: Name::common("kubernetes"),
        issuer: Name::default(),
        others: Others { dns: vec!["kubernetes".into()], ..Others::default() },
        not_before: at("2020-01-01T00:00:00Z"),
        not_after: at("2049-12-31T23:59:59Z"),
        serial: vec![1],
        key: Vec::new(),
        usages: vec!["digital signature".into(), "key encipherment".into(), "cert sign".into()],
        is_authority: true,
        key_id: Vec::new(),
    };
    assert_eq!(SIMULATED_CERTIFICATE, root.self_signed(&secret));
    assert!(Certificate::read(SIMULATED_CERTIFICATE).expect("a root").is_authority);
}

/// Prints what `administrator.pem` and `administrator.key` have to be when they are not.
#[test]
fn the_administrator_is_signed_by_the_simulated_authority() {
    let secret = p256::secret(ADMINISTRATOR);
    let written = Authority::simulated().sign(Certificate {
        subject: Name(vec![
            (ORGANIZATION, "system:masters".into()),
            (COMMON_NAME, "kubernetes-admin".into()),
        ]),
        others: Others::default(),
        not_before: at("2020-01-01T00:00:00Z"),
        not_after: at("2049-12-31T23:59:59Z"),
        serial: vec![2],
        key: public_key(&secret),
        ..certificate()
    });
    assert_eq!(ADMINISTRATOR_CERTIFICATE, written);
    assert_eq!(ADMINISTRATOR_KEY, private_key(&secret));
    let read = client::vouched(ADMINISTRATOR_CERTIFICATE, SIMULATED_CERTIFICATE).expect("vouched for");
    assert!(client::belongs(ADMINISTRATOR_KEY, &read.key));
}

#[test]
fn only_what_the_authority_signed_for_clients_is_believed() {
    let (ours, theirs) = (Authority::simulated(), Authority { secret: KEY, ..Authority::simulated() });
    let vouched = |authority: &Authority, usages: &[&'static str]| {
        let usages = usages.iter().map(|u| Str::new_static(u)).collect();
        let pem = authority.sign(Certificate { usages, ..certificate() });
        client::vouched(&pem, SIMULATED_CERTIFICATE).map(|c| c.subject.common_name().to_owned())
    };
    let table: [(&[&'static str], bool); 4] =
        [(&["client auth"], true), (&["any"], true), (&[], true), (&["server auth"], false)];
    for (usages, believed) in table {
        assert_eq!(vouched(&ours, usages).is_some(), believed, "{usages:?}");
        assert_eq!(vouched(&theirs, usages), None, "{usages:?}");
    }
    for no in ["", "no", ADMINISTRATOR_KEY] {
        assert_eq!(client::vouched(no, SIMULATED_CERTIFICATE), None);
    }
}

#[test]
fn a_key_belongs_to_its_certificate_only() {
    let rsa = |n: u8| {
        let modulus = der::integer(&[n; 40]);
        let kind = der::sequence(&[&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0][..]]);
        let three = der::integer(&[3]);
        let public = der::sequence(&[&kind, &der::bits(&der::sequence(&[&modulus, &three]))]);
        let plain = der::sequence(&[&[INTEGER, 1, 0], &modulus, &three, &three]);
        let wrapped = der::sequence(&[&[INTEGER, 1, 0], &kind, &der::write(OCTETS, &plain)]);
        (public, der::pem("RSA PRIVATE KEY", &plain), der::pem("PRIVATE KEY", &wrapped))
    };
    let (one, two) = (rsa(1), rsa(2));
    let curve = public_key(&KEY);
    for key in [&one.1, &one.2] {
        assert!(client::belongs(key, &one.0));
        assert!(!client::belongs(key, &two.0) && !client::belongs(key, &curve));
    }
    assert!(client::belongs(&private_key(&KEY), &curve));
    assert!(!client::belongs(&private_key(&KEY), &public_key(&[8; 32])));
}

#[test]
fn a_private_key_is_read_as_it_was_written() {
    assert_eq!(read_private_key(&private_key(&KEY)), Some(KEY));
    let plain = der::sequence(&[&der::integer(&[1]), &der::write(OCTETS, &KEY)]);
    let wrapped = der::sequence(&[&der::integer(&[]), EC_P256, &der::write(OCTETS, &plain)]);
    assert_eq!(read_private_key(&der::pem("PRIVATE KEY", &wrapped)), Some(KEY));
    assert_eq!(read_private_key("no"), None);
}

fn request(secret: &[u8; 32], signer: &[u8; 32]) -> String {
    let names = der::write(SEQUENCE, &Others { dns: vec!["a.b".into()], ..Others::default() }.write());
    let kind = der::write(OBJECT_ID, &[0x55, 0x1d, ALTERNATIVE_NAMES]);
    let extensions = der::write(SEQUENCE, &der::sequence(&[&kind, &der::write(OCTETS, &names)]));
    let wanted = der::sequence(&[&der::write(OBJECT_ID, EXTENSION_REQUEST), &der::write(SET, &extensions)]);
    let name = Name(vec![(COMMON_NAME, "jane".into()), (ORGANIZATION, "dev".into())]);
    let info =
        der::sequence(&[&der::integer(&[]), &name.write(), &public_key(secret), &der::write(0xa0, &wanted)]);
    let signature = der::bits(&p256::sign(signer, &info));
    der::pem("CERTIFICATE REQUEST", &der::sequence(&[&info, ECDSA_SHA256, &signature]))
}

#[test]
fn a_request_tells_who_asks() {
    let read = Request::read(&request(&KEY, &KEY)).expect("a request");
    assert_eq!((read.subject.common_name(), read.subject.all(ORGANIZATION).next()), ("jane", Some("dev")));
    assert_eq!(read.others.dns, ["a.b"]);
    assert_eq!(read.key, public_key(&KEY));
    assert_eq!(read.fault, "");
    let forged = Request::read(&request(&KEY, &[8; 32])).expect("a request");
    assert_eq!(forged.fault, "x509: ECDSA verification failure");
}

/// `openssl req -new -newkey rsa:1024 -nodes -subj /O=dev/CN=jane`
const OF_OPENSSL: &str = "-----BEGIN CERTIFICATE REQUEST-----
MIIBXDCBxgIBADAdMQwwCgYDVQQKDANkZXYxDTALBgNVBAMMBGphbmUwgZ8wDQYJ
KoZIhvcNAQEBBQADgY0AMIGJAoGBALI5BMaXZMP15nWmCezwOhgFDnEf3UlU13/f
3puQWk7ds7fkLc+KAazK/hgofCj2rnyQNHqg6Ni1l2sM+VO2r0f0HhA7hblnIiu1
7Fon3/242Qv8w06lFf+WT+v/37VGuHHBNhwBELy4VJVZhRtJ5Q40pQJd4qr6u0ZJ
C11+Lr8BAgMBAAGgADANBgkqhkiG9w0BAQsFAAOBgQBHSMSSBYeM7u0vg114dzBB
yIX3jG3/TbqJbPDBQ0dcnMz0/3nB5ziYVJAsrVnF4LE+ErTcIfSwy4EFypaqDUq3
cvnvApaXKu0soI/5TccmwCRGnLf3GEnFHLVnot3A8I6V+XwLfdbWoL8bj+kpR83o
H8UbQcbMDYiJvcow+XRCrA==
-----END CERTIFICATE REQUEST-----
";

#[test]
fn a_request_of_rsas_is_signed() {
    let read = Request::read(OF_OPENSSL).expect("a request");
    assert_eq!((read.subject.common_name(), read.fault), ("jane", ""));
    let (_, bytes) = der::from_pem(OF_OPENSSL).expect("PEM");
    let with = |at: usize, byte: u8| {
        let mut changed = bytes.clone();
        changed[at] = byte;
        Request::read(&der::pem("CERTIFICATE REQUEST", &changed)).expect("a request").fault
    };
    let (name, last) = (bytes.windows(4).position(|w| w == b"jane").expect("her name"), bytes.len() - 1);
    for (at, byte) in [(name, b'k'), (last, !bytes[last])] {
        assert_eq!(with(at, byte), "crypto/rsa: verification error");
    }
    let mixed = request(&KEY, &KEY);
    let (_, mut mixed) = der::from_pem(&mixed).expect("PEM");
    let at = mixed.windows(ECDSA_SHA256.len()).position(|w| w == ECDSA_SHA256).expect("its algorithm");
    let length = mixed.len();
    mixed.splice(at..at + ECDSA_SHA256.len(), rsa::SHA256.iter().copied());
    mixed[2] += (mixed.len() - length) as u8;
    let fault = Request::read(&der::pem("CERTIFICATE REQUEST", &mixed)).map(|r| r.fault);
    assert!(fault.is_ok_and(|f| f.starts_with("x509: signature algorithm specifies an RSA public key")));
}

#[test]
fn what_is_no_request_says_why() {
    let kind = "PEM block type must be CERTIFICATE REQUEST";
    let broken = "asn1: structure error: tags don't match";
    for (text, why) in [
        ("", kind),
        ("x", kind),
        ("-----BEGIN NEW CERTIFICATE REQUEST-----\nMA==\n-----END NEW CERTIFICATE REQUEST-----", kind),
        ("-----BEGIN CERTIFICATE REQUEST-----\nMA==\n-----END CERTIFICATE REQUEST-----", broken),
        ("-----BEGIN CERTIFICATE REQUEST-----\nMAEB\n-----END CERTIFICATE REQUEST-----", broken),
    ] {
        assert_eq!(Request::read(text).expect_err("none"), why, "{text}");
    }
}
