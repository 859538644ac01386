//! Nodes that die, hang, are cut off, and come back: what is told of them, when, and where their pods go.

mod world;

use cluster::{Cluster, ClusterConfig, Fault, NodeConfig, NodeFault};
use objects::{Value, value};
use world::World;

fn ready(w: &World, node: &str) -> (String, String) {
    let node = w.node(node);
    let c = node.condition("Ready");
    (c["status"].text().to_owned(), c["reason"].text().to_owned())
}

fn taints(w: &World, node: &str) -> Vec<String> {
    let node = w.node(node);
    let all = node["spec"]["taints"].items().iter();
    let mut all: Vec<String> = all.map(|t| format!("{}:{}", t["key"].text(), t["effect"].text())).collect();
    all.sort_unstable();
    all
}

/// A pod of the app, the node it is on, its uid.
fn victim(w: &World, app: &str) -> (String, String, String) {
    let pod = w.cluster.objects("pods").find(|p| p.labels()["app"] == app).cloned().unwrap_or_default();
    (pod.name().into(), pod["spec"]["nodeName"].text().into(), pod.uid().into())
}

fn seconds_until(w: &mut World, most: i64, mut done: impl FnMut(&World) -> bool) -> i64 {
    for s in 0..most {
        if done(w) {
            return s;
        }
        w.advance(1_000);
    }
    panic!("not within {most} s");
}

#[test]
fn a_crashed_node_is_not_ready_after_fifty_seconds_and_its_pods_leave_five_minutes_later() {
    let mut w = World::playground();
    w.deployment("web", 1);
    w.advance(20_000);
    let (name, node, uid) = victim(&w, "web");
    w.cluster.inject(Fault::Node(node.as_str().into(), NodeFault::Crashed)).expect("a node");
    let unknown = seconds_until(&mut w, 80, |w| ready(w, &node).0 == "Unknown");
    assert!((40..=60).contains(&unknown), "{unknown}");
    assert_eq!(ready(&w, &node).1, "NodeStatusUnknown");
    w.advance(6_000);
    assert_eq!(
        taints(&w, &node),
        ["node.kubernetes.io/unreachable:NoExecute", "node.kubernetes.io/unreachable:NoSchedule"]
    );
    let gone = |w: &World| w.cluster.object("pods", "default", &name).is_none_or(Value::is_terminating);
    let evicted = seconds_until(&mut w, 330, gone);
    assert!((285..=305).contains(&evicted), "{evicted}");
    w.advance(20_000);
    // The old one stays Terminating: nobody can say that it has ended.
    let old = w.cluster.object("pods", "default", &name).cloned().unwrap_or_default();
    assert!(old.is_terminating() && old.uid() == uid);
    assert_eq!(w.pods("web").len(), 2);
    w.cluster.inject(Fault::RestoreNode(node.as_str().into())).expect("a node");
    w.advance(30_000);
    assert_eq!(ready(&w, &node).0, "True");
    assert_eq!(taints(&w, &node), [] as [String; 0]);
    assert_eq!(w.pods("web").len(), 1);
    assert!(w.runs_on(&uid).is_empty());
    assert_eq!(w.events("Rebooted").len(), 1);
}

#[test]
fn a_node_that_returns_in_time_keeps_its_pods() {
    for (how, restarts) in [(NodeFault::CutOff, 0), (NodeFault::Hung, 0), (NodeFault::Crashed, 1)] {
        let mut w = World::playground();
        w.deployment("web", 1);
        w.advance(20_000);
        let (name, node, uid) = victim(&w, "web");
        w.cluster.inject(Fault::Node(node.as_str().into(), how)).expect("a node");
        w.advance(120_000);
        assert_eq!(ready(&w, &node).0, "Unknown", "{how:?}");
        w.cluster.inject(Fault::RestoreNode(node.as_str().into())).expect("a node");
        w.advance(30_000);
        assert_eq!(ready(&w, &node).0, "True", "{how:?}");
        assert_eq!(victim(&w, "web"), (name.clone(), node, uid.clone()), "{how:?}");
        assert_eq!(w.restarts("default", &name), restarts, "{how:?}");
        assert!(w.cluster.objects("pods").all(|p| p.condition_true("Ready")), "{how:?}");
        assert_eq!(w.runs_on(&uid).len(), 1, "{how:?}");
    }
}

