//! What learners are taught of storage: who sees a file in a volume of each kind, and what the file survives; volumes
//! that are never mixed up, whatever is asked for in whatever order.
//!
//! `SEEDS=n cargo test -p cli --test storage` plays n random sessions instead of a few.

use std::collections::{BTreeMap, BTreeSet};

use cluster::{Cluster, ClusterConfig, Fault, NodeFault};

use objects::Value;

use terminal::{Terminal, script};

struct World {
    cluster: Cluster,
    terminal: Terminal,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut world =
            Self { cluster: Cluster::new(ClusterConfig::playground(seed)), terminal: Terminal::new() };
        world.play("@sleep 2");
        world
    }

    /// Plays lines of a script, and gives what they printed.
    fn play(&mut self, lines: &str) -> String {
        let steps = script::parse(lines).unwrap_or_else(|e| panic!("{e}: {lines}"));
        script::play(&steps, &mut self.cluster, &mut self.terminal)
    }

    fn apply(&mut self, manifest: &str) {
        self.terminal.write_file("m.yaml", manifest.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
        let out = self.play("$ kubectl apply -f m.yaml");
        assert!(!out.contains("exit 1"), "{out}\n{manifest}");
    }

    /// Whether a container reads the file that was written first.
    fn sees(&mut self, pod: &str, container: &str) -> bool {
        self.play(&format!("$ kubectl exec {pod} -c {container} -- cat /data/f")).contains("the-first")
    }

    fn all(&self, resource: &str) -> Vec<Value> {
        self.cluster.objects(resource).cloned().collect()
    }
}

fn pod(name: &str, node: &str, volume: &str) -> String {
    let path = if volume.contains("File") { "/data/f" } else { "/data" };
    let container = |name: &str| {
        format!(
            "  - name: {name}\n    image: busybox:1.36\n    command: [sh, -c, 'until [ -e /tmp/stop ]; do sleep 1; done; exit 1']\n    volumeMounts: [{{name: v, mountPath: {path}}}]\n"
        )
    };
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, annotations: {{note: the-first}}}}\nspec:\n  terminationGracePeriodSeconds: 1\n  nodeSelector: {{kubernetes.io/hostname: {node}}}\n  tolerations: [{{operator: Exists}}]\n  containers:\n{}{}  volumes: [{{name: v, {volume}}}]\n",
        container("a"),
        container("b")
    )
}

fn claim(class: &str, mode: &str) -> String {
    format!(
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: data}}\nspec:\n  storageClassName: {class}\n  accessModes: [{mode}]\n  resources: {{requests: {{storage: 1Gi}}}}\n"
    )
}

/// A driver of volumes for one pod, and a directory of a node that a PersistentVolume stands for.
const BESIDE: &str = "apiVersion: storage.k8s.io/v1
kind: CSIDriver
metadata: {name: inline.storage.kubernetes.io}
spec: {attachRequired: false, podInfoOnMount: true, volumeLifecycleModes: [Ephemeral]}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: local-storage}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: here}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: local-storage
  local: {path: /srv/there}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [worker-1]}]}]}}
";

