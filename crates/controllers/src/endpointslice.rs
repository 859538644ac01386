//! The EndpointSlice controller: the pods behind each Service, a hundred a slice.
//!
//! Owns: the slices of Services with a selector. What belongs in them is kept from each pod's change, so that a sync
//! touches the changed endpoints and the slices they stand in; only a changed Service or a slice someone else wrote
//! makes it place everything anew.
//! Models `pkg/controller/endpointslice` and `k8s.io/endpointslice`.
//! Hints follow `spec.trafficDistribution`, as `k8s.io/endpointslice/trafficdist` gives them.
//! Not modelled: hints by the proportion of zones (the annotation `topology-mode`).

use ordered::Sort as _;
use ordered::{BTreeMap, BTreeSet};
use std::cmp::Reverse;

use client::{Change, Ctx};
use clock::Time;
use objects::resources::{ENDPOINTSLICES, NODES, PODS, Resource, SERVICES};
use objects::{Reason, Status, Str, Value, value};

use crate::caches::{Caches, key_of};
use crate::controller::{Base, Controller, controller_ref, has_base, internal, is_namespace_terminating};
use crate::delays::{ENDPOINT_SLICE_BACKOFF_MS, MAX_BACKOFF_MS};
use crate::pod_facts::PodFacts;
use crate::pods;
use crate::selector::{self, SelectorIndex};
use crate::service_ports::{
    HEADLESS, TRIGGER_TIME, addresses, has_named_ports, hostname, is_headless, services_of_change,
    should_be_in_endpoints, slice_ports,
};
use crate::sync_queue::SyncQueue;

const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const CONTROLLER: &str = "endpointslice-controller.k8s.io";
const SERVICE_NAME: &str = "kubernetes.io/service-name";
const MAX_ENDPOINTS: usize = 100;
const MAX_RETRIES: u32 = 15;

#[derive(Clone, Debug)]
pub struct EndpointSliceController {
    pub base: Base,
    selectors: SelectorIndex,
    services: BTreeMap<Str, Tracked>,
}

/// What is known of one Service.
#[derive(Clone, Debug, Default)]
struct Tracked {
    /// Everything is to be placed anew.
    stale: bool,
    /// Pods whose endpoint may have changed since the last sync.
    dirty: BTreeSet<Str>,
    families: BTreeMap<Str, Family>,
    /// When the first of the dirty ones changed.
    trigger: Option<Time>,
    /// The ports of all pods, when the Service names none.
    ports: Option<Value>,
}

/// The slices of one address family.
#[derive(Clone, Debug, Default)]
struct Family {
    /// The slices as last written or heard of, by name.
    slices: BTreeMap<Str, Value>,
    /// In which slice each pod's endpoint stands.
    placed: BTreeMap<Str, Str>,
}

/// What a sync will write.
#[derive(Default)]
struct Plan {
    create: Vec<Value>,
    update: BTreeMap<Str, Value>,
    delete: Vec<Str>,
}

impl Default for EndpointSliceController {
    fn default() -> Self {
        Self::new()
    }
}

impl EndpointSliceController {
    #[must_use]
    pub fn new() -> Self {
        let mut base = Base::with_account("endpoint-slice-controller", "endpointslice-controller");
        base.queue = SyncQueue::with_backoff(ENDPOINT_SLICE_BACKOFF_MS, MAX_BACKOFF_MS);
        Self { base, selectors: SelectorIndex::default(), services: BTreeMap::new() }
    }

