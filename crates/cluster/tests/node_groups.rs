//! A node group grows for pods without a place and shrinks when nodes idle, within its bounds.

mod world;

use cluster::{Addon, ClusterConfig, Fault, NodeFault, NodeGroup};
use objects::{Value, value};
use world::World;

/// One node of so much CPU, and a group `ng` that may grow to `max` nodes of two cores.
fn with_group(cpu: &str, max: usize) -> World {
    World::of(config(cpu, max))
}

fn config(cpu: &str, max: usize) -> ClusterConfig {
    let mut config = ClusterConfig::workers(1, 1);
    config.nodes[0].cpu = cpu.into();
    let group = NodeGroup {
        name: "ng".into(),
        min: 0,
        max,
        cpu: "2".into(),
        memory: "4Gi".into(),
        labels: Vec::new(),
    };
    config.cloud = Some(cluster::cloud_with(vec![group]));
    config
}

/// Each pod asks for so much that two share a node of the group.
fn deployment(w: &mut World, name: &str, replicas: i64, annotations: Value) {
    w.create(value!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": (name), "namespace": "default"},
        "spec": {
            "replicas": (replicas), "selector": {"matchLabels": {"app": (name)}},
            "template": {
                "metadata": {"labels": {"app": (name)}, "annotations": (annotations)},
                "spec": {"containers": [{
                    "name": "web", "image": "nginx:1.25", "resources": {"requests": {"cpu": "800m"}},
                }]},
            },
        },
    }));
}

fn nodes(w: &World) -> Vec<String> {
    w.cluster.objects("nodes").map(|n: &Value| n.name().to_owned()).collect()
}

#[test]
fn it_grows_to_its_bound_and_shrinks_after_ten_minutes() {
    let mut w = with_group("1", 2);
    w.advance(5_000);
    // One fits the node, two each of the two new ones; one finds no place at all.
    deployment(&mut w, "web", 6, value!({}));
    w.advance(20_000);
    let told = "pod triggered scale-up: [{ng 0->2 (max: 2)}]".to_owned();
    assert_eq!(w.events("TriggeredScaleUp"), [told.clone(), told.clone(), told.clone(), told]);
    w.advance(130_000);
    assert_eq!(nodes(&w), ["ng-1", "ng-2", "node-1"]);
    let running = w.phases("web").iter().filter(|p| *p == "Running").count();
    assert_eq!(running, 5);
    let not = "pod didn't trigger scale-up: 1 max node group size reached".to_owned();
    assert!(w.events("NotTriggerScaleUp").contains(&not));
    w.scale("web", 1);
    w.advance(540_000);
    assert_eq!(nodes(&w).len(), 3);
    w.advance(180_000);
    assert!(nodes(&w).len() < 3, "{:?}", nodes(&w));
    assert_eq!(w.phases("web"), ["Running"]);
}

/// A pod of its own deployment on the group's only node, whose place on the first node is free now.
fn one_to_move(annotations: Value) -> World {
    let mut w = with_group("2", 1);
    w.advance(5_000);
    deployment(&mut w, "fill", 2, value!({}));
    w.advance(20_000);
    deployment(&mut w, "web", 1, annotations);
    w.advance(150_000);
    assert_eq!(w.phases("web"), ["Running"]);
    assert_eq!(nodes(&w), ["ng-1", "node-1"]);
    w.scale("fill", 0);
    w
}

const LONG_MS: i64 = 1_500_000;

#[test]
fn a_node_whose_pods_find_room_elsewhere_goes() {
    let mut w = one_to_move(value!({}));
    w.advance(LONG_MS);
    assert_eq!(nodes(&w), ["node-1"]);
    assert_eq!(w.phases("web"), ["Running"]);
    let said = w.events("ScaleDown");
    let told = |start: &str| said.iter().any(|m| m.starts_with(start));
    assert!(
        told("Scale-down: removing node ng-1, utilization: {0.4 0 0 0 cpu 0.4}, pods to reschedule: web-"),
        "{said:?}"
    );
    for m in [
        "marked the node as toBeDeleted/unschedulable",
        "deleting pod for node scale down",
        "node removed by cluster autoscaler",
    ] {
        assert!(told(m), "{m}: {said:?}");
    }
}

#[test]
fn a_budget_or_an_annotation_keeps_it() {
    let kept = value!({"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"});
    let mut w = one_to_move(kept);
    w.advance(LONG_MS);
    assert_eq!(nodes(&w).len(), 2);

    let mut w = one_to_move(value!({}));
    w.create(value!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "b", "namespace": "default"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
    }));
    w.advance(LONG_MS);
    assert_eq!(nodes(&w).len(), 2);
    assert_eq!(w.events("ScaleDown"), [] as [String; 0]);
    // Nothing is asked of the budget now.
    w.patch(objects::resources::PODDISRUPTIONBUDGETS, "default", "b", value!({"spec": {"minAvailable": 0}}));
    w.advance(LONG_MS);
    assert_eq!(nodes(&w), ["node-1"]);
}

#[test]
fn a_pod_that_no_new_node_would_help_grows_nothing() {
    let mut w = with_group("1", 3);
    w.advance(5_000);
    w.create(value!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "far", "namespace": "default"},
        "spec": {
            "containers": [{"name": "c", "image": "nginx:1.25"}],
            "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
                {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}
            ]}}},
        },
    }));
    w.advance(120_000);
    assert_eq!(
        w.events("NotTriggerScaleUp"),
        ["pod didn't trigger scale-up: 1 node(s) didn't match Pod's node affinity/selector"]
    );
    assert_eq!(nodes(&w), ["node-1"]);
}

#[test]
fn a_machine_that_never_gets_ready_is_given_up_and_its_group_left_alone_for_a_while() {
    // With an agent of its own the network takes a moment, and the node is not ready before.
    let mut w = World::of(ClusterConfig { addons: vec![Addon::Kindnet], ..config("1", 2) });
    w.advance(5_000);
    deployment(&mut w, "web", 2, value!({}));
    while nodes(&w).len() == 1 {
        w.advance(100);
    }
    w.cluster.inject(Fault::Node("ng-1".into(), NodeFault::Crashed)).expect("a node");
    w.advance(800_000);
    assert_eq!(w.events("ScaleUpTimedOut"), [] as [String; 0]);
    w.advance(100_000);
    assert_eq!(w.events("ScaleUpTimedOut"), ["Nodes added to group ng failed to register within 15m0s"]);
    let waits = "pod didn't trigger scale-up: 1 in backoff after failed scale-up".to_owned();
    assert!(w.events("NotTriggerScaleUp").contains(&waits), "{:?}", w.events("NotTriggerScaleUp"));
    assert_eq!(nodes(&w), ["ng-1", "node-1"]);
    w.advance(500_000);
    assert_eq!(w.phases("web"), ["Running", "Running"]);
    // The one that died is not needed, and after twenty minutes as such it goes.
    w.advance(1_300_000);
    assert_eq!(nodes(&w), ["ng-2", "node-1"]);
}
