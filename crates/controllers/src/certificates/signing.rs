//! The signing controller: approved CertificateSigningRequests of the cluster's own signers get a certificate.
//!
//! Models `pkg/controller/certificates/signer`, and `cleaner` for requests that are done with. Does not own:
//! who approves (approving.rs). Kubelets here need no certificate; who asks for one gets it.

use client::{Change, Ctx};
use clock::{Millis, Time};
use objects::resources::{CERTIFICATESIGNINGREQUESTS, Resource};
use objects::{Reason, Status, Str, Value, base64, value};
use x509::{Authority, Certificate, Name, ORGANIZATION, Request};

use super::serial;
use crate::caches::Caches;
use crate::controller::{Base, Controller, has_base};

const CLIENT: &str = "kubernetes.io/kube-apiserver-client";
pub(super) const KUBELET_CLIENT: &str = "kubernetes.io/kube-apiserver-client-kubelet";
const KUBELET_SERVING: &str = "kubernetes.io/kubelet-serving";
const LEGACY: &str = "kubernetes.io/legacy-unknown";
/// How long a certificate lives when the request does not say, and at least.
const YEAR_SECONDS: i64 = 365 * 24 * 3600;
const SHORTEST_SECONDS: i64 = 600;
/// How far certificates are dated back (upstream).
const BACKDATE: Millis = 5 * 60 * 1000;
/// What lives shorter than this is not dated back at its end.
const SHORT_SECONDS: i64 = 8 * 3600;
const HOUR: Millis = 3_600_000;
/// What is left of a request when it is done: approved, denied or never decided.
const KEEP_DECIDED: Millis = HOUR;
const KEEP_PENDING: Millis = 24 * HOUR;

#[derive(Clone, Debug)]
pub struct SigningController {
    pub base: Base,
    /// Who signs for all of the cluster's signers; without one it is the simulated authority.
    pub authority: Option<Authority>,
}

impl Default for SigningController {
    fn default() -> Self {
        Self::new()
    }
}

impl SigningController {
    #[must_use]
    pub fn new() -> Self {
        let base = Base::with_account("csrsigning-controller", "certificate-controller");
        Self { base, authority: None }
    }
}

pub(super) fn condition<'a>(csr: &'a Value, kind: &str) -> Option<&'a Value> {
    csr["status"]["conditions"].items().iter().find(|c| c["type"] == kind && c["status"] != "False")
}

/// Adds a condition to a request's status.
pub(super) fn add_condition(csr: &mut Value, condition: Value) {
    let all: Value = csr["status"]["conditions"].items().iter().cloned().chain([condition]).collect();
    csr.set_at(&["status", "conditions"], all);
}

