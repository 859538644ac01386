//! The picture's memory: the facts of every object on the stage, kept up to date one write at a time.
//!
//! Owns: facts by id, which pod holds which slot of its node, requested cpu and memory per node, who is pulling an image.
//! Does not own: px (`layout`), or anything the log of changes does not say.
//! Cost: one write touches one object and its node; nothing is scanned.

use std::rc::Rc;

use client::Change;
use ordered::{BTreeMap, BTreeSet};
use smol_str::SmolStr;

use super::facts::{
    Endpoint, NodeFacts, ObjectId, OwnerFacts, PodFacts, ServiceFacts, SliceFacts, ThingFacts, is_door,
    object_id, owner_resource, thing_kind,
};
use super::filter::{Filter, is_system};
use crate::state_words::PodState;

/// The pods of one node in the places they keep for life.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slots {
    /// An emptied slot stays empty until it is taken again.
    pub places: Vec<Option<ObjectId>>,
    /// The state of the pod in each place.
    pub states: Vec<PodState>,
}

impl Slots {
    fn take(&mut self, pod: &ObjectId, state: PodState) {
        match self.places.iter().position(Option::is_none) {
            Some(at) => {
                self.places[at] = Some(pod.clone());
                self.states[at] = state;
            }
            None => {
                self.places.push(Some(pod.clone()));
                self.states.push(state);
            }
        }
    }

    fn leave(&mut self, pod: &str) {
        for place in &mut self.places {
            if place.as_deref() == Some(pod) {
                *place = None;
            }
        }
        while self.places.last().is_some_and(Option::is_none) {
            self.places.pop();
            self.states.pop();
        }
    }

    fn turn(&mut self, pod: &str, state: PodState) {
        if let Some(at) = self.places.iter().position(|place| place.as_deref() == Some(pod)) {
            self.states[at] = state;
        }
    }

    /// The states of the pods, in their order.
    pub fn held(&self) -> impl Iterator<Item = Option<PodState>> {
        self.places.iter().zip(&self.states).map(|(place, state)| place.as_ref().map(|_| *state))
    }
}

/// What the pods of a node ask of it, and how they are. The cluster's own pods count too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Requested, in thousandths of a cpu and in bytes.
    pub milli: i64,
    pub bytes: i64,
    pub pods: u32,
    /// Pods by state, in the order of [`PodState`]: worst first.
    pub tally: [u32; 9],
}

impl Load {
    fn add(&mut self, pod: &PodFacts, sign: i64) {
        let one = |n: u32| if sign > 0 { n + 1 } else { n.saturating_sub(1) };
        self.pods = one(self.pods);
        let at = pod.state as usize;
        self.tally[at] = one(self.tally[at]);
        if !matches!(pod.state, PodState::Completed | PodState::Failed) {
            self.milli += sign * pod.milli;
            self.bytes += sign * pod.bytes;
        }
    }

    /// How many pods are in trouble: failed, backing off or unknown.
    #[must_use]
    pub fn troubled(&self) -> u32 {
        self.tally[..3].iter().sum()
    }
}

/// Changes of nodes that are remembered one by one; who missed more looks at all nodes.
const TOUCHED: usize = 4096;

#[derive(Clone, Debug, Default)]
pub struct Model {
    pub nodes: BTreeMap<SmolStr, Rc<NodeFacts>>,
    pub pods: BTreeMap<ObjectId, Rc<PodFacts>>,
    /// Pods of the cluster's own namespaces.
    pub system: BTreeMap<ObjectId, Rc<PodFacts>>,
    /// Owners, Services and things are of all namespaces.
    pub owners: BTreeMap<ObjectId, Rc<OwnerFacts>>,
    pub services: BTreeMap<ObjectId, Rc<ServiceFacts>>,
    pub slices: BTreeMap<SmolStr, Rc<SliceFacts>>,
    /// Ingresses, Gateways and their routes.
    pub doors: BTreeMap<ObjectId, Rc<ThingFacts>>,
    /// ConfigMaps, Secrets, claims and volumes.
    pub shelf: BTreeMap<ObjectId, Rc<ThingFacts>>,
    /// How many pods use a thing, whether it exists or not, and how many can't do without it.
    pub used: BTreeMap<ObjectId, (usize, usize)>,
    /// Pods by namespace.
    pub namespaces: BTreeMap<SmolStr, usize>,
    /// By node name; the second are the cluster's own pods.
    pub slots: BTreeMap<SmolStr, Slots>,
    pub system_slots: BTreeMap<SmolStr, Slots>,
    /// By node name.
    pub loads: BTreeMap<SmolStr, Load>,
    /// Pods whose image is on its way, with the instant it began.
    pub pulling: BTreeMap<ObjectId, i64>,
    /// Pods without a node, in the order of their names.
    pub waiting: BTreeSet<ObjectId>,
    /// Pods on their way out.
    pub ending: BTreeSet<ObjectId>,
    /// Nodes that have gone silent.
    pub lost: usize,
    /// Counts the writes that changed the picture.
    pub version: u64,
    /// Counts those that changed a node's facts.
    pub node_version: u64,
    /// The latest changes of nodes: version and name.
    touched: Vec<(u64, SmolStr)>,
}

