//! A node short of memory or disk: who goes first, what is said, and when it is over.

mod world;

use cluster::{ClusterConfig, Fault, NodeFault};
use objects::{Value, value};
use world::World;

fn small() -> World {
    let mut config = ClusterConfig::workers(1, 1);
    config.nodes[0].memory = "2Gi".into();
    World::of(config)
}

fn pod(name: &str, resources: Value, command: &str) -> Value {
    value!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": (name), "namespace": "default", "labels": {"app": (name)}},
        "spec": {"restartPolicy": "Never", "containers": [{
            "name": "main", "image": "busybox:1.36", "command": ["sh", "-c", (command)], "resources": (resources),
        }]},
    })
}

#[test]
fn a_full_disk_ends_pods_and_taints_the_node_until_five_minutes_after() {
    let mut w = small();
    w.create(pod("a", value!({}), "sleep 100000"));
    w.create(pod("b", value!({"requests": {"ephemeral-storage": "1Gi"}}), "sleep 100000"));
    w.advance(20_000);
    w.cluster.inject(Fault::FillDisk("node-1".into(), 95 << 30)).expect("a node");
    w.advance(15_000);
    let node = w.node("node-1");
    assert!(node.condition_true("DiskPressure"));
    let first =
        w.cluster.objects("pods").find(|p| p["status"]["reason"] == "Evicted").cloned().unwrap_or_default();
    let said = first["status"]["message"].text().to_owned();
    assert!(
        said.starts_with(
            "The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi, available: "
        ),
        "{said}"
    );
    assert_eq!(first["status"]["phase"], "Failed");
    assert!(first.condition_true("DisruptionTarget"));
    w.advance(20_000);
    let taints = w.node("node-1")["spec"]["taints"].clone();
    assert!(taints.items().iter().any(|t| t["key"] == "node.kubernetes.io/disk-pressure"), "{taints:?}");
    w.cluster.inject(Fault::FillDisk("node-1".into(), 0)).expect("a node");
    w.advance(60_000);
    assert!(w.node("node-1").condition_true("DiskPressure"));
    w.advance(300_000);
    assert!(!w.node("node-1").condition_true("DiskPressure"));
    assert!(w.node("node-1")["spec"]["taints"].items().is_empty());
}

#[test]
fn an_empty_directory_that_grows_beyond_its_limit_ends_its_pod() {
    let mut w = small();
    let mut p = pod("full", value!({}), "dd if=/dev/zero of=/data/f bs=1M count=30; sleep 100000");
    p.set_at(&["spec", "volumes"], vec![value!({"name": "data", "emptyDir": {"sizeLimit": "20Mi"}})]);
    let mut c = p["spec"]["containers"][0].clone();
    c.set("volumeMounts", vec![value!({"name": "data", "mountPath": "/data"})]);
    p.set_at(&["spec", "containers"], vec![c]);
    w.create(p);
    w.advance(40_000);
    let pod = w.cluster.object("pods", "default", "full").cloned().unwrap_or_default();
    assert_eq!(pod["status"]["reason"], "Evicted");
    assert_eq!(pod["status"]["message"], "Usage of EmptyDir volume \"data\" exceeds the limit \"20Mi\". ");
}

#[test]
fn a_shortage_that_could_not_be_told_is_told_before_many_pods_are_refused() {
    let mut w = World::playground();
    w.deployment("web", 9);
    w.advance(30_000);
    w.cluster.inject(Fault::FillDisk("worker-2".into(), 95 << 30)).expect("a node");
    w.advance(8_000);
    w.cluster.inject(Fault::HangComponent("kube-apiserver".into(), true)).expect("it runs");
    w.advance(5_000);
    assert!(!w.node("worker-2").condition_true("DiskPressure"), "the server stood still");
    w.cluster.inject(Fault::HangComponent("kube-apiserver".into(), false)).expect("it runs");
    w.advance(40_000);
    assert!(w.node("worker-2").condition_true("DiskPressure"));
    let all = w.pods("web").len();
    assert!(all < 30, "{all} pods");
}

