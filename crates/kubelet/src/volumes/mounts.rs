//! Where a container sees its pod's volumes: `volumeMounts` with `subPath` and `subPathExpr`, `volumeDevices`.
//!
//! Models `makeMounts` of `pkg/kubelet/kubelet_pods.go`. A part of a volume the kubelet writes is what it was when the
//! container started. Not modelled: mount propagation, recursive read-only.

use containers::container::MountSpec;
use containers::fs::{BLOCK_DEVICE, Node, split};
use objects::{Str, Value};
use ordered::BTreeMap;

use super::Mounted;
use crate::depot::Depot;
use crate::environment::expand;

/// The mounts of one container.
pub(crate) fn mounts(
    container: &Value,
    volumes: &BTreeMap<Str, Mounted>,
    uid: &str,
    variables: &[(String, String)],
    depot: &mut Depot,
) -> Vec<MountSpec> {
    let mut list = Vec::new();
    for m in container["volumeMounts"].items() {
        let Some(v) = volumes.get(m["name"].text()) else { continue };
        let path = m["mountPath"].text().to_owned();
        let read_only = v.read_only || m["readOnly"].is_true();
        let part = match m["subPathExpr"].as_str() {
            Some(e) => expand(e, &|k| variables.iter().rev().find(|(n, _)| n == k).map(|(_, t)| t.clone())),
            None => m["subPath"].text().to_owned(),
        };
        if let Some(payload) = v.written.as_ref().filter(|_| !part.is_empty()) {
            let part = part.trim_matches('/');
            let id = depot.volume(&format!(
                "pod/{uid}/{}\0{}\0{path}",
                m["name"].text(),
                container["name"].text()
            ));
            let mut file = false;
            if let Some(tree) = depot.tree_mut(id) {
                for (name, bytes, mode) in payload.iter() {
                    if name == part || name.strip_prefix(part).is_some_and(|r| r.starts_with('/')) {
                        file |= name == part;
                        tree.put_file(name, bytes, *mode);
                    }
                }
                if !file && tree.node(&split(part)).is_none() {
                    tree.put(part, Node::dir(0o755));
                }
            }
            list.push(MountSpec { path, volume: id, sub_path: part.to_owned(), read_only, file });
            continue;
        }
        let sub = match (v.sub.is_empty(), part.is_empty()) {
            (_, true) => v.sub.clone(),
            (true, false) => part,
            (false, false) => format!("{}/{part}", v.sub),
        };
        let node = depot.tree(v.volume).and_then(|t| t.node(&split(&sub)));
        let file = node.is_some_and(|n| !n.is_dir());
        if node.is_none() {
            depot.make_dir(v.volume, &sub, 0o755);
        }
        list.push(MountSpec { path, volume: v.volume, sub_path: sub, read_only, file });
    }
    for d in container["volumeDevices"].items() {
        let Some(v) = volumes.get(d["name"].text()) else { continue };
        // The device is one file on the disk that holds whatever is written to it.
        let name = if v.sub.is_empty() { "device".to_owned() } else { format!("{}/device", v.sub) };
        if let Some(tree) = depot.tree_mut(v.volume)
            && tree.node(&split(&name)).is_none()
        {
            tree.put_file(&name, b"", BLOCK_DEVICE | 0o660);
        }
        let path = d["devicePath"].text().to_owned();
        list.push(MountSpec { path, volume: v.volume, sub_path: name, read_only: v.read_only, file: true });
    }
    list
}

/// Why the container's mounts can't be made, if so.
pub(crate) fn refused(container: &Value, variables: &[(String, String)]) -> Option<String> {
    container["volumeMounts"].items().iter().find_map(|m| {
        let part = match m["subPathExpr"].as_str() {
            Some(e) => {
                let mut missing = None;
                let text =
                    expand(e, &|k| variables.iter().rev().find(|(n, _)| n == k).map(|(_, t)| t.clone()));
                if text.contains("$(") {
                    missing = Some(format!("missing value for \"{}\"", unknown(&text)));
                }
                if missing.is_some() {
                    return missing;
                }
                text
            }
            None => m["subPath"].text().to_owned(),
        };
        if part.starts_with('/') {
            return Some(format!("error SubPath `{part}` must not be an absolute path"));
        }
        part.split('/')
            .any(|p| p == "..")
            .then(|| format!("unable to provision SubPath `{part}`: must not contain '..'"))
    })
}

/// The name in the first reference that is left.
fn unknown(text: &str) -> &str {
    let from = text.find("$(").map_or(0, |i| i + 2);
    let rest = &text[from..];
    &rest[..rest.find(')').unwrap_or(rest.len())]
}
