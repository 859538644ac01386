//! The certificate controller: a Certificate yields a TLS Secret, which is issued anew before it ends.
//!
//! Models cert-manager v1 (Certificate, Issuer, ClusterIssuer of the kinds selfSigned and ca) once its definitions are
//! installed. Not modelled: CertificateRequests and Orders, ACME, keystores; keys of
//! another kind than ECDSA P-256: a certificate signed in the name of an authority with such a key is not its.

use client::{Change, Ctx, PatchType};
use clock::{Millis, Time};
use objects::resources::{Resource, SECRETS};
use objects::{Reason, Status, Str, Value, base64, duration, value};
use ordered::{BTreeMap, BTreeSet};
use x509::{
    Authority, Certificate, Name, ORGANIZATION, Others, p256, private_key, public_key, read_private_key,
};

use super::serial;
use crate::caches::{Caches, key_of};
use crate::controller::{Base, Controller, has_base};

const GROUP: &str = "cert-manager.io";
/// cert-manager's default: 90 days, renewed when a third is left.
const DEFAULT_DURATION: Millis = 90 * 24 * 3_600_000;
/// How soon an unready certificate is looked at again.
const RETRY: Millis = 5_000;

const fn custom(id: &'static str, plural: &'static str, kind: &'static str, namespaced: bool) -> Resource {
    Resource::custom(id, GROUP, "v1", plural, kind, namespaced)
}

static CERTIFICATES: Resource = custom("certificates.cert-manager.io", "certificates", "Certificate", true);
static ISSUERS: Resource = custom("issuers.cert-manager.io", "issuers", "Issuer", true);
static CLUSTER_ISSUERS: Resource =
    custom("clusterissuers.cert-manager.io", "clusterissuers", "ClusterIssuer", false);
/// Where a ClusterIssuer's Secret lies.
const CLUSTER_NAMESPACE: &str = "cert-manager";

#[derive(Clone, Debug)]
pub struct CertificateController {
    pub base: Base,
    /// The certificates that keep a Secret, by the Secret's key.
    by_secret: BTreeMap<Str, BTreeSet<Str>>,
    /// Secrets that an issuer signs with, by key, with the issuers' keys in the queue.
    authorities: BTreeMap<Str, BTreeSet<Str>>,
}

impl Default for CertificateController {
    fn default() -> Self {
        Self::new()
    }
}

impl CertificateController {
    #[must_use]
    pub fn new() -> Self {
        Self {
            base: Base::with_account("cert-manager-certificates-controller", "cert-manager"),
            by_secret: BTreeMap::new(),
            authorities: BTreeMap::new(),
        }
    }

