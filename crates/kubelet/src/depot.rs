//! What all nodes of a cluster share beneath their containers: the trees of images, and the trees of volumes.
//!
//! Owns: one file tree per volume under a name. Does not own: which pod mounts what (volumes).
//! The cluster keeps the one depot and lends it to the kubelet that acts. A tree's name tells how long it lives and
//! who sees it: `pod/<uid>/..` goes with its pod, `node/<name>` is a node's disk, anything else outlives both.

use ordered::BTreeMap;
use std::sync::Arc;

use clock::Millis;
use containers::fs::{BLOCK_DEVICE, Dev, Meta, Node, SOCKET, Tree, VolumeId, Volumes, split};
use containers::images::{Login, Registry, Roots, base, reference};
use objects::Str;

use crate::image_manager::{ImageFacts, PullError, look_up};
use crate::machines::NODE_DNS;
use crate::parts::Parts;

/// Plain data.
#[derive(Clone, Debug, Default)]
pub struct Depot {
    pub(crate) roots: Roots,
    pub(crate) volumes: Volumes,
    names: BTreeMap<String, VolumeId>,
    next: u64,
    /// The registries: what was pushed, accounts, faults.
    pub registry: Registry,
    /// By image reference: how its own program behaves when nobody asks it anything.
    pub(crate) verdicts: BTreeMap<String, Verdict>,
    /// What references lead to for somebody without an account, at one generation of the registries.
    found: BTreeMap<Str, Arc<ImageFacts>>,
    found_at: u64,
    /// What the statuses of pods have in common.
    pub(crate) parts: Parts,
}

/// How many references are remembered.
const FOUND_MAX: usize = 512;

/// What a trial run of an image's own program showed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Verdict {
    /// It waits for requests without end, and needs no machine before the first.
    pub(crate) idle: bool,
    /// The code it ends with after SIGTERM, if it ends.
    pub(crate) term: Option<i32>,
    /// How long after its start it waits, and what it listens on then (0: nothing).
    pub(crate) opens_ms: Millis,
    pub(crate) ports: [u16; 4],
}

impl Depot {
    /// The volume called `name`, empty when it is new.
    pub(crate) fn volume(&mut self, name: &str) -> VolumeId {
        if let Some(id) = self.names.get(name) {
            return *id;
        }
        self.next += 1;
        let id = VolumeId(self.next);
        self.names.insert(name.to_owned(), id);
        self.volumes.trees.insert(id, Tree::with_root(Node::dir(0o777)));
        id
    }

    /// What a reference leads to in the registries, for somebody with these accounts. It is worked out once for all
    /// pods while nothing is wrong with any registry and nobody pushes or logs in.
    pub(crate) fn look_up(&mut self, text: &Str, logins: &[Login]) -> Result<Arc<ImageFacts>, PullError> {
        if self.found_at != self.registry.generation() || self.found.len() >= FOUND_MAX {
            self.found.clear();
            self.found_at = self.registry.generation();
        }
        let plain = logins.is_empty() && self.is_well();
        if plain && let Some(facts) = self.found.get(text) {
            return Ok(Arc::clone(facts));
        }
        let facts = Arc::new(look_up(text, &self.registry, logins)?);
        if plain {
            self.found.insert(text.clone(), Arc::clone(&facts));
        }
        Ok(facts)
    }

    fn is_well(&self) -> bool {
        self.registry.faults().next().is_none()
    }

    /// How many times slower than usual a reference's layers arrive.
    pub(crate) fn slowness(&self, text: &str) -> Millis {
        if self.is_well() {
            return 1;
        }
        reference::parse(text).map_or(1, |r| self.registry.slowness(&r).into())
    }

    /// Programs that containers asked for in vain, and how often.
    pub fn missing(&self) -> impl Iterator<Item = (&str, u32)> {
        self.volumes.missing.iter().map(|(name, n)| (name.as_str(), *n))
    }

    /// The volume called `name`, if there is one.
    pub(crate) fn known(&self, name: &str) -> Option<VolumeId> {
        self.names.get(name).copied()
    }