    fn on_service(&mut self, change: &Change, now: Time) {
        let (key, service) = (change.key(), &change.object);
        let handled = !change.is_deleted()
            && service["spec"]["type"] != "ExternalName"
            && !service["spec"]["selector"].is_zero();
        if handled {
            let selector = selector::of_labels(&service["spec"]["selector"]);
            self.selectors.set(&key, service.namespace(), selector);
            let tracked = self.services.entry(key.clone()).or_default();
            if tracked.families.is_empty()
                || change.previous.get("spec") != service.get("spec")
                || change.previous.labels() != service.labels()
            {
                tracked.stale = true;
                tracked.ports = None;
            }
            if change.previous.is_null() {
                tracked.trigger = service.created();
            }
        } else {
            self.selectors.remove(&key);
            self.services.remove(&key);
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

    /// A slice that someone else wrote or deleted makes its Service stale.
    fn on_slice(&mut self, change: &Change, now: Time) {
        let slice = &change.object;
        if slice.labels()[MANAGED_BY] != CONTROLLER {
            return;
        }
        let key = key_of(slice.namespace(), slice.labels()[SERVICE_NAME].text());
        let Some(t) = self.services.get_mut(&key) else { return };
        let family = t.families.get(&slice["addressType"].to_str());
        let known = family.and_then(|f| f.slices.get(slice.name())).map(Value::revision);
        let ours = match known {
            None => change.is_deleted(),
            Some(revision) => !change.is_deleted() && slice.revision() <= revision,
        };
        if !ours {
            t.stale = true;
            self.base.queue.add(key, change.revision, now);
        }
    }

    /// A node that appears, or changes its zone, changes the endpoints of its pods.
    fn on_node(&mut self, change: &Change, caches: &Caches, now: Time) {
        let zone = |n: &Value| n.labels()["topology.kubernetes.io/zone"].clone();
        if !change.previous.is_null()
            && zone(&change.previous) == zone(&change.object)
            && !change.is_deleted()
        {
            return;
        }
        for pod in caches.pods_on(&change.name) {
            for key in self.selectors.matching(pod.namespace(), pod.labels()) {
                self.base.visited += 1;
                if let Some(t) = self.services.get_mut(&key) {
                    t.dirty.insert(pod.key());
                }
                self.base.queue.add(key, change.revision, now);
            }
        }
    }

    /// Takes the slices from the cache and marks every pod that is or should be in one.
    fn read_anew(&mut self, key: &Str, service: &Value, caches: &Caches) {
        let Some(t) = self.services.get_mut(key) else { return };
        t.families = families(service).into_iter().map(|f| (f, Family::default())).collect();
        for slice in caches.of_resource(ENDPOINTSLICES).controlled_by(service.uid()) {
            if slice.labels()[MANAGED_BY] != CONTROLLER || slice.is_terminating() {
                continue;
            }
            let family = t.families.entry(slice["addressType"].to_str()).or_default();
            for e in slice["endpoints"].items() {
                self.base.visited += 1;
                let pod = key_of(service.namespace(), e["targetRef"]["name"].text());
                t.dirty.insert(pod.clone());
                family.placed.insert(pod, slice.name().into());
            }
            family.slices.insert(slice.name().into(), slice.clone());
        }
        let selector = selector::of_labels(&service["spec"]["selector"]);
        for pod in caches.pods_matching(service.namespace(), &selector) {
            self.base.visited += 1;
            t.dirty.insert(pod.key());
        }
        t.stale = false;
    }

    fn reconcile(
        &mut self,
        key: &Str,
        service: &Value,
        caches: &Caches,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        if self.services.get(key).is_none_or(|t| t.stale || t.families.is_empty()) {
            self.read_anew(key, service, caches);
        }
        let Some(t) = self.services.get_mut(key) else { return Ok(()) };
        let dirty = std::mem::take(&mut t.dirty);
        let trigger = t.trigger.take();
        if t.ports.is_none() && !has_named_ports(service) {
            t.ports = Some(slice_ports(service, &Value::Null));
        }
        let ports = t.ports.clone();
        let wanted = families(service);
        let mut missing = None;
        for name in t.families.keys().cloned().collect::<Vec<_>>() {
            let supported = wanted.contains(&name);
            let mut additions: BTreeMap<String, (Value, Vec<(Str, Value)>)> = BTreeMap::new();
            let mut changes: BTreeMap<Str, Vec<(Str, Option<Value>)>> = BTreeMap::new();
            let Some(t) = self.services.get_mut(key) else { return Ok(()) };
            let Some(family) = t.families.get_mut(&name) else { continue };
            for pod_key in &dirty {
                self.base.visited += 1;
                let pod = caches.pods().get(pod_key);
                let endpoint = match pod {
                    Some(pod) if supported => match endpoint_of(pod, service, &name, caches) {
                        Ok(e) => e,
                        Err(e) => {
                            missing = Some((pod_key.clone(), e));
                            None
                        }
                    },
                    _ => None,
                };
                let own_ports = match (&ports, pod) {
                    (Some(p), _) => p.clone(),
                    (None, Some(pod)) => slice_ports(service, pod),
                    (None, None) => Value::Null,
                };
                match (family.placed.get(pod_key).cloned(), endpoint) {
                    (None, None) => {}
                    (None, Some(e)) => {
                        let group =
                            additions.entry(format!("{own_ports:?}")).or_insert((own_ports, Vec::new()));
                        group.1.push((pod_key.clone(), e));
                    }
                    (Some(slice), None) => {
                        family.placed.remove(pod_key);
                        changes.entry(slice).or_default().push((pod_key.clone(), None));
                    }
                    (Some(slice), Some(e)) => {
                        if family.slices.get(&slice).is_some_and(|s| s["ports"] == own_ports) {
                            changes.entry(slice).or_default().push((pod_key.clone(), Some(e)));
                        } else {
                            changes.entry(slice).or_default().push((pod_key.clone(), None));
                            let group =
                                additions.entry(format!("{own_ports:?}")).or_insert((own_ports, Vec::new()));
                            group.1.push((pod_key.clone(), e));
                        }
                    }
                }
            }
            let plan = family.plan(service, &name, supported, changes, additions);
            write(family, service, plan, trigger, ctx)?;
        }
        if let Some(t) = self.services.get_mut(key) {
            t.families.retain(|f, _| wanted.contains(f));
        }
        match missing {
            None => Ok(()),
            Some((pod, e)) => {
                if let Some(t) = self.services.get_mut(key) {
                    t.dirty.insert(pod);
                }
                Err(e)
            }
        }
    }
}

/// The endpoint of a pod; `None` when it has no place among them.
fn endpoint_of(pod: &Value, service: &Value, family: &str, caches: &Caches) -> Result<Option<Value>, Status> {
    let selected = selector::of_labels(&service["spec"]["selector"]).matches(pod.labels());
    if !selected || !should_be_in_endpoints(pod, true) {
        return Ok(None);
    }
    let node_name = pod["spec"]["nodeName"].text();
    let publish = service["spec"]["publishNotReadyAddresses"].is_true();
    let node = caches.of_resource(NODES).get(node_name);
    if node.is_none() && !publish {
        return Err(internal(format!(
            "skipping Pod {} for Service {}/{}: Node {node_name} Not Found",
            pod.name(),
            service.namespace(),
            service.name()
        )));
    }
    let addresses = addresses(pod, family);
    if addresses.is_empty() {
        return Ok(None);
    }
    let (serving, terminating) = (pods::is_ready(pod), pod.is_terminating());
    let mut e = value!({
        "addresses": (addresses),
        "conditions": {"ready": (publish || (serving && !terminating)), "serving": (serving), "terminating": (terminating)},
        "targetRef": {"kind": "Pod", "namespace": (pod.meta().get("namespace")), "name": (pod.meta().get("name")),
            "uid": (pod.meta().get("uid"))},
    });
    if !node_name.is_empty() {
        e.set("nodeName", node_name);
    }
    if let Some(node) = node {
        let zone = &node.labels()["topology.kubernetes.io/zone"];
        if !zone.is_zero() {
            e.set("zone", zone);
        }
    }
    let hostname = hostname(pod, service);
    if !hostname.is_null() {
        e.set("hostname", hostname);
    }
    if let Some(hints) = hints(service, &e) {
        e.set("hints", hints);
    }
    Ok(Some(e))
}

/// For whom a ready endpoint is meant: its own zone, and its own node where that is preferred.
fn hints(service: &Value, endpoint: &Value) -> Option<Value> {
    let by_node = match service["spec"]["trafficDistribution"].text() {
        "PreferSameNode" => true,
        "PreferSameZone" | "PreferClose" => false,
        _ => return None,
    };
    let mut hints = Value::map();
    let own = |field: &str| value!([{"name": (endpoint[field].clone())}]);
    if !endpoint["zone"].is_zero() {
        hints.set("forZones", own("zone"));
    }
    if by_node && !endpoint["nodeName"].is_zero() {
        hints.set("forNodes", own("nodeName"));
    }
    (endpoint["conditions"]["ready"].is_true() && !hints.entries().is_empty()).then_some(hints)
}

fn families(service: &Value) -> Vec<Str> {
    let named: Vec<Str> = service["spec"]["ipFamilies"].items().iter().map(Value::to_str).collect();
    if named.is_empty() { vec!["IPv4".into()] } else { named }
}

/// The labels of a Service's slices: its own and the reserved ones.
fn slice_labels(service: &Value) -> Value {
    let reserved = |k: &str| k == MANAGED_BY || k == SERVICE_NAME || k == HEADLESS;
    let mut labels: Value = Value::Map(
        service
            .labels()
            .entries()
            .iter()
            .filter(|(k, _)| !reserved(k))
            .map(|(k, v)| (k.clone(), v))
            .collect(),
    );
    labels.set(SERVICE_NAME, service.name());
    labels.set(MANAGED_BY, CONTROLLER);
    if is_headless(service) {
        labels.set(HEADLESS, "");
    }
    labels
}

fn new_slice(service: &Value, family: &str, ports: &Value) -> Value {
    value!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {
            "generateName": (crate::pod_control::generate_name(service.name())),
            "namespace": (service.namespace()), "labels": (slice_labels(service)),
            "ownerReferences": [(controller_ref(service, SERVICES))],
        },
        "addressType": (family), "ports": (ports), "endpoints": [],
    })
}

