//! Certificates and tokens: a certificate authority of this run, the server's certificate, the administrator's.
//!
//! Not modelled: certificates that the cluster's own signers issue are not accepted on a connection.

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType,
};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::Error;

pub struct Credentials {
    authority_pem: String,
    client_pem: String,
    client_key_pem: String,
    client: CertificateDer<'static>,
    token: String,
    pub tls: Arc<ServerConfig>,
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
    pub fn new(address: SocketAddr) -> Result<Self, Error> {
        let mut params = named("kubernetes", "")?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().map_err(wrong)?;
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
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];

        // A second key serves as the token: as hard to guess, and made by the same source of randomness.
        let token = STANDARD.encode(KeyPair::generate().map_err(wrong)?.public_key_raw());
        let token = token.chars().filter(char::is_ascii_alphanumeric).take(48).collect();
        Ok(Self {
            authority_pem: authority.pem(),
            client_pem: client.pem(),
            client_key_pem: client_key.serialize_pem(),
            client: client.der().clone(),
            token,
            tls: Arc::new(tls),
        })
    }

    /// True of the administrator's certificate.
    pub fn is_admin(&self, certificate: &CertificateDer<'_>) -> bool {
        *certificate == self.client
    }

    pub fn is_admin_token(&self, token: &str) -> bool {
        // Compared in constant time: how far a guess was right must not show.
        token.len() == self.token.len()
            && token.bytes().zip(self.token.bytes()).fold(0, |d, (a, b)| d | (a ^ b)) == 0
    }

    pub fn kubeconfig(&self, address: SocketAddr) -> String {
        let [ca, cert, key] =
            [&self.authority_pem, &self.client_pem, &self.client_key_pem].map(|pem| STANDARD.encode(pem));
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
