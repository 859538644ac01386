//! A small world for controllers: an API server that only stores, and a kubelet that only says "ready".
//!
//! It keeps the rules controllers rely on: uids, revisions, conflicts, generations, finalizers, graceful deletion of
//! bound pods, status apart from spec, and echoes one watch latency after a write.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use client::component::WATCH_LATENCY;
use client::{
    Api, Body, Caller, Change, ChangeKind, Component, Ctx, PatchType, Propagation, Request, Response, Verb,
};
use clock::{Rng, Time, Timers};
use controllers::ControllerManager;
use objects::resources::{self, DEPLOYMENTS, EVENTS, LEASES, NAMESPACES, NODES, PODS, Resource};
use objects::{Reason, Status, Str, Value, value};

/// What the server keeps.
#[derive(Clone, Default)]
pub struct Server {
    pub now: Time,
    pub objects: BTreeMap<Str, BTreeMap<Str, Value>>,
    pub revision: u64,
    pub log: VecDeque<Change>,
    names: u64,
    /// Creates of this resource are refused with this message.
    pub refuse: BTreeMap<Str, String>,
    pub writes: u64,
    /// What all ready pods together use of CPU, in thousandths; `None` when nobody measures.
    pub load: Option<i64>,
}

impl Server {
    pub fn get(&self, r: &Resource, key: &str) -> Option<&Value> {
        self.objects.get(&r.id)?.get(key)
    }

    pub fn all(&self, r: &Resource) -> impl Iterator<Item = &Value> {
        self.objects.get(&r.id).into_iter().flat_map(BTreeMap::values)
    }

    fn write(&mut self, r: &Resource, kind: ChangeKind, mut object: Value, caller: &Caller) -> Value {
        let key = object.key();
        self.revision += 1;
        self.writes += 1;
        object.set_at(&["metadata", "resourceVersion"], self.revision.to_string());
        let shelf = self.objects.entry(r.id.clone()).or_default();
        let previous =
            if kind == ChangeKind::Deleted { shelf.remove(&key) } else { shelf.insert(key, object.clone()) };
        self.log.push_back(Change {
            revision: self.revision,
            at: self.now,
            kind,
            previous: previous.unwrap_or_default(),
            actor: caller.actor.clone(),
            cause: caller.cause,
            ..Change::added(&r.id, object.clone())
        });
        object
    }

    fn create(
        &mut self,
        r: &Resource,
        mut o: Value,
        namespace: &str,
        caller: &Caller,
    ) -> Result<Value, Status> {
        if let Some(why) = self.refuse.get(&r.id) {
            return Err(Status::forbidden(&r.group, &r.plural, o.name(), why));
        }
        if o.name().is_empty() {
            self.names += 1;
            let name = format!("{}{:05}", o.meta()["generateName"].text(), self.names);
            o.set_at(&["metadata", "name"], name);
        }
        if r.namespaced {
            o.set_at(&["metadata", "namespace"], namespace);
            if let Some(ns) = self.get(NAMESPACES, namespace)
                && ns.is_terminating()
            {
                let why = format!(
                    "unable to create new content in namespace {namespace} because it is being terminated"
                );
                return Err(Status::forbidden(&r.group, &r.plural, o.name(), &why));
            }
        }
        if self.get(r, &o.key()).is_some() {
            return Err(Status::already_exists(&r.group, &r.plural, o.name()));
        }
        self.names += 1;
        o.set("apiVersion", r.api_version());
        o.set("kind", &r.kind);
        o.set_at(&["metadata", "uid"], format!("uid-{:06}", self.names));
        o.set_at(&["metadata", "creationTimestamp"], self.now.rfc3339());
        o.set_at(&["metadata", "generation"], 1);
        if r == PODS {
            o.set_at(&["status", "phase"], "Pending");
        }
        if r == NAMESPACES {
            o.set_at(&["status", "phase"], "Active");
            o.set_at(&["spec", "finalizers"], value!(["kubernetes"]));
        }
        Ok(self.write(r, ChangeKind::Added, o, caller))
    }

