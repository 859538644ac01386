//! The garbage collector: deletes what has lost all its owners, and carries out foreground and orphan deletion.
//!
//! Owns: the graph of owner references over all objects, kept from each change.
//! Models `pkg/controller/garbagecollector`.
//! Not modelled: several conflicting identities for one absent owner; the resync of discovery.

use ordered::{BTreeMap, BTreeSet};
use std::collections::VecDeque;

use client::{Change, Ctx, PatchType, Propagation};
use clock::Time;
use objects::resources::{CUSTOMRESOURCEDEFINITIONS, Resource};
use objects::{Reason, Status, Str, Value, value};
use rustc_hash::FxHashMap;

use crate::caches::{Caches, same_but_version};
use crate::controller::{Base, Controller, has_base, internal};
use crate::discovery::{custom_resource, resource_of};
use crate::pod_facts::PodFacts;

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";
/// How many absent owners are remembered.
const ABSENT_OWNERS: usize = 500;

#[derive(Clone, Debug)]
pub struct GarbageCollector {
    pub base: Base,
    nodes: FxHashMap<Str, Node>,
    /// Owners known not to exist, by their coordinates.
    absent: BTreeSet<Str>,
    absent_order: VecDeque<Str>,
    custom: BTreeMap<Str, Resource>,
}

/// An object in the graph.
#[derive(Clone, Debug, Default)]
struct Node {
    /// As last heard of; of a virtual one only what references to it say.
    object: Value,
    dependents: BTreeSet<Str>,
    being_deleted: bool,
    deleting_dependents: bool,
    /// Known only from references to it.
    is_virtual: bool,
}

impl Default for GarbageCollector {
    fn default() -> Self {
        Self::new()
    }
}

impl Node {
    fn api_version(&self) -> &str {
        self.object.api_version()
    }

    fn kind(&self) -> &str {
        self.object.kind()
    }

    fn namespace(&self) -> &str {
        self.object.namespace()
    }

    fn name(&self) -> &str {
        self.object.name()
    }

    fn owners(&self) -> &Value {
        &self.object.meta()["ownerReferences"]
    }
}

/// What a queue key asks for: `d/uid` attempts a deletion, `o/uid` orphans the dependents.
fn delete_key(uid: &str) -> Str {
    smol_str::format_smolstr!("d/{uid}")
}

fn has_finalizer(object: &Value, finalizer: &str) -> bool {
    object.meta()["finalizers"].items().iter().any(|f| *f == finalizer)
}

fn blocks(reference: &Value) -> bool {
    reference["blockOwnerDeletion"].is_true()
}

impl GarbageCollector {
    #[must_use]
    pub fn new() -> Self {
        Self {
            base: Base::with_account("garbage-collector-controller", "generic-garbage-collector"),
            nodes: FxHashMap::default(),
            absent: BTreeSet::new(),
            absent_order: VecDeque::new(),
            custom: BTreeMap::new(),
        }
    }

    fn attempt_delete(&mut self, uid: &str, cause: u64, now: Time) {
        self.base.queue.add(delete_key(uid), cause, now);
    }

    fn coordinates(api_version: &str, kind: &str, namespace: &str, name: &str, uid: &str) -> Str {
        smol_str::format_smolstr!("{api_version}/{kind}/{namespace}/{name}/{uid}")
    }

    fn remember_absent(&mut self, coordinates: Str) {
        if self.absent.insert(coordinates.clone()) {
            self.absent_order.push_back(coordinates);
            if self.absent_order.len() > ABSENT_OWNERS
                && let Some(oldest) = self.absent_order.pop_front()
            {
                self.absent.remove(&oldest);
            }
        }
    }

