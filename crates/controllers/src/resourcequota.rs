//! The resource quota controller: what a namespace uses of what its ResourceQuotas allow.
//!
//! Owns: `status.used`, kept from each change of what a quota counts; a new or changed quota lists it once.
//! Does not own: refusing what would be too much (apiserver).
//! Models `pkg/controller/resourcequota` and the evaluators of `pkg/quota/v1`.
//! Not modelled: device classes, the full resync every five minutes.

use ordered::BTreeMap;

use client::{Change, Ctx, Request, Verb};
use clock::Time;
use objects::quantity::{Format, Quantity};
use objects::resources::{self, PERSISTENTVOLUMECLAIMS, PODS, RESOURCEQUOTAS, Resource, SERVICES};
use objects::{Status, Str, Value};

use crate::caches::Caches;
use crate::controller::{Base, Controller, has_base};
use crate::pod_facts::PodFacts;
use crate::pods;

#[derive(Clone, Debug)]
pub struct ResourceQuotaController {
    pub base: Base,
    /// The quotas of each namespace.
    quotas: BTreeMap<Str, BTreeMap<Str, Usage>>,
}

/// What one quota counts.
#[derive(Clone, Debug, Default)]
struct Usage {
    spec: Value,
    /// True until the namespace was listed.
    stale: bool,
    counted: BTreeMap<(Str, Str), Vec<(Str, Quantity)>>,
    used: BTreeMap<Str, Quantity>,
}

impl Default for ResourceQuotaController {
    fn default() -> Self {
        Self::new()
    }
}

impl Usage {
    /// Counts an object in place of what it counted before; null takes it out. True when the sums changed.
    fn put(&mut self, resource: &Str, key: &Str, object: &Value) -> bool {
        let new = if object.is_null() { Vec::new() } else { usage_of(&self.spec, resource, object) };
        let at = (resource.clone(), key.clone());
        let old = self.counted.remove(&at).unwrap_or_default();
        if old == new {
            if !new.is_empty() {
                self.counted.insert(at, new);
            }
            return false;
        }
        for (name, q) in &old {
            if let Some(sum) = self.used.get_mut(name) {
                sum.sub(q);
            }
        }
        for (name, q) in &new {
            self.used.entry(name.clone()).or_insert_with(Quantity::zero).add(q);
        }
        if !new.is_empty() {
            self.counted.insert(at, new);
        }
        true
    }
}

fn one() -> Quantity {
    Quantity::from_units(1, Format::Decimal)
}

/// What `object` uses of what the quota limits.
fn usage_of(spec: &Value, resource: &Str, object: &Value) -> Vec<(Str, Quantity)> {
    let mut found: Vec<(Str, Quantity)> = Vec::new();
    let mut add = |name: &str, q: Quantity| {
        if spec["hard"].find(name).is_some() {
            found.push((name.into(), q));
        }
    };
    let is_pod = *resource == PODS.id;
    if !in_scope(spec, is_pod, object) {
        return found;
    }
    add(&format!("count/{resource}"), one());
    match resource.as_str() {
        "pods" if pods::is_terminal(object) => {}
        "pods" => {
            add("pods", one());
            for (name, q) in pod_resources(object, "requests") {
                add(&name, q.clone());
                add(&format!("requests.{name}"), q);
            }
            for (name, q) in pod_resources(object, "limits") {
                add(&format!("limits.{name}"), q);
            }
        }
        "services" => {
            add("services", one());
            let s = &object["spec"];
            let ports = s["ports"].items().len() as i64;
            let balanced = s["type"] == "LoadBalancer";
            let numbered = balanced && s["allocateLoadBalancerNodePorts"] != Value::Bool(false);
            if s["type"] == "NodePort" || numbered {
                add("services.nodeports", Quantity::from_units(ports, Format::Decimal));
            }
            if balanced {
                add("services.loadbalancers", one());
            }
        }
        "persistentvolumeclaims" => {
            add("persistentvolumeclaims", one());
            let storage = Quantity::of(&object["spec"]["resources"]["requests"]["storage"]);
            add("requests.storage", storage.clone());
            let class = object["spec"]["storageClassName"].text();
            if !class.is_empty() {
                add(&format!("{class}.storageclass.storage.k8s.io/requests.storage"), storage);
                add(&format!("{class}.storageclass.storage.k8s.io/persistentvolumeclaims"), one());
            }
        }
        "replicationcontrollers" | "resourcequotas" | "secrets" | "configmaps" => add(resource, one()),
        _ => {}
    }
    found
}

