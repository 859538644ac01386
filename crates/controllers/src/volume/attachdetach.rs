//! The attach/detach controller: a disk is attached to the nodes whose pods use it, and to no other.
//!
//! Owns: VolumeAttachment objects, `status.volumesAttached` of nodes, the events of attaching. Does not own: the
//! attaching itself (the driver's attacher), mounting (kubelet), who may use a volume at all (scheduler).
//! Models `pkg/controller/volume/attachdetach` (reconciler, nodes' status updater) and the attacher of `pkg/volume/csi`.
//! Every change that concerns a volume leads to one look at it, in place of a look at all every 100 ms. An attachment's
//! name has the form of upstream's digest without being it. A disk that a pod names itself is known by its name in nodes'
//! statuses, any other by its PersistentVolume's. Volumes of plugins that
//! have nothing to do for it (iSCSI, Fibre Channel) are attached by word: an event and an entry in the node's status.
//! Not modelled: drivers that change how much fits a node.

use ordered::{BTreeMap, BTreeSet};

use client::{Change, Ctx, EventType, PatchType};
use clock::{Millis, Time};
use objects::csi_translation::{Disk, attached_by_word, disk, inline, may_multi_attach, unique_name};
use objects::resources::{
    CSIDRIVERS, NODES, PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, PODS, Resource, VOLUMEATTACHMENTS,
};
use objects::{Reason, Status, Str, Value, value};

use super::pvcprotection::claims_of;
use crate::caches::{Caches, key_of};
use crate::controller::{Base, Controller, has_base};
use crate::delays::{ATTACH_BACKOFF_MS, ATTACH_MAX_BACKOFF_MS, ATTACH_TIMEOUT_MS, MAX_WAIT_FOR_UNMOUNT_MS};
use crate::pod_facts::PodFacts;

const ATTACHED: &str = "SuccessfulAttachVolume";
const FAILED: &str = "FailedAttachVolume";
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

#[derive(Clone, Debug)]
pub struct AttachDetachController {
    pub base: Base,
    /// By claim, or by volume where a pod names a disk itself: the pods on nodes that use it, each with its node.
    users: BTreeMap<Str, BTreeMap<Str, Str>>,
    /// By volume: its attachments, each with its node.
    attachments: BTreeMap<Str, BTreeMap<Str, Str>>,
    /// By volume that is attached by word alone: its name in nodes' statuses, and the nodes.
    by_word: BTreeMap<Str, (String, BTreeSet<Str>)>,
    /// By node: the volumes with an attachment there.
    on_node: BTreeMap<Str, BTreeSet<Str>>,
    /// Attachments (volume, node) that nobody wants any more: since when.
    unwanted: BTreeMap<(Str, Str), Time>,
    /// What was told already: that others hold the volume.
    conflicts: BTreeSet<(Str, Str)>,
    /// Attachments under way, by volume and node.
    tries: BTreeMap<(Str, Str), Try>,
}

/// A volume that is looked at.
struct Subject<'a> {
    /// What the controller calls it.
    name: &'a str,
    /// The key of its users.
    claim: &'a Str,
    volume: &'a Value,
    disk: &'a Disk,
}

/// One attachment that is not there yet.
#[derive(Clone, Debug)]
struct Try {
    failures: u32,
    next: Time,
}

impl Default for AttachDetachController {
    fn default() -> Self {
        Self::new()
    }
}

/// `csi-` and 64 hex digits that follow from the volume, its driver and the node.
fn attachment_name(disk: &Disk, node: &str) -> String {
    let text = format!("{}{}{node}", disk.handle, disk.driver);
    let part = |seed: u64| {
        text.bytes().fold(seed, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(5))
    };
    let seeds = [0xcbf2_9ce4_8422_2325, 0x9ae1_6a3b_2f90_404f, 0xc3a5_c85c_97cb_3127, 0xb492_b66f_be98_f273];
    format!("csi-{}", seeds.map(|s| format!("{:016x}", part(s))).concat())
}