    fn add_to_owners(&mut self, uid: &Str, owners: &[Value], cause: u64, now: Time) {
        let Some(me) = self.nodes.get(uid) else { return };
        let namespace = me.object.meta()["namespace"].to_str();
        let mut suspicious = false;
        for owner in owners {
            let owner_uid = owner["uid"].to_str();
            let known = self.nodes.contains_key(&owner_uid);
            let node = self.nodes.entry(owner_uid.clone()).or_insert_with(|| Node {
                object: value!({
                    "apiVersion": (owner.get("apiVersion")), "kind": (owner.get("kind")),
                    "metadata": {"namespace": (&namespace), "name": (owner.get("name"))},
                }),
                is_virtual: true,
                ..Node::default()
            });
            node.dependents.insert(uid.clone());
            let place = node.namespace();
            let elsewhere = !place.is_empty() && place != namespace;
            let other = node.name() != owner["name"].text() || node.kind() != owner["kind"].text();
            let unsure = node.is_virtual && place.is_empty() && !namespace.is_empty();
            suspicious |= known && (elsewhere || other || unsure);
            if !known {
                self.attempt_delete(&owner_uid, cause, now);
            }
        }
        if suspicious {
            self.attempt_delete(uid, cause, now);
        }
    }

    fn remove_from_owners(&mut self, uid: &Str, owners: &[Value]) {
        for owner in owners {
            if let Some(node) = self.nodes.get_mut(owner["uid"].text()) {
                node.dependents.remove(uid);
            }
        }
    }

    /// Orphaning or foreground deletion of what is to end may begin.
    fn on_transition(&mut self, change: &Change, uid: &Str, now: Time) {
        let (new, old) = (&change.object, &change.previous);
        let starts = |finalizer: &str| {
            has_finalizer(new, finalizer)
                && (old.is_null() || !old.is_terminating() || !has_finalizer(old, finalizer))
        };
        if starts(ORPHAN) {
            self.base.queue.add(smol_str::format_smolstr!("o/{uid}"), change.revision, now);
        } else if starts(FOREGROUND) {
            let Some(node) = self.nodes.get_mut(uid) else { return };
            node.deleting_dependents = true;
            for dependent in node.dependents.clone() {
                self.attempt_delete(&dependent, change.revision, now);
            }
            self.attempt_delete(uid, change.revision, now);
        }
    }

    /// Takes over a version that has the metadata of the one before: so nothing else in the graph changes. False when
    /// there is none in it.
    fn renew(&mut self, object: &Value) -> bool {
        let node = self.nodes.get_mut(object.uid()).filter(|node| !node.is_virtual);
        node.map(|node| node.object = object.clone()).is_some()
    }

    fn observe(&mut self, change: &Change, now: Time) {
        let (o, meta) = (&change.object, change.object.meta());
        let (uid, cause, is_terminating) = (meta["uid"].to_str(), change.revision, o.is_terminating());
        let owners = meta["ownerReferences"].clone();
        let mut disagreeing = Vec::new();
        let before = match self.nodes.get_mut(&uid) {
            None => {
                let node = Node {
                    object: o.clone(),
                    being_deleted: is_terminating,
                    deleting_dependents: is_terminating && has_finalizer(o, FOREGROUND),
                    ..Node::default()
                };
                self.nodes.insert(uid.clone(), node);
                Value::Null
            }
            Some(node) => {
                if node.is_virtual {
                    // Now its true coordinates are known; a dependent that gave others refers to nothing.
                    node.is_virtual = false;
                    disagreeing.extend(node.dependents.iter().cloned());
                }
                node.being_deleted |= is_terminating;
                let before = node.owners().clone();
                node.object = o.clone();
                before
            }
        };
        for dependent in disagreeing {
            if !self.agrees(&dependent, &uid) {
                self.attempt_delete(&dependent, cause, now);
            }
        }
        if before.is_null() {
            self.add_to_owners(&uid, owners.items(), cause, now);
        } else if before != owners {
            let (old, new) = (before.items(), owners.items());
            let in_list = |list: &[Value], r: &Value| list.iter().find(|x| x["uid"] == r["uid"]).cloned();
            for r in old.iter().filter(|r| blocks(r)) {
                let unblocked = in_list(new, r).is_none_or(|n| !blocks(&n));
                if unblocked && self.nodes.contains_key(r["uid"].text()) {
                    self.attempt_delete(r["uid"].text(), cause, now);
                }
            }
            let added: Vec<Value> = new.iter().filter(|r| in_list(old, r).is_none()).cloned().collect();
            let removed: Vec<Value> = old.iter().filter(|r| in_list(new, r).is_none()).cloned().collect();
            self.add_to_owners(&uid, &added, cause, now);
            self.remove_from_owners(&uid, &removed);
        }
        if is_terminating {
            self.on_transition(change, &uid, now);
        }
    }

