//! A pod's volumes: what each leads to, and what the kubelet writes into those it fills itself.
//!
//! Models `pkg/volume` (configmap, secret, projected, downwardapi, emptydir, hostpath, nfs, local) with the atomic
//! writer's layout (`..data` and a link per key). Owns: the text of a mount's failure.
//! Not modelled: attach and detach, device modes, fsGroup, mount options; a CSI disk is a tree that outlives its pods.

use ordered::BTreeMap;
use std::sync::Arc;

use clock::Time;
use containers::container::MountSpec;
use containers::fs::{Node, Tree, VolumeId, split};
use objects::quantity::Quantity;
use objects::{Str, Value, base64};

use crate::depot::Depot;
use crate::environment::{Downward, expand};

/// Where a volume's files are.
#[derive(Clone, Debug)]
pub(crate) struct Mounted {
    pub(crate) volume: VolumeId,
    /// The part of the tree that is the volume.
    pub(crate) sub: String,
    pub(crate) read_only: bool,
    /// What the kubelet wrote into it, to see whether it must write anew.
    pub(crate) written: Option<Payload>,
}

/// Files the kubelet writes: path, content, mode.
pub(crate) type Payload = Arc<Vec<(String, Vec<u8>, u16)>>;

/// Reads objects for volumes: resource id and name in the pod's namespace (`""` for cluster-scoped ones).
pub(crate) type Read<'a> = dyn FnMut(&str, &str) -> Result<Value, String> + 'a;

/// The volume every pod gets for its ServiceAccount; it is written only when something runs that could look.
pub(crate) fn is_token_volume(volume: &Value) -> bool {
    volume["projected"]["sources"].items().iter().any(|s| !s["serviceAccountToken"].is_null())
}

/// Whether the kubelet writes the volume's files and refreshes them.
pub(crate) fn is_written(volume: &Value) -> bool {
    ["configMap", "secret", "downwardAPI", "projected"].iter().any(|k| !volume[*k].is_null())
}

/// Makes one volume ready.
///
/// # Errors
/// What stands behind `MountVolume.SetUp failed for volume "x" : `.
pub(crate) fn set_up(
    volume: &Value,
    downward: &Downward,
    depot: &mut Depot,
    now: Time,
    read: &mut Read<'_>,
) -> Result<Mounted, String> {
    let pod = &downward.pod;
    let name = volume["name"].text();
    let own = format!("pod/{}/{name}", pod.uid());
    if is_written(volume) {
        let payload = payload(volume, downward, read)?;
        let id = depot.volume(&own);
        if let Some(tree) = depot.tree_mut(id) {
            write(tree, &payload, now);
        }
        return Ok(Mounted { volume: id, sub: String::new(), read_only: true, written: Some(payload) });
    }
    let plain = |volume, sub: String, read_only| Mounted { volume, sub, read_only, written: None };
    if let Some(host) = volume.find("hostPath") {
        return on_host(host, pod, depot).map(|(id, sub)| plain(id, sub, false));
    }
    if let Some(nfs) = volume.find("nfs") {
        return Ok(nfs_part(nfs, depot)).map(|(id, sub)| plain(id, sub, nfs["readOnly"].is_true()));
    }
    let claim = if volume.find("ephemeral").is_some() {
        Some((format!("{}-{name}", pod.name()), false))
    } else {
        volume
            .find("persistentVolumeClaim")
            .map(|c| (c["claimName"].text().to_owned(), c["readOnly"].is_true()))
    };
    if let Some((claim, read_only)) = claim {
        let pvc = read("persistentvolumeclaims", &claim)?;
        let pv_name = pvc["spec"]["volumeName"].text();
        if pv_name.is_empty() || pvc["status"]["phase"] != "Bound" {
            return Err("PVC is not bound".to_owned());
        }
        let pv = read("persistentvolumes", pv_name)?;
        let (id, sub) = if let Some(host) = pv["spec"].find("hostPath").or(pv["spec"].find("local")) {
            on_host(host, pod, depot)?
        } else if let Some(nfs) = pv["spec"].find("nfs") {
            nfs_part(nfs, depot)
        } else {
            // By its uid: a new disk under an old name is empty.
            (depot.volume(&format!("pv/{}", pv.uid())), String::new())
        };
        return Ok(plain(id, sub, read_only));
    }
    let id = depot.volume(&own);
    let limit = &volume["emptyDir"]["sizeLimit"];
    if let Some(tree) = depot.tree_mut(id)
        && volume["emptyDir"]["medium"] == "Memory"
        && !limit.is_null()
    {
        tree.limit = u64::try_from(Quantity::of(limit).value()).ok();
    }
    Ok(plain(id, String::new(), false))
}

fn nfs_part(nfs: &Value, depot: &mut Depot) -> (VolumeId, String) {
    let id = depot.volume(&format!("nfs/{}", nfs["server"].text()));
    let path = nfs["path"].text();
    make_dir(depot, id, path, 0o777);
    (id, path.to_owned())
}

