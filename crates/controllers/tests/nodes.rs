//! Silent nodes, cordoned nodes, lost nodes.

mod world;

use objects::resources::{DEPLOYMENTS, NODES, PODS};
use objects::value;
use world::{World, deployment, node};

fn taints(w: &World, node: &str) -> Vec<String> {
    let list = w.get(NODES, node)["spec"]["taints"].clone();
    list.items().iter().map(|t| format!("{}:{}", t["key"].text(), t["effect"].text())).collect()
}

#[test]
fn a_silent_node_loses_its_pods_after_five_minutes() {
    let mut w = World::new(1);
    let mut d = deployment("web", 3, "a");
    let tolerate =
        |k: &str| value!({"key": (k), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300});
    let tolerations =
        value!([(tolerate("node.kubernetes.io/not-ready")), (tolerate("node.kubernetes.io/unreachable"))]);
    d.set_at(&["spec", "template", "spec", "tolerations"], tolerations);
    w.create(DEPLOYMENTS, d);
    w.run(10_500);
    assert_eq!(w.events("RegisteredNode").len(), 3);
    w.habits.silent.insert("node-2");
    w.run(50_000);
    assert_eq!(w.get(NODES, "node-2").condition("Ready")["status"], "True");
    w.run(10_000);
    let ready = w.get(NODES, "node-2").condition("Ready");
    assert_eq!((ready["status"].text(), ready["reason"].text()), ("Unknown", "NodeStatusUnknown"));
    assert_eq!(ready["message"], "Kubelet stopped posting node status.");
    assert_eq!(w.events("NodeNotReady")[0], "Node node-2 status is now: NodeNotReady");
    let both = ["node.kubernetes.io/unreachable:NoExecute", "node.kubernetes.io/unreachable:NoSchedule"];
    let mut found = taints(&w, "node-2");
    found.sort();
    assert_eq!(found, both);
    let on = |w: &World| {
        w.all(PODS)
            .iter()
            .filter(|p| p["spec"]["nodeName"] == "node-2")
            .map(|p| (*p).clone())
            .collect::<Vec<_>>()
    };
    let mine = on(&w);
    assert_eq!(mine.len(), 1);
    assert!(!mine[0].condition_true("Ready") && !mine[0].is_terminating());
    w.habits.nodes = vec!["node-1", "node-3"];
    w.run(280_000);
    assert_eq!(w.events("TaintManagerEviction").len(), 0, "not yet");
    w.run(30_000);
    assert_eq!(w.events("TaintManagerEviction"), [format!("Marking for deletion Pod {}", mine[0].key())]);
    assert_eq!(on(&w).len(), 0);
    assert_eq!(w.all(PODS).iter().filter(|p| p.condition_true("Ready")).count(), 3);
}

#[test]
fn a_node_that_comes_back_keeps_its_pods() {
    let mut w = World::new(1);
    w.habits.silent.insert("node-2");
    w.run(80_000);
    assert_eq!(taints(&w, "node-2").len(), 2);
    w.habits.silent.clear();
    w.edit_status(NODES, "node-2", |n| n.set("status", node("x")["status"].clone()));
    w.run(100);
    assert_eq!(taints(&w, "node-2"), Vec::<String>::new());
}

#[test]
fn cordon_is_a_taint() {
    let mut w = World::new(1);
    w.edit(NODES, "node-1", |n| n.set_at(&["spec", "unschedulable"], true));
    w.run(100);
    assert_eq!(taints(&w, "node-1"), ["node.kubernetes.io/unschedulable:NoSchedule"]);
    assert_eq!(w.get(NODES, "node-1").labels()["beta.kubernetes.io/os"], "linux");
    w.edit(NODES, "node-1", |n| {
        n.remove_at(&["spec", "unschedulable"]);
    });
    w.run(100);
    assert_eq!(taints(&w, "node-1"), Vec::<String>::new());
}

#[test]
fn a_no_execute_taint_drives_pods_away() {
    let mut w = World::new(1);
    w.create(DEPLOYMENTS, deployment("web", 3, "a"));
    w.run(2000);
    w.habits.nodes = vec!["node-2", "node-3"];
    w.edit(NODES, "node-1", |n| n.set_at(&["spec", "taints"], value!([{"key": "k", "effect": "NoExecute"}])));
    w.run(100);
    let pod =
        w.all(PODS).into_iter().find(|p| p["spec"]["nodeName"] == "node-1").cloned().unwrap_or_default();
    assert!(pod.is_terminating());
    assert_eq!(pod.condition("DisruptionTarget")["reason"], "DeletionByTaintManager");
    w.run(5000);
    assert!(w.all(PODS).iter().all(|p| p["spec"]["nodeName"] != "node-1"));
}

#[test]
fn pods_of_a_deleted_node_are_collected() {
    let mut w = World::new(1);
    w.create(PODS, value!({"metadata": {"name": "bare", "namespace": "default"}, "spec": {"nodeName": "node-3", "containers": [{"name": "c", "image": "a"}]}}));
    w.run(2000);
    w.delete(NODES, "node-3", None);
    w.run(30_000);
    assert!(!w.get(PODS, "default/bare").is_null());
    w.run(40_000);
    assert!(w.get(PODS, "default/bare").is_null());
    assert_eq!(w.events("RemovingNode"), ["Removing Node node-3 from Controller"]);
}
