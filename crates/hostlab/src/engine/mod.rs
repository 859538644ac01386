//! A container engine as plain data: images, containers, networks, volumes, and what runs now.
//!
//! Models `dockerd` as far as a learner meets it. Not modelled: swarm, plugins, IPv6, logging drivers, cgroup details.

mod container;
mod names;
mod network;
mod store;

use ordered::BTreeMap;
use std::sync::Arc;

use clock::{Rng, Time};
use containers::fs::{Node, Tree, VolumeId, Volumes};
use containers::images::{Built, Login, Roots};

pub use container::{Container, NewContainer, PortMap, State};
pub use network::Network;
pub(crate) use store::reference_name;

/// The files of the machine the engine runs on, for bind mounts.
pub trait HostFiles {
    fn node(&mut self, path: &str) -> Option<Node>;
    fn put(&mut self, path: &str, node: Node);
}

/// A host without files.
pub struct NoFiles;

impl HostFiles for NoFiles {
    fn node(&mut self, _path: &str) -> Option<Node> {
        None
    }
    fn put(&mut self, _path: &str, _node: Node) {}
}

/// A named or anonymous volume.
#[derive(Clone, Debug)]
pub struct Volume {
    pub id: VolumeId,
    pub created: Time,
    pub labels: Vec<(String, String)>,
}

/// A path of the host inside containers.
#[derive(Clone, Debug)]
struct Bind {
    id: VolumeId,
    path: String,
    /// A single file: it lies in a directory of its own under its last name.
    file: bool,
    /// What both sides held when they were last compared.
    seen: Option<Node>,
}

/// What a build step left behind, found again by the key of all that led to it.
#[derive(Clone, Debug)]
pub(crate) struct CacheEntry {
    pub(crate) image: Arc<Built>,
}

/// The engine. A clone is a snapshot.
#[derive(Clone)]
pub struct Engine {
    pub(crate) roots: Roots,
    /// By id (`sha256:..`).
    pub(crate) images: BTreeMap<String, Arc<Built>>,
    /// By name and tag (`docker.io/library/nginx:1.27`): the image's id.
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) containers: Vec<Container>,
    pub(crate) networks: Vec<Network>,
    pub(crate) volumes: BTreeMap<String, Volume>,
    pub(crate) trees: Volumes,
    binds: Vec<Bind>,
    pub(crate) cache: BTreeMap<String, CacheEntry>,
    pub(crate) logins: Vec<Login>,
    pub(crate) rng: Rng,
    next_volume: u64,
    pub(crate) now: Time,
    /// When something in a container goes on by itself.
    wakes: Option<Time>,
    /// Reverse proxies that wait for those behind them.
    passing: u32,
}

impl Default for Engine {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Engine {
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut engine = Self {
            roots: Roots::default(),
            images: BTreeMap::new(),
            tags: BTreeMap::new(),
            containers: Vec::new(),
            networks: Vec::new(),
            volumes: BTreeMap::new(),
            trees: Volumes::default(),
            binds: Vec::new(),
            cache: BTreeMap::new(),
            logins: Vec::new(),
            rng: Rng::new(seed).fork("docker"),
            next_volume: 0,
            now: Time::EPOCH,
            wakes: None,
            passing: 0,
        };
        for name in ["bridge", "host", "none"] {
            engine.make_network(name, name.replace("none", "null").as_str());
        }
        engine
    }

    /// 64 hexadecimal digits.
    pub(crate) fn fresh_id(&mut self) -> String {
        self.rng.letters(b"0123456789abcdef", 64)
    }

    pub(crate) fn fresh_volume(&mut self, root: Node) -> VolumeId {
        self.next_volume += 1;
        let id = VolumeId(self.next_volume);
        self.trees.trees.insert(id, Tree::with_root(root));
        id
    }