#[test]
fn a_pod_that_was_over_stays_so_when_its_node_starts_again() {
    let mut w = small();
    w.create(pod("done", value!({}), "true"));
    w.create(pod("broken", value!({}), "exit 3"));
    w.advance(20_000);
    let ended = [w.phases("done"), w.phases("broken")];
    assert_eq!(ended, [["Succeeded"], ["Failed"]]);
    let before = w.cluster.object("pods", "default", "done").cloned();
    w.cluster.inject(Fault::Node("node-1".into(), NodeFault::Crashed)).expect("a node");
    w.advance(10_000);
    w.cluster.inject(Fault::RestoreNode("node-1".into())).expect("a node");
    w.advance(60_000);
    assert_eq!([w.phases("done"), w.phases("broken")], ended);
    assert_eq!(w.cluster.object("pods", "default", "done").cloned(), before);
}

fn images(w: &World) -> Vec<String> {
    let node = w.node("node-1");
    let names = node["status"]["images"].items().iter().map(|i| i["names"][0].text().to_owned());
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    names
}

/// A node with an image that a pod uses and two that none does any more.
fn with_images() -> World {
    let mut w = small();
    w.create(pod("stays", value!({}), "sleep 100000"));
    for image in ["nginx:1.25", "redis:7"] {
        let name = image.split(':').next().unwrap_or_default();
        let mut p = pod(name, value!({}), "sleep 1");
        p.set_at(&["spec", "containers"], vec![value!({"name": "main", "image": (image)})]);
        w.create(p);
        w.advance(20_000);
        w.delete_pod(name);
    }
    w.advance(150_000);
    w
}

const GIB: u64 = 1 << 30;

#[test]
fn images_nobody_uses_go_before_any_pod_does() {
    let mut w = with_images();
    // Just below what the image file system is to have free.
    w.cluster.inject(Fault::FillDisk("node-1".into(), 79 * GIB - (200 << 20))).expect("a node");
    w.advance(15_000);
    assert!(w.node("node-1").condition_true("DiskPressure"));
    assert_eq!(w.events("EvictionThresholdMet"), ["Attempting to reclaim ephemeral-storage"]);
    w.advance(60_000);
    assert_eq!(images(&w), ["busybox:1.36"]);
    assert_eq!(w.phases("stays"), ["Running"]);
    assert_eq!(w.events("Evicted"), [] as [String; 0]);
}

#[test]
fn an_eviction_of_disk_names_the_larger_threshold() {
    let mut w = small();
    w.create(pod("a", value!({}), "sleep 100000"));
    w.advance(20_000);
    w.cluster.inject(Fault::FillDisk("node-1".into(), 80 * GIB)).expect("a node");
    w.advance(15_000);
    let said = w.events("Evicted").concat();
    assert!(said.contains("Threshold quantity: 15Gi, available: "), "{said}");
}

#[test]
fn from_85_percent_on_images_are_collected_and_it_is_said_when_that_is_not_enough() {
    let mut w = with_images();
    // A little more than 15 % is free: no pressure yet.
    w.cluster.inject(Fault::FillDisk("node-1".into(), 78 * GIB)).expect("a node");
    w.advance(60_000);
    assert!(!w.node("node-1").condition_true("DiskPressure"));
    assert_eq!(images(&w).len(), 3);
    w.advance(300_000);
    assert_eq!(images(&w), ["busybox:1.36"]);
    let start = "Insufficient free disk space on the node's image filesystem (85% of 100.0 GiB used). Failed to free sufficient space by deleting unused images (freed ";
    let said = w.events("FreeDiskSpaceFailed").concat();
    assert!(said.starts_with(start), "{said}");
    // The first failure may be by chance: only the second has an event of its own.
    assert_eq!(w.events("ImageGCFailed"), [] as [String; 0]);
    w.cluster.inject(Fault::FillDisk("node-1".into(), 78 * GIB + (300 << 20))).expect("a node");
    w.advance(300_000);
    assert_eq!(w.events("ImageGCFailed").len(), 1);
    w.cluster.inject(Fault::FillDisk("node-1".into(), 0)).expect("a node");
    w.advance(600_000);
    assert_eq!(w.events("ImageGCFailed").len(), 1);
}