/// A path on the node's own disk.
fn on_host(host: &Value, pod: &Value, depot: &mut Depot) -> Result<(VolumeId, String), String> {
    let id = depot.volume(&format!("node/{}", pod["spec"]["nodeName"].text()));
    let path = host["path"].text();
    let node = depot.tree(id).and_then(|t| t.node(&split(path)));
    let (is_dir, exists) = (node.is_some_and(Node::is_dir), node.is_some());
    let failed = |what: &str| Err(format!("hostPath type check failed: {path} is not {what}"));
    match host["type"].text() {
        "Directory" if !is_dir => return failed("a directory"),
        "File" if is_dir || !exists => return failed("a file"),
        "Socket" => return failed("a socket file"),
        "CharDevice" => return failed("a character device"),
        "BlockDevice" => return failed("a block device"),
        "FileOrCreate" if is_dir => return failed("a file"),
        "DirectoryOrCreate" if exists && !is_dir => return failed("a directory"),
        "FileOrCreate" if !exists => {
            if let Some(tree) = depot.tree_mut(id) {
                tree.put_file(path, b"", 0o644);
            }
        }
        _ => make_dir(depot, id, path, 0o755),
    }
    Ok((id, path.to_owned()))
}

fn make_dir(depot: &mut Depot, id: VolumeId, path: &str, mode: u16) {
    if let Some(tree) = depot.tree_mut(id)
        && tree.node(&split(path)).is_none()
    {
        tree.put(path, Node::dir(mode));
    }
}

/// The files of a volume the kubelet writes.
pub(crate) fn payload(volume: &Value, downward: &Downward, read: &mut Read<'_>) -> Result<Payload, String> {
    let mut files = BTreeMap::new();
    if let Some(v) = volume.find("configMap") {
        let mode = v["defaultMode"].int_or(0o644);
        keyed("configmaps", v["name"].text(), v, mode, read, &mut files)?;
    } else if let Some(v) = volume.find("secret") {
        let mode = v["defaultMode"].int_or(0o644);
        keyed("secrets", v["secretName"].text(), v, mode, read, &mut files)?;
    } else if let Some(v) = volume.find("downwardAPI") {
        fields(v, v["defaultMode"].int_or(0o644), downward, &mut files)?;
    } else {
        let v = &volume["projected"];
        let mode = v["defaultMode"].int_or(0o644);
        for source in v["sources"].items() {
            if let Some(s) = source.find("configMap") {
                keyed("configmaps", s["name"].text(), s, mode, read, &mut files)?;
            } else if let Some(s) = source.find("secret") {
                keyed("secrets", s["name"].text(), s, mode, read, &mut files)?;
            } else if let Some(s) = source.find("downwardAPI") {
                fields(s, mode, downward, &mut files)?;
            } else if let Some(s) = source.find("serviceAccountToken") {
                files.insert(s["path"].text().to_owned(), (token(&downward.pod).into_bytes(), mode as u16));
            }
        }
    }
    Ok(Arc::new(files.into_iter().map(|(path, (bytes, mode))| (path, bytes, mode)).collect()))
}

type Files = BTreeMap<String, (Vec<u8>, u16)>;

fn keyed(
    resource: &str,
    name: &str,
    source: &Value,
    mode: i64,
    read: &mut Read<'_>,
    files: &mut Files,
) -> Result<(), String> {
    let optional = source["optional"].is_true();
    let object = match read(resource, name) {
        Ok(o) => o,
        Err(_) if optional => return Ok(()),
        Err(e) => return Err(e),
    };
    let kind = resource.trim_end_matches('s');
    let bytes = |key: &str| -> Option<Vec<u8>> {
        match (object["data"].find(key), kind) {
            (Some(text), "configmap") => Some(text.text().as_bytes().to_vec()),
            (Some(text), _) => base64::decode(text.text()),
            (None, _) => base64::decode(object["binaryData"].find(key)?.text()),
        }
    };
    let items = source["items"].items();
    if items.is_empty() {
        for (key, _) in object["data"].entries().iter().chain(object["binaryData"].entries()) {
            if let Some(b) = bytes(key) {
                files.insert(key.to_string(), (b, mode as u16));
            }
        }
    }
    for item in items {
        let key = item["key"].text();
        match bytes(key) {
            Some(b) => {
                files.insert(item["path"].text().to_owned(), (b, item["mode"].int_or(mode) as u16));
            }
            None if optional => {}
            None if kind == "configmap" => {
                return Err(format!("configmap references non-existent config key: {key}"));
            }
            None => return Err(format!("references non-existent secret key: {key}")),
        }
    }
    Ok(())
}

fn fields(source: &Value, mode: i64, downward: &Downward, files: &mut Files) -> Result<(), String> {
    for item in source["items"].items() {
        let text = match item.find("fieldRef") {
            Some(r) => downward.field(r["fieldPath"].text())?,
            None => downward.resource(&item["resourceFieldRef"], "")?,
        };
        files.insert(item["path"].text().to_owned(), (text.into_bytes(), item["mode"].int_or(mode) as u16));
    }
    Ok(())
}