    fn replace(
        &mut self,
        r: &Resource,
        mut new: Value,
        part: &str,
        caller: &Caller,
    ) -> Result<Value, Status> {
        let key = new.key();
        let Some(old) = self.get(r, &key).cloned() else {
            return Err(Status::not_found(&r.group, &r.plural, new.name()));
        };
        let version = &new.meta()["resourceVersion"];
        if !version.is_null() && version != &old.meta()["resourceVersion"] {
            let why =
                "the object has been modified; please apply your changes to the latest version and try again";
            return Err(Status::conflict(&r.group, &r.plural, new.name(), why));
        }
        if part == "status" {
            let status = new.get("status").clone();
            let annotations = new.annotations().clone();
            new = old.clone();
            new.set("status", status);
            if r == DEPLOYMENTS {
                new.set_at(&["metadata", "annotations"], annotations);
            }
        } else if part == "finalize" {
            let finalizers = new["spec"]["finalizers"].clone();
            new = old.clone();
            new.set_at(&["spec", "finalizers"], finalizers);
        } else {
            if !old.get("status").is_null() {
                new.set("status", old.get("status"));
            }
            let changed = old.get("spec") != new.get("spec");
            new.set_at(&["metadata", "generation"], old.generation() + i64::from(changed));
        }
        for field in ["uid", "creationTimestamp", "deletionTimestamp"] {
            if let Some(v) = old.meta().find(field) {
                new.set_at(&["metadata", field], v);
            }
        }
        let mut plain = new.clone();
        plain.set_at(&["metadata", "resourceVersion"], &old.meta()["resourceVersion"]);
        if plain == old {
            return Ok(old);
        }
        if new.is_terminating() && !self.is_held(r, &new) {
            return Ok(self.write(r, ChangeKind::Deleted, new, caller));
        }
        Ok(self.write(r, ChangeKind::Modified, new, caller))
    }

    /// `metrics.k8s.io`: the load spread over the ready pods.
    fn metrics(&self, q: &Request) -> Result<Value, Status> {
        let nobody = || Status::new(Reason::NotFound, "the server could not find the requested resource");
        let load = self.load.filter(|_| q.group == "metrics.k8s.io").ok_or_else(nobody)?;
        let selector =
            objects::selector::LabelSelector::parse(&q.options.label_selector).expect("well formed");
        let ready = || self.all(PODS).filter(|p| p.condition_true("Ready") && selector.matches(p.labels()));
        let each = format!("{}m", load / ready().count().max(1) as i64);
        let of = |p: &Value| {
            value!({"metadata": {"name": (p.name())}, "timestamp": (self.now.rfc3339()), "window": "15s",
                "containers": [{"name": "c", "usage": {"cpu": (&each), "memory": "16Mi"}}]})
        };
        Ok(value!({"items": (ready().map(of).collect::<Value>())}))
    }

    fn scale(&mut self, r: &Resource, key: &str, q: &Request, caller: &Caller) -> Result<Value, Status> {
        let missing = || Status::not_found(&r.group, &r.plural, &q.name);
        let mut o = self.get(r, key).cloned().ok_or_else(missing)?;
        if let (Verb::Update, Body::Object(scale)) = (q.verb, &q.body) {
            o.set_at(&["spec", "replicas"], &scale["spec"]["replicas"]);
            o = self.replace(r, o, "", caller)?;
        }
        let selector = objects::selector::format_label_selector(&o["spec"]["selector"]);
        Ok(value!({"kind": "Scale", "metadata": {"name": (&q.name), "namespace": (&q.namespace)},
            "spec": {"replicas": (&o["spec"]["replicas"])},
            "status": {"replicas": (o["status"]["replicas"].int()), "selector": (selector)}}))
    }

    fn is_held(&self, r: &Resource, o: &Value) -> bool {
        !o.meta()["finalizers"].is_zero()
            || (r == NAMESPACES && !o["spec"]["finalizers"].is_zero())
            || (r == PODS && o.meta()["deletionGracePeriodSeconds"].int() > 0)
    }

