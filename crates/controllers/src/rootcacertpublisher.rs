//! The root CA publisher: every active namespace has the ConfigMap `kube-root-ca.crt`, and it stays as it is.
//!
//! Models `pkg/controller/certificates/rootcacertpublisher`.

use client::{Change, Ctx};
use clock::Time;
use objects::resources::{CONFIGMAPS, NAMESPACES, Resource};
use objects::{Reason, Status, Str, Value, value};

use crate::caches::{Caches, key_of};
use crate::controller::{Base, Controller, has_base};

const NAME: &str = "kube-root-ca.crt";
const DESCRIPTION_KEY: &str = "kubernetes.io/description";
const DESCRIPTION: &str = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

#[derive(Clone, Debug)]
pub struct RootCaCertPublisher {
    pub base: Base,
    /// The certificate in PEM of the cluster's authority.
    pub root_ca: Str,
}

impl Default for RootCaCertPublisher {
    fn default() -> Self {
        Self::new()
    }
}

impl RootCaCertPublisher {
    #[must_use]
    pub fn new() -> Self {
        let base = Base::with_account("root-ca-certificate-publisher-controller", "root-ca-cert-publisher");
        Self { base, root_ca: x509::simulated_certificate() }
    }
}

impl Controller for RootCaCertPublisher {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![NAMESPACES, CONFIGMAPS]
    }

    fn on_change(&mut self, change: &Change, _: &Caches, now: Time) {
        if change.resource == NAMESPACES.id {
            if !change.is_deleted() {
                self.base.queue.add(change.name.clone(), change.revision, now);
            }
        } else if change.name == NAME {
            self.base.queue.add(change.namespace.clone(), change.revision, now);
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let Some(ns) = caches.of_resource(NAMESPACES).get(key) else { return Ok(()) };
        if ns["status"]["phase"] != "Active" || ns.is_terminating() {
            return Ok(());
        }
        let data = value!({"ca.crt": (&self.root_ca)});
        let described = Value::str(DESCRIPTION);
        match caches.of_resource(CONFIGMAPS).get(&key_of(key, NAME)) {
            None => {
                let map = value!({"apiVersion": "v1", "kind": "ConfigMap",
                    "metadata": {"name": (NAME), "namespace": (key),
                        "annotations": {(DESCRIPTION_KEY): (described)}},
                    "data": (data)});
                match ctx.create(CONFIGMAPS, map) {
                    Err(e) if e.reason != Reason::AlreadyExists => Err(e),
                    _ => Ok(()),
                }
            }
            Some(map) if *map.get("data") == data && map.annotations()[DESCRIPTION_KEY] == described => {
                Ok(())
            }
            Some(map) => {
                let mut map = map.clone();
                map.set("data", data);
                map.set_at(&["metadata", "annotations", DESCRIPTION_KEY], described);
                ctx.update(CONFIGMAPS, map).map(|_| ())
            }
        }
    }
}
