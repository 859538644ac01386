//! The EndpointSlice mirroring controller: slices for Endpoints that somebody wrote by hand.
//!
//! Owns: the slices of Services without a selector. Models `pkg/controller/endpointslicemirroring`. Not modelled:
//! repacking of subsets (an address in two subsets with different ports is mirrored once for each).

use ordered::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use client::{Change, Ctx};
use clock::Time;
use objects::resources::{ENDPOINTS, ENDPOINTSLICES, Resource, SERVICES};
use objects::{Reason, Status, Str, Value, value};

use crate::caches::{Caches, key_of};
use crate::controller::{Base, Controller, controller_ref, has_base, is_namespace_terminating};
use crate::service_ports::TRIGGER_TIME;

const ACCOUNT: &str = "endpointslicemirroring-controller";
const MANAGER: &str = "endpointslicemirroring-controller.k8s.io";
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const SERVICE_NAME: &str = "kubernetes.io/service-name";
const SKIP: &str = "endpointslice.kubernetes.io/skip-mirror";
const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
const MAX_ADDRESSES: usize = 1000;
const MAX_RETRIES: u32 = 15;

#[derive(Clone, Debug)]
pub struct EndpointSliceMirroringController {
    pub base: Base,
    /// The names of the slices that mirror an Endpoints key.
    slices: BTreeMap<Str, BTreeSet<Str>>,
}

impl Default for EndpointSliceMirroringController {
    fn default() -> Self {
        Self::new()
    }
}

fn should_mirror(endpoints: &Value) -> bool {
    !endpoints.is_null() && endpoints.labels()[SKIP] != "true" && endpoints.annotations()[LEADER].is_null()
}

fn is_selectorless(service: &Value) -> bool {
    service["spec"]["selector"].is_null()
}

fn is_mirror(slice: &Value) -> bool {
    slice.labels()[MANAGED_BY] == MANAGER
}

/// One slice as it should be: its address family, ports and endpoints.
#[derive(Clone, Debug, PartialEq)]
struct Mirror {
    family: &'static str,
    ports: Value,
    endpoints: Vec<Value>,
}

fn slice_ports(subset: &Value) -> Value {
    let port = |p: &Value| {
        let mut port = value!({"name": (p["name"].text()), "port": (&p["port"]), "protocol": (p["protocol"].as_str().unwrap_or("TCP"))});
        if !p["appProtocol"].is_null() {
            port.set("appProtocol", &p["appProtocol"]);
        }
        port
    };
    subset["ports"].items().iter().map(port).collect()
}

fn endpoint(address: &Value, ip: IpAddr, ready: bool) -> Value {
    let mut e = value!({"addresses": [(ip.to_string())], "conditions": {"ready": (ready)}});
    for field in ["hostname", "nodeName", "targetRef"] {
        if !address[field].is_zero() {
            e.set(field, &address[field]);
        }
    }
    e
}

/// The slices for `endpoints`, how many of its addresses are none, and how many found no room.
fn mirrors(endpoints: &Value) -> (Vec<Mirror>, usize, usize) {
    let (mut all, mut invalid, mut skipped): (Vec<Mirror>, usize, usize) = (Vec::new(), 0, 0);
    for subset in endpoints["subsets"].items() {
        let (ports, mut added) = (slice_ports(subset), 0);
        let of = |field: &str| subset[field].items();
        let addresses = of("addresses").iter().map(|a| (a, true));
        for (address, ready) in addresses.chain(of("notReadyAddresses").iter().map(|a| (a, false))) {
            if added >= MAX_ADDRESSES {
                skipped += 1;
                continue;
            }
            let Ok(ip) = address["ip"].text().parse::<IpAddr>() else {
                invalid += 1;
                continue;
            };
            added += 1;
            let family = if ip.is_ipv4() { "IPv4" } else { "IPv6" };
            let e = endpoint(address, ip, ready);
            match all.iter_mut().find(|m| m.family == family && m.ports == ports) {
                Some(m) if m.endpoints.len() >= MAX_ADDRESSES => skipped += 1,
                Some(m) if m.endpoints.contains(&e) => {}
                Some(m) => m.endpoints.push(e),
                None => all.push(Mirror { family, ports: ports.clone(), endpoints: vec![e] }),
            }
        }
    }
    (all, invalid, skipped)
}

/// The slice object of `mirror`, named after `old` when there is one to write over.
fn slice_of(endpoints: &Value, mirror: Mirror, old: Option<&Value>) -> Value {
    let mut slice = value!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"namespace": (endpoints.namespace()), "ownerReferences": [(controller_ref(endpoints, ENDPOINTS))]},
        "addressType": (mirror.family),
    });
    match old {
        Some(old) => {
            slice.set_at(&["metadata", "name"], old.name());
            slice.set_at(&["metadata", "resourceVersion"], &old.meta()["resourceVersion"]);
        }
        None => slice.set_at(&["metadata", "generateName"], format!("{}-", endpoints.name())),
    }
    let mut labels = endpoints.labels().clone();
    labels.set(SERVICE_NAME, endpoints.name());
    labels.set(MANAGED_BY, MANAGER);
    slice.set_at(&["metadata", "labels"], labels);
    let mut annotations = endpoints.annotations().clone();
    annotations.remove(TRIGGER_TIME);
    annotations.remove(LAST_APPLIED);
    if !annotations.is_zero() {
        slice.set_at(&["metadata", "annotations"], annotations);
    }
    slice.set("ports", mirror.ports);
    slice.set("endpoints", mirror.endpoints);
    slice
}