    fn delete(&mut self, r: &Resource, key: &str, q: &Request, caller: &Caller) -> Result<Value, Status> {
        let Some(mut o) = self.get(r, key).cloned() else {
            return Err(Status::not_found(&r.group, &r.plural, &q.name));
        };
        if let Some(uid) = &q.options.precondition_uid
            && o.uid() != uid
        {
            return Err(Status::conflict(&r.group, &r.plural, &q.name, "uid mismatch"));
        }
        let mut finalizers: Vec<Value> = o.meta()["finalizers"].items().to_vec();
        match q.options.propagation {
            Some(Propagation::Foreground) => finalizers.push("foregroundDeletion".into()),
            Some(Propagation::Orphan) => finalizers.push("orphan".into()),
            _ => {}
        }
        finalizers.dedup();
        if !finalizers.is_empty() {
            o.set_at(&["metadata", "finalizers"], finalizers);
        }
        let bound = r == PODS && !o["spec"]["nodeName"].is_null();
        let over = matches!(o["status"]["phase"].text(), "Succeeded" | "Failed");
        let grace = if bound && !over { q.options.grace_period_seconds.unwrap_or(30) } else { 0 };
        let first = !o.is_terminating();
        if first {
            o.set_at(&["metadata", "deletionTimestamp"], (self.now + grace * 1000).rfc3339());
            o.set_at(&["metadata", "generation"], o.generation() + 1);
        }
        if first || grace == 0 {
            o.set_at(&["metadata", "deletionGracePeriodSeconds"], grace);
        }
        if r == NAMESPACES {
            o.set_at(&["status", "phase"], "Terminating");
        }
        if self.is_held(r, &o) {
            return Ok(if first { self.write(r, ChangeKind::Modified, o, caller) } else { o });
        }
        Ok(self.write(r, ChangeKind::Deleted, o, caller))
    }
}

/// RFC 7386, with the one strategic list that controllers patch: owner references by uid.
fn merge(into: &mut Value, patch: &Value, strategic: bool) {
    for (k, v) in patch.entries() {
        if v.is_null() {
            into.remove(k);
        } else if let Some(field) = k.strip_prefix("$deleteFromPrimitiveList/") {
            let left: Vec<Value> =
                into[field].items().iter().filter(|x| !v.items().contains(x)).cloned().collect();
            if left.is_empty() {
                into.remove(field);
            } else {
                into.set(field, left);
            }
        } else if strategic && k == "ownerReferences" {
            let mut all: Vec<Value> = into[k.as_str()].items().to_vec();
            for r in v.items() {
                all.retain(|x| x["uid"] != r["uid"]);
                if r["$patch"] != "delete" {
                    all.push(r.clone());
                }
            }
            if all.is_empty() {
                into.remove(k);
            } else {
                into.set(k.clone(), all);
            }
        } else if matches!(v, Value::Map(_)) {
            let mut inner = into.get(k).clone();
            merge(&mut inner, v, strategic);
            into.set(k.clone(), inner);
        } else {
            into.set(k.clone(), v);
        }
    }
}

impl Api for Server {
    fn call(&mut self, caller: &Caller, q: Request) -> Result<Response, Status> {
        if q.group.ends_with("metrics.k8s.io") {
            return self.metrics(&q).map(|object| Response { object, ..Response::default() });
        }
        let r = resources::by_plural(&q.group, &q.version, &q.resource)
            .ok_or_else(|| Status::new(Reason::NotFound, "no such resource"))?;
        let key = if q.namespace.is_empty() {
            q.name.clone()
        } else {
            Str::from(format!("{}/{}", q.namespace, q.name))
        };
        let body = || match &q.body {
            Body::Object(v) => v.clone(),
            _ => Value::Null,
        };
        let object = match q.verb {
            Verb::Get | Verb::Update if q.subresource == "scale" => self.scale(r, &key, &q, caller)?,
            Verb::Get => {
                self.get(r, &key).cloned().ok_or_else(|| Status::not_found(&r.group, &r.plural, &q.name))?
            }
            Verb::List => {
                let all =
                    self.all(r).filter(|o| q.namespace.is_empty() || o.namespace() == q.namespace.as_str());
                value!({"items": (all.cloned().collect::<Value>())})
            }
            Verb::Create if q.subresource == "eviction" => self.delete(r, &key, &q, caller)?,
            Verb::Create => self.create(r, body(), &q.namespace, caller)?,
            Verb::Update => self.replace(r, body(), &q.subresource, caller)?,
            Verb::Patch => {
                let Some(mut o) = self.get(r, &key).cloned() else {
                    return Err(Status::not_found(&r.group, &r.plural, &q.name));
                };
                let patch = body();
                let uid = &patch["metadata"]["uid"];
                if !uid.is_null() && uid.text() != o.uid() {
                    return Err(Status::conflict(&r.group, &r.plural, &q.name, "uid mismatch"));
                }
                merge(&mut o, &patch, q.patch_type == Some(PatchType::Strategic));
                o.set_at(&["metadata", "resourceVersion"], Value::Null);
                self.replace(r, o, &q.subresource, caller)?
            }
            Verb::Delete => self.delete(r, &key, &q, caller)?,
            Verb::DeleteCollection => {
                let names: Vec<Str> = self
                    .all(r)
                    .filter(|o| o.namespace() == q.namespace.as_str())
                    .map(|o| o.name().into())
                    .collect();
                for name in names {
                    let mut one = q.clone();
                    one.name = name.clone();
                    let key = format!("{}/{name}", q.namespace);
                    self.delete(r, &key, &one, caller)?;
                }
                Value::map()
            }
            Verb::Watch => return Err(Status::new(Reason::MethodNotAllowed, "no watches here")),
        };
        Ok(Response { object, ..Response::default() })
    }
}