#[test]
fn a_pod_that_was_forced_away_ends_when_its_node_is_back() {
    let mut w = World::playground();
    w.deployment("web", 1);
    w.advance(20_000);
    let (name, node, uid) = victim(&w, "web");
    w.cluster.inject(Fault::Node(node.as_str().into(), NodeFault::CutOff)).expect("a node");
    w.advance(10_000);
    w.force_delete(&name);
    w.advance(20_000);
    // Nobody can tell the node: it runs there on, and a new one elsewhere.
    assert_eq!(w.runs_on(&uid), [node.as_str()]);
    assert_eq!(w.pods("web").len(), 1);
    w.cluster.inject(Fault::RestoreNode(node.as_str().into())).expect("a node");
    w.advance(2_000);
    assert!(w.runs_on(&uid).is_empty());
}

#[test]
fn out_of_service_frees_a_dead_nodes_pods_at_once() {
    let mut w = World::playground();
    w.deployment("web", 1);
    w.advance(20_000);
    let (name, node, _) = victim(&w, "web");
    w.cluster.inject(Fault::Node(node.as_str().into(), NodeFault::Crashed)).expect("a node");
    w.advance(90_000);
    let mut all = w.node(&node)["spec"]["taints"].clone();
    let taint = value!({
        "key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"
    });
    all.list_mut().push(taint);
    w.patch(objects::resources::NODES, "", &node, value!({"spec": {"taints": (all)}}));
    let gone = seconds_until(&mut w, 90, |w| w.cluster.object("pods", "default", &name).is_none());
    assert!(gone <= 60, "{gone}");
    w.advance(20_000);
    assert_eq!(w.phases("web"), ["Running"]);
}

#[test]
fn a_dead_control_plane_node_silences_everybody_and_no_container() {
    let mut w = World::playground();
    w.deployment("web", 2);
    w.advance(20_000);
    let (name, node, uid) = victim(&w, "web");
    w.cluster.inject(Fault::Node("control-plane".into(), NodeFault::Crashed)).expect("a node");
    w.advance(5_000);
    let why = w.get("pods", "default", &name).expect_err("no server").message;
    assert_eq!(why, "Unable to connect to the server: dial tcp 172.18.0.2:6443: i/o timeout");
    w.advance(600_000);
    assert_eq!(w.runs_on(&uid), [node.as_str()]);
    w.cluster.inject(Fault::RestoreNode("control-plane".into())).expect("a node");
    w.advance(90_000);
    assert!(w.cluster.objects("nodes").all(|n| n.condition_true("Ready")));
    assert_eq!(w.runs_on(&uid), [node.as_str()]);
    w.deployment("later", 1);
    w.advance(30_000);
    assert_eq!(w.phases("later"), ["Running"]);
}

/// `source reason xCOUNT` of each event about a node, in the order of their first times.
fn told_of(w: &World, node: &str) -> Vec<String> {
    let mut all: Vec<&Value> =
        w.cluster.objects("events").filter(|e| e["involvedObject"]["name"] == node).collect();
    all.sort_by_key(|e| e["firstTimestamp"].text().to_owned());
    let line = |e: &&Value| {
        format!("{} {} x{}", e["source"]["component"].text(), e["reason"].text(), e["count"].int_or(1))
    };
    all.iter().map(line).collect()
}