/// Whether the pod still needs its volumes where it is.
fn holds_volumes(pod: &Value) -> bool {
    !matches!(pod["status"]["phase"].text(), "Succeeded" | "Failed") && !pod["spec"]["nodeName"].is_zero()
}

/// What the disk that a pod's volume names itself is called in nodes' statuses.
fn unique_name_of(volume: &Value) -> Option<String> {
    match inline(volume) {
        Some(v) => disk(&v["spec"]).map(|d| unique_name(&d)),
        None => attached_by_word(volume),
    }
}

fn is_healthy(node: Option<&Value>) -> bool {
    node.is_some_and(|n| n.condition_true("Ready"))
}

fn is_out_of_service(node: Option<&Value>) -> bool {
    node.is_some_and(|n| n["spec"]["taints"].items().iter().any(|t| t["key"] == OUT_OF_SERVICE))
}

fn is_in_use(node: Option<&Value>, unique: &str) -> bool {
    node.is_some_and(|n| n["status"]["volumesInUse"].items().iter().any(|v| *v == unique))
}

impl AttachDetachController {
    #[must_use]
    pub fn new() -> Self {
        Self {
            base: Base::new("attachdetach-controller"),
            users: BTreeMap::new(),
            attachments: BTreeMap::new(),
            by_word: BTreeMap::new(),
            on_node: BTreeMap::new(),
            unwanted: BTreeMap::new(),
            conflicts: BTreeSet::new(),
            tries: BTreeMap::new(),
        }
    }

    fn on_pod(&mut self, change: &Change, caches: &Caches, now: Time) {
        let pod = &change.object;
        if pod["spec"]["volumes"].is_zero() {
            return;
        }
        let key = change.key();
        let holds = !change.is_deleted() && holds_volumes(pod);
        for claim in claims_of(pod) {
            if self.note_user(&claim, &key, pod, holds)
                && let Some(c) = caches.of_resource(PERSISTENTVOLUMECLAIMS).get(&claim)
            {
                self.look_at(c, change.revision, now);
            }
        }
        for volume in pod["spec"]["volumes"].items() {
            let Some(name) = unique_name_of(volume) else { continue };
            let name = Str::from(name);
            if self.note_user(&name, &key, pod, holds) {
                self.base.queue.add(name, change.revision, now);
            }
        }
    }

    /// Whether a pod holds something is news.
    fn note_user(&mut self, what: &Str, key: &Str, pod: &Value, holds: bool) -> bool {
        let users = self.users.entry(what.clone()).or_default();
        let after = holds.then(|| pod["spec"]["nodeName"].to_str());
        let news = users.get(key) != after.as_ref();
        match after {
            Some(node) => drop(users.insert(key.clone(), node)),
            None => drop(users.remove(key)),
        }
        if users.is_empty() {
            self.users.remove(what);
        }
        news
    }

    /// The volume of this name: its PersistentVolume, or what stands in for one where a pod names a disk itself.
    fn volume(&self, name: &str, caches: &Caches) -> Value {
        if !name.contains('/') {
            return caches.of_resource(PERSISTENTVOLUMES).get(name).cloned().unwrap_or_default();
        }
        let stands_in = |v: &Value| {
            inline(v).unwrap_or_else(|| value!({"metadata": {"name": (&v["name"])}, "spec": (v)}))
        };
        let pods = self.users.get(name).into_iter().flat_map(|u| u.keys());
        let of_pods = pods
            .filter_map(|key| caches.pods().get(key))
            .flat_map(|pod| pod["spec"]["volumes"].items())
            .find(|v| unique_name_of(v).as_deref() == Some(name))
            .map(stands_in);
        of_pods.unwrap_or_else(|| {
            // Nobody uses it any more; its attachments still say what it was.
            let mut left = self.attachments.get(name).into_iter().flat_map(|a| a.keys());
            let object = left.find_map(|a| caches.of_resource(VOLUMEATTACHMENTS).get(a));
            object.map_or(Value::Null, |a| value!({"spec": (&a["spec"]["source"]["inlineVolumeSpec"])}))
        })
    }