    /// True when `dependent`'s reference to `uid` names the object that has it.
    fn agrees(&self, dependent: &str, uid: &str) -> bool {
        let (Some(d), Some(o)) = (self.nodes.get(dependent), self.nodes.get(uid)) else { return true };
        d.owners().items().iter().filter(|r| r["uid"] == uid).all(|r| {
            r["name"] == o.name()
                && r["kind"] == o.kind()
                && (o.namespace().is_empty() || o.namespace() == d.namespace())
        })
    }

    fn forget(&mut self, uid: &str, cause: u64, now: Time) {
        let Some(node) = self.nodes.remove(uid) else { return };
        self.remove_from_owners(&uid.into(), node.owners().items());
        if !node.dependents.is_empty() {
            let c = Self::coordinates(node.api_version(), node.kind(), node.namespace(), node.name(), uid);
            self.remember_absent(c);
        }
        for dependent in &node.dependents {
            self.attempt_delete(dependent, cause, now);
        }
        for owner in node.owners().items() {
            if self.nodes.get(owner["uid"].text()).is_some_and(|o| o.deleting_dependents) {
                self.attempt_delete(owner["uid"].text(), cause, now);
            }
        }
    }

    fn resource(&self, api_version: &str, kind: &str) -> Result<Resource, Status> {
        resource_of(api_version, kind, self.custom.values())
            .ok_or_else(|| internal(format!("no matches for kind \"{kind}\" in version \"{api_version}\"")))
    }

    fn attempt_to_delete(&mut self, uid: &str, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let Some(node) = self.nodes.get(uid) else { return Ok(()) };
        if node.being_deleted && !node.deleting_dependents {
            return Ok(());
        }
        let resource = self.resource(node.api_version(), node.kind())?;
        let namespace = if resource.namespaced { node.namespace() } else { "" };
        let latest = match ctx.get(&resource, namespace, node.name()) {
            Ok(v) if v.uid() == uid => v,
            Err(e) if e.reason != Reason::NotFound => return Err(e),
            // Never there, or gone before the graph heard of it.
            _ => {
                let (cause, now) = (ctx.caller.cause, ctx.now);
                self.forget(uid, cause, now);
                return Ok(());
            }
        };
        if node.deleting_dependents {
            return self.process_deleting_dependents(uid, &resource, ctx);
        }
        let references = latest.meta()["ownerReferences"].items();
        if references.is_empty() {
            return Ok(());
        }
        let (mut solid, mut dangling, mut waiting) = (0, Vec::new(), Vec::new());
        for r in references {
            match self.owner(&latest, r, ctx)? {
                None => dangling.push(r["uid"].to_str()),
                Some(o) if o.is_terminating() && has_finalizer(&o, FOREGROUND) => {
                    waiting.push(r["uid"].to_str());
                }
                Some(_) => solid += 1,
            }
        }
        if solid > 0 {
            if dangling.is_empty() && waiting.is_empty() {
                return Ok(());
            }
            dangling.extend(waiting);
            return drop_owners(&resource, &latest, &dangling, ctx).map(|_| ());
        }
        let dependents = self.nodes.get(uid).map(|n| n.dependents.clone()).unwrap_or_default();
        if !waiting.is_empty() && !dependents.is_empty() {
            let circular = |d: &Str| self.nodes.get(d).is_some_and(|n| n.deleting_dependents);
            if dependents.iter().any(circular) {
                self.unblock(&resource, &latest, ctx)?;
            }
            return self.delete(&resource, &latest, Propagation::Foreground, ctx);
        }
        let policy = if has_finalizer(&latest, ORPHAN) {
            Propagation::Orphan
        } else if has_finalizer(&latest, FOREGROUND) {
            Propagation::Foreground
        } else {
            Propagation::Background
        };
        self.delete(&resource, &latest, policy, ctx)
    }

