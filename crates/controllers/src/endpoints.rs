//! The Endpoints controller: the older picture of the pods behind a Service, one object for all.
//!
//! Owns: the Endpoints of Services with a selector. Addresses are kept per Service from each pod's change; a sync
//! builds the object from them, at most a thousand addresses.
//! Models `pkg/controller/endpoint`.

use ordered::{BTreeMap, BTreeSet};

use client::{Change, Ctx};
use clock::Time;
use objects::resources::{ENDPOINTS, PODS, Resource, SERVICES};
use objects::{Reason, Status, Str, Value, value};

use crate::caches::Caches;
use crate::controller::{Base, Controller, has_base, is_namespace_terminating};
use crate::pod_facts::PodFacts;
use crate::pods;
use crate::selector::{self, SelectorIndex};
use crate::service_ports::{
    HEADLESS, TRIGGER_TIME, addresses, hostname, is_headless, services_of_change, should_be_in_endpoints,
    slice_ports,
};

const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
const OVER_CAPACITY: &str = "endpoints.kubernetes.io/over-capacity";
const MAX_ADDRESSES: usize = 1000;
const MAX_RETRIES: u32 = 15;

#[derive(Clone, Debug)]
pub struct EndpointsController {
    pub base: Base,
    selectors: SelectorIndex,
    services: BTreeMap<Str, Tracked>,
}

#[derive(Clone, Debug, Default)]
struct Tracked {
    stale: bool,
    dirty: BTreeSet<Str>,
    /// The subset (by its ports) and place of each pod's address.
    placed: BTreeMap<Str, (Str, Place)>,
    subsets: BTreeMap<Str, Subset>,
    trigger: Option<Time>,
}

/// Ready first, then by address.
type Place = (bool, Vec<u8>, Str);

#[derive(Clone, Debug, Default)]
struct Subset {
    ports: Value,
    ready: BTreeMap<(Vec<u8>, Str), Value>,
    not_ready: BTreeMap<(Vec<u8>, Str), Value>,
}

impl Default for EndpointsController {
    fn default() -> Self {
        Self::new()
    }
}