    fn look_at(&mut self, claim: &Value, cause: u64, now: Time) {
        let volume = claim["spec"]["volumeName"].to_str();
        if !volume.is_empty() {
            self.base.queue.add(volume, cause, now);
        }
    }

    fn on_node(&mut self, change: &Change, now: Time) {
        let (new, old) = (&change.object, &change.previous);
        let same = !change.is_deleted()
            && new["status"]["volumesInUse"] == old["status"]["volumesInUse"]
            && new["spec"]["taints"].same(&old["spec"]["taints"])
            && new.condition("Ready")["status"] == old.condition("Ready")["status"];
        if same {
            return;
        }
        for volume in self.on_node.get(&change.name).into_iter().flatten() {
            self.base.queue.add(volume.clone(), change.revision, now);
        }
    }

    fn on_attachment(&mut self, change: &Change, now: Time) {
        let spec = &change.object["spec"];
        let volume = match disk(&spec["source"]["inlineVolumeSpec"]) {
            Some(disk) => Str::from(unique_name(&disk)),
            None => spec["source"]["persistentVolumeName"].to_str(),
        };
        let node = spec["nodeName"].to_str();
        if change.is_deleted() {
            if let Some(all) = self.attachments.get_mut(&volume) {
                all.remove(&change.name);
                if all.is_empty() {
                    self.attachments.remove(&volume);
                }
            }
            if let Some(all) = self.on_node.get_mut(&node) {
                all.remove(&volume);
            }
            self.unwanted.remove(&(volume.clone(), node));
        } else {
            self.attachments.entry(volume.clone()).or_default().insert(change.name.clone(), node.clone());
            self.on_node.entry(node).or_default().insert(volume.clone());
        }
        self.base.queue.add(volume, change.revision, now);
    }

    /// Tells every pod on `node` that uses the claim.
    fn tell(
        &mut self,
        claim: &str,
        node: &str,
        (reason, text): (&str, &str),
        caches: &Caches,
        ctx: &mut Ctx<'_>,
    ) {
        let kind = if reason == ATTACHED { EventType::Normal } else { EventType::Warning };
        let pods: Vec<Value> = self
            .users
            .get(claim)
            .into_iter()
            .flat_map(|u| u.iter())
            .filter(|(_, n)| **n == node)
            .filter_map(|(key, _)| caches.pods().get(key).cloned())
            .collect();
        for pod in pods {
            self.base.recorder.event(ctx, &pod, kind, reason, text);
        }
    }

    /// Brings one volume's attachments to what pods want.
    fn reconcile(&mut self, name: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let held = self.attachments.get(name).cloned().unwrap_or_default();
        let volume = self.volume(name, caches);
        let unique =
            attached_by_word(&volume["spec"]).or_else(|| self.by_word.get(name).map(|w| w.0.clone()));
        if let Some(unique) = unique {
            return self.reconcile_by_word(name, &unique, &volume, caches, ctx);
        }
        let Some(disk) = disk(&volume["spec"]) else {
            // The volume is gone: so is what is left of its attachments.
            for attachment in held.keys() {
                self.end(attachment, ctx)?;
            }
            return Ok(());
        };
        let driver = caches.of_resource(CSIDRIVERS).get(&disk.driver);
        if driver.is_some_and(|d| d["spec"]["attachRequired"].as_bool() == Some(false)) {
            return Ok(());
        }
        let (claim, wanted) = self.wanted(name, &volume, caches);
        let subject = Subject { name, claim: &claim, volume: &volume, disk: &disk };
        for (attachment, node) in &held {
            if wanted.contains(node) {
                self.unwanted.remove(&(name.into(), node.clone()));
            } else {
                self.detach(&subject, attachment, node, caches, ctx)?;
            }
        }
        for node in &wanted {
            let own = held.iter().find(|(_, n)| *n == node).map(|(a, _)| a.clone());
            match own {
                Some(attachment) => self.follow(&subject, &attachment, node, caches, ctx)?,
                None => {
                    let others: Vec<Str> = held.values().filter(|n| *n != node).cloned().collect();
                    if !others.is_empty() && !may_multi_attach(&volume) {
                        self.conflict(&subject, node, &others, caches, ctx);
                    } else {
                        self.attach(&subject, node, caches, ctx)?;
                        // What one node is about to have, the next can't.
                        if !may_multi_attach(&volume) {
                            break;
                        }
                    }
                }
            }
        }
        self.conflicts.retain(|(v, n)| *v != name || wanted.contains(n));
        self.tries.retain(|(v, n), _| *v != name || wanted.contains(n));
        Ok(())
    }

