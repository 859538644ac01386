//! What goes with its owner, in each way of deleting it; and the end of a namespace.

mod world;

use client::Propagation;
use objects::resources::{CONFIGMAPS, DEPLOYMENTS, NAMESPACES, PODS, REPLICASETS, SERVICEACCOUNTS};
use objects::value;
use world::{World, deployment};

fn counts(w: &World) -> (usize, usize, usize) {
    (w.all(DEPLOYMENTS).len(), w.all(REPLICASETS).len(), w.all(PODS).len())
}

fn running(seed: u64) -> World {
    let mut w = World::new(seed);
    w.create(DEPLOYMENTS, deployment("web", 3, "a"));
    w.run(2000);
    assert_eq!(counts(&w), (1, 1, 3));
    w
}

#[test]
fn background_takes_owner_first() {
    let mut w = running(1);
    w.delete(DEPLOYMENTS, "default/web", Some(Propagation::Background));
    w.run(50);
    assert_eq!((w.all(DEPLOYMENTS).len(), w.all(REPLICASETS).len()), (0, 0));
    assert!(w.all(PODS).iter().all(|p| p.is_terminating()));
    w.run(3000);
    assert_eq!(counts(&w), (0, 0, 0));
}

#[test]
fn foreground_takes_owner_last() {
    let mut w = running(2);
    w.delete(DEPLOYMENTS, "default/web", Some(Propagation::Foreground));
    w.run(500);
    assert_eq!(counts(&w), (1, 1, 3), "all wait for the pods");
    assert!(w.all(REPLICASETS)[0].is_terminating());
    w.run(3000);
    assert_eq!(counts(&w), (0, 0, 0));
}

#[test]
fn orphan_leaves_what_was_owned() {
    let mut w = running(3);
    w.delete(DEPLOYMENTS, "default/web", Some(Propagation::Orphan));
    w.run(1000);
    assert_eq!(counts(&w), (0, 1, 3));
    assert!(w.all(REPLICASETS)[0].meta()["ownerReferences"].is_null());
    // A new Deployment of the same template adopts the set and makes no pods.
    w.create(DEPLOYMENTS, deployment("web", 3, "a"));
    w.run(2000);
    assert_eq!(counts(&w), (1, 1, 3));
    assert_eq!(w.all(REPLICASETS)[0].controller_ref()["name"], "web");
}

#[test]
fn an_owner_that_never_was_takes_its_dependents() {
    let mut w = World::new(4);
    let owner = value!({"apiVersion": "v1", "kind": "ConfigMap", "name": "none", "uid": "no-such-uid"});
    w.create(
        CONFIGMAPS,
        value!({"metadata": {"name": "child", "namespace": "default", "ownerReferences": [owner]}}),
    );
    w.run(1000);
    assert!(w.get(CONFIGMAPS, "default/child").is_null());
}

#[test]
fn one_living_owner_is_enough() {
    let mut w = World::new(5);
    let a = w.create(CONFIGMAPS, value!({"metadata": {"name": "a", "namespace": "default"}}));
    let b = w.create(CONFIGMAPS, value!({"metadata": {"name": "b", "namespace": "default"}}));
    let owner = |o: &objects::Value| value!({"apiVersion": "v1", "kind": "ConfigMap", "name": (o.name()), "uid": (o.uid())});
    let both = value!([(owner(&a)), (owner(&b))]);
    w.create(
        CONFIGMAPS,
        value!({"metadata": {"name": "child", "namespace": "default", "ownerReferences": (both)}}),
    );
    w.run(100);
    w.delete(CONFIGMAPS, "default/a", None);
    w.run(1000);
    let child = w.get(CONFIGMAPS, "default/child");
    assert_eq!(child.meta()["ownerReferences"].items().len(), 1);
    w.delete(CONFIGMAPS, "default/b", None);
    w.run(1000);
    assert!(w.get(CONFIGMAPS, "default/child").is_null());
}

#[test]
fn a_namespace_begins_with_its_account_and_ends_empty() {
    let mut w = World::new(6);
    w.create(NAMESPACES, value!({"metadata": {"name": "lab"}}));
    w.run(100);
    assert!(!w.get(SERVICEACCOUNTS, "lab/default").is_null());
    assert!(w.get(CONFIGMAPS, "lab/kube-root-ca.crt")["data"]["ca.crt"].text().starts_with("-----BEGIN"));
    let mut d = deployment("web", 2, "a");
    d.set_at(&["metadata", "namespace"], "lab");
    d.set_at(&["spec", "template", "spec", "terminationGracePeriodSeconds"], 30);
    w.create(DEPLOYMENTS, d);
    w.run(2000);
    let started = w.now();
    w.delete(NAMESPACES, "lab", None);
    w.run(4900);
    assert_eq!(w.all(PODS).iter().filter(|p| p.is_terminating()).count(), 0, "left alone at first");
    let mut gone = None;
    for _ in 0..30 {
        w.run(1000);
        if w.get(NAMESPACES, "lab").is_null() {
            gone = Some(w.now().since(started));
            break;
        }
    }
    let gone = gone.expect("the namespace ends");
    assert!((5_000..=12_000).contains(&gone), "after {gone} ms");
    assert_eq!(counts(&w), (0, 0, 0));
}

#[test]
fn a_stuck_namespace_says_what_holds_it() {
    let mut w = World::new(7);
    w.create(NAMESPACES, value!({"metadata": {"name": "lab"}}));
    w.create(
        CONFIGMAPS,
        value!({"metadata": {"name": "stuck", "namespace": "lab", "finalizers": ["example.com/hold"]}}),
    );
    w.delete(NAMESPACES, "lab", None);
    w.run(8000);
    let ns = w.get(NAMESPACES, "lab");
    assert_eq!(
        ns.condition("NamespaceContentRemaining")["message"],
        "Some resources are remaining: configmaps. has 1 resource instances"
    );
    assert_eq!(
        ns.condition("NamespaceFinalizersRemaining")["message"],
        "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances"
    );
    w.edit(CONFIGMAPS, "lab/stuck", |c| {
        c.remove_at(&["metadata", "finalizers"]);
    });
    w.run(20_000);
    assert!(w.get(NAMESPACES, "lab").is_null());
}