impl Model {
    /// Takes one write in. True when the picture is another one now.
    pub fn apply(&mut self, change: &Change) -> bool {
        let resource = change.resource.as_str();
        self.version += 1;
        let seen = match resource {
            "nodes" => self.node(change),
            "events" | "events.events.k8s.io" => self.event(change),
            "pods" => self.pod(change),
            "services" => self.service(change),
            "endpointslices.discovery.k8s.io" => self.slice(change),
            "deployments.apps" | "replicasets.apps" | "statefulsets.apps" | "daemonsets.apps"
            | "jobs.batch" => {
                let id = object_id(resource, &change.namespace, &change.name);
                let facts = (!change.is_deleted()).then(|| OwnerFacts::of(resource, &change.object));
                put(&mut self.owners, id, facts)
            }
            _ => match thing_kind(resource) {
                Some(kind) => {
                    let id = object_id(resource, &change.namespace, &change.name);
                    let gone = change.is_deleted();
                    let facts = if gone { None } else { ThingFacts::of(kind, resource, &change.object) };
                    let map = if is_door(kind) { &mut self.doors } else { &mut self.shelf };
                    put(map, id, facts)
                }
                None => false,
            },
        };
        self.version -= u64::from(!seen);
        seen
    }

    fn node(&mut self, change: &Change) -> bool {
        let facts = (!change.is_deleted()).then(|| NodeFacts::of(&change.object));
        let lost = |facts: Option<&NodeFacts>| usize::from(facts.is_some_and(|f| !f.ready));
        self.lost -= lost(self.nodes.get(&change.name).map(|f| &**f));
        self.lost += lost(facts.as_ref());
        let seen = put(&mut self.nodes, change.name.clone(), facts);
        if seen {
            self.node_version += 1;
            self.touch(&change.name);
        }
        seen
    }

    fn touch(&mut self, node: &str) {
        if node.is_empty()
            || self.touched.last().is_some_and(|(version, name)| *version == self.version && name == node)
        {
            return;
        }
        if self.touched.len() >= TOUCHED {
            self.touched.drain(..TOUCHED / 2);
        }
        self.touched.push((self.version, node.into()));
    }

    /// The nodes that changed after `version`; none when that is too long ago to tell.
    #[must_use]
    pub fn touched_since(&self, version: u64) -> Option<&[(u64, SmolStr)]> {
        let from = self.touched.partition_point(|(v, _)| *v <= version);
        let known = from > 0 || self.touched.len() < TOUCHED / 2;
        (known && version <= self.version).then(|| &self.touched[from..])
    }

    #[inline(never)]
    fn service(&mut self, change: &Change) -> bool {
        if change.namespace == "default" && change.name == "kubernetes" {
            return false;
        }
        let id = object_id("services", &change.namespace, &change.name);
        let facts = (!change.is_deleted()).then(|| ServiceFacts::of(&change.object));
        put(&mut self.services, id, facts)
    }

    #[inline(never)]
    fn slice(&mut self, change: &Change) -> bool {
        let facts = (!change.is_deleted()).then(|| SliceFacts::of(&change.object));
        put(&mut self.slices, change.key(), facts)
    }