    /// The key of a volume's users, and the nodes they are on.
    fn wanted(&self, name: &str, volume: &Value, caches: &Caches) -> (Str, BTreeSet<Str>) {
        let r = &volume["spec"]["claimRef"];
        let own = name.contains('/');
        let claim = if own { name.into() } else { key_of(r["namespace"].text(), r["name"].text()) };
        let bound = own
            || caches
                .of_resource(PERSISTENTVOLUMECLAIMS)
                .get(&claim)
                .is_some_and(|c| c["spec"]["volumeName"] == name && r["uid"] == c.uid());
        let users = self.users.get(&claim).filter(|_| bound);
        let nodes = users.into_iter().flat_map(|u| u.values().cloned()).collect();
        (claim, nodes)
    }

    /// The same for a volume that is attached by saying so.
    fn reconcile_by_word(
        &mut self,
        name: &str,
        unique: &str,
        volume: &Value,
        caches: &Caches,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let (claim, wanted) = self.wanted(name, volume, caches);
        let mut held = self.by_word.get(name).map(|w| w.1.clone()).unwrap_or_default();
        let before = held.clone();
        for node in before.iter().filter(|n| !wanted.contains(*n)) {
            if self.may_detach(name, unique, node, caches, ctx) {
                held.remove(node);
                self.keep_by_word(name, unique, &held);
                self.unwanted.remove(&(name.into(), node.clone()));
                self.report(node, None, caches, ctx)?;
            }
        }
        let many = name.contains('/') || may_multi_attach(volume);
        let none = Disk { driver: String::new(), handle: String::new() };
        let subject = Subject { name, claim: &claim, volume, disk: &none };
        for node in &wanted {
            self.unwanted.remove(&(name.into(), node.clone()));
            if held.contains(node) || caches.of_resource(NODES).get(node).is_none() {
                continue;
            }
            if !many && !held.is_empty() {
                let others: Vec<Str> = held.iter().cloned().collect();
                self.conflict(&subject, node, &others, caches, ctx);
                continue;
            }
            held.insert(node.clone());
            self.keep_by_word(name, unique, &held);
            self.on_node.entry(node.clone()).or_default().insert(name.into());
            self.conflicts.remove(&(name.into(), node.clone()));
            self.report(node, None, caches, ctx)?;
            let text = format!("AttachVolume.Attach succeeded for volume \"{}\" ", volume.name());
            self.tell(&claim, node, (ATTACHED, &text), caches, ctx);
        }
        self.conflicts.retain(|(v, n)| *v != name || wanted.contains(n));
        Ok(())
    }

    fn keep_by_word(&mut self, name: &str, unique: &str, nodes: &BTreeSet<Str>) {
        if nodes.is_empty() {
            self.by_word.remove(name);
        } else {
            self.by_word.insert(name.into(), (unique.to_owned(), nodes.clone()));
        }
    }

    /// Says once to each node's pods that others have the volume.
    fn conflict(&mut self, of: &Subject<'_>, node: &Str, others: &[Str], caches: &Caches, ctx: &mut Ctx<'_>) {
        if !self.conflicts.insert((of.name.into(), node.clone())) {
            return;
        }
        // One claim is of one namespace, and so are the pods that use it.
        let holders: Vec<&str> = self
            .users
            .get(of.claim)
            .into_iter()
            .flat_map(|u| u.iter())
            .filter(|(_, n)| others.contains(n))
            .map(|(key, _)| objects::meta::split_key(key).1)
            .collect();
        let why = if holders.is_empty() {
            "Volume is already exclusively attached to one node and can't be attached to another".to_owned()
        } else {
            format!("Volume is already used by pod(s) {}", holders.join(", "))
        };
        let text = format!("Multi-Attach error for volume \"{}\" {why}", of.volume.name());
        self.tell(of.claim, node, (FAILED, &text), caches, ctx);
    }