fn in_scope(spec: &Value, is_pod: bool, object: &Value) -> bool {
    let named = spec["scopes"].items().iter().map(|s| (s.text(), "Exists", &Value::Null));
    let selected = spec["scopeSelector"]["matchExpressions"].items().iter();
    let selected = selected.map(|e| (e["scopeName"].text(), e["operator"].text(), &e["values"]));
    named.chain(selected).all(|(scope, operator, values)| {
        is_pod
            && match scope {
                "Terminating" => has_deadline(object),
                "NotTerminating" => !has_deadline(object),
                "BestEffort" => is_best_effort(object),
                "NotBestEffort" => !is_best_effort(object),
                "PriorityClass" => {
                    let class = &object["spec"]["priorityClassName"];
                    match operator {
                        "In" => values.items().contains(class),
                        "NotIn" => !values.items().contains(class),
                        "DoesNotExist" => class.is_zero(),
                        _ => !class.is_zero(),
                    }
                }
                "CrossNamespacePodAffinity" => crosses_namespaces(object),
                _ => false,
            }
    })
}

fn has_deadline(pod: &Value) -> bool {
    pod["spec"]["activeDeadlineSeconds"].as_int().is_some_and(|n| n >= 0)
}

fn is_best_effort(pod: &Value) -> bool {
    let spec = &pod["spec"];
    let all = spec["containers"].items().iter().chain(spec["initContainers"].items());
    let asks = |r: &Value| {
        ["requests", "limits"].iter().any(|l| {
            ["cpu", "memory"].iter().any(|n| r[*l].find(n).is_some_and(|q| !Quantity::of(q).is_zero()))
        })
    };
    !asks(&spec["resources"]) && !all.map(|c| &c["resources"]).any(asks)
}

fn crosses_namespaces(pod: &Value) -> bool {
    let crosses = |t: &Value| !t["namespaces"].is_zero() || !t["namespaceSelector"].is_null();
    ["podAffinity", "podAntiAffinity"].iter().any(|kind| {
        let a = &pod["spec"]["affinity"][*kind];
        a["requiredDuringSchedulingIgnoredDuringExecution"].items().iter().any(crosses)
            || a["preferredDuringSchedulingIgnoredDuringExecution"]
                .items()
                .iter()
                .any(|w| crosses(&w["podAffinityTerm"]))
    })
}

/// The requests or limits of a pod: its containers together, or an init container if that asks for more.
fn pod_resources(pod: &Value, list: &str) -> BTreeMap<Str, Quantity> {
    let spec = &pod["spec"];
    let read = |r: &Value| -> BTreeMap<Str, Quantity> {
        r[list].entries().iter().map(|(k, v)| (k.clone(), Quantity::of(v))).collect()
    };
    let add = |into: &mut BTreeMap<Str, Quantity>, from: &BTreeMap<Str, Quantity>| {
        for (name, q) in from {
            into.entry(name.clone()).or_insert_with(Quantity::zero).add(q);
        }
    };
    let mut sum = BTreeMap::new();
    for c in spec["containers"].items() {
        add(&mut sum, &read(&c["resources"]));
    }
    let (mut sidecars, mut peak) = (BTreeMap::new(), BTreeMap::<Str, Quantity>::new());
    for c in spec["initContainers"].items() {
        let mut own = read(&c["resources"]);
        if c["restartPolicy"] == "Always" {
            add(&mut sum, &own);
            add(&mut sidecars, &own);
            own = sidecars.clone();
        } else {
            add(&mut own, &sidecars);
        }
        for (name, q) in own {
            if peak.get(&name).is_none_or(|p| p.as_float() < q.as_float()) {
                peak.insert(name, q);
            }
        }
    }
    for (name, q) in peak {
        if sum.get(&name).is_none_or(|s| s.as_float() < q.as_float()) {
            sum.insert(name, q);
        }
    }
    for (name, q) in read(&spec["resources"]) {
        sum.insert(name, q);
    }
    for (name, v) in spec["overhead"].entries() {
        if list == "requests" || sum.contains_key(name) {
            sum.entry(name.clone()).or_insert_with(Quantity::zero).add(&Quantity::of(v));
        }
    }
    sum
}

impl ResourceQuotaController {
    #[must_use]
    pub fn new() -> Self {
        Self {
            base: Base::with_account("resourcequota-controller", "resourcequota-controller"),
            quotas: BTreeMap::new(),
        }
    }

