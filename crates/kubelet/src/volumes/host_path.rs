//! A path of the node's own disk.
//!
//! Models `pkg/volume/hostpath` with the checks of each type. A file whose name ends in `.sock` counts as a socket, as no
//! program here makes one.

use containers::fs::{Node, VolumeId, split};
use objects::Value;

use crate::depot::Depot;

/// Where the path leads.
///
/// # Errors
/// What stands behind `MountVolume.SetUp failed for volume "x" : `.
pub(super) fn set_up(host: &Value, node: &str, depot: &mut Depot) -> Result<(VolumeId, String), String> {
    let id = depot.node_disk(node);
    let path = host["path"].text();
    if path == "/" {
        depot.lay_system(id);
    }
    let parts = split(path);
    let found = depot.tree(id).and_then(|t| t.node(&parts));
    let exists = found.is_some();
    let is_dir = found.is_some_and(Node::is_dir);
    let is_device = matches!(found, Some(Node::Dev(..)));
    let is_block_device = found.is_some_and(Node::is_block_device);
    let is_socket = found.is_some_and(|n| n.is_socket() || n.is_regular() && path.ends_with(".sock"));
    let is_file = found.is_some_and(Node::is_regular) && !is_socket;
    let failed = |what: &str| Err(format!("hostPath type check failed: {path} is not {what}"));
    match host["type"].text() {
        "Directory" if !is_dir => return failed("a directory"),
        "DirectoryOrCreate" if exists && !is_dir => return failed("a directory"),
        "File" if !is_file => return failed("a file"),
        "FileOrCreate" if exists && !is_file => return failed("a file"),
        "Socket" if !is_socket => return failed("a socket file"),
        "CharDevice" if !is_device => return failed("a character device"),
        "BlockDevice" if !is_block_device => return failed("a block device"),
        "FileOrCreate" if !exists => {
            let above = &parts[..parts.len().saturating_sub(1)];
            if depot.tree(id).and_then(|t| t.node(above)).is_none() {
                return Err(format!("open {path}: no such file or directory"));
            }
            if let Some(tree) = depot.tree_mut(id) {
                tree.put_file(path, b"", 0o644);
            }
        }
        _ => depot.make_dir(id, path, 0o755),
    }
    Ok((id, path.to_owned()))
}