    /// A volume by name, made when it is new.
    pub(crate) fn volume(&mut self, name: &str) -> VolumeId {
        if let Some(v) = self.volumes.get(name) {
            return v.id;
        }
        let id = self.fresh_volume(Node::dir(0o755));
        self.volumes.insert(name.into(), Volume { id, created: self.now, labels: Vec::new() });
        id
    }

    /// The volume that stands for a path of the host.
    pub(crate) fn bind(&mut self, path: &str, files: &mut dyn HostFiles) -> (VolumeId, bool) {
        if let Some(b) = self.binds.iter().find(|b| b.path == path) {
            return (b.id, b.file);
        }
        let node = files.node(path);
        let file = matches!(node, Some(Node::File(_)));
        if node.is_none() {
            files.put(path, Node::dir(0o755));
        }
        let id = self.fresh_volume(Node::dir(0o755));
        self.binds.push(Bind { id, path: path.into(), file, seen: None });
        (id, file)
    }

    /// Brings bind mounts and the host's files together: whoever changed since the last time gives.
    pub fn sync_binds(&mut self, files: &mut dyn HostFiles) {
        for bind in &mut self.binds {
            let Some(tree) = self.trees.trees.get_mut(&bind.id) else { continue };
            let name = bind.path.rsplit('/').next().unwrap_or_default();
            let inside = if bind.file { tree.node(&[name.into()]).cloned() } else { Some(tree.root.clone()) };
            let outside = files.node(&bind.path);
            let changed_outside = !same(outside.as_ref(), bind.seen.as_ref());
            if changed_outside {
                if let Some(node) = &outside {
                    if bind.file { tree.put(name, node.clone()) } else { tree.root = node.clone() }
                }
                bind.seen = outside;
            } else if !same(inside.as_ref(), bind.seen.as_ref())
                && let Some(node) = inside
            {
                files.put(&bind.path, node.clone());
                bind.seen = files.node(&bind.path);
                if let Some(seen) = &bind.seen {
                    if bind.file { tree.put(name, seen.clone()) } else { tree.root = seen.clone() }
                }
            }
        }
    }

    /// Whether anything runs.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.containers.iter().all(|c| !c.is_running())
    }

    /// The next instant at which something here goes on by itself.
    #[must_use]
    pub fn next_wake(&self) -> Option<Time> {
        self.wakes
    }

    /// A machine was made or touched: it is looked at in the next step.
    pub(crate) fn touch(&mut self, i: usize) {
        self.wake_by(i, self.now);
    }

    pub(crate) fn wake_by(&mut self, i: usize, at: Time) {
        if let Some(c) = self.containers.get_mut(i) {
            c.wake_by(at);
        }
        self.wakes = Some(self.wakes.map_or(at, |t| t.min(at)));
    }

    /// Lets every container go on that can. True when one of them moved.
    pub fn step(&mut self, now: Time, files: &mut dyn HostFiles) -> bool {
        self.now = now;
        if self.wakes.is_none_or(|t| t > now) {
            return false;
        }
        self.sync_binds(files);
        self.wakes = None;
        for i in 0..self.containers.len() {
            if self.containers[i].wakes_at().is_some_and(|t| t <= now) {
                self.step_container(i);
            }
        }
        let gone: Vec<String> =
            self.containers.iter().filter(|c| c.to_be_removed()).map(|c| c.id.clone()).collect();
        for id in gone {
            self.forget_container(&id);
        }
        self.wakes = self.containers.iter().filter_map(Container::wakes_at).min();
        self.sync_binds(files);
        true
    }
}

/// Whether two nodes are the same piece of memory: nothing was written between.
fn same(a: Option<&Node>, b: Option<&Node>) -> bool {
    match (a, b) {
        (Some(Node::Dir(a)), Some(Node::Dir(b))) => Arc::ptr_eq(a, b),
        (Some(Node::File(a)), Some(Node::File(b))) => Arc::ptr_eq(a, b),
        (None, None) => true,
        _ => false,
    }
}
