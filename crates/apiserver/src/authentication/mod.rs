//! Who makes a request, by what it brings: a client's certificate, a token, neither.
//!
//! Owns: the one authenticator, which the simulated way and HTTPS share, in upstream's order; who is anonymous.
//! Models `pkg/kubeapiserver/authenticator`, `k8s.io/apiserver/pkg/authentication` (union, x509, tokenfile, anonymous).
//! Not modelled: OpenID Connect, webhooks, front proxies, passwords (whoever gives one is anonymous, as upstream).

mod service_account;

pub use service_account::token_key;

use std::sync::Arc;

use client::{Caller, Credentials, Identity};
use clock::Time;
use objects::{Reason, Status, Str, digest};
use smol_str::format_smolstr;
use x509::ORGANIZATION;

use crate::authorization::{AUTHENTICATED, MASTERS, User};
use crate::server::ApiServer;

const CREDENTIAL_ID: &str = "authentication.kubernetes.io/credential-id";
/// As many certificates are remembered as vouched for.
const REMEMBERED: usize = 8;

/// Whom certificates name: their signatures need not be reckoned anew with each request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Certificates(Vec<Vouched>);

#[derive(Clone, Debug)]
struct Vouched {
    text: Str,
    user: User,
    from: Time,
    until: Time,
}

impl Certificates {
    fn of(&self, text: &str) -> Option<&Vouched> {
        self.0.iter().find(|v| v.text == text)
    }
}

impl Vouched {
    fn read(text: &Str, authority: &Str) -> Option<Self> {
        let simulated = x509::simulated_certificate();
        let read = if *text == x509::ADMINISTRATOR_CERTIFICATE && *authority == simulated {
            // The one that everybody begins with: a test has reckoned it.
            x509::Certificate::read(text)?
        } else {
            x509::client::vouched(text, authority)?
        };
        let name = read.subject.common_name();
        if name.is_empty() {
            return None;
        }
        let (_, bytes) = x509::der::from_pem(text)?;
        let print: String = digest::sha256(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        let groups = read.subject.all(ORGANIZATION).chain([AUTHENTICATED]);
        let extra = vec![(Str::new_static(CREDENTIAL_ID), vec![format_smolstr!("X509SHA256={print}")])];
        let user = User {
            name: name.into(),
            groups: groups.map(Str::from).collect(),
            known: Some(Arc::new(Identity { uid: Str::default(), extra })),
        };
        Some(Self { text: text.clone(), user, from: read.not_before, until: read.not_after })
    }

    fn at(&self, now: Time) -> Option<User> {
        (self.from <= now && now <= self.until).then(|| self.user.clone())
    }
}

impl ApiServer {
    /// Who brings these. A certificate is looked at first; one proof that holds is enough, and who brings proofs of which
    /// none holds is refused.
    ///
    /// # Errors
    /// `Unauthorized`.
    pub fn authenticate(&self, given: &Credentials, now: Time) -> Result<Caller, Status> {
        let by_certificate = || match self.certificates.of(&given.certificate) {
            Some(known) => known.at(now),
            None => Vouched::read(&given.certificate, self.authority()).and_then(|v| v.at(now)),
        };
        let certificate = (!given.certificate.is_empty()).then(by_certificate).flatten();
        let token = || (!given.token.is_empty()).then(|| self.by_token(&given.token, now)).flatten();
        let user = match certificate.or_else(token) {
            Some(user) => user,
            None if given.certificate.is_empty() && given.token.is_empty() => User {
                name: Str::new_static("system:anonymous"),
                groups: vec![Str::new_static("system:unauthenticated")],
                known: Some(Arc::default()),
            },
            None => return Err(Status::new(Reason::Unauthorized, "Unauthorized")),
        };
        Ok(Caller { user: user.name, groups: user.groups, known: user.known, ..Caller::default() })
    }

    /// The same, remembering a certificate whose signature held.
    ///
    /// # Errors
    /// `Unauthorized`.
    pub fn sign_in(&mut self, given: &Credentials, now: Time) -> Result<Caller, Status> {
        if !given.certificate.is_empty()
            && self.certificates.of(&given.certificate).is_none()
            && let Some(vouched) = Vouched::read(&given.certificate, self.authority())
        {
            let all = &mut self.certificates.0;
            if all.len() == REMEMBERED {
                all.remove(0);
            }
            all.push(vouched);
        }
        self.authenticate(given, now)
    }

    fn authority(&self) -> &Str {
        &self.config.client_authority
    }

    fn by_token(&self, given: &str, now: Time) -> Option<User> {
        let fixed = &self.config.administrator_token;
        // Compared in constant time: how far a guess was right must not show.
        let is_fixed = !fixed.is_empty()
            && given.len() == fixed.len()
            && given.bytes().zip(fixed.bytes()).fold(0, |d, (a, b)| d | (a ^ b)) == 0;
        if is_fixed {
            return Some(User {
                name: Str::new_static("kubernetes-admin"),
                groups: [MASTERS, AUTHENTICATED].map(Str::new_static).to_vec(),
                known: Some(Arc::default()),
            });
        }
        self.account_of(given, now).ok().filter(service_account::Named::is_for_server).map(|named| named.user)
    }
}