impl Family {
    /// Puts changes into the slices they stand in and finds places for additions: first in slices that are written
    /// anyway, fullest first; then in the one slice they fill best; then in new ones.
    fn plan(
        &mut self,
        service: &Value,
        family: &str,
        supported: bool,
        changes: BTreeMap<Str, Vec<(Str, Option<Value>)>>,
        additions: BTreeMap<String, (Value, Vec<(Str, Value)>)>,
    ) -> Plan {
        let mut plan = Plan::default();
        for (name, changed) in changes {
            let Some(slice) = self.slices.get(&name) else { continue };
            let by_pod: BTreeMap<&str, &Option<Value>> =
                changed.iter().map(|(k, e)| (objects::meta::split_key(k).1, e)).collect();
            let before = slice["endpoints"].items();
            let mut endpoints: Vec<Value> = Vec::with_capacity(before.len());
            let mut differs = false;
            for old in before {
                match by_pod.get(old["targetRef"]["name"].text()) {
                    None => endpoints.push(old.clone()),
                    Some(None) => differs = true,
                    Some(Some(new)) => {
                        differs |= old != new;
                        endpoints.push(new.clone());
                    }
                }
            }
            if differs && endpoints.is_empty() {
                plan.delete.push(name);
            } else if differs {
                let mut slice = slice.clone();
                slice.set("endpoints", endpoints);
                plan.update.insert(name, slice);
            }
        }
        let labels = slice_labels(service);
        for (name, slice) in &self.slices {
            if slice.labels() != &labels && !plan.delete.contains(name) {
                let slice = plan.update.entry(name.clone()).or_insert_with(|| slice.clone());
                slice.set_at(&["metadata", "labels"], labels.clone());
            }
        }
        for (_, (ports, mut left)) in additions {
            left.reverse();
            let mut open: Vec<Str> = plan
                .update
                .iter()
                .filter(|(_, s)| s["ports"] == ports && s["endpoints"].items().len() < MAX_ENDPOINTS)
                .map(|(n, _)| n.clone())
                .collect();
            open.arrange_by_key(|n| Reverse(plan.update[n]["endpoints"].items().len()));
            for name in open {
                if let Some(slice) = plan.update.get_mut(&name) {
                    self.fill(slice, Some(&name), &mut left);
                }
            }
            while !left.is_empty() {
                let best =
                    if left.len() < MAX_ENDPOINTS { self.best_fit(&plan, &ports, left.len()) } else { None };
                match best {
                    Some(name) => {
                        let mut slice = self.slices[&name].clone();
                        self.fill(&mut slice, Some(&name), &mut left);
                        plan.update.insert(name, slice);
                    }
                    None => {
                        let mut slice = new_slice(service, family, &ports);
                        self.fill(&mut slice, None, &mut left);
                        plan.create.push(slice);
                    }
                }
            }
        }
        // Slices of ports no pod has any more, among them the placeholder, go once others stand in.
        let empty = |s: &Value| s["endpoints"].is_zero();
        for (name, slice) in &self.slices {
            if empty(slice) && !plan.update.contains_key(name) && !plan.delete.contains(name) {
                plan.delete.push(name.clone());
            }
        }
        if !supported {
            plan.delete = self.slices.keys().cloned().collect();
            return Plan { delete: plan.delete, ..Plan::default() };
        }
        if plan.delete.len() == self.slices.len() && plan.create.is_empty() {
            let placeholder = new_slice(service, family, &value!([]));
            match plan.delete.as_slice() {
                [only]
                    if empty(&self.slices[only])
                        && self.slices[only]["ports"].is_zero()
                        && self.slices[only].labels() == placeholder.labels() =>
                {
                    plan.delete.clear();
                }
                _ => plan.create.push(placeholder),
            }
        }
        // What would be deleted is written anew instead.
        while !plan.create.is_empty()
            && let Some(name) = plan.delete.pop()
            && let Some(mut slice) = plan.create.pop()
        {
            let mut next = self.slices[&name].clone();
            for field in ["ports", "endpoints"] {
                next.set(field, slice.remove(field).unwrap_or_default());
            }
            next.set_at(&["metadata", "labels"], slice.labels());
            plan.update.insert(name, next);
        }
        plan
    }

