//! The service account controller: every active namespace has a ServiceAccount `default`.
//!
//! Models `pkg/controller/serviceaccount/serviceaccounts_controller.go`.
//! Not modelled: token secrets (legacy), the token cleaner.

use client::{Change, Ctx};
use clock::Time;
use objects::resources::{NAMESPACES, Resource, SERVICEACCOUNTS};
use objects::{Reason, Status, value};

use crate::caches::{Caches, key_of};
use crate::controller::{Base, Controller, has_base};

#[derive(Clone, Debug)]
pub struct ServiceAccountsController {
    pub base: Base,
}

impl Default for ServiceAccountsController {
    fn default() -> Self {
        Self::new()
    }
}

impl ServiceAccountsController {
    #[must_use]
    pub fn new() -> Self {
        Self { base: Base::with_account("serviceaccount-controller", "service-account-controller") }
    }
}

impl Controller for ServiceAccountsController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![NAMESPACES, SERVICEACCOUNTS]
    }

    fn on_change(&mut self, change: &Change, _: &Caches, now: Time) {
        if change.resource == NAMESPACES.id {
            if !change.is_deleted() {
                self.base.queue.add(change.name.clone(), change.revision, now);
            }
        } else if change.is_deleted() {
            self.base.queue.add(change.namespace.clone(), change.revision, now);
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let Some(ns) = caches.of_resource(NAMESPACES).get(key) else { return Ok(()) };
        if ns["status"]["phase"] != "Active" || ns.is_terminating() {
            return Ok(());
        }
        if caches.of_resource(SERVICEACCOUNTS).get(&key_of(key, "default")).is_some() {
            return Ok(());
        }
        let account = value!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "default", "namespace": (key)}});
        match ctx.create(SERVICEACCOUNTS, account) {
            Err(e) if e.reason != Reason::AlreadyExists => Err(e),
            _ => Ok(()),
        }
    }
}