    #[inline(never)]
    fn pod(&mut self, change: &Change) -> bool {
        let id = object_id("pods", &change.namespace, &change.name);
        let own = is_system(&change.namespace);
        let pods = if own { &self.system } else { &self.pods };
        let old = pods.get(&id).cloned();
        let new = (!change.is_deleted()).then(|| PodFacts::of(&change.object));
        if old.as_deref() == new.as_ref() {
            return false;
        }
        let old_node = old.as_ref().map_or("", |f| f.node.as_str());
        let new_node = new.as_ref().map_or("", |f| f.node.as_str());
        for (facts, sign) in [(old.as_deref(), -1), (new.as_ref(), 1)] {
            let Some(facts) = facts else { continue };
            if !facts.node.is_empty() {
                self.loads.entry(facts.node.clone()).or_default().add(facts, sign);
            }
        }
        let slots = if own { &mut self.system_slots } else { &mut self.slots };
        if old_node != new_node {
            if let Some(slots) = slots.get_mut(old_node) {
                slots.leave(&id);
            }
            if let Some(new) = new.as_ref().filter(|f| !f.node.is_empty()) {
                slots.entry(new.node.clone()).or_default().take(&id, new.state);
            }
        } else if let (Some(slots), Some(new)) = (slots.get_mut(new_node), &new) {
            slots.turn(&id, new.state);
        }
        self.touch(old_node);
        self.touch(new_node);
        self.count(old.as_deref(), false);
        self.count(new.as_ref(), true);
        set(&mut self.waiting, &id, new.is_some() && new_node.is_empty());
        set(&mut self.ending, &id, new.as_ref().is_some_and(|f| f.state == PodState::Ending));
        if new.as_ref().is_none_or(|f| f.state != PodState::Starting) {
            self.pulling.remove(&id);
        }
        put(if own { &mut self.system } else { &mut self.pods }, id, new)
    }

    /// Counts a pod in or out: its namespace, and what it uses.
    fn count(&mut self, pod: Option<&PodFacts>, comes: bool) {
        let Some(pod) = pod else { return };
        let here = self.namespaces.entry(pod.namespace.clone()).or_default();
        *here = if comes { *here + 1 } else { here.saturating_sub(1) };
        if *here == 0 {
            self.namespaces.remove(&pod.namespace);
        }
        for used in pod.uses.iter() {
            let (all, must) = self.used.entry(used.id.clone()).or_default();
            let needs = usize::from(!used.optional);
            if comes {
                *all += 1;
                *must += needs;
            } else {
                *all = all.saturating_sub(1);
                *must = must.saturating_sub(needs);
                if *all == 0 {
                    self.used.remove(&used.id);
                }
            }
        }
    }

    /// A pod of any namespace.
    #[must_use]
    pub fn any_pod(&self, id: &str) -> Option<&Rc<PodFacts>> {
        self.pods.get(id).or_else(|| self.system.get(id))
    }

