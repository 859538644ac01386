//! DaemonSets: one pod a node, and how they are updated.

mod world;

use objects::resources::{CONTROLLERREVISIONS, DAEMONSETS, NODES, PODS};
use objects::{Value, value};
use world::{World, node, template};

fn daemon() -> Value {
    value!({
        "metadata": {"name": "agent", "namespace": "default"},
        "spec": {"revisionHistoryLimit": 10, "selector": {"matchLabels": {"app": "agent"}}, "template": (template("agent", "v0")),
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}},
    })
}

fn set_image(w: &mut World, image: &str) {
    w.edit(DAEMONSETS, "default/agent", |s| {
        s.set_at(&["spec", "template", "spec", "containers"], value!([{"name": "c", "image": (image)}]));
    });
}

fn on_nodes(w: &World) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = w
        .all(PODS)
        .iter()
        .filter(|p| !p.is_terminating())
        .map(|p| {
            (p["spec"]["nodeName"].text().to_owned(), p["spec"]["containers"][0]["image"].text().to_owned())
        })
        .collect();
    all.sort();
    all
}

fn want(nodes: &[&str], image: &str) -> Vec<(String, String)> {
    nodes.iter().map(|n| ((*n).to_owned(), image.to_owned())).collect()
}

#[test]
fn one_pod_on_each_node_that_fits() {
    let mut w = World::new(1);
    w.create(DAEMONSETS, daemon());
    w.run(2000);
    let all = ["node-1", "node-2", "node-3"];
    assert_eq!(on_nodes(&w), want(&all, "v0"));
    let pod = w.all(PODS)[0];
    assert!(pod["spec"]["tolerations"].items().iter().any(|t| t["key"] == "node.kubernetes.io/unreachable"));
    assert_eq!(
        pod.labels()["controller-revision-hash"],
        w.all(CONTROLLERREVISIONS)[0].labels()["controller-revision-hash"].text()
    );
    let s = &w.get(DAEMONSETS, "default/agent")["status"];
    let count = |f: &str| s[f].int();
    assert_eq!(
        (
            count("desiredNumberScheduled"),
            count("numberReady"),
            count("numberAvailable"),
            count("updatedNumberScheduled")
        ),
        (3, 3, 3, 3)
    );
    assert_eq!(w.events("SuccessfulCreate").len(), 3);
    w.create(NODES, node("node-4"));
    w.run(2000);
    assert_eq!(on_nodes(&w).len(), 4);
    // A selector that no node has takes them all away.
    w.edit(DAEMONSETS, "default/agent", |d| {
        d.set_at(&["spec", "template", "spec", "nodeSelector"], value!({"role": "edge"}))
    });
    w.run(5000);
    assert_eq!(on_nodes(&w), want(&[], ""));
    assert_eq!(w.get(DAEMONSETS, "default/agent")["status"]["desiredNumberScheduled"].int(), 0);
    w.edit(NODES, "node-2", |n| n.set_at(&["metadata", "labels", "role"], "edge"));
    w.run(2000);
    assert_eq!(on_nodes(&w), want(&["node-2"], "v0"));
}

#[test]
fn an_update_takes_one_node_after_the_other() {
    fn check(w: &World) {
        let down =
            3 - w.all(PODS).iter().filter(|p| p.condition_true("Ready") && !p.is_terminating()).count();
        assert!(down <= 1, "{down} down at {}", w.now());
    }
    let mut w = World::new(2);
    w.create(DAEMONSETS, daemon());
    w.run(3000);
    w.checks.push(check);
    set_image(&mut w, "v1");
    w.run(15_000);
    assert_eq!(on_nodes(&w), want(&["node-1", "node-2", "node-3"], "v1"));
    assert_eq!(w.all(CONTROLLERREVISIONS).len(), 2);
    set_image(&mut w, "v0");
    w.run(15_000);
    assert_eq!(w.all(CONTROLLERREVISIONS).len(), 2);
    let newest = w.all(CONTROLLERREVISIONS).iter().map(|r| r["revision"].int()).max();
    assert_eq!(newest, Some(3));
}

#[test]
fn surge_never_leaves_a_node_without() {
    fn check(w: &World) {
        for n in ["node-1", "node-2", "node-3"] {
            let here =
                |p: &&&Value| p["spec"]["nodeName"] == n && p.condition_true("Ready") && !p.is_terminating();
            assert!(w.all(PODS).iter().filter(here).count() >= 1, "none on {n} at {}", w.now());
        }
    }
    let mut w = World::new(3);
    let mut d = daemon();
    d.set_at(&["spec", "updateStrategy", "rollingUpdate"], value!({"maxSurge": 1, "maxUnavailable": 0}));
    w.create(DAEMONSETS, d);
    w.run(3000);
    w.checks.push(check);
    set_image(&mut w, "v1");
    w.run(15_000);
    assert_eq!(on_nodes(&w), want(&["node-1", "node-2", "node-3"], "v1"));
}

#[test]
fn on_delete_waits_for_the_reader() {
    let mut w = World::new(4);
    let mut d = daemon();
    d.set_at(&["spec", "updateStrategy"], value!({"type": "OnDelete"}));
    w.create(DAEMONSETS, d);
    w.run(3000);
    set_image(&mut w, "v1");
    w.run(5000);
    assert_eq!(on_nodes(&w), want(&["node-1", "node-2", "node-3"], "v0"));
    let key = w.all(PODS)[0].key();
    w.delete(PODS, &key, None);
    w.run(5000);
    assert_eq!(on_nodes(&w).iter().filter(|(_, i)| i == "v1").count(), 1);
}

#[test]
fn failed_pods_are_replaced_with_back_off() {
    let mut w = World::new(5);
    w.habits.finish = Some((100, "Failed"));
    w.habits.nodes = vec!["node-1"];
    w.create(DAEMONSETS, daemon());
    w.run(60_000);
    let killed = w.events("FailedDaemonPod").len();
    assert!((9..=24).contains(&killed), "{killed} in a minute on three nodes");
}