    fn issuer<'c>(caches: &'c Caches, certificate: &Value) -> Option<&'c Value> {
        let of = &certificate["spec"]["issuerRef"];
        let name = of["name"].text();
        if of["kind"] == "ClusterIssuer" {
            caches.of_resource(&CLUSTER_ISSUERS).get(name)
        } else {
            caches.of_resource(&ISSUERS).get(&key_of(certificate.namespace(), name))
        }
    }

    /// Whether an issuer can sign, and what it says of itself.
    fn sync_issuer(
        &mut self,
        resource: &Resource,
        key: &str,
        caches: &Caches,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let Some(issuer) = caches.of_resource(resource).get(key) else { return Ok(()) };
        let spec = &issuer["spec"];
        let secret_name = spec["ca"]["secretName"].text();
        let (status, reason, message) = if !spec["selfSigned"].is_null() {
            ("True", "IsReady", String::new())
        } else if secret_name.is_empty() {
            (
                "False",
                "ErrInitIssuer",
                "Error initializing issuer: no simulated issuer is configured: use selfSigned or ca"
                    .to_owned(),
            )
        } else {
            let namespace = authority_namespace(issuer);
            match caches.of_resource(SECRETS).get(&key_of(namespace, secret_name)) {
                Some(_) => ("True", "KeyPairVerified", "Signing CA verified".to_owned()),
                None => (
                    "False",
                    "ErrGetKeyPair",
                    format!("Error getting keypair for CA issuer: secrets \"{secret_name}\" not found"),
                ),
            }
        };
        let was = issuer.condition("Ready");
        if was["status"] == *status && was["message"].text() == message {
            return Ok(());
        }
        let patch = value!({"status": {"conditions": [{
            "type": "Ready", "status": (status), "reason": (reason), "message": (message.as_str()),
            "lastTransitionTime": (ctx.now.rfc3339()), "observedGeneration": (issuer.generation())
        }]}});
        let issuer = issuer.clone();
        ctx.patch(resource, issuer.namespace(), issuer.name(), "status", PatchType::Merge, patch)?;
        let event = |s: &mut Self, ctx: &mut Ctx<'_>| {
            if status == "True" {
                s.base.normal(ctx, &issuer, reason, &message);
            } else {
                s.base.warning(ctx, &issuer, reason, &message);
            }
        };
        if !message.is_empty() {
            event(self, ctx);
        }
        // Those that waited for it.
        let of = |c: &&Value| {
            let r = &c["spec"]["issuerRef"];
            r["name"] == *issuer.name()
                && (r["kind"] == "ClusterIssuer") == (resource.id == CLUSTER_ISSUERS.id)
        };
        for (key, c) in caches.of_resource(&CERTIFICATES).iter() {
            if of(&c) {
                self.base.queue.add(key.clone(), 0, ctx.now);
            }
        }
        Ok(())
    }

    fn sync_certificate(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let Some(certificate) = caches.of_resource(&CERTIFICATES).get(key).cloned() else { return Ok(()) };
        if certificate.is_terminating() {
            return Ok(());
        }
        let spec = &certificate["spec"];
        let secret_key = key_of(certificate.namespace(), spec["secretName"].text());
        let secret = caches.of_resource(SECRETS).get(&secret_key).cloned();
        let names: Vec<String> = spec["dnsNames"].items().iter().map(|n| n.text().to_owned()).collect();
        let mut subject = Name::common(match spec["commonName"].text() {
            "" => names.first().map_or("", String::as_str),
            name => name,
        });
        for organization in spec["subject"]["organizations"].items() {
            subject.0.push((ORGANIZATION, organization.text().to_owned()));
        }
        let others = Others { dns: names.clone(), ..Others::default() };
        let lasts = span(&spec["duration"]).unwrap_or(DEFAULT_DURATION);
        let before = span(&spec["renewBefore"]).unwrap_or(lasts / 3).clamp(0, lasts);
        let current = secret.as_ref().and_then(|s| Certificate::read(&decoded(s, "tls.crt")));
        let why = match (&secret, &current) {
            (None, _) => Some(("DoesNotExist", "Issuing certificate as Secret does not exist".to_owned())),
            (Some(s), None) if s["data"].find("tls.crt").is_none() => Some((
                "MissingData",
                "Issuing certificate as Secret does not contain a certificate".to_owned(),
            )),
            (_, None) => Some((
                "InvalidCertificate",
                "Issuing certificate as Secret contains an invalid certificate".to_owned(),
            )),
            (_, Some(c)) if c.others != others || c.subject != subject => Some((
                "SecretMismatch",
                "Issuing certificate as Existing issued Secret is not up to date for spec: [spec.dnsNames]"
                    .to_owned(),
            )),
            (_, Some(c)) if c.not_after - before <= ctx.now => Some((
                "Renewing",
                format!(
                    "Renewing certificate as renewal was scheduled at {}",
                    (c.not_after - before).rfc3339()
                ),
            )),
            _ => None,
        };
        let Some((reason, message)) = why else {
            let Some(c) = current else { return Ok(()) };
            self.base.queue.add_after(key, 0, ctx.now, (c.not_after - before).since(ctx.now).max(1000));
            return self.ready(&certificate, &c, before, None, ctx);
        };
        if certificate.condition("Issuing")["message"].text() != message {
            self.base.normal(ctx, &certificate, "Issuing", &message);
        }
        let issuer = Self::issuer(caches, &certificate);
        let usable = issuer.is_some_and(|i| i.condition_true("Ready"));
        let Some(issuer) = issuer.filter(|_| usable) else {
            let of = &spec["issuerRef"];
            let kind = if of["kind"].text().is_empty() { "Issuer" } else { of["kind"].text() };
            let waits = if issuer.is_none() {
                format!(
                    "Referenced \"{kind}\" not found: {}.{GROUP} \"{}\" not found",
                    kind.to_lowercase(),
                    of["name"].text()
                )
            } else {
                format!("Referenced \"{kind}\" not ready")
            };
            if certificate.condition("Issuing")["message"].text() != message {
                self.base.warning(
                    ctx,
                    &certificate,
                    if issuer.is_none() { "IssuerNotFound" } else { "IssuerNotReady" },
                    &waits,
                );
            }
            self.base.queue.add_after(key, 0, ctx.now, RETRY);
            return self.unready(&certificate, reason, &message, current.is_some(), ctx);
        };
        let secret_key = p256::secret(&serial(ctx.rng));
        let mut new = Certificate {
            subject,
            issuer: Name::default(),
            others,
            not_before: ctx.now,
            not_after: ctx.now + lasts,
            serial: serial(ctx.rng),
            key: public_key(&secret_key),
            usages: match spec["usages"].items() {
                [] => ["digital signature", "key encipherment"].map(Str::new_static).to_vec(),
                given => given.iter().map(Value::to_str).collect(),
            },
            is_authority: spec["isCA"].is_true(),
            key_id: Vec::new(),
        };
        if new.is_authority {
            new.usages.push("cert sign".into());
        }
        let (pem, authority) = match issuer["spec"]["ca"]["secretName"].text() {
            "" => {
                let pem = new.clone().self_signed(&secret_key);
                (pem.clone(), pem)
            }
            name => {
                let key = key_of(authority_namespace(issuer), name);
                let Some(pair) = caches.of_resource(SECRETS).get(&key) else { return Ok(()) };
                let (certificate, key) = (decoded(pair, "tls.crt"), decoded(pair, "tls.key"));
                let secret = read_private_key(&key).unwrap_or_else(|| p256::secret(key.as_bytes()));
                let authority = Authority { certificate: certificate.as_str().into(), secret };
                (authority.sign(new.clone()), certificate)
            }
        };
        let encoded = |text: &str| base64::encode(text.as_bytes());
        let issuer_kind = issuer.kind().to_owned();
        let object = value!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
            "metadata": {
                "name": (&spec["secretName"]), "namespace": (certificate.namespace()),
                "labels": {"controller.cert-manager.io/fao": "true"},
                "annotations": {
                    "cert-manager.io/alt-names": (names.join(",")),
                    "cert-manager.io/certificate-name": (certificate.name()),
                    "cert-manager.io/common-name": (new.subject.common_name()),
                    "cert-manager.io/ip-sans": "", "cert-manager.io/uri-sans": "",
                    "cert-manager.io/issuer-group": (GROUP), "cert-manager.io/issuer-kind": (issuer_kind),
                    "cert-manager.io/issuer-name": (issuer.name())
                }
            },
            "data": {
                "ca.crt": (encoded(&authority)), "tls.crt": (encoded(&pem)),
                "tls.key": (encoded(&private_key(&secret_key)))
            }
        });
        match secret {
            None => {
                let message = format!(
                    "Stored new private key in temporary Secret resource \"{}-{}\"",
                    certificate.name(),
                    ctx.rng.letters(b"bcdfghjklmnpqrstvwxz2456789", 5)
                );
                self.base.normal(ctx, &certificate, "Generated", &message);
                ctx.create(SECRETS, object)?;
            }
            Some(mut kept) => {
                for key in ["type", "data"] {
                    kept.set(key, object[key].clone());
                }
                for (k, v) in object.annotations().entries() {
                    kept.set_at(&["metadata", "annotations", k], v.clone());
                }
                ctx.update(SECRETS, kept)?;
            }
        }
        self.base.normal(ctx, &certificate, "Issuing", "The certificate has been successfully issued");
        self.base.queue.add_after(key, 0, ctx.now, (lasts - before).max(1000));
        let revision = certificate["status"]["revision"].int() + 1;
        self.ready(&certificate, &new, before, Some(revision), ctx)
    }

    fn ready(
        &self,
        certificate: &Value,
        issued: &Certificate,
        before: Millis,
        revision: Option<i64>,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let status = &certificate["status"];
        let ends = issued.not_after.rfc3339();
        if revision.is_none() && status["notAfter"].text() == ends && certificate.condition_true("Ready") {
            return Ok(());
        }
        let since = match certificate.condition_true("Ready") {
            true => certificate.condition("Ready")["lastTransitionTime"].clone(),
            false => Value::from(ctx.now.rfc3339()),
        };
        let patch = value!({"status": {
            "conditions": [{
                "type": "Ready", "status": "True", "reason": "Ready", "lastTransitionTime": (since),
                "message": "Certificate is up to date and has not expired", "observedGeneration": (certificate.generation())
            }],
            "notAfter": (ends), "notBefore": (issued.not_before.rfc3339()),
            "renewalTime": ((issued.not_after - before).rfc3339()),
            "revision": (revision.unwrap_or_else(|| status["revision"].int().max(1)))
        }});
        write_status(certificate, patch, ctx)
    }

    fn unready(
        &self,
        certificate: &Value,
        reason: &str,
        message: &str,
        has_one: bool,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        if certificate.condition("Issuing")["message"].text() == message {
            return Ok(());
        }
        let condition = |kind: &str, status: &str| {
            value!({
                "type": (kind), "status": (status), "reason": (reason), "message": (message),
                "lastTransitionTime": (ctx.now.rfc3339()), "observedGeneration": (certificate.generation())
            })
        };
        let ready = if has_one { "True" } else { "False" };
        let conditions = vec![condition("Issuing", "True"), condition("Ready", ready)];
        let patch = value!({"status": {"conditions": (Value::from(conditions))}});
        write_status(certificate, patch, ctx)
    }
}