    /// True when nothing but the cluster itself is there.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.pods.is_empty() && self.owners.values().all(|o| is_system(&o.namespace))
    }

    /// Names that pods can't do without and that nothing bears.
    pub fn missing(&self) -> impl Iterator<Item = &ObjectId> {
        let gone = |id: &ObjectId| !self.shelf.contains_key(id);
        self.used.iter().filter(move |(id, (_, must))| *must > 0 && gone(id)).map(|(id, _)| id)
    }

    /// `Pulling` and `Pulled` events tell apart what the status calls ContainerCreating alike.
    #[inline(never)]
    fn event(&mut self, change: &Change) -> bool {
        let about = change.object.get("involvedObject");
        if change.is_deleted() || about.get("kind") != "Pod" {
            return false;
        }
        let reason = change.object.get("reason").text();
        if !matches!(reason, "Pulling" | "Pulled" | "Failed") {
            return false;
        }
        let id = object_id("pods", about.get("namespace").text(), about.get("name").text());
        match reason {
            "Pulling" if self.any_pod(&id).is_some() => {
                self.pulling.insert(id, change.at.0);
                true
            }
            "Pulling" => false,
            _ => self.pulling.remove(&id).is_some(),
        }
    }

    /// Puts every node's pods back in order: by owner, revision (newest first) and name. A reader's action only.
    pub fn tidy(&mut self) {
        let mut order: Vec<_> = self.pods.values().filter(|p| !p.node.is_empty()).cloned().collect();
        let revision = |pod: &PodFacts| self.owners.get(&pod.owner).map_or(0, |o| o.revision);
        order.sort_by(|a, b| {
            (self.root(&a.owner), -revision(a), &a.name).cmp(&(self.root(&b.owner), -revision(b), &b.name))
        });
        self.slots.clear();
        for pod in order {
            self.slots.entry(pod.node.clone()).or_default().take(&pod.id, pod.state);
        }
        self.version += 1;
    }

    /// The topmost owner above `id`, which is `id` itself when nothing is above it.
    #[must_use]
    pub fn root(&self, id: &ObjectId) -> ObjectId {
        let mut at = id;
        // Owners form no chain longer than CronJob, Job.
        for _ in 0..4 {
            match self.owners.get(at) {
                Some(facts) if self.owners.contains_key(&facts.owner) => at = &facts.owner,
                _ => break,
            }
        }
        at.clone()
    }

    /// What stands in the desired lane without an owner above it, in order of namespace and name.
    #[must_use]
    pub fn roots(&self, filter: &Filter) -> Vec<Rc<OwnerFacts>> {
        let top = |o: &&Rc<OwnerFacts>| filter.place(&o.namespace) && !self.owners.contains_key(&o.owner);
        let mut roots: Vec<_> = self.owners.values().filter(top).cloned().collect();
        if filter.narrows() {
            let below =
                |o: &OwnerFacts| self.owners.values().any(|s| s.owner == o.id && filter.labelled(&s.labels));
            roots.retain(|o| filter.labelled(&o.labels) || below(o));
        }
        roots.sort_by(|a, b| (&a.namespace, &a.name, &a.kind).cmp(&(&b.namespace, &b.name, &b.kind)));
        roots
    }

    /// The ReplicaSets of a Deployment that hold or want pods, and the newest; oldest revision first.
    #[must_use]
    pub fn live_sets(&self, deployment: &ObjectId) -> Vec<Rc<OwnerFacts>> {
        let mut sets: Vec<_> = self.owners.values().filter(|o| o.owner == *deployment).cloned().collect();
        sets.sort_by_key(|o| (o.revision, o.name.clone()));
        let newest = sets.last().map(|o| o.id.clone());
        sets.retain(|o| o.desired > 0 || o.existing > 0 || Some(&o.id) == newest.as_ref());
        sets
    }

    /// The pod's revision, and whether it is the newest of its Deployment. Revision 0 means there is none to show.
    #[must_use]
    pub fn revision(&self, owner: &ObjectId) -> (i64, bool) {
        let Some(set) = self.owners.get(owner) else { return (0, false) };
        let newest = self.owners.get(&set.owner).map_or(0, |d| d.revision);
        (set.revision, set.revision >= newest)
    }

    /// Endpoints by Service.
    #[must_use]
    pub fn endpoints(&self) -> BTreeMap<&ObjectId, Vec<&Endpoint>> {
        let mut all: BTreeMap<&ObjectId, Vec<&Endpoint>> = BTreeMap::new();
        for slice in self.slices.values() {
            all.entry(&slice.service).or_default().extend(&slice.endpoints);
        }
        all
    }

    /// The workers, in order of their names; without any, the control plane's nodes stand in.
    #[must_use]
    pub fn workers(&self) -> Vec<Rc<NodeFacts>> {
        let workers: Vec<_> = self.nodes.values().filter(|n| !n.control_plane).cloned().collect();
        if workers.is_empty() { self.nodes.values().cloned().collect() } else { workers }
    }

    /// The ids of what is related to `id`: owners above and below, its node, its Services and endpoints, what it uses; of
    /// pods no more than `most`.
    #[must_use]
    pub fn related(&self, id: &ObjectId, most: usize) -> BTreeSet<ObjectId> {
        let mut out = BTreeSet::new();
        if let Some(pod) = self.any_pod(id) {
            out.insert(pod.owner.clone());
            out.insert(self.root(&pod.owner));
            out.insert(object_id("nodes", "", &pod.node));
            for slice in self.slices.values().filter(|s| s.endpoints.iter().any(|e| e.pod == *id)) {
                out.insert(slice.service.clone());
                out.extend(self.doors_of(&slice.service));
            }
            for used in pod.uses.iter() {
                out.insert(used.id.clone());
                out.extend(self.shelf.get(&used.id).into_iter().flat_map(|t| t.links.iter().cloned()));
            }
        } else if self.owners.contains_key(id) {
            out.insert(self.root(id));
            let below = self.owners.values().filter(|o| o.owner == *id).map(|o| o.id.clone());
            out.extend(below);
            let pods = self.pods.values().chain(self.system.values());
            let pods =
                pods.filter(|p| p.owner == *id || self.owners.get(&p.owner).is_some_and(|o| o.owner == *id));
            for pod in pods.take(most) {
                out.insert(pod.id.clone());
                out.extend(pod.uses.iter().map(|u| u.id.clone()));
            }
        } else if self.services.contains_key(id) {
            let slices = self.slices.values().filter(|s| s.service == *id);
            out.extend(slices.flat_map(|s| s.endpoints.iter().map(|e| e.pod.clone())).take(most));
            out.extend(self.doors_of(id));
        } else if let Some(door) = self.doors.get(id) {
            out.extend(door.links.iter().cloned());
            for service in &door.links {
                let slices = self.slices.values().filter(|s| s.service == *service);
                out.extend(slices.flat_map(|s| s.endpoints.iter().map(|e| e.pod.clone())).take(most));
            }
        } else if self.used.contains_key(id) || self.shelf.contains_key(id) {
            out.extend(self.shelf.get(id).into_iter().flat_map(|t| t.links.iter().cloned()));
            let pods = self.pods.values().chain(self.system.values());
            for pod in pods.filter(|p| p.uses.iter().any(|u| u.id == *id)).take(most) {
                out.insert(pod.id.clone());
                out.insert(self.root(&pod.owner));
            }
        } else if let Some(node) = id.strip_prefix("nodes//") {
            for slots in [&self.slots, &self.system_slots] {
                out.extend(
                    slots.get(node).into_iter().flat_map(|s| s.places.iter().flatten().cloned()).take(most),
                );
            }
        }
        out.remove(id);
        out.remove("");
        out
    }

    fn doors_of<'a>(&'a self, service: &'a ObjectId) -> impl Iterator<Item = ObjectId> + 'a {
        self.doors.values().filter(move |d| d.links.contains(service)).map(|d| d.id.clone())
    }
}