/// A token that looks like one: its claims name the account, its signature is nobody's.
fn token(pod: &Value) -> String {
    let claims = format!(
        r#"{{"aud":["https://kubernetes.default.svc.cluster.local"],"iss":"https://kubernetes.default.svc.cluster.local","kubernetes.io":{{"namespace":"{ns}","pod":{{"name":"{pod}","uid":"{uid}"}},"serviceaccount":{{"name":"{sa}"}}}},"sub":"system:serviceaccount:{ns}:{sa}"}}"#,
        ns = pod.namespace(),
        pod = pod.name(),
        uid = pod.uid(),
        sa = pod["spec"]["serviceAccountName"].as_str().unwrap_or("default"),
    );
    let url = |bytes: &[u8]| base64::encode(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_");
    let header = url(br#"{"alg":"RS256","kid":"simulated"}"#);
    format!("{header}.{}.{}", url(claims.as_bytes()), url(pod.uid().as_bytes()))
}

/// Writes a payload as the atomic writer does: a dated directory, `..data` that leads to it, a link per name.
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

/// The mounts of one container. `snapshot` names trees for parts that never change again (`subPath` of a written
/// volume).
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
            make_dir(depot, v.volume, &sub, 0o755);
        }
        list.push(MountSpec { path, volume: v.volume, sub_path: sub, read_only, file });
    }
    list
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    fn read(resource: &str, name: &str) -> Result<Value, String> {
        match (resource, name) {
            ("configmaps", "cm") => Ok(value!({"data": {"a": "1", "b": "2"}})),
            ("secrets", "s") => Ok(value!({"data": {"pw": "czNjcjN0"}})),
            ("persistentvolumeclaims", "c") => {
                Ok(value!({"spec": {"volumeName": "v"}, "status": {"phase": "Bound"}}))
            }
            ("persistentvolumes", "v") => Ok(value!({"metadata": {"uid": "u-v"}, "spec": {"csi": {}}})),
            _ => Err(format!("{} \"{name}\" not found", resource.trim_end_matches('s'))),
        }
    }

    fn downward(uid: &str, node: &str) -> Downward {
        let pod = value!({
            "metadata": {"name": "p", "namespace": "ns", "uid": (uid), "labels": {"app": "x"}},
            "spec": {"nodeName": (node)},
        });
        Downward { pod, ..Downward::default() }
    }

    #[test]
    fn what_is_written_and_what_is_refused() {
        let table = [
            (value!({"configMap": {"name": "cm"}}), Ok("a b")),
            (value!({"configMap": {"name": "cm", "items": [{"key": "a", "path": "x/y"}]}}), Ok("x/y")),
            (value!({"secret": {"secretName": "s"}}), Ok("pw")),
            (
                value!({"downwardAPI": {"items": [{"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}}]}}),
                Ok("l"),
            ),
            (value!({"configMap": {"name": "no", "optional": true}}), Ok("")),
            (value!({"configMap": {"name": "no"}}), Err("configmap \"no\" not found")),
            (
                value!({"configMap": {"name": "cm", "items": [{"key": "q", "path": "q"}]}}),
                Err("configmap references non-existent config key: q"),
            ),
            (
                value!({"secret": {"secretName": "s", "items": [{"key": "q", "path": "q"}]}}),
                Err("references non-existent secret key: q"),
            ),
        ];
        for (volume, want) in table {
            let got = payload(&volume, &downward("1", "n"), &mut read)
                .map(|p| p.iter().map(|(n, ..)| n.clone()).collect::<Vec<_>>().join(" "));
            assert_eq!(got.as_deref().map_err(String::as_str), want);
        }
    }

    #[test]
    fn the_layout_swaps_at_once() {
        let mut tree = Tree::default();
        let payload: Payload = Arc::new(vec![("a".into(), b"1".to_vec(), 0o644)]);
        write(&mut tree, &payload, Time::EPOCH);
        assert_eq!(tree.file("..2026_01_01_00_00_00.000000000/a"), Some(b"1".as_slice()));
        assert!(matches!(tree.node(&split("a")), Some(Node::Link(l)) if l.target == "..data/a"));
    }

    #[test]
    fn what_two_pods_share() {
        let mut depot = Depot::default();
        let mut id = |v: &Value, uid, node| {
            let d = downward(uid, node);
            set_up(v, &d, &mut depot, Time(0), &mut read).map(|m| (m.volume, m.sub)).expect("mounts")
        };
        let empty = value!({"name": "e", "emptyDir": {}});
        let host = value!({"name": "h", "hostPath": {"path": "/data"}});
        let claim = value!({"name": "c", "persistentVolumeClaim": {"claimName": "c"}});
        // kind, another pod of the node, another node
        for (volume, same_node, other_node) in
            [(empty, false, false), (host, true, false), (claim, true, true)]
        {
            let first = id(&volume, "1", "a");
            assert_eq!(first == id(&volume, "2", "a"), same_node, "{volume:?}");
            assert_eq!(first == id(&volume, "2", "b"), other_node, "{volume:?}");
        }
        let typed = value!({"name": "h", "hostPath": {"path": "/no", "type": "Directory"}});
        let refused = set_up(&typed, &downward("1", "a"), &mut depot, Time(0), &mut read).err();
        assert_eq!(refused.as_deref(), Some("hostPath type check failed: /no is not a directory"));
    }
}