    fn delete(
        &mut self,
        resource: &Resource,
        object: &Value,
        policy: Propagation,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let (namespace, name, uid) = (object.namespace(), object.name(), object.uid());
        match ctx.delete(resource, namespace, name, Some(uid), None, Some(policy)) {
            Err(e) if e.reason == Reason::NotFound => {
                let (cause, now) = (ctx.caller.cause, ctx.now);
                self.forget(uid, cause, now);
                Ok(())
            }
            done => done.map(|_| ()),
        }
    }

    /// The live owner a reference of `item` names, `None` if there is none.
    fn owner(&mut self, item: &Value, r: &Value, ctx: &mut Ctx<'_>) -> Result<Option<Value>, Status> {
        self.base.visited += 1;
        let (api_version, kind, name, uid) =
            (r["apiVersion"].text(), r["kind"].text(), r["name"].text(), r["uid"].text());
        let at = |ns: &str| Self::coordinates(api_version, kind, ns, name, uid);
        if self.absent.contains(&at("")) || self.absent.contains(&at(item.namespace())) {
            return Ok(None);
        }
        let resource = self.resource(api_version, kind)?;
        let namespace = if resource.namespaced { item.namespace() } else { "" };
        match ctx.get(&resource, namespace, name) {
            Ok(o) if o.uid() == uid => Ok(Some(o)),
            Err(e) if e.reason != Reason::NotFound => Err(e),
            _ => {
                let c = at(namespace);
                self.remember_absent(c);
                Ok(None)
            }
        }
    }

    fn process_deleting_dependents(
        &mut self,
        uid: &str,
        resource: &Resource,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let Some(node) = self.nodes.get(uid) else { return Ok(()) };
        let blocking: Vec<Str> = node
            .dependents
            .iter()
            .filter(|d| {
                self.nodes
                    .get(*d)
                    .is_some_and(|n| n.owners().items().iter().any(|r| r["uid"] == uid && blocks(r)))
            })
            .cloned()
            .collect();
        self.base.visited += node.dependents.len() as u64;
        if blocking.is_empty() {
            return remove_finalizer(resource, node.namespace(), node.name(), FOREGROUND, ctx);
        }
        for dependent in blocking {
            if self.nodes.get(&dependent).is_some_and(|n| !n.deleting_dependents && !n.being_deleted) {
                let cause = ctx.caller.cause;
                self.attempt_delete(&dependent, cause, ctx.now);
            }
        }
        Ok(())
    }

    /// Makes the references of `object` no longer hold up their owners: breaks a circle.
    fn unblock(&self, resource: &Resource, object: &Value, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let references: Vec<Value> = object.meta()["ownerReferences"]
            .items()
            .iter()
            .map(|r| {
                let mut r = r.clone();
                r.set("blockOwnerDeletion", false);
                r
            })
            .collect();
        let patch = value!({"metadata": {"ownerReferences": (references), "uid": (object.uid())}});
        ctx.patch(resource, object.namespace(), object.name(), "", PatchType::Merge, patch).map(|_| ())
    }

