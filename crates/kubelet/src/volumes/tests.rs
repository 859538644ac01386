//! What volumes of each kind contain, who shares them, and what is refused.

use objects::value;

use super::*;

fn read(resource: &str, name: &str) -> Result<Value, String> {
    match (resource, name) {
        ("configmaps", "cm") => Ok(value!({"data": {"a": "1", "b": "2"}})),
        ("secrets", "s") => Ok(value!({"data": {"pw": "czNjcjN0"}})),
        ("persistentvolumeclaims", "c") => Ok(value!({
            "metadata": {"uid": "u-c"}, "spec": {"volumeName": "v"}, "status": {"phase": "Bound"}
        })),
        ("persistentvolumeclaims", "p") => Ok(value!({"status": {"phase": "Pending"}})),
        ("persistentvolumes", "v") => Ok(value!({
            "metadata": {"name": "v", "uid": "u-v"},
            "spec": {
                "csi": {"driver": "d", "volumeHandle": "h"}, "claimRef": {"uid": "u-c"},
                "capacity": {"storage": "1Mi"},
            },
        })),
        ("csidrivers", "d") => Ok(value!({"spec": {"attachRequired": true}})),
        ("csinodes", _) => Ok(value!({"spec": {"drivers": [{"name": "d"}]}})),
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

fn try_out(volume: &Value, uid: &str, node: &str, depot: &mut Depot) -> Result<Mounted, Refusal> {
    let object = value!({
        "metadata": {"name": (node)},
        "status": {"volumesAttached": [{"name": "kubernetes.io/csi/d^h"}]},
    });
    let downward = downward(uid, node);
    let site = Site { downward: &downward, node: &object, in_use: &[] };
    set_up(volume, &site, depot, Time(0), &mut read)
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
fn what_two_pods_share() {
    let mut depot = Depot::default();
    let mut id =
        |v: &Value, uid, node| try_out(v, uid, node, &mut depot).map(|m| (m.volume, m.sub)).expect("mounts");
    // kind, another pod of the node, another node
    let table = [
        (value!({"name": "e", "emptyDir": {}}), false, false),
        (value!({"name": "h", "hostPath": {"path": "/data"}}), true, false),
        (value!({"name": "c", "persistentVolumeClaim": {"claimName": "c"}}), true, true),
        (value!({"name": "n", "nfs": {"server": "nfs", "path": "/x"}}), true, true),
        (value!({"name": "i", "image": {"reference": "busybox:1.36"}}), true, true),
    ];
    for (volume, same_node, other_node) in table {
        let first = id(&volume, "1", "a");
        assert_eq!(first == id(&volume, "2", "a"), same_node, "{volume:?}");
        assert_eq!(first == id(&volume, "2", "b"), other_node, "{volume:?}");
    }
}

#[test]
fn types_of_paths_on_the_node() {
    // type, path, what is wrong
    let table = [
        ("", "/new", ""),
        ("DirectoryOrCreate", "/made", ""),
        ("Directory", "/made", ""),
        ("Directory", "/no", "/no is not a directory"),
        ("File", "/made", "/made is not a file"),
        ("FileOrCreate", "/made/f", ""),
        ("File", "/made/f", ""),
        ("Directory", "/made/f", "/made/f is not a directory"),
        ("Socket", "/made/f", "/made/f is not a socket file"),
        ("Socket", "/run/containerd/containerd.sock", ""),
        ("CharDevice", "/dev/null", ""),
        ("CharDevice", "/made", "/made is not a character device"),
        ("File", "/dev/null", "/dev/null is not a file"),
        ("BlockDevice", "/dev/sda", ""),
        ("File", "/dev/sda", "/dev/sda is not a file"),
        ("BlockDevice", "/dev/sdb", "/dev/sdb is not a block device"),
        ("BlockDevice", "/dev/null", "/dev/null is not a block device"),
        ("CharDevice", "/dev/sda", "/dev/sda is not a character device"),
        ("FileOrCreate", "/made", "/made is not a file"),
        ("DirectoryOrCreate", "/made/f", "/made/f is not a directory"),
        ("Socket", "/no.sock", "/no.sock is not a socket file"),
    ];
    let mut depot = Depot::default();
    for (kind, path, wrong) in table {
        let v = value!({"name": "h", "hostPath": {"path": (path), "type": (kind)}});
        let got = try_out(&v, "1", "a", &mut depot).err();
        let text = format!("MountVolume.SetUp failed for volume \"h\" : hostPath type check failed: {wrong}");
        let want = (!wrong.is_empty()).then_some(Refusal::Failed(text));
        assert_eq!(got, want, "{kind} {path}");
    }
}

#[test]
fn refusals_are_told_as_upstream_tells_them() {
    let claim = |name: &str| value!({"name": "c", "persistentVolumeClaim": {"claimName": (name)}});
    let mut depot = Depot::default();
    let table = [
        (claim("p"), Refusal::Unprocessed("error processing PVC ns/p: PVC is not bound".into())),
        (
            claim("x"),
            Refusal::Unprocessed(
                "error processing PVC ns/x: failed to fetch PVC from API server: persistentvolumeclaim \"x\" not found".into(),
            ),
        ),
        (
            value!({"name": "g", "glusterfs": {"endpoints": "e", "path": "p"}}),
            Refusal::Unprocessed("failed to get Plugin from volumeSpec for volume \"g\" err=no volume plugin matched".into()),
        ),
        (
            value!({"name": "a", "awsElasticBlockStore": {"volumeID": "vol-1"}}),
            Refusal::Waiting("kubernetes.io/csi/ebs.csi.aws.com^vol-1".into()),
        ),
    ];
    for (volume, want) in table {
        assert_eq!(try_out(&volume, "1", "a", &mut depot).err(), Some(want));
    }
    let far = value!({"name": "n", "nfs": {"server": "10.0.0.9", "path": "/x"}});
    let Some(Refusal::Failed(text)) = try_out(&far, "1", "a", &mut depot).err() else { panic!("mounted") };
    assert!(text.ends_with("Output: mount.nfs: Connection timed out\n"), "{text}");
}

#[test]
fn a_group_gets_the_files() {
    let mut depot = Depot::default();
    let mut d = downward("1", "a");
    d.pod.set_at(&["spec", "securityContext", "fsGroup"], 2000);
    let node = Value::Null;
    let site = Site { downward: &d, node: &node, in_use: &[] };
    let v = value!({"name": "e", "emptyDir": {}});
    let m = set_up(&v, &site, &mut depot, Time(0), &mut read).expect("mounts");
    let meta = depot.tree(m.volume).map(|t| t.root.meta()).expect("a tree");
    assert_eq!((meta.gid, meta.mode), (2000, 0o2777));
}
