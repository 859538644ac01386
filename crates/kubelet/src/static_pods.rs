//! Static pods: what the manifests on the node's disk say, and the mirror of each at the API server.
//!
//! Owns: reading `/etc/kubernetes/manifests`, starting and ending what is in it, keeping the mirrors.
//! Models `pkg/kubelet/config/file.go`, `common.go` and `pkg/kubelet/pod/mirror_client.go`: a static pod runs without
//! the API server, and its mirror is made anew whenever it is deleted. The directory is looked at every 20 s, and
//! whenever a process of the node that sees the disk has run. Not modelled: manifests from a URL, JSON lists.

use std::sync::Arc;

use client::Ctx;
use clock::Time;
use containers::fs::{Dir, Node, split};
use objects::resources::PODS;
use objects::{Reason, Str, Value, value};

use crate::pod_worker::{PodWorker, Work};
use crate::{Kubelet, Task, delays, image_manager};

/// Where the kubelet looks for manifests.
pub const MANIFESTS: &str = "/etc/kubernetes/manifests";
pub(crate) const MIRROR: &str = "kubernetes.io/config.mirror";

/// What makes a pod a static one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fixed {
    /// Tells one version of its manifest from another; also its mirror's annotation.
    pub(crate) hash: Str,
    /// Its manifest is gone, or is another one now: it is to end.
    pub(crate) gone: bool,
    /// The uid of its mirror, empty while there is none.
    pub(crate) mirror: Str,
}

fn hash(text: &str, node: &str) -> Str {
    let seed = text.bytes().chain(node.bytes());
    let n =
        seed.fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3));
    Str::from(&image_manager::digest(n)[..32])
}

/// The pod a manifest describes, as it runs on `node`. `None` for what is no pod.
fn read(text: &str, node: &Value, node_name: &str, now: Time) -> Option<Value> {
    let mut pod = objects::yaml::load(text).ok()?.value;
    if pod.kind() != "Pod" || pod.name().is_empty() || pod["spec"]["containers"].items().is_empty() {
        return None;
    }
    let hash = hash(text, node_name);
    let name = format!("{}-{node_name}", pod.name());
    let namespace = if pod.namespace().is_empty() { "default" } else { pod.namespace() }.to_owned();
    let mut annotations = pod.annotations().clone();
    annotations.set("kubernetes.io/config.hash", hash.clone());
    annotations.set(MIRROR, hash);
    annotations.set("kubernetes.io/config.seen", now.rfc3339());
    annotations.set("kubernetes.io/config.source", "file");
    pod.set_at(&["metadata", "name"], name);
    pod.set_at(&["metadata", "namespace"], namespace);
    pod.set_at(&["metadata", "annotations"], annotations);
    if !node.is_null() {
        let owner = value!({
            "apiVersion": "v1", "kind": "Node", "name": (node_name), "uid": (node.uid()), "controller": true,
        });
        pod.set_at(&["metadata", "ownerReferences"], vec![owner]);
    }
    pod.set_at(&["spec", "nodeName"], node_name);
    let mut tolerations = pod["spec"]["tolerations"].clone();
    tolerations.list_mut().push(value!({"effect": "NoExecute", "operator": "Exists"}));
    pod.set_at(&["spec", "tolerations"], tolerations);
    Some(pod)
}

impl Kubelet {
    pub(crate) fn disk_name(&self) -> String {
        format!("node/{}", self.config.node)
    }

    /// The directory of manifests as it is now.
    fn manifests(&mut self) -> Option<Arc<Dir>> {
        let id = self.depot.known(&self.disk_name())?;
        match self.depot.tree(id)?.node(&split(MANIFESTS)) {
            Some(Node::Dir(dir)) => Some(Arc::clone(dir)),
            _ => None,
        }
    }

    /// Writes a file on the node's disk.
    pub fn write_file(&mut self, path: &str, text: &str) {
        let id = self.depot.node_disk(&self.config.node);
        if let Some(tree) = self.depot.tree_mut(id) {
            tree.put_file(path, text.as_bytes(), 0o600);
        }
    }