/// What the stand-in for scheduler and kubelet has yet to do.
#[derive(Clone, Debug)]
enum Duty {
    Bind(Str),
    Ready(Str, bool),
    Finish(Str, Str),
    Remove(Str),
    /// The nodes that are not silent renew their leases.
    Heartbeat,
}

/// How pods behave. Spans in milliseconds.
#[derive(Clone)]
pub struct Habits {
    pub bind_ms: i64,
    pub ready_ms: i64,
    pub stop_ms: i64,
    pub nodes: Vec<&'static str>,
    /// Nodes that show no sign of life.
    pub silent: BTreeSet<&'static str>,
    /// Images whose pods never become ready.
    pub broken: BTreeSet<&'static str>,
    /// Pods that run to an end: how long they take, and their last phase.
    pub finish: Option<(i64, &'static str)>,
}

impl Default for Habits {
    fn default() -> Self {
        let nodes = vec!["node-1", "node-2", "node-3"];
        Self {
            bind_ms: 5,
            ready_ms: 500,
            stop_ms: 1000,
            nodes,
            silent: BTreeSet::new(),
            broken: BTreeSet::new(),
            finish: None,
        }
    }
}

#[derive(Clone)]
pub struct World {
    pub server: Server,
    pub manager: ControllerManager,
    pub habits: Habits,
    pub rng: Rng,
    duties: Timers<Duty>,
    bound: usize,
    /// How many units of work the manager did.
    pub wakes: u64,
    /// Called after each event: a checker that runs beside the world.
    pub checks: Vec<fn(&World)>,
}

fn you() -> Caller {
    Caller { user: "kubernetes-admin".into(), actor: "you".into(), ..Caller::default() }
}

impl World {
    pub fn new(seed: u64) -> Self {
        let now = Time::EPOCH;
        let server = Server { now, ..Server::default() };
        let mut world = Self {
            server,
            manager: ControllerManager::new(now),
            habits: Habits::default(),
            rng: Rng::new(seed),
            duties: Timers::default(),
            bound: 0,
            wakes: 0,
            checks: Vec::new(),
        };
        for name in ["default", "kube-system"] {
            world.create(NAMESPACES, value!({"metadata": {"name": (name)}}));
        }
        for name in world.habits.nodes.clone() {
            world.create(NODES, node(name));
            let lease = value!({"metadata": {"name": (name), "namespace": "kube-node-lease"}, "spec": {"holderIdentity": (name)}});
            world.create(LEASES, lease);
        }
        world.duties.set(now + 10_000, Duty::Heartbeat);
        world
    }

    pub fn now(&self) -> Time {
        self.server.now
    }

    pub fn get(&self, r: &Resource, key: &str) -> &Value {
        static NULL: Value = Value::Null;
        self.server.get(r, key).unwrap_or(&NULL)
    }

    pub fn all(&self, r: &Resource) -> Vec<&Value> {
        self.server.all(r).collect()
    }

