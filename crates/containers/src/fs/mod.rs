//! File systems in memory: shared trees, a container's own writes over them, and mounts of volumes.
//!
//! Owns: path resolution through links and mounts, permissions, sizes and limits.
//! Does not own: open files and pipes (the machine's), or what volumes exist (the embedder's).
//! Not modelled: hard links (a copy is made), access times, an open file that outlives its name.

use ordered::Sort as _;
mod errno;
mod node;
mod tree;

use std::collections::VecDeque;
use std::sync::Arc;

use clock::Time;
use smol_str::SmolStr;

pub use errno::Errno;
pub use node::{BLOCK_DEVICE, Dev, Dir, File, Link, Meta, Node, SOCKET};
pub use tree::{Tree, VolumeId, Volumes, clean, join, split};

/// Real bytes one file may hold; zeros are not counted.
const FILE_BYTES_MAX: usize = 16 << 20;
/// Bytes one tree may take from its users before the disk counts as full: a node's, less what its system takes.
const TREE_BYTES_MAX: u64 = 94 << 30;
const LINKS_MAX: u32 = 40;
const SET_GROUP: u16 = 0o2000;

/// A volume, or a part of it, seen at a path.
#[derive(Clone, Debug)]
pub struct Mount {
    at: Vec<SmolStr>,
    volume: VolumeId,
    sub: Vec<SmolStr>,
    read_only: bool,
    /// It is another's, and here for a step.
    lent: bool,
}

/// The directory that a process takes for `/`.
pub type Root = Arc<[SmolStr]>;

/// What one container (or the learner) sees under `/`.
#[derive(Clone, Debug, Default)]
pub struct Fs {
    pub tree: Tree,
    mounts: Vec<Mount>,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Cred {
    pub uid: u32,
    pub gid: u32,
    /// Further groups that it is in; 0: none.
    pub more: [u32; 4],
}

/// A file system together with the volumes it mounts and who asks when: where all operations are.
pub struct View<'a> {
    /// Where `/` is: a process may have changed its root.
    pub root: Root,
    pub fs: &'a mut Fs,
    pub volumes: &'a mut Volumes,
    pub cred: Cred,
    pub now: Time,
}

impl Fs {
    #[must_use]
    pub fn new(root: Node) -> Self {
        Self { tree: Tree::with_root(root), mounts: Vec::new() }
    }

    /// Mounts `sub` (empty: all) of `volume` at `path`; the mount point appears if it is missing.
    /// `file` says that the part is a single file.
    pub fn mount(&mut self, path: &str, volume: VolumeId, sub: &str, read_only: bool, file: bool) {
        let at = split(&clean(path));
        if self.tree.node(&at).is_none() {
            let node = if file { Node::file(b"", 0o644) } else { Node::dir(0o755) };
            self.tree.put(&clean(path), node);
        }
        self.mounts.push(Mount { at, volume, sub: split(sub), read_only, lent: false });
        self.mounts.arrange_by_key(|m| std::cmp::Reverse(m.at.len()));
    }

    /// Mounts as (path, volume, read-only), longest path first.
    pub fn mounts(&self) -> impl Iterator<Item = (String, VolumeId, bool)> + '_ {
        self.mounts
            .iter()
            .filter(|m| !m.lent)
            .map(|m| (format!("/{}", m.at.join("/")), m.volume, m.read_only))
    }

    /// All that another file system mounts, seen below `path`.
    pub(crate) fn mount_below(&mut self, path: &str, other: &Fs) {
        let above = split(path);
        for m in &other.mounts {
            let at = above.iter().chain(&m.at).cloned().collect();
            self.mounts.push(Mount { at, lent: true, ..m.clone() });
        }
        self.mounts.arrange_by_key(|m| std::cmp::Reverse(m.at.len()));
    }

    /// Takes back what [`Fs::mount_below`] did.
    pub(crate) fn forget_lent(&mut self) {
        self.mounts.retain(|m| !m.lent);
    }

    fn locate(&self, parts: &[SmolStr]) -> (Option<&Mount>, usize) {
        self.mounts.iter().find(|m| parts.starts_with(&m.at)).map_or((None, 0), |m| (Some(m), m.at.len()))
    }
}