    /// A file on the node's disk.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        let id = self.depot.known(&self.disk_name())?;
        self.depot.tree(id)?.file(path)
    }

    /// The names in a directory of the node's disk; `None`: there is no such directory.
    #[must_use]
    pub fn files(&self, path: &str) -> Option<Vec<String>> {
        let id = self.depot.known(&self.disk_name())?;
        match self.depot.tree(id)?.node(&split(path)) {
            Some(Node::Dir(dir)) => Some(dir.entries.keys().map(ToString::to_string).collect()),
            _ => None,
        }
    }

    /// All that is on the node's disk.
    pub fn disk_root(&mut self) -> Option<Node> {
        let id = self.depot.node_disk(&self.config.node);
        if self.file("/etc/hosts").is_none() {
            let (ip, name) = (self.host_ip(), &self.config.node);
            let text = format!("127.0.0.1\tlocalhost\n{ip}\t{name}\n");
            self.depot.tree_mut(id)?.put_file("/etc/hosts", text.as_bytes(), 0o644);
        }
        self.depot.tree(id).map(|t| t.root.clone())
    }

    /// Writes a file on the node's disk as somebody at its shell does; `None` removes it.
    pub fn put_file(&mut self, path: &str, content: Option<&[u8]>, now: Time) {
        let id = self.depot.node_disk(&self.config.node);
        let Some(tree) = self.depot.tree_mut(id) else { return };
        match content {
            Some(bytes) => tree.put_file(path, bytes, 0o644),
            None => {
                let mut parts = split(path);
                let Some(name) = parts.pop() else { return };
                if let Ok(dir) = tree.dir_mut(&parts) {
                    dir.entries.remove(&name);
                }
            }
        }
        self.disk_touched(now);
    }

    /// Moves a file on the node's disk; to nowhere: removes it. False when there is none.
    pub fn move_file(&mut self, from: &str, to: Option<&str>, now: Time) -> bool {
        let Some(id) = self.depot.known(&self.disk_name()) else { return false };
        let Some(tree) = self.depot.tree_mut(id) else { return false };
        let mut parts = split(from);
        let Some(name) = parts.pop() else { return false };
        let taken = tree.dir_mut(&parts).ok().and_then(|dir| dir.entries.remove(&name));
        let Some(node) = taken else { return false };
        if let Some(to) = to {
            tree.put(to, node);
        }
        self.disk_touched(now);
        true
    }

    /// Makes a directory on the node's disk, and those above it. False when something else is there.
    pub fn make_directory(&mut self, path: &str, now: Time) -> bool {
        let id = self.depot.node_disk(&self.config.node);
        self.depot.make_dir(id, path, 0o755);
        self.disk_touched(now);
        self.depot.tree(id).and_then(|t| t.node(&split(path))).is_some_and(containers::fs::Node::is_dir)
    }

    /// Looks whether the manifests have changed, when something may have changed them.
    pub(crate) fn disk_touched(&mut self, now: Time) {
        let dir = self.manifests();
        let same = match (&dir, &self.seen_manifests) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        if !same {
            self.seen_manifests = dir;
            self.tasks.set(now + delays::MANIFEST_NOTICE_MS, Task::Manifests(false));
        }
    }

    /// What the manifests say, by the pods' keys.
    fn wanted(&mut self, now: Time) -> Vec<Value> {
        let dir = self.manifests();
        self.seen_manifests.clone_from(&dir);
        let Some(dir) = dir else { return Vec::new() };
        let mut all = Vec::new();
        for (name, node) in &dir.entries {
            if let Node::File(file) = node
                && !name.starts_with('.')
                && let Ok(text) = std::str::from_utf8(&file.bytes)
            {
                all.extend(read(text, &self.node, &self.config.node, now));
            }
        }
        all
    }

    /// Begins with the manifests on the disk, their containers running already.
    pub fn boot_static_pods(&mut self, ctx: &mut Ctx<'_>) {
        self.act_as_self(ctx);
        for pod in self.wanted(ctx.now) {
            if let Ok(stored) = ctx.create(PODS, pod) {
                self.adopt(&stored, ctx);
            }
        }
        self.tasks.set(ctx.now + delays::MANIFEST_CHECK_MS, Task::Manifests(true));
    }

    /// Starts what is new among the manifests and ends what is gone.
    pub(crate) fn sync_manifests(&mut self, again: bool, ctx: &mut Ctx<'_>) {
        if again {
            self.tasks.set(ctx.now + delays::MANIFEST_CHECK_MS, Task::Manifests(true));
        }
        let wanted = self.wanted(ctx.now);
        let running: Vec<Str> =
            self.pods.iter().filter(|(_, w)| w.fixed.is_some()).map(|(k, _)| k.clone()).collect();
        for key in running {
            let new = wanted.iter().find(|p| p.key() == key).map(|p| p.annotations()[MIRROR].to_str());
            let Some(fixed) = self.pods.get_mut(&key).and_then(|w| w.fixed.as_deref_mut()) else { continue };
            if new.as_ref() != Some(&fixed.hash) && !fixed.gone {
                fixed.gone = true;
                self.terminate(&key, ctx);
            }
        }
        for pod in wanted {
            let key = pod.key();
            if self.pods.get(&key).is_none_or(|w| w.fixed.is_none()) {
                self.begin_static(key, pod, ctx);
            }
        }
    }

    fn begin_static(&mut self, key: Str, mut pod: Value, ctx: &mut Ctx<'_>) {
        // Until there is a mirror the pod goes by its hash.
        let hash = pod.annotations()[MIRROR].to_str();
        pod.set_at(&["metadata", "uid"], &hash);
        self.pods.insert(key.clone(), PodWorker::new(&pod, 0));
        self.tasks.set(ctx.now, Task::Pod(key.clone(), Work::Begin));
        self.mirror(&key, ctx);
    }

    /// Sees to it that the pod has its mirror.
    pub(crate) fn mirror(&mut self, key: &Str, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.get(key) else { return };
        let Some(fixed) = worker.fixed.as_ref().filter(|f| !f.gone) else { return };
        let (namespace, name) = (worker.pod.namespace().to_owned(), worker.pod.name().to_owned());
        let stored = match ctx.get(PODS, &namespace, &name) {
            Ok(old) if old.annotations()[MIRROR] == fixed.hash.as_str() && !old.is_terminating() => Ok(old),
            Ok(old) => {
                let _ = ctx.delete(PODS, &namespace, &name, Some(old.uid()), Some(0), None);
                ctx.create(PODS, self.mirror_of(worker))
            }
            Err(e) if e.reason == Reason::NotFound => ctx.create(PODS, self.mirror_of(worker)),
            Err(e) => Err(e),
        };
        match stored {
            Ok(stored) => {
                if let Some(worker) = self.pods.get_mut(key) {
                    worker.take_mirror(&stored);
                }
                self.report(key, ctx);
            }
            Err(_) => drop(self.tasks.set(ctx.now + delays::RETRY_MS, Task::Mirror(key.clone()))),
        }
    }

    fn mirror_of(&self, worker: &PodWorker) -> Value {
        let mut pod = worker.pod.clone();
        pod.remove("status");
        for field in [
            "uid",
            "resourceVersion",
            "creationTimestamp",
            "deletionTimestamp",
            "generation",
            "deletionGracePeriodSeconds",
        ] {
            pod.remove_at(&["metadata", field]);
        }
        if pod.meta()["ownerReferences"].is_null() && !self.node.is_null() {
            let owner = value!({
                "apiVersion": "v1", "kind": "Node", "name": (&self.config.node), "uid": (self.node.uid()),
                "controller": true,
            });
            pod.set_at(&["metadata", "ownerReferences"], vec![owner]);
        }
        pod
    }

    /// A change of a mirror: never the pod's own life, only whether the mirror is there.
    pub(crate) fn mirror_changed(&mut self, key: &Str, pod: &Value, deleted: bool, now: Time) {
        let Some(worker) = self.pods.get_mut(key) else { return };
        let Some(fixed) = &mut worker.fixed else { return };
        if fixed.mirror != pod.uid() {
            return;
        }
        if deleted || pod.is_terminating() {
            fixed.mirror = Str::default();
            if !fixed.gone {
                self.tasks.set(now + delays::REPORT_MS, Task::Mirror(key.clone()));
            }
        } else {
            let others = pod["status"] != worker.pod["status"];
            worker.take_mirror(pod);
            if others {
                self.schedule_report(key, now);
            }
        }
    }

    /// What is left to do when a static pod has ended: its mirror goes, and another version may begin.
    pub(crate) fn static_ended(&mut self, key: &Str, ctx: &mut Ctx<'_>) {
        let Some(worker) = self.pods.remove(key) else { return };
        self.leave(key, &worker, ctx.now);
        let uid = worker.fixed.map(|f| f.mirror).unwrap_or_default();
        if !uid.is_empty() {
            let (namespace, name) = objects::meta::split_key(key);
            let _ = ctx.delete(PODS, namespace, name, Some(&uid), Some(0), None);
        }
        self.tasks.set(ctx.now, Task::Manifests(false));
    }
}
