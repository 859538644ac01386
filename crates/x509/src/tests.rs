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
    assert!(read.is_signed);
    assert!(!Request::read(&request(&KEY, &[8; 32])).expect("a request").is_signed);
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