    fn on_quota(&mut self, change: &Change, now: Time) {
        let quota = &change.object;
        if change.is_deleted() {
            if let Some(all) = self.quotas.get_mut(&change.namespace) {
                all.remove(&change.name);
                if all.is_empty() {
                    self.quotas.remove(&change.namespace);
                }
            }
            return;
        }
        let usage =
            self.quotas.entry(change.namespace.clone()).or_default().entry(change.name.clone()).or_default();
        if usage.spec != *quota.get("spec") {
            *usage = Usage { spec: quota.get("spec").clone(), stale: true, ..Usage::default() };
            self.base.queue.add(change.key(), change.revision, now);
        }
    }

    /// Counts what the namespace holds now.
    fn list(&mut self, namespace: &str, name: &str, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let Some(usage) = self.quotas.get_mut(namespace).and_then(|all| all.get_mut(name)) else {
            return Ok(());
        };
        if !usage.stale {
            return Ok(());
        }
        for r in resources::all().iter().filter(|r| r.namespaced && r.allows("list")) {
            if !counts(&usage.spec, r) {
                continue;
            }
            let list = Request::new(Verb::List, &r.group, &r.version, &r.plural).in_namespace(namespace);
            let items = ctx.call(list)?.object["items"].clone();
            for o in items.items() {
                self.base.visited += 1;
                usage.put(&r.id, &o.key(), o);
            }
        }
        usage.stale = false;
        Ok(())
    }
}

/// True when the quota limits something of this resource.
fn counts(spec: &Value, r: &Resource) -> bool {
    let limited = |name: &str| spec["hard"].find(name).is_some();
    let any = |f: &dyn Fn(&str) -> bool| spec["hard"].entries().iter().any(|(k, _)| f(k));
    limited(&format!("count/{}", r.id))
        || match r.id.as_str() {
            "pods" => any(&|k| {
                matches!(k, "pods" | "cpu" | "memory" | "ephemeral-storage")
                    || k.starts_with("hugepages-")
                    || k.starts_with("limits.")
                    || (k.starts_with("requests.") && k != "requests.storage")
            }),
            "services" => any(&|k| k == "services" || k.starts_with("services.")),
            "persistentvolumeclaims" => any(&|k| {
                k == "persistentvolumeclaims"
                    || k == "requests.storage"
                    || k.contains(".storageclass.storage.k8s.io/")
            }),
            id => limited(id),
        }
}

impl Controller for ResourceQuotaController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![RESOURCEQUOTAS, PODS, SERVICES, PERSISTENTVOLUMECLAIMS]
    }

    fn watches_everything(&self) -> bool {
        true
    }

    fn concerns(&self, _: &PodFacts<'_>) -> bool {
        !self.quotas.is_empty()
    }

    fn on_change(&mut self, change: &Change, _: &Caches, now: Time) {
        if change.resource == RESOURCEQUOTAS.id {
            self.on_quota(change, now);
        }
        let Some(all) = self.quotas.get_mut(&change.namespace) else { return };
        let object = if change.is_deleted() { &Value::Null } else { &change.object };
        let key = change.key();
        for (name, usage) in all.iter_mut().filter(|(_, u)| !u.stale) {
            self.base.visited += 1;
            if usage.put(&change.resource, &key, object) {
                let quota = crate::caches::key_of(&change.namespace, name);
                self.base.queue.add(quota, change.revision, now);
            }
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        let Some(quota) = caches.of_resource(RESOURCEQUOTAS).get(key) else { return Ok(()) };
        let (namespace, name) = objects::meta::split_key(key);
        self.list(namespace, name, ctx)?;
        let Some(usage) = self.quotas.get(namespace).and_then(|all| all.get(name)) else { return Ok(()) };
        let hard = quota["spec"]["hard"].clone();
        let mut used = Value::map();
        for (resource, _) in hard.entries() {
            let q = usage.used.get(resource).cloned().unwrap_or_else(Quantity::zero);
            used.set(resource.clone(), q.canonical());
        }
        let mut status = quota.get("status").clone();
        let same = status["hard"] == hard && same_quantities(&status["used"], &used);
        if same {
            return Ok(());
        }
        status.set("hard", hard);
        status.set("used", used);
        let mut next = quota.clone();
        next.set("status", status);
        ctx.update_status(RESOURCEQUOTAS, next).map(|_| ())
    }
}

/// Equal as amounts, however they are written.
fn same_quantities(a: &Value, b: &Value) -> bool {
    a.entries().len() == b.entries().len()
        && b.entries().iter().all(|(k, v)| a.find(k).is_some_and(|x| Quantity::of(x).canonical() == v.text()))
}
