//! Certificates and tokens: a certificate authority of this run, the server's certificate, the administrator's.
//!
//! The cluster's own signers sign with the same authority, so what they issue is accepted on a connection, for as long
//! as it lasts by the cluster's clock. Models `k8s.io/apiserver/pkg/authentication/request/x509`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clock::Time;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType,
};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::time_provider::TimeProvider;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use x509::{Authority, Certificate, ORGANIZATION, read_private_key};

use crate::Error;

pub struct Credentials {
    pub authority: Authority,
    client_pem: String,
    client_key_pem: String,
    token: String,
    pub tls: Arc<ServerConfig>,
    /// Milliseconds of virtual time, which certificates last by.
    pub clock: Arc<AtomicI64>,
}

/// Whom a certificate names.
#[derive(Clone, Debug)]
pub struct Named {
    pub user: String,
    pub groups: Vec<String>,
}

impl Named {
    /// `None` when it names nobody. The connection has verified it.
    pub fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let subject = Certificate::from_der(certificate)?.subject;
        let groups = subject.all(ORGANIZATION).map(str::to_owned).collect();
        let user = subject.common_name().to_owned();
        (!user.is_empty()).then_some(Self { user, groups })
    }
}

#[derive(Debug)]
struct VirtualTime(Arc<AtomicI64>);

impl TimeProvider for VirtualTime {
    fn current_time(&self) -> Option<UnixTime> {
        let ms = u64::try_from(self.0.load(Ordering::Relaxed)).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_millis(ms)))
    }
}

fn wrong(e: impl std::fmt::Display) -> Error {
    Error::Certificates(e.to_string())
}

fn named(common: &str, organization: &str) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::new(Vec::<String>::new()).map_err(wrong)?;
    params.distinguished_name.push(DnType::CommonName, common);
    if !organization.is_empty() {
        params.distinguished_name.push(DnType::OrganizationName, organization);
    }
    Ok(params)
}

impl Credentials {
    /// # Errors
    /// Keys that can't be made.
    pub fn new(address: SocketAddr, start: Time) -> Result<Self, Error> {
        let mut params = named("kubernetes", "")?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().map_err(wrong)?;
        let secret = read_private_key(&key.serialize_pem()).ok_or_else(|| wrong("a key of another kind"))?;
        let authority = params.self_signed(&key).map_err(wrong)?;
        let issuer = Issuer::new(params, key);

        let mut params = named("kube-apiserver", "")?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.subject_alt_names = vec![SanType::IpAddress(address.ip())];
        for name in ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"] {
            params.subject_alt_names.push(SanType::DnsName(name.try_into().map_err(wrong)?));
        }
        let server_key = KeyPair::generate().map_err(wrong)?;
        let server = params.signed_by(&server_key, &issuer).map_err(wrong)?;

        let mut params = named(cluster::ADMIN, "system:masters")?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let client_key = KeyPair::generate().map_err(wrong)?;
        let client = params.signed_by(&client_key, &issuer).map_err(wrong)?;

        let mut roots = RootCertStore::empty();
        roots.add(authority.der().clone()).map_err(wrong)?;
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .allow_unauthenticated()
            .build()
            .map_err(wrong)?;
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
        let mut tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(wrong)?
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![server.der().clone()], private)
            .map_err(wrong)?;
        let clock = Arc::new(AtomicI64::new(start.0));
        tls.time_provider = Arc::new(VirtualTime(clock.clone()));
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];

        // A second key serves as the token: as hard to guess, and made by the same source of randomness.
        let token = STANDARD.encode(KeyPair::generate().map_err(wrong)?.public_key_raw());
        let token = token.chars().filter(char::is_ascii_alphanumeric).take(48).collect();
        Ok(Self {
            authority: Authority { certificate: authority.pem().into(), secret },
            client_pem: client.pem(),
            client_key_pem: client_key.serialize_pem(),
            token,
            tls: Arc::new(tls),
            clock,
        })
    }

    pub fn is_admin_token(&self, token: &str) -> bool {
        // Compared in constant time: how far a guess was right must not show.
        token.len() == self.token.len()
            && token.bytes().zip(self.token.bytes()).fold(0, |d, (a, b)| d | (a ^ b)) == 0
    }

    pub fn kubeconfig(&self, address: SocketAddr) -> String {
        let [ca, cert, key] = [self.authority.certificate.as_str(), &self.client_pem, &self.client_key_pem]
            .map(|pem| STANDARD.encode(pem));
        let (user, token) = (cluster::ADMIN, &self.token);
        format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: wheelhouse\n  cluster:\n    certificate-authority-data: {ca}\n    server: https://{address}\n\
             contexts:\n- name: wheelhouse\n  context:\n    cluster: wheelhouse\n    user: {user}\n\
             - name: wheelhouse-token\n  context:\n    cluster: wheelhouse\n    user: {user}-token\ncurrent-context: wheelhouse\n\
             users:\n- name: {user}\n  user:\n    client-certificate-data: {cert}\n    client-key-data: {key}\n\
             - name: {user}-token\n  user:\n    token: {token}\n"
        )
    }
}