fn write_status(certificate: &Value, patch: Value, ctx: &mut Ctx<'_>) -> Result<(), Status> {
    let (namespace, name) = (certificate.namespace(), certificate.name());
    ctx.patch(&CERTIFICATES, namespace, name, "status", PatchType::Merge, patch).map(|_| ())
}

/// A duration such as `2160h`, in milliseconds.
fn span(text: &Value) -> Option<Millis> {
    duration::parse(text.text()).ok().map(|nanos| nanos / 1_000_000).filter(|ms| *ms > 0)
}

fn decoded(secret: &Value, key: &str) -> String {
    let bytes = base64::decode(secret["data"][key].text()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn authority_namespace(issuer: &Value) -> &str {
    if issuer.namespace().is_empty() { CLUSTER_NAMESPACE } else { issuer.namespace() }
}

/// Keys of issuers in the queue are marked, since certificates may have the same.
const ISSUER_MARK: &str = "issuer:";
const CLUSTER_MARK: &str = "clusterissuer:";

fn keep(index: &mut BTreeMap<Str, BTreeSet<Str>>, secret: Str, key: &Str, is: bool) {
    let users = index.entry(secret.clone()).or_default();
    if is {
        users.insert(key.clone());
    } else {
        users.remove(key);
        if users.is_empty() {
            index.remove(&secret);
        }
    }
}

impl Controller for CertificateController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![&CERTIFICATES, &ISSUERS, &CLUSTER_ISSUERS, SECRETS]
    }

    fn on_change(&mut self, change: &Change, _: &Caches, now: Time) {
        if change.resource == SECRETS.id {
            let key = change.key();
            let users = [self.by_secret.get(&key), self.authorities.get(&key)];
            for user in users.into_iter().flatten().flat_map(|u| u.iter().cloned()).collect::<Vec<_>>() {
                self.base.queue.add(user, change.revision, now);
            }
            return;
        }
        let is_certificate = change.resource == CERTIFICATES.id;
        let mark = match change.resource.as_str() {
            _ if is_certificate => "",
            id if id == ISSUERS.id.as_str() => ISSUER_MARK,
            _ => CLUSTER_MARK,
        };
        let key = Str::from(format!("{mark}{}", change.key()));
        for (object, is) in [(&change.previous, false), (&change.object, !change.is_deleted())] {
            let spec = &object["spec"];
            if object.is_null() {
                continue;
            }
            if is_certificate {
                let secret = key_of(object.namespace(), spec["secretName"].text());
                keep(&mut self.by_secret, secret, &key, is);
            } else if !spec["ca"]["secretName"].text().is_empty() {
                let secret = key_of(authority_namespace(object), spec["ca"]["secretName"].text());
                keep(&mut self.authorities, secret, &key, is);
            }
        }
        if !change.is_deleted() {
            self.base.queue.add(key, change.revision, now);
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        let done = if let Some(name) = key.strip_prefix(CLUSTER_MARK) {
            self.sync_issuer(&CLUSTER_ISSUERS, name, caches, ctx)
        } else if let Some(key) = key.strip_prefix(ISSUER_MARK) {
            self.sync_issuer(&ISSUERS, key, caches, ctx)
        } else {
            self.sync_certificate(key, caches, ctx)
        };
        match done {
            // Deleted meanwhile: its own change tells.
            Err(e) if e.reason == Reason::NotFound => Ok(()),
            other => other,
        }
    }
}