    fn attach(
        &mut self,
        of: &Subject<'_>,
        node: &Str,
        caches: &Caches,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let Subject { name, disk, .. } = *of;
        // A node that has never been heard of can't have anything.
        if caches.of_resource(NODES).get(node).is_none() {
            return Ok(());
        }
        let source = if name.contains('/') {
            value!({"inlineVolumeSpec": (&of.volume["spec"])})
        } else {
            value!({"persistentVolumeName": (name)})
        };
        let attachment = value!({
            "apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttachment",
            "metadata": {"name": (attachment_name(disk, node))},
            "spec": {"attacher": (disk.driver.as_str()), "nodeName": (node), "source": (source)},
        });
        let at = (Str::from(name), node.clone());
        self.tries.entry(at).or_insert(Try { failures: 0, next: ctx.now + ATTACH_TIMEOUT_MS });
        self.base.queue.add_after(name, 0, ctx.now, ATTACH_TIMEOUT_MS);
        match ctx.create(VOLUMEATTACHMENTS, attachment) {
            Err(e) if e.reason != Reason::AlreadyExists => Err(e),
            _ => Ok(()),
        }
    }

    /// Sees what became of an attachment that is wanted.
    fn follow(
        &mut self,
        of: &Subject<'_>,
        attachment: &str,
        node: &Str,
        caches: &Caches,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let Subject { name, disk, claim, volume } = *of;
        let at = (Str::from(name), node.clone());
        let Some(object) = caches.of_resource(VOLUMEATTACHMENTS).get(attachment).cloned() else {
            return Ok(());
        };
        if object.is_terminating() {
            return Ok(());
        }
        if object["status"]["attached"].is_true() {
            self.conflicts.remove(&at);
            self.report(node, None, caches, ctx)?;
            if self.tries.remove(&at).is_some() {
                let text = format!("AttachVolume.Attach succeeded for volume \"{}\" ", volume.name());
                self.tell(claim, node, (ATTACHED, &text), caches, ctx);
            }
            return Ok(());
        }
        let now = ctx.now;
        let t = self.tries.entry(at).or_insert(Try { failures: 0, next: now + ATTACH_TIMEOUT_MS });
        let refused = object["status"]["attachError"]["message"].text();
        let why = if !refused.is_empty() && (t.failures == 0 || t.next <= now) {
            refused.to_owned()
        } else if t.next <= now {
            format!(
                "timed out waiting for external-attacher of {} CSI driver to attach volume {}",
                disk.driver, disk.handle
            )
        } else {
            return Ok(());
        };
        let wait: Millis = (ATTACH_BACKOFF_MS << t.failures.min(10)).min(ATTACH_MAX_BACKOFF_MS);
        let again = if refused.is_empty() { wait + ATTACH_TIMEOUT_MS } else { wait };
        t.failures += 1;
        t.next = now + again;
        let text = format!("AttachVolume.Attach failed for volume \"{}\" : {why}", volume.name());
        self.base.queue.add_after(name, 0, now, again);
        self.tell(claim, node, (FAILED, &text), caches, ctx);
        Ok(())
    }

    /// Lets go of an attachment nobody wants: when the node has unmounted it, or can't be waited for any longer.
    fn detach(
        &mut self,
        of: &Subject<'_>,
        attachment: &str,
        node: &Str,
        caches: &Caches,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        if !self.may_detach(of.name, &unique_name(of.disk), node, caches, ctx) {
            return Ok(());
        }
        self.report(node, Some(of.name), caches, ctx)?;
        self.end(attachment, ctx)
    }

