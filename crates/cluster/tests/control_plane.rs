//! Breaking a part of the cluster shows, and mending it too.

mod world;

use cluster::Fault;
use world::World;

#[test]
fn without_the_scheduler_pods_stay_pending() {
    let mut w = World::playground();
    w.move_manifest("kube-scheduler", false);
    w.advance(40_000);
    assert!(w.cluster.object("pods", "kube-system", "kube-scheduler-control-plane").is_none());
    w.deployment("web", 3);
    w.advance(30_000);
    assert_eq!(w.phases("web"), ["Pending"; 3]);
    w.move_manifest("kube-scheduler", true);
    // The manifest is seen, the process starts, the old lease runs out.
    w.advance(30_000);
    assert_eq!(w.phases("web"), ["Running"; 3]);
    let lease = w.cluster.object("leases.coordination.k8s.io", "kube-system", "kube-scheduler").cloned();
    assert_eq!(lease.map(|l| l["spec"]["leaseTransitions"].int()), Some(1));
}

#[test]
fn without_the_controller_manager_nothing_heals() {
    let mut w = World::playground();
    w.deployment("web", 3);
    w.advance(20_000);
    assert_eq!(w.phases("web"), ["Running"; 3]);
    w.move_manifest("kube-controller-manager", false);
    w.advance(40_000);
    let first = w.pods("web")[0].clone();
    w.delete_pod(&first);
    w.advance(60_000);
    assert_eq!(w.phases("web"), ["Running"; 2]);
    w.move_manifest("kube-controller-manager", true);
    w.advance(40_000);
    assert_eq!(w.phases("web"), ["Running"; 3]);
}

#[test]
fn without_the_api_server_containers_run_on() {
    let mut w = World::playground();
    w.deployment("web", 2);
    w.advance(20_000);
    let before = w.pods("web");
    w.move_manifest("kube-apiserver", false);
    w.advance(40_000);
    let refused = w.get("pods", "default", &before[0]).expect_err("nobody listens");
    assert_eq!(
        refused.message,
        "The connection to the server 172.18.0.2:6443 was refused - did you specify the right host or port?"
    );
    let uid = w.cluster.object("pods", "default", &before[0]).map(|p| p.uid().to_owned()).unwrap_or_default();
    assert!(w.runs_on(&uid).len() == 1);
    w.move_manifest("kube-apiserver", true);
    w.advance(60_000);
    assert!(w.get("pods", "default", &before[0]).is_ok());
    assert_eq!(w.pods("web"), before);
    w.deployment("later", 1);
    w.advance(60_000);
    assert_eq!(w.phases("later"), ["Running"]);
}

#[test]
fn a_part_that_can_not_renew_its_lease_ends_itself() {
    let mut w = World::playground();
    w.advance(5_000);
    w.move_manifest("kube-apiserver", false);
    w.advance(60_000);
    w.move_manifest("kube-apiserver", true);
    w.advance(60_000);
    let restarts = w.restarts("kube-system", "kube-scheduler-control-plane");
    assert!(restarts >= 1, "{restarts}");
}

#[test]
fn deleting_a_mirror_only_makes_it_anew() {
    let mut w = World::playground();
    w.advance(5_000);
    let name = "kube-scheduler-control-plane";
    let old = w.cluster.object("pods", "kube-system", name).map(|p| p.uid().to_owned()).unwrap_or_default();
    w.delete_in("kube-system", name);
    w.advance(5_000);
    let new = w.cluster.object("pods", "kube-system", name).cloned().unwrap_or_default();
    assert!(!new.is_null() && new.uid() != old);
    assert_eq!(new["status"]["phase"], "Running");
    assert_eq!(w.restarts("kube-system", name), 0);
}

#[test]
fn a_killed_part_is_started_again_and_a_hung_one_by_its_probe() {
    let mut w = World::playground();
    w.advance(5_000);
    w.cluster.inject(Fault::KillComponent("kube-scheduler".into())).expect("it runs");
    w.advance(30_000);
    assert_eq!(w.restarts("kube-system", "kube-scheduler-control-plane"), 1);
    w.deployment("web", 1);
    w.advance(30_000);
    assert_eq!(w.phases("web"), ["Running"]);
    w.cluster.inject(Fault::HangComponent("kube-controller-manager".into(), true)).expect("it runs");
    // Eight failures ten seconds apart, then thirty seconds of grace.
    w.advance(150_000);
    assert_eq!(w.restarts("kube-system", "kube-controller-manager-control-plane"), 1);
}

#[test]
fn without_etcd_the_server_answers_that_its_store_does_not() {
    let mut w = World::playground();
    w.advance(5_000);
    w.move_manifest("etcd", false);
    w.advance(35_000);
    let refused = w.get("pods", "default", "x").expect_err("no store");
    assert_eq!(refused.message, "etcdserver: request timed out");
    w.move_manifest("etcd", true);
    w.advance(60_000);
    assert_eq!(w.get("pods", "default", "x").expect_err("none").message, "pods \"x\" not found");
}

#[test]
fn without_kube_proxy_a_node_keeps_its_old_rules() {
    let mut w = World::playground();
    w.deployment("web", 1);
    w.service("web");
    w.advance(30_000);
    assert_eq!(w.endpoints_known_to("worker-1", "web"), 1);
    w.cluster.inject(Fault::HangComponent("kube-proxy".into(), true)).expect("it runs");
    w.scale("web", 3);
    w.advance(30_000);
    assert_eq!(w.endpoints_known_to("worker-1", "web"), 1);
    w.cluster.inject(Fault::HangComponent("kube-proxy".into(), false)).expect("it runs");
    w.advance(1_000);
    assert_eq!(w.endpoints_known_to("worker-1", "web"), 3);
}

#[test]
fn an_outage_of_the_server_longer_than_the_nodes_grace_makes_no_node_not_ready() {
    let mut w = World::playground();
    w.advance(20_000);
    w.move_manifest("kube-apiserver", false);
    w.advance(120_000);
    w.move_manifest("kube-apiserver", true);
    w.advance(90_000);
    // The controller manager that leads now has heard of all nodes only just.
    assert_eq!(w.events("NodeNotReady"), [] as [String; 0]);
    assert!(w.cluster.objects("nodes").all(|n| n.condition_true("Ready")));
}
