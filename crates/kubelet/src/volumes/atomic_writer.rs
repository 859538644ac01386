//! How the kubelet writes files that change as one: a dated directory, `..data` that leads to it, a link per name.
//!
//! Models `pkg/volume/util/atomic_writer.go`.

use std::sync::Arc;

use clock::Time;
use containers::fs::{Node, Tree};

/// Files the kubelet writes: path, content, mode.
pub(crate) type Payload = Arc<Vec<(String, Vec<u8>, u16)>>;

/// Replaces a tree's files.
pub(crate) fn write(tree: &mut Tree, payload: &Payload, now: Time) {
    let (year, month, day, hour, minute, second) = now.civil();
    let dated = format!(
        "..{year:04}_{month:02}_{day:02}_{hour:02}_{minute:02}_{second:02}.{:03}000000",
        now.0.rem_euclid(1000)
    );
    let mut fresh = Tree::with_root(Node::dir(0o777));
    fresh.put(&dated, Node::dir(0o755));
    fresh.put("..data", Node::link(&dated));
    for (path, bytes, mode) in payload.iter() {
        fresh.put_file(&format!("{dated}/{path}"), bytes, *mode);
        let top = path.split('/').next().unwrap_or(path);
        fresh.put(top, Node::link(&format!("..data/{top}")));
    }
    tree.root = fresh.root;
}

#[cfg(test)]
mod tests {
    use containers::fs::split;

    use super::*;

    #[test]
    fn the_layout_swaps_at_once() {
        let mut tree = Tree::default();
        let payload: Payload = Arc::new(vec![("a".into(), b"1".to_vec(), 0o644)]);
        write(&mut tree, &payload, Time::EPOCH);
        assert_eq!(tree.file("..2026_01_01_00_00_00.000000000/a"), Some(b"1".as_slice()));
        assert!(matches!(tree.node(&split("a")), Some(Node::Link(l)) if l.target == "..data/a"));
    }
}