    fn orphan_dependents(&mut self, uid: &str, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let Some(node) = self.nodes.get(uid).cloned() else { return Ok(()) };
        for dependent in &node.dependents {
            self.base.visited += 1;
            let Some(d) = self.nodes.get(dependent) else { continue };
            let resource = self.resource(d.api_version(), d.kind())?;
            let latest = match ctx.get(&resource, d.namespace(), d.name()) {
                Ok(v) if v.uid() == dependent => v,
                Err(e) if e.reason != Reason::NotFound => return Err(e),
                _ => continue,
            };
            drop_owners(&resource, &latest, &[uid.into()], ctx)?;
        }
        let resource = self.resource(node.api_version(), node.kind())?;
        remove_finalizer(&resource, node.namespace(), node.name(), ORPHAN, ctx)
    }
}

/// Takes these owners off `object`. What is gone already counts as done.
fn drop_owners(resource: &Resource, object: &Value, uids: &[Str], ctx: &mut Ctx<'_>) -> Result<(), Status> {
    let left: Vec<Value> = object.meta()["ownerReferences"]
        .items()
        .iter()
        .filter(|r| !uids.iter().any(|u| r["uid"] == u.as_str()))
        .cloned()
        .collect();
    let left = if left.is_empty() { Value::Null } else { left.into() };
    let version = object.meta().get("resourceVersion");
    let patch = value!({"metadata": {"ownerReferences": (left), "resourceVersion": (version)}});
    match ctx.patch(resource, object.namespace(), object.name(), "", PatchType::Merge, patch) {
        Err(e) if e.reason != Reason::NotFound => Err(e),
        _ => Ok(()),
    }
}

fn remove_finalizer(
    resource: &Resource,
    namespace: &str,
    name: &str,
    finalizer: &str,
    ctx: &mut Ctx<'_>,
) -> Result<(), Status> {
    let latest = match ctx.get(resource, namespace, name) {
        Err(e) if e.reason == Reason::NotFound => return Ok(()),
        latest => latest?,
    };
    if !has_finalizer(&latest, finalizer) {
        return Ok(());
    }
    let left: Vec<Value> =
        latest.meta()["finalizers"].items().iter().filter(|f| **f != finalizer).cloned().collect();
    let left = if left.is_empty() { Value::Null } else { left.into() };
    let version = latest.meta().get("resourceVersion");
    let patch = value!({"metadata": {"finalizers": (left), "resourceVersion": (version)}});
    ctx.patch(resource, namespace, name, "", PatchType::Merge, patch).map(|_| ())
}

impl Controller for GarbageCollector {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        Vec::new()
    }

    fn watches_everything(&self) -> bool {
        true
    }

    fn concerns(&self, _: &PodFacts<'_>) -> bool {
        true
    }

    fn on_pod_change(&mut self, change: &Change, pod: &PodFacts<'_>, caches: &Caches, now: Time) {
        if !pod.same_metadata || !self.renew(&change.object) {
            self.on_change(change, caches, now);
        }
    }

    fn on_change(&mut self, change: &Change, _: &Caches, now: Time) {
        if change.resource == "events" || change.resource == "events.events.k8s.io" {
            return;
        }
        if change.resource == CUSTOMRESOURCEDEFINITIONS.id
            && let Some(r) = custom_resource(&change.object)
        {
            self.custom.insert(r.id.clone(), r);
        }
        if change.is_deleted() {
            self.forget(change.object.uid(), change.revision, now);
        } else if !same_but_version(change.previous.meta(), change.object.meta())
            || !self.renew(&change.object)
        {
            if !change.previous.is_null() && change.previous.uid() != change.object.uid() {
                self.forget(change.previous.uid(), change.revision, now);
            }
            self.observe(change, now);
        }
    }

    fn sync(&mut self, key: &str, _: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        match key.split_once('/') {
            Some(("o", uid)) => self.orphan_dependents(uid, ctx),
            Some((_, uid)) => self.attempt_to_delete(uid, ctx),
            None => Ok(()),
        }
    }
}
