//! A directory of one node that a PersistentVolume stands for. Models `pkg/volume/local`: the path must be there.

use containers::fs::{VolumeId, split};
use objects::Value;

use crate::depot::Depot;

pub(super) fn set_up(source: &Value, node: &str, depot: &mut Depot) -> Result<(VolumeId, String), String> {
    let id = depot.node_disk(node);
    let path = source["path"].text();
    if depot.tree(id).and_then(|t| t.node(&split(path))).is_none() {
        return Err(format!("path \"{path}\" does not exist"));
    }
    Ok((id, path.to_owned()))
}