#[test]
fn a_node_joins_is_ready_with_its_network_and_takes_pods() {
    let mut w = World::playground();
    w.advance(5_000);
    assert!(w.cluster.join_node(NodeConfig::worker("worker-4")));
    assert!(!w.cluster.join_node(NodeConfig::worker("worker-4")));
    w.advance(500);
    assert_eq!(ready(&w, "worker-4"), ("False".to_owned(), "KubeletNotReady".to_owned()));
    assert_eq!(taints(&w, "worker-4"), ["node.kubernetes.io/not-ready:NoSchedule"]);
    w.create(value!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "early", "namespace": "default"},
        "spec": {"nodeName": "worker-4", "containers": [{"name": "c", "image": "nginx:1.25"}]},
    }));
    w.advance(30_000);
    assert_eq!(ready(&w, "worker-4").0, "True");
    assert_eq!(taints(&w, "worker-4"), [] as [String; 0]);
    let on = w.cluster.objects("pods").filter(|p| p["spec"]["nodeName"] == "worker-4");
    let on: Vec<String> =
        on.map(|p| format!("{} {}", p.labels()["k8s-app"].text(), p["status"]["phase"].text())).collect();
    assert_eq!(on, [" Running", "kindnet Running", "kube-proxy Running"]);
    assert_eq!(
        told_of(&w, "worker-4"),
        [
            "kubelet Starting x1",
            "kubelet NodeHasSufficientMemory x2",
            "kubelet NodeHasNoDiskPressure x2",
            "kubelet NodeHasSufficientPID x2",
            "kubelet NodeAllocatableEnforced x1",
            "kube-proxy Starting x1",
            "kubelet NodeReady x1",
            "node-controller RegisteredNode x1",
        ]
    );
    let why = w.events("NetworkNotReady");
    assert!(
        why[0].starts_with("network is not ready: container runtime network not ready: NetworkReady=false "),
        "{why:?}"
    );
    let allocatable = &w.node("worker-4")["status"]["allocatable"];
    assert_eq!((allocatable["memory"].text(), allocatable["ephemeral-storage"].text()), ("8092Mi", "90Gi"));
}

#[test]
fn without_its_kubelet_a_node_runs_on_and_nobody_looks_after_it() {
    let mut w = World::playground();
    w.deployment("web", 1);
    w.service("web");
    w.advance(20_000);
    let (name, node, uid) = victim(&w, "web");
    w.cluster.inject(Fault::Node(node.as_str().into(), NodeFault::NoKubelet)).expect("a node");
    w.advance(5_000);
    let why = w.cluster.kubelet(&node).is_some_and(cluster::kubelet::Kubelet::is_stopped);
    assert!(why, "stopped");
    // Its proxy follows: rules of the node change with the endpoints.
    w.scale("web", 2);
    w.advance(30_000);
    assert_eq!(w.endpoints_known_to(&node, "web"), 2);
    w.advance(30_000);
    assert_eq!(ready(&w, &node).0, "Unknown");
    w.cluster
        .inject(Fault::CrashContainer {
            pod: format!("default/{name}").into(),
            container: "".into(),
            code: 1,
        })
        .expect("it runs");
    w.advance(60_000);
    assert!(w.runs_on(&uid).is_empty(), "nobody starts it again");
    assert_eq!(w.restarts("default", &name), 0);
    w.cluster.inject(Fault::RestoreNode(node.as_str().into())).expect("a node");
    w.advance(30_000);
    assert_eq!(ready(&w, &node).0, "True");
    assert_eq!(w.restarts("default", &name), 1);
    assert_eq!(w.runs_on(&uid), [node.as_str()]);
    assert_eq!(w.events("Rebooted"), [] as [String; 0]);
}

#[test]
fn a_node_that_somebody_believes_lost_says_otherwise_when_it_next_looks() {
    let mut w = World::playground();
    w.advance(20_000);
    let mut node = w.node("worker-1");
    let mut conditions = node["status"]["conditions"].items().to_vec();
    for c in conditions.iter_mut().filter(|c| c["type"] == "Ready") {
        c.set("status", "Unknown");
    }
    node.set_at(&["status", "conditions"], conditions);
    let request = w.ask(client::Verb::Update, objects::resources::NODES, "", "worker-1");
    let request = request.subresource("status").object(node);
    w.cluster.request(&world::admin(), request).expect("written");
    assert_eq!(ready(&w, "worker-1").0, "Unknown");
    w.advance(11_000);
    assert_eq!(ready(&w, "worker-1").0, "True");
}

#[test]
fn a_thousand_nodes_have_a_range_of_addresses_each() {
    let mut c = Cluster::new(ClusterConfig::workers(1, 1_000));
    c.run_until(c.now() + 100, &mut || true);
    let mut ranges: Vec<&str> = c.objects("nodes").map(|n| n["spec"]["podCIDR"].text()).collect();
    ranges.sort_unstable();
    ranges.dedup();
    assert_eq!(ranges.len(), 1_000);
}