    /// The unchanged slice that these would fill most without being too many.
    fn best_fit(&self, plan: &Plan, ports: &Value, n: usize) -> Option<Str> {
        let unchanged = |name: &Str| !plan.update.contains_key(name) && !plan.delete.contains(name);
        self.slices
            .iter()
            .filter(|(name, s)| s["ports"] == *ports && !s["endpoints"].is_zero() && unchanged(name))
            .map(|(name, s)| (name, s["endpoints"].items().len()))
            .filter(|(_, len)| len + n <= MAX_ENDPOINTS)
            .max_by_key(|(name, len)| (*len, Reverse(*name)))
            .map(|(name, _)| name.clone())
    }

    fn fill(&mut self, slice: &mut Value, name: Option<&Str>, left: &mut Vec<(Str, Value)>) {
        let mut endpoints: Vec<Value> = slice["endpoints"].items().to_vec();
        while endpoints.len() < MAX_ENDPOINTS
            && let Some((pod, e)) = left.pop()
        {
            endpoints.push(e);
            if let Some(name) = name {
                self.placed.insert(pod, name.clone());
            }
        }
        slice.set("endpoints", endpoints);
    }

    /// Takes over a slice as the server stored it.
    fn keep(&mut self, slice: Value) {
        let name: Str = slice.name().into();
        for e in slice["endpoints"].items() {
            let pod = key_of(slice.namespace(), e["targetRef"]["name"].text());
            self.placed.insert(pod, name.clone());
        }
        self.slices.insert(name, slice);
    }
}

