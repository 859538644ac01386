//! kubectl in containers: a copy goes on as the original does, a replay finds the same, and what is killed asks no more.

mod world;

use cluster::Cluster;
use cluster::history::{Companion, Goal, History};
use objects::resources::PODS;
use objects::value;
use world::World;

#[derive(Clone, Debug, Default)]
struct Nobody;

impl Companion for Nobody {
    fn follow(&mut self, _: &client::Change) {}
}

/// A pod that waits for a label of itself, then writes another; its account may do everything.
fn waiting() -> World {
    let mut w = World::playground();
    w.create(value!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "all"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:serviceaccounts"}],
    }));
    let script = "kubectl wait --for=jsonpath='{.metadata.labels.go}'=yes pod/asker --timeout=300s && kubectl label pod asker seen=yes";
    w.create(value!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "asker", "namespace": "default"},
        "spec": {"containers": [{"name": "a", "image": "bitnami/kubectl:1.36", "command": ["sh", "-c", (script)]}],
            "restartPolicy": "Never"},
    }));
    w
}

fn has_seen(cluster: &Cluster) -> bool {
    cluster.object("pods", "default", "asker").is_some_and(|p| p.labels()["seen"] == "yes")
}

fn lets_go(w: &mut World) {
    w.patch(PODS, "default", "asker", value!({"metadata": {"labels": {"go": "yes"}}}));
}

#[test]
fn a_copy_made_while_it_waits_goes_on_alike() {
    let mut w = waiting();
    w.advance(20_000);
    assert!(!has_seen(&w.cluster));
    let mut copy = World { cluster: w.cluster.clone() };
    for one in [&mut w, &mut copy] {
        lets_go(one);
        one.advance(10_000);
        assert!(has_seen(&one.cluster));
        let pod = one.get("pods", "default", "asker").unwrap();
        assert_eq!(pod["status"]["phase"], *"Succeeded");
    }
    assert_eq!(w.cluster.log_hash(), copy.cluster.log_hash());
}

#[test]
fn what_it_writes_is_no_input_of_a_replay() {
    let mut w = waiting();
    let mut history = History::begin(&mut w.cluster, &Nobody);
    w.advance(20_000);
    history.follow(&mut w.cluster, &Nobody);
    lets_go(&mut w);
    w.advance(10_000);
    history.follow(&mut w.cluster, &Nobody);
    assert!(has_seen(&w.cluster));
    let end = (w.cluster.steps(), w.cluster.now());
    let view = history.seek(Goal::Time(w.cluster.now()), None, end).unwrap();
    assert_eq!(view.cluster.log_hash(), w.cluster.log_hash());
}

#[test]
fn who_is_killed_asks_no_more() {
    let mut w = waiting();
    w.advance(20_000);
    lets_go(&mut w);
    w.delete_pod("asker");
    w.advance(40_000);
    assert!(w.get("pods", "default", "asker").is_err());
    let quiet = w.cluster.pending().count();
    w.advance(60_000);
    assert_eq!(w.cluster.pending().count(), quiet);
}
