//! The picture's memory: the facts of every object on the stage, kept up to date one write at a time.
//!
//! Owns: facts by id, which pod holds which slot of its node, requested cpu per node, who is pulling an image.
//! Does not own: px (`layout`), or anything the log of changes does not say.
//! Cost: one write touches one object and its node; nothing is scanned.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use client::Change;
use smol_str::SmolStr;

use super::facts::{
    Endpoint, NodeFacts, ObjectId, OwnerFacts, PodFacts, ServiceFacts, SliceFacts, object_id, owner_resource,
};
use crate::state_words::PodState;

/// Namespaces whose objects stay off the stage.
const SYSTEM: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

/// The pods of one node in the places they keep for life.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slots {
    /// An emptied slot stays empty until it is taken again.
    pub places: Vec<Option<ObjectId>>,
}

impl Slots {
    fn take(&mut self, pod: &ObjectId) {
        match self.places.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(pod.clone()),
            None => self.places.push(Some(pod.clone())),
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
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Model {
    pub nodes: BTreeMap<SmolStr, Rc<NodeFacts>>,
    pub pods: BTreeMap<ObjectId, Rc<PodFacts>>,
    pub owners: BTreeMap<ObjectId, Rc<OwnerFacts>>,
    pub services: BTreeMap<ObjectId, Rc<ServiceFacts>>,
    pub slices: BTreeMap<SmolStr, Rc<SliceFacts>>,
    /// By node name.
    pub slots: BTreeMap<SmolStr, Slots>,
    /// Requested on each node, in thousandths of a cpu.
    pub requested: BTreeMap<SmolStr, i64>,
    /// Pods whose image is on its way, with the instant it began.
    pub pulling: BTreeMap<ObjectId, i64>,
    /// Pods without a node, in the order of their names.
    pub waiting: BTreeSet<ObjectId>,
    /// Pods on their way out.
    pub ending: BTreeSet<ObjectId>,
    /// Counts the writes that changed the picture.
    pub version: u64,
}

impl Model {
    /// Takes one write in. True when the picture is another one now.
    pub fn apply(&mut self, change: &Change) -> bool {
        let resource = change.resource.as_str();
        let seen = match resource {
            "nodes" => self.node(change),
            "events" | "events.events.k8s.io" => self.event(change),
            _ if SYSTEM.contains(&change.namespace.as_str()) => false,
            "pods" => self.pod(change),
            "services" => self.service(change),
            "endpointslices.discovery.k8s.io" => self.slice(change),
            "deployments.apps" | "replicasets.apps" | "statefulsets.apps" | "daemonsets.apps"
            | "jobs.batch" => {
                let id = object_id(resource, &change.namespace, &change.name);
                let facts = (!change.is_deleted()).then(|| OwnerFacts::of(resource, &change.object));
                put(&mut self.owners, id, facts)
            }
            _ => false,
        };
        self.version += u64::from(seen);
        seen
    }

    fn node(&mut self, change: &Change) -> bool {
        let facts = (!change.is_deleted()).then(|| NodeFacts::of(&change.object));
        put(&mut self.nodes, change.name.clone(), facts)
    }

    fn service(&mut self, change: &Change) -> bool {
        if change.namespace == "default" && change.name == "kubernetes" {
            return false;
        }
        let id = object_id("services", &change.namespace, &change.name);
        let facts = (!change.is_deleted()).then(|| ServiceFacts::of(&change.object));
        put(&mut self.services, id, facts)
    }

    fn slice(&mut self, change: &Change) -> bool {
        let facts = (!change.is_deleted()).then(|| SliceFacts::of(&change.object));
        put(&mut self.slices, change.key(), facts)
    }

    fn pod(&mut self, change: &Change) -> bool {
        let id = object_id("pods", &change.namespace, &change.name);
        let old = self.pods.get(&id).cloned();
        let new = (!change.is_deleted()).then(|| PodFacts::of(&change.object));
        let over = |facts: &PodFacts| matches!(facts.state, PodState::Completed | PodState::Failed);
        let load = |facts: Option<&PodFacts>| facts.filter(|f| !over(f)).map_or(0, |f| f.milli);
        let old_node = old.as_ref().map_or("", |f| f.node.as_str());
        let new_node = new.as_ref().map_or("", |f| f.node.as_str());
        if !old_node.is_empty() {
            *self.requested.entry(old_node.into()).or_default() -= load(old.as_deref());
        }
        if !new_node.is_empty() {
            *self.requested.entry(new_node.into()).or_default() += load(new.as_ref());
        }
        if old_node != new_node {
            if let Some(slots) = self.slots.get_mut(old_node) {
                slots.leave(&id);
            }
            if !new_node.is_empty() {
                self.slots.entry(new_node.into()).or_default().take(&id);
            }
        }
        if new.is_some() && new_node.is_empty() {
            self.waiting.insert(id.clone());
        } else {
            self.waiting.remove(&id);
        }
        if new.as_ref().is_some_and(|f| f.state == PodState::Ending) {
            self.ending.insert(id.clone());
        } else {
            self.ending.remove(&id);
        }
        if new.as_ref().is_none_or(|f| f.state != PodState::Starting) {
            self.pulling.remove(&id);
        }
        put(&mut self.pods, id, new)
    }

    /// `Pulling` and `Pulled` events tell apart what the status calls ContainerCreating alike.
    fn event(&mut self, change: &Change) -> bool {
        let about = change.object.get("involvedObject");
        if change.is_deleted() || about.get("kind") != "Pod" {
            return false;
        }
        let id = object_id("pods", about.get("namespace").text(), about.get("name").text());
        match change.object.get("reason").text() {
            "Pulling" if self.pods.contains_key(&id) => {
                self.pulling.insert(id, change.at.0);
                true
            }
            "Pulled" | "Failed" => self.pulling.remove(&id).is_some(),
            _ => false,
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
            self.slots.entry(pod.node.clone()).or_default().take(&pod.id);
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
    pub fn roots(&self) -> Vec<Rc<OwnerFacts>> {
        let mut roots: Vec<_> =
            self.owners.values().filter(|o| !self.owners.contains_key(&o.owner)).cloned().collect();
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

    /// The ids of what is related to `id`: owners above and below, its node, its Services and endpoints.
    #[must_use]
    pub fn related(&self, id: &ObjectId) -> BTreeSet<ObjectId> {
        let mut out = BTreeSet::new();
        if let Some(pod) = self.pods.get(id) {
            out.insert(pod.owner.clone());
            out.insert(self.root(&pod.owner));
            for slice in self.slices.values().filter(|s| s.endpoints.iter().any(|e| e.pod == *id)) {
                out.insert(slice.service.clone());
            }
        }
        if self.owners.contains_key(id) {
            out.insert(self.root(id));
            let below = self.owners.values().filter(|o| o.owner == *id).map(|o| o.id.clone());
            out.extend(below);
            let pods = self.pods.values().filter(|p| p.owner == *id || self.root(&p.owner) == *id);
            out.extend(pods.map(|p| p.id.clone()));
        }
        if self.services.contains_key(id) {
            let slices = self.slices.values().filter(|s| s.service == *id);
            out.extend(slices.flat_map(|s| s.endpoints.iter().map(|e| e.pod.clone())));
        }
        out.remove(id);
        out
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

/// True for resources whose objects can be picked on the stage.
#[must_use]
pub fn is_drawn(kind: &str) -> bool {
    matches!(kind, "Pod" | "Node" | "Service") || !owner_resource(kind).is_empty()
}

#[cfg(test)]
pub(crate) mod sample {
    //! A small cluster for tests: three workers, a Deployment mid-rollout, its pods and a Service.

    use client::ChangeKind;
    use clock::Time;
    use objects::Value;

    use super::*;

    pub(crate) fn write(resource: &str, object: Value) -> Change {
        Change {
            revision: 1,
            at: Time(0),
            kind: ChangeKind::Added,
            resource: resource.into(),
            namespace: object.namespace().into(),
            name: object.name().into(),
            object,
            previous: Value::Null,
            actor: "you".into(),
            cause: 0,
        }
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
    use super::sample::{cluster, pod, write};
    use super::*;
    use client::ChangeKind;

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
        assert_eq!(model.roots().len(), 1);
        assert_eq!(model.live_sets(&"deployments.apps/default/web".into()).len(), 2);
    }
}