/// Carries a plan out.
fn write(
    family: &mut Family,
    service: &Value,
    plan: Plan,
    trigger: Option<Time>,
    ctx: &mut Ctx<'_>,
) -> Result<(), Status> {
    let stamp = |slice: &mut Value| match trigger {
        Some(t) => slice.set_at(&["metadata", "annotations", TRIGGER_TIME], t.rfc3339()),
        None => {
            slice.remove_at(&["metadata", "annotations", TRIGGER_TIME]);
        }
    };
    let (namespace, service_name) = (service.namespace(), service.name());
    if !service.is_terminating() {
        for mut slice in plan.create {
            stamp(&mut slice);
            match ctx.create(ENDPOINTSLICES, slice) {
                Ok(stored) => family.keep(stored),
                Err(e) if is_namespace_terminating(&e) => return Ok(()),
                Err(e) => {
                    return Err(internal(format!(
                        "failed to create EndpointSlice for Service {namespace}/{service_name}: {e}"
                    )));
                }
            }
        }
    }
    for (name, mut slice) in plan.update {
        stamp(&mut slice);
        let stored = ctx.update(ENDPOINTSLICES, slice).map_err(|e| {
            internal(format!(
                "failed to update {name} EndpointSlice for Service {namespace}/{service_name}: {e}"
            ))
        })?;
        family.keep(stored);
    }
    for name in plan.delete {
        match ctx.delete(ENDPOINTSLICES, namespace, &name, None, None, None) {
            Err(e) if e.reason != Reason::NotFound => {
                return Err(internal(format!(
                    "failed to delete {name} EndpointSlice for Service {namespace}/{service_name}: {e}"
                )));
            }
            _ => family.slices.remove(&name),
        };
    }
    Ok(())
}

impl Controller for EndpointSliceController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![SERVICES, PODS, ENDPOINTSLICES, NODES]
    }

    fn concerns(&self, _: &PodFacts<'_>) -> bool {
        !self.selectors.is_empty()
    }

    fn on_change(&mut self, change: &Change, caches: &Caches, now: Time) {
        if change.resource == PODS.id {
            self.on_pod(change, now);
        } else if change.resource == SERVICES.id {
            self.on_service(change, now);
        } else if change.resource == ENDPOINTSLICES.id {
            self.on_slice(change, now);
        } else {
            self.on_node(change, caches, now);
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        let key: Str = key.into();
        let Some(service) = caches.of_resource(SERVICES).get(&key) else { return Ok(()) };
        if !self.services.contains_key(&key) {
            return Ok(());
        }
        let Err(e) = self.reconcile(&key, service, caches, ctx) else { return Ok(()) };
        // What failed half-way is read from the server's echoes again.
        if let Some(t) = self.services.get_mut(&key) {
            t.stale = true;
        }
        let message = format!("Error updating Endpoint Slices for Service {key}: {e}");
        self.base.warning(ctx, service, "FailedToUpdateEndpointSlices", &message);
        if self.base.queue.failures(&key) >= MAX_RETRIES {
            return Ok(());
        }
        Err(e)
    }
}