/// Puts a name into a set or takes it out.
fn set(all: &mut BTreeSet<ObjectId>, id: &ObjectId, holds: bool) {
    if !holds {
        all.remove(id);
    } else if !all.contains(id) {
        all.insert(id.clone());
    }
}

/// Stores or removes facts; true when that made a difference.
fn put<K: Ord, F: PartialEq>(map: &mut BTreeMap<K, Rc<F>>, key: K, facts: Option<F>) -> bool {
    match facts {
        None => map.remove(&key).is_some(),
        Some(facts) if map.get(&key).is_some_and(|old| **old == facts) => false,
        Some(facts) => {
            map.insert(key, Rc::new(facts));
            true
        }
    }
}

/// True for resources that the model follows.
#[must_use]
pub fn is_shown(resource: &str) -> bool {
    const OTHERS: [&str; 9] = [
        "nodes",
        "pods",
        "services",
        "endpointslices.discovery.k8s.io",
        "deployments.apps",
        "replicasets.apps",
        "statefulsets.apps",
        "daemonsets.apps",
        "jobs.batch",
    ];
    OTHERS.contains(&resource) || thing_kind(resource).is_some()
}

/// True for resources whose objects can be picked on the stage.
#[must_use]
pub fn is_drawn(kind: &str) -> bool {
    const MORE: [&str; 7] = [
        "ConfigMap",
        "Secret",
        "PersistentVolumeClaim",
        "PersistentVolume",
        "Ingress",
        "Gateway",
        "HTTPRoute",
    ];
    matches!(kind, "Pod" | "Node" | "Service") || MORE.contains(&kind) || !owner_resource(kind).is_empty()
}

#[cfg(test)]
pub(crate) mod sample {
    //! A small cluster for tests: three workers, a Deployment mid-rollout, its pods and a Service.

    use objects::Value;

    use super::*;

    pub(crate) fn write(resource: &str, object: Value) -> Change {
        Change { actor: "you".into(), ..Change::added(resource, object) }
    }

    pub(crate) fn named(name: &str) -> Value {
        let mut object = Value::map();
        object.set_at(&["metadata", "name"], name);
        object
    }

    pub(crate) fn in_default(name: &str) -> Value {
        let mut object = named(name);
        object.set_at(&["metadata", "namespace"], "default");
        object
    }

    pub(crate) fn owned(mut object: Value, kind: &str, name: &str) -> Value {
        let mut owner = Value::map();
        owner.set("kind", kind);
        owner.set("name", name);
        owner.set("controller", true);
        object.set_at(&["metadata", "ownerReferences"], [owner].into_iter().collect::<Value>());
        object
    }