    /// A node's own disk, with what every node has on it.
    pub(crate) fn node_disk(&mut self, node: &str) -> VolumeId {
        let name = format!("node/{node}");
        if let Some(id) = self.names.get(&name) {
            return *id;
        }
        let id = self.volume(&name);
        if let Some(tree) = self.tree_mut(id) {
            for dir in [
                "/home",
                "/mnt",
                "/opt",
                "/srv",
                "/var/lib/kubelet/pods",
                "/var/log/pods",
                "/var/log/containers",
            ] {
                tree.put(dir, Node::dir(0o755));
            }
            tree.put("/tmp", Node::dir(0o1777));
            tree.put_file("/etc/hostname", format!("{node}\n").as_bytes(), 0o644);
            let resolv = format!("nameserver {NODE_DNS}\n");
            tree.put_file("/etc/resolv.conf", resolv.as_bytes(), 0o644);
            tree.put_file("/etc/os-release", b"NAME=\"Wheelhouse simulated node\"\nID=wheelhouse\n", 0o644);
            tree.put_file("/run/containerd/containerd.sock", b"", SOCKET | 0o660);
            tree.put_file("/dev/sda", b"", BLOCK_DEVICE | 0o660);
            for (path, device) in [
                ("/dev/null", Dev::Null),
                ("/dev/zero", Dev::Zero),
                ("/dev/random", Dev::Random),
                ("/dev/urandom", Dev::Random),
            ] {
                tree.put(path, Node::Dev(device, Meta::new(0o666)));
            }
        }
        id
    }

    /// Puts a distribution's own files on a node's disk, for those who make it their root.
    fn lay(tree: &mut Tree, path: &str, node: &Node) {
        match (node, tree.node(&split(path))) {
            (Node::Dir(d), Some(Node::Dir(_))) => {
                for (name, inner) in &d.entries {
                    Self::lay(tree, &format!("{path}/{name}"), inner);
                }
            }
            (_, None) => tree.put(path, node.clone()),
            _ => {}
        }
    }

    pub(crate) fn lay_system(&mut self, id: VolumeId) {
        let Some(tree) = self.tree_mut(id).filter(|t| t.node(&split("/bin")).is_none()) else { return };
        let used = tree.used;
        Self::lay(tree, "", &base::system().root);
        tree.used = used;
    }

    /// A directory at `path`, if nothing is there.
    pub(crate) fn make_dir(&mut self, id: VolumeId, path: &str, mode: u16) {
        if let Some(tree) = self.tree_mut(id)
            && tree.node(&split(path)).is_none()
        {
            tree.put(path, Node::dir(mode));
        }
    }

    pub(crate) fn tree_mut(&mut self, id: VolumeId) -> Option<&mut Tree> {
        self.volumes.trees.get_mut(&id)
    }

    pub(crate) fn tree(&self, id: VolumeId) -> Option<&Tree> {
        self.volumes.trees.get(&id)
    }

    /// What is on the disk `from`, on the disk `to` as well from now on.
    pub fn copy(&mut self, from: &str, to: &str) {
        let id = self.volume(from);
        let Some(tree) = self.tree(id).cloned() else { return };
        let to = self.volume(to);
        if let Some(t) = self.tree_mut(to) {
            (t.root, t.used) = (tree.root, tree.used);
        }
    }

    /// Ends a disk with what is on it. A name with a NUL is a directory of a node's disk: `node/<name>`, NUL, path.
    pub fn forget_disk(&mut self, name: &str) {
        let Some((node, path)) = name.split_once('\0') else {
            if let Some(id) = self.names.remove(name) {
                self.volumes.trees.remove(&id);
            }
            return;
        };
        let parts = split(path);
        let Some((last, above)) = parts.split_last() else { return };
        // A path that no node is named for is gone from all of them.
        let end = if node == "node/" { "node0" } else { node };
        let ids: Vec<VolumeId> = if node == end {
            self.names.get(node).copied().into_iter().collect()
        } else {
            self.names.range(node.to_owned()..end.to_owned()).map(|(_, id)| *id).collect()
        };
        for id in ids {
            if let Some(tree) = self.tree_mut(id)
                && let Ok(dir) = tree.dir_mut(above)
                && let Some(gone) = dir.entries.remove(last)
            {
                tree.used = tree.used.saturating_sub(gone.own_bytes());
            }
        }
    }

    /// Forgets every volume whose name begins with `prefix`.
    pub fn forget(&mut self, prefix: &str) {
        let gone: Vec<String> = self
            .names
            .range(prefix.to_owned()..)
            .take_while(|(name, _)| name.starts_with(prefix))
            .map(|(name, _)| name.clone())
            .collect();
        for name in gone {
            if let Some(id) = self.names.remove(&name) {
                self.volumes.trees.remove(&id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pods_volumes_go_with_it_and_no_others() {
        let mut d = Depot::default();
        let a = d.volume("pod/1/data");
        let b = d.volume("pod/10/data");
        assert_eq!(d.volume("pod/1/data"), a);
        d.forget("pod/1/");
        assert!(d.tree(a).is_none() && d.tree(b).is_some());
        assert_ne!(d.volume("pod/1/data"), a);
    }
}