    fn may_detach(
        &mut self,
        name: &str,
        unique: &str,
        node: &Str,
        caches: &Caches,
        ctx: &mut Ctx<'_>,
    ) -> bool {
        let object = caches.of_resource(NODES).get(node);
        let since = *self.unwanted.entry((name.into(), node.clone())).or_insert(ctx.now);
        let waited = ctx.now.since(since);
        let force = !is_healthy(object) && waited >= MAX_WAIT_FOR_UNMOUNT_MS;
        if is_in_use(object, unique) && !force && !is_out_of_service(object) {
            if waited < MAX_WAIT_FOR_UNMOUNT_MS {
                self.base.queue.add_after(name, 0, ctx.now, MAX_WAIT_FOR_UNMOUNT_MS - waited);
            }
            return false;
        }
        true
    }

    fn end(&mut self, attachment: &str, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        match ctx.delete(VOLUMEATTACHMENTS, "", attachment, None, None, None) {
            Err(e) if e.reason != Reason::NotFound => Err(e),
            _ => Ok(()),
        }
    }

    /// Writes which volumes are attached into the node's status, so that its kubelet may mount them.
    fn report(
        &mut self,
        node: &Str,
        without: Option<&str>,
        caches: &Caches,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let Some(object) = caches.of_resource(NODES).get(node) else { return Ok(()) };
        let mut names: BTreeSet<String> = BTreeSet::new();
        for volume in self.on_node.get(node).into_iter().flatten().filter(|v| without != Some(v.as_str())) {
            if let Some((unique, _)) = self.by_word.get(volume).filter(|(_, nodes)| nodes.contains(node)) {
                names.insert(unique.clone());
                continue;
            }
            let attached = self.attachments.get(volume).into_iter().flat_map(|a| a.iter()).any(|(a, n)| {
                n == node
                    && caches
                        .of_resource(VOLUMEATTACHMENTS)
                        .get(a)
                        .is_some_and(|a| a["status"]["attached"].is_true() && !a.is_terminating())
            });
            if !attached {
                continue;
            }
            if volume.contains('/') {
                names.insert(volume.to_string());
            } else if let Some(disk) = disk(&self.volume(volume, caches)["spec"]) {
                names.insert(unique_name(&disk));
            }
        }
        let list: Value = names.iter().map(|n| value!({"name": (n.as_str()), "devicePath": ""})).collect();
        let list = if names.is_empty() { Value::Null } else { list };
        if object["status"]["volumesAttached"] == list {
            return Ok(());
        }
        let patch = value!({"status": {"volumesAttached": (list)}});
        ctx.patch(NODES, "", node, "status", PatchType::Merge, patch).map(|_| ())
    }
}

impl Controller for AttachDetachController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![PODS, NODES, PERSISTENTVOLUMECLAIMS, PERSISTENTVOLUMES, VOLUMEATTACHMENTS, CSIDRIVERS]
    }

    fn concerns(&self, pod: &PodFacts<'_>) -> bool {
        pod.is.has_disks
    }

    fn on_change(&mut self, change: &Change, caches: &Caches, now: Time) {
        match change.resource.as_str() {
            "pods" => self.on_pod(change, caches, now),
            "nodes" => self.on_node(change, now),
            "persistentvolumeclaims" if self.users.contains_key(&change.key()) => {
                self.look_at(&change.object, change.revision, now);
            }
            "persistentvolumes" => {
                let r = &change.object["spec"]["claimRef"];
                let claim = key_of(r["namespace"].text(), r["name"].text());
                if self.users.contains_key(&claim)
                    || self.attachments.contains_key(&change.name)
                    || self.by_word.contains_key(&change.name)
                {
                    self.base.queue.add(change.name.clone(), change.revision, now);
                }
            }
            "volumeattachments.storage.k8s.io" => self.on_attachment(change, now),
            _ => {}
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        self.reconcile(key, caches, ctx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_from_volume_driver_and_node() {
        let disk = |handle: &str| Disk { driver: "d".into(), handle: handle.into() };
        let a = attachment_name(&disk("v"), "n1");
        assert_eq!((a.len(), attachment_name(&disk("v"), "n1")), (68, a.clone()));
        assert_ne!(a, attachment_name(&disk("v"), "n2"));
        assert_ne!(a, attachment_name(&disk("w"), "n1"));
    }
}