/// What a request asks for; `None` when it can't be read.
pub(super) fn asked(csr: &Value) -> Option<Request> {
    let text = base64::decode(csr["spec"]["request"].text()).unwrap_or_default();
    Request::read(&String::from_utf8_lossy(&text)).ok()
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

/// Why one of the cluster's signers does not sign this; `None` when it is another's to sign.
fn objection(signer: &str, asked: &Request, usages: &[&str]) -> Option<Result<(), String>> {
    let verdict = match signer {
        LEGACY => Ok(()),
        CLIENT => client_usages(usages),
        KUBELET_CLIENT | KUBELET_SERVING => kubelet(signer == KUBELET_SERVING, asked, usages),
        _ => return None,
    };
    Some(verdict)
}

fn client_usages(usages: &[&str]) -> Result<(), String> {
    const OPTIONAL: [&str; 3] = ["digital signature", "key encipherment", "client auth"];
    if let Some(other) = usages.iter().find(|u| !OPTIONAL.contains(u)) {
        return Err(format!("invalid usage for client certificate: {other}"));
    }
    match usages.contains(&"client auth") {
        true => Ok(()),
        false => Err("missing required usage for client certificate: client auth".to_owned()),
    }
}

/// Why a kubelet's certificate of this kind is not signed.
pub(super) fn kubelet(is_server: bool, asked: &Request, usages: &[&str]) -> Result<(), String> {
    let others = &asked.others;
    let purpose = if is_server { "server auth" } else { "client auth" };
    let kinds = [
        (!others.dns.is_empty(), "DNS"),
        (!others.emails.is_empty(), "Email"),
        (!others.addresses.is_empty(), "IP"),
        (!others.uris.is_empty(), "URI"),
    ];
    let is_allowed = |kind: &str| is_server && matches!(kind, "DNS" | "IP");
    let known = usages.iter().all(|u| ["digital signature", "key encipherment", purpose].contains(u));
    let why = if !asked.subject.all(ORGANIZATION).eq(["system:nodes"]) {
        "subject organization is not system:nodes".to_owned()
    } else if is_server && others.dns.is_empty() && others.addresses.is_empty() {
        "DNS or IP subjectAltName is required".to_owned()
    } else if let Some((_, kind)) = kinds.iter().find(|(has, kind)| *has && !is_allowed(kind)) {
        format!("{kind} subjectAltNames are not allowed")
    } else if !known || !usages.contains(&"digital signature") || !usages.contains(&purpose) {
        // Go prints a sorted set.
        let list = if is_server {
            "digital signature key encipherment server auth"
        } else {
            "client auth digital signature key encipherment"
        };
        format!("usages did not match [{list}]")
    } else if !asked.subject.common_name().starts_with("system:node:") {
        "subject common name does not begin with system:node:".to_owned()
    } else {
        return Ok(());
    };
    Err(why)
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
        if signed || condition(csr, "Approved").is_none() || condition(csr, "Failed").is_some() {
            return Ok(());
        }
        let Some(asked) = asked(csr) else { return Ok(()) };
        let usages: Vec<&str> = spec["usages"].items().iter().map(Value::text).collect();
        let mut new = csr.clone();
        match objection(spec["signerName"].text(), &asked, &usages) {
            None => return Ok(()),
            Some(Err(why)) => {
                let failed = value!({
                    "type": "Failed", "status": "True", "reason": "SignerValidationFailure", "message": (why),
                    "lastUpdateTime": (ctx.now.rfc3339())
                });
                add_condition(&mut new, failed);
            }
            Some(Ok(())) => {
                let lasts =
                    spec["expirationSeconds"].int_or(YEAR_SECONDS).clamp(SHORTEST_SECONDS, YEAR_SECONDS);
                let from = ctx.now - BACKDATE;
                let certificate = Certificate {
                    subject: asked.subject,
                    issuer: Name::default(),
                    others: asked.others,
                    not_before: from,
                    not_after: if lasts < SHORT_SECONDS { ctx.now } else { from } + lasts * 1000,
                    serial: serial(ctx.rng),
                    key: asked.key,
                    usages: usages.iter().map(Str::new).collect(),
                    is_authority: false,
                    key_id: Vec::new(),
                };
                let pem = self.authority.clone().unwrap_or_else(Authority::simulated).sign(certificate);
                new.set_at(&["status", "certificate"], base64::encode(pem.as_bytes()));
            }
        }
        ctx.update_status(CERTIFICATESIGNINGREQUESTS, new).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use x509::Others;

    use super::*;

    #[test]
    fn signers_say_why_they_do_not_sign() {
        let asked = |organization: &str, name: &str, dns: &str| {
            let subject = [(ORGANIZATION, organization.to_owned())].into_iter().chain(Name::common(name).0);
            let dns = dns.split_whitespace().map(str::to_owned).collect();
            Request {
                subject: Name(subject.collect()),
                others: Others { dns, ..Others::default() },
                ..Request::default()
            }
        };
        let node = asked("system:nodes", "system:node:a", "");
        let (signature, client) = ("digital signature", "client auth");
        let serving = "usages did not match [digital signature key encipherment server auth]";
        let cases: [(&str, Request, &[&str], &str); 10] = [
            (CLIENT, node.clone(), &[client, signature], ""),
            (
                CLIENT,
                node.clone(),
                &[signature],
                "missing required usage for client certificate: client auth",
            ),
            (CLIENT, node.clone(), &["any", client], "invalid usage for client certificate: any"),
            (LEGACY, node.clone(), &["any"], ""),
            (KUBELET_CLIENT, node.clone(), &[client, signature], ""),
            (
                KUBELET_CLIENT,
                asked("dev", "system:node:a", ""),
                &[client],
                "subject organization is not system:nodes",
            ),
            (
                KUBELET_CLIENT,
                asked("system:nodes", "system:node:a", "a"),
                &[client, signature],
                "DNS subjectAltNames are not allowed",
            ),
            (
                KUBELET_CLIENT,
                asked("system:nodes", "a", ""),
                &[client, signature],
                "subject common name does not begin with system:node:",
            ),
            (KUBELET_SERVING, node, &["server auth"], "DNS or IP subjectAltName is required"),
            (KUBELET_SERVING, asked("system:nodes", "system:node:a", "a"), &["server auth"], serving),
        ];
        for (signer, request, usages, why) in cases {
            let found = objection(signer, &request, usages).expect("one of the cluster's own");
            assert_eq!(found.err().unwrap_or_default(), why, "{signer} {usages:?}");
        }
        assert_eq!(objection("example.com/own", &Request::default(), &[]), None);
    }
}
