//! The signing controller: approved CertificateSigningRequests of the cluster's own signers get a certificate.
//!
//! Models `pkg/controller/certificates/signer`, and `cleaner` for requests that are done with. Not modelled: the content of
//! a request (any PEM block will do); automatic approval, for kubelets here need no certificate.

use client::{Change, Ctx};
use clock::{Millis, Time};
use objects::resources::{CERTIFICATESIGNINGREQUESTS, Resource};
use objects::{Reason, Status, Value, base64};

use super::Pem;
use crate::caches::Caches;
use crate::controller::{Base, Controller, has_base};

const SIGNERS: [&str; 4] = [
    "kubernetes.io/kube-apiserver-client",
    "kubernetes.io/kube-apiserver-client-kubelet",
    "kubernetes.io/kubelet-serving",
    "kubernetes.io/legacy-unknown",
];
/// How long a certificate lives when the request does not say, and at least.
const YEAR_SECONDS: i64 = 365 * 24 * 3600;
const SHORTEST_SECONDS: i64 = 600;
/// How far certificates are dated back (upstream).
const BACKDATE: Millis = 5 * 60 * 1000;
const HOUR: Millis = 3_600_000;
/// What is left of a request when it is done: approved, denied or never decided.
const KEEP_DECIDED: Millis = HOUR;
const KEEP_PENDING: Millis = 24 * HOUR;

#[derive(Clone, Debug)]
pub struct SigningController {
    pub base: Base,
}

impl Default for SigningController {
    fn default() -> Self {
        Self::new()
    }
}

impl SigningController {
    #[must_use]
    pub fn new() -> Self {
        Self { base: Base::with_account("csrsigning-controller", "certificate-controller") }
    }
}

fn condition<'a>(csr: &'a Value, kind: &str) -> Option<&'a Value> {
    csr["status"]["conditions"].items().iter().find(|c| c["type"] == kind && c["status"] != "False")
}

/// When a request is cleared away.
fn ends(csr: &Value) -> Option<Time> {
    let decided = ["Approved", "Denied", "Failed"].iter().find_map(|k| condition(csr, k));
    match decided {
        Some(c) => {
            let at = Time::parse_rfc3339(c["lastUpdateTime"].text()).or_else(|| csr.created())?;
            Some(at + KEEP_DECIDED)
        }
        None => Some(csr.created()? + KEEP_PENDING),
    }
}

impl Controller for SigningController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![CERTIFICATESIGNINGREQUESTS]
    }

    fn on_change(&mut self, change: &Change, _: &Caches, now: Time) {
        if !change.is_deleted() {
            self.base.queue.add(change.key(), change.revision, now);
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        let Some(csr) = caches.of_resource(CERTIFICATESIGNINGREQUESTS).get(key) else { return Ok(()) };
        if let Some(end) = ends(csr) {
            if end <= ctx.now {
                let gone =
                    ctx.delete(CERTIFICATESIGNINGREQUESTS, "", csr.name(), Some(csr.uid()), None, None);
                return match gone {
                    Err(e) if e.reason != Reason::NotFound => Err(e),
                    _ => Ok(()),
                };
            }
            self.base.queue.add_after(key, 0, ctx.now, end.since(ctx.now));
        }
        let spec = &csr["spec"];
        let signed = !csr["status"]["certificate"].text().is_empty();
        if signed
            || condition(csr, "Approved").is_none()
            || condition(csr, "Failed").is_some()
            || !SIGNERS.contains(&spec["signerName"].text())
        {
            return Ok(());
        }
        let asked = spec["expirationSeconds"].int_or(YEAR_SECONDS).clamp(SHORTEST_SECONDS, YEAR_SECONDS);
        let pem = Pem {
            subject: spec["username"].text().to_owned(),
            issuer: "kubernetes".into(),
            names: Vec::new(),
            not_before: ctx.now - BACKDATE,
            not_after: ctx.now - BACKDATE + asked * 1000,
            serial: ctx.rng.letters(b"0123456789abcdef", 32).to_string(),
        };
        let mut new = csr.clone();
        new.set_at(&["status", "certificate"], base64::encode(pem.write().as_bytes()));
        ctx.update_status(CERTIFICATESIGNINGREQUESTS, new).map(|_| ())
    }
}