    pub fn create(&mut self, r: &Resource, o: Value) -> Value {
        let namespace = match o.namespace() {
            "" => "default".to_owned(),
            ns => ns.to_owned(),
        };
        self.server.create(r, o, &namespace, &you()).expect("created")
    }

    pub fn edit(&mut self, r: &Resource, key: &str, f: impl FnOnce(&mut Value)) {
        let mut o = self.get(r, key).clone();
        f(&mut o);
        o.set_at(&["metadata", "resourceVersion"], Value::Null);
        self.server.replace(r, o, "", &you()).expect("edited");
    }

    pub fn edit_status(&mut self, r: &Resource, key: &str, f: impl FnOnce(&mut Value)) {
        let mut o = self.get(r, key).clone();
        f(&mut o);
        o.set_at(&["metadata", "resourceVersion"], Value::Null);
        self.server.replace(r, o, "status", &you()).expect("edited");
    }

    pub fn delete(&mut self, r: &Resource, key: &str, propagation: Option<Propagation>) {
        let (namespace, name) = objects::meta::split_key(key);
        let mut q =
            Request::new(Verb::Delete, &r.group, &r.version, &r.plural).in_namespace(namespace).named(name);
        q.options.propagation = propagation;
        self.server.delete(r, key, &q, &you()).expect("deleted");
    }

    pub fn set_phase(&mut self, key: &str, phase: &str) {
        self.edit_status(PODS, key, |p| p.set_at(&["status", "phase"], phase));
    }

    /// The messages of events with this reason, oldest first.
    pub fn events(&self, reason: &str) -> Vec<String> {
        let mut all: Vec<&Value> = self.server.all(EVENTS).filter(|e| e["reason"] == reason).collect();
        all.sort_by_key(|e| e.uid().to_owned());
        all.iter().map(|e| e["message"].text().to_owned()).collect()
    }

    fn deliver(&mut self, change: &Change) {
        let now = self.now();
        self.manager.deliver(change, now);
        if change.resource == PODS.id && !change.is_deleted() {
            let (pod, key) = (&change.object, change.key());
            if change.kind == ChangeKind::Added && pod["spec"]["nodeName"].is_null() {
                self.duties.set(now + self.habits.bind_ms, Duty::Bind(key));
            } else if pod.is_terminating() && !change.previous.is_terminating() {
                self.duties.set(now + self.habits.stop_ms, Duty::Remove(key));
            } else if change.previous["spec"]["nodeName"].is_null() && !pod["spec"]["nodeName"].is_null() {
                let image = pod["spec"]["containers"][0]["image"].text();
                let works = !self.habits.broken.contains(image);
                if let Some((ms, phase)) = self.habits.finish {
                    self.duties.set(now + ms, Duty::Finish(key, phase.into()));
                } else {
                    self.duties.set(now + self.habits.ready_ms, Duty::Ready(key, works));
                }
            }
        }
    }

