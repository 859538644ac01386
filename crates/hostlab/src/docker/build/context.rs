//! The files a build is given: what `.dockerignore` leaves, their size, their hash, and copying them.

use ordered::BTreeMap;
use std::sync::Arc;

use containers::fs::{Node, split};
use containers::glob::Pattern;

/// A context without what `.dockerignore` names.
pub(super) fn filtered(root: &Node, ignore: &str) -> Node {
    let rules: Vec<(bool, String)> = ignore
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
        .map(|l| match l.strip_prefix('!') {
            Some(l) => (false, l.trim_matches('/').trim_start_matches("./").to_string()),
            None => (true, l.trim_matches('/').trim_start_matches("./").to_string()),
        })
        .collect();
    if rules.is_empty() {
        return root.clone();
    }
    fn walk(node: &Node, path: &str, rules: &[(bool, String)]) -> Node {
        let Node::Dir(dir) = node else { return node.clone() };
        let mut kept = containers::fs::Dir { meta: dir.meta, entries: BTreeMap::new() };
        for (name, child) in &dir.entries {
            let full = if path.is_empty() { name.to_string() } else { format!("{path}/{name}") };
            let mut out = false;
            for (ignore, pattern) in rules {
                let tail = pattern.strip_prefix("**/").unwrap_or(pattern);
                let hit = Pattern::new(pattern).matches(&full)
                    || (tail != pattern && Pattern::new(tail).matches(name))
                    || full.starts_with(&format!("{pattern}/"));
                if hit {
                    out = *ignore;
                }
            }
            if !out {
                kept.entries.insert(name.clone(), walk(child, &full, rules));
            }
        }
        Node::Dir(Arc::new(kept))
    }
    walk(root, "", &rules)
}

pub(super) fn bytes_of(node: &Node) -> u64 {
    match node {
        Node::Dir(d) => d.entries.values().map(bytes_of).sum(),
        other => other.len(),
    }
}

/// A number that follows from names, modes and contents.
pub(super) fn hash_of(node: &Node, seed: u64) -> u64 {
    let mix = |h: u64, bytes: &[u8]| {
        bytes.iter().fold(h, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3))
    };
    match node {
        Node::Dir(d) => {
            d.entries.iter().fold(mix(seed, b"dir"), |h, (n, c)| hash_of(c, mix(h, n.as_bytes())))
        }
        Node::File(f) => {
            let h = mix(seed, &f.bytes);
            mix(mix(h, &f.len.to_le_bytes()), &f.meta.mode.to_le_bytes())
        }
        Node::Link(l) => mix(seed, l.target.as_bytes()),
        Node::Dev(..) => seed,
    }
}

/// Lays one tree over another.
pub(super) fn merge(
    into: &mut containers::fs::Tree,
    path: &str,
    node: &Node,
    owner: Option<u32>,
    mode: Option<u16>,
) {
    match node {
        Node::Dir(d) => {
            if !matches!(into.node(&split(path)), Some(Node::Dir(_))) {
                into.put(path, Node::dir(0o755));
            }
            for (name, child) in &d.entries {
                merge(into, &format!("{}/{name}", path.trim_end_matches('/')), child, owner, mode);
            }
        }
        other => {
            let mut node = other.clone();
            if let Some(uid) = owner {
                (node.meta_mut().uid, node.meta_mut().gid) = (uid, uid);
            }
            if let Some(mode) = mode {
                node.meta_mut().mode = mode;
            }
            into.put(path, node);
        }
    }
}

pub(in crate::docker) fn user_id(tree: &containers::fs::Tree, name: &str) -> Option<u32> {
    let name = name.split(':').next().unwrap_or(name);
    if let Ok(n) = name.parse() {
        return Some(n);
    }
    let passwd = String::from_utf8_lossy(tree.file("/etc/passwd")?).into_owned();
    let line = passwd.lines().find(|l| l.split(':').next() == Some(name))?;
    line.split(':').nth(2)?.parse().ok()
}
