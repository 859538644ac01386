//! One tree of files with its limits: a container's root, or a volume. The embedder fills volumes through it.

use ordered::BTreeMap;
use std::sync::Arc;

use smol_str::SmolStr;

use super::errno::Errno;
use super::node::{Dir, Node};

/// A tree; a clone copies a pointer and three words.
#[derive(Clone, Debug)]
pub struct Tree {
    pub root: Node,
    /// Bytes written since the tree was made.
    pub used: u64,
    /// Bytes that may be written, if limited.
    pub limit: Option<u64>,
    pub read_only: bool,
}

impl Default for Tree {
    fn default() -> Self {
        Self { root: Node::dir(0o755), used: 0, limit: None, read_only: false }
    }
}

/// Names a volume for its embedder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VolumeId(pub u64);

/// The volumes an embedder owns, shared between the containers that mount them.
#[derive(Clone, Debug, Default)]
pub struct Volumes {
    pub trees: BTreeMap<VolumeId, Tree>,
    /// Programs that machines were asked for and do not have, counted for developers.
    pub missing: BTreeMap<String, u32>,
}

/// Names that are counted at most.
const MISSING_MAX: usize = 200;

impl Volumes {
    /// Counts a program that was not found.
    pub fn note_missing(&mut self, name: &str) {
        if let Some(n) = self.missing.get_mut(name) {
            *n = n.saturating_add(1);
        } else if self.missing.len() < MISSING_MAX && name.len() < 100 {
            self.missing.insert(name.to_owned(), 1);
        }
    }
}

impl Tree {
    #[must_use]
    pub fn with_root(root: Node) -> Self {
        Self { root, ..Self::default() }
    }

    /// The node at `parts` below the root; links are not followed.
    #[must_use]
    pub fn node(&self, parts: &[SmolStr]) -> Option<&Node> {
        let mut at = &self.root;
        for part in parts {
            let Node::Dir(dir) = at else { return None };
            at = dir.entries.get(part)?;
        }
        Some(at)
    }

    pub fn node_mut(&mut self, parts: &[SmolStr]) -> Option<&mut Node> {
        let mut at = &mut self.root;
        for part in parts {
            let Node::Dir(dir) = at else { return None };
            at = Arc::make_mut(dir).entries.get_mut(part)?;
        }
        Some(at)
    }

    /// The directory at `parts`, for changing.
    pub fn dir_mut(&mut self, parts: &[SmolStr]) -> Result<&mut Dir, Errno> {
        match self.node_mut(parts) {
            Some(Node::Dir(dir)) => Ok(Arc::make_mut(dir)),
            Some(_) => Err(Errno::NotDir),
            None => Err(Errno::NoEntry),
        }
    }

    /// Puts a node at `path`, making directories on the way; whatever was there is replaced.
    pub fn put(&mut self, path: &str, node: Node) {
        let parts = split(path);
        let Some((name, above)) = parts.split_last() else {
            self.root = node;
            return;
        };
        let mut at = &mut self.root;
        for part in above {
            if !at.is_dir() {
                *at = Node::dir(0o755);
            }
            let Node::Dir(dir) = at else { return };
            at = Arc::make_mut(dir).entries.entry(part.clone()).or_insert_with(|| Node::dir(0o755));
        }
        if !at.is_dir() {
            *at = Node::dir(0o755);
        }
        if let Node::Dir(dir) = at {
            Arc::make_mut(dir).entries.insert(name.clone(), node);
        }
    }

    /// Puts a file with `bytes` at `path`.
    pub fn put_file(&mut self, path: &str, bytes: &[u8], mode: u16) {
        self.put(path, Node::file(bytes, mode));
    }

    /// The bytes of the file at `path`, links not followed.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        match self.node(&split(path))? {
            Node::File(f) => Some(&f.bytes),
            _ => None,
        }
    }
}

/// The names in a path; empty ones and `.` drop out, `..` stays.
#[must_use]
pub fn split(path: &str) -> Vec<SmolStr> {
    path.split('/').filter(|p| !p.is_empty() && *p != ".").map(SmolStr::from).collect()
}

/// `path` below `cwd`, unless it is absolute. Not cleaned.
#[must_use]
pub fn join(cwd: &str, path: &str) -> String {
    if path.starts_with('/') { path.into() } else { format!("{}/{path}", cwd.trim_end_matches('/')) }
}

/// `path` without `.`, `..` and doubled slashes, by text alone (as `cd -L` does).
#[must_use]
pub fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}