impl View<'_> {
    fn node_at(&self, parts: &[SmolStr]) -> Option<&Node> {
        match self.fs.locate(parts) {
            (None, _) => self.fs.tree.node(parts),
            (Some(m), n) if m.sub.is_empty() => self.volumes.trees.get(&m.volume)?.node(&parts[n..]),
            (Some(m), n) => {
                let inner: Vec<SmolStr> = m.sub.iter().chain(&parts[n..]).cloned().collect();
                self.volumes.trees.get(&m.volume)?.node(&inner)
            }
        }
    }

    /// The tree that holds `parts`, for writing, and the path inside it.
    fn tree_at(&mut self, parts: &[SmolStr]) -> Result<(&mut Tree, Vec<SmolStr>), Errno> {
        let (read_only, found) = match self.fs.locate(parts) {
            (None, _) => (false, None),
            (Some(m), n) => {
                let inner: Vec<SmolStr> = m.sub.iter().chain(&parts[n..]).cloned().collect();
                (m.read_only, Some((m.volume, inner)))
            }
        };
        let (tree, inner) = match found {
            None => (&mut self.fs.tree, parts.to_vec()),
            Some((id, inner)) => (self.volumes.trees.get_mut(&id).ok_or(Errno::NoEntry)?, inner),
        };
        if read_only || tree.read_only {
            return Err(Errno::ReadOnly);
        }
        Ok((tree, inner))
    }

    /// The real path of `path`: links followed (the last one only if `follow`). A missing last name is allowed.
    pub fn real(&self, path: &str, follow: bool) -> Result<Vec<SmolStr>, Errno> {
        let mut left: VecDeque<SmolStr> = split(path).into();
        let must_be_dir = path.ends_with('/') && path.len() > 1;
        let mut at: Vec<SmolStr> = self.root.to_vec();
        let mut links = 0;
        while let Some(part) = left.pop_front() {
            if part == ".." {
                if at.len() > self.root.len() {
                    at.pop();
                }
                continue;
            }
            match self.node_at(&at) {
                Some(Node::Dir(d)) => self.allowed(d.meta, 1)?,
                Some(_) => return Err(Errno::NotDir),
                None => return Err(Errno::NoEntry),
            }
            at.push(part);
            match self.node_at(&at) {
                Some(Node::Link(link)) if follow || !left.is_empty() || must_be_dir => {
                    links += 1;
                    if links > LINKS_MAX {
                        return Err(Errno::Loop);
                    }
                    at.pop();
                    if link.target.starts_with('/') {
                        at.truncate(self.root.len());
                    }
                    for part in split(&link.target).into_iter().rev() {
                        left.push_front(part);
                    }
                }
                Some(Node::File(_) | Node::Dev(..)) if !left.is_empty() || must_be_dir => {
                    return Err(Errno::NotDir);
                }
                None if !left.is_empty() => return Err(Errno::NoEntry),
                _ => {}
            }
        }
        Ok(at)
    }

    /// Checks permission bits: 4 read, 2 write, 1 search or execute. Root may do all.
    fn allowed(&self, meta: Meta, want: u16) -> Result<(), Errno> {
        let shift = if self.cred.uid == 0 {
            return Ok(());
        } else if self.cred.uid == meta.uid {
            6
        } else if self.cred.gid == meta.gid || (meta.gid != 0 && self.cred.more.contains(&meta.gid)) {
            3
        } else {
            0
        };
        if (meta.mode >> shift) & want == want { Ok(()) } else { Err(Errno::Access) }
    }

    pub fn access(&self, path: &str, want: u16) -> Result<(), Errno> {
        let node = self.get(path)?;
        if self.cred.uid == 0 && want & 1 == 1 && !node.is_dir() && node.meta().mode & 0o111 == 0 {
            return Err(Errno::Access);
        }
        self.allowed(node.meta(), want)
    }

    /// The node at `path`, links followed.
    pub fn get(&self, path: &str) -> Result<&Node, Errno> {
        self.node_at(&self.real(path, true)?).ok_or(Errno::NoEntry)
    }

    /// The node at `path`; a link at its end is given itself.
    pub fn get_link(&self, path: &str) -> Result<&Node, Errno> {
        self.node_at(&self.real(path, false)?).ok_or(Errno::NoEntry)
    }

    #[must_use]
    pub fn exists(&self, path: &str) -> bool {
        self.get(path).is_ok()
    }

    #[must_use]
    pub fn is_dir(&self, path: &str) -> bool {
        self.get(path).is_ok_and(Node::is_dir)
    }

    /// Names and nodes in a directory, in byte order.
    pub fn list(&self, path: &str) -> Result<Vec<(SmolStr, Node)>, Errno> {
        let real = self.real(path, true)?;
        match self.node_at(&real).ok_or(Errno::NoEntry)? {
            Node::Dir(d) => {
                self.allowed(d.meta, 4)?;
                Ok(d.entries
                    .iter()
                    .map(|(name, node)| {
                        let mut at = real.clone();
                        at.push(name.clone());
                        (name.clone(), self.node_at(&at).unwrap_or(node).clone())
                    })
                    .collect())
            }
            _ => Err(Errno::NotDir),
        }
    }

    /// The whole content of a file, at most `FILE_BYTES_MAX` bytes of it.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, Errno> {
        match self.get(path)? {
            Node::File(f) => {
                self.allowed(f.meta, 4)?;
                Ok(f.read_at(0, FILE_BYTES_MAX))
            }
            Node::Dir(_) => Err(Errno::IsDir),
            _ => Ok(Vec::new()),
        }
    }

    /// Up to `max` bytes of a file from `at`.
    pub fn read_at(&self, real: &[SmolStr], at: u64, max: usize) -> Result<Vec<u8>, Errno> {
        match self.node_at(real) {
            Some(Node::File(f)) => Ok(f.read_at(at, max)),
            Some(Node::Dir(_)) => Err(Errno::IsDir),
            Some(_) => Ok(Vec::new()),
            None => Ok(Vec::new()),
        }
    }

    /// Writes at `at` (`None`: at the end) and gives the offset after it.
    pub fn write_at(&mut self, real: &[SmolStr], at: Option<u64>, data: &[u8]) -> Result<u64, Errno> {
        let now = self.now;
        let (tree, inner) = self.tree_at(real)?;
        let limit = tree.limit.unwrap_or(TREE_BYTES_MAX);
        let used = tree.used;
        let Some(Node::File(file)) = tree.node_mut(&inner) else { return Err(Errno::BadFd) };
        let before = if file.own { file.len } else { 0 };
        let at = at.unwrap_or(file.len);
        let after = file.len.max(at.saturating_add(data.len() as u64));
        if used - before.min(used) + after > limit {
            return Err(Errno::NoSpace);
        }
        let file = Arc::make_mut(file);
        if !file.write_at(at, data, FILE_BYTES_MAX) {
            return Err(Errno::NoSpace);
        }
        file.own = true;
        file.program = None;
        file.meta.mtime = now;
        tree.used = used - before.min(used) + after;
        Ok(at + data.len() as u64)
    }

    /// Makes sure a file is there for writing, and gives its real path.
    pub fn create(&mut self, path: &str, truncate: bool, mode: u16) -> Result<Vec<SmolStr>, Errno> {
        let real = self.real(path, true)?;
        match self.node_at(&real) {
            Some(Node::Dir(_)) => return Err(Errno::IsDir),
            Some(Node::Dev(..)) => return Ok(real),
            Some(node) => {
                self.allowed(node.meta(), 2)?;
                let now = self.now;
                let (tree, inner) = self.tree_at(&real)?;
                if truncate && let Some(Node::File(file)) = tree.node_mut(&inner) {
                    let file = Arc::make_mut(file);
                    let before = if file.own { file.len } else { 0 };
                    file.truncate(0);
                    file.own = true;
                    file.program = None;
                    file.meta.mtime = now;
                    tree.used = tree.used.saturating_sub(before);
                }
            }
            None => {
                if path.ends_with('/') {
                    return Err(Errno::IsDir);
                }
                self.insert(&real, Node::file(b"", mode), true)?;
            }
        }
        Ok(real)
    }

    /// Puts a new node at a real path; owner and time are the asker's if `claim`.
    fn insert(&mut self, real: &[SmolStr], mut node: Node, claim: bool) -> Result<(), Errno> {
        let (name, above) = real.split_last().ok_or(Errno::Exists)?;
        match self.node_at(above) {
            Some(Node::Dir(d)) => {
                let meta = d.meta;
                // A read-only file system speaks before permissions do.
                self.tree_at(real)?;
                self.allowed(meta, 3)?;
            }
            Some(_) => return Err(Errno::NotDir),
            None => return Err(Errno::NoEntry),
        }
        // A directory with this bit gives its group to what is made in it.
        let parent = self.node_at(above).map(Node::meta);
        let passed_on = parent.filter(|m| m.mode & SET_GROUP != 0).map(|m| m.gid);
        let is_dir = node.is_dir();
        if claim {
            let (cred, now) = (self.cred, self.now);
            let meta = node.meta_mut();
            (meta.uid, meta.gid, meta.mtime) = (cred.uid, passed_on.unwrap_or(cred.gid), now);
            if passed_on.is_some() && is_dir {
                meta.mode |= SET_GROUP;
            }
        }
        if let Node::File(f) = &mut node {
            Arc::make_mut(f).own = true;
        }
        let now = self.now;
        let bytes = node.own_bytes();
        let (tree, inner) = self.tree_at(real)?;
        if tree.used.saturating_add(bytes) > tree.limit.unwrap_or(TREE_BYTES_MAX) {
            return Err(Errno::NoSpace);
        }
        let Some((_, inner_above)) = inner.split_last() else { return Err(Errno::Busy) };
        let dir = tree.dir_mut(inner_above)?;
        let before = dir.entries.insert(name.clone(), node).map_or(0, |n| n.own_bytes());
        dir.meta.mtime = now;
        tree.used = (tree.used + bytes).saturating_sub(before);
        Ok(())
    }

    fn detach(&mut self, real: &[SmolStr]) -> Result<Node, Errno> {
        let (name, above) = real.split_last().ok_or(Errno::Busy)?;
        if self.fs.mounts.iter().any(|m| m.at == real) {
            return Err(Errno::Busy);
        }
        let parent = self.node_at(above).ok_or(Errno::NoEntry)?.meta();
        self.tree_at(real)?;
        self.allowed(parent, 3)?;
        let sticky = parent.mode & 0o1000 != 0;
        let owner = self.node_at(real).ok_or(Errno::NoEntry)?.meta().uid;
        if sticky && self.cred.uid != 0 && self.cred.uid != owner && self.cred.uid != parent.uid {
            return Err(Errno::Perm);
        }
        let now = self.now;
        let (tree, inner) = self.tree_at(real)?;
        let inner_above = &inner[..inner.len().saturating_sub(1)];
        let dir = tree.dir_mut(inner_above)?;
        let node = dir.entries.remove(name).ok_or(Errno::NoEntry)?;
        dir.meta.mtime = now;
        tree.used = tree.used.saturating_sub(node.own_bytes());
        Ok(node)
    }

    /// Replaces the content of a file, making it if it is missing.
    pub fn write(&mut self, path: &str, data: &[u8]) -> Result<(), Errno> {
        let real = self.create(path, true, 0o644)?;
        if matches!(self.node_at(&real), Some(Node::Dev(..))) {
            return Ok(());
        }
        self.write_at(&real, Some(0), data).map(|_| ())
    }

    pub fn mkdir(&mut self, path: &str, mode: u16) -> Result<(), Errno> {
        let real = self.real(path.trim_end_matches('/'), false)?;
        if self.node_at(&real).is_some() {
            return Err(Errno::Exists);
        }
        self.insert(&real, Node::dir(mode), true)
    }

    /// As `mkdir -p`.
    pub fn mkdir_all(&mut self, path: &str, mode: u16) -> Result<(), Errno> {
        let path = clean(path);
        let mut at = String::new();
        for part in split(&path) {
            at.push('/');
            at.push_str(&part);
            match self.get(&at) {
                Ok(node) if node.is_dir() => {}
                Ok(_) => return Err(if at == path { Errno::Exists } else { Errno::NotDir }),
                Err(Errno::NoEntry) => self.mkdir(&at, mode)?,
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    pub fn symlink(&mut self, target: &str, path: &str) -> Result<(), Errno> {
        let real = self.real(path, false)?;
        if self.node_at(&real).is_some() {
            return Err(Errno::Exists);
        }
        self.insert(&real, Node::link(target), true)
    }

    /// Puts a device or a named pipe at a path where nothing is.
    pub fn make_device(&mut self, path: &str, dev: Dev, mode: u16) -> Result<(), Errno> {
        let real = self.real(path, false)?;
        if self.node_at(&real).is_some() {
            return Err(Errno::Exists);
        }
        self.insert(&real, Node::Dev(dev, Meta::new(mode)), true)
    }

    /// Removes a file or link.
    pub fn unlink(&mut self, path: &str) -> Result<(), Errno> {
        let real = self.real(path, false)?;
        match self.node_at(&real) {
            None => Err(Errno::NoEntry),
            Some(Node::Dir(_)) => Err(Errno::IsDir),
            Some(_) => self.detach(&real).map(|_| ()),
        }
    }

    /// Removes an empty directory.
    pub fn rmdir(&mut self, path: &str) -> Result<(), Errno> {
        let real = self.real(path, false)?;
        match self.node_at(&real) {
            None => Err(Errno::NoEntry),
            Some(Node::Dir(d)) if d.entries.is_empty() => self.detach(&real).map(|_| ()),
            Some(Node::Dir(_)) => Err(Errno::NotEmpty),
            Some(_) => Err(Errno::NotDir),
        }
    }

    /// Removes whatever is there, with all below it.
    pub fn remove_all(&mut self, path: &str) -> Result<(), Errno> {
        let real = self.real(path, false)?;
        self.detach(&real).map(|_| ())
    }

    pub fn rename(&mut self, from: &str, to: &str) -> Result<(), Errno> {
        let (from, to) = (self.real(from, false)?, self.real(to, false)?);
        let moved_dir = self.node_at(&from).ok_or(Errno::NoEntry)?.is_dir();
        if to.len() > from.len() && to.starts_with(&from) {
            return Err(Errno::Invalid);
        }
        match self.node_at(&to) {
            Some(Node::Dir(d)) if !moved_dir || !d.entries.is_empty() => {
                return Err(if moved_dir { Errno::NotEmpty } else { Errno::IsDir });
            }
            Some(node) if moved_dir && !node.is_dir() => return Err(Errno::NotDir),
            _ => {}
        }
        if from == to {
            return Ok(());
        }
        // Nothing may be lost when the target refuses: it is asked before the source is taken.
        self.tree_at(&to)?;
        let node = self.detach(&from)?;
        self.insert(&to, node.clone(), false).inspect_err(|_| {
            let _ = self.insert(&from, node, false);
        })
    }

    /// Copies a node (with all below it, if a directory) to a path whose last name may be missing.
    pub fn copy(&mut self, from: &str, to: &str, keep_meta: bool) -> Result<(), Errno> {
        let node = self.get(from)?.clone();
        if let Node::File(f) = &node {
            self.allowed(f.meta, 4)?;
        }
        let real = self.real(to, true)?;
        match (self.node_at(&real), &node) {
            (Some(Node::File(_)), Node::File(f)) => {
                let (bytes, len, program) = (f.bytes.clone(), f.len, f.program.clone());
                self.create(to, true, 0o644)?;
                self.write_at(&real, Some(0), &bytes)?;
                let (tree, inner) = self.tree_at(&real)?;
                if let Some(Node::File(f)) = tree.node_mut(&inner) {
                    let f = Arc::make_mut(f);
                    f.truncate(len);
                    f.program = program;
                }
                Ok(())
            }
            (Some(Node::Dev(..)), _) => Ok(()),
            _ => self.insert(&real, node, !keep_meta),
        }
    }

    pub fn change_meta(&mut self, path: &str, change: impl FnOnce(&mut Meta)) -> Result<(), Errno> {
        let real = self.real(path, true)?;
        let owner = self.node_at(&real).ok_or(Errno::NoEntry)?.meta().uid;
        let cred = self.cred;
        let (tree, inner) = self.tree_at(&real)?;
        if cred.uid != 0 && cred.uid != owner {
            return Err(Errno::Perm);
        }
        change(tree.node_mut(&inner).ok_or(Errno::NoEntry)?.meta_mut());
        Ok(())
    }

    /// Sets a file's length; what is added reads as zeros.
    pub fn truncate(&mut self, path: &str, len: u64) -> Result<(), Errno> {
        let real = self.create(path, false, 0o644)?;
        let (tree, inner) = self.tree_at(&real)?;
        let (used, limit) = (tree.used, tree.limit.unwrap_or(TREE_BYTES_MAX));
        let Some(Node::File(file)) = tree.node_mut(&inner) else { return Err(Errno::Invalid) };
        let before = if file.own { file.len } else { 0 };
        if used.saturating_sub(before).saturating_add(len) > limit {
            return Err(Errno::NoSpace);
        }
        let file = Arc::make_mut(file);
        file.truncate(len);
        file.own = true;
        tree.used = used.saturating_sub(before) + len;
        Ok(())
    }
}
