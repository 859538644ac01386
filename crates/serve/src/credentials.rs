//! Certificates and tokens: a certificate authority of this run, the server's certificate, the administrator's.
//!
//! The cluster's own signers sign with the same authority. Does not own: whom a certificate or a token names, which the
//! API server says (`apiserver::authentication`).

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType,
};
use tokio_rustls::rustls;
use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::{
    DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme,
};
use x509::{Authority, read_private_key};

use crate::Error;

pub struct Credentials {
    pub authority: Authority,
    client_pem: String,
    client_key_pem: String,
    pub token: String,
    pub tls: Arc<ServerConfig>,
}

/// Lets every client in that holds its certificate's key: who it is, and whether that is believed, the API server says.
#[derive(Debug)]
struct Anyone {
    provider: Arc<CryptoProvider>,
    hints: Vec<DistinguishedName>,
}

impl ClientCertVerifier for Anyone {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
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

/// A seed that nobody knows, by the system's randomness.
///
/// # Errors
/// A system that has none.
pub fn random_seed() -> Result<u64, Error> {
    let mut bytes = [0; 8];
    ring::default_provider().secure_random.fill(&mut bytes).map_err(|_| Error::Randomness)?;
    Ok(u64::from_le_bytes(bytes))
}

impl Credentials {
    /// # Errors
    /// Keys that can't be made.
    pub fn new(address: SocketAddr) -> Result<Self, Error> {
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
        let verifier = Arc::new(Anyone { provider: provider.clone(), hints: roots.subjects() });
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
        let mut tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(wrong)?
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![server.der().clone()], private)
            .map_err(wrong)?;
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
        })
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