    pub(crate) fn pod(name: &str, node: &str, owner: &str) -> Value {
        let mut pod = owned(in_default(name), "ReplicaSet", owner);
        pod.set_at(&["spec", "nodeName"], node);
        pod.set_at(&["status", "phase"], "Running");
        let mut ready = Value::map();
        ready.set("type", "Ready");
        ready.set("status", "True");
        pod.set_at(&["status", "conditions"], [ready].into_iter().collect::<Value>());
        pod
    }

    pub(crate) fn cluster(pods: usize) -> Model {
        let mut model = Model::default();
        for node in ["worker-1", "worker-2", "worker-3"] {
            let mut object = named(node);
            object.set_at(&["status", "allocatable", "cpu"], "2");
            model.apply(&write("nodes", object));
        }
        let mut control = named("control-plane");
        control.set_at(&["metadata", "labels", "node-role.kubernetes.io/control-plane"], "");
        model.apply(&write("nodes", control));
        let mut web = in_default("web");
        web.set_at(&["spec", "replicas"], 4);
        web.set_at(&["metadata", "annotations", "deployment.kubernetes.io/revision"], "2");
        model.apply(&write("deployments.apps", web));
        for (revision, set, replicas) in [("1", "web-a", 3), ("2", "web-b", 2)] {
            let mut object = owned(in_default(set), "Deployment", "web");
            object.set_at(&["spec", "replicas"], replicas);
            object.set_at(&["metadata", "annotations", "deployment.kubernetes.io/revision"], revision);
            model.apply(&write("replicasets.apps", object));
        }
        let mut endpoints = Vec::new();
        for i in 0..pods {
            let set = if i % 2 == 0 { "web-a" } else { "web-b" };
            let name = format!("{set}-{i:04}");
            model.apply(&write("pods", pod(&name, &format!("worker-{}", i % 3 + 1), set)));
            let mut endpoint = Value::map();
            endpoint.set_at(&["targetRef", "kind"], "Pod");
            endpoint.set_at(&["targetRef", "name"], name);
            endpoint.set_at(&["conditions", "ready"], true);
            endpoints.push(endpoint);
        }
        let mut service = in_default("web");
        service.set_at(&["spec", "clusterIP"], "10.96.0.10");
        service.set_at(&["spec", "selector", "app"], "web");
        model.apply(&write("services", service));
        let mut slice = in_default("web-x");
        slice.set_at(&["metadata", "labels", "kubernetes.io/service-name"], "web");
        slice.set("endpoints", endpoints.into_iter().collect::<Value>());
        model.apply(&write("endpointslices.discovery.k8s.io", slice));
        model
    }
}

#[cfg(test)]
mod tests {
    use client::ChangeKind;

    use super::sample::{cluster, pod, write};
    use super::*;

    #[test]
    fn a_pod_keeps_its_slot_for_life() {
        let mut model = cluster(6);
        let first = model.slots["worker-1"].places[0].clone();
        let second = model.slots["worker-1"].places[1].clone();
        let mut gone = write("pods", pod("web-a-0000", "worker-1", "web-a"));
        gone.kind = ChangeKind::Deleted;
        assert!(model.apply(&gone));
        assert_eq!(model.slots["worker-1"].places, vec![None, second.clone()]);
        model.apply(&write("pods", pod("web-b-9999", "worker-1", "web-b")));
        assert_eq!(model.slots["worker-1"].places[1], second);
        assert_ne!(model.slots["worker-1"].places[0], first);
    }

    #[test]
    fn the_same_facts_again_are_no_change() {
        let mut model = cluster(3);
        let version = model.version;
        assert!(!model.apply(&write("pods", pod("web-a-0000", "worker-1", "web-a"))));
        assert_eq!(model.version, version);
    }

    #[test]
    fn tidy_orders_by_revision_newest_first() {
        let mut model = cluster(6);
        model.tidy();
        let places: Vec<_> = model.slots["worker-1"].places.iter().flatten().map(SmolStr::as_str).collect();
        assert_eq!(places, ["pods/default/web-b-0003", "pods/default/web-a-0000"]);
    }

    #[test]
    fn only_the_newest_revision_is_newest() {
        let model = cluster(0);
        assert_eq!(model.revision(&"replicasets.apps/default/web-a".into()), (1, false));
        assert_eq!(model.revision(&"replicasets.apps/default/web-b".into()), (2, true));
        assert_eq!(model.roots(&Filter::default()).len(), 1);
        assert_eq!(model.live_sets(&"deployments.apps/default/web".into()).len(), 2);
    }
}