/// An order of addresses: by their numbers.
fn ip_order(ip: &str) -> Vec<u8> {
    ip.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

impl EndpointsController {
    #[must_use]
    pub fn new() -> Self {
        Self {
            base: Base::new("endpoint-controller"),
            selectors: SelectorIndex::default(),
            services: BTreeMap::new(),
        }
    }

    fn on_service(&mut self, change: &Change, now: Time) {
        let (key, service) = (change.key(), &change.object);
        let spec = &service["spec"];
        if change.is_deleted() || spec["type"] == "ExternalName" || spec["selector"].is_zero() {
            self.selectors.remove(&key);
            self.services.remove(&key);
        } else {
            self.selectors.set(&key, service.namespace(), selector::of_labels(&spec["selector"]));
            let tracked = self.services.entry(key.clone()).or_default();
            if change.previous.get("spec") != service.get("spec") {
                tracked.stale = true;
            }
            if change.previous.is_null() {
                tracked.trigger = service.created();
            }
        }
        self.base.queue.add(key, change.revision, now);
    }

    fn on_pod(&mut self, change: &Change, now: Time) {
        let Some((keys, at)) = services_of_change(&self.selectors, change) else { return };
        for key in keys {
            self.base.visited += 1;
            if let Some(t) = self.services.get_mut(&key) {
                t.dirty.insert(change.key());
                t.trigger = t.trigger.into_iter().chain(at).min();
            }
            self.base.queue.add(key, change.revision, now);
        }
    }

    fn place(&mut self, key: &str, service: &Value, caches: &Caches) {
        let Some(t) = self.services.get_mut(key) else { return };
        let selector = selector::of_labels(&service["spec"]["selector"]);
        if t.stale {
            t.stale = false;
            t.placed.clear();
            t.subsets.clear();
            t.dirty = caches.pods_matching(service.namespace(), &selector).iter().map(|p| p.key()).collect();
        }
        let publish = service["spec"]["publishNotReadyAddresses"].is_true();
        let portless = service["spec"]["ports"].is_zero();
        for pod_key in std::mem::take(&mut t.dirty) {
            self.base.visited += 1;
            if let Some((subset, (ready, ip, pod))) = t.placed.remove(&pod_key)
                && let Some(s) = t.subsets.get_mut(&subset)
            {
                if ready {
                    s.ready.remove(&(ip, pod))
                } else {
                    s.not_ready.remove(&(ip, pod))
                };
                if s.ready.is_empty() && s.not_ready.is_empty() {
                    t.subsets.remove(&subset);
                }
            }
            let pod = caches.pods().get(&pod_key);
            let Some(pod) =
                pod.filter(|p| selector.matches(p.labels()) && should_be_in_endpoints(p, publish))
            else {
                continue;
            };
            let family = service["spec"]["ipFamilies"][0].as_str().unwrap_or("IPv4");
            let Some(ip) = addresses(pod, family).into_iter().next() else { continue };
            let ports = slice_ports(service, pod);
            if ports.is_zero() && !(portless && is_headless(service)) {
                continue;
            }
            let mut address = value!({
                "ip": (&ip), "targetRef": {"kind": "Pod", "namespace": (pod.namespace()), "name": (pod.name()), "uid": (pod.uid())},
            });
            if !pod["spec"]["nodeName"].is_zero() {
                address.set("nodeName", &pod["spec"]["nodeName"]);
            }
            let hostname = hostname(pod, service);
            if !hostname.is_null() {
                address.set("hostname", hostname);
            }
            let ready = publish || pods::is_ready(pod);
            let name = Str::from(format!("{ports:?}"));
            let subset =
                t.subsets.entry(name.clone()).or_insert_with(|| Subset { ports, ..Subset::default() });
            let order = ip_order(ip.text());
            let at = (order.clone(), pod_key.clone());
            if ready {
                subset.ready.insert(at, address)
            } else {
                subset.not_ready.insert(at, address)
            };
            t.placed.insert(pod_key.clone(), (name, (ready, order, pod_key)));
        }
    }
}

impl Tracked {
    /// The subsets of the object, and whether some addresses found no room.
    fn subsets(&self) -> (Value, bool) {
        let ready: usize = self.subsets.values().map(|s| s.ready.len()).sum();
        let mut room_ready = MAX_ADDRESSES;
        let mut room_other = MAX_ADDRESSES.saturating_sub(ready);
        let list = self.subsets.values().filter_map(|s| {
            let take = |from: &BTreeMap<(Vec<u8>, Str), Value>, room: &mut usize| -> Vec<Value> {
                let taken: Vec<Value> = from.values().take(*room).cloned().collect();
                *room -= taken.len();
                taken
            };
            let (addresses, waiting) = (take(&s.ready, &mut room_ready), take(&s.not_ready, &mut room_other));
            if addresses.is_empty() && waiting.is_empty() {
                return None;
            }
            let mut subset = Value::map();
            if !addresses.is_empty() {
                subset.set("addresses", addresses);
            }
            if !waiting.is_empty() {
                subset.set("notReadyAddresses", waiting);
            }
            let ports = s.ports.items().iter().map(|p| {
                let mut p = p.clone();
                if p["name"].is_zero() {
                    p.remove("name");
                }
                p
            });
            let ports: Value = ports.collect();
            if !ports.is_zero() {
                subset.set("ports", ports);
            }
            Some(subset)
        });
        (list.collect(), self.placed.len() > MAX_ADDRESSES)
    }
}

impl Controller for EndpointsController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![SERVICES, PODS, ENDPOINTS]
    }

    fn concerns(&self, _: &PodFacts<'_>) -> bool {
        !self.selectors.is_empty()
    }

    fn on_change(&mut self, change: &Change, _: &Caches, now: Time) {
        if change.resource == PODS.id {
            self.on_pod(change, now);
        } else if change.resource == SERVICES.id {
            self.on_service(change, now);
        } else if change.is_deleted() {
            self.base.queue.add(change.key(), change.revision, now);
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        let Some(service) = caches.of_resource(SERVICES).get(key) else {
            let (namespace, name) = objects::meta::split_key(key);
            if caches.of_resource(ENDPOINTS).get(key).is_none() {
                return Ok(());
            }
            return match ctx.delete(ENDPOINTS, namespace, name, None, None, None) {
                Err(e) if e.reason != Reason::NotFound => Err(e),
                _ => Ok(()),
            };
        };
        self.place(key, service, caches);
        let Some(t) = self.services.get_mut(key) else { return Ok(()) };
        let (subsets, over) = t.subsets();
        let trigger = t.trigger.take();
        let mut labels = service.labels().clone();
        if is_headless(service) {
            labels.set(HEADLESS, "");
        } else {
            labels.remove(HEADLESS);
        }
        labels.set(MANAGED_BY, "endpoint-controller");
        let current = caches.of_resource(ENDPOINTS).get(key);
        if let Some(c) = current
            && (*c.get("subsets") == subsets || (c.get("subsets").is_zero() && subsets.is_zero()))
            && *c.labels() == labels
            && (c.annotations()[OVER_CAPACITY] == "truncated") == over
        {
            return Ok(());
        }
        let mut next = current.cloned().unwrap_or_else(|| {
            value!({"apiVersion": "v1", "kind": "Endpoints",
                "metadata": {"name": (service.name()), "namespace": (service.namespace())}})
        });
        if subsets.is_zero() {
            next.remove("subsets");
        } else {
            next.set("subsets", subsets);
        }
        next.set_at(&["metadata", "labels"], labels);
        for (name, text) in
            [(TRIGGER_TIME, trigger.map(Time::rfc3339)), (OVER_CAPACITY, over.then(|| "truncated".into()))]
        {
            match text {
                Some(text) => next.set_at(&["metadata", "annotations", name], text),
                None => {
                    next.remove_at(&["metadata", "annotations", name]);
                }
            }
        }
        if next.annotations().is_zero() {
            next.remove_at(&["metadata", "annotations"]);
        }
        let creates = current.is_none();
        let written =
            if creates { ctx.create(ENDPOINTS, next.clone()) } else { ctx.update(ENDPOINTS, next.clone()) };
        let Err(e) = written else { return Ok(()) };
        if creates && is_namespace_terminating(&e) {
            return Ok(());
        }
        let (reason, message) = if creates {
            ("FailedToCreateEndpoint", format!("Failed to create endpoint for service {key}: {e}"))
        } else {
            ("FailedToUpdateEndpoint", format!("Failed to update endpoint {key}: {e}"))
        };
        self.base.warning(ctx, &next, reason, &message);
        if self.base.queue.failures(key) >= MAX_RETRIES { Ok(()) } else { Err(e) }
    }
}