/// True when `old` says all that `new` says.
fn is_same(old: &Value, new: &Value) -> bool {
    let owner = |o: &Value| (o.controller_ref()["uid"].to_str(), o.labels().clone(), o.annotations().clone());
    ["addressType", "ports", "endpoints"].into_iter().all(|f| old[f] == new[f]) && owner(old) == owner(new)
}

impl EndpointSliceMirroringController {
    #[must_use]
    pub fn new() -> Self {
        Self {
            base: Base::with_account("endpoint-slice-mirroring-controller", ACCOUNT),
            slices: BTreeMap::new(),
        }
    }

    fn on_slice(&mut self, change: &Change, now: Time) {
        let (old, new) = (&change.previous, &change.object);
        if !is_mirror(old) && !is_mirror(new) {
            return;
        }
        let slice = change.key();
        for (o, now_there) in [(old, false), (new, !change.is_deleted())] {
            if o.is_null() {
                continue;
            }
            let key = key_of(o.namespace(), o.labels()[SERVICE_NAME].text());
            let set = self.slices.entry(key.clone()).or_default();
            if now_there && is_mirror(o) {
                set.insert(slice.clone());
            } else {
                set.remove(&slice);
            }
            if set.is_empty() {
                self.slices.remove(&key);
            }
            self.base.queue.add(key, change.revision, now);
        }
    }

    fn existing<'a>(&self, key: &str, caches: &'a Caches) -> Vec<&'a Value> {
        let names = self.slices.get(key).into_iter().flatten();
        names.filter_map(|s| caches.of_resource(ENDPOINTSLICES).get(s)).collect()
    }

    fn reconcile(
        &mut self,
        key: &str,
        endpoints: &Value,
        caches: &Caches,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let (wanted, invalid, skipped) = mirrors(endpoints);
        if invalid > 0 {
            let why = format!("Skipped {invalid} invalid IP addresses when mirroring to EndpointSlices");
            self.base.warning(ctx, endpoints, "InvalidIPAddress", &why);
        }
        if skipped > 0 {
            let why = format!(
                "A max of {MAX_ADDRESSES} addresses can be mirrored to EndpointSlices per Endpoints subset. {} \
                 addresses were skipped",
                skipped + invalid
            );
            self.base.warning(ctx, endpoints, "TooManyAddressesToMirror", &why);
        }
        let mut left = self.existing(key, caches);
        self.base.visited += left.len() as u64 + wanted.len() as u64;
        let mut fresh = Vec::new();
        for mirror in wanted {
            let fits = |s: &&Value| s["addressType"] == mirror.family && s["ports"] == mirror.ports;
            match left.iter().position(fits) {
                Some(i) => {
                    let old = left.remove(i);
                    let new = slice_of(endpoints, mirror, Some(old));
                    if !is_same(old, &new) {
                        ctx.update(ENDPOINTSLICES, new)?;
                    }
                }
                None => fresh.push(mirror),
            }
        }
        for mirror in fresh {
            // A slice that is not needed any more is written over: its address family cannot change.
            let at = left.iter().position(|s| s["addressType"] == mirror.family);
            let old = at.map(|i| left.remove(i));
            let new = slice_of(endpoints, mirror, old);
            if old.is_some() {
                ctx.update(ENDPOINTSLICES, new)?;
            } else if let Err(e) = ctx.create(ENDPOINTSLICES, new) {
                return if is_namespace_terminating(&e) { Ok(()) } else { Err(e) };
            }
        }
        delete_all(&left, ctx)
    }
}

fn delete_all(slices: &[&Value], ctx: &mut Ctx<'_>) -> Result<(), Status> {
    for slice in slices {
        match ctx.delete(ENDPOINTSLICES, slice.namespace(), slice.name(), None, None, None) {
            Err(e) if e.reason != Reason::NotFound => return Err(e),
            _ => {}
        }
    }
    Ok(())
}

impl Controller for EndpointSliceMirroringController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![ENDPOINTS, ENDPOINTSLICES, SERVICES]
    }

    fn on_change(&mut self, change: &Change, _: &Caches, now: Time) {
        let (old, new) = (&change.previous, &change.object);
        if change.resource == ENDPOINTSLICES.id {
            return self.on_slice(change, now);
        }
        let matters = if change.resource == ENDPOINTS.id {
            should_mirror(new) || should_mirror(old)
        } else if old.is_null() || change.is_deleted() {
            is_selectorless(new)
        } else {
            is_selectorless(new) != is_selectorless(old)
        };
        if matters {
            self.base.queue.add(change.key(), change.revision, now);
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        let endpoints = caches.of_resource(ENDPOINTS).get(key).filter(|e| should_mirror(e));
        let service = caches.of_resource(SERVICES).get(key).filter(|s| is_selectorless(s));
        let result = match endpoints.zip(service) {
            Some((endpoints, _)) => self.reconcile(key, endpoints, caches, ctx),
            None => delete_all(&self.existing(key, caches), ctx),
        };
        match result {
            Err(_) if self.base.queue.failures(key) >= MAX_RETRIES => Ok(()),
            result => result,
        }
    }
}
