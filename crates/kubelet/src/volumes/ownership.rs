//! `fsGroup`: a volume's files belong to the pod's group.
//!
//! Models `pkg/volume/volume_linux.go` (SetVolumeOwnership). Not modelled: `fsGroupChangePolicy` (always all files).

use containers::fs::{Node, Tree};
use objects::Value;

/// The pod's group, if it has one.
pub(super) fn of(pod: &Value) -> Option<u32> {
    pod["spec"]["securityContext"]["fsGroup"].as_int().and_then(|g| u32::try_from(g).ok())
}

/// Gives all of a tree to the group: files readable (and writable), directories open and passing the group on.
pub(super) fn set(tree: &mut Tree, group: u32, read_only: bool) {
    give(&mut tree.root, group, if read_only { 0o440 } else { 0o660 });
}

fn give(node: &mut Node, group: u32, rights: u16) {
    let is_dir = node.is_dir();
    if let Node::Dir(d) = node {
        let dir = std::sync::Arc::make_mut(d);
        for child in dir.entries.values_mut() {
            give(child, group, rights);
        }
    }
    if matches!(node, Node::Link(_)) {
        return;
    }
    let meta = node.meta_mut();
    meta.gid = group;
    meta.mode |= rights | if is_dir { 0o2110 } else { 0 };
}