/// Seen by: another container, another pod of the node, another node. Survives: the container's restart, the pod's
/// deletion, the loss of the node.
type Row = (&'static str, [bool; 6]);

#[test]
fn who_sees_a_file_and_what_it_survives() {
    const T: bool = true;
    const F: bool = false;
    const OWN: &str = "persistentVolumeClaim: {claimName: data}";
    /// A pod's own; a node's; everybody's.
    const POD: [bool; 6] = [T, F, F, T, F, F];
    const NODE: [bool; 6] = [T, T, F, T, T, F];
    const ALL: [bool; 6] = [T, T, T, T, T, T];
    let (rwo, rwop) = ("standard-rwo ReadWriteOnce", "standard-rwo ReadWriteOncePod");
    let template = "ephemeral: {volumeClaimTemplate: {spec: {storageClassName: standard-rwo, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}";
    let config = "configMap: {name: c}";
    let projected = "projected: {sources: [{configMap: {name: c}}, {secret: {name: empty, optional: true}}]}";
    let fields = "{path: f, fieldRef: {fieldPath: \"metadata.annotations['note']\"}}";
    let downward = format!("downwardAPI: {{items: [{fields}]}}");
    let table: [(Row, &str, &str); 19] = [
        (("emptyDir", POD), "", "emptyDir: {}"),
        (("emptyDir in memory", POD), "", "emptyDir: {medium: Memory}"),
        (("hostPath", NODE), "", "hostPath: {path: /srv/x}"),
        (("hostPath, Directory", NODE), "", "hostPath: {path: /srv/there, type: Directory}"),
        (("hostPath, DirectoryOrCreate", NODE), "", "hostPath: {path: /srv/x, type: DirectoryOrCreate}"),
        (("hostPath, FileOrCreate", NODE), "", "hostPath: {path: /srv/there/f, type: FileOrCreate}"),
        (("nfs", ALL), "", "nfs: {server: nfs, path: /x}"),
        (("configMap", ALL), "", config),
        (("secret", ALL), "", "secret: {secretName: s}"),
        (("projected", ALL), "", projected),
        (("downwardAPI", ALL), "", &downward),
        (("ephemeral", POD), "", template),
        (("CSI, inline", POD), "", "csi: {driver: inline.storage.kubernetes.io}"),
        (("local", NODE), "local-storage ReadWriteOnce", OWN),
        (("claim: a node's directory", NODE), "standard ReadWriteOnce", OWN),
        (("claim: a disk", [T, T, F, T, T, T]), rwo, OWN),
        (("claim: a disk for one pod", [T, F, F, T, T, T]), rwop, OWN),
        // The scheduler keeps a second pod off the node of a disk that is named this way.
        (("a disk under its old name", [T, F, F, T, T, T]), "", "gcePersistentDisk: {pdName: d}"),
        (("claim: a share", ALL), "standard-rwx ReadWriteMany", OWN),
    ];
    for ((kind, want), claimed, volume) in table {
        let mut w = World::new(1);
        w.play("$ kubectl create configmap c --from-literal=f=the-first\n$ kubectl create secret generic s --from-literal=f=the-first");
        w.apply(BESIDE);
        assert!(w.cluster.make_node_directory("worker-1", "/srv/there"));
        if let Some((class, mode)) = claimed.split_once(' ') {
            w.apply(&claim(class, mode));
        }
        w.apply(&pod("w", "worker-1", volume));
        w.play("@sleep 20\n$ kubectl exec w -c a -- sh -c 'echo the-first > /data/f'");
        let container = w.sees("w", "b");
        w.play("$ kubectl exec w -c a -- touch /tmp/stop\n@sleep 20");
        let restarts = w.play("$ kubectl get pod w -o jsonpath={.status.containerStatuses[0].restartCount}");
        assert!(restarts.contains('1'), "{kind}: {restarts}");
        let restart = w.sees("w", "a");
        w.apply(&pod("x", "worker-1", volume));
        w.apply(&pod("other", "worker-2", volume));
        w.play("@sleep 20");
        let (same_node, other_node) = (w.sees("x", "a"), w.sees("other", "a"));
        w.play("$ kubectl delete pod w x other\n@sleep 10");
        w.apply(&pod("w", "worker-1", volume));
        w.play("@sleep 20");
        let deletion = w.sees("w", "a");
        w.cluster
            .inject(Fault::Node("worker-1".into(), NodeFault::Crashed))
            .unwrap_or_else(|e| panic!("{e:?}"));
        w.play("@sleep 60\n$ kubectl delete pod w --force --grace-period=0");
        w.apply(&pod("z", "worker-3", volume));
        w.play("@sleep 400");
        let loss = w.sees("z", "a");
        let got = [container, same_node, other_node, restart, deletion, loss];
        assert_eq!(got, want, "{kind}\n{}", w.play("$ kubectl get pods -o wide\n$ kubectl get events"));
    }
}

#[test]
fn a_disk_of_a_lost_node_is_waited_for() {
    let mut w = World::new(1);
    w.apply(&claim("standard-rwo", "ReadWriteOnce"));
    let volume = "persistentVolumeClaim: {claimName: data}";
    w.apply(&pod("w", "worker-1", volume));
    w.play("@sleep 20\n$ kubectl exec w -c a -- sh -c 'echo the-first > /data/f'");
    w.cluster.inject(Fault::Node("worker-1".into(), NodeFault::Crashed)).unwrap_or_else(|e| panic!("{e:?}"));
    w.play("@sleep 60\n$ kubectl delete pod w --force --grace-period=0");
    w.apply(&pod("z", "worker-3", volume));
    w.play("@sleep 300");
    let events = w.play("$ kubectl get events --field-selector reason=FailedAttachVolume");
    assert!(events.contains("Multi-Attach error for volume"), "{events}");
    let on = |w: &World| w.all("volumeattachments.storage.k8s.io")[0]["spec"]["nodeName"].text().to_owned();
    assert_eq!(on(&w), "worker-1", "let go before the six minutes were over");
    w.play("@sleep 120");
    assert_eq!(on(&w), "worker-3");
    assert!(w.sees("z", "a"), "{}", w.play("$ kubectl describe pod z"));
}

#[test]
fn a_full_disk_is_an_error_the_process_sees() {
    // volume, mebibytes that fit, mebibytes that don't
    let table = [
        ("emptyDir: {medium: Memory, sizeLimit: 10Mi}", 9, 11),
        ("persistentVolumeClaim: {claimName: data}", 1000, 1100),
    ];
    for (volume, fits, too_much) in table {
        let mut w = World::new(1);
        w.apply(&claim("standard-rwo", "ReadWriteOnce"));
        w.apply(&pod("w", "worker-1", volume));
        w.play("@sleep 20");
        let dd = |n: i32| format!("$ kubectl exec w -c a -- dd if=/dev/zero of=/data/z bs=1M count={n}");
        let out = w.play(&dd(fits));
        assert!(!out.contains("No space left on device"), "{volume}: {out}");
        let out = w.play(&dd(too_much));
        assert!(out.contains("No space left on device"), "{volume}: {out}");
    }
}

#[test]
fn a_set_of_three_keeps_three_disks_over_scaling() {
    let mut w = World::new(1);
    w.apply(
        "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {clusterIP: None, selector: {app: s}, ports: [{port: 80}]}\n---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: s}\nspec:\n  serviceName: s\n  replicas: 3\n  selector: {matchLabels: {app: s}}\n  template:\n    metadata: {labels: {app: s}}\n    spec:\n      terminationGracePeriodSeconds: 1\n      containers:\n      - {name: c, image: 'busybox:1.36', command: [sleep, infinity], volumeMounts: [{name: d, mountPath: /data}]}\n  volumeClaimTemplates:\n  - metadata: {name: d}\n    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n",
    );
    w.play("@sleep 60");
    for i in 0..3 {
        w.play(&format!("$ kubectl exec s-{i} -- sh -c 'echo disk-{i} > /data/f'"));
    }
    let before = w.all("persistentvolumes").len();
    w.play("$ kubectl scale statefulset s --replicas=0\n@sleep 90\n$ kubectl scale statefulset s --replicas=3\n@sleep 60");
    for i in 0..3 {
        let out = w.play(&format!("$ kubectl exec s-{i} -- cat /data/f"));
        assert!(out.contains(&format!("disk-{i}")), "{out}");
    }
    assert_eq!((before, w.all("persistentvolumes").len()), (3, 3));
}

/// Numbers that follow from a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// What must hold of claims and volumes at every instant.
fn check(w: &World, owners: &mut BTreeMap<String, String>, seed: u64) {
    let claims = w.all("persistentvolumeclaims");
    let mut taken = BTreeSet::new();
    for c in claims.iter().filter(|c| c["status"]["phase"] == "Bound") {
        let volume = c["spec"]["volumeName"].text().to_owned();
        assert!(taken.insert(volume.clone()), "seed {seed}: {volume} is bound twice");
    }
    for v in w.all("persistentvolumes") {
        let claim = v["spec"]["claimRef"]["uid"].text().to_owned();
        let by_driver = v.name().starts_with("pvc-");
        if by_driver && !claim.is_empty() {
            let owner = owners.entry(v.name().to_owned()).or_insert_with(|| claim.clone());
            assert_eq!(*owner, claim, "seed {seed}: {} went to another claim", v.name());
        }
    }
    // A disk goes only when nobody has it: what a running pod uses is there.
    let volumes = w.all("persistentvolumes");
    for p in w.all("pods").iter().filter(|p| p.condition_true("Ready")) {
        for v in p["spec"]["volumes"].items() {
            let name = v["persistentVolumeClaim"]["claimName"].text();
            let Some(c) = claims.iter().find(|c| !name.is_empty() && c.name() == name) else { continue };
            let volume = c["spec"]["volumeName"].text();
            assert!(
                volumes.iter().any(|v| v.name() == volume),
                "seed {seed}: {volume} is gone under {}",
                p.name()
            );
        }
    }
}

#[test]
fn random_claims_and_volumes_are_never_mixed_up() {
    let seeds = std::env::var("SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(2u64);
    for seed in 1..=seeds {
        let mut w = World::new(seed);
        let mut chance = Chance(seed);
        let mut owners = BTreeMap::new();
        // What each claim's uid wrote: a pod that reads anything else reads another claim's data.
        for step in 0..30 {
            let n = chance.below(4);
            match chance.below(8) {
                0 | 1 => {
                    let class =
                        ["standard", "standard-rwo", "standard-rwx", "manual"][chance.below(4) as usize];
                    let mode = if class == "standard-rwx" { "ReadWriteMany" } else { "ReadWriteOnce" };
                    let manifest = claim(class, mode).replace("name: data", &format!("name: c{n}"));
                    w.terminal.write_file("m.yaml", manifest.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
                    w.play("$ kubectl create -f m.yaml");
                }
                2 | 3 => {
                    let node = ["worker-1", "worker-2", "worker-3"][chance.below(3) as usize];
                    let manifest = pod(
                        &format!("p{}", chance.below(4)),
                        node,
                        &format!("persistentVolumeClaim: {{claimName: c{n}}}"),
                    );
                    w.terminal.write_file("m.yaml", manifest.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
                    w.play("$ kubectl create -f m.yaml");
                }
                4 => drop(w.play(&format!("$ kubectl delete pvc c{n} --wait=false"))),
                5 => drop(w.play(&format!("$ kubectl delete pod p{n} --wait=false"))),
                6 => {
                    let policy = ["Retain", "Recycle", "Delete"][chance.below(3) as usize];
                    let manifest = format!(
                        "apiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: v{step}}}\nspec:\n  capacity: {{storage: 2Gi}}\n  accessModes: [ReadWriteOnce]\n  storageClassName: manual\n  persistentVolumeReclaimPolicy: {policy}\n  hostPath: {{path: /tmp/v{step}}}\n"
                    );
                    w.apply(&manifest);
                }
                _ => {
                    let volume = w.all("persistentvolumes").get(n as usize).map(|v| v.name().to_owned());
                    if let Some(name) = volume {
                        w.play(&format!("$ kubectl delete pv {name} --wait=false"));
                    }
                }
            }
            w.play(&format!("@sleep {}", 1 + chance.below(12)));
            check(&w, &mut owners, seed);
            for p in w.all("pods") {
                let name = p["spec"]["volumes"]
                    .items()
                    .iter()
                    .find_map(|v| v.find("persistentVolumeClaim").map(|c| c["claimName"].text().to_owned()));
                let claims = w.all("persistentvolumeclaims");
                let Some(claim) = claims.iter().find(|c| name.as_deref() == Some(c.name())) else { continue };
                if p["spec"]["volumes"].is_null() || !p.condition_true("Ready") || p.is_terminating() {
                    continue;
                }
                let uid = claim.uid().to_owned();
                let pod = p.name().to_owned();
                let line = format!(
                    "$ kubectl exec {pod} -c a -- sh -c '[ -e /data/uid ] || echo uid={uid} > /data/uid; cat /data/uid'"
                );
                let out = w.play(&line);
                let read = out.lines().find_map(|l| l.strip_prefix("uid=")).unwrap_or_default().to_owned();
                // A volume that was kept and is claimed anew by hand may hold what the last claim left.
                let kept = !claim["spec"]["volumeName"].text().starts_with("pvc-");
                assert!(read.is_empty() || read == uid || kept, "seed {seed}: {pod} reads {read}, not {uid}");
            }
        }
    }
}

#[test]
fn configuration_arrives_after_a_while_but_not_in_a_part_or_a_variable() {
    let mut w = World::new(1);
    w.play("$ kubectl create configmap cfg --from-literal=k=first");
    w.apply(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: w}\nspec:\n  containers:\n  - name: c\n    image: busybox:1.36\n    command: [sleep, infinity]\n    env: [{name: K, valueFrom: {configMapKeyRef: {name: cfg, key: k}}}]\n    volumeMounts: [{name: v, mountPath: /all}, {name: v, mountPath: /part, subPath: k}]\n  volumes: [{name: v, configMap: {name: cfg}}]\n",
    );
    let read = "$ kubectl exec w -- sh -c 'echo got $(cat /all/k) $(cat /part) $K'\n";
    let change = "$ kubectl create configmap cfg --from-literal=k=second --dry-run=client -o yaml > c.yaml\n$ kubectl replace -f c.yaml\n";
    let out = w.play(&format!("{read}{change}{read}@sleep 100\n{read}"));
    let got: Vec<&str> = out.lines().filter_map(|l| l.strip_prefix("got ")).collect();
    assert_eq!(got, ["first first first", "first first first", "second first first"]);
}