    fn perform(&mut self, duty: Duty) {
        let nodes = self.habits.nodes.clone();
        let now = self.now();
        match duty {
            Duty::Heartbeat => {
                let leases: Vec<Value> = self.server.all(LEASES).cloned().collect();
                let silent = self.habits.silent.clone();
                for l in leases.iter().filter(|l| !silent.contains(l.name())) {
                    let at = now.rfc3339_micro();
                    self.edit(LEASES, &l.key(), |l| l.set_at(&["spec", "renewTime"], at.as_str()));
                }
                self.duties.set(now + 10_000, Duty::Heartbeat);
            }
            Duty::Bind(key) if !nodes.is_empty() && self.server.get(PODS, &key).is_some() => {
                let node = nodes[self.bound % nodes.len()];
                self.bound += 1;
                self.edit(PODS, &key, |p| {
                    let terms = &p["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
                    let asked = terms["nodeSelectorTerms"][0]["matchFields"][0]["values"][0].clone();
                    p.set_at(&["spec", "nodeName"], if asked.is_null() { node.into() } else { asked });
                });
            }
            Duty::Ready(key, works) if self.server.get(PODS, &key).is_some_and(|p| !p.is_terminating()) => {
                let state = if works { "True" } else { "False" };
                let ip = format!("10.244.0.{}", self.bound);
                self.edit_status(PODS, &key, |p| {
                    p.set_at(&["status", "phase"], "Running");
                    p.set_at(&["status", "podIP"], ip.as_str());
                    p.set_at(&["status", "podIPs"], value!([{"ip": (ip)}]));
                    let at = now.rfc3339();
                    if p["status"]["startTime"].is_null() {
                        p.set_at(&["status", "startTime"], at.as_str());
                    }
                    let ready = value!([{"type": "Ready", "status": (state), "lastTransitionTime": (at)}]);
                    p.set_at(&["status", "conditions"], ready);
                });
            }
            Duty::Finish(key, phase)
                if self.server.get(PODS, &key).is_some_and(|p| {
                    !p.is_terminating() && !matches!(p["status"]["phase"].text(), "Succeeded" | "Failed")
                }) =>
            {
                let at = now.rfc3339();
                self.edit_status(PODS, &key, |p| {
                    p.set_at(&["status", "phase"], phase.as_str());
                    let code = i64::from(phase == "Failed");
                    let state = value!({"terminated": {"exitCode": (code), "finishedAt": (at.as_str())}});
                    let name = p["spec"]["containers"][0]["name"].clone();
                    let c = value!({"name": (name), "state": (state)});
                    p.set_at(&["status", "containerStatuses"], value!([c]));
                });
            }
            Duty::Remove(key) => {
                if let Some(p) = self.server.get(PODS, &key).filter(|p| p.is_terminating()).cloned() {
                    let mut q = Request::new(Verb::Delete, &"".into(), &"v1".into(), &"pods".into());
                    q.name = p.name().into();
                    q.options.grace_period_seconds = Some(0);
                    let mut last = p.clone();
                    last.set_at(&["metadata", "deletionGracePeriodSeconds"], 0);
                    if last.meta()["finalizers"].is_zero() {
                        self.server.write(PODS, ChangeKind::Deleted, last, &you());
                    } else {
                        self.server.write(PODS, ChangeKind::Modified, last, &you());
                    }
                }
            }
            _ => {}
        }
    }

    /// Runs until `end`; work due at one instant goes echoes first, then pods, then controllers.
    pub fn run_until(&mut self, end: Time) {
        loop {
            let echo = self.server.log.front().map(|c| c.at + WATCH_LATENCY);
            let duty = self.duties.next_due();
            let wake = self.manager.next_wake();
            let Some(due) = [echo, duty, wake].into_iter().flatten().min() else { break };
            if due > end {
                break;
            }
            self.server.now = self.server.now.max(due);
            if echo == Some(due) {
                if let Some(change) = self.server.log.pop_front() {
                    self.deliver(&change);
                }
            } else if duty == Some(due) {
                let now = self.now();
                if let Some(d) = self.duties.pop_due(now) {
                    self.perform(d);
                }
            } else {
                self.wakes += 1;
                let now = self.now();
                let mut ctx =
                    Ctx { now, rng: &mut self.rng, api: &mut self.server, caller: Caller::default() };
                self.manager.wake(&mut ctx);
            }
            for check in self.checks.clone() {
                check(self);
            }
        }
        self.server.now = self.server.now.max(end);
    }

    pub fn run(&mut self, ms: i64) {
        self.run_until(self.now() + ms);
    }
}

/// The seeds of a property test: as many as `SEEDS` says, `few` without it.
#[expect(clippy::disallowed_methods, reason = "how long a test searches is its caller's choice")]
pub fn seeds(few: u64) -> std::ops::Range<u64> {
    0..std::env::var("SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(few)
}

/// A Deployment as the server's defaulting would leave it.
pub fn deployment(name: &str, replicas: i64, image: &str) -> Value {
    value!({
        "metadata": {"name": (name), "namespace": "default", "labels": {"app": (name)}},
        "spec": {
            "replicas": (replicas), "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600,
            "selector": {"matchLabels": {"app": (name)}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
            "template": (template(name, image)),
        },
    })
}

pub fn template(name: &str, image: &str) -> Value {
    value!({
        "metadata": {"labels": {"app": (name)}},
        "spec": {"restartPolicy": "Always", "containers": [{"name": "c", "image": (image)}]},
    })
}

/// A node that is ready.
pub fn node(name: &str) -> Value {
    value!({"metadata": {"name": (name), "labels": {"kubernetes.io/os": "linux"}},
        "status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}})
}
